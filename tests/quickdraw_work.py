"""What a student of the QuickDraw lab hands in besides code: nets, trained on the drawings at hand, and predictions."""

import atexit
import functools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from conftest import ROOT

from autograder.quickdraw.parts import PROGRAMS

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


@functools.cache
def made(*names: str) -> dict[str, Path]:
    """Trained for a short while: net and predictions of each of these programs, by the names of the hand-in."""
    folder = Path(tempfile.mkdtemp(prefix="quickdraw-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "model_files").mkdir()
    found = {}
    for name in names:
        program, (lr, steps) = PROGRAMS[name], SHORT[name]
        main(folder, name, "--mode", "train", "--LR", lr, "--bs", "100", "--epochs", steps)
        (model,) = folder.glob(f"model_files/*_{program.model}")
        found[program.model] = model.rename(folder / "model_files" / program.model)
        found[program.predictions] = predict(folder, name)
    return found
