"""Data on the three programs for both grader and sandbox; imports no torch."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from autograder.runner.protocol import Array, Blob, Layout

N_CLASSES = 6
IMAGES = "fruit_test_images.npy"


@dataclasses.dataclass(frozen=True)
class Program:
    """One of the three programs, by its name as in main_NAME.py and NAME.pt.

    Args:
        net_class: the name of its net's class.
        predictions: the course's name for the file of its predictions.
        none_at, full_at: the accuracies that earn no points and all of them.
        n_parameters: of the net; 0 if its architecture is the student's choice.
    """

    name: str
    net_class: str
    predictions: str
    none_at: float
    full_at: float
    n_parameters: int = 0

    @property
    def main(self) -> str:
        """The program's file."""
        return f"main_{self.name}.py"

    @property
    def model(self) -> str:
        """Its net's file."""
        return f"{self.name}.pt"

    def command(self, data_dir: str = "datasets") -> list[str]:
        """Its arguments in predict mode, as in run.sh."""
        return ["--mode", "predict", "--dataDir", data_dir, "--weights", f"model_files/{self.model}",
                "--predictionsFile", self.predictions]  # fmt: skip


PROGRAMS = {
    program.name: program
    for program in (
        Program("densenet", "TwoLayerDenseNet", "densenet_predictions.csv", 0.4, 0.78, 79_106),
        Program("convnet", "TooSimpleConvNN", "convnet_predictions.csv", 0.3, 0.65, 1_350),
        Program("bestmodel", "BestModel", "best_model_predictions.csv", 0.5, 0.86),
    )
}


def parsed(content: bytes, name: str, n: int) -> NDArray[np.int64]:
    """The classes in a file of predictions, one to a line; a line more, above them, is a header.

    Raises:
        ValueError: a wrong number of lines, or a line that is no class.
    """
    lines = _lines(content)
    if header(content, n):
        lines = lines[1:]
    if len(lines) != n:
        raise ValueError(f"expected {n} lines in {name}, one for each drawing of {IMAGES}, got {len(lines)}")
    try:
        found = np.array([float(line) for line in lines])  # savetxt writes 4.000e+00 without fmt="%d"
    except ValueError:
        found = np.full(n, np.nan)
    wrong = np.flatnonzero(~np.isin(found, range(N_CLASSES)))
    if len(wrong):
        line = lines[wrong[0]][:40]
        advice = "; write the classes alone, without an index" if "," in line else ""
        raise ValueError(f"expected a class from 0 to {N_CLASSES - 1} in each line of {name}, got {line!r}{advice}")
    return found.astype(np.int64)


def header(content: bytes, n: int) -> str:
    """The first line of a file of predictions if it is no number and n lines follow it, cut; else ""."""
    lines = _lines(content)
    if len(lines) != n + 1:
        return ""
    try:
        float(lines[0])
    except ValueError:
        return lines[0][:40]
    return ""


def header_note(content: bytes, name: str, n: int) -> str:
    """A note on the header of a file of predictions; "" if it has none."""
    first = header(content, n)
    return f"the first line of {name}, {first!r}, was taken for a header" if first else ""


def _lines(content: bytes) -> list[str]:
    return [line.strip() for line in content.decode("utf-8-sig", "replace").splitlines() if line.strip()]


def layout(n: int) -> Layout:
    """The layout of the result with n predictions."""
    return [Array("predictions", "<i8", (n,)), Array("parameters", "<i8", (1,)), Blob("problems", 24_000)]
