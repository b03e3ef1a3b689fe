"""HTML from templates: every value is escaped, and text from students is made safe to show."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.text import clean


def environment(folder: Path) -> Environment:
    """The templates of a folder; a missing value is an error."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def shown(value: Any) -> Any:
    """A value as a template shows it: text without control characters; HTML and other values unchanged."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value
