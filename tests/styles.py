"""The example submissions of MP6, trained once for a whole run of the tests."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Once
from solutions import make


def made(once: Once) -> Path:
    """A folder with one for each style, and STYLE_partK.npy: the predictions that its fit returned."""
    return once("styles", write)


def write(folder: Path) -> None:
    """Let the command itself write them, and note what each fit returns."""
    written = make.make

    def noted(style: str, part: int, into: Path) -> tuple[Any, Any, Any]:
        found = written(style, part, into)
        np.save(folder / f"{style}_part{part}.npy", found[1])
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make, "make", noted)
        assert make.main([str(folder)]) == 0
