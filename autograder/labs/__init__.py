"""The labs that can be graded: one module each, with a constant LAB."""

import dataclasses
import importlib
import pkgutil

from autograder.lab import Lab


def names() -> list[str]:
    """The names of all labs, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def load(name: str) -> Lab:
    """A lab by its name; raises ValueError for an unknown one."""
    if name not in names():
        raise ValueError(f"expected a lab among {', '.join(names())}; got {name}")
    module = f"{__name__}.{name}"
    lab: Lab = importlib.import_module(module).LAB
    return dataclasses.replace(lab, module=module)
