"""Inside the sandbox: get the net that a student's program builds, without its data and training.

A program from our handout has a function `build`. A program from the course's template does everything when it runs:
it loads MNIST through torchvision, makes `model` and trains. It is run up to its first batch or gradient, with a stub
of torchvision, and the net that it has made by then is used.
"""

import importlib
import runpy
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any
from unittest import mock

import torch
from torch import nn

from autograder.runner import stub_modules, student_module

HANDOUT = str(
    student_module.JOB / "labs/batchnorm"
)  # utils.py and experiment.py of the handout, unless the student has their own


class Enough(BaseException):
    """The program begins to train; a BaseException, so that its own `except Exception` does not catch it."""


class Pictures(torch.utils.data.Dataset):
    """Replaces any data set of torchvision: blank images, whose first batch ends the program."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.data = self.train_data = self.test_data = torch.zeros(100, 28, 28, dtype=torch.uint8)
        self.targets = self.train_labels = self.test_labels = torch.zeros(100, dtype=torch.int64)

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, i: int) -> Any:
        return self.data[i, None].float(), int(self.targets[i])


def stand_in(name: str) -> Any:
    """The stand-in for a name of torchvision: data sets are Pictures, transforms change nothing."""
    _, module, *rest = name.split(".")
    if not rest:
        return importlib.import_module(name)
    if module == "datasets":
        return Pictures
    if module == "transforms":
        return lambda *args, **kwargs: lambda x: x
    return UNUSABLE(name)


UNUSABLE = stub_modules.unusable("as torchvision is for data and training only, and replaced in the grading")
STUBS = {"torchvision": stand_in}


def enough(*args: Any, **kwargs: Any) -> Any:
    """Replaces the first call of a training."""
    raise Enough


def net(name: str) -> nn.Module:
    """The untrained net of the program NAME.py.

    Raises:
        ValueError: it makes no net.
        Exception: any error of the program.
    """
    for folder in (HANDOUT, str(student_module.SUBMISSION.absolute())):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    path = str((student_module.SUBMISSION / f"{name}.py").absolute())
    for run_name in (name, "__main__"):  # a program with a main guard makes its net only in the second run
        variables = program(path, run_name)
        build = variables.get("build")
        candidates = [build()] if callable(build) else [variables.get("model"), *variables.values()]
        for found in candidates:
            if isinstance(found, nn.Module):
                return found
    raise ValueError(f"expected {name}.py to have a function build() or to make a net `model`, got neither")


def program(path: str, run_name: str) -> dict[str, Any]:
    """The variables that a program has defined until it begins to train, also those in its functions."""
    loader, init = torch.utils.data.DataLoader, torch.utils.data.DataLoader.__init__

    def alone(self: Any, dataset: Any, *args: Any, **kwargs: Any) -> None:
        init(self, dataset, *args, **kwargs | {"num_workers": 0, "pin_memory": False})

    stub_modules.install(STUBS)
    with (
        mock.patch.object(sys, "argv", [path]),
        mock.patch.object(loader, "__init__", alone),
        mock.patch.object(loader, "__iter__", enough),
        mock.patch.object(torch.Tensor, "backward", enough),
    ):
        try:
            return runpy.run_path(path, run_name=run_name)
        except Enough as end:
            return {name: value for frame in frames(end.__traceback__) for name, value in frame.items()}


def frames(trace: TracebackType | None) -> Iterator[dict[str, Any]]:
    """The variables of each call in a traceback, the innermost first, the module's last."""
    found = []
    while trace is not None:
        found.append(trace.tb_frame.f_locals)
        trace = trace.tb_next
    return reversed(found)
