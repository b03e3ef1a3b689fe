"""Hold memory in pipes, made as large as the kernel allows."""

import fcntl
import os

from aims import hold_in_children

PIPES: list[int] = []


def fill_pipes() -> int:
    """Fill pipes until no more can be opened; returns the bytes in them."""
    size = 0
    try:
        while True:
            PIPES.extend(os.pipe())
            write = PIPES[-1]
            try:
                fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 2**20)
            except OSError:
                pass  # as large as it is
            os.set_blocking(write, False)
            size += os.write(write, bytes(fcntl.fcntl(write, fcntl.F_GETPIPE_SZ)))
    except OSError:
        return size


hold_in_children(fill_pipes, 1.5)
