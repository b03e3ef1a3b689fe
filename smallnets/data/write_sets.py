"""Write arrays and whole data sets: the same bytes from the same arrays, and all files of a set or none."""

import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smallnets import zipping
from smallnets.data.datasets import MANIFEST, foreign, lines
from smallnets.files import replacing, sha256, write_text

STAFFS_MANIFEST = "SHA256SUMS.staff"  # of the files that students do not have


def write_npy(path: str | Path, array: NDArray) -> None:
    """Write a .npy file, whole or not at all. Equal arrays give equal bytes."""
    content = npy_bytes(array)
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_npz(path: str | Path, arrays: Mapping[str, NDArray]) -> None:
    """Write a .npz file, whole or not at all. Equal arrays give equal bytes under any version of Python and zlib."""
    members = {f"{name}.npy": npy_bytes(array) for name, array in arrays.items()}
    with replacing(path) as temporary:
        zipping.write(temporary, members)


def npy_bytes(array: NDArray) -> bytes:
    """The content of a .npy file. Into a file itself, numpy would hide a full disk behind an error of its own."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    return content.getvalue()


def check_replaceable(folder: Path, names: Sequence[str], manifest: str = MANIFEST) -> None:
    """Raise ValueError if a file of one of these names is there, but not as the folder's manifest has it.

    So a program that writes a manifest replaces only files of its own, and no manifest that names other files.
    """
    other = foreign(folder, names, manifest)
    if any(line.partition("  ")[2] not in names for line in lines(folder / manifest)):
        other = manifest
    if other is not None:
        raise ValueError(
            f"expected {folder} to be empty or written by this program, got another {other} there; move it away"
        )


@contextmanager
def replacing_set(folder: Path, manifests: Mapping[str, Sequence[str]]) -> Iterator[Path]:
    """Yield an empty folder; at the end its files go into `folder` together, with manifests: {manifest: names}.

    Files of these names that an earlier set has there, and this one has not, are removed.

    Raises:
        ValueError: one of these files is there, but is none that a manifest has; then nothing is written.
    """
    for manifest, names in manifests.items():
        check_replaceable(folder, names, manifest)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as temporary:  # the set is never half there
        new = Path(temporary)
        yield new
        for manifest, names in manifests.items():
            if there := [name for name in names if (new / name).exists()]:
                write_manifest(new, there, manifest)
        for name in (name for manifest, names in manifests.items() for name in (*names, manifest)):
            if not (new / name).exists():
                (folder / name).unlink(missing_ok=True)
        for path in sorted(new.iterdir()):
            path.replace(folder / path.name)


def write_manifest(folder: str | Path, names: Iterable[str], manifest: str = MANIFEST) -> None:
    """Write the checksums of files of `folder` beside them, in the form `sha256sum --check` reads."""
    folder = Path(folder)
    write_text(folder / manifest, "".join(f"{sha256(folder / name)}  {name}\n" for name in sorted(names)))
