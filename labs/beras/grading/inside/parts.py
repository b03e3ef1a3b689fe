"""Inside the sandbox: import the student's Beras part by part, so that a failing part does not affect others."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from autograder.runner import stub_modules, student_module
from labs.beras.grading.inside import reference_core, reference_model

NAMES = ("core", "layers", "activations", "losses", "optimizers", "metrics", "onehot", "model")
OF_CORE = ("Callable", "Diffable", "GradientTape")
# an unused `import tensorflow` is harmless, and no result can be computed with it; assignment.py can be imported
# without MNIST and without a window for its pictures
STUBS = dict.fromkeys(
    ("tensorflow", "keras", "torch", "jax", "sklearn"), stub_modules.unusable("as this lab is written in NumPy")
) | dict.fromkeys(
    ("preprocess", "visualize"),
    stub_modules.unusable("which only `python assignment.py` needs: move the call below main"),
)


class Parts:
    """`parts.layers` is the student's Beras/layers.py, imported at its first use; likewise `parts.assignment`.

    If Beras/core.py cannot be imported, `parts.core` raises its error; all other parts use the handout's core instead.
    Likewise with Beras/model.py and its Model. If Beras/__init__.py cannot be imported, other parts are imported
    without it, and assignment.py without any failing part.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "assignment":
            return assignment()
        return getattr(package(), name) if name in (*OF_CORE, "Model") else imported(name)


def load() -> Parts:
    """The argument of the checks; no student file is imported yet."""
    stub_modules.install(STUBS)
    return Parts()


@contextmanager
def tried() -> Iterator[None]:
    """Ignore any error of a student's file in the block."""
    try:
        yield
    except (Exception, SystemExit):
        pass


def package() -> ModuleType:
    """The package Beras, made by its own __init__.py if that works; it has at least core's classes."""
    if (found := sys.modules.get("Beras")) is not None:
        return found
    with tried():
        importlib.import_module("Beras")
    if (found := sys.modules.get("Beras")) is None:
        for name in [name for name in sys.modules if name.startswith("Beras.")]:
            del sys.modules[name]
        found = sys.modules["Beras"] = ModuleType("Beras")
        found.__path__ = [str((student_module.SUBMISSION / "Beras").absolute())]
    with tried():
        importlib.import_module("Beras.core")
    core = sys.modules.setdefault("Beras.core", reference_core)
    for name in OF_CORE:
        found.__dict__.setdefault(name, getattr(core, name, getattr(reference_core, name)))
    with tried():
        found.__dict__.setdefault("Model", importlib.import_module("Beras.model").Model)
    found.__dict__.setdefault("Model", reference_model.Model)
    return found


def imported(name: str) -> ModuleType:
    """A part of the package; raises the errors of its import."""
    package()
    if name == "core" and sys.modules["Beras.core"] is reference_core:
        del sys.modules["Beras.core"]
        try:
            return importlib.import_module("Beras.core")  # raises its error again
        finally:
            sys.modules.setdefault("Beras.core", reference_core)
    return importlib.import_module(f"Beras.{name}")


def assignment() -> ModuleType:
    """assignment.py, with stubs for the parts of the package that cannot be imported."""
    beras = package()
    for name in NAMES:
        try:
            importlib.import_module(f"Beras.{name}")
        except (Exception, SystemExit) as error:
            why = f"as Beras/{name}.py could not be imported ({type(error).__name__})"
            stub = sys.modules[f"Beras.{name}"] = stub_modules.StubModule(f"Beras.{name}", stub_modules.unusable(why))
            setattr(beras, name, stub)
    return importlib.import_module("assignment")
