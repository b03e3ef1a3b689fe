"""Grade what students hand in, safely.

`python -m autograder COMMAND --help` says more about a command.
"""

import sys

from autograder import bundle, doctor, emulate, grade, hidden, pack
from smallnets import cli

# name -> module with a docstring, `add_arguments(parser)` and `command(args) -> exit code`
COMMANDS = {
    "bundle": bundle,
    "doctor": doctor,
    "emulate": emulate,
    "grade": grade,
    "hidden": hidden,
    "pack": pack,
}


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = cli.parser(__doc__)
    parser.prog = "python -m autograder"
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        text = (module.__doc__ or "").strip()
        sub = commands.add_parser(
            name,
            help=text.splitlines()[0],
            description=text,
            formatter_class=parser.formatter_class,
            allow_abbrev=False,
        )
        module.add_arguments(sub)
    args = parser.parse_args(argv)
    return COMMANDS[args.command].command(args)


if __name__ == "__main__":
    sys.exit(main())
