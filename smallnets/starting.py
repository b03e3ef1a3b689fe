"""The start of a program: Python's modules come before files beside it, and its imports end in one line, if at all."""

import os
import sys

INSTALLED = ("matplotlib", "numpy", "torch", "tqdm")  # packages that ours import


def start() -> None:
    """Let no file beside a program hide a module of Python, and let its imports end in one line.

    For the top of a file that is run, below `if __name__ == "__main__":`, before its first import. The program ends
    if a file beside it hides a package, if a package is missing, and at Ctrl-C.
    """
    folder = "" if sys.flags.safe_path else sys.path[0]
    if folder:
        _python_first()
    from smallnets import cli  # only now, as it imports modules of Python

    sys.excepthook = cli.ended
    if hiding := _hiding(folder):
        name = os.path.basename(hiding)
        got = f"got {hiding}: rename it, such as to my_{name}"
        raise SystemExit(cli.complain(ValueError(f"expected no file of yours to have a package's name, {got}")))


def _hiding(folder: str) -> str:
    """The first file or folder of modules beside a program that has the name of a package; "" if there is none."""
    for name in INSTALLED if folder else ():
        for path, module in ((f"{name}.py", f"{name}.py"), (name, os.path.join(name, "__init__.py"))):
            if os.path.isfile(os.path.join(folder, module)):
                return os.path.join(folder, path)
    return ""


def _python_first() -> None:
    """Move the program's own folder, the first in which modules are looked for, behind those of Python's library."""
    library = os.path.dirname(os.__file__)
    own = (library, os.path.join(library, "lib-dynload"))
    last = max((i for i, path in enumerate(sys.path) if path in own), default=0)
    sys.path.insert(last, sys.path.pop(0))
