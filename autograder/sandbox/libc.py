"""The few calls of the C library that Python's own modules lack (Linux)."""

import ctypes
import os
import struct

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NAME, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 15, 22, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
CAPABILITY_VERSION = 0x20080522  # of linux/capability.h: two words of 32 bits for each set


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _failed(call: str) -> OSError:
    error = ctypes.get_errno()
    return OSError(error, f"{call}: {os.strerror(error)}")


def prctl(option: int, value: int = 0, pointer: int = 0) -> None:
    """prctl(2); raises OSError."""
    words = [ctypes.c_ulong(word) for word in (value, pointer, 0, 0)]
    if _library().prctl(option, *words):
        raise _failed(f"prctl({option})")


def set_name(name: str) -> None:
    """Give this thread a name, which its children have, too; the kernel keeps 15 bytes."""
    words = ctypes.create_string_buffer(name.encode())
    prctl(PR_SET_NAME, ctypes.addressof(words))


def no_new_privileges() -> None:
    """Keep programs started from here from gaining rights by a set-user-id bit."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up all capabilities of this process; raises OSError."""
    header, none = struct.pack("Ii", CAPABILITY_VERSION, 0), bytes(2 * 3 * 4)
    if _library().capset(ctypes.c_char_p(header), ctypes.c_char_p(none)):
        raise _failed("capset")


def setns(file: int) -> None:
    """Join the namespace of an open file of /proc/PID/ns; of a process namespace, only children do. Raises OSError."""
    if _library().setns(ctypes.c_int(file), ctypes.c_int(0)):
        raise _failed("setns")


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """A system call by number; raises OSError."""
    values = [ctypes.c_long(a) if isinstance(a, int) else ctypes.c_char_p(a) for a in arguments]
    function = _library().syscall
    function.restype = ctypes.c_long
    result = int(function(ctypes.c_long(number), *values))
    if result < 0:
        raise _failed(f"system call {number}")
    return result
