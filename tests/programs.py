"""A lab's files imported and run in this process as in their own folder; a fresh one would import torch again."""

import contextlib
import importlib
import io
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest


@contextlib.contextmanager
def lab_at(folder: Path) -> Iterator[Callable[[str], Any]]:
    """Import a lab's files by the names they have in their folder; all modules are as before afterwards."""
    ours = {
        path.relative_to(folder).parts[0].removesuffix(".py") for path in [*folder.glob("*.py"), *folder.glob("*/*.py")]
    }

    def taken() -> dict[str, Any]:
        return {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] in ours}

    before = taken()
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(folder))
        taken()
        sys.modules.update(before)


def as_script(path: Path, *args: str, cwd: Path, out: io.StringIO | None = None) -> "subprocess.CompletedProcess[str]":
    """What `python path args` in the folder cwd gives: exit code, stdout, which may be of an own kind, and stderr."""
    out, err = out or io.StringIO(), io.StringIO()
    code: Any = 0
    with (
        lab_at(path.parent),
        contextlib.chdir(cwd),
        mock.patch.object(sys, "argv", [str(path), *args]),
        mock.patch.object(sys, "excepthook", sys.__excepthook__),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as ended:
            code = ended.code or 0
        except pytest.skip.Exception:  # it needs PyTorch, which is not installed
            raise
        except BaseException:  # as the interpreter ends: by the hook, whose own SystemExit counts
            code = 1
            try:
                sys.excepthook(*sys.exc_info())
            except SystemExit as ended:
                code = ended.code
    return subprocess.CompletedProcess([str(path), *args], code, out.getvalue(), err.getvalue())
