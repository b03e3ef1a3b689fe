"""Inside the sandbox: stub modules for packages that students' files import but the graded code does not need."""

import dataclasses
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

Attribute = Callable[[str], Any]  # the full name of an attribute, such as "keras.layers.Dense" -> its value


class StubModule(ModuleType):
    """A module with every attribute; `attribute` makes each from its full name."""

    __version__ = "0"

    def __init__(self, name: str, attribute: Attribute) -> None:
        super().__init__(name)
        self._attribute = attribute

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # such as __file__ and __all__, which import and inspect read
            raise AttributeError(name)
        return self._attribute(f"{self.__name__}.{name}")


class Unusable:
    """A value that can be named, with every attribute; a call is an error that says why.

    If it is `constructible`, a call without an array returns it: a transform can be made at the top of a file, but not
    used.
    """

    def __init__(self, name: str, why: str, constructible: bool) -> None:
        self._name, self._why, self._constructible = name, why, constructible

    def __getattr__(self, name: str) -> "Unusable":
        if name.startswith("__"):
            raise AttributeError(name)
        return Unusable(f"{self._name}.{name}", self._why, self._constructible)

    def __call__(self, *args: Any, **kwargs: Any) -> "Unusable":
        if self._constructible and not any(hasattr(value, "shape") for value in (*args, *kwargs.values())):
            return self
        raise RuntimeError(f"expected no call of {self._name}, {self._why}")


def unusable(why: str, constructible: bool = False) -> Attribute:
    """Makes all attributes Unusable; `why` ends the sentence "expected no call of keras.layers.Dense, ..."."""
    return lambda name: Unusable(name, why, constructible)


@dataclasses.dataclass(frozen=True)
class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a StubModule under each name in `stubs` and under all names below it."""

    stubs: Mapping[str, Attribute]

    def finds(self, name: str) -> bool:
        """Whether a module of this full name is a stub."""
        return name.partition(".")[0] in self.stubs

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of a stub, None for other modules."""
        return importlib.util.spec_from_loader(fullname, self, is_package=True) if self.finds(fullname) else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """A StubModule."""
        return StubModule(spec.name, self.stubs[spec.name.partition(".")[0]])

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is run."""


def install(stubs: Mapping[str, Attribute], replace: bool = True) -> None:
    """Let imports of some packages find stubs from now on; a second call changes nothing.

    Args:
        stubs: name of a package -> function that makes its attributes and those of its modules.
        replace: also if the package is installed or already imported; else only if it is missing.
    """
    finder = Finder(stubs)
    if finder in sys.meta_path:
        return
    if replace:
        sys.meta_path.insert(0, finder)
        for name in [name for name in sys.modules if finder.finds(name)]:
            del sys.modules[name]  # a forked job has PyTorch imported
    else:
        sys.meta_path.append(finder)
