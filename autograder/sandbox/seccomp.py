"""A seccomp filter as bytes: system calls that no lab needs fail with an error; a foreign architecture is killed.

The instruction set is classic BPF, man 2 seccomp and linux/filter.h; numbers from asm/unistd_64.h (x86_64) and
asm-generic/unistd.h (aarch64) of Linux 6.1.
"""

import ctypes
import errno
import os
import struct

from autograder.sandbox import libc

# name -> (x86_64, aarch64); None where the architecture has no such call
FORBIDDEN = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "personality": (135, 92),
    "vhangup": (153, 58),
    "lookup_dcookie": (212, 18),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    # memory that outlives its process or is in no resident set
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semctl": (66, 191),
    "msgget": (68, 186),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    # memory that no process is charged for: pages in pipes, events, options that make buffers larger
    "splice": (275, 76),
    "tee": (276, 77),
    "vmsplice": (278, 75),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "setsockopt": (54, 208),
    # open files inside a message, where no count finds them
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    # which files are in the machine's memory, a way to tell a later job something
    "mincore": (27, 232),
    "fadvise64": (221, 223),
    "cachestat": (451, 451),
    # no network, and no way to the machine's services on Unix sockets
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
}
CLONE, SOCKETPAIR, IOCTL, MMAP = (56, 220), (53, 199), (16, 29), (9, 222)
FCNTL, CLOSE_RANGE = (72, 25), (436, 436)
# calls for a process, and which argument names it: 0 is the caller
ON_PROCESSES = {"setpriority": (141, 140, 1), "sched_setscheduler": (144, 119, 0), "sched_setparam": (142, 118, 0)}
ON_PROCESSES |= {"sched_setattr": (314, 274, 0), "ioprio_set": (251, 30, 1), "prlimit64": (302, 261, 0)}
CLONE3 = 435  # its flags lie in memory, where a filter cannot look
PREADV2 = (327, 286)  # its flags tell whether a file is in the machine's memory; libc then takes preadv

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, AUDIT_ARCH_* of linux/audit.h
X32 = 0x40000000  # numbers of the x32 calls of x86_64 start here

LOAD, AND, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000
NUMBER, ARCHITECTURE = 0, 4  # offsets in struct seccomp_data

NEW_NAMESPACES = 0x7E020000 | 0x80  # every CLONE_NEW* flag of linux/sched.h
CLONE_FILES, CLONE_THREAD, CLOSE_RANGE_UNSHARE = 0x400, 0x10000, 2
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
F_SETPIPE_SZ = 1031
SHARED_ANONYMOUS = 0x01 | 0x20

Instruction = tuple[int, int, int, int]


def _argument(index: int) -> Instruction:
    """Load the lower half of a call's argument."""
    return LOAD, 0, 0, 16 + 8 * index


def _refuse(error: int) -> Instruction:
    return RETURN, 0, 0, ERROR | error


def _when(number: int | None, test: list[Instruction]) -> list[Instruction]:
    """Instructions for one call, which return or fall through; the number is loaded again after them."""
    if number is None:
        return []
    return [(EQUAL, 0, len(test) + 1, number), *test, (LOAD, 0, 0, NUMBER)]


def _always(number: int | None, error: int) -> list[Instruction]:
    return [] if number is None else [(EQUAL, 0, 1, number), _refuse(error)]


def program(machine: str, strict: bool) -> bytes:
    """The filter for a machine as `os.uname().machine` names it.

    Args:
        machine: "x86_64" or "aarch64".
        strict: also refuse shared anonymous mappings, which a count of resident memory misses.

    Raises:
        ValueError: another machine.
    """
    if machine not in MACHINES:
        raise ValueError(f"expected one of {', '.join(MACHINES)} for the seccomp filter, got {machine}")
    column, architecture = MACHINES[machine]
    code: list[Instruction] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, X32),
        _refuse(errno.EPERM),
    ]
    for numbers in FORBIDDEN.values():
        code += _always(numbers[column], errno.EPERM)
    for number in (CLONE3, PREADV2[column]):
        code += _always(number, errno.ENOSYS)  # so that libc takes the older call
    code += _conditional(column)
    if strict:
        shared = [_argument(3), (AND, 0, 0, SHARED_ANONYMOUS), (EQUAL, 0, 1, SHARED_ANONYMOUS), _refuse(errno.EPERM)]
        code += _when(MMAP[column], shared)
    code.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)


def _conditional(column: int) -> list[Instruction]:
    """Rules for calls that are refused only for some arguments."""
    refuse = _refuse(errno.EPERM)
    namespaces = [_argument(0), (ANY_BIT, 0, 1, NEW_NAMESPACES), refuse]
    # open files of a thread alone would be missing in its process's list
    own_files = [(AND, 0, 0, CLONE_THREAD | CLONE_FILES), (EQUAL, 0, 1, CLONE_THREAD), refuse]
    unshare = [_argument(2), (ANY_BIT, 0, 1, CLOSE_RANGE_UNSHARE), refuse]
    larger_pipe = [_argument(1), (EQUAL, 0, 1, F_SETPIPE_SZ), refuse]
    # only a connected pair within the job: AF_UNIX, SOCK_STREAM
    pair = [_argument(0), (EQUAL, 0, 3, 1), _argument(1), (AND, 0, 0, 0xF), (EQUAL, 1, 0, 1), refuse]
    keystrokes = [_argument(1), (EQUAL, 1, 0, TIOCSTI), (EQUAL, 0, 1, TIOCLINUX), refuse]
    others = [
        _when(numbers[column], [_argument(numbers[2]), (EQUAL, 1, 0, 0), refuse]) for numbers in ON_PROCESSES.values()
    ]
    return (
        _when(CLONE[column], namespaces + own_files)
        + _when(SOCKETPAIR[column], pair)
        + _when(IOCTL[column], keystrokes)
        + _when(FCNTL[column], larger_pipe)
        + _when(CLOSE_RANGE[column], unshare)
        + [instruction for rule in others for instruction in rule]
    )


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def install(strict: bool) -> None:
    """Apply the filter to this thread and its children for good.

    Raises:
        OSError: the kernel refuses it. ValueError: no filter for this machine.
    """
    code = program(os.uname().machine, strict)
    libc.no_new_privileges()
    filter_ = _Program(len(code) // 8, code)  # a variable, so that it lives until the kernel has read it
    libc.prctl(libc.PR_SET_SECCOMP, 2, ctypes.addressof(filter_))
