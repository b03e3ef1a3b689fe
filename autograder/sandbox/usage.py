"""Count a running job's usage: memory and CPU time of its processes, bytes and number of its files."""

import os
import stat

PAGE, TICK = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
MOST_FILES, DEEPEST = 10_000, 32
RSS_FIELD, CPU_FIELDS = 21, slice(11, 15)  # of man 5 proc's /proc/pid/stat, counted after the name


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


def processes(pids: list[int], enough: int, uid: int | None) -> tuple[int, float]:
    """(bytes of memory, CPU seconds with those of children already waited for) of processes.

    Resident sets count shared pages once for each process. Only if their sum exceeds `enough`, the slower proportional
    set sizes are read, as the user `uid` (None: as this user), who has the right to.
    """
    resident: dict[int, int] = {}
    ticks = 0
    for pid in pids:
        if fields := _read(f"/proc/{pid}/stat").rpartition(b")")[2].split():
            resident[pid] = int(fields[RSS_FIELD]) * PAGE
            ticks += sum(int(field) for field in fields[CPU_FIELDS])
    if sum(resident.values()) > enough:
        _act_as(uid)
        resident = {pid: _proportional(pid) or size for pid, size in resident.items()}
        _act_as(None if uid is None else 0)
    return sum(resident.values()), ticks / TICK


def _act_as(uid: int | None) -> None:
    """Take the rights of a user id, which may read its processes; None keeps this user's."""
    if uid == 0:
        os.seteuid(0)  # first, as only root may take another group
        os.setegid(0)
    elif uid is not None:
        os.setegid(uid)
        os.seteuid(uid)


def _proportional(pid: int) -> int:
    """Bytes of a process, with shared pages divided among their processes; 0 without the right to read them."""
    words = _read(f"/proc/{pid}/smaps_rollup").split()
    return int(words[words.index(b"Pss:") + 1]) * 1024 if b"Pss:" in words else 0


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


def deleted(pids: list[int], uid: int | None) -> int:
    """Bytes on disk of files without a name that processes have open, read as the user `uid` (None: as this user)."""
    _act_as(uid)
    sizes = {}
    for pid in pids:
        for number in _open_files(pid):
            try:
                status = os.stat(f"/proc/{pid}/fd/{number}")
            except OSError:  # closed meanwhile
                continue
            if stat.S_ISREG(status.st_mode) and not status.st_nlink:
                sizes[status.st_dev, status.st_ino] = status.st_blocks * 512
    _act_as(None if uid is None else 0)
    return sum(sizes.values())


def _open_files(pid: int) -> list[str]:
    """The numbers of a process's open files, empty if it is gone or not readable."""
    try:
        return os.listdir(f"/proc/{pid}/fd")
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
