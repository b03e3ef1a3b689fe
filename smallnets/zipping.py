"""Write a zip archive that depends on names and contents alone: the same files give the same bytes anywhere."""

import stat
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path


def check_out(out: Path) -> None:
    """Raise ValueError where writing could destroy something else than an earlier archive."""
    if out.suffix != ".zip":
        raise ValueError(f"expected --out to end in .zip, got {out}")
    if out.exists() and not (out.is_file() and zipfile.is_zipfile(out)):
        raise ValueError(f"expected {out} to be an archive that can be replaced, got something else of that name")


def write(
    path: Path, files: Mapping[str, Path] | Mapping[str, Path | bytes], root: str = "", programs: Collection[str] = ()
) -> None:
    """Write an archive.

    Args:
        files: name in the archive, or in its folder `root` -> a file, or the content itself.
        programs: the names of those that can be run.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:  # stored, as zlibs differ in what they make of it
        for name in sorted(files):
            info = zipfile.ZipInfo(f"{root}/{name}" if root else name)  # of 1980, whatever the file's own date
            mode = 0o755 if name in programs else 0o644
            info.create_system, info.external_attr = 3, (stat.S_IFREG | mode) << 16  # as on Unix, wherever this runs
            content = files[name]
            archive.writestr(info, content if isinstance(content, bytes) else content.read_bytes())
