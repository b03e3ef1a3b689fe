"""Inside the sandbox: import a module that imports torchvision, where there is none.

The course's template does so at its top, though it needs it in training only, which is not graded.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

NAME = "torchvision"


class Missing:
    """Something of torchvision: it can be named and made, as a transform at the top of a file is, but not used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> "Missing":
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> "Missing":
        if any(hasattr(value, "shape") for value in (*args, *kwargs.values())):
            raise ModuleNotFoundError(
                f"expected {NAME} in training only, as it is not installed where this is graded, got {self._name} used"
            )
        return self


class _Module(ModuleType):
    """A module of torchvision."""

    def __getattr__(self, name: str) -> Missing:
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(f"{self.__name__}.{name}")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds torchvision and all its modules, where nobody else does."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        ours = fullname.split(".")[0] == NAME
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True) if ours else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


def without_torchvision(name: str) -> ModuleType:
    """A student's module by its name; what it does with torchvision fails when it is done, not on import."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
    return importlib.import_module(name)
