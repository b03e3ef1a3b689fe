"""A look at the directory of a model file, before anything opens it."""

import zipfile
from pathlib import Path

MOST_BYTES = 16 * 2**20
MOST_ENTRIES = 2000


def problem(path: Path, most_bytes: int = MOST_BYTES) -> str:
    """Why a file of torch.save may not be opened, in one line for its author; "" if it may be.

    Its entries must be stored as they are, since a compressed one may be a thousand times its size, and together
    no larger than allowed. What is in them is not looked at.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return f"expected {path.name} to be a file of torch.save, got another or a damaged one"
    if len(entries) > MOST_ENTRIES:
        return f"expected at most {MOST_ENTRIES} entries in {path.name}, got {len(entries)}"
    if any(entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size for entry in entries):
        return f"expected {path.name} to hold its tensors as they are, as torch.save writes them, got compressed ones"
    size = sum(entry.file_size for entry in entries)
    if size > min(most_bytes, path.stat().st_size):
        return f"expected {path.name} of at most {most_bytes / 2**20:g} MB, got {size / 2**20:.1f} MB"
    return ""
