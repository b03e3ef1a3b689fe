"""Run a program on this machine made to look like macOS or Windows: what those lack is taken away first.

`python other_system.py darwin|win32 [-c CODE | -m MODULE | FILE] ...`; Python programs that it starts see the same.
What other packages have for each system is imported before, since this machine has Linux's.
"""

import contextlib
import fcntl
import importlib.abc
import io
import os
import resource
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

MODULES = {
    "darwin": {"spwd"},
    "win32": set("curses fcntl grp nis pty pwd readline resource spwd syslog termios tty".split()),
}
# Windows has the signals of the C standard alone; SIG_DFL and SIG_IGN are no signals, but handlers
C_SIGNALS = {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM", "SIG_DFL", "SIG_IGN"}
MACOS_LACKS: dict[ModuleType, Iterable[str]] = {
    os: """
        O_PATH O_TMPFILE copy_file_range eventfd fdatasync getrandom getresgid getresuid getxattr listxattr
        memfd_create pidfd_open pipe2 posix_fadvise posix_fallocate removexattr sched_getaffinity
        sched_setaffinity setns setresgid setresuid setxattr splice unshare waitid
    """.split(),
    signal: """
        SIGCLD SIGPOLL SIGPWR SIGRTMAX SIGRTMIN SIGSTKFLT pidfd_send_signal sigtimedwait sigwaitinfo
    """.split(),
    select: ["epoll"],
    socket: ["AF_NETLINK", "AF_PACKET", "SCM_CREDENTIALS", "SO_PASSCRED", "SO_PEERCRED"],
    resource: ["RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "prlimit"],
    fcntl: ["F_ADD_SEALS", "F_GETPIPE_SZ", "F_GET_SEALS", "F_NOTIFY", "F_SETPIPE_SZ"],
}
# it lacks os.WNOHANG, too, but this machine's subprocess needs that
WINDOWS_LACKS: dict[ModuleType, Iterable[str]] = {
    os: """
        O_CLOEXEC O_DIRECTORY O_NOCTTY O_NOFOLLOW O_NONBLOCK O_PATH O_SYNC O_TMPFILE WEXITSTATUS WIFEXITED
        WIFSIGNALED WTERMSIG chown chroot confstr copy_file_range ctermid eventfd fchdir fchmod fchown
        fdatasync fork forkpty fpathconf fstatvfs getegid geteuid getgid getgrouplist getgroups getloadavg
        getpgid getpgrp getpriority getrandom getresgid getresuid getsid getuid getxattr initgroups killpg
        lchown listxattr lockf login_tty major makedev memfd_create minor mkfifo mknod nice openpty pathconf
        pidfd_open pipe2 posix_fadvise posix_fallocate posix_spawn posix_spawnp pread preadv pwrite pwritev
        register_at_fork removexattr sched_getaffinity sched_setaffinity sched_yield sendfile set_blocking
        setegid seteuid setgid setgroups setns setpgid setpriority setregid setresgid setresuid setreuid setsid
        setuid setxattr splice statvfs sync sysconf tcgetpgrp tcsetpgrp ttyname uname unshare wait wait3 wait4
        waitid
    """.split(),
    signal: """
        alarm getitimer pause pidfd_send_signal pthread_kill pthread_sigmask setitimer siginterrupt sigpending
        sigtimedwait sigwait sigwaitinfo
    """.split()
    + [name for name in dir(signal) if name.startswith("SIG") and name not in C_SIGNALS],
    select: ["epoll", "poll"],
    socket: ["AF_NETLINK", "AF_PACKET", "AF_UNIX", "SCM_RIGHTS", "recv_fds", "send_fds"],
    time: ["clock_getres", "clock_gettime", "clock_settime", "pthread_getcpuclockid", "tzset"],
}


class Missing(importlib.abc.MetaPathFinder):
    """Finds no module of these names."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Raises ModuleNotFoundError for a module that the system lacks."""
        if name in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def without_proc(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function on a machine that has no folder /proc."""

    def wrapper(path: Any, *args: Any, **more: Any) -> Any:
        if isinstance(path, str | os.PathLike) and os.fspath(path).startswith("/proc"):
            raise FileNotFoundError(2, "No such file or directory", path)
        return function(path, *args, **more)

    return wrapper


def pretend(system: str) -> None:
    """Take away the modules, calls and files that a system lacks."""
    for name in ("asyncio", "multiprocessing.shared_memory", "zoneinfo", "joblib", "matplotlib.pyplot", "torch"):
        with contextlib.suppress(ModuleNotFoundError):  # started with -S
            importlib.import_module(name)
    for name in MODULES[system]:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, Missing(MODULES[system]))
    setattr(io, "open", without_proc(open))  # noqa: B010  mypy knows these as functions that nobody replaces
    setattr(__builtins__, "open", io.open)  # noqa: B010
    for name in ("open", "listdir", "scandir", "stat", "lstat", "readlink"):
        setattr(os, name, without_proc(getattr(os, name)))
    for module, names in (MACOS_LACKS if system == "darwin" else WINDOWS_LACKS).items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    setattr(tempfile, "_O_TMPFILE_WORKS", False)  # noqa: B010
    sys.platform = system


def is_file(command: list[str], i: int) -> bool:
    """Whether a word of Python's command line is neither an option nor an option's value."""
    return not command[i].startswith("-") and command[i - 1] not in ("-W", "-X")


def start_alike(system: str) -> None:
    """Let programs be started as a system starts them, and Python programs see the same system."""
    started = subprocess.Popen.__init__

    def start(self: Any, args: Any, *rest: Any, **more: Any) -> None:
        if system == "win32":
            assert not more.get("pass_fds") and not more.get("preexec_fn"), "expected neither pass_fds nor preexec_fn"
            more.pop("start_new_session", None)  # which Windows ignores
        if isinstance(args, list) and args[0] == sys.executable:
            first = next(i for i in range(1, len(args)) if args[i] in ("-c", "-m") or is_file(args, i))
            args = [*args[:first], __file__, system, *args[first:]]
        started(self, args, *rest, **more)

    def kill(self: Any) -> None:
        if self.poll() is None:
            os.kill(self.pid, 9)

    setattr(subprocess.Popen, "__init__", start)  # noqa: B010
    if system == "win32":
        setattr(subprocess.Popen, "kill", kill)  # noqa: B010
        setattr(subprocess, "_USE_POSIX_SPAWN", False)  # noqa: B010
        setattr(subprocess, "_USE_VFORK", False)  # noqa: B010


def main() -> None:
    """Run the program that the command line names, as Python itself does."""
    system, *sys.argv = sys.argv[1:]
    pretend(system)
    start_alike(system)
    way = sys.argv.pop(0) if sys.argv[0] in ("-c", "-m") else ""
    sys.path[0] = os.getcwd() if way else os.path.dirname(os.path.abspath(sys.argv[0]))
    if way == "-m":
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    elif way == "-c":
        code, sys.argv[0] = sys.argv[0], "-c"
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
