"""Grade what students hand in, safely.

`python -m autograder COMMAND --help` says more about a command.
"""

if __name__ == "__main__":
    from smallnets import starting

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

import argparse
import ast
import importlib
import sys
from pathlib import Path
from types import ModuleType

from autograder import registry
from smallnets import cli

# command -> its module; Python cannot import a module named "class"
COMMANDS = ("bundle", "check", "doctor", "emulate", "grade", "handout", "hidden", "pack")
MODULES = {name: f"commands.{name}" for name in COMMANDS}
MODULES |= {"class": "classroom.command", "serve": "board.command"}
UNIX = {"fcntl", "resource", "pwd", "pty", "termios"}  # modules of Python that Windows lacks


def commands() -> dict[str, ModuleType]:
    """Name -> module with a docstring, `add_arguments(parser)` and `command(args) -> exit code`.

    A handout or bundle has only some of them.
    """
    folder = Path(__file__).parent
    there = {name: folder / f"{path.replace('.', '/')}.py" for name, path in MODULES.items()}
    return {name: _command(name, path) for name, path in sorted(there.items()) if path.is_file()}


def _command(name: str, path: Path) -> ModuleType:
    """The module of a command; on a system that lacks a module it needs, a stand-in that reports this."""
    try:
        return importlib.import_module(f"autograder.{MODULES[name]}")
    except ModuleNotFoundError as error:
        if error.name not in UNIX:
            raise
        needed = error.name

    def command(args: argparse.Namespace) -> int:
        raise ValueError(f"expected Linux or macOS for `{name}`, got {sys.platform}, which has no {needed}")

    stand_in = ModuleType(name, ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))))
    stand_in.__dict__.update(add_arguments=_anything, command=command)
    return stand_in


def _anything(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    words = sys.argv[1:] if argv is None else argv
    early = cli.Parser(add_help=False, allow_abbrev=False)  # its labs become choices of each command
    _add_labs(early)
    with registry.also_in(early.parse_known_args(words[:2])[0].labs):
        return _run(words)


def _add_labs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--labs", type=Path, metavar="DIR", help="a folder with more labs, such as your course's own")


def _run(words: list[str]) -> int:
    parser = cli.parser(__doc__)
    parser.prog = "python -m autograder"
    _add_labs(parser)
    modules = commands()
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in modules.items():
        text = (module.__doc__ or "").strip()
        sub = subparsers.add_parser(
            name,
            help=text.splitlines()[0],
            description=text,
            formatter_class=parser.formatter_class,
            allow_abbrev=False,
        )
        module.add_arguments(sub)
    args = parser.parse_args(words)
    return modules[args.command].command(args)


if __name__ == "__main__":
    sys.exit(main())
