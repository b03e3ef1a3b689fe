"""Inside the sandbox: load a student's model file in any form."""

import contextlib
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import torch


def opened(path: Path, module: ModuleType) -> tuple[Any, str]:
    """The content of a file of torch.save, on the CPU, and a note.

    The note is "" for plain weights, which load without running any code. A pickle may name classes of `__main__`, as
    a program writes them; they are then looked up in the student's module.

    Raises:
        Exception: any error of torch or of the pickle.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True), ""
    except pickle.UnpicklingError:
        names = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
        with _as_main(module):
            content = torch.load(path, map_location="cpu", weights_only=False)
        return content, f"it is a pickle that asks for {', '.join(names)[:300]}"


@contextlib.contextmanager
def _as_main(module: ModuleType) -> Iterator[None]:
    """Let a pickle find the module's names in `__main__`."""
    kept = sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        yield
    finally:
        sys.modules["__main__"] = kept
