"""What a student is told about the way a run ended: a title and a paragraph for each cause."""

import dataclasses
import enum
import signal

from autograder.sandbox.job import MB, Cause, Limits


class Reason(enum.StrEnum):
    """Why there are no or not all points, though the sandbox has nothing to say against the run."""

    WRONG = "wrong result"
    EXCEPTION = "exception"
    BAD_MODEL = "bad model file"
    MISSING = "missing file"
    NO_TIME = "no time left"


TEXTS: dict[str, tuple[str, str]] = {
    Cause.OK: (
        "Your code ran to its end",
        "It kept within every limit and handed back as much as was asked for. Whether that is right is another"
        " question, answered by the checks.",
    ),
    Cause.EXIT_CODE: (
        "Your program ended with an error (exit code {exit_code})",
        "Python stops with exit code 1 when nobody catches an exception; other codes come from a call such as"
        " sys.exit(3). Read the last lines of the error output from below: the last names the error, the ones above it"
        " the line of your file. Code that is handed in should return to its caller and never end the program.",
    ),
    Cause.CPU_TIME: (
        "Your code computed for too long (limit: {cpu_seconds} s of processor time)",
        "Counted is the time that the processor worked for you, on all cores and in all processes together, not the"
        " time on the clock. Often it is a loop that never ends, a loop over single images where one operation on the"
        " whole batch would do, or more iterations than the assignment asks for. Time your code on your own machine"
        " with a tenth of the data first.",
    ),
    Cause.WALL_TIME: (
        "Your code took too long (limit: {wall_seconds} s on the clock)",
        "It was still running, though it had not used up its processor time, so it was probably waiting: for input from"
        " the keyboard, which nobody gives here, in time.sleep, for another process, or for a download, as there is no"
        " network.",
    ),
    Cause.OUT_OF_MEMORY: (
        "Your code used too much memory (limit: {memory_mb} MB)",
        "Counted is the memory of all processes together. Often it is a list that grows with every iteration, such as"
        " losses kept as tensors with all that they were computed from (keep loss.item() instead), the whole data set"
        " sent through a convolution at once (send it in batches, under torch.no_grad() when you only predict), or an"
        " array with a wrong, far too large shape.",
    ),
    Cause.OUTPUT_FLOOD: (
        "Your code wrote too much (limits: {output_kb} kB printed, {scratch_mb} MB of files, {file_mb} MB a file)",
        "Often it is a print inside the inner loop. Print once an epoch instead. Files are not looked at here: what you"
        " write is deleted after the run, so write none.",
    ),
    Cause.CRASH: (
        "Your program crashed ({signal})",
        "It was ended from outside Python, so there is no traceback. A segmentation fault comes from compiled code that"
        " was given what it does not expect: a C extension, ctypes, a model file that is damaged, or very deep"
        " recursion. Run the same step on your machine with `python -X faulthandler` to see where it happens.",
    ),
    Cause.PROTOCOL: (
        "Your code ended without handing back its results",
        "No error was raised, but the predictions did not arrive, or not as many as there are inputs. Look for"
        " sys.exit(), os._exit() or quit() in your files, for code that runs when the file is imported, and check that"
        " you return one prediction for each input.",
    ),
    Reason.WRONG: (
        "Your code ran, but its result is not what was asked for",
        "Compare what was expected with what came; the handout and the docstring of fit say what is asked for.",
    ),
    Reason.EXCEPTION: (
        "Your code raised an exception",
        "Python could not go on. The last line below names the error, the ones above it the lines of your file that led"
        " there, the innermost last.",
    ),
    Reason.BAD_MODEL: (
        "Your model file cannot be used",
        "It must be what torch.save writes, from the net that your own code builds: train again, save again with"
        " torch.save(net.state_dict(), NAME), and hand in that file with the code of the same day.",
    ),
    Reason.MISSING: (
        "A file is missing",
        "It has to be at the top of what you hand in, under exactly the name that the assignment gives. The command"
        " `python -m autograder pack` makes an archive with the right names.",
    ),
    Reason.NO_TIME: (
        "The time for the whole grading was over",
        "All steps of a grading share the time that the machine has for them, and here they took longer than that. What"
        " was done before is judged as ever. Look for the slowest of your programs: time each on your own machine.",
    ),
    Cause.GRADER_FAULT: (
        "The grader failed, not your code",
        "Something went wrong on the machine that grades, and your work has not been judged. You need not change"
        " anything; the staff can see what happened and will run it again.",
    ),
}


@dataclasses.dataclass(frozen=True)
class Explanation:
    """A line that says what happened, and a paragraph on what it means and what to try."""

    title: str
    paragraph: str


def explain(cause: str, limits: Limits, exit_code: int | None = None) -> Explanation:
    """The words for a cause.

    Args:
        cause: why the job ended, a Cause or a Reason.
        limits: under which it ran.
        exit_code: of its program, or minus the number of the signal that ended it.
    """
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
    }
    return Explanation(title.format(**values), paragraph.format(**values))


def _signal_name(exit_code: int | None) -> str:
    """A signal in words, such as "segmentation fault"."""
    if exit_code is None or exit_code >= 0:
        return "by an unknown signal"
    return (signal.strsignal(-exit_code) or f"signal {-exit_code}").lower()
