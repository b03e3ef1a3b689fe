"""A progress bar and a stopwatch for any fit(), by watching the net's step()."""

import functools
import inspect
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from smallnets import cli, fitcheck


@dataclass
class Steps:
    """What was seen of a training.

    `count` steps; the last one ended at `last_end` (perf_counter seconds); `sizes` are the rows of their batches.
    """

    count: int = 0
    last_end: float | None = None
    sizes: list[int | None] = field(default_factory=list)


def step_class(module: ModuleType) -> type | None:
    """NeuralNet, or, in a file that calls it otherwise, the first class with a step."""
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    own = [value for value in classes if value.__module__ == module.__name__ and hasattr(value, "step")]
    return getattr(module, "NeuralNet", own[0] if own else None)


@contextmanager
def watch_steps(
    net_class: type | None, total: int, label: str, show: bool | None = None, beyond: str = ""
) -> Iterator[Steps]:
    """Count the calls of net_class.step while the block runs, and show them on a terminal.

    A class without a step is left alone, so is the class after the block. Whatever step returns
    or raises passes through unchanged.

    Args:
        total: how many steps are expected.
        label: what stands before the bar.
        show: draw the bar; by default only when stderr is a terminal.
        beyond: the line that is printed on stderr, once, when there are more steps than expected.
    """
    steps = Steps()
    # a static or class method, or anything cleverer, would not survive being wrapped
    step = None if net_class is None else inspect.getattr_static(net_class, "step", None)
    if net_class is None or not inspect.isfunction(step):
        yield steps
        return
    bar = _bar(total, label) if (sys.stderr.isatty() if show is None else show) else None

    @functools.wraps(step)
    def watched(*args: Any, **kwargs: Any) -> Any:
        loss = step(*args, **kwargs)
        steps.count += 1
        steps.sizes.append(fitcheck.length(next(iter((*args[1:], *kwargs.values())), None)))
        steps.last_end = time.perf_counter()
        if beyond and steps.count == total + 1:
            _say(beyond, bar)
        if bar is not None:
            bar.set_postfix_str(_loss_text(loss), refresh=False)
            bar.update()
        return loss

    own = vars(net_class).get("step")
    net_class.step = watched  # type: ignore[attr-defined]
    try:
        yield steps
    finally:
        if own is None:
            del net_class.step  # type: ignore[attr-defined]
        else:
            net_class.step = own  # type: ignore[attr-defined]
        if bar is not None:
            bar.close()


def _bar(total: int, label: str) -> Any:
    from tqdm import tqdm  # not needed where no bar is shown

    return tqdm(total=total, desc=label, unit="it", leave=False, dynamic_ncols=True, file=sys.stderr)


def _say(line: str, bar: Any) -> None:
    """Print a line on stderr, above the bar if there is one."""
    if bar is None:
        cli.say(line)
    else:
        bar.write(line, file=sys.stderr)


def _loss_text(loss: object) -> str:
    """The loss as text, or nothing where step returns something else."""
    try:
        return f"loss={fitcheck.number(loss):.4f}"
    except Exception:  # no number, whatever it is
        return ""
