"""MP6 is graded fairly: mending one of two faults never costs points, and one slip is charged once."""

from collections.abc import Callable

import pytest
from mp6_inside import Edits, edited, judged
from mutants.table import MUTANTS

from autograder.lab import Graded

TABLE = {mutant.name: (mutant.part, mutant.edits) for mutant in MUTANTS}
RETURN = "return losses, yhats.numpy(), net"
TEN_TIMES = (("batch_size), n_iter)", "batch_size), 10 * n_iter)"), ("/ n_iter) * (1 - t / n_iter)", "/ n_iter) * 0.5"))
# slips of students that are no mutants: part and edits
SLIPS: dict[str, tuple[int, Edits]] = {
    "a column of labels": (1, ((RETURN, "return losses, yhats.numpy()[:, None], net"),)),
    "another order": (1, ((RETURN, "return yhats.numpy(), losses, net"),)),
    "the class": (1, ((RETURN, "return losses, yhats.numpy(), NeuralNet"),)),
    "two values": (1, ((RETURN, "return losses, yhats.numpy()"),)),
    "no labels": (1, ((RETURN, "return losses, None, net"),)),
    "nan in labels": (1, ((RETURN, "yhats = yhats.double(); yhats[:12] = np.nan; return losses, yhats, net"),)),
    "losses in a list": (1, ((RETURN, "return [losses], yhats.numpy(), net"),)),
    "ten epochs": (1, TEN_TIMES),
    "ten epochs, some losses": (1, (*TEN_TIMES, (RETURN, "return losses[::10], yhats.numpy(), net"))),
    "dev_set's own mean": (
        1,
        (("for x in dev_set.split(500)", "for x in (dev_set - dev_set.mean() + 70).split(500)"),),
    ),
    "wrong sign": (1, (("p.sub_(", "p.add_("),)),
    "stops when the images end": (
        1,
        (("batch_size), n_iter)", "batch_size), min(n_iter, -(-len(train_set) // 100)))"),),
    ),
    "n_iter // 10": (1, (("        losses.append(", "        t % (n_iter // 10)\n        losses.append("),)),
}
ALL = TABLE | SLIPS
PAIRS = [
    ("logits_as_predictions", "statistics_of_the_dev_set"),
    ("logits_as_predictions", "unseeded_shuffle"),
    ("argmax_over_images", "statistics_of_the_dev_set"),
    ("labels_from_1", "dev_set's own mean"),
    ("a column of labels", "statistics_of_the_dev_set"),
    ("a column of labels", "dev_set's own mean"),
    ("another order", "statistics_of_the_dev_set"),
    ("another order", "wrong sign"),
    ("the class", "sigmoid_at_the_end"),
    ("two values", "thirty_two_hidden_units"),
    ("no labels", "statistics_of_the_dev_set"),
    ("nan in labels", "statistics_of_the_dev_set"),
    ("last_loss_twice", "wrong sign"),
    ("last_loss_twice", "statistics_of_the_dev_set"),
    ("losses in a list", "unseeded_shuffle"),
    ("losses in a list", "stops when the images end"),
    ("ten epochs", "full_batches_only"),
    ("ten epochs", "labels_from_1"),
    ("unseeded_shuffle", "statistics_of_the_dev_set"),
    ("ten epochs", "unseeded_shuffle"),
    ("full_batches_only", "statistics_of_the_dev_set"),
    ("n_iter // 10", "statistics_of_the_dev_set"),
    ("sigmoid_at_the_end", "labels_from_1"),
    ("no_parameters", "last_loss_twice"),
]
# of faults that other checks lose, the rest are slow ones
QUICK = {
    ("logits_as_predictions", "unseeded_shuffle"),
    ("labels_from_1", "dev_set's own mean"),
    ("another order", "wrong sign"),
    ("the class", "sigmoid_at_the_end"),
    ("last_loss_twice", "statistics_of_the_dev_set"),
    ("losses in a list", "stops when the images end"),
    ("n_iter // 10", "statistics_of_the_dev_set"),
}
# what one slip costs, in checks; by that, it is charged once or, at the worst, where it shows in two ways
COSTS: dict[str, set[str]] = {
    "a column of labels": {"returns"},
    "logits_as_predictions": {"returns"},
    "another order": {"returns"},
    "the class": {"returns"},
    "two values": {"returns"},
    "no labels": {"returns"},
    "nan in labels": {"returns"},
    "losses in a list": {"losses"},
    "last_loss_twice": {"losses"},
    "ten epochs": {"batches"},
    "ten epochs, some losses": {"batches"},
    "wrong sign": {"loss_falls", "accuracy"},
    "stops when the images end": {"any_size"},
    "n_iter // 10": {"any_size"},
    "unseeded_shuffle": {"repeatable"},
    "no_eval": {"independent", "any_size"},
    "outside_0_to_1": {"returns"},
    "images_of_four_dimensions": {"returns"},
}
Scores = Callable[..., dict[str, Graded]]


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Scores:
    """What comes of each check for our solution with some faults, computed once for each set of faults."""
    known: dict[tuple[str, ...], dict[str, Graded]] = {}

    def of(*names: str) -> dict[str, Graded]:
        if names not in known:
            part = ALL[names[0]][0]
            source = edited(part, tuple(edit for name in names for edit in ALL[name][1]))
            known[names] = judged(part, source, tmp_path_factory.mktemp("work"))
        return known[names]

    return of


def slow_if(slow: bool, *names: str) -> object:
    """The parameters of a test, which may be a slow one: a grading takes half a second, and longer if fit does."""
    return pytest.param(*names, marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize(("first", "second"), [slow_if(pair not in QUICK, *pair) for pair in PAIRS])
def test_mending_one_of_two_faults_costs_no_check_points(first: str, second: str, scores: Scores) -> None:
    both = scores(first, second)
    for one in (first, second):
        fell = [tag for tag, test in scores(one).items() if test.score < both[tag].score]
        assert fell == [], f"mended: {({first, second} - {one}).pop()}"


@pytest.mark.parametrize("name", [slow_if(not any(name in pair for pair in QUICK), name) for name in COSTS])
def test_one_slip_is_charged_once(name: str, scores: Scores) -> None:
    lost = {tag: test.output for tag, test in scores(name).items() if test.score < test.max_score}
    assert set(lost) == COSTS[name], lost
    assert all(lost.values())
