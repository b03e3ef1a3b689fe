"""Import and run code that a student wrote, and show only the student's own traceback when it fails."""

import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from smallnets.cli import StudentError

PACKAGE = str(Path(__file__).parent)


@contextmanager
def student_code(path: str | Path) -> Iterator[None]:
    """Turn whatever the block raises, except Ctrl-C, into a StudentError, and undo what it did to the process.

    Args:
        path: the student's file, or the folder of all of them. Frames of the caller before it, and of this package,
            are left out; an exception that never reached it (a wrong signature, say) keeps its last line only.
    """
    restore = _process_state()
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        report = traceback.TracebackException.from_exception(error)
        _trim(report, str(path))
        raise StudentError("".join(report.format()).rstrip()) from None
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


def _trim(report: traceback.TracebackException, path: str) -> None:
    """Keep, in an exception and those behind it, the frames from the student's file on."""
    waiting = [report]
    while waiting:
        current = waiting.pop()
        frames = list(current.stack)
        own = (frame.filename == path or frame.filename.startswith(path + os.sep) for frame in frames)
        first = next((i for i, is_own in enumerate(own) if is_own), len(frames))
        kept = [frame for frame in frames[first:] if not frame.filename.startswith(PACKAGE)]
        current.stack = traceback.StackSummary.from_list(kept)
        waiting += [chained for chained in (current.__cause__, current.__context__) if chained is not None]
