"""Check the directory of a model file before it is loaded."""

import zipfile
from pathlib import Path

from smallnets import filekinds

MOST_BYTES = 16 * 2**20
MOST_ENTRIES = 2000


def problem(path: Path, most_bytes: int = MOST_BYTES) -> str:
    """Why a file of torch.save may not be opened, in one line for its author; "" if it may be.

    A zip's entries must be stored uncompressed, as a compressed one may unpack to a thousand times its size, and fit
    into `most_bytes` together. Their contents are not read. The old format, which is no zip, must fit as it is.
    """
    other = f"expected {path.name} to be a file of torch.save, got "
    size = path.stat().st_size
    if not filekinds.is_old_torch(path):
        try:
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
            return other + filekinds.described(path)
        if len(entries) > MOST_ENTRIES:
            return f"expected at most {MOST_ENTRIES} entries in {path.name}, got {len(entries)}"
        if not filekinds.is_torch_zip([entry.filename for entry in entries]):
            return other + filekinds.described(path)
        if any(
            entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size for entry in entries
        ):
            return f"expected {path.name} to hold uncompressed tensors, as torch.save writes them, got compressed ones"
        size = sum(entry.file_size for entry in entries)
        most_bytes = min(most_bytes, path.stat().st_size)
    if size > most_bytes:
        return f"expected {path.name} of at most {most_bytes / 2**20:g} MB, got {size / 2**20:.1f} MB"
    return ""
