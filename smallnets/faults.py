"""Faults of the machine in plain words: what a program expected of a file, a port or a package, and what it got."""

import errno
import os
import socket
import traceback

# by name, as not every system has every number; {} is the path
WORDS = {
    "ENOENT": "expected {}, got no such file or folder",
    "ENOTDIR": "expected a folder on the way to {}, got a file",
    "EISDIR": "expected {} to be a file, got a folder",
    "EEXIST": "expected {} to be a folder or not to be there, got a file of that name",
    "ENOTEMPTY": "expected {} to be an empty folder, got one with something in it",
    "EACCES": "expected {} to be open to this user, got no permission",
    "EPERM": "expected {} to be open to this user, got no permission",
    "EROFS": "expected {} to be on a disk that can be written to, got a read-only one",
    "ENOSPC": "expected room on the disk for {}, got a full disk",
    "EDQUOT": "expected room on the disk for {}, got a full share of it (quota)",
    "EFBIG": "expected {} to be within the size that a file may have (ulimit -f), got more",
    "EMFILE": "expected to open {}, got as many open files as a program may have (ulimit -n)",
    "ENFILE": "expected to open {}, got as many open files as the system may have",
    "ENAMETOOLONG": "expected a shorter name, got {}",
    "ELOOP": "expected {} to lead to a file, got links that lead in a circle",
    "EIO": "expected a disk that works for {}, got an error of the device",
    "ENOMEM": "expected memory for one more process, got none left",
    "EAGAIN": "expected room for one more process, got as many as this user may have (ulimit -u)",
    "EADDRINUSE": "expected the address {} to be free, got one that another program listens at",
    "EADDRNOTAVAIL": "expected an address of this machine, got {}",
    "ECONNREFUSED": "expected a program that listens at {}, got none",
}
PLAIN = {number: text for name, text in WORDS.items() if (number := getattr(errno, name, None)) is not None}

# what requirements.txt installs, by the names under which it is imported; then what the extras do
REQUIRED = {
    "torch": "PyTorch", "numpy": "NumPy", "matplotlib": "matplotlib", "tqdm": "tqdm", "pooch": "pooch",
    "requests": "requests", "PIL": "Pillow", "sklearn": "scikit-learn", "scipy": "SciPy", "pytest": "pytest",
    "threadpoolctl": "threadpoolctl", "jinja2": "Jinja2", "filelock": "filelock", "dateutil": "python-dateutil",
    "xdist": "pytest-xdist", "hypothesis": "Hypothesis", "smallnets": "the package smallnets",
}  # fmt: skip
EXTRAS = {
    "optuna": "search", "distributed": "cluster", "cryptography": "cluster", "starlette": "web", "uvicorn": "web",
    "python_multipart": "web", "yaml": "gradescope", "jupytext": "notebooks", "nbclient": "notebooks",
    "nbformat": "notebooks", "ipykernel": "notebooks", "pypandoc": "pdf", "typst": "pdf",
}  # fmt: skip


def words(error: BaseException) -> str:
    """An exception in one line: by its number where the system raised it, else its own text."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _missing(error, error.name.split(".")[0])
    if isinstance(error, socket.gaierror):
        return f"expected the address of a machine, got {error.filename or 'another one'}"
    if isinstance(error, OSError) and error.errno is not None:
        name = next((name for name in (error.filename2, error.filename) if isinstance(name, str | bytes)), None)
        path = "the output" if name is None else " ".join(os.fsdecode(name).split())
        if error.errno in PLAIN:
            return PLAIN[error.errno].format(path)
        return f"expected the system to read or write {path}, got: {str(error.strerror).lower()}"
    return " ".join(str(error).split()) or type(error).__name__


def _missing(error: ModuleNotFoundError, name: str) -> str:
    """Which package is missing, and how it is installed or who imports it."""
    if name in EXTRAS:
        return f"expected {name}, got no such package: pip install -e '.[{EXTRAS[name]}]'"
    if name in REQUIRED:
        return f"expected {REQUIRED[name]}, got no such package: pip install -r requirements.txt"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    where = f", which {os.path.basename(frames[-1].filename)} imports in line {frames[-1].lineno}" if frames else ""
    return f"expected the module {error.name}{where}, got no such module; requirements.txt has all that is needed"
