"""A progress bar and a stopwatch for any fit(), by watching the net's step()."""

import functools
import inspect
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from smallnets import cli, fitcheck


@dataclass
class Steps:
    """What was seen of a training.

    `count` steps; the last one ended at `last_end` (perf_counter seconds); `sizes` are the rows of their batches.
    `running`: a step has begun that has not ended. `net` is the object whose step was called last.
    """

    count: int = 0
    running: bool = False
    net: Any = None
    last_end: float | None = None
    sizes: list[int | None] = field(default_factory=list)


def step_classes(module: ModuleType) -> list[type]:
    """The classes whose own `step` trains: of NeuralNet, or in a file that calls it otherwise of the first with a step.

    The classes derived from it in the file, and those that it derives from, belong to them.
    """
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    own = [value for value in classes if value.__module__ == module.__name__ and hasattr(value, "step")]
    net_class = getattr(module, "NeuralNet", own[0] if own else None)
    if not isinstance(net_class, type):
        return []
    lines = [net_class, *(value for value in own if issubclass(value, net_class))]
    return list(dict.fromkeys(base for value in lines for base in value.__mro__ if "step" in vars(base)))


@contextmanager
def watch_steps(
    net_classes: Iterable[type],
    total: int,
    label: str,
    show: bool | None = None,
    beyond: str = "",
    after: Callable[[Steps], object] | None = None,
) -> Iterator[Steps]:
    """Count the calls of the classes' own `step` while the block runs, and show them on a terminal.

    A call inside another one, such as super().step, belongs to that one. The classes are as before after the block.
    Whatever step returns or raises passes through unchanged.

    Updates that `step` does not make, and several that one call makes, cannot be seen; nor can a `step` that only the
    object has, or that is no function, static method or class method.

    Args:
        total: how many steps are expected.
        label: what stands before the bar.
        show: draw the bar; by default only when stderr is a terminal.
        beyond: the line that is printed on stderr, once, when there are more steps than expected.
        after: called after each step with all that has been seen so far.
    """
    steps = Steps()
    own = {net_class: vars(net_class)["step"] for net_class in net_classes if _function(vars(net_class)["step"])}
    bar = _bar(total, label) if own and (sys.stderr.isatty() if show is None else show) else None

    def done(loss: object) -> None:
        if beyond and steps.count == total + 1:
            _say(beyond, bar)
        if after is not None:
            after(steps)
        if bar is not None:
            bar.set_postfix_str(_loss_text(loss), refresh=False)
            bar.update()

    try:
        for net_class, step in own.items():
            watched = _watched(_function(step), steps, done)
            kind = type(step) if isinstance(step, (staticmethod, classmethod)) else None
            net_class.step = kind(watched) if kind else watched  # type: ignore[attr-defined]
        yield steps
    finally:
        for net_class, step in own.items():
            net_class.step = step  # type: ignore[attr-defined]
        if bar is not None:
            bar.close()


def _function(step: Any) -> Any:
    """The function of a method, a static or a class method; None for anything cleverer, which cannot be wrapped."""
    function = step.__func__ if isinstance(step, (staticmethod, classmethod)) else step
    return function if inspect.isfunction(function) else None


def _watched(step: Callable[..., Any], steps: Steps, done: Callable[[object], None]) -> Callable[..., Any]:
    """The function, each of whose outermost calls is added to `steps` and then told to `done` with what it returned."""

    @functools.wraps(step)
    def watched(*args: Any, **kwargs: Any) -> Any:
        if steps.running:
            return step(*args, **kwargs)
        steps.running = True
        try:
            loss = step(*args, **kwargs)
        finally:
            steps.running = False
        steps.count += 1
        given = [*args, *kwargs.values()]
        if given and hasattr(given[0], "step"):  # the net, or its class
            steps.net = given.pop(0)
        steps.sizes.append(fitcheck.length(next(iter(given), None)))
        steps.last_end = time.perf_counter()
        done(loss)
        return loss

    return watched


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
