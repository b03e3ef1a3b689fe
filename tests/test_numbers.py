"""Numbers and times on every program's command line: what is no such thing is one line, before any work."""

import argparse
import contextlib
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, repository_files
from programs import lab_at

from smallnets import cli

TEXTS = {
    "nan": "nan", "inf": "inf", "-inf": "-inf", "1e308": "1e308", "-1e308": "-1e308", "1e-400": "1e-400",
    "negative": "-1", "zero": "0", "nothing": "", "a word": "many", "64 bit": str(2**63), "5000 digits": "9" * 5000,
    "other digits": "\N{ARABIC-INDIC DIGIT THREE}", "NUL": "\0", "two lines": "1\n2", "year 1": "0001-01-01T00:00",
    "year 10000": "9999-12-31T23:59-23:59", "leap second": "2026-06-30T23:59:60",
}  # fmt: skip
STARTED_BY = {
    "labs/batchnorm/experiment.py": "labs/batchnorm/run_mlp.py",
    "labs/quickdraw/utils/io_argparse.py": "labs/quickdraw/main_densenet.py",
}


class Found(BaseException):
    """The parser of a program, instead of its work."""


def programs() -> list[str]:
    """The files that are run and parse a command line."""
    texts = {path: (ROOT / path).read_text() for path in repository_files() if path.endswith(".py")}
    parse = [path for path, text in texts.items() if "parser.parse_args(" in text and not path.startswith("tests/")]
    return sorted(STARTED_BY.get(path, path) for path in parse)


def parser_of(path: str) -> argparse.ArgumentParser:
    """What a program parses its command line with."""
    with (
        lab_at((ROOT / path).parent) if path.startswith("labs/") else contextlib.nullcontext(),
        pytest.raises(Found) as found,
    ):
        runpy.run_path(str(ROOT / path), run_name="__main__")
    parser = found.value.args[0]
    assert isinstance(parser, argparse.ArgumentParser)
    return parser


def options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All options, those of subcommands too."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield from options(sub)
        else:
            yield action


@pytest.mark.parametrize("path", programs())
def test_every_number_is_looked_at_before_any_work(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(self: argparse.ArgumentParser, *_: Any, **__: Any) -> None:
        raise Found(self)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", found)
    monkeypatch.setattr(sys, "argv", [path])
    wrong = []
    for action in options(parser_of(path)):
        if action.type in (None, Path, str) or action.choices is not None:
            continue
        name = action.option_strings[-1] if action.option_strings else action.dest
        for title, text in TEXTS.items():
            try:
                value: Any = action.type(text)  # type: ignore[operator]
            except argparse.ArgumentTypeError as error:
                if not str(error).startswith("expected ") or len(str(error)) > 250:
                    wrong.append(f"{name} {title}: {str(error)[:300]}")
            except (ValueError, OverflowError) as error:
                wrong.append(f"{name} {title}: expected words of our own, got {error!r:.80}")
            else:
                if not abs(value) <= (cli.LAST if isinstance(value, int) else cli.LARGEST):
                    wrong.append(f"{name} {title}: got {value}")
    assert not wrong
