"""Inside the sandbox: import a module that imports torchvision, which is not installed.

The course's template imports it at the top but needs it only for training, which is not graded.
"""

import importlib
from types import ModuleType

from autograder.runner import stub_modules

WHY = "as torchvision is for training only, and not installed where this is graded"
STUBS = {"torchvision": stub_modules.unusable(WHY, constructible=True)}


def without_torchvision(name: str) -> ModuleType:
    """A student's module by its name; use of torchvision fails at the call, not on import."""
    stub_modules.install(STUBS, replace=False)
    return importlib.import_module(name)
