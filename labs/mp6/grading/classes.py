"""The verdicts on the nets of parts 1 and 2, which tell classes apart. Only the grader knows the labels."""

import math

import numpy as np
from numpy.typing import NDArray

from autograder.lab import Run, Verdict, accuracy_words, proportional
from labs.mp6.grading.evaluations import form_in_fit, not_finite
from labs.mp6.grading.jobs import model_problem
from labs.mp6.grading.parts import Part
from labs.mp6.grading.results import ALONE, Judge, advised, agree, fitted, no_model, outputs_of, pickled

ADVICE = "standardise and reshape in forward, and predict in evaluation mode"
SAME, SAME_IN_TRAINING = 0.01, 0.2  # share of labels that may differ by rounding, or by batch norm and dropout


def decided(outputs: NDArray) -> NDArray[np.int64]:
    """The labels [N] of outputs [N, K]; -1, which is wrong for every image, where one is nan or infinite."""
    finite = np.isfinite(outputs).all(axis=1)
    return np.where(finite, np.where(finite[:, None], outputs, 0).argmax(axis=1), -1)


def disagreement(run: Run, part: Part) -> str:
    """How fit's predictions differ from the returned net's; empty if they agree."""
    outputs, reason = outputs_of(run, part, "fitted")
    if outputs is None:
        return f"{ALONE}: {reason}"
    found = fitted(run, part)
    if found.predictions is None:
        return "expected predictions of fit, got none"
    predictions, labels = found.predictions, decided(outputs)
    n = len(predictions)
    share = float(np.mean(labels[:n] != predictions))  # what is nan or infinite agrees with nothing
    if not agree(share, SAME, SAME_IN_TRAINING, found.problems):
        bad = not_finite(outputs[:n], "the outputs")
        got = f"others for {share:.0%} of them" + (f", where {bad}" if bad else "")
        form = form_in_fit(run, part)
        advice = f"its images are {form} in fit: do that in forward" if form else ADVICE
        return f"expected the net of fit to give fit's predictions on the images of dev_set, got {got}; {advice}"
    seen, unseen = run.data.dev_labels[part.number], run.data.unseen_labels[part.number]
    on_seen, on_unseen = float(np.mean(labels[:n] == seen)), float(np.mean(labels[n:] == unseen))
    spread = math.sqrt(on_seen * (1 - on_seen) * (1 / len(seen) + 1 / len(unseen)))
    if not (on_seen - on_unseen <= max(0.05, 5 * spread)):
        return f"expected the net to be as right on other images as on dev_set ({on_seen:.3f}), got {on_unseen:.3f}"
    return ""


def of_returned_net(run: Run, part: Part) -> bool:
    """Whether the accuracy is that of the net that fit returned."""
    return fitted(run, part).predictions is None or not disagreement(run, part)


def raw_outputs(part: Part) -> Judge:
    """There is no activation after the last layer."""

    def judge(run: Run) -> Verdict:
        outputs, reason = outputs_of(run, part, "fitted")
        if outputs is None:
            return Verdict(0, f"not to be seen: {reason}")
        found = activation(outputs)
        return Verdict(0 if found else 1, f"expected no activation after the last layer, got {found}" if found else "")

    return judge


def activation(outputs: NDArray) -> str:
    """The activation that a net's outputs [N, K] seem to have passed; "" if none. Rows with nan or inf are left out."""
    outputs = outputs.astype(np.float64)
    outputs = outputs[np.isfinite(outputs).all(axis=1)]
    if not len(outputs):
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
        verdict = Verdict(0, text) if value is None else proportional(value, none_at, full_at, text)
        return advised(verdict, fitted(run, part).problems, "gradients")

    return judge


def accuracy_of(run: Run, part: Part) -> tuple[float | None, str]:
    """The accuracy of a training and a text on it; None without predictions."""
    found, labels = fitted(run, part), run.data.dev_labels[part.number]
    if found.predictions is not None:
        value = float(np.mean(found.predictions == labels))
        return value, accuracy_words(value, len(labels))
    outputs, reason = outputs_of(run, part, "fitted")
    unusable = found.problems.get("predictions", "fit returned none")
    if outputs is None:
        return None, f"there are no predictions to score: {unusable}; {reason}"
    value, words = accuracy_of_outputs(outputs[: len(labels)], labels)
    return value, f"{words} of the net on its own, as fit's predictions are unusable: {unusable}"


def accuracy_of_outputs(outputs: NDArray, labels: NDArray) -> tuple[float, str]:
    """The accuracy of a net's outputs [N, K], and a text on it."""
    value, bad = float(np.mean(decided(outputs) == labels)), not_finite(outputs, "the outputs")
    return value, accuracy_words(value, len(labels)) + (f", where {bad}" if bad else "")


def saved_accuracy(part: Part, none_at: float, full_at: float) -> Judge:
    """Points for the accuracy of the handed-in net on the hidden images."""

    def judge(run: Run) -> Verdict:
        outputs, reason = outputs_of(run, part, "saved")
        if text := model_problem(run, part):
            return no_model(text)
        problems = fitted(run, part).problems
        if outputs is None:
            return advised(no_model(f"{part.model}: {reason}"), problems, "plain")
        labels = np.concatenate([run.data.dev_labels[part.number], run.data.unseen_labels[part.number]])
        value, words = accuracy_of_outputs(outputs, labels)
        words += f", {form} as in fit" if (form := form_in_fit(run, part)) else ""
        verdict = proportional(value, none_at, full_at, f"{part.model}: {words}", pickled(run, part))
        return advised(verdict, problems, "plain")

    return judge
