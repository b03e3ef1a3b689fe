"""The verdicts of MP6's checks that all parts have, on the results of their runs."""

import math

from autograder.lab import Run, Verdict
from labs.mp6.grading import autoencoder, classes, evaluations
from labs.mp6.grading.parts import BESIDE, NUMBER, Part, most_stored
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
        problems = {"of net": evaluations.found(run, "fitted", part.number)["problems"].get("in place", "")}
        problems = {name: value for name, value in (found.problems | problems).items() if value}
        return advised(Verdict(0 if text else 1, text), problems, "in place", "of net", "plain", "left out")

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
    """The parameters fit the assignment, and get_parameters() names them all.

    Their shapes are what the student's process says. The bytes of the net, which another process rebuilds from them,
    have no room for more.
    """

    def judge(run: Run) -> Verdict:
        found = fitted(run, part)
        if found.shapes is None or found.net is None:
            reason = found.problems.get("parameters") or found.problems.get("net", "fit returned no net")
            said = "" if found.shapes is None else counted(total(found.shapes), part) + "; "
            return Verdict(0, f"{said}the net cannot be counted: {reason}")
        count, most = total(found.shapes), part.max_parameters or 0
        problems = [text] if (text := found.problems.get("get_parameters")) else []
        shapes = sorted(tuple(sorted(shape, reverse=True)) for shape in found.shapes)
        fits = shapes == SHAPES if part.number == 1 else 0 < count <= most
        if part.number == 1 and count == most and not fits:
            problems.append(f"expected the shapes of 784 -> 128 -> 3, got {shapes}")
        if count <= most and not (len(found.net) <= most_stored(part)):
            problems.append(
                f"expected a net of at most {most_stored(part):,} bytes, which are {NUMBER} for each of {most:,} "
                f"parameters and {BESIDE:,} for all else, got {len(found.net):,}: are there other tensors in it?"
            )
        text = "\n".join([counted(count, part), *problems])
        return Verdict(float(fits and not problems), text)

    return judge


def counted(count: int, part: Part) -> str:
    """A number of parameters against the handout's."""
    return f"{count:,} parameters{part.of_budget(count)}"


def total(shapes: list[tuple[int, ...]]) -> int:
    """The number of numbers in arrays of these shapes."""
    return sum(math.prod(shape) for shape in shapes)
