"""The verdicts of MP6's checks that all parts have, on the results of their runs."""

import math

from autograder.lab import Run, Verdict
from labs.mp6.grading import autoencoder, classes
from labs.mp6.grading.jobs import Fitted
from labs.mp6.grading.parts import Part
from labs.mp6.grading.results import Judge, advised, fitted

SHAPES = [(3,), (128,), (128, 3), (784, 128)]  # 784 -> 128 -> 3 with biases, longer side first


def problem(part: Part, *names: str) -> Judge:
    """No points if the training recorded a problem under one of the names."""

    def judge(run: Run) -> Verdict:
        problems = fitted(run, part).problems
        text = "\n".join(problems[name] for name in names if name in problems)
        return Verdict(0 if text else 1, text)

    return judge


def returns(part: Part) -> Judge:
    """fit's return values follow the contract, and its predictions match the returned net."""

    def judge(run: Run) -> Verdict:
        found = fitted(run, part)
        text = problem(part, "returns", "predictions", "net")(run).text
        if not text:
            text = classes.disagreement(run, part) if part.n_classes else autoencoder.disagreement(run)
        problems = {"of net": run.results["evaluate"].value["problems"].get(f"in place {part.number}", "")}
        problems = {name: value for name, value in (found.problems | problems).items() if value}
        return advised(Verdict(0 if text else 1, text), problems, "in place", "of net", "plain")

    return judge


def loss_falls(part: Part) -> Judge:
    """The mean loss of the last fifth is below that of the first fifth."""

    def judge(run: Run) -> Verdict:
        found = fitted(run, part)
        if found.losses is None:
            return Verdict(0, "there are no losses to judge")
        fifth = max(1, len(found.losses) // 5)
        first, last = found.losses[:fifth].mean(), found.losses[-fifth:].mean()
        text = f"mean loss of the first {fifth} iterations {first:.4g}, of the last {last:.4g}"
        return advised(Verdict(float(last < first), text), found.problems, "gradients")

    return judge


def parameters(part: Part) -> Judge:
    """The number of parameters, counted by the referee, fits the assignment, and get_parameters() names them all."""

    def judge(run: Run) -> Verdict:
        found, counts = fitted(run, part), run.results["referee"].value
        if text := found.problems.get("parameters"):
            return Verdict(0, text)
        if part.number not in counts["shapes"]:
            reason = counts["problems"].get(f"parameters {part.number}", "fit returned no net")
            return Verdict(0, f"the parameters cannot be counted: {reason}")
        shapes = sorted(tuple(sorted(shape, reverse=True)) for shape in counts["shapes"][part.number])
        total, most = sum(math.prod(shape) for shape in shapes), part.max_parameters or math.inf
        problems = [text] if (text := found.problems.get("get_parameters")) else []
        if part.number == 1:
            fits = shapes == SHAPES
            problems += [f"expected the shapes of 784 -> 128 -> 3, got {shapes}"] if total == most and not fits else []
        else:
            fits = 0 < total <= most
            problems += too_much(found, most)
        text = "\n".join([f"{total:,} parameters{part.of_budget(total)}", *problems])
        return Verdict(float(fits and not problems), text)

    return judge


def too_much(found: Fitted, most: float) -> list[str]:
    """What is said of a net that holds far more numbers than it may have parameters, or whose numbers are unknown."""
    stored = found.stored_numbers
    if stored is None:
        return [found.problems.get("net", "expected a net that torch.save can store, got none")]
    if stored <= 4 * most:
        return []
    return [f"expected at most 4 times {most:,} numbers in the whole net, with an optimiser's state, got {stored:,}"]
