"""A process that has done the slow imports and forks into jobs, each of which gives up its rights like any other job.

Started by `forked.launcher`, it reads messages from a socket: open files, with their numbers in the sender.

* Container tier: the grader is the sender. This process forks a supervisor, which forks the job, and answers with the
  supervisor's pidfd.
* Full tier: the job's supervisor is the sender, process 1 in its own namespaces, and sends these, too. This process
  forks one that joins them and forks the job; the supervisor adopts the job, which tells it its process id there.

Nothing of a grader is ever in its memory, no student's code runs in it, and no job can write to it. `forked.py` lists
what its jobs share.
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
import time
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
    user_namespace = os.open("/proc/self/ns/user", os.O_RDONLY)
    socket.send_fds(channel, [marshal.dumps((_shared() or _threads(), _address_space()))], [user_namespace])
    os.close(user_namespace)
    while True:
        message, files, _, _ = socket.recv_fds(channel, 4096, MOST_FILES)
        if not message:
            os._exit(0)
        numbers = marshal.loads(message)
        namespaces = files[len(numbers) :]
        if (pid := os.fork()) == 0:
            channel.close()
            here = dict(zip(numbers, files[: len(numbers)], strict=True))
            _join(files, namespaces, here, path) if namespaces else _supervise(files, here, path)
        for file in files:
            os.close(file)
        if not namespaces:
            supervisor_fd = os.pidfd_open(pid)
            socket.send_fds(channel, [b"forked"], [supervisor_fd])
            os.close(supervisor_fd)
        _reap()


def _shared() -> str:
    """Memory of this process that all jobs could write to and so use to communicate; "" if none."""
    found, line = [], ""
    with open("/proc/self/smaps", encoding="utf-8", errors="replace") as maps:
        for row in maps:
            name, *words = row.split()
            if not name.endswith(":"):
                line = row
            elif name == "VmFlags:" and "sh" in words:  # a job may also make it writable first
                found.append(line)
    return "".join(found)


def _threads() -> str:
    """The threads of this process, of which a fork has only one; "" if that is all."""
    threads = os.listdir("/proc/self/task")
    return f"{len(threads)} threads" if len(threads) > 1 else ""


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _supervise(files: list[int], here: dict[int, int], path: list[str]) -> None:
    """Be a supervisor.

    Args:
        files: the control pipe, the status pipe, stdout, stderr, and more.
        here: the sender's number of each -> its number here.
        path: the job's `sys.path`, without its own folder.
    """
    try:
        os.setsid()
        control, status, out, errors = files[:4]
        _stream(out, errors)

        def begin(spec: "LaunchSpec", status: int, held: list[int]) -> int:
            return supervisor.fork(spec, status, held, lambda spec: _start(spec, path))

        supervisor.carry_out(control, status, begin, here)
    finally:
        os._exit(0)


def _join(files: list[int], namespaces: list[int], here: dict[int, int], path: list[str]) -> None:
    """Be a job in some namespaces, and a child of their process 1, the supervisor.

    Args:
        files: a socket to the supervisor, with the spec to read; then as `_supervise` takes them.
        namespaces: open files, one for each of `supervisor.NAMESPACES`.
        here, path: as `_supervise` takes them.
    """
    peer = socket.socket(fileno=files[0])
    try:
        with peer.makefile("rb") as content:
            spec = supervisor.read(marshal.loads(content.read()), here)
        _be_adopted(namespaces)
        peer.sendall(str(os.getpid()).encode())
    except BaseException as error:  # the supervisor starts the program itself
        peer.sendall(f"{type(error).__name__}: {error}".encode()[:1000])
        os._exit(0)
    peer.close()
    _, status, out, errors = files[:4]
    _stream(out, errors)
    supervisor.become(spec, status, [], lambda spec: _start(spec, path))


def _be_adopted(namespaces: list[int]) -> None:
    """Join namespaces; returns in another process, which is a child of their process 1."""
    own = os.stat("/proc/self/ns/cgroup")
    for name, file in zip(supervisor.NAMESPACES, namespaces, strict=True):
        # bubblewrap leaves this one as it is where the kernel has none
        if name != "cgroup" or not os.path.samestat(own, os.fstat(file)):
            libc.setns(file)
        os.close(file)
    if os.fork():  # who joins a process namespace is not in it, but the children are
        os.wait()
        os._exit(0)
    if os.fork():  # an orphan goes to process 1 of its parent's namespace
        os._exit(0)
    while os.getppid() != 1:
        time.sleep(0.0005)


def _stream(out: int, errors: int) -> None:
    """Move open files to stdout and stderr; stdin is opened anew, as jobs could leave each other flags of one file."""
    for file, number in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (errors, 2)):
        os.dup2(file, number)
        os.close(file)


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
        libc.set_name(os.path.basename(kind))  # as the command line of this process names no program
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
