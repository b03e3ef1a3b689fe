"""What MP6's verdicts share: the results of a run, and the words on them."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from autograder.explanations import TEXTS, Reason
from autograder.lab import Run, Verdict
from labs.mp6.grading import evaluations
from labs.mp6.grading.jobs import Fitted
from labs.mp6.grading.parts import Part

Judge = Callable[[Run], Verdict]
ALONE = "the net that fit returned does not work on its own"


def fitted(run: Run, part: Part) -> Fitted:
    """The result of a part's training."""
    return run.results[f"fit {part.number}"].value


def outputs_of(run: Run, part: Part, which: str) -> tuple[Any, str]:
    """A net's outputs on images, or None with the reason; `which` is "fitted" or "saved"."""
    found = evaluations.found(run, which, part.number).get(f"outputs {part.number}")
    return found, evaluations.problem(run, which, part.number)


def ranked(run: Run, part: Part) -> bool:
    """Whether a training kept to the number of batches that all others on the scoreboard had."""
    return "budget" not in fitted(run, part).problems


def advised(verdict: Verdict, problems: dict[str, str], *names: str) -> Verdict:
    """The verdict, which names the slips that were noticed if points are lost."""
    found = [problems[name] for name in names if name in problems]
    if verdict.share == 1 or not found:
        return verdict
    return dataclasses.replace(verdict, text="\n".join([verdict.text, *(f"Noticed: {text}." for text in found)]))


def no_model(text: str) -> Verdict:
    """No points for a model file that is missing or cannot be loaded."""
    cause = Reason.MISSING if "no such file" in text else Reason.BAD_MODEL
    return Verdict(0, f"{text}\n{TEXTS[cause][1]}", cause)


def pickled(run: Run, part: Part) -> str:
    """A note on a model file that holds more than weights."""
    word = evaluations.found(run, "saved", part.number)["problems"].get(f"word {part.number}")
    return f"; {word}. torch.save(net.state_dict(), ...) makes one that opens anywhere" if word else ""


def agree(difference: float, allowed: float, allowed_in_training: float, problems: dict[str, str]) -> bool:
    """Whether fit's predictions are those of its net, by a share or an error that may be as large as `allowed`.

    A forgotten net.eval() is charged to the images that then depend on each other; it may explain more of a difference.
    """
    forgotten = "training" in problems and "independent" in problems
    return math.isfinite(difference) and difference <= (allowed_in_training if forgotten else allowed)
