"""What staff decide when they bundle a lab, as the file settings.json of the bundle."""

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
        salt: what a submission's seed is drawn from beside its id, so that nobody can foresee the draw.
        memory: MB that the container has, as set on the platform.
        minutes: after which the platform stops a grading, as set there.
        per_day: how many submissions are graded within 24 hours; None is all.
        trust: grade even where the container has no safe sandbox.
    """

    lab: str
    salt: str = ""
    memory: int = 768
    minutes: int = 10
    per_day: int | None = None
    trust: bool = False

    def text(self) -> str:
        """As JSON."""
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"


def read(path: Path) -> Settings:
    """Settings from a file that `Settings.text` wrote."""
    return Settings(**json.loads(path.read_text(encoding="utf-8")))
