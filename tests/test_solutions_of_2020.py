"""Ten solutions in the styles of 2020: `mp6.py` scores each, and the grader takes the points that a teacher would."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from conftest import ROOT
from graded import graded
from solutions.make import inputs

import mp6
from autograder.sandbox.run import Launch
from labs.mp6.grading.declaration import LAB
from smallnets import train
from smallnets.student import imported

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default:Converting a tensor"),  # of float(loss), which many write
]
HERE = ROOT / "tests/solutions/of_2020"


@dataclasses.dataclass(frozen=True)
class Style:
    """One solution and its treatment.

    Args:
        name: its folder in tests/solutions/of_2020.
        part: the part of MP6 that it solves.
        note: words of the only note that mp6.py prints; "" for none.
        lost: tags of the checks with less than full points -> words that name the cause.
        points: at least these, of 45, 55 or 10.
    """

    name: str
    part: int
    note: str
    lost: Mapping[str, str]
    points: float


STYLES = (
    Style("float_yhats", 1, "yhats are float64", {}, 45),
    Style("class_of_another_name", 1, "", {}, 45),
    Style("saving_inside_fit", 1, "", {}, 45),
    # the handout: one iteration is one batch; the accuracy of a longer training still counts
    Style("losses_of_every_batch", 1, "3750 losses for 50 iterations",
          {"batches": "step ran 3750 times"}, 42),
    Style("n_iter_as_epochs", 2, "7500 batches in 100 iterations", {"batches": "step ran 7500 times"}, 52),
    Style("whole_net_in_the_old_format", 2, "", {}, 55),
    Style("no_set_parameters", 2, "", {}, 55),
    # the handout: change the input in forward, not in fit
    Style("standardising_in_fit", 2, "", {"returns": "standardised in fit"}, 49),
    Style("no_sigmoid", 3, "end with a Sigmoid?", {"returns": "Sigmoid"}, 9),
    # the limit of 196 numbers is ours; the handout's example has 3,136
    Style("code_of_3136", 3, "", {"bottleneck": "3,136"}, 8.25),
)  # fmt: skip
every_style = pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)


@every_style
def test_the_driver_scores_it_and_says_in_one_note_whatever_is_odd(
    style: Style, student: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    student(style.part, (HERE / style.name / f"neuralnet_p{style.part}.py").read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)  # one saves its net there
    assert mp6.main(["--part", str(style.part), "--quiet", "--models", str(tmp_path / "models")]) == 0
    printed = capsys.readouterr()
    figure = "MSE" if style.part == 3 else "Accuracy"
    assert f"{figure}: " in printed.out
    notes = [line for line in (printed.out + printed.err).splitlines() if line.startswith(f"note: part {style.part}: ")]
    notes = [line for line in notes if "fit goes on" not in line]  # said while it ran
    assert len(notes) == bool(style.note) and all(style.note in line for line in notes), notes


def hand_in(style: Style, folder: Path) -> Path:
    """The folder with the solution and its net as a whole, in PyTorch's format before 1.6, as most were in 2020."""
    path = folder / f"neuralnet_p{style.part}.py"
    path.write_bytes((HERE / style.name / path.name).read_bytes())
    with imported(path) as module:
        train.seed_everything(0)
        net = module.fit(*inputs(style.part), 50 if style.part == 1 else 100)[2]
        torch.save(net, folder / f"net_p{style.part}.model", _use_new_zipfile_serialization=False)
    return folder


@every_style
def test_the_grader_takes_the_points_that_a_teacher_would(
    style: Style, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forked: Launch
) -> None:
    monkeypatch.chdir(tmp_path)
    report = graded(LAB, hand_in(style, tmp_path), f"{style.part}.", forked=forked)
    lost = {test.tags[0]: test.output for test in report.tests if test.score < test.max_score}
    assert set(lost) == set(style.lost), lost
    assert all(words in lost[tag] for tag, words in style.lost.items()), lost
    assert report.score >= style.points, [(test.name, test.score, test.output) for test in report.tests]
