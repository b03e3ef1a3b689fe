"""Inside the sandbox: let `import torch` leave out modules that a net needs only if it names them.

They take a quarter of the time of the import, and every job imports torch. Only a net on tensors without data (device
"meta") misses something: there, a convolution is not implemented.
"""

import importlib
import importlib.abc
import sys
import types
from typing import Any

SHAPES = "torch._meta_registrations"  # what operations do to the shapes of tensors without data
LATER = (SHAPES, "torch.export", "torch.quantization", "torch.distributions", "torch.masked", "torch.utils.data")
COMPILER = "torch._dynamo"  # needs SHAPES without naming them


class Later(types.ModuleType):
    """A module that is imported when one of its names is asked for, or one of the modules below it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        return getattr(imported(self.__name__), name)


class BeforeTheCompiler(importlib.abc.MetaPathFinder):
    """Finds nothing, but sees when torch's compiler is imported."""

    def find_spec(self, name: str, *_: Any) -> None:
        """Import what the compiler needs."""
        if name == COMPILER:
            imported(SHAPES)


def imported(name: str) -> types.ModuleType:
    """The module, imported now if it was left out before."""
    if isinstance(sys.modules.get(name), Later):
        del sys.modules[name]
    module = importlib.import_module(name)
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, module)
    return module


def install() -> None:
    """Let the next import of torch leave out LATER; if torch is there already, nothing changes."""
    if "torch" not in sys.modules:
        sys.modules.update({name: Later(name) for name in LATER})
        sys.meta_path.insert(0, BeforeTheCompiler())
