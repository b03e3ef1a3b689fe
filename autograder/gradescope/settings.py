"""The staff's settings for a bundle, stored in its file settings.json."""

import dataclasses
import json
from pathlib import Path

FILE = "settings.json"
HOURS = 24  # of `per_day`


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a lab is graded on the platform.

    Args:
        lab: its name.
        salt: the seed of a submission comes from this and its id, so that no one can predict it.
        memory: of the container in MB, as set on the platform.
        minutes: the platform's time limit of a grading, as set there.
        per_day: submissions graded within 24 hours; None: all.
        trust: grade even if the container has no safe sandbox.
    """

    lab: str
    salt: str = ""
    memory: int = 768
    minutes: int = 10
    per_day: int | None = None
    trust: bool = False

    def text(self) -> str:
        """The settings as JSON."""
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"


def read(path: Path) -> Settings:
    """Settings from a file that `Settings.text` wrote."""
    return Settings(**json.loads(path.read_text(encoding="utf-8")))
