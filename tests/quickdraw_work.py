"""What a student of the QuickDraw lab hands in besides code: nets, trained on the drawings at hand, and predictions."""

import subprocess
import sys
from pathlib import Path

from conftest import ROOT, Once

from labs.quickdraw.grading.programs import PROGRAMS

LAB = ROOT / "labs/quickdraw"
# learning rate and steps, in seconds
SHORT = {"densenet": (".0001", "2000"), "convnet": (".01", "1000"), "bestmodel": (".01", "200")}


def main(folder: Path, name: str, *args: str) -> None:
    """Run one of our programs in a folder."""
    command = [sys.executable, str(LAB / PROGRAMS[name].main), *args]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr


def predict(folder: Path, name: str) -> Path:
    """Predict the test drawings of data/quickdraw, or of `datasets` in the folder, with the net in its model_files."""
    main(folder, name, *PROGRAMS[name].command())
    return folder / PROGRAMS[name].predictions


def train(folder: Path) -> None:
    """Train each program for a short while; its net goes to model_files, its predictions beside that folder."""
    (folder / "model_files").mkdir()
    for name, program in PROGRAMS.items():
        lr, steps = SHORT[name]
        main(folder, name, "--mode", "train", "--LR", lr, "--bs", "100", "--epochs", steps)
        (model,) = folder.glob(f"model_files/*_{program.model}")
        model.rename(folder / "model_files" / program.model)
        predict(folder, name)


def made(once: Once) -> dict[str, Path]:
    """Net and predictions of each program, by the names of the hand-in."""
    folder = once("quickdraw", train)
    found = {program.model: folder / "model_files" / program.model for program in PROGRAMS.values()}
    return found | {program.predictions: folder / program.predictions for program in PROGRAMS.values()}
