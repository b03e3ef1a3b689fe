"""Self-contained HTML: nothing fetched, no script, every text escaped, light or dark by the reader's setting."""

import functools
import hashlib
from base64 import b64encode
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from autograder.classroom.rows import Row, for_student
from autograder.lab import Graded
from autograder.reports import html, plain_data
from autograder.text import cut

LONGEST = 20_000  # characters on one check
TEMPLATES = Path(__file__).parent / "templates"


def page(template: str, title: str, **values: Any) -> str:
    """A document from one of the templates."""
    return _environment().get_template(template).render(title=title, **values)


@functools.cache
def _environment() -> Environment:
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    environment = html.environment(TEMPLATES)
    environment.filters["number"] = number
    environment.globals["style"] = Markup(style)  # our own style; escaping would change its hash
    environment.globals["style_hash"] = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment


def number(value: float) -> str:
    """A number with at most two decimals, without superfluous zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def student(row: Row, title: str) -> str:
    """One student's report."""
    report = None if row.report is None else for_student(row.report)
    told = [(test, cut(test.output, LONGEST)) for test in report.tests if _tells(test)] if report else []
    tests = report.tests if report else ()
    points = plain_data.total((*plain_data.points(test), test.extra) for test in tests).words(number)
    return page("student.html", title, row=row, report=report, told=told, points=points)


def _tells(test: Graded) -> bool:
    """Whether a check lost points and its text does not refer to another check."""
    return not plain_data.passed(test) and bool(test.output.strip()) and not test.output.startswith("see ")
