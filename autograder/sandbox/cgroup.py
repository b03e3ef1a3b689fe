"""A control group for one job: limits on the memory and number of its processes. Version 2 or 1, if writable."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

MOUNTS = Path("/sys/fs/cgroup")


class Group:
    """The folders of one group (two in version 1); the files `procs` admit processes."""

    def __init__(self, folders: list[Path]) -> None:
        self.folders = folders

    @property
    def procs(self) -> list[Path]:
        """Writing "0" to each moves the writer into the group."""
        return [folder / "cgroup.procs" for folder in self.folders]

    def out_of_memory(self) -> bool:
        """Whether the kernel has killed a process of the group for its memory."""
        for folder in self.folders:
            for name in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(OSError):
                    counts = dict(line.split() for line in (folder / name).read_text().splitlines())
                    return int(counts.get("oom_kill", 0)) > 0
        return False

    def remove(self) -> None:
        """Delete the group; its last process may still be ending."""
        for folder in self.folders:
            for _ in range(100):
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.01)


def own_paths() -> dict[str, str]:
    """Controller -> our group's path; version 2's is under the empty name."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    fields = [line.split(":", 2) for line in lines]
    return {name: path.lstrip("/") for _, names, path in fields for name in names.split(",")}


def _write(folder: Path, name: str, value: int) -> None:
    (folder / name).write_text(str(value))


def _version_2(name: str, memory: int, processes: int) -> Group:
    """A group beside or above ours: only groups without processes pass controllers on."""
    root = next(p for p in (MOUNTS, MOUNTS / "unified") if (p / "cgroup.controllers").exists())
    own = root / own_paths().get("", "")
    for parent in [own, *own.parents]:
        handed_down = (parent / "cgroup.subtree_control").read_text().split()
        if {"memory", "pids"} <= set(handed_down):
            return _limited([parent / name], {"memory.max": memory, "memory.swap.max": 0, "pids.max": processes})
        if parent == root:
            break
    raise OSError("no group of version 2 passes on memory and pids")


def _version_1(name: str, memory: int, processes: int) -> Group:
    own = own_paths()
    folders = [MOUNTS / controller / own[controller] / name for controller in ("memory", "pids")]
    limits = {"memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": memory, "pids.max": processes}
    return _limited(folders, limits)


def _limited(folders: list[Path], limits: dict[str, int]) -> Group:
    group = Group([])
    try:
        for folder in folders:
            folder.mkdir()
            group.folders.append(folder)
            for name, value in limits.items():
                if (folder / name).exists():  # swap may be uncounted; version 1 has a folder each
                    _write(folder, name, value)
    except OSError:
        group.remove()
        raise
    return group


@contextlib.contextmanager
def group(name: str, memory: int, processes: int) -> Iterator[Group | None]:
    """A new group with limits in bytes and processes, removed after the block; None without the right to make one."""
    made = None
    if os.geteuid() == 0:
        for make in (_version_2, _version_1):
            with contextlib.suppress(OSError, KeyError, StopIteration):
                made = make(name, memory, processes)
                break
    try:
        yield made
    finally:
        if made is not None:
            made.remove()
