"""Inside the sandbox: import a module that imports torchvision, where there is none.

The course's template does so at its top, though it needs it in training only, which is not graded.
"""

import importlib
from types import ModuleType

from autograder.runner import stub_modules

WHY = "as torchvision is for training only, and not installed where this is graded"
STUBS = {"torchvision": stub_modules.unusable(WHY, constructible=True)}


def without_torchvision(name: str) -> ModuleType:
    """A student's module by its name; what it does with torchvision fails when it is done, not on import."""
    stub_modules.install(STUBS, replace=False)
    return importlib.import_module(name)
