"""What the handlers of one board share."""

import contextlib
from pathlib import Path

from autograder.board.live import Hub
from autograder.board.page import Pages
from autograder.board.record import Record, opened
from autograder.board.rules import Rules
from autograder.lab import Lab


class Shared:
    """One board: its file, its rules, the board as it stands, its pages."""

    def __init__(self, path: Path, lab: Lab, rules: Rules) -> None:
        """Raises ValueError if the file is no board of this lab."""
        self.path, self.lab, self.rules = path, lab, rules
        self.hub = Hub(path, lab, rules.final)
        self.pages = Pages(lab, rules)

    def record(self) -> contextlib.AbstractContextManager[Record]:
        """The file, opened for this thread."""
        return opened(self.path, self.lab)
