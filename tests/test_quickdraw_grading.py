"""The QuickDraw lab graded for real: mistakes that cost their points and no others, the course's template, cheats."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import quickdraw_work
from conftest import ROOT, Once
from graded import graded, lost
from numpy.typing import NDArray
from quickdraw_work import LAB as FOLDER
from quickdraw_work import predict

from autograder.grading import grade, pipeline
from autograder.intake import own_folder
from autograder.sandbox.run import Launch
from autograder.sandbox.tiers import SAFE, detect
from labs.quickdraw.grading import data, hidden
from labs.quickdraw.grading.declaration import LAB
from labs.quickdraw.grading.programs import PROGRAMS, header_note, parsed
from smallnets import zipping
from smallnets.data import quickdraw

CODE = ("main_densenet.py", "main_convnet.py", "main_bestmodel.py", "accuracies.py", "images.py", "README.md")
NETS = pipeline.reduced(LAB, tuple(check for check in LAB.checks if check.steps == ("nets",)))
DENSE = pipeline.reduced(LAB, tuple(check for check in LAB.checks if check.steps == ("predict densenet",)))
BEST = pipeline.reduced(LAB, tuple(check for check in LAB.checks if check.steps == ("predict bestmodel",)))


def work(folder: Path, more: Mapping[str, Path] | None = None, edit: tuple[str, str, str] | None = None) -> Path:
    """A folder to hand in: our code, after an edit (file, old, new), and more files by name."""
    folder.mkdir()
    found = {name: path for name, path in own_folder.gather(LAB, FOLDER).files.items() if name in CODE}
    for name, path in {**found, **(more or {})}.items():
        shutil.copyfile(path, folder / name)
    if edit is not None:
        name, old, new = edit
        source = (folder / name).read_text(encoding="utf-8")
        assert source.count(old) == 1
        (folder / name).write_text(source.replace(old, new), encoding="utf-8")
    return folder


MUTANTS = {
    "accuracy counts mistakes": (("accuracies.py", "== np.asarray(y_hat)))", "!= np.asarray(y_hat)))"), {"1.1"}),
    "accuracy as a tensor": (
        ("accuracies.py", "return np.float64(np.mean(", "return torch.tensor(np.mean("), {"1.1"},
    ),
    "no bias": (("main_densenet.py", "layer_width, n_classes)\n", "layer_width, n_classes, bias=False)\n"), {"2.1"}),
    "no ReLU": (("main_densenet.py", "nn.ReLU()", "nn.Identity()"), {"2.2"}),
    "softmax at the end": (
        ("main_densenet.py", "(standardised(x).flatten(1))", "(standardised(x).flatten(1)).softmax(1)"), {"2.2"},
    ),
    "statistics of the batch": (
        ("images.py", "square().mean(dim=(2, 3)", "square().mean(dim=(0, 2, 3)"), {"2.3", "3.3"},
    ),
    "padding": (("main_convnet.py", "3, stride=2)", "3, stride=2, padding=1)"), {"3.2"}),
    "ReLU at the end": (("main_convnet.py", "nn.Flatten(),", "nn.Flatten(), nn.ReLU(),"), {"3.2"}),
    "maximum over the map": (("main_convnet.py", "AdaptiveAvgPool2d", "AdaptiveMaxPool2d"), {"3.2"}),
    "one image loses its axis": (
        ("main_convnet.py", 'self.init["input_width"]))', 'self.init["input_width"])).squeeze()'), {"3.3"},
    ),
    "for flat images alone": (
        ("main_convnet.py", "return self.layers(standardised(x, ", "return self.layers(standardised(x.view(-1, 784), "),
        set(),
    ),
    "for [B, 28, 28] alone": (("main_convnet.py", "(standardised(x, ", "(standardised(x[:, None], "), set()),
    "for [B, 1, 28, 28] alone": (
        ("main_convnet.py", 'standardised(x, self.init["input_height"], self.init["input_width"])', "x"), set(),
    ),
    "for [B, 28, 28, 1] alone": (
        ("main_convnet.py", "(standardised(x, ", "(standardised(x.permute(0, 3, 1, 2), "), set(),
    ),
    "for images of no shape": (
        ("main_convnet.py", "(standardised(x, ", "(standardised(x.view(-1, 2), "), {"3.2", "3.3"},
    ),
    "a dense net for [B, 28, 28, 1]": (
        ("main_densenet.py", "(standardised(x).flatten(1))", "(standardised(x.permute(0, 3, 1, 2)).flatten(1))"), set(),
    ),
    "a file that cannot be read": (("main_convnet.py", "import torch\n", "import torch;;\n"), {"3.1", "3.2", "3.3"}),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_loses_its_checks_and_no_others(name: str, tmp_path: Path, forked: Launch) -> None:
    edit, expected = MUTANTS[name]
    assert set(lost(graded(NETS, work(tmp_path / "work", edit=edit), forked=forked))) == expected


# as students of the course write it: a whole net is saved, images are predicted one by one
TEMPLATE = """
import os, sys
import numpy as np
import torch
import torch.nn.functional as F
from utils.io_argparse import get_args
from utils.accuracies import accuracy, approx_train_acc_and_loss, dev_acc_and_loss


NET


def normalize(images):
    images = images.reshape(len(images), -1).astype(np.float32)
    return (images - images.mean(1, keepdims=True)) / (images.std(1, keepdims=True) + 1e-5)


if __name__ == "__main__":
    arguments = get_args(sys.argv)
    DATA_DIR, WEIGHTS_FILE = arguments.get("data_dir"), arguments.get("weights")
    if arguments.get("mode") == "train":
        images = normalize(np.load(os.path.join(DATA_DIR, "fruit_images.npy")))
        labels = np.load(os.path.join(DATA_DIR, "fruit_labels.npy")).astype(np.int64)
        model = MODEL
        optimizer = torch.optim.Adam(model.parameters(), lr=arguments.get("lr"))
        for step in range(arguments.get("epochs")):
            i = np.random.choice(len(images), size=arguments.get("bs"), replace=False)
            loss = F.cross_entropy(model(torch.from_numpy(images[i])), torch.from_numpy(labels[i]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        torch.save(model, os.path.join(arguments.get("model_save_dir"), "SAVED.pt"))
    else:
        test_images = normalize(np.load(os.path.join(DATA_DIR, "fruit_test_images.npy")))
        model = torch.load(WEIGHTS_FILE)
        predictions = []
        for image in test_images:
            x = torch.from_numpy(image).view(1, -1)
            predictions.append(torch.argmax(model(x), dim=1).item())
        np.savetxt(arguments.get("predictions_file"), np.array(predictions), fmt="%d")
"""
TWO_LAYERS = """class TwoLayerDenseNet(torch.nn.Module):
    def __init__(self, input_shape, hidden_layer_width, n_classes):
        super().__init__()
        self.linear1 = torch.nn.Linear(input_shape, hidden_layer_width)
        self.linear2 = torch.nn.Linear(hidden_layer_width, n_classes)

    def forward(self, x):
        return self.linear2(F.relu(self.linear1(x)))"""
DROPPED = """class BestModel(torch.nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(784, 100), torch.nn.ReLU(), torch.nn.Dropout(0.9), torch.nn.Linear(100, n_classes))

    def forward(self, x):
        return self.layers(x)"""


def template(folder: Path, name: str, net: str, model: str) -> None:
    """Write a program on the template, and the net and predictions that it makes on the drawings of data/quickdraw."""
    program = PROGRAMS[name]
    shutil.copytree(FOLDER / "utils", folder / "utils")
    (folder / "model_files").mkdir()
    source = TEMPLATE.replace("NET", net).replace("MODEL", model).replace("SAVED", name)
    (folder / program.main).write_text(source)
    drawings = str(quickdraw.ensure(data.FOLDER))
    train = ["--mode", "train", "--LR", ".001", "--bs", "100", "--epochs", "300", "--dataDir", drawings]
    environment = {"PYTHONPATH": str(ROOT), "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1", "OMP_NUM_THREADS": "1"}
    for args in (train, program.command(drawings)):
        command = [sys.executable, program.main, *args]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr


def handed_in(folder: Path, name: str) -> dict[str, Path]:
    """What is handed in of what `template` has written."""
    program = PROGRAMS[name]
    found = {each: folder / each for each in (program.main, program.predictions)}
    return found | {program.model: folder / "model_files" / program.model}


@pytest.fixture
def dense(once: Once) -> dict[str, Path]:
    """The dense net's program on the template, with its net and predictions."""
    folder = once("dense", lambda folder: template(folder, "densenet", TWO_LAYERS, "TwoLayerDenseNet(784, 100, 6)"))
    return handed_in(folder, "densenet")


@pytest.mark.slow
def test_a_whole_net_of_the_courses_template_gets_full_marks(dense: dict[str, Path], tmp_path: Path) -> None:
    folder, dense_lab = work(tmp_path / "work", dense), pipeline.only(LAB, "2.")
    for tier in [tier for tier in SAFE if not detect().reasons[tier]]:
        assert lost(grade.grade(folder, dense_lab, tier, seed=0)) == {}


@pytest.mark.slow
def test_a_dense_net_of_another_size_loses_the_points_for_its_parameters(tmp_path: Path, forked: Launch) -> None:
    template(tmp_path, "densenet", TWO_LAYERS, "TwoLayerDenseNet(784, 50, 6)")
    found = lost(graded(LAB, work(tmp_path / "work", handed_in(tmp_path, "densenet")), "2.", forked=forked))
    assert set(found) == {"2.1"}
    assert "expected the net in densenet.pt to have 79,106 parameters, got 39,556" in found["2.1"]


@pytest.mark.slow
@pytest.mark.parametrize("old", [False, True], ids=["zip", "old format"])
@pytest.mark.parametrize("place", ["main_densenet", "__main__"])
def test_the_handouts_session_opens_a_whole_net(
    place: str, old: bool, once: Once, tmp_path: Path, forked: Launch
) -> None:
    files = quickdraw_work.made(once)
    kept = {name: files[name] for name in ("densenet.pt", "densenet_predictions.csv")}
    code = f"""
import sys, torch, main_densenet
net = main_densenet.TwoLayerDenseNet()
net.load_state_dict(torch.load({str(kept["densenet.pt"])!r})["state_dict"])
TwoLayerDenseNet = main_densenet.TwoLayerDenseNet
TwoLayerDenseNet.__module__ = {place!r}
torch.save(net, {str(tmp_path / "densenet.pt")!r}, _use_new_zipfile_serialization={not old})
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    kept["densenet.pt"] = tmp_path / "densenet.pt"
    assert lost(graded(LAB, work(tmp_path / "work", kept), "2.", forked=forked)) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (("torch.load(WEIGHTS_FILE)", "torch.nn.Conv2d(1, 8, 3)"), "convolution with x.view(-1, 1, 28, 28)"),
        (("torch.from_numpy(image).view(1, -1)", "torch.from_numpy(image).view(1, 28, 28)"), "use x.flatten(1)"),
        (("torch.from_numpy(image).view", "torch.from_numpy(image).double().view"), "must be float32, as weights are"),
        (("        predictions = []", "        F.nll_loss(torch.ones(1, 6), torch.ones(1))"), "labels.long()"),
        (("np.array(predictions)", "np.array(predictions).astype(np.int)"), "np.int is gone from NumPy: write int"),
        (("class TwoLayerDenseNet", "class Another"), "of a class that this program does not define"),
        (('arguments.get("predictions_file")', '"elsewhere.csv"'), "main_densenet.py to write --predictionsFile"),
        (("test_images:", "test_images[1:]:"), "expected 1800 lines in densenet_predictions.csv, one for each drawing"),
        (("        predictions = []", "        sys.exit('no GPU')"), "ended with exit code no GPU"),
    ],
    ids=["flat images to a convolution", "images to a Linear", "float64 images", "float labels", "np.int",
         "another class", "another file", "an image too few", "an exit code"],
)  # fmt: skip
def test_a_program_that_does_not_predict_is_told_why(
    edit: tuple[str, str], words: str, dense: dict[str, Path], tmp_path: Path, forked: Launch
) -> None:
    found = lost(graded(DENSE, work(tmp_path / "work", dense, ("main_densenet.py", *edit)), forked=forked))
    assert set(found) == {"2.4", "2.5", "2.6"} and words in found["2.4"], found


@pytest.mark.slow
def test_predictions_that_are_not_the_nets_cost_their_own_points(
    dense: dict[str, Path], tmp_path: Path, forked: Launch
) -> None:
    forged = tmp_path / "forged.csv"
    np.savetxt(forged, np.arange(1800) % 6, fmt="%d")
    found = lost(graded(DENSE, work(tmp_path / "work", {**dense, "densenet_predictions.csv": forged}), forked=forked))
    assert set(found) == {"2.6"} and "are reproduced (expected 99%)" in found["2.6"]
    forged.write_text("1\n2\n")
    found = lost(graded(DENSE, work(tmp_path / "short", {**dense, "densenet_predictions.csv": forged}), forked=forked))
    assert set(found) == {"2.6"} and "expected 1800 lines in densenet_predictions.csv" in found["2.6"]


CHEATS = {
    "looks for labels": """
        import glob
        found = [path for place in ("/tmp", "/root", "/home", os.getcwd())
                 for path in glob.glob(place + "/**/*label*.npy", recursive=True)]
        predictions = list(np.load(found[0])) if found else [0] * len(test_images)
""",
    "copies what was handed in": """
        predictions = list(np.loadtxt(os.path.join(sys.path[0], "densenet_predictions.csv"), dtype=int))
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHEATS)
def test_a_program_that_does_not_look_at_the_drawings_is_as_good_as_chance(
    name: str, dense: dict[str, Path], tmp_path: Path
) -> None:
    edit = ("main_densenet.py", "        for image in test_images:", f"{CHEATS[name]}        for image in []:")
    report = graded(DENSE, work(tmp_path / "work", dense, edit))
    (score,) = [test.score for test in report.tests if test.number == "2.5"]
    assert score == 0 and report.columns[0][1] < 0.25


@pytest.mark.slow
def test_dropout_in_training_mode_is_scored_as_it_is_and_named(tmp_path: Path, forked: Launch) -> None:
    template(tmp_path, "bestmodel", DROPPED, "BestModel(6)")
    folder = work(tmp_path / "work", handed_in(tmp_path, "bestmodel"))
    report = graded(BEST, folder, forked=forked)
    found = lost(report)
    assert set(found) == {"4.2", "4.3"}
    assert all("Dropout predicted in training mode: call model.eval() before you predict" in t for t in found.values())
    program = folder / PROGRAMS["bestmodel"].main
    program.write_text(program.read_text().replace("torch.load(WEIGHTS_FILE)", "torch.load(WEIGHTS_FILE).eval()"))
    after = graded(BEST, folder, forked=forked)
    assert after.columns[0][1] > report.columns[0][1] + 0.1 and "training mode" not in "".join(lost(after).values())


@pytest.mark.slow
def test_a_net_over_1_mb_loses_these_points_alone(tmp_path: Path, forked: Launch) -> None:
    # made for other drawings, so its accuracy is no matter here
    files = {"bestmodel.pt": FOLDER / "model_files/bestmodel.pt"}
    assert set(lost(graded(BEST, work(tmp_path / "small", files), forked=forked))) == {"4.2", "4.3"}
    large = tmp_path / "bestmodel.pt"
    shutil.copyfile(files["bestmodel.pt"], large)
    with zipfile.ZipFile(large, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr(f"{archive.namelist()[0].split('/')[0]}/more", bytes(100_000))
    found = lost(graded(BEST, work(tmp_path / "large", {"bestmodel.pt": large}), forked=forked))
    assert set(found) == {"4.2", "4.3", "4.4"} and "bytes of at most 1,048,576" in found["4.4"]
    large.write_bytes(b"no net")
    found = lost(graded(BEST, work(tmp_path / "other", {"bestmodel.pt": large}), forked=forked))
    assert "expected bestmodel.pt to be a file of torch.save" in found["4.1"] and "see 4.1" in found["4.2"]


@pytest.mark.slow
@pytest.mark.skipif("SMALLNETS_DATA" not in os.environ, reason="SMALLNETS_DATA, with real drawings, is not set")
def test_the_shipped_nets_get_full_marks_on_real_drawings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Path(os.environ["SMALLNETS_DATA"]) / "quickdraw"
    monkeypatch.setattr(data, "FOLDER", source)
    (tmp_path / "staff").mkdir()
    hidden.write(b"sixteen bytes!!!", tmp_path / "staff")
    shutil.copytree(FOLDER / "model_files", tmp_path / "model_files")
    (tmp_path / "datasets").symlink_to(source)
    files = {program.model: tmp_path / "model_files" / program.model for program in PROGRAMS.values()}
    files |= {program.predictions: predict(tmp_path, name) for name, program in PROGRAMS.items()}
    report = graded(LAB, work(tmp_path / "work", files), staff=tmp_path / "staff")
    assert lost(report) == {} and report.score == 100
    cards = {name: json.loads((FOLDER / f"model_files/{name}.json").read_text()) for name in PROGRAMS}
    for name, value, _ in report.columns:
        assert abs(value - cards[name.split()[0]]["metrics"]["dev_acc"]) < 0.03


def test_hidden_sketches_follow_the_secret(tmp_path: Path, sketches: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(name: str, secret: bytes) -> tuple[NDArray, NDArray]:
        (tmp_path / name).mkdir()
        hidden.write(secret, tmp_path / name)
        return quickdraw.read(tmp_path / name, "test")

    with monkeypatch.context() as patch:
        patch.setattr(data, "MOST", 60)  # sketching takes a millisecond each
        once, again, other = (made(str(k), secret * 16)[0] for k, secret in enumerate((b"s", b"s", b"t")))
    assert np.array_equal(once, again) and not np.array_equal(once, other)
    images, labels = made("a", b"s" * 16)
    assert len(images) == 900 and np.bincount(labels).tolist() == [150] * 6
    found, source = data.load(tmp_path / "a", 0)
    assert str(tmp_path / "a") in source and found.n_given == 24 and (found.labels >= 0).sum() == 900
    given = found.rows >= 0
    assert np.array_equal(found.images[given], quickdraw.read_images(sketches, "test")[found.rows[given]])
    with pytest.raises(ValueError, match="at least 16 bytes, got 3"):
        hidden.write(b"abc", tmp_path)


def test_drawings_are_taken_from_where_the_programs_look_first(
    tmp_path: Path, sketches: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In labs/quickdraw/datasets, as in session.find_data."""
    monkeypatch.setattr(data, "DATASETS", tmp_path / "datasets")
    assert data.load(None, 0)[0].n_given == 24
    quickdraw.write_drawn(tmp_path / "datasets", {"train": 1, "dev": 1, "test": 2}, seed=1)
    found, _ = data.load(None, 0)
    assert (int((found.labels >= 0).sum()), found.n_given) == (6, 12)
    (tmp_path / "staff").mkdir()
    hidden.write(b"s" * 16, tmp_path / "staff")
    given = quickdraw.read_images(tmp_path / "datasets", "test")
    assert np.array_equal(np.load(tmp_path / "staff" / data.STUDENT_IMAGES), given)
    (tmp_path / "datasets" / quickdraw.IMAGES["train"]).unlink()
    with pytest.raises(ValueError, match=r"expected fruit_images.npy beside .*datasets/fruit_dev_images.npy"):
        data.load(None, 0)


def test_hidden_drawings_are_made_of_the_test_sets_where_its_labels_are_there(tmp_path: Path, sketches: Path) -> None:
    (sketches / quickdraw.NOTE).unlink()  # as if they were Google's
    for split in ("test", "dev"):
        (tmp_path / split).mkdir()
        hidden.write(b"s" * 16, tmp_path / split)
        images, labels = quickdraw.read(tmp_path / split, "test")
        known, truths = quickdraw.read(sketches, split)
        distances = ((images[:, None].astype(float) - known) ** 2).mean((2, 3))
        assert sorted(distances.argmin(1)) == list(range(len(known))) and (distances.min(1) > 0).all()
        assert np.array_equal(truths[distances.argmin(1)], labels)
        (sketches / quickdraw.LABELS["test"]).unlink(missing_ok=True)


def test_the_courses_own_test_set_is_scored_and_compared_at_once(tmp_path: Path, sketches: Path) -> None:
    found, _ = data.load(sketches, 0)
    assert len(found.images) == 24 == found.n_given and sorted(found.rows) == list(range(24))
    images, labels = quickdraw.read(sketches, "test")
    assert np.array_equal(found.images, images[found.rows]) and np.array_equal(found.labels, labels[found.rows])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"1\n2\n", "expected 3 lines in p.csv, one for each drawing of fruit_test_images.npy, got 2"),
        (b"1\n2\n6\n", "expected a class from 0 to 5 in each line of p.csv, got '6'"),
        (b"1\n2\nnan\n", "got 'nan'"),
        (b"1\n2.5\n1\n", "got '2.5'"),
        (b"1\nx\n1\n", "expected a class from 0 to 5 in each line of p.csv, got"),
        (b"\xff\xfe1", "got 1"),
        (b",0\n0,1\n1,2\n2,2\n", "got '0,1'; write the classes alone, without an index"),
        (b"a\nb\n1\n2\n3\n", "expected 3 lines in p.csv, one for each drawing of fruit_test_images.npy, got 5"),
    ],
    ids=["two lines", "class 6", "nan", "a fraction", "a word", "not UTF-8", "an index", "two headers"],
)
def test_what_are_no_predictions_is_named(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        parsed(content, "p.csv", 3)
    assert parsed(b"0\r\n5\r\n4.000000000000000000e+00\r\n", "p.csv", 3).tolist() == [0, 5, 4]


@pytest.mark.parametrize("first", ["label", "predicted class", "\ufefflabel"], ids=["a word", "two words", "Excel's"])
def test_a_header_is_left_out_and_noted(first: str) -> None:
    content = f"{first}\n4\n0\n5\n".encode()
    assert parsed(content, "p.csv", 3).tolist() == [4, 0, 5]
    expected = f"the first line of p.csv, {first.removeprefix(chr(0xFEFF))!r}, was taken for a header"
    assert header_note(content, "p.csv", 3) == expected and header_note(b"4\n0\n5\n", "p.csv", 3) == ""


def test_pack_takes_the_date_off(tmp_path: Path, sketches: Path) -> None:
    folder = work(tmp_path / "work")
    for name in ("model_files", "log_files", "utils"):
        (folder / name).mkdir()
    (folder / "accuracies.py").rename(folder / "utils/accuracies.py")
    for name in (
        "model_files/202202280000_densenet.pt",
        "model_files/202202280001_densenet.pt",
        "densenet_predictions.csv",
    ):
        (folder / name).write_text(name)
    (folder / "log_files/202202280001_densenet.log").write_text("step")
    (folder / "densenet_predictions.csv").write_text("0\n" * 24)
    gathered = own_folder.gather(LAB, folder)
    found = gathered.files
    assert gathered.notes == gathered.faults == [] and found["densenet.pt"].name == "202202280001_densenet.pt"
    assert found["accuracies.py"] == folder / "utils/accuracies.py" and "densenet.log" in found
    zipping.write(tmp_path / "work.zip", found, LAB.root)
    with zipfile.ZipFile(tmp_path / "work.zip") as archive:
        assert {"densenet.pt", "accuracies.py", "densenet_predictions.csv"} <= set(archive.namelist())
