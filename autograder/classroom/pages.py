"""HTML that stands alone: nothing fetched, no script, every text escaped, light or dark as the reader has it."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from autograder.classroom.rows import Row, for_student
from autograder.lab import Graded
from autograder.reports import plain_data
from autograder.text import clean, cut

STYLE = """
:root { color-scheme: light dark; --line: #8888; --bar: light-dark(#2f6db3, #7db2ee); }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem;
  color: light-dark(#1b1b1b, #ededed); background: light-dark(#fff, #171717); }
a { color: light-dark(#0b4f9c, #8fc1ff); }
div.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; }
caption { text-align: left; font-weight: bold; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
tbody th { min-width: 7rem; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border-left: 3px solid var(--line); padding-left: .75rem; }
svg { width: min(12rem, 20vw); height: 1rem; display: block; }
rect { fill: var(--bar); }
"""
POLICY = f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"


def page(title: str, blocks: Iterable[str]) -> str:
    """A document of blocks of HTML."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{text(title)}</h1>\n"
        + "\n".join(blocks)
        + "\n</main>\n</body>\n</html>\n"
    )


def text(words: object) -> str:
    """Any text, a student's too, as HTML."""
    return escape(clean(str(words)))


def number(value: float) -> str:
    """A number to two digits, without zeros that say nothing."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str | float]]) -> str:
    """A table; texts are HTML already, numbers are set to the right, the first cell of a row is its head."""
    body = ["".join(_cell(value, first=at == 0) for at, value in enumerate(row)) for row in rows]
    heads = "".join(f'<th scope="col">{text(name)}</th>' for name in head)
    lines = "\n".join(f"<tr>{row}</tr>" for row in body)
    # what is wider than the window can be scrolled, by keyboard too
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{text(caption)}">\n<table>\n'
        f"<caption>{text(caption)}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table>\n</div>"
    )


def _cell(value: str | float, first: bool) -> str:
    right = "" if isinstance(value, str) else ' class="number"'
    shown = value if isinstance(value, str) else number(value)
    return f'<th scope="row"{right}>{shown}</th>' if first else f"<td{right}>{shown}</td>"


def bar(share: float) -> str:
    """A bar of a share of the width, for the eye only: the number stands beside it."""
    return f'<svg aria-hidden="true"><rect width="{100 * share:.1f}%" height="100%"></rect></svg>'


def student(row: Row, title: str) -> str:
    """One student's report."""
    facts = [f"Handed in {row.when} UTC{', late' if row.late else ''}."]
    if row.report is None:
        return page(title, [f"<p>{facts[0]}</p>", "<p>Not graded: the grader failed, not your code.</p>"])
    report = for_student(row.report)
    score, most = number(report.score), number(report.max_score)
    blocks = [f"<p><strong>{score} of {most} points.</strong> {facts[0]}</p>", f"<pre>{text(report.output)}</pre>"]
    points = (
        (text(test.number), text(test.name), test.score, test.max_score, text(test.cause)) for test in report.tests
    )
    blocks.append(table("Checks", ("number", "check", "points", "of", "outcome"), points))
    if report.columns:
        cells = ((text(name), value, text(better)) for name, value, better in report.columns)
        blocks.append(table("Scoreboard", ("column", "value", "which is better"), cells))
    return page(title, [*blocks, *map(_explanation, filter(_tells, report.tests))])


def _tells(test: Graded) -> bool:
    """Whether points were lost, and the words on it are here and not at another check."""
    return not plain_data.passed(test) and bool(test.output.strip()) and not test.output.startswith("see ")


def _explanation(test: Graded) -> str:
    words = text(cut(test.output, 20_000))
    return f"<section>\n<h2>{text(test.number)} {text(test.name)}</h2>\n<pre>{words}</pre>\n</section>"
