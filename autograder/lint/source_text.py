"""The bytes of a .py file as text, decoded as Python does."""

import codecs
import io
import tokenize

SLOW = {"punycode", "idna"}  # their time grows with the square of the size


def decode(data: bytes) -> str:
    """The text of a source file.

    Raises:
        ValueError: Python could not read it; the text starts with the line, such as "line 3: expected ...".
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError("line 1: expected UTF-8, got UTF-16; save the file again as UTF-8")
    if b"\0" in data:
        raise ValueError(f"line {_line(data, data.index(0))}: expected text, got a NUL byte, as in a file of data")
    try:
        return data.decode(_encoding(data))
    except UnicodeDecodeError as error:
        where, byte = _line(data, error.start), data[error.start] if error.start < len(data) else 0
        raise ValueError(
            f"line {where}: expected {error.encoding}, got the byte 0x{byte:02x}; save the file again as UTF-8"
        ) from error
    except (LookupError, UnicodeError) as error:
        raise ValueError("line 1: expected an encoding of text in the line `# coding:`, got another") from error


def _encoding(data: bytes) -> str:
    """The encoding that the file declares, else UTF-8; LookupError if it is unknown or in SLOW."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        data.decode()  # detect_encoding refuses a bad byte in the first two lines without naming it
        raise LookupError from error
    if codecs.lookup(encoding).name in SLOW:
        raise LookupError
    return encoding


def problem(name: str, data: bytes) -> str | None:
    """Why Python could not read a source file, for the student; None if it can."""
    try:
        decode(data)
    except ValueError as error:
        return f"{name}, {error}"
    return None


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1
