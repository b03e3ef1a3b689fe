"""Text from students, made safe to show: on a terminal, on one line, cut to a length."""

import re

ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|.)?", re.DOTALL)
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
LONGEST = 100_000  # characters, as Gradescope cuts outputs
CUT = "[...(truncated)...]"  # Gradescope's own mark


def printable(data: bytes) -> str:
    """Bytes as text that is safe on a terminal: no escape sequences, control characters or reversed direction."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return HIDDEN.sub("\N{REPLACEMENT CHARACTER}", ANSI.sub("", text))


def clean(text: str) -> str:
    """Text without escape sequences, control characters, reversed writing direction and halves of surrogate pairs.

    A half is spelt out, such as \\udcff, as Python does on stderr; see `printable` for the rest.
    """
    return printable(text.encode("utf-8", "backslashreplace"))


def cut(text: str, most: int = LONGEST) -> str:
    """A text of at most `most` characters: in a longer one, a mark, which is counted, replaces the middle."""
    if len(text) <= most:
        return text
    kept = max(0, most - len(CUT))
    tail = kept // 2
    return (text[: kept - tail] + CUT + text[len(text) - tail :])[:most]


def one_line(text: str, longest: int) -> str:
    """Text from a student as one line of at most `longest` characters that is safe on a terminal."""
    # a name in an archive may have 65,535 bytes; more than this could not be shown
    safe = printable(text[: 4 * longest].encode("utf-8", "surrogatepass"))
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(safe.split()))
    return line if len(line) <= longest and len(text) <= 4 * longest else line[: longest - 3] + "..."
