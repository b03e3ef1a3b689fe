"""Count a running job's usage: memory and CPU time of its processes, bytes and number of its files."""

import os
import stat

PAGE, TICK = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
MOST_FILES, DEEPEST = 10_000, 32
# of man 5 proc's /proc/pid/stat, counted after the name
STATE_FIELD, CPU_FIELDS, THREADS_FIELD, RSS_FIELD = 0, slice(11, 15), 17, 21
BUFFER = 2**18  # bytes that a pipe or socket holds at most, with the sizes that the kernel gives it
ENDED = (b"Z", b"X")


class Held:
    """What the open files of a job hold: bytes on disk of deleted files; bytes, at most, in pipes and sockets.

    `unseen` is the number of living processes that do not show their open files.
    """

    # not a NamedTuple, as each job's supervisor would have to import `typing`
    def __init__(self, deleted: int = 0, buffers: int = 0, unseen: int = 0) -> None:
        self.deleted, self.buffers, self.unseen = deleted, buffers, unseen


def of_user(uid: int) -> list[int]:
    """Process ids whose real user id is `uid`, zombies included."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            # not by the folder's owner: that of an undumpable process is root
            text = _read(f"/proc/{entry}/status")
            if text and int(text[text.index(b"\nUid:") + 5 :].split(None, 1)[0]) == uid:
                found.append(int(entry))
    return found


def living(pids: list[int]) -> dict[int, list[bytes]]:
    """The fields of /proc/pid/stat of processes, by the number of the process or of a thread that lives.

    Once a process's first thread has ended, its memory and files are those of another thread.
    """
    found = {}
    for pid in pids:
        fields = _stat(pid)
        if fields and fields[STATE_FIELD] in ENDED and int(fields[THREADS_FIELD]) > 1:
            others = {thread: _stat(thread) for thread in map(int, _names(f"/proc/{pid}/task"))}
            alive = {thread: of for thread, of in others.items() if of and of[STATE_FIELD] not in ENDED}
            pid, fields = next(iter(alive.items()), (pid, fields))
        if fields:
            found[pid] = fields
    return found


def _stat(pid: int) -> list[bytes]:
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def processes(members: dict[int, list[bytes]], enough: int, uid: int | None) -> tuple[int, float]:
    """(bytes of memory, CPU seconds with those of children already waited for) of processes that `living` has found.

    Resident sets count shared pages once for each process. Only if their sum exceeds `enough`, the slower proportional
    set sizes are read, as the user `uid` (None: as this user), who has the right to.
    """
    ticks = sum(int(field) for fields in members.values() for field in fields[CPU_FIELDS])
    resident = {pid: int(fields[RSS_FIELD]) * PAGE + _page_tables(pid) for pid, fields in members.items()}
    if sum(resident.values()) > enough:
        _act_as(uid)
        resident = {pid: _kilobytes(pid, "smaps_rollup", b"Pss:") or size for pid, size in resident.items()}
        _act_as(None if uid is None else 0)
        resident = {pid: size + _page_tables(pid) for pid, size in resident.items()}
    return sum(resident.values()), ticks / TICK


def _page_tables(pid: int) -> int:
    """Bytes of the kernel's tables of a process's pages, which are in no resident set."""
    return _kilobytes(pid, "status", b"VmPTE:")


def _act_as(uid: int | None) -> None:
    """Take the rights of a user id, which may read its processes; None keeps this user's."""
    if uid == 0:
        os.seteuid(0)  # first, as only root may take another group
        os.setegid(0)
    elif uid is not None:
        os.setegid(uid)
        os.seteuid(uid)


def _kilobytes(pid: int, file: str, name: bytes) -> int:
    """Bytes that a file of a process in /proc names; 0 without the right to read it."""
    words = _read(f"/proc/{pid}/{file}").split()
    return int(words[words.index(name) + 1]) * 1024 if name in words else 0


def _read(path: str) -> bytes:
    """The content of a /proc file, empty if it is gone or not readable."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def mounted(path: str) -> tuple[int, int]:
    """(bytes, files) used on a file system."""
    usage = os.statvfs(path)
    return (usage.f_blocks - usage.f_bfree) * usage.f_frsize, usage.f_files - usage.f_ffree


def free(paths: tuple[str, ...]) -> int:
    """Bytes still free on the file system of the first path; 0 without paths."""
    usage = os.statvfs(paths[0]) if paths else None
    return usage.f_bavail * usage.f_frsize if usage else 0


def folder(path: str, depth: int = 0) -> tuple[int, int]:
    """(bytes on disk, files) beneath a folder; does not follow links, stops at too many files or too great a depth."""
    size, count = 0, 0
    if depth > DEEPEST:
        return 0, MOST_FILES + 1
    try:
        names = os.listdir(path)
    except (FileNotFoundError, NotADirectoryError):  # changed meanwhile; the next check counts it
        return 0, 0
    except OSError:  # such as a path that is too long
        return 0, MOST_FILES + 1
    for name in names[: MOST_FILES + 1]:
        below = _entry(f"{path}/{name}", depth)
        size, count = size + below[0], count + below[1]
        if count > MOST_FILES:
            break
    return size, count


def held(pids: list[int], uid: int | None) -> Held:
    """What the open files of processes hold, read as the user `uid` (None: as this user)."""
    _act_as(uid)
    deleted, buffers, unseen = {}, set(), 0
    for pid in pids:
        try:
            numbers = os.listdir(f"/proc/{pid}/fd")
        except PermissionError:
            fields = _stat(pid)
            unseen += bool(fields) and int(fields[RSS_FIELD]) > 0
            continue
        except OSError:  # it has ended
            continue
        for number in numbers:
            try:
                status = os.stat(f"/proc/{pid}/fd/{number}")
            except OSError:  # closed meanwhile
                continue
            if stat.S_ISREG(status.st_mode) and not status.st_nlink:
                deleted[status.st_dev, status.st_ino] = status.st_blocks * 512
            elif stat.S_ISSOCK(status.st_mode) or stat.S_ISFIFO(status.st_mode):
                buffers.add((status.st_dev, status.st_ino))
    _act_as(None if uid is None else 0)
    return Held(sum(deleted.values()), len(buffers) * BUFFER, unseen)


def mapped_deleted(pids: list[int], uid: int | None) -> int:
    """The number of deleted files that processes have mapped, read as the user `uid` (None: as this user)."""
    _act_as(uid)
    found = set()
    for pid in pids:
        for line in _read(f"/proc/{pid}/maps").splitlines():
            if line.endswith(b" (deleted)"):
                found.add(tuple(line.split()[3:5]))  # device and inode
    _act_as(None if uid is None else 0)
    return len(found)


def _names(folder: str) -> list[str]:
    """The names in a folder of /proc, empty if it is gone or not readable."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _entry(path: str, depth: int) -> tuple[int, int]:
    """(bytes on disk, files) of an entry and what is beneath it."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return 0, 1
    except OSError:
        return 0, MOST_FILES + 1
    below = folder(path, depth + 1) if stat.S_ISDIR(status.st_mode) else (0, 0)
    return status.st_blocks * 512 + below[0], 1 + below[1]
