"""Run code that a student wrote, and show only the student's own traceback when it fails."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OURS = str(Path(__file__).parent)


class StudentError(Exception):
    """A student's code raised; the text is its traceback, from the student's file on."""


@contextmanager
def student_code(path: str | Path) -> Iterator[None]:
    """Turn whatever the block raises, except Ctrl-C, into a StudentError.

    Args:
        path: the student's file. Frames of the caller before it, and of this package, are left out;
            an exception that never reached the file (a wrong signature, say) keeps its last line only.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        report = traceback.TracebackException.from_exception(error)
        _trim(report, str(path))
        raise StudentError("".join(report.format()).rstrip()) from None


def _trim(report: traceback.TracebackException, path: str) -> None:
    frames = list(report.stack)
    first = next((i for i, frame in enumerate(frames) if frame.filename == path), len(frames))
    kept = [frame for frame in frames[first:] if not frame.filename.startswith(OURS)]
    report.stack = traceback.StackSummary.from_list(kept)
    for chained in (report.__cause__, report.__context__):
        if chained is not None:
            _trim(chained, path)
