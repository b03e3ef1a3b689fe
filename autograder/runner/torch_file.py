"""Inside the sandbox: open a student's model file, whatever form it has."""

import contextlib
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import torch


def opened(path: Path, module: ModuleType) -> tuple[Any, str]:
    """What is in a file of torch.save, on the CPU wherever it was saved; and a word on it.

    The word is "" for weights alone, which open without running anything. A pickle may name classes of `__main__`,
    as one does that was written by a program; they are then those of the student's module.

    Raises:
        Exception: whatever torch and the pickle raise.
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
    """Let what is unpickled find the module's names in `__main__`."""
    kept = sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        yield
    finally:
        sys.modules["__main__"] = kept
