"""The few calls of the C library that Python's own modules lack (Linux)."""

import ctypes
import os

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def prctl(option: int, value: int = 0, pointer: int = 0) -> None:
    """prctl(2); raises OSError."""
    words = [ctypes.c_ulong(word) for word in (value, pointer, 0, 0)]
    if _library().prctl(option, *words):
        error = ctypes.get_errno()
        raise OSError(error, f"prctl({option}): {os.strerror(error)}")


def no_new_privileges() -> None:
    """Keep programs started from here from gaining rights by a set-user-id bit."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """A system call by number; raises OSError."""
    values = [ctypes.c_long(a) if isinstance(a, int) else ctypes.c_char_p(a) for a in arguments]
    function = _library().syscall
    function.restype = ctypes.c_long
    result = int(function(ctypes.c_long(number), *values))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"system call {number}: {os.strerror(error)}")
    return result
