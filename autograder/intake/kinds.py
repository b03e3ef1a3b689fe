"""The kind of a file by its first bytes, whatever its name."""

from autograder.intake import archive, tarball

START = 512  # bytes that tell
AGAIN = "; pack it again with `python -m autograder pack`, or as a .zip"
STARTS = {
    b"Rar!\x1a\x07": ("a RAR archive", AGAIN),
    b"7z\xbc\xaf\x27\x1c": ("a 7-Zip archive", AGAIN),
    b"\x28\xb5\x2f\xfd": ("a Zstandard archive", AGAIN),
    b"PK\x07\x08": ("a part of a divided zip archive", AGAIN),
    b"%PDF": ("a PDF document", ""),
    b"version https://git-lfs": (
        "a pointer of Git LFS, not the file",
        "; run `git lfs pull`, then pack it again",
    ),
    b"\x89PNG": ("a PNG picture", ""),
}
OTHER = "a single file"
PAGES = (b"<!doctype html", b"<html", b"<head", b"<?xml")


def is_zip(start: bytes) -> bool:
    """Whether a file with this start is a zip archive."""
    return start.startswith(archive.STARTS)


def is_archive(start: bytes) -> bool:
    """Whether a file with this start is an archive that can be read."""
    return is_zip(start) or tarball.is_tar(start)


def described(start: bytes) -> tuple[str, str]:
    """What a file with this start is, if it is no archive that can be read, and advice after a semicolon or ""."""
    if not start:
        return "an empty file", ""
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(PAGES):
        return "a web page", "; was it downloaded without signing in?"
    return next((words for magic, words in STARTS.items() if start.startswith(magic)), (OTHER, ""))
