"""Explanations for students of how a run ended: a title and a paragraph for each cause."""

import dataclasses
import enum
import signal

from autograder.sandbox.job import MB, Cause, Limits, Usage

FULL = ("No space left on device", "File too large")  # the system's words where files may not grow
TO_SEE = "\n\nTo see "  # begins the last paragraph of a check's text


class Reason(enum.StrEnum):
    """Why a check gave no points, or not all, where the sandbox itself reports no failure."""

    WRONG = "wrong result"
    EXCEPTION = "exception"
    BAD_MODEL = "bad model file"
    MISSING = "missing file"
    NO_TIME = "no time left"


TEXTS: dict[str, tuple[str, str]] = {
    Cause.OK: (
        "Your code ran to its end",
        "It kept within every limit and returned a result of the expected size. The checks decide whether the result"
        " is right.",
    ),
    Cause.EXIT_CODE: (
        "Your program ended with an error (exit code {exit_code})",
        "Python stops with exit code 1 after an exception that no code catches; other codes come from a call such as"
        " sys.exit(3). Read the error output from below: the last line names the error, those above it the calls"
        " that led there. Your code should return to its caller and never end the program.",
    ),
    Cause.CPU_TIME: (
        "Your code computed for too long (limit: {cpu_seconds} s of processor time)",
        "Look first for an endless loop, such as a `while True` whose break is never reached. Other common causes: a"
        " loop over single images where one operation on the whole batch would do; more iterations than the assignment"
        " asks for. The limit counts processor time on all cores and in all processes together. Time your code on your"
        " own machine with a tenth of the data first.",
    ),
    Cause.WALL_TIME: ("Your code took too long (limit: {wall_seconds} s on the clock)", "{spent}"),
    Cause.OUT_OF_MEMORY: (
        "Your code used too much memory (limit: {memory_mb} MB)",
        "The limit counts the memory of all processes together. Common causes: a list that grows with every iteration,"
        " such as losses kept as tensors with their whole graph (keep loss.item() instead); the whole data set sent"
        " through a convolution at once (send it in batches, under torch.no_grad() when you only predict); an array"
        " with a wrong, far too large shape.",
    ),
    Cause.OUTPUT_FLOOD: (
        "Your code wrote too much (limits: {output_kb} kB printed, {scratch_mb} MB of files, {file_mb} MB a file)",
        "A common cause is a print inside the inner loop; print once an epoch instead. Files count while the program"
        " runs, and are deleted with it: save the net once at the end, not in every iteration.",
    ),
    Cause.CRASH: (
        "Your program crashed ({signal})",
        "It was ended from outside Python, so there is no traceback. A segmentation fault comes from compiled code with"
        " unexpected input: a C extension, ctypes, a damaged model file, or very deep recursion. Run the same step on"
        ' your machine with `python -X faulthandler` to see where it happens. "Killed" does not mean a lack of memory,'
        " which would be named: your code has sent this signal itself.",
    ),
    Cause.PROTOCOL: (
        "Your code ended without returning its results",
        "There was no error, but the predictions did not arrive, or not one for each input. Look for"
        " sys.exit(), os._exit() or quit() in your files, for code that runs when the file is imported, and check that"
        " you return one prediction for each input.",
    ),
    Reason.WRONG: (
        "Your code ran, but its result is wrong",
        "Compare the expected value with the one that your code gave. The handout and the docstring of fit describe the"
        " expected result.",
    ),
    Reason.EXCEPTION: (
        "Your code raised an exception",
        "Python could not go on. Read from below: a hint, where we know one; the error; and above it the calls in your"
        " file that led there, if any, the innermost last.",
    ),
    Reason.BAD_MODEL: (
        "Your model file cannot be used",
        "It must be a file of torch.save, such as torch.save(net.state_dict(), NAME) writes, and hold the net that the"
        " code handed in with it builds.",
    ),
    Reason.MISSING: (
        "A file is missing",
        "It must be at the top of your archive or folder, under exactly the name in the assignment. The command"
        " `python -m autograder pack` makes an archive with the right names.",
    ),
    Reason.NO_TIME: (
        "The time for the whole grading was over",
        "All steps of a grading share a time limit, and yours took longer. The steps finished before then are judged as"
        " usual. Look for the slowest of your programs: time each on your own machine.",
    ),
    Cause.GRADER_FAULT: (
        "The grader failed, not your code",
        "Something went wrong on the grading machine, and your work was not judged. You need not change anything; the"
        " staff can see the error and will run the grader again.",
    ),
}


BUSY, IDLE = 0.6, 0.1  # shares of the time on the clock: above, a program computed all the time; below, it waited


def spent(cpu_seconds: float, wall_seconds: float) -> str:
    """What a program did until its time on the clock was over, as far as its processor time tells."""
    if cpu_seconds <= 0 or wall_seconds <= 0:  # some systems do not count it
        return (
            "Either it never ends, as an endless loop or a wait for the keyboard does, or it is too slow. Time it with"
            " a tenth of the data first."
        )
    counted = f"In {wall_seconds:.0f} s it computed for {cpu_seconds:.0f} s"
    if cpu_seconds >= BUSY * wall_seconds:
        return (
            f"{counted}, so it was busy all the time. Look first for an endless loop, such as a `while True`"
            " whose break is never reached; then for a loop over single images where one operation on the whole batch"
            " would do."
        )
    if cpu_seconds <= IDLE * wall_seconds:
        return (
            f"{counted}, so it was probably waiting: for keyboard input, in time.sleep, for a lock or another process,"
            " or for a download. There is no keyboard and no network here."
        )
    return (
        f"{counted}: the machine was busy with other programs, or your code waited in between. If it takes much less"
        " time on your own machine, hand it in again."
    )


def where(place: str, cause: str, usage: Usage) -> str:
    """A sentence on where a program was when its time was over, which is shown before the paragraph.

    Args:
        place: a file, a line of it and its text, see `runner/whereabouts.py`; "" if it is unknown.
    """
    if not place:
        return ""
    looped = cause == Cause.CPU_TIME or usage.cpu_seconds >= BUSY * usage.wall_seconds
    begin = "It was probably in an endless loop, in" if looped else "When its time was nearly over, it was in"
    return f"{begin} {place}\n"


def room(text: str, limits: Limits) -> str:
    """The limits on files, as the end of a text on a folder that was full; "" after another error."""
    if not any(words in text for words in FULL):
        return ""
    return f"\n\nA program's files may have {limits.scratch // MB} MB together, and {limits.file_size // MB} MB each."


def to_see(lab: str, number: str, seed: int, hidden: bool) -> str:
    """The end of a check's text: the command with which a student sees the same."""
    how = "nearly the same, without the hidden data" if hidden else "the same"
    return f"{TO_SEE}{how}: python -m autograder check --lab {lab} --only {number} --seed {seed}"


@dataclasses.dataclass(frozen=True)
class Explanation:
    """A line on how the run ended, and a paragraph on its meaning and on remedies."""

    title: str
    paragraph: str


def explain(cause: str, limits: Limits, exit_code: int | None = None, usage: Usage | None = None) -> Explanation:
    """The explanation of a cause.

    Args:
        cause: why the job ended, a Cause or a Reason.
        limits: the limits of the job.
        exit_code: the program's, or minus the number of the signal that ended it.
        usage: of the job, None if it is unknown.
    """
    usage = usage or Usage()
    title, paragraph = TEXTS[cause]  # a StrEnum's member and its text are one key
    values = {
        "exit_code": "unknown" if exit_code is None else exit_code,
        "signal": _signal_name(exit_code),
        "cpu_seconds": f"{limits.cpu_seconds:g}",
        "wall_seconds": f"{limits.wall_seconds:g}",
        "memory_mb": limits.memory // MB,
        "output_kb": limits.output // 1024,
        "scratch_mb": limits.scratch // MB,
        "file_mb": limits.file_size // MB,
        "spent": spent(usage.cpu_seconds, usage.wall_seconds),
    }
    return Explanation(title.format(**values), paragraph.format(**values))


def _signal_name(exit_code: int | None) -> str:
    """A signal in words, such as "segmentation fault"."""
    if exit_code is None or exit_code >= 0:
        return "by an unknown signal"
    return (signal.strsignal(-exit_code) or f"signal {-exit_code}").lower()
