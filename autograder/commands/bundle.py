"""Write the autograder.zip that Gradescope runs for a lab.

python -m autograder bundle --lab mp6 --staff staff --per-day 10

Upload it under "Configure Autograder", and set memory and time limit there to the values given here.
"""

import argparse
import hashlib
from pathlib import Path

from autograder import registry
from autograder.gradescope import memory, settings
from autograder.gradescope.settings import Settings
from autograder.lab import Lab
from autograder.packaging import checkout_files
from autograder.registry import located
from autograder.sandbox.job import MB
from smallnets import cli, zipping
from smallnets.files import expect_file, replacing

# imported by grader, drivers and students' files; packages for downloads, tests and measurements are left out
PACKAGES = ("torch", "numpy", "matplotlib", "tqdm", "pillow", "threadpoolctl")
PROGRAMS = ("setup.sh", "run_autograder")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m autograder bundle`."""
    usual = Settings("")
    parser.add_argument("--lab", required=True, help="such as mp6")
    parser.add_argument("--staff", type=Path, metavar="DIR", help="hidden data, as `hidden` writes it")
    parser.add_argument("--out", type=Path, metavar="ZIP", default=Path("autograder.zip"), help="what to write")
    parser.add_argument("--per-day", type=cli.whole_number(1), metavar="N", help="gradings within 24 hours")
    parser.add_argument(
        "--memory", type=cli.whole_number(256), metavar="MB", default=usual.memory, help="memory of the container"
    )
    parser.add_argument(
        "--minutes", type=cli.whole_number(2, 40), metavar="N", default=usual.minutes, help="the platform's time limit"
    )
    parser.add_argument("--i-trust-this", action="store_true", help="grade even where there is no safe sandbox")


def command(args: argparse.Namespace) -> int:
    """Write the bundle, print what to set on the platform; returns the exit code.

    Raises:
        ValueError: an unknown lab, missing or malformed hidden data, `--out` is no archive.
        OSError: a file is missing or cannot be written.
    """
    lab = registry.load(args.lab)
    zipping.check_out(args.out)
    expect_file(args.out)
    staff = staff_files(lab, args.staff)
    chosen = Settings(lab.name, salt(staff), args.memory, args.minutes, args.per_day, args.i_trust_this)
    most = memory.within(lab, args.memory, None).limits.memory
    files = contents(lab, staff, chosen)
    with replacing(args.out) as temporary:
        zipping.write(temporary, files, programs=PROGRAMS)
    print(f"written: {args.out}  {args.out.stat().st_size:,} bytes, {len(files)} files")
    print(f"set in Gradescope: {args.memory} MB of memory or more, a time limit of {args.minutes} minutes")
    print(f"a student's program gets {most // MB} MB")
    return 0


def staff_files(lab: Lab, folder: Path | None) -> dict[str, Path]:
    """Name in the folder -> file of the hidden data, after the lab has read it once.

    Raises:
        ValueError, OSError: it is missing or malformed, or a secret lies there.
    """
    if folder is None:
        if lab.hidden is not None:
            raise ValueError(f"{lab.name} has hidden data: pass --staff DIR")
        return {}
    if not folder.is_dir():
        raise ValueError(f"expected --staff to be a folder, got {folder}")
    lab.loaded(folder, 0)
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    if secret := next((name for name in found if "secret" in name.lower()), None):
        raise ValueError(f"expected nothing but hidden data in {folder}, got {secret}: keep it elsewhere")
    return found


def salt(staff: dict[str, Path]) -> str:
    """A value that only holders of the hidden data know; the same data give the same value."""
    digest = hashlib.sha256(b"salt\0")
    for name, path in staff.items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def contents(lab: Lab, staff: dict[str, Path], chosen: Settings) -> dict[str, Path | bytes]:
    """Name in the archive -> file or content."""
    names = [*checkout_files.grader(lab, ("gradescope.__main__",)), "pyproject.toml"]
    files: dict[str, Path | bytes] = {name: located(name) for name in names}
    files |= {f"staff/{name}": path for name, path in staff.items()}
    # a shell needs Unix line ends; git may have changed them
    files |= {name: unix(registry.ROOT / "autograder" / "gradescope" / name) for name in PROGRAMS}
    files["requirements.txt"] = "".join(f"{line}\n" for line in pinned()).encode()
    files[settings.FILE] = chosen.text().encode()
    return files


def unix(path: Path) -> bytes:
    """A file's content with the line ends of Unix."""
    return path.read_bytes().replace(b"\r\n", b"\n")


def pinned() -> list[str]:
    """The lines of requirements.txt, without comments, on the packages that grading needs."""
    lines = (registry.ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line.split("#")[0].strip() for line in lines if line.split("==")[0] in PACKAGES]
