"""Inside the sandbox: modules that may be imported, as long as nobody uses what is in them."""

import importlib.abc
import importlib.machinery
import importlib.util
from collections.abc import Sequence
from types import ModuleType
from typing import Any

DRIVER = "which only `python assignment.py` needs: move the call below main"
FOREIGN = "as this lab is written in NumPy"
REASONS = {"preprocess": DRIVER, "visualize": DRIVER} | dict.fromkeys(
    ("tensorflow", "keras", "torch", "jax", "sklearn"), FOREIGN
)


def is_absent(name: str) -> bool:
    """Whether a module of this full name is one of those, or below one."""
    return name.partition(".")[0] in REASONS


class Absent:
    """Anything in such a module: it has every attribute, and a call is an error that says why."""

    def __init__(self, name: str, why: str) -> None:
        self._name, self._why = name, why

    def __getattr__(self, name: str) -> "Absent":
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self._name}.{name}", self._why)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(f"expected no call of {self._name}, {self._why}")


class AbsentModule(ModuleType):
    """A module in which every name is Absent."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name)
        self._why = why

    def __getattr__(self, name: str) -> Absent:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self.__name__}.{name}", self._why)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds an AbsentModule under the names in REASONS and below them, whether or not there is another.

    So a stray `import tensorflow` costs nothing, what is computed with it earns nothing, and assignment.py can be
    imported without MNIST and without a window for its pictures.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of such a module, None for others."""
        return importlib.util.spec_from_loader(fullname, self, is_package=True) if is_absent(fullname) else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """An AbsentModule."""
        return AbsentModule(spec.name, REASONS[spec.name.partition(".")[0]])

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is run."""
