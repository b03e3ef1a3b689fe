"""Grade what students hand in, safely.

`python -m autograder COMMAND --help` says more about a command.
"""

import importlib
import sys
from pathlib import Path
from types import ModuleType

from smallnets import cli

# command -> its module; "class" is no name that Python can import
MODULES = {name: name for name in ("bundle", "check", "doctor", "emulate", "grade", "handout", "hidden", "pack")}
MODULES |= {"class": "classroom.command", "serve": "board.command"}


def commands() -> dict[str, ModuleType]:
    """Name -> module with a docstring, `add_arguments(parser)` and `command(args) -> exit code`.

    Where this is in students' hands or on a platform, some are missing.
    """
    folder = Path(__file__).parent
    there = {name: path for name, path in MODULES.items() if (folder / f"{path.replace('.', '/')}.py").is_file()}
    return {name: importlib.import_module(f"autograder.{path}") for name, path in sorted(there.items())}


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = cli.parser(__doc__)
    parser.prog = "python -m autograder"
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
    args = parser.parse_args(argv)
    return modules[args.command].command(args)


if __name__ == "__main__":
    sys.exit(main())
