"""The verdicts on part 3's net: its bottleneck, and the images that pass it."""

import math

import numpy as np
from numpy.typing import NDArray

from autograder.lab import Run, Verdict, proportional
from autograder.sandbox.job import Cause
from labs.mp6.grading import evaluations, jobs
from labs.mp6.grading.parts import MOST_CODES, MOST_REBUILT, PARTS
from labs.mp6.grading.results import ALONE, Judge, advised, agree, fitted, no_model, pickled
from smallnets import metrics

# mean squared difference that rounding of the codes may make, or batch norm and dropout
SAME_IMAGES, SAME_IN_TRAINING = 1e-4, 1e-2
OURS = "the limit is this course's; the handout names none, and its example has 16x14x14 = 3,136"


def disagreement(run: Run) -> str:
    """How fit's reconstructions differ from those through the bottleneck; empty if they agree."""
    found = fitted(run, PARTS[3])
    decoded, reason = reconstructions(run, "fitted")
    if decoded is None:
        return "" if "at the bottleneck" in reason else f"{ALONE}: {reason}"
    if found.predictions is None:
        return "expected reconstructions of fit, got none"
    difference = metrics.mse(found.predictions, decoded[: len(found.predictions)])
    if not agree(difference, SAME_IMAGES, SAME_IN_TRAINING, found.problems):
        return (
            "expected xhats to be the outputs of net.encoder and net.decoder for dev_set, "
            f"got images that differ by a mean square of {difference:.5f}"
        )
    return ""


def reconstructions(run: Run, which: str) -> tuple[NDArray[np.float32] | None, str]:
    """The images that passed the bottleneck, or None with the reason."""
    decode = run.results.get(f"decode {which}")
    if decode is None or decode.cause != Cause.OK:
        return None, decode.text if decode else "no image passed the bottleneck"
    if decode.value is None:
        return None, evaluations.problem(run, which, 3)
    return decode.value["images"], decode.value["problems"].get("images", "no image passed the bottleneck")


def mse(which: str, none_at: float, full_at: float) -> Judge:
    """Points for the error of reconstructions through a code of any width, on images that fit did not get.

    A code as wide as an image loses nothing, and earns them all: so does the handout's own example. It is the check of
    the bottleneck that speaks against it.
    """

    def judge(run: Run) -> Verdict:
        part = PARTS[3]
        if which == "saved" and (text := jobs.model_problem(run, part)):
            return no_model(text)
        value, reason = mse_of(run, which)
        problems = fitted(run, part).problems
        if value is None:
            verdict = no_model(f"{part.model}: {reason}") if which == "saved" else Verdict(0, reason)
        else:
            name = part.model if which == "saved" else "the net that fit returned"
            words = f"{name}: MSE {value:.5f} on {len(hidden(run))} images"
            verdict = proportional(value, none_at, full_at, words, pickled(run, part) if which == "saved" else "")
        return advised(verdict, problems, "plain" if which == "saved" else "gradients")

    return judge


def hidden(run: Run) -> NDArray:
    """The images that fit did not get and that its net rebuilds."""
    return jobs.images(run, 3)[len(run.data.dev[3]) :]


def mse_of(run: Run, which: str) -> tuple[float | None, str]:
    """The error of a net of part 3 on hidden images, or None with the reason."""
    decoded, reason = reconstructions(run, which)
    if decoded is None:
        return None, reason
    x = hidden(run).astype(np.float32) / PARTS[3].divisor
    rebuilt = decoded[-len(x) :]
    value = metrics.mse(x, rebuilt)
    return (value, "") if math.isfinite(value) else (None, "its images are not finite")


def code_width(run: Run) -> tuple[int, str]:
    """The numbers of an image that could pass from encoder to decoder, or 0 with the reason."""
    shape = evaluations.found(run, "fitted", 3).get("shape")
    if shape is None:
        declared = math.prod(fitted(run, PARTS[3]).code_shape)
        return (declared, "") if declared > MOST_REBUILT else (0, evaluations.problem(run, "fitted", 3))
    passed, room = math.prod(int(size) for size in shape if size), jobs.width(run)
    return (max(passed, room) if room > MOST_CODES else passed), ""  # with room for more, more may have passed


def bottleneck(run: Run) -> Verdict:
    """At most MOST_CODES numbers pass from encoder to decoder."""
    width, reason = code_width(run)
    if not width:
        return Verdict(0, reason)
    text = f"{width:,} numbers an image of at most {MOST_CODES}"
    return Verdict(1, text) if 0 < width <= MOST_CODES else Verdict(0, f"{text}: {OURS}")


def ranked_mse(run: Run) -> float | None:
    """The error for the scoreboard, which ranks only nets that keep the bottleneck."""
    return mse_of(run, "fitted")[0] if bottleneck(run).share == 1 else None
