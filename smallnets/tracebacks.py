"""A student's traceback: only the student's own frames in full, and a hint after the commonest errors."""

import itertools
import os
import re
import traceback
from pathlib import Path
from typing import Any

PACKAGE = str(Path(__file__).parent)
PACKAGES = ("site-packages", "dist-packages")  # folders in which installed packages lie
HINT = "Hint: "
LABELS = "labels must be int64: labels.long()"
FLOATS = "images must be float32, as weights are: torch.from_numpy(images).float()"
NO_GPU = "there is no GPU: remove .cuda() and device='cuda', or ask torch.cuda.is_available() first"
# the end of a traceback -> what mends it
HINTS = {
    r"expected target dtype to be Long|expected scalar type Long but found": LABELS,
    r"must have the same dtype|bias type \(float\) should be the same": FLOATS,
    r"deserialize object on a CUDA device": "the file is from a GPU: torch.load(path, map_location='cpu') opens it",
    r"not compiled with CUDA|No CUDA GPUs are available|Found no NVIDIA driver": NO_GPU,
    r"mat1 and mat2 shapes cannot be multiplied": "the layer expects another number of inputs than it gets: print "
    "x.shape before it; after a convolution use x.flatten(1), before one x.view(-1, 1, 28, 28)",
    r"Expected 3D \(unbatched\) or 4D \(batched\) input to conv|expected input\[\d+, 784": "the images are flat: "
    "reshape them before the convolution with x.view(-1, 1, 28, 28)",
    r"Can't call numpy\(\) on Tensor that requires grad": "write x.detach().numpy()",
    r"Cannot load backend": "there is no screen: remove matplotlib.use(...); savefig works without it",
    r"can't start new thread": "more threads or processes run at once than a program may have here: start fewer",
    r"No space left on device|File too large": "your files have grown too large: save the net once, at the end",
}


def text(error: BaseException, path: str) -> str:
    """The traceback of an exception from the student's file on, and a hint where there is one.

    Args:
        path: the student's file, or the folder of all of them. Frames before it, and of this package, are left out.
            Runs of frames in a library are counted in a line.
    """
    report = traceback.TracebackException.from_exception(error)
    waiting = [report]
    while waiting:
        current = waiting.pop()
        current.stack = Folded(_from_student(list(current.stack), path))
        waiting += [chained for chained in (current.__cause__, current.__context__) if chained is not None]
    lines = "".join(report.format()).rstrip()
    found = hint(error, report.stack)
    return f"{lines}\n{HINT}{found}" if found else lines


def hint(error: BaseException, stack: traceback.StackSummary) -> str:
    """What mends an error, "" if we do not know."""
    if isinstance(error, NotImplementedError) and not str(error) and stack:
        return f"{stack[-1].name} is not written yet"
    return next((words for pattern, words in HINTS.items() if re.search(pattern, str(error))), "")


def _from_student(frames: list[traceback.FrameSummary], path: str) -> list[traceback.FrameSummary]:
    """The frames from the student's first one on, without those of this package."""
    own = (frame.filename == path or frame.filename.startswith(path + os.sep) for frame in frames)
    first = next((i for i, is_own in enumerate(own) if is_own), len(frames))
    return [frame for frame in frames[first:] if not frame.filename.startswith(PACKAGE)]


class Folded(traceback.StackSummary):
    """Frames that are shown in full, except for those in libraries, of which each run is one line."""

    def format(self, **options: Any) -> list[str]:
        """The lines of a traceback."""
        lines = []
        for name, run in itertools.groupby(self, _library):
            frames = list(run)
            if name:
                lines.append(f"  ... {len(frames)} frame{'s' * (len(frames) > 1)} in {name}\n")
            else:
                lines += traceback.StackSummary.from_list(frames).format(**options)
        return lines


def _library(frame: traceback.FrameSummary) -> str:
    """The library that a frame is in, such as "torch" or "Python"; "" for other files."""
    parts = Path(frame.filename).parts
    for folder in PACKAGES:
        if folder in parts[:-1]:
            return parts[parts.index(folder) + 1].removesuffix(".py")
    is_python = frame.filename.startswith(("<frozen ", os.path.dirname(os.__file__) + os.sep))
    return "Python" if is_python else ""
