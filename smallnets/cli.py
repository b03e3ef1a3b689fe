"""Shared by all command lines: one-line errors and the exit codes.

0 done; 1 a target missed, a check failed, or the reader of the output has gone (`| head`);
2 the user's mistake; 130 interrupted.
"""

import argparse
import contextlib
import datetime
import functools
import io
import math
import os
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from smallnets import faults, times


class StudentError(Exception):
    """A student's code raised; the text is its traceback, from the student's file on."""


LARGEST = 1e30
LAST = datetime.datetime(9999, 12, 30, tzinfo=datetime.UTC).timestamp()  # a date in every zone
LABS = Path(__file__).resolve().parents[1] / "labs"
LIBRARIES = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")]
SHOWN = 60  # characters of a wrong argument


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that shows defaults in its help and names a mistake in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


class _Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keep the description's line ends, add each option's default where it says something."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default is None or action.default is False else super()._get_help_string(action)


def parser(description: str | None) -> Parser:
    """A parser for a driver whose docstring is `description`."""
    return Parser(description=description, formatter_class=_Help, allow_abbrev=False)


def whole_number(least: int, most: int = 2**32 - 1) -> Callable[[str], int]:
    """An argparse type: a whole number of at least `least` (and at most numpy's largest seed)."""

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:  # or more digits than Python reads
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"expected a whole number of at least {least}, got {_short(text)}")
        if number > most:
            raise argparse.ArgumentTypeError(f"expected a whole number of at most {most}, got {_short(text)}")
        return number

    return convert


def number(least: float = -LARGEST, most: float = LARGEST) -> Callable[[str], float]:
    """An argparse type: a number from `least` to `most`, never nan; by default, within the range of a float32."""

    def convert(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if found > most:
            raise argparse.ArgumentTypeError(f"expected a number of at most {most:g}, got {_short(text)}")
        if not found >= least:
            bound = "" if least == -LARGEST else f" of at least {least:g}"
            raise argparse.ArgumentTypeError(f"expected a number{bound}, got {_short(text)}")
        return found

    return convert


def moment(text: str) -> float:
    """An argparse type: seconds since the epoch of a time in ISO 8601, of this machine's zone if it names none."""
    time = times.read(text)
    seconds = -1.0 if time is None else time.timestamp()
    if not 0 <= seconds <= LAST:
        example = "2026-12-01T23:59 or 2026-12-01T23:59+01:00"
        raise argparse.ArgumentTypeError(f"expected a time such as {example}, from 1970 to 9999, got {_short(text)}")
    return seconds


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def complain(error: BaseException, where: str = "") -> int:
    """Print a user's mistake on stderr, in one line (a student's traceback keeps its own); returns 2."""
    say(f"error: {where + ': ' if where else ''}{told(error)}")
    return 2


def note(text: str) -> None:
    """Print on stderr, in one line, something that is not as expected but stops nothing."""
    say(f"note: {text}")


def told(error: BaseException) -> str:
    """An error as `complain` tells it."""
    return str(error) if isinstance(error, StudentError) else faults.words(error)


def exit_codes(main: Callable[..., int]) -> Callable[..., int]:
    """Let `main` return 2 after a fault that is named in one line, and 130 after Ctrl-C.

    Faults are a ValueError, an OSError and a package that is missing; an error of numpy or torch in a lab's own file,
    which a student writes, keeps its traceback. What is printed reaches terminals and files of
    any encoding: a character that they cannot hold is printed as an escape. Nothing is left in a buffer when `main`
    has returned, so that a full disk behind stdout is told, too.
    """

    @functools.wraps(main)
    def wrapper(*args: object, **kwargs: object) -> int:
        with _streams():
            try:
                code = main(*args, **kwargs)
                sys.stdout.flush()
                return code
            except BrokenPipeError:  # the reader of the output has gone, as in `| head`
                return 1
            except (ValueError, OSError, ModuleNotFoundError) as error:
                if isinstance(error, ValueError) and _is_a_labs(error):
                    raise
                return complain(error)
            except KeyboardInterrupt:
                return _interrupted()

    return wrapper


def _is_a_labs(error: ValueError) -> bool:
    """Whether an error was raised in or below a lab's file, in labs/ or copied elsewhere with its program.

    An error that begins with "expected" is a driver's own, on a wrong option or file, unless a method raised it.
    """
    frames = [(Path(frame.f_code.co_filename), frame) for frame, _ in traceback.walk_tb(error.__traceback__)]
    own = [pair for pair in frames if not any(pair[0].is_relative_to(folder) for folder in LIBRARIES)]
    if not own:
        return False
    file, frame = own[-1]
    started = Path(getattr(sys.modules["__main__"], "__file__", None) or LABS).resolve().parent
    copied = file.is_relative_to(started) and not file.is_relative_to(LABS.parent)
    if not file.is_relative_to(LABS) and not copied:
        return False
    return not str(error).startswith("expected ") or "self" in frame.f_locals


def ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """As `sys.excepthook`: the exit code is that of a SystemExit which it raises."""
    if isinstance(error, KeyboardInterrupt):
        raise SystemExit(_interrupted())
    if isinstance(error, ModuleNotFoundError):
        raise SystemExit(complain(error))
    sys.__excepthook__(kind, error, trace)


def _interrupted() -> int:
    say("interrupted")
    return 130


def say(text: str) -> None:
    """Print on stderr, if that takes anything."""
    if sys.stderr is not None:  # print would take stdout instead
        with contextlib.suppress(OSError):
            print(text, file=sys.stderr)


@contextlib.contextmanager
def _streams() -> Iterator[None]:
    """Streams that are open and take any character while the block runs, and end without an error of their own."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed, as by `>&-`; a file must not get its number
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
    streams = [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, io.TextIOWrapper)]
    before = [stream.errors for stream in streams]
    try:
        for stream in streams:
            with contextlib.suppress(OSError):
                stream.reconfigure(errors="backslashreplace")
        yield
    finally:
        for stream, errors in zip(streams, before, strict=True):
            try:
                stream.reconfigure(errors=errors)  # which flushes
            except OSError:  # gone or full: discard the rest, so that the interpreter prints no error at its end
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
