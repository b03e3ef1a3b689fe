"""Landlock: a process gives up all files, TCP ports and signals except those it names (linux/landlock.h)."""

import os
import stat
import struct

from autograder.sandbox import libc

CREATE, ADD_RULE, RESTRICT = 444, 445, 446  # the same numbers on every architecture
PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
# rights known to the kernel by version of the interface: 1, 2 (refer), 3 (truncate), 5 (ioctl)
KNOWN = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

READ = EXECUTE | READ_FILE | READ_DIR
WRITE = READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | MAKE_DIR | MAKE_REG | REMOVE_DIR | REMOVE_FILE


def version() -> int:
    """The kernel's version of the interface; 0 without Landlock."""
    try:
        return libc.syscall(CREATE, None, 0, 1)
    except OSError:
        return 0


def ruleset(readable: tuple[str, ...], writable: tuple[str, ...]) -> int:
    """A file descriptor of rules: read and execute beneath some paths, read and write beneath others, nothing else.

    Paths that do not exist are left out. From version 4 on, no TCP; from 6 on, no abstract Unix sockets and no
    signals outside the domain.

    Raises:
        OSError: no Landlock.
    """
    abi = version()
    handled = (1 << KNOWN[min(max(abi, 1), 5)]) - 1
    attributes = struct.pack("<QQQ", handled, 3, 3)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    rules = libc.syscall(CREATE, attributes, len(attributes), 0)
    for paths, rights in ((readable, READ), (writable, WRITE)):
        for path in paths:
            _allow(rules, path, rights & handled)
    return rules


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(beneath).st_mode):
            rights &= ON_FILES
        libc.syscall(ADD_RULE, rules, PATH_BENEATH, struct.pack("<Qi", rights, beneath), 0)
    finally:
        os.close(beneath)


def restrict(rules: int) -> None:
    """Apply the rules to this thread and its children for good; raises OSError."""
    libc.no_new_privileges()
    libc.syscall(RESTRICT, rules, 0)
