"""Inside the sandbox: run a student's program in its predict mode, by the course's own command line.

It runs as `__main__`, as pickle binds whole nets to that name; Job.env lets torch.load load them. Labels are not here.
"""

import contextlib
import io
import os
import runpy
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from autograder.runner import channel, student_module
from labs.quickdraw.grading.inside import utils_package
from labs.quickdraw.grading.programs import PROGRAMS, Program, layout, parsed
from smallnets.data import quickdraw
from smallnets.student import student_code

SHOWN = 1500  # characters shown of a failed program's output
# part of an error's text -> advice
HINTS = {
    "numpy' has no attribute 'int'": "np.int is gone from NumPy: write int, or np.int64 for an array's dtype",
    "numpy' has no attribute 'float'": "np.float is gone from NumPy: write float, or np.float32 for an array's dtype",
    "Can't get attribute": "the file holds a whole net of a class that this program does not define: save it from the "
    "program that will load it, or save net.state_dict() and load that",
    "Expected more than 1 value per channel": "BatchNorm is in training mode: call model.eval() before predicting",
}


class ModuleObserver:
    """Observes every module call; layers in training mode are recorded."""

    def __init__(self) -> None:
        self.called: set[nn.Module] = set()
        self.training: set[str] = set()

    def __call__(self, module: nn.Module, inputs: Any) -> None:
        self.called.add(module)
        if module.training and isinstance(module, (nn.modules.batchnorm._NormBase, nn.modules.dropout._DropoutNd)):
            self.training.add(type(module).__name__)

    def parameters(self) -> int:
        """How many the net has, which has the most of the modules that were called; 0 if none was."""
        return max((sum(p.numel() for p in nn.Module.parameters(module)) for module in self.called), default=0)


def folder_of(program: Program, images: np.ndarray) -> Path:
    """A new folder like the course's, with the drawings and the program's net."""
    folder = Path(tempfile.mkdtemp())
    for name in ("datasets", "model_files", "log_files"):
        (folder / name).mkdir()
    np.save(folder / "datasets" / quickdraw.IMAGES["test"], images)
    # a copy, as the container tier makes no links
    shutil.copyfile(student_module.HANDED_IN / program.model, folder / "model_files" / program.model)
    return folder


def run(program: Program, folder: Path) -> None:
    """Run the program in this folder.

    Raises:
        StudentError: it raised an exception.
        ValueError: its exit code is not 0; the message has the end of its output.
    """
    path, printed, code = str((student_module.SUBMISSION / program.main).absolute()), io.StringIO(), None
    # a full path: with plain `datasets` and no training set there, the handout's session looks elsewhere
    sys.argv = [program.main, *program.command(str(folder / "datasets"))]
    with contextlib.redirect_stderr(printed), student_code(student_module.SUBMISSION.absolute()):
        os.chdir(folder)
        try:
            runpy.run_path(path, run_name="__main__")
        except SystemExit as end:
            code = end.code
    if code not in (None, 0):
        raise ValueError(f"{program.main} ended with exit code {code}: {printed.getvalue()[-SHOWN:].strip()}")


def predictions(program: Program, folder: Path, n: int) -> np.ndarray:
    """The predictions it has written; ValueError unless there is a class for each of n drawings."""
    path = folder / program.predictions
    if not path.is_file():
        raise ValueError(f"expected {program.main} to write --predictionsFile {program.predictions}, got no file")
    return parsed(path.read_bytes(), program.predictions, n)


def main() -> None:
    """Lay out the folder, run the program, return its predictions."""
    arrays, program = channel.read_arrays(), PROGRAMS[sys.argv[1]]
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    folder, observer = folder_of(program, arrays["images"]), ModuleObserver()
    utils_package.make_importable()
    nn.modules.module.register_module_forward_pre_hook(observer)
    with student_module.noted(problems, "run"):
        run(program, folder)
        values["predictions"] = predictions(program, folder, len(arrays["images"]))
    if "run" in problems:
        problems["run"] += "".join(f"\n{hint}" for error, hint in HINTS.items() if error in problems["run"])
    values["parameters"] = np.array([observer.parameters()])
    if observer.training:
        problems["training"] = f"{' and '.join(sorted(observer.training))} predicted in training mode"
    channel.hand_back(layout(len(arrays["images"])), values, problems)


if __name__ == "__main__":
    main()
