"""Look at a running job for a limit that all its processes together exceed."""

import os
import sys
import time

from autograder.sandbox import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograder.sandbox.launch_spec import LaunchSpec

SLACK = 2**30  # bytes that other programs may write to the disk during a job
UNSEEN = 3.0  # seconds for which a process may not show its open files, as the first does while it starts
SETTLE = 2.0  # seconds for the disk to take back the space of files that nobody has open any more


class Monitor:
    """What is known of a job between two looks at it."""

    def __init__(self, spec: "LaunchSpec") -> None:
        self.spec = spec
        self.free = usage.free(spec.counted_scratch)
        self.free_at_end = self.free
        self.unseen_since = 0.0

    def exceeded(self, waited_cpu: float) -> str:
        """The name of a limit that the whole job exceeds, "disk" for a disk that fills up, or "".

        Args:
            waited_cpu: CPU seconds of its processes that have been waited for.
        """
        spec, limits = self.spec, self.spec.limits
        if not spec.confined:
            return ""
        counts = not spec.cgroup_fds  # else the kernel counts memory
        members = usage.living(self._members())
        memory, cpu = usage.processes(members, limits.memory if counts else sys.maxsize, spec.uid)
        held = usage.held(list(members), spec.uid) if counts or not spec.scratch_mounted else usage.Held()
        # one process does not show its files while it starts; more than one could hold as much as their files allow
        hidden = held.unseen * limits.open_files * usage.BUFFER if held.unseen > 1 else 0
        if counts and memory + held.buffers + hidden > limits.memory or self._hides(held):
            return "memory"
        if cpu + waited_cpu > limits.cpu_seconds:
            return "cpu"
        if self._scratch_is_full(held.deleted):
            return "scratch"
        return "" if spec.scratch_mounted else self._disk(list(members), held.deleted)

    def regained(self) -> bool:
        """Whether the end of the job has given the disk back more than the job may write, so the job had filled it."""
        deadline = time.monotonic() + SETTLE
        while usage.free(self.spec.counted_scratch) - self.free_at_end <= self.spec.limits.scratch:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _members(self) -> list[int]:
        """The job's processes: those of its user id, or all others in this namespace."""
        if self.spec.uid is not None:
            return usage.of_user(self.spec.uid)
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]

    def _hides(self, held: usage.Held) -> bool:
        """Whether a process has refused for a while to show its open files, which may be many full buffers."""
        now = time.monotonic()
        self.unseen_since = (self.unseen_since or now) if held.unseen else 0.0
        return held.unseen > 0 and now - self.unseen_since > UNSEEN

    def _scratch_is_full(self, deleted: int) -> bool:
        """Whether there are too many files or, in a plain folder, too many bytes in them."""
        for path in self.spec.counted_scratch:
            size, files = usage.mounted(path) if self.spec.scratch_mounted else usage.folder(path)
            # a full file system raises an error in the job itself; in a folder, deleted files still take space
            if files > usage.MOST_FILES or (
                not self.spec.scratch_mounted and size + deleted > self.spec.limits.scratch
            ):
                return True
        return False

    def _disk(self, members: list[int], deleted: int) -> str:
        """ "disk" if it has lost much more than the job may write, or if the job may hide the loss in mapped files."""
        limits = self.spec.limits
        self.free_at_end = usage.free(self.spec.counted_scratch)
        lost = self.free - self.free_at_end
        if lost <= limits.scratch:
            return ""
        hidden = usage.mapped_deleted(members, self.spec.uid) * limits.file_size  # their sizes are not known
        return "disk" if lost > limits.scratch + SLACK or deleted + hidden > limits.scratch else ""
