"""What every driver's command line shares: one-line errors and the exit codes.

0 done; 1 a target missed or a check failed; 2 the user's mistake; 130 interrupted.
"""

import argparse
import functools
import math
import os
import sys
from collections.abc import Callable
from typing import NoReturn


class StudentError(Exception):
    """A student's code raised; the text is its traceback, from the student's file on."""


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
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"expected a whole number of at least {least}, got {text}")
        if number > most:
            raise argparse.ArgumentTypeError(f"expected a whole number of at most {most}, got {text}")
        return number

    return convert


def finite(text: str) -> float:
    """An argparse type: a number that is neither nan nor infinite."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"expected a number, got {text}")
    return number


def number(least: float, most: float) -> Callable[[str], float]:
    """An argparse type: a number from `least` to `most`."""

    def convert(text: str) -> float:
        if not least <= (found := finite(text)) <= most:
            raise argparse.ArgumentTypeError(f"expected a number from {least:g} to {most:g}, got {text}")
        return found

    return convert


def complain(error: Exception, where: str = "") -> int:
    """Print a user's mistake on stderr, in one line (a student's traceback keeps its own); returns 2."""
    text = str(error) if isinstance(error, StudentError) else " ".join(str(error).split()) or type(error).__name__
    print(f"error: {where + ': ' if where else ''}{text}", file=sys.stderr)
    return 2


def exit_codes(main: Callable[..., int]) -> Callable[..., int]:
    """Let `main` return 2 after a ValueError or OSError, named in one line, and 130 after Ctrl-C."""

    @functools.wraps(main)
    def wrapper(*args: object, **kwargs: object) -> int:
        try:
            return main(*args, **kwargs)
        except BrokenPipeError:  # whoever reads the output has gone, as in `| head`; nothing to say to nobody
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except (ValueError, OSError) as error:
            return complain(error)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 130

    return wrapper
