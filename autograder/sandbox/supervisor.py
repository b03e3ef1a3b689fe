"""The process between grader and job: it gives up the job's rights, monitors the job, ends it, reports.

Started as `python -I -S -c START ROOT CONTROL STATUS [FORKING]`, or forked by the process of `zygote.py`, it reads a
`LaunchSpec` from the control pipe; when that pipe's other end is closed, the job is over. It writes lines to the status
pipe: "fault TEXT", or last of all "ended STOPPED EXIT_CODE CPU_SECONDS WALL_SECONDS MAXRSS", where STOPPED says why it
ended the job: "cpu", "wall", "memory" or "scratch" for a limit, "disk" if the machine's disk fills up for any reason,
"grader" at the grader's request, or "-". In the full tier it is process 1 of the job's process namespace, so nothing
outlives it; if FORKING is a socket to the process of `zygote.py`, it asks that for the job's process.

It imports little: every module costs each job milliseconds.
"""

import _socket
import fcntl
import marshal
import os
import resource
import select
import signal
import struct
import sys
import time
import types

from autograder.sandbox import landlock, libc, seccomp
from autograder.sandbox.fds import HELD_FD, INPUT_FD
from autograder.sandbox.monitor import Monitor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from autograder.sandbox.launch_spec import LaunchSpec

    Waited = tuple[int, int, resource.struct_rusage]
    Start = Callable[[LaunchSpec], None]
    Begin = Callable[[LaunchSpec, int, list[int]], int]

START = "import sys; sys.path.insert(0, sys.argv[1]); from autograder.sandbox.supervisor import main; main()"
INTERVAL = 0.1  # seconds between two checks of the job
PATIENCE = 10.0  # seconds to wait for killed processes to be gone, or for a process that was asked for
NAMESPACES = ("mnt", "pid", "net", "ipc", "uts", "cgroup")


def main() -> None:
    """Carry out the spec from the control pipe."""
    control, status, *forking = map(int, sys.argv[2:])

    def begin(spec: "LaunchSpec", status: int, held: list[int]) -> int:
        child = ask(forking[0], spec, status) if forking else 0
        return child or fork(spec, status, held, execute)

    carry_out(control, status, begin)


def execute(spec: "LaunchSpec") -> None:
    """Become the job's program."""
    os.execve(spec.argv[0], spec.argv, spec.env)


def fork(spec: "LaunchSpec", status: int, held: list[int], start: "Start") -> int:
    """Fork the job's process.

    Args:
        status: the status pipe.
        held: the spec's, opened.
        start: starts the job's program; called in its process without its rights, and does not return.
    """
    if (child := os.fork()) == 0:
        become(spec, status, held, start)
    return child


def ask(forking: int, spec: "LaunchSpec", status: int) -> int:
    """Ask for a process in the namespaces of this one, which is their process 1; 0 if none is to be had.

    Args:
        forking: a socket to the process that forks it; closed.
        status: the status pipe.
    """
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
    numbers = [theirs.fileno(), status, 1, 2, spec.input_fd, spec.result_fd, *spec.cgroup_fds]
    opened = [os.open(f"/proc/self/ns/{name}", os.O_RDONLY) for name in NAMESPACES]
    sent = struct.pack(f"{len(numbers + opened)}i", *numbers, *opened)
    channel = _socket.socket(fileno=forking)
    try:
        channel.sendmsg([marshal.dumps(numbers)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, sent)])
        theirs.close()
        ours.settimeout(PATIENCE)  # an answer that comes later could begin the job twice
        ours.sendall(marshal.dumps(vars(spec) | {"limits": vars(spec.limits)}))
        ours.shutdown(_socket.SHUT_WR)
        answer = ours.recv(1024)
    except (BrokenPipeError, ConnectionResetError):
        answer = b""  # it has ended
    finally:
        for file in opened:
            os.close(file)
        for end in (ours, theirs, channel):
            end.close()
    return int(answer) if answer.isdigit() else 0


def carry_out(control: int, status: int, begin: "Begin", files: "dict[int, int] | None" = None) -> None:
    """Read a spec, carry it out, report.

    Args:
        control, status: open files.
        begin: (spec, status, opened folders to pass) -> the job's process, a child of this one.
        files: the spec's number of an open file -> its number here, if they differ.
    """
    try:
        with open(control, "rb", closefd=False) as file:
            spec = read(marshal.load(file), files)
        # a job of the same user may send signals here; the job itself starts without this mask
        signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
        if spec.confined:
            # no process of our own user may inspect this one, and orphans become our children
            libc.prctl(libc.PR_SET_DUMPABLE, 0)
            libc.prctl(libc.PR_SET_CHILD_SUBREAPER, 1)
        _say(status, "ended " + _supervise(spec, control, status, begin))
    except Exception as error:
        _say(status, f"fault {type(error).__name__}: {error}")


def read(fields: dict, files: "dict[int, int] | None") -> "LaunchSpec":
    """A spec from its fields, see `LaunchSpec.message`, with the numbers that its open files have here."""
    spec = types.SimpleNamespace(**fields)
    spec.limits = types.SimpleNamespace(**spec.limits)
    if files is not None:
        spec.input_fd, spec.result_fd = files[spec.input_fd], files[spec.result_fd]
        spec.cgroup_fds = [files[number] for number in spec.cgroup_fds]
    return spec  # type: ignore[return-value]


def _say(status: int, line: str) -> None:
    os.write(status, line.replace("\n", " ").encode() + b"\n")


def _supervise(spec: "LaunchSpec", control: int, status: int, begin: "Begin") -> str:
    """Start the job, wait for its end or end it; returns the words of the report."""
    held = [os.open(path, os.O_PATH) for path in spec.held]
    started = time.monotonic()
    child = begin(spec, status, held)
    for fd in (1, 2, spec.input_fd, spec.result_fd, *spec.cgroup_fds, *held):
        os.close(fd)
    try:
        monitor = Monitor(spec)
        stopped, ended = _watch(spec, monitor, child, control, started)
    except BaseException:
        _finish(spec, child, None)
        raise
    wall = time.monotonic() - started
    _, waited, usage = _finish(spec, child, ended)
    if stopped == "disk" and monitor.regained():
        stopped = "scratch"
    maxrss = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return f"{stopped} {os.waitstatus_to_exitcode(waited)} {_children_cpu():.3f} {wall:.3f} {maxrss}"


def _children_cpu() -> float:
    """CPU seconds of the processes waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _watch(
    spec: "LaunchSpec", monitor: Monitor, child: int, control: int, started: float
) -> "tuple[str, Waited | None]":
    """Wait for the job's end, or for a reason to end it; returns the reason, and wait4's result if it has ended."""
    poll = select.poll()
    poll.register(control, select.POLLIN | select.POLLHUP)
    wakes = hasattr(os, "pidfd_open")
    if wakes:
        poll.register(os.pidfd_open(child), select.POLLIN)
    while True:
        left = started + spec.limits.wall_seconds - time.monotonic()
        happened = poll.poll(1000 * min(INTERVAL if wakes else INTERVAL / 5, max(left, 0)))
        ended = os.wait4(child, os.WNOHANG)
        if ended[0]:
            return "-", ended
        if any(fd == control for fd, _ in happened):
            return "grader", None
        if left <= 0:
            return "wall", None
        if reason := monitor.exceeded(_children_cpu()):
            return reason, None


def _finish(spec: "LaunchSpec", child: int, ended: "Waited | None") -> "Waited":
    """Kill all processes of the job; returns wait4's result for the job itself."""
    deadline = time.monotonic() + PATIENCE
    while ended is None:
        # it may not be in the job's group or of the job's user yet
        _send_kill(os.kill, child)
        _kill(spec, child)
        waited = os.wait4(child, os.WNOHANG)
        ended = waited if waited[0] else None
        if time.monotonic() > deadline:
            raise TimeoutError("the job cannot be killed")
        time.sleep(0.002)
    _kill(spec, child)
    _reap(spec, deadline)
    return ended


def _send_kill(how: "Callable[[int, int], None]", number: int) -> None:
    try:
        how(number, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # gone, or of the job's user by now, killed below
        pass


def _kill(spec: "LaunchSpec", child: int) -> None:
    """End the job's processes: all of its user or namespace if it has one, else its process group."""
    if spec.uid is None:
        # as process 1 of a namespace, -1 means all of it and nothing else; else only the group is surely the job's
        _send_kill(os.kill, -1) if os.getpid() == 1 else _send_kill(os.killpg, child)
        return
    killer = os.fork()
    if killer == 0:
        try:
            os.setresuid(spec.uid, spec.uid, spec.uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(killer, 0)


def _reap(spec: "LaunchSpec", deadline: float) -> None:
    """Wait for all orphans, and kill again those started meanwhile."""
    if not spec.confined:
        return
    while time.monotonic() < deadline:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        _kill(spec, -1)
        time.sleep(0.005)
    raise TimeoutError("some processes of the job cannot be killed")


def become(spec: "LaunchSpec", status: int, held: list[int], start: "Start") -> "NoReturn":
    """In the job's process, with all its rights yet: become the job, see `fork`."""
    try:
        os.setsid()
        for fd in spec.cgroup_fds:
            os.write(fd, b"0")
        _place_files(spec, status, held)
        status = HELD_FD + len(held)
        os.chdir(spec.folder)
        os.umask(0o077)
        for name in ("SIGPIPE", "SIGXFSZ", "SIGINT"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)  # ignored signals would stay ignored in the job
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        _give_up_rights(spec)
        start(spec)
    except BaseException as error:
        _say(status, f"fault starting the job: {type(error).__name__}: {error}")
    finally:
        os._exit(127)


def _place_files(spec: "LaunchSpec", status: int, held: list[int]) -> None:
    """Put input, result and held folders at their agreed numbers, the status pipe after them; close all others."""
    wanted = [spec.input_fd, spec.result_fd, *held, status]
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for fd in wanted]  # out of the way
    for number, fd in enumerate(high, INPUT_FD):
        os.dup2(fd, number, inheritable=number < INPUT_FD + len(wanted) - 1)
    os.closerange(INPUT_FD + len(wanted), 65536)


def _give_up_rights(spec: "LaunchSpec") -> None:
    """Give up limits, user, files and system calls, in an order in which each is still allowed."""
    rules = landlock.ruleset(spec.readable, spec.writable) if spec.readable is not None else None
    for name, values in spec.rlimits.items():
        if name == "RLIMIT_AS" and sys.platform == "darwin":
            continue  # that kernel refuses to set it
        number = getattr(resource, name)
        soft, hard = values
        most = resource.getrlimit(number)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(number, (soft, hard))
    if spec.confined:
        _bound_capabilities()
    if spec.uid is not None:
        os.setgroups([])
        os.setresgid(spec.uid, spec.uid, spec.uid)
        os.setresuid(spec.uid, spec.uid, spec.uid)
    if spec.confined:
        libc.drop_capabilities()
        libc.prctl(libc.PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.no_new_privileges()
        if rules is not None:
            landlock.restrict(rules)
            os.close(rules)
        seccomp.install(spec.strict)


def _bound_capabilities() -> None:
    """Keep even a set-user-id program from regaining any capability."""
    try:
        for capability in range(64):
            libc.prctl(libc.PR_CAPBSET_DROP, capability)
    except OSError:  # after the last one, or without the right; no_new_privs then has the same effect
        pass
