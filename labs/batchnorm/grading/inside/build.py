"""Inside the sandbox: the net that a student's program builds, without the data and the training that follow.

A program of our handout has a function `build`. One on the course's template does everything when it is run: loads
MNIST through torchvision, makes `model`, trains. It is run up to its first batch or gradient, with a stub of
torchvision, and the net it has made by then is taken.
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

GIVEN = "labs/batchnorm"  # utils.py and experiment.py of the handout, unless the student has some


class Enough(BaseException):
    """The program begins to train; no `except Exception` of its own holds this up."""


class Pictures(torch.utils.data.Dataset):
    """In place of any data set of torchvision: blank images, of which the first batch already ends the program."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.data = self.train_data = self.test_data = torch.zeros(100, 28, 28, dtype=torch.uint8)
        self.targets = self.train_labels = self.test_labels = torch.zeros(100, dtype=torch.int64)

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, i: int) -> Any:
        return self.data[i, None].float(), int(self.targets[i])


def stand_in(name: str) -> Any:
    """The attribute of this full name of torchvision: any data set is Pictures, and any transform changes nothing."""
    _, module, *rest = name.split(".")
    if not rest:
        return importlib.import_module(name)
    if module == "datasets":
        return Pictures
    if module == "transforms":
        return lambda *args, **kwargs: lambda x: x
    return UNUSABLE(name)


UNUSABLE = stub_modules.unusable("as torchvision is for data and training alone, and replaced where this is graded")
STUBS = {"torchvision": stand_in}


def enough(*args: Any, **kwargs: Any) -> Any:
    """In place of what a training begins with."""
    raise Enough


def net(name: str) -> nn.Module:
    """The net of the program NAME.py, not yet trained.

    Raises:
        ValueError: it makes none.
        whatever the program raises.
    """
    for folder in (GIVEN, str(student_module.SUBMISSION.absolute())):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    path = str((student_module.SUBMISSION / f"{name}.py").absolute())
    for run_name in (name, "__main__"):  # a program with a main guard makes its net in the second run alone
        variables = program(path, run_name)
        build = variables.get("build")
        candidates = [build()] if callable(build) else [variables.get("model"), *variables.values()]
        for found in candidates:
            if isinstance(found, nn.Module):
                return found
    raise ValueError(f"expected {name}.py to have a function build() or to make a net `model`, got neither")


def program(path: str, run_name: str) -> dict[str, Any]:
    """What a program has defined until it begins to train, in its functions, too."""
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
    """The variables of each call on the way to where a program ended, the innermost first, the module's last."""
    found = []
    while trace is not None:
        found.append(trace.tb_frame.f_locals)
        trace = trace.tb_next
    return reversed(found)
