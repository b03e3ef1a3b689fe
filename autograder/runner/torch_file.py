"""Inside the sandbox: load a student's model file in any form."""

import contextlib
import io
import pickletools
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import torch

from autograder.runner import student_module
from smallnets import filekinds, modelfile, netfile
from smallnets.cli import StudentError
from smallnets.student import student_code


def net_in(name: str, module: ModuleType, build: netfile.Build) -> tuple[torch.nn.Module, str]:
    """The net in a file of the submission, or the net of `build` with the file's weights; and a note on the file.

    The note is "" for plain weights, which load without running any code. A pickle may name classes of `__main__`, as
    a program writes them; they are then looked up in the student's module.

    Raises:
        StudentError: a pickled class cannot be rebuilt, or fails.
        ValueError: another file, a damaged one, or weights of another net.
    """
    path, own = student_module.HANDED_IN / name, student_module.SUBMISSION.absolute()
    try:
        content, note = modelfile.read_weights(path), ""
    except modelfile.PickledError:
        with student_code(own), _as_main(module):
            content = netfile.innermost(modelfile.unpickled(path))
        note = f"it is a pickle that asks for {', '.join(_classes(path))[:300] or 'more than tensors'}"
    try:
        return netfile.restored(content, build, name), note
    except (ValueError, StudentError):
        raise
    except Exception:
        with student_code(own):
            raise  # of the net's own class


def _classes(path: Path) -> list[str]:
    """The names outside of torch that a file of torch.save asks for, each as module.name."""
    if filekinds.is_old_torch(path):
        content = path.read_bytes()
    else:
        with zipfile.ZipFile(path) as archive:
            content = next(archive.read(name) for name in archive.namelist() if name.endswith("/data.pkl"))
    found, file = set(), io.BytesIO(content)
    with contextlib.suppress(Exception):  # behind the pickles of an old file are tensors
        while True:
            for operation, argument, _ in pickletools.genops(file):
                if operation.name == "GLOBAL" and not str(argument).startswith(("torch", "collections", "builtins")):
                    found.add(str(argument).replace(" ", "."))
    return sorted(found)


@contextlib.contextmanager
def _as_main(module: ModuleType) -> Iterator[None]:
    """Let a pickle find the module's names in `__main__`."""
    kept = sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        yield
    finally:
        sys.modules["__main__"] = kept
