"""The verdicts of MP6's checks on the results of its runs. Only the grader knows the labels."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.explanations import TEXTS, Reason
from autograder.lab import Run, Verdict, accuracy_words, proportional
from labs.mp6.grading.jobs import Fitted, model_problem
from labs.mp6.grading.parts import MOST_CODES, PARTS, Part
from smallnets import metrics

Judge = Callable[[Run], Verdict]
SHAPES = [(3,), (128,), (128, 3), (784, 128)]  # 784 -> 128 -> 3 with biases, longer side first
SAME = 0.01  # share of labels that may differ by rounding
SAME_IMAGES = 1e-4  # mean squared difference allowed for rounding; codes in float16 cause less


def fitted(run: Run, part: Part) -> Fitted:
    """The result of a part's training."""
    return run.results[f"fit {part.number}"].value


def evaluated(run: Run, name: str) -> tuple[Any, str]:
    """One of the nets' outputs on images, or None with the reason."""
    found = run.results["evaluate"].value
    return found.get(name), found["problems"].get(name, "the net that fit returned is missing")


def problem(part: Part, name: str) -> Judge:
    """No points if the training recorded a problem under a name."""

    def judge(run: Run) -> Verdict:
        text = fitted(run, part).problems.get(name, "")
        return Verdict(0 if text else 1, text)

    return judge


def returns(part: Part) -> Judge:
    """fit's return values follow the contract, and its predictions match the returned net."""

    def judge(run: Run) -> Verdict:
        found = fitted(run, part)
        text = found.problems.get("returns") or found.problems.get("net") or ""
        if not text:
            text = disagreement_of_labels(run, part) if part.n_classes else disagreement_of_images(run)
        return Verdict(0 if text else 1, text)

    return judge


def disagreement_of_labels(run: Run, part: Part) -> str:
    """How fit's predictions differ from the returned net's; empty if they agree."""
    outputs, reason = evaluated(run, f"fitted {part.number}")
    if outputs is None:
        return f"the net that fit returned does not work on its own: {reason}"
    predictions, labels = fitted(run, part).predictions, outputs.argmax(axis=1)
    assert predictions is not None
    n = len(predictions)
    if (share := float(np.mean(labels[:n] != predictions))) > SAME:
        return (
            f"expected the net that fit returns to give fit's predictions on the images of dev_set, got others for "
            f"{share:.0%} of them; standardise and reshape in forward, and predict in evaluation mode"
        )
    seen, unseen = run.data.dev_labels[part.number], run.data.unseen_labels[part.number]
    on_seen, on_unseen = float(np.mean(labels[:n] == seen)), float(np.mean(labels[n:] == unseen))
    spread = math.sqrt(on_seen * (1 - on_seen) * (1 / len(seen) + 1 / len(unseen)))
    if on_seen - on_unseen > max(0.05, 5 * spread):
        return f"expected the net to be as right on other images as on dev_set ({on_seen:.3f}), got {on_unseen:.3f}"
    return ""


def disagreement_of_images(run: Run) -> str:
    """How fit's reconstructions differ from those through the bottleneck; empty if they agree."""
    xhats = fitted(run, PARTS[3]).predictions
    decoded, reason = reconstructions(run, "fitted")
    if decoded is None:
        return "" if "at the bottleneck" in reason else f"the net that fit returned does not work on its own: {reason}"
    assert xhats is not None
    difference = metrics.mse(xhats, decoded[: len(xhats)])
    if difference > SAME_IMAGES:
        return (
            "expected xhats to be the outputs of net.encoder and net.decoder for dev_set, "
            f"got images that differ by a mean square of {difference:.5f}"
        )
    return ""


def reconstructions(run: Run, which: str) -> tuple[NDArray[np.float32] | None, str]:
    """The images that passed the bottleneck, or None with the reason."""
    decode = run.results.get("decode")
    if decode is not None and decode.value and decode.value[which] is not None:
        return decode.value[which], ""
    if decode is not None and decode.value and which in decode.value["problems"]:
        return None, decode.value["problems"][which]
    problems = run.results["evaluate"].value["problems"]
    return None, problems.get(f"{which} 3") or (decode.text if decode else "") or "no image passed the bottleneck"


def loss_falls(part: Part) -> Judge:
    """The mean loss of the last fifth is below that of the first fifth."""

    def judge(run: Run) -> Verdict:
        losses = fitted(run, part).losses
        if losses is None:
            return Verdict(1, "not judged, as the losses are malformed")
        fifth = max(1, len(losses) // 5)
        first, last = losses[:fifth].mean(), losses[-fifth:].mean()
        text = f"mean loss of the first {fifth} iterations {first:.4g}, of the last {last:.4g}"
        return Verdict(float(last < first), text)

    return judge


def parameters(part: Part) -> Judge:
    """The number of parameters, counted by the referee, fits the assignment."""

    def judge(run: Run) -> Verdict:
        found, counts = fitted(run, part), run.results["referee"].value
        if text := found.problems.get("parameters") or counts["problems"].get(f"parameters {part.number}"):
            return Verdict(0, f"the parameters cannot be counted: {text}")
        if text := found.problems.get("get_parameters"):
            return Verdict(0, text)
        shapes = sorted(tuple(sorted(shape, reverse=True)) for shape in counts["shapes"].get(part.number, []))
        total, most = sum(math.prod(shape) for shape in shapes), part.max_parameters or math.inf
        if part.number == 1:
            return Verdict(float(shapes == SHAPES), f"{total:,} parameters, expected {most:,} of 784 -> 128 -> 3")
        text = f"{total:,} parameters of at most {most:,}"
        if found.stored_numbers > 4 * most:
            text += f", but {found.stored_numbers:,} numbers in the whole net; an optimiser's state may make it 4 times"
            return Verdict(0, text)
        return Verdict(float(0 < total <= most), text)

    return judge


def raw_outputs(part: Part) -> Judge:
    """There is no activation after the last layer."""

    def judge(run: Run) -> Verdict:
        outputs, reason = evaluated(run, f"fitted {part.number}")
        if outputs is None:
            return Verdict(0, reason)
        found = activation(outputs)
        return Verdict(0 if found else 1, f"expected no activation after the last layer, got {found}" if found else "")

    return judge


def activation(outputs: NDArray) -> str:
    """The activation that a net's outputs [N, K] seem to have passed; "" if none."""
    outputs = outputs.astype(np.float64)
    if not np.isfinite(outputs).all():
        return "outputs that are not finite"
    if np.allclose(np.exp(outputs.clip(max=1)).sum(axis=1), 1, atol=1e-3):  # of a log-softmax, none is above 0
        return "a log-softmax: the exponentials of each row add up to 1"
    if outputs.min() < 0:
        return ""
    if np.allclose(outputs.sum(axis=1), 1, atol=1e-3):
        return "a softmax: each row adds up to 1"
    return "a sigmoid: all are between 0 and 1" if outputs.max() <= 1 else "a ReLU: none is below 0"


def accuracy(part: Part, none_at: float, full_at: float) -> Judge:
    """Points for the accuracy of fit's predictions or, if they are unusable, of its net."""

    def judge(run: Run) -> Verdict:
        value, text = accuracy_of(run, part)
        return Verdict(0, text) if value is None else proportional(value, none_at, full_at, text)

    return judge


def accuracy_of(run: Run, part: Part) -> tuple[float | None, str]:
    """The accuracy of a training and a text on it; None without predictions."""
    predictions, labels = fitted(run, part).predictions, run.data.dev_labels[part.number]
    if predictions is not None:
        value = float(np.mean(predictions == labels))
        return value, accuracy_words(value, len(labels))
    outputs, reason = evaluated(run, f"fitted {part.number}")
    if outputs is None:
        return None, f"there are no predictions to score: {reason}"
    value = float(np.mean(outputs.argmax(axis=1)[: len(labels)] == labels))
    return value, f"accuracy {value:.4f} of the net on its own, as fit's predictions are unusable"


def saved_accuracy(part: Part, none_at: float, full_at: float) -> Judge:
    """Points for the accuracy of the handed-in net on the hidden images."""

    def judge(run: Run) -> Verdict:
        outputs, reason = evaluated(run, f"saved {part.number}")
        if text := model_problem(run, part):
            return no_model(text)
        if outputs is None:
            return no_model(f"{part.model}: {reason}")
        labels = np.concatenate([run.data.dev_labels[part.number], run.data.unseen_labels[part.number]])
        value = float(np.mean(outputs.argmax(axis=1) == labels))
        words = f"{part.model}: {accuracy_words(value, len(labels))}"
        return proportional(value, none_at, full_at, words, pickled(run, part))

    return judge


def no_model(text: str) -> Verdict:
    """No points for a model file that is missing or cannot be loaded."""
    cause = Reason.MISSING if "no such file" in text else Reason.BAD_MODEL
    return Verdict(0, f"{text}\n{TEXTS[cause][1]}", cause)


def pickled(run: Run, part: Part) -> str:
    """A note on a model file that holds more than weights."""
    word = run.results["evaluate"].value["problems"].get(f"word {part.number}")
    return f"; {word}. torch.save(net.state_dict(), ...) makes one that opens anywhere" if word else ""


def mse(which: str, none_at: float, full_at: float) -> Judge:
    """Points for the error of reconstructions through the bottleneck, on images that fit did not get."""

    def judge(run: Run) -> Verdict:
        part = PARTS[3]
        if which == "saved" and (text := model_problem(run, part)):
            return no_model(text)
        value, reason = mse_of(run, which)
        if value is None:
            return no_model(f"{part.model}: {reason}") if which == "saved" else Verdict(0, reason)
        name = part.model if which == "saved" else "the net that fit returned"
        words = f"{name}: MSE {value:.5f} on {len(run.data.unseen[3])} images"
        return proportional(value, none_at, full_at, words, pickled(run, part) if which == "saved" else "")

    return judge


def mse_of(run: Run, which: str) -> tuple[float | None, str]:
    """The error of a net of part 3 on hidden images, or None with the reason."""
    decoded, reason = reconstructions(run, which)
    if decoded is None:
        return None, reason
    hidden = run.data.unseen[3]
    x = hidden.astype(np.float32) / PARTS[3].divisor
    value = metrics.mse(x, decoded[-len(x) :])
    return (value, "") if math.isfinite(value) else (None, "its images are not finite")


def bottleneck(run: Run) -> Verdict:
    """At most MOST_CODES numbers pass from encoder to decoder."""
    found = run.results["evaluate"].value
    shape = found.get("fitted shape")
    if shape is None:
        return Verdict(0, found["problems"].get("fitted 3", "the net that fit returned is missing"))
    width = math.prod(int(size) for size in shape if size)
    return Verdict(float(0 < width <= MOST_CODES), f"{width} numbers an image of at most {MOST_CODES}")
