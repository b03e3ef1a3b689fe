"""Inside the sandbox: the lab's package `utils`, with the student's flat files and the staff's."""

import sys
from types import ModuleType

from autograder.runner import student_module

STAFFS = "labs/quickdraw/utils"  # io_argparse.py and session.py


def make_importable() -> None:
    """Let `import main_densenet` and `from utils.accuracies import ...` find the student's files, then the staff's."""
    folder = str(student_module.SUBMISSION.absolute())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    utils = ModuleType("utils")
    # utils/ holds modules of the student's own, such as utils/layers.py
    utils.__path__ = [folder, f"{folder}/utils", str(student_module.JOB / STAFFS)]
    sys.modules["utils"] = utils
