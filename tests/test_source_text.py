"""Source text of any encoding, and names of any characters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.intake import names
from autograder.lint import source_text


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (b"x = '\xff'", "line 1: expected utf-8, got the byte 0xff; save the file again as UTF-8"),
        (b"\n\n\nx = '\xe4'", "line 4: expected utf-8, got the byte 0xe4; save the file again as UTF-8"),
        ("x = 1".encode("utf-16"), "line 1: expected UTF-8, got UTF-16; save the file again as UTF-8"),
        (b"x = 1\n\0", "line 2: expected text, got a NUL byte, as in a file of data"),
        (b"# coding: nosuch\n", "line 1: expected an encoding of text in the line `# coding:`, got another"),
        (b"# coding: zlib\n", "line 1: expected an encoding of text in the line `# coding:`, got another"),
        (
            b"# coding: punycode\nx-",
            "line 1: expected an encoding of text in the line `# coding:`, got another",
        ),
        (
            b"\xef\xbb\xbf# coding: latin-1\n",
            "line 1: expected an encoding of text in the line `# coding:`, got another",
        ),
        (b"\xef\xbb\xbfx = '\xc3\xa4'", None),
        (b"# -*- coding: latin-1 -*-\nx = '\xe4'", None),
        (b"#!/usr/bin/python\n# coding: gbk\nx = '\xc4\xe3'", None),
        (b"", None),
    ],
    ids=[
        "byte ff",
        "byte e4 in line 4",
        "UTF-16",
        "NUL",
        "no such encoding",
        "zlib",
        "punycode",
        "latin-1 after a mark",
        "UTF-8 after a mark",
        "latin-1",
        "gbk",
        "empty",
    ],
)
def test_source_is_read_as_python_would(data: bytes, note: str | None) -> None:
    assert source_text.problem("net.py", data) == (f"net.py, {note}" if note else None)


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=30).map(lambda text: f"# coding: {text}\n".encode("utf-8", "replace")))
def test_source_of_any_bytes_is_text_or_a_reason(data: bytes) -> None:
    try:
        source_text.decode(data)
    except ValueError as error:
        assert str(error).startswith("line ") and str(error).isprintable()


@given(st.text(), st.integers(10, 80))
def test_any_text_becomes_one_line(text: str, longest: int) -> None:
    line = names.one_line(text, longest)
    assert (line.isprintable() and len(line) <= longest) and "\x1b" not in line
