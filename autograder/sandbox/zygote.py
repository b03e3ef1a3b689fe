"""A process that has done the slow imports and forks into jobs, each of which gives up its rights like any other job.

Started by `forked.launcher`, it reads messages from a socket: open files, with their numbers in the grader. For each
message it forks a supervisor, which forks the job, and answers with the supervisor's pidfd. Nothing of a grader is ever
in its memory. Unlike fresh processes, its jobs share addresses of libraries, the hash seed and imported modules.
"""

import atexit
import fcntl
import gc
import importlib
import marshal
import os
import runpy
import signal
import socket
import sys
import tempfile
import threading
import types

from autograder.sandbox import libc, supervisor
from autograder.sandbox.fds import HELD_FD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograder.sandbox.launch_spec import LaunchSpec

START = "import sys; sys.path.insert(1, sys.argv[1]); from autograder.sandbox.zygote import main; main()"
MOST_FILES = 32  # that come with one message
OPTIONS = {"-s", "-S", "-u", "-B"}  # options of the interpreter that change nothing here


def become_zygote(python: str, argv: list[str], env: dict[str, str], numbers: list[int]) -> None:
    """Move open files to the numbers from HELD_FD on, then become the zygote; its libraries may lie in these."""
    high = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 100) for number in numbers]
    for number, file in enumerate(high, HELD_FD):
        os.dup2(file, number)
    os.closerange(HELD_FD + len(numbers), 65536)
    os.execve(python, argv, env)


def main() -> None:
    """Import, then fork at each message, until the socket is closed."""
    channel = socket.socket(fileno=int(sys.argv[2]))
    path = [entry for entry in sys.path[1:] if entry != sys.argv[1]]
    # no job may inspect this process, from which it is forked
    libc.prctl(libc.PR_SET_DUMPABLE, 0)
    for name in sys.argv[3:]:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # frozen objects stay uncollected, so that no job copies their pages
    channel.send(marshal.dumps((_shared(), _address_space())))
    while True:
        message, files, _, _ = socket.recv_fds(channel, 4096, MOST_FILES)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            channel.close()
            _supervise(marshal.loads(message), files, path)
        for file in files:
            os.close(file)
        supervisor_fd = os.pidfd_open(pid)
        socket.send_fds(channel, [b"forked"], [supervisor_fd])
        os.close(supervisor_fd)
        _reap()


def _shared() -> str:
    """Memory of this process that all jobs could write to and so use to communicate; "" if none."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        return "".join(line for line in maps if line.split()[1][1::2] == "ws")


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _supervise(numbers: list[int], files: list[int], path: list[str]) -> None:
    """Be a supervisor; the first four of `numbers` and `files` are control, status, stdout and stderr."""
    try:
        os.setsid()
        control, status, out, errors = files[:4]
        for file, number in ((out, 1), (errors, 2)):
            os.dup2(file, number)
            os.close(file)
        here = dict(zip(numbers, files, strict=True))
        supervisor.carry_out(control, status, lambda spec: _start(spec, path), here)
    finally:
        os._exit(0)


def _address_space() -> int:
    """Bytes of this process's own."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def program(argv: list[str]) -> list[str]:
    """The interpreter's arguments from the program on; empty if they hold options that a fork cannot honour."""
    while argv and argv[0] in OPTIONS:
        argv = argv[1:]
    return argv if argv and (argv[0] in ("-c", "-m") or not argv[0].startswith("-")) else []


def _start(spec: "LaunchSpec", path: list[str]) -> None:
    """Become the job's program in this process."""
    os.close(HELD_FD + len(spec.held))  # with the status pipe, a job could forge its supervisor's report
    libc.prctl(libc.PR_SET_DUMPABLE, 1)  # as for any program that its user may read
    for name in ("SIGPIPE", "SIGXFSZ"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(spec.env)
    tempfile.tempdir = None
    for name in [name for name in sys.modules if name.split(".")[0] in ("autograder", "labs", "smallnets")]:
        del sys.modules[name]  # the job has its own
    # unseeded generators differ, as in fresh processes
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()
    if torch := sys.modules.get("torch"):
        torch.default_generator.seed()
    os._exit(_run(program(spec.argv[1:]), path))


def _run(argv: list[str], path: list[str]) -> int:
    """Run the program in the interpreter's arguments to its very end; returns the exit code."""
    code = 0
    try:
        _program(argv, path)
    except SystemExit as end:
        code = _exit_code(end)
    except BaseException as error:
        _show(error)
        code = 1
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        code = code or 120  # as Python's own
    return code


def _program(argv: list[str], path: list[str]) -> None:
    kind, *words = argv
    first = "" if kind == "-c" else os.getcwd() if kind == "-m" else os.path.dirname(os.path.realpath(kind))
    sys.path[:] = [first, *path]
    sys.argv[:] = argv if kind not in ("-c", "-m") else [kind, *words[1:]]
    if kind == "-m":
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        module = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(words[0], "<string>", "exec"), module.__dict__)
    else:
        runpy.run_path(kind, run_name="__main__")


def _exit_code(end: SystemExit) -> int:
    """The exit code that the interpreter gives sys.exit(...)."""
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code & 0xFF
    print(end.code, file=sys.stderr)
    return 1


def _show(error: BaseException) -> None:
    """The traceback, from the program's own frames on."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    sys.excepthook(type(error), error.with_traceback(trace), trace)
