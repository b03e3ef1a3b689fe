"""Every attack as data: its payload, its job's limits, and its expected fate in each tier."""

import ast
import dataclasses
import enum
from pathlib import Path

from autograder.sandbox.job import MB, Cause, Limits, Tier

PAYLOADS = Path(__file__).parent / "payloads"
LIMITS = Limits(
    cpu_seconds=4,
    wall_seconds=60,
    memory=256 * MB,
    address_space=1024 * MB,
    processes=32,
    file_size=4 * MB,
    open_files=64,
    output=64 * 1024,
    scratch=16 * MB,
)


class Fate(enum.StrEnum):
    """The fate of an attack."""

    CAUGHT = "caught"
    THROUGH = "gets through"
    EITHER = "depends on the machine"


@dataclasses.dataclass(frozen=True)
class Attack:
    """One attack.

    Args:
        name: also the name of its payload's file.
        in_unsafe: its fate in the unsafe tier if root runs the grader.
        in_container: its fate in the container tier; the full tier must catch all attacks.
        cause: the cause that a safe tier must name; None where several are right.
        hands_in: "link" or "pipe" if its net.py is one.
        limits: those of its job.
        chances: how often it is replayed at most until it ends as promised. What the disk has lost shows a file that
            is only mapped; another program that frees as much meanwhile hides it.
        imports: those of its job, see `Job`.
    """

    name: str
    in_unsafe: Fate = Fate.CAUGHT
    cause: Cause | None = None
    hands_in: str = ""
    limits: Limits = LIMITS
    in_container: Fate = Fate.CAUGHT
    chances: int = 1
    imports: tuple[str, ...] = ("numpy",)

    @property
    def tries(self) -> str:
        """One line on its aim: its payload's docstring."""
        return (ast.get_docstring(ast.parse(self.payload.read_text(encoding="utf-8"))) or "").splitlines()[0]

    @property
    def payload(self) -> Path:
        """The program that a student would hand in."""
        return PAYLOADS / f"{self.name}.py"

    def expected(self, tier: Tier) -> Fate:
        """Its expected fate in a tier."""
        return {Tier.UNSAFE: self.in_unsafe, Tier.CONTAINER: self.in_container}.get(tier, Fate.CAUGHT)


# attacks on labels and results in the grader's own process
INSIDE = [
    Attack("frames"),
    Attack("collector"),
    Attack("evil_result", cause=Cause.PROTOCOL),
    Attack("patched"),
    Attack("at_exit", Fate.THROUGH),
    Attack("early_exit", Fate.THROUGH),
    Attack("lying_parameters", cause=Cause.PROTOCOL),
    Attack("exit_zero", cause=Cause.PROTOCOL),
    Attack("pickle_model", Fate.THROUGH),
]
# attacks on the rest of the machine
OUTSIDE = [
    Attack("read_labels", Fate.THROUGH),
    Attack("read_shadow", Fate.THROUGH),
    Attack("read_machine", Fate.THROUGH),
    Attack("read_environ", Fate.THROUGH),
    Attack("read_memory", Fate.THROUGH),
    Attack("attach", Fate.THROUGH),
    Attack("connect", Fate.THROUGH),
    Attack("unix_socket", Fate.THROUGH),
    Attack("namespaces", Fate.THROUGH),
    Attack("new_privileges", Fate.THROUGH),
    Attack("io_uring", Fate.EITHER),
    Attack("open_files"),
    Attack("terminal_input"),
    Attack("terminal_text"),
    Attack("write_source", Fate.THROUGH),
    Attack("link", hands_in="link"),
    Attack("pipe", hands_in="pipe"),
    Attack("kill_bystander", Fate.THROUGH),
    Attack("kill_parent", Fate.THROUGH),
    Attack("stop_parent", Fate.THROUGH),
    Attack("signal_parent"),
    Attack("page_cache", Fate.THROUGH),
    Attack("access_times", Fate.EITHER, in_container=Fate.EITHER),
    Attack("own_program", Fate.EITHER),
    Attack("thread_files", Fate.THROUGH),
]
# attacks on the limits
LIMITED = [
    Attack("fork_bomb", Fate.THROUGH),
    Attack("big_allocation", cause=Cause.OUT_OF_MEMORY),
    Attack("many_children", Fate.THROUGH, cause=Cause.OUT_OF_MEMORY),
    Attack("first_thread", Fate.THROUGH, cause=Cause.OUT_OF_MEMORY),
    Attack("socket_memory", Fate.THROUGH),
    Attack("hidden_sockets", Fate.THROUGH),
    Attack("pipe_memory", Fate.THROUGH),
    Attack("kill_itself", cause=Cause.CRASH),
    Attack("fill_tmp", Fate.THROUGH),
    Attack("deleted_files", Fate.THROUGH),
    Attack("mapped_files", Fate.THROUGH, chances=3),
    Attack("fill_shm", Fate.THROUGH),
    Attack("big_file"),
    # on a slow disk, files take processor time
    Attack("many_files", Fate.THROUGH, Cause.OUTPUT_FLOOD, limits=dataclasses.replace(LIMITS, cpu_seconds=40)),
    Attack("flood", cause=Cause.OUTPUT_FLOOD),
    Attack("deaf", cause=Cause.CPU_TIME, limits=dataclasses.replace(LIMITS, cpu_seconds=1)),
    Attack("hang", cause=Cause.WALL_TIME, limits=dataclasses.replace(LIMITS, wall_seconds=1)),
    Attack("many_cpus", Fate.THROUGH, Cause.CPU_TIME, limits=dataclasses.replace(LIMITS, cpu_seconds=1)),
    Attack("raise_limits", Fate.EITHER),
    Attack("daemon", Fate.THROUGH),
    Attack("hydra", Fate.THROUGH),
    Attack("shared_memory", Fate.THROUGH),
]
ATTACKS = {attack.name: attack for attack in INSIDE + OUTSIDE + LIMITED}
