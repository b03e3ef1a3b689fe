"""Beras graded: wrong solutions lose what they should, one in the course's own style nothing, cheats earn nothing."""

import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from graded import Edits, graded, lost, own, submission
from mutants.beras import (
    ACTIVATIONS,
    ASSIGNMENT,
    CORE,
    LAYERS,
    LOSSES,
    METRICS,
    MODEL,
    MUTANTS,
    NO_LEARNING,
    OPTIMIZERS,
)
from programs import as_script, lab_at

from autograder.commands import handout
from autograder.grading import pipeline
from autograder.intake import own_folder
from autograder.lab import Run, Submission
from autograder.sandbox.run import Launch
from labs.beras.grading import data, hidden
from labs.beras.grading.declaration import LAB
from labs.beras.grading.jobs import FLAG
from smallnets import zipping
from smallnets.data import mnist

slow = pytest.mark.slow
COMPONENTS = pipeline.reduced(LAB, tuple(check for check in LAB.checks if not check.number.startswith("10.")))
LOOPS = ROOT / "tests/solutions/beras_loops"


def of_cs1470(folder: Path, edits: Mapping[str, Edits]) -> Path:
    """Our solution after edits, without the file that marks a student of CS2470."""
    return submission(LAB, folder, edits, without=FLAG)


@slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_loses_the_points_of_its_mistake(name: str, tmp_path: Path, forked: Launch) -> None:
    file, edits, number, words = MUTANTS[name]
    path = submission(LAB, tmp_path, {file: edits})
    found = lost(graded(LAB, path, number[:2], forked=forked))
    assert set(found) == {number} and words in found[number], found


@slow
@pytest.mark.parametrize("name", NO_LEARNING)
def test_a_mistake_that_has_cost_its_points_costs_none_of_the_model(name: str, tmp_path: Path, forked: Launch) -> None:
    file, edits, _, _ = MUTANTS[name]
    report = graded(LAB, submission(LAB, tmp_path, {file: edits}), "10.1", forked=forked)
    assert lost(report) == {} and f"not judged, as {file} is wrong" in report.tests[0].output, report.tests


def broken(tmp_path: Path, file: str, forked: Launch) -> dict[str, str]:
    """What is lost, of all components, when a file is no Python."""
    text = own(LAB)[file].read_text()
    first = text.splitlines()[0]
    return lost(graded(COMPONENTS, of_cs1470(tmp_path, {file: ((first, first + "\nclass :"),)}), forked=forked))


@slow
@pytest.mark.parametrize(
    ("file", "numbers"),
    [
        (CORE, {"1.1", "1.2"}),
        (LAYERS, {"2.1", "2.2", "2.3", "2.4", "9.2"}),  # our batch_step asks layers.py for penalties
        (MODEL, {"8.1"}),
        (ASSIGNMENT, {"9.1", "9.2"}),
    ],
)
def test_a_file_that_is_no_python_takes_no_other_with_it(
    file: str, numbers: set[str], tmp_path: Path, forked: Launch
) -> None:
    found = broken(tmp_path, file, forked)
    assert set(found) == numbers
    assert any("SyntaxError" in text and file in text for text in found.values()), found


@slow
def test_a_solution_as_the_course_writes_it_passes_every_check(forked: Launch) -> None:
    report = graded(COMPONENTS, LOOPS, forked=forked)  # whole trainings take it minutes
    assert lost(report) == {} and {"3.4", "3.5"} <= {test.number for test in report.tests}
    assert "the module tensorflow may be missing when this is graded" in report.output


@slow
def test_the_simple_model_is_the_courses_whatever_the_students_is(tmp_path: Path, forked: Launch) -> None:
    edits: dict[str, Edits] = {
        ASSIGNMENT: (("    model = SequentialModel([layers.Dense(784, 10), activations.Softmax()])", "    return 1"),),
        # neither Softmax nor the metric is asked for here
        ACTIVATIONS: (("        exponentials = np.exp(", "        raise NotImplementedError(\"\"\"("),
                      (".max(axis=-1, keepdims=True))\n", ".max(axis=-1, keepdims=True))\"\"\")\n")),
        METRICS: (("import numpy as np\n", "class :\n"),),
    }  # fmt: skip
    report = graded(LAB, of_cs1470(tmp_path, edits), "10.", forked=forked)
    assert lost(report) == {} and [test.number for test in report.tests] == ["10.1"]
    ((name, value, better),) = report.columns
    assert (name, better) == ("simple accuracy", "high") and value > 0.9


@slow
def test_a_model_that_does_not_learn_gets_nothing(tmp_path: Path, forked: Launch) -> None:
    wrong: dict[str, Edits] = {
        OPTIMIZERS: (("            w -= rate * g\n", "            w += rate * g\n"),),
        LOSSES: (("2 * self.error", "2 * self.error / self.error.size"),),
    }
    found = lost(graded(LAB, of_cs1470(tmp_path, wrong), "10.", forked=forked))
    assert set(found) == {"10.1"} and "full points from 0.85" in found["10.1"]


def advanced(tmp_path: Path, edits: dict[str, Edits], forked: Launch) -> dict[str, str]:
    """What is lost of the advanced model's points."""
    return lost(graded(LAB, submission(LAB, tmp_path, edits), "10.2", forked=forked))


@slow
def test_our_advanced_model_gets_all_points(tmp_path: Path, forked: Launch) -> None:
    assert advanced(tmp_path, {ASSIGNMENT: (("epochs=12", "epochs=2"),)}, forked) == {}


@slow
def test_the_untouched_handout_gets_nothing_of_cs2470s_points_either(tmp_path: Path, forked: Launch) -> None:
    handout.write(LAB, tmp_path)
    (tmp_path / "labs/beras" / FLAG).touch()
    for beginning in ("3.", "10."):
        assert graded(LAB, tmp_path / "labs/beras", beginning, forked=forked).score == 0


@slow
def test_an_advanced_model_has_two_layers(tmp_path: Path, forked: Launch) -> None:
    one: dict[str, Edits] = {
        ASSIGNMENT: (
            ("    model = SequentialModel(\n", "    return get_simple_model_components()\n    SequentialModel(\n"),
        )
    }
    found = advanced(tmp_path, one, forked)
    assert "expected an advanced model of two or more layers with weights, got 1" in found["10.2"]


# whatever was trained, the message holds predictions that are made up
FORGED = """
    def forward(self, inputs):
        import os, struct
        data = struct.pack("<q", 360) + bytes(360) + struct.pack("<q", 2) + b"{}" + bytes(2**15 - 2)
        os.write(4, data)
        os._exit(0)

    def learns(self, inputs):
"""


@slow
def test_a_forged_message_earns_nothing(tmp_path: Path) -> None:
    def with_digits_alone() -> tuple[None, str]:
        return None, "the stand-in"

    start = '    def forward(self, inputs: np.ndarray) -> np.ndarray:\n        """[B, input_size]'
    forged: dict[str, Edits] = {LAYERS: ((start, f'{FORGED}        """[B, input_size]'),)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "found", with_digits_alone)
        found = lost(graded(LAB, of_cs1470(tmp_path, forged), "10."))
    assert set(found) == {"10.1"}  # a check has written it before


@slow
def test_what_another_library_computes_earns_nothing(tmp_path: Path, forked: Launch) -> None:
    by_torch: dict[str, Edits] = {
        LAYERS: (
            ("import numpy as np\n", "import numpy as np\nimport torch\n"),
            (
                "self.outputs = self.inputs @ self.w\n",
                "self.outputs = torch.nn.functional.linear(self.inputs, self.w)\n",
            ),
        )
    }
    found = lost(graded(LAB, of_cs1470(tmp_path, by_torch), "2.", forked=forked))
    assert "expected no call of torch.nn.functional.linear, as this lab is written in NumPy" in found["2.2"]


@slow
def test_a_name_that_numpy_has_given_up_is_named_with_the_new_one(tmp_path: Path, forked: Launch) -> None:
    old: dict[str, Edits] = {METRICS: (("return np.mean(", "return np.product(1) * np.mean("),)}
    report = graded(LAB, of_cs1470(tmp_path, old), "6.", forked=forked)
    assert "np.product was removed from NumPy; write np.prod" in report.output
    assert "AttributeError: " in lost(report)["6.1"]


def test_labels_of_hidden_images_never_enter_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "found", lambda: (None, "the stand-in"))
    loaded, line = LAB.load(None, 0)
    assert "360 images that students have, in other light" in line and line.endswith("the stand-in")
    step = next(step for step in LAB.steps if step.name == "simple")
    job = step.job(Run(Submission({}, (), ""), loaded, 0))
    assert job is not None
    given = np.load(io.BytesIO(job.input))
    assert set(given) == {"images", "labels", "unlabelled", "seed"}
    np.testing.assert_array_equal(given["unlabelled"], loaded.hidden)
    assert len(given["labels"]) == len(given["images"]) == 1380


def test_hidden_images_follow_from_the_secret_and_are_no_known_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(data, "found", lambda: (None, "a stand-in"))
    with pytest.raises(ValueError, match="secret of at least 16 bytes, got 3"):
        hidden.write(b"abc", tmp_path)
    for name, secret in (("a", b"0" * 16), ("again", b"0" * 16), ("b", b"1" * 16)):
        (tmp_path / name).mkdir()
        hidden.write(secret, tmp_path / name)
    files = sorted(os.listdir(tmp_path / "a"))
    assert len(files) == 5 and mnist.NOTE in files
    for file in files:
        content = (tmp_path / "a" / file).read_bytes()
        assert content == (tmp_path / "again" / file).read_bytes()
        assert (content == (tmp_path / "b" / file).read_bytes()) == ("t10k" not in file)
    loaded, line = LAB.load(tmp_path / "a", 0)
    assert f"360 images of {tmp_path / 'a'}" in line and line.endswith(f"; {mnist.STAND_IN}")
    known = {image.tobytes() for image in mnist.digits()["t10k-images-idx3-ubyte"]}
    assert not known & {image.tobytes() for image in loaded.hidden}
    assert np.bincount(loaded.truths).tolist() == [36] * 10


def test_the_archive_lies_as_the_handout_says(tmp_path: Path) -> None:
    handout.write(LAB, tmp_path / "handout")
    folder = tmp_path / "handout/labs/beras"
    (folder / FLAG).touch()
    found = own_folder.gather(LAB, folder)
    zipping.write(tmp_path / "beras.zip", found.files, LAB.root)
    names = zipfile.ZipFile(tmp_path / "beras.zip").namelist()
    assert found.notes == [] and {"hw2/code/assignment.py", "hw2/code/Beras/core.py", f"hw2/code/{FLAG}"} <= set(names)
    assert all(name.startswith("hw2/code/") for name in names) and len(names) == len(LAB.hand_in)


def test_the_handouts_program_says_what_is_not_written_yet(tmp_path: Path) -> None:
    names = handout.write(LAB, tmp_path)
    given = "".join((tmp_path / name).read_text() for name in names if name.startswith("labs/"))
    for ours in ("Dropout", "BatchNormalization", "L2", "CosineDecay", "Sigmoid"):
        assert ours not in given
    with lab_at(tmp_path):  # the handout's own smallnets
        done = as_script(tmp_path / "labs/beras/assignment.py", cwd=tmp_path / "labs/beras")
    assert done.returncode == 1 and done.stderr.rstrip().endswith("NotImplementedError")
    assert "onehot.py" in done.stderr and done.stdout.startswith("scikit-learn's small digits in place of MNIST")


def test_points() -> None:
    extra = [check.points for check in LAB.checks if check.only_with == (FLAG,)]
    assert sum(check.points for check in LAB.checks) - sum(extra) == 100 and sum(extra) == 20
