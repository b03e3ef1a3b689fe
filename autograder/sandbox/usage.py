"""Count what a job uses while it runs: memory and CPU time of its processes, bytes and names of its files."""

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
            # the owner of the folder is no evidence: a process can hand its own to root by being undumpable
            text = _read(f"/proc/{entry}/status")
            if text and int(text[text.index(b"\nUid:") + 5 :].split(None, 1)[0]) == uid:
                found.append(int(entry))
    return found


def processes(pids: list[int], enough: int, uid: int | None) -> tuple[int, float]:
    """(bytes of memory, CPU seconds with those of children already waited for) of processes.

    Resident sets count shared pages once for each process; only if they come to more than `enough` are proportional
    ones read, which is slow, and done as the user `uid` (None: as we are), who is allowed to.
    """
    resident: dict[int, int] = {}
    ticks = 0
    for pid in pids:
        if fields := _read(f"/proc/{pid}/stat").rpartition(b")")[2].split():
            resident[pid] = int(fields[RSS_FIELD]) * PAGE
            ticks += sum(int(field) for field in fields[CPU_FIELDS])
    if sum(resident.values()) > enough:
        if uid is not None:
            os.setegid(uid)
            os.seteuid(uid)
        resident = {pid: _proportional(pid) or size for pid, size in resident.items()}
        if uid is not None:
            os.seteuid(0)
            os.setegid(0)
    return sum(resident.values()), ticks / TICK


def _proportional(pid: int) -> int:
    """Bytes of a process, shared pages divided among those who share them; 0 where we may not look."""
    words = _read(f"/proc/{pid}/smaps_rollup").split()
    return int(words[words.index(b"Pss:") + 1]) * 1024 if b"Pss:" in words else 0


def _read(path: str) -> bytes:
    """A file of a process, empty if it is gone or not ours to read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def mounted(path: str) -> tuple[int, int]:
    """(bytes, files) on a file system of its own."""
    usage = os.statvfs(path)
    return (usage.f_blocks - usage.f_bfree) * usage.f_frsize, usage.f_files - usage.f_ffree


def free(paths: tuple[str, ...]) -> int:
    """Bytes still free on the file system of the first path; 0 without paths."""
    usage = os.statvfs(paths[0]) if paths else None
    return usage.f_bavail * usage.f_frsize if usage else 0


def folder(path: str, depth: int = 0) -> tuple[int, int]:
    """(bytes on disk, files) beneath a folder, links not followed; stops where there are too many or too deep."""
    size, count = 0, 0
    if depth > DEEPEST:
        return 0, MOST_FILES + 1
    try:
        names = os.listdir(path)
    except (FileNotFoundError, NotADirectoryError):  # changed while we looked; the next look will tell
        return 0, 0
    except OSError:  # such as a name too long for us to follow
        return 0, MOST_FILES + 1
    for name in names[: MOST_FILES + 1]:
        below = _entry(f"{path}/{name}", depth)
        size, count = size + below[0], count + below[1]
        if count > MOST_FILES:
            break
    return size, count


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
