"""Hold memory in sockets of processes that let no other process see their open files."""

import ctypes

from aims import fill_sockets, hold_in_children

PR_SET_DUMPABLE = 4


def fill_unseen() -> int:
    """Hide this process's open files, then fill sockets; returns the bytes in them."""
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    return fill_sockets()


hold_in_children(fill_unseen, 1.5)
