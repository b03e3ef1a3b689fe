"""The pages of a class in a real browser: for everybody's eyes, on a phone too, and nothing that axe-core finds."""

from pathlib import Path

import pytest
import toy
from browser import MARKS, hold, window
from test_class_outputs import ROWS

from autograder.classroom import outputs
from autograder.classroom.shared_work import Shared
from autograder.classroom.similarity import Pair

pytestmark = MARKS


@pytest.mark.parametrize("width", [375, 1100])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_summary_and_reports_have_no_accessibility_violations(tmp_path: Path, dark: bool, width: int) -> None:
    shared = [Shared(Pair("answer.py", ("bob", "cyd"), 1.0), "bob"), Shared(Pair("answer.py", ("ada", "cyd"), 0.7), "")]
    outputs.write(tmp_path, toy.LAB, ROWS, shared)
    with window(dark, width) as driver:
        for page in (tmp_path / "summary.html", *sorted((tmp_path / "reports").glob("*.html"))):
            driver.get(page.as_uri())
            hold(driver)
