"""Import and run code that a student wrote, and show only the student's own traceback when it fails."""

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from smallnets import tracebacks
from smallnets.cli import StudentError


@contextmanager
def student_code(path: str | Path) -> Iterator[None]:
    """Turn whatever the block raises, except Ctrl-C, into a StudentError, and undo what it did to the process.

    Args:
        path: the student's file, or the folder of all of them, see `tracebacks.text`; an exception that never
            reached it (a wrong signature, say) keeps its last line only.
    """
    restore = _process_state()
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise StudentError(tracebacks.text(error, str(path))) from None
    finally:
        restore()


@contextmanager
def imported(path: Path) -> Iterator[ModuleType]:
    """A student's file under its own name while the block runs, as a pickled net names the module of its class."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(path.stem)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        del sys.modules[path.stem]
        if before is not None:
            sys.modules[path.stem] = before


def _process_state() -> Callable[[], None]:
    """Remember the folder, the streams and torch's defaults; the function returned puts them back."""
    folder, streams, limit = os.getcwd(), (sys.stdout, sys.stderr), sys.getrecursionlimit()
    torch = sys.modules.get("torch")  # code in nothing but NumPy need not wait until it is imported
    dtype, grad = (torch.get_default_dtype(), torch.is_grad_enabled()) if torch else (None, None)

    def restore() -> None:
        os.chdir(folder)
        sys.stdout, sys.stderr = streams
        sys.setrecursionlimit(limit)
        if torch and sys.modules.get("torch") is torch:  # the block may have taken it away
            torch.set_default_dtype(dtype)
            torch.set_grad_enabled(grad)

    return restore
