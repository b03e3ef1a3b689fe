"""From text to a syntax tree, or to a finding that says why there is none."""

import ast
import re

MAGIC = re.compile(r"\s*[%!]+\s*\w")
MOST_MAGICS = 20
LONGEST = 80  # of a line that is quoted


def parse(source: str) -> tuple[ast.Module | None, list[tuple[int, str]]]:
    """The tree, None if it cannot be parsed, and findings on syntax errors and on lines for notebooks only."""
    lines = re.split(r"\r\n|\r|\n", source)
    found: list[tuple[int, str]] = []
    while len(found) <= MOST_MAGICS:
        try:
            return ast.parse("\n".join(lines)), found
        except SyntaxError as error:
            at = error.lineno or 0
            text = lines[at - 1] if 0 < at <= len(lines) else ""
            if not MAGIC.match(text):
                return None, [*found, (at, _explain(error, text))]
            found.append((at, f"only notebooks understand `{_quoted(text)}`, Python does not; remove it"))
            lines[at - 1] = text[: len(text) - len(text.lstrip())] + "pass"  # then go on with the rest
        except (RecursionError, MemoryError):
            return None, [*found, (0, "Python cannot parse this file, it is nested too deeply or too large")]
        except ValueError as error:
            return None, [*found, (0, f"Python cannot parse this file: {error}")]
    return None, found


def _explain(error: SyntaxError, text: str) -> str:
    where = f" in `{_quoted(text)}`" if text.strip() else ""
    if isinstance(error, TabError):
        return f"tabs and spaces are mixed in the indentation{where}; use spaces only"
    if isinstance(error, IndentationError):
        return f"the indentation is wrong{where}: {error.msg}"
    return f"syntax error{where}: {error.msg}"


def _quoted(text: str) -> str:
    text = text.strip()
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."
