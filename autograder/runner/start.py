"""Inside the sandbox: the first program of each job. It lets student code behave as on a student's own computer.

The code runs in a writable copy of the submission, which is thrown away with the job. Our modules and the files as
they were handed in lie elsewhere, and stay as they were.
"""

import functools
import importlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from autograder.runner import whereabouts
from autograder.runner.student_module import HANDED_IN, JOB
from smallnets import tracebacks

Call = Callable[..., None]
# calls that a process may make once -> modules that have them
ONCE = {"set_num_interop_threads": ("torch",), "set_start_method": ("multiprocessing", "torch.multiprocessing")}
THREADS = ("set_num_threads", "set_num_interop_threads")  # torch's calls that ask for threads


def enter_copy() -> None:
    """Make a writable copy of the submission, empty if the job has none, and go there. Ours are still imported."""
    sys.path[:] = [str(JOB), *(path for path in sys.path if path not in ("", str(JOB)))]  # "" is where a process is
    folder = Path(tempfile.gettempdir()) / "submission"
    folder.mkdir()
    for path in sorted(HANDED_IN.rglob("*")):  # a folder before its files; no modes, which are read-only
        copy = folder / path.relative_to(HANDED_IN)
        if path.is_dir():
            copy.mkdir()
        else:
            copy.write_bytes(path.read_bytes())
    os.chdir(folder)


def adapt(most_threads: int) -> None:
    """Let calls that hold for the whole process succeed in a job, which imports modules again and has few threads."""
    for name, owners in ONCE.items():
        for owner in owners:
            if owner in sys.modules:
                replace(owner, name, repeatable)
    if "torch" in sys.modules:
        for name in THREADS:
            replace("torch", name, functools.partial(bounded, most=most_threads))


def replace(owner: str, name: str, change: Callable[[Call], Call]) -> None:
    """Change a function of an imported module."""
    module = sys.modules[owner]
    setattr(module, name, change(getattr(module, name)))


def repeatable(call: Call) -> Call:
    """A call that does nothing after the first time it succeeds."""
    done = False

    @functools.wraps(call)
    def once(*args: Any, **kwargs: Any) -> None:
        nonlocal done
        if not done:
            call(*args, **kwargs)
            done = True

    return once


def bounded(call: Call, most: int) -> Call:
    """A call that gets a number of at most `most`: more threads than a job has would end it."""

    @functools.wraps(call)
    def cut(number: int) -> None:
        call(min(number, most))

    return cut


def main() -> NoReturn:
    """Run `main` of the module that the first argument names, then end the process, with all its threads."""
    del sys.argv[0]
    code = 1
    try:
        whereabouts.write_calls()
        whereabouts.set_timers(*map(float, os.environ["TIME_LIMITS"].split()))
        enter_copy()
        program = importlib.import_module(sys.argv[0])
        adapt(int(os.environ["OMP_NUM_THREADS"]))
        program.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:
        print(tracebacks.text(error, JOB.anchor.rstrip(os.sep)), file=sys.stderr)
    finally:
        os._exit(code)  # a thread that the student started may never end


if __name__ == "__main__":
    main()
