"""Comparisons of a student's numbers fail closed: nan is on neither side of a limit, so it must not pass.

`if error > limit: raise` lets nan pass, `if not (error <= limit): raise` does not. Looked at are all comparisons by
order whose truth is the problem, in whatever judges a student's work.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

PLACES = ("labs/*/grading/**/*.py", "autograder/runner/*.py", "autograder/grading/*.py", "autograder/lab.py")
ORDER = (ast.Gt, ast.GtE, ast.Lt, ast.LtE)
COUNTS = {"len", "int", "size", "nbytes", "ndim", "shape", "st_size", "monotonic"}  # whole numbers, or a clock
COUNTING = {"any", "sum", "count_nonzero"}  # of the elements for which a comparison holds
# comparisons that nan does not reach, or does not pass -> why
ALLOWED = {
    "layers < 2": "a count",
    "left <= 0": "seconds that the clock says",
    "labels.max() >= N_CLASSES": "integers of the staff",
    "run.data.labels >= 0": "integers of the staff",
    "done.returncode < 0": "the system's integer",
    "min(sides) < SMALLEST": "integers of a picture's head",
    "max(sides) > LARGEST": "integers of a picture's head",
    "full_at > none_at": "two constants of a lab",
    "(verdict := passed(run)).share < 1": "a Verdict refuses nan",
    "steps.count > n_iter": "a count",
    "size > BATCH_SIZE": "a count",
    "count <= most": "a count",
    "width > room": "a count",
    "np.mean(labels == predictions) >= ENOUGH": "true where a form is found, which is no problem",
}


def by_order(test: ast.expr, negated: bool = False) -> Iterator[ast.Compare]:
    """The comparisons by order in a condition that nan makes false, without those of counts."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not | ast.Invert):
        yield from by_order(test.operand, not negated)
    elif isinstance(test, ast.Compare):
        names = {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(test)}
        if not negated and not names & COUNTS and any(isinstance(op, ORDER) for op in test.ops):
            yield test
    else:
        for inner in ast.iter_child_nodes(test):
            yield from by_order(inner, negated) if isinstance(inner, ast.expr) else ()


def is_problem(body: list[ast.stmt]) -> bool:
    """Whether statements raise, note a problem, or return something else than "no problem"."""
    for node in (node for statement in body for node in ast.walk(statement)):
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Name) and node.id == "problems"):
            return True
        if (
            isinstance(node, ast.Return)
            and node.value is not None
            and ast.unparse(node.value) not in ("''", "[]", "None", "True")
        ):
            return True
    return False


def conditions(tree: ast.AST) -> Iterator[ast.expr]:
    """The conditions that are true where there is a problem."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and is_problem(node.body):
            yield node.test
        elif isinstance(node, ast.Assert):
            yield ast.UnaryOp(ast.Not(), node.test)
        elif isinstance(node, ast.IfExp) and ast.unparse(node.orelse) in ("''", "[]", "1"):
            yield node.test
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in COUNTING:
            yield from (node.func.value, *node.args)


def open_comparisons(source: str) -> list[str]:
    """The comparisons that nan would pass."""
    found = {ast.unparse(each) for test in conditions(ast.parse(source)) for each in by_order(test)}
    return sorted(found - set(ALLOWED))


@pytest.mark.parametrize(
    "source",
    [
        "if error > limit: raise ValueError('too large')",
        "def judge(x):\n    if x < 0.5 or x is None: return 'too small'",
        "def judge(x):\n    if value < least if high else value > most: return 0.0",
        "if not good and error > limit: problems['mse'] = 'too large'",
        "text = f'{error} is too much' if error > limit else ''",
        "share = Verdict(0 if error >= limit else 1)",
        "wrong = (np.abs(x - y).max(axis=1) > SAME).sum()",
        "bad = np.any(x - y > SAME)",
        "assert not x.max() > 1, 'too large'",
    ],
)
def test_a_comparison_that_nan_would_pass_is_found(source: str) -> None:
    assert len(open_comparisons(source)) >= 1


@pytest.mark.parametrize(
    "source",
    [
        "if not (error <= limit): raise ValueError('too large')",
        "if len(x) > 4: raise ValueError('too many')",
        "def judge(x):\n    if last < first: return ''",
        "wrong = (~(np.abs(x - y) <= SAME)).sum()",
        "assert x.max() <= 1, 'too large'",
    ],
)
def test_other_comparisons_are_left_alone(source: str) -> None:
    assert open_comparisons(source) == []


def judging() -> list[Path]:
    return sorted(path for place in PLACES for path in ROOT.glob(place))


def test_no_judge_lets_nan_pass() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): open_comparisons(path.read_text(encoding="utf-8")) for path in judging()
    }
    assert len(found) > 50 and {path: each for path, each in found.items() if each} == {}


def test_every_exception_is_still_needed() -> None:
    written = "\n".join(ast.unparse(ast.parse(path.read_text(encoding="utf-8"))) for path in judging())
    assert [each for each in ALLOWED if each not in written] == []
