"""Faults of machine and terminal end in one line, and lose nothing."""

import errno
import io
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from conftest import ROOT
from test_grade import submission, toy  # noqa: F401

from autograder import __main__ as autograder
from smallnets import cli, faults

CHINESE = "\u4e2d\u6587"


def test_each_fault_of_the_system_is_told_in_plain_words() -> None:
    for number in errno.errorcode:
        for path in ("some/where", "a\nb", None):
            text = faults.words(OSError(number, os.strerror(number), path))
            assert text.startswith("expected ") and "got" in text and "rrno" not in text and "\n" not in text, text


@pytest.mark.parametrize("name", ["ENOENT", "ENOTDIR", "EISDIR", "EACCES", "EROFS", "ENOSPC", "EMFILE", "EADDRINUSE"])
def test_a_fault_names_the_file(name: str) -> None:
    number = getattr(errno, name)
    assert "some/where" in faults.words(OSError(number, os.strerror(number), "some/where"))
    assert "some/where" in faults.words(OSError(number, os.strerror(number), "temporary", None, "some/where"))
    assert "some/where" in faults.words(OSError(number, os.strerror(number), b"some/where"))


def test_a_machine_that_is_not_there_is_told_in_plain_words() -> None:
    error = socket.gaierror(socket.EAI_NONAME, "some words of the system's")
    assert faults.words(error) == "expected the address of a machine, got another one"


def test_our_own_words_stay_as_they_are() -> None:
    assert faults.words(ValueError("expected a,\n got b")) == "expected a, got b"
    assert faults.words(FileNotFoundError("expected a, got b")) == "expected a, got b"
    assert faults.words(ValueError()) == "ValueError"


def test_every_package_that_is_installed_for_the_project_has_words() -> None:
    names = [line.split("==")[0].lower() for line in (ROOT / "requirements.txt").read_text().splitlines()]
    known = {distribution for distribution, _, _ in (name.partition("=") for name in names if not name.startswith("-"))}
    modules = packages_distributions()
    told = {name.lower() for module in faults.REQUIRED for name in modules.get(module, [module])}
    assert known <= told


class Terminal(io.TextIOWrapper):
    """A standard stream of any encoding, on a file of this process."""


@pytest.fixture
def stdout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Let stdout be a file with the encoding that is named, or another file such as /dev/full."""
    opened = []

    def redirect(encoding: str, path: Path = tmp_path / "stdout") -> Path:
        stream = Terminal(open(path, "wb"), encoding=encoding, errors="strict")
        opened.append(stream)
        monkeypatch.setattr(sys, "stdout", stream)
        return path

    yield redirect
    for stream in opened:
        stream.close()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8", "cp932"])
def test_a_stream_of_any_encoding_takes_any_character(encoding: str, stdout: Callable[..., Path]) -> None:
    @cli.exit_codes
    def main() -> int:
        print("caf\xe9", CHINESE, "\udcff", "\U0001f600")
        return 0

    path = stdout(encoding)
    assert main() == 0
    assert "caf" in (text := path.read_bytes().decode(encoding))
    assert CHINESE in text or CHINESE.encode("unicode_escape").decode() in text
    assert sys.stdout.encoding == encoding and sys.stdout.errors == "strict", "the caller's stream stays as it was"


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_results_are_written_whatever_the_terminal_can_show(
    encoding: str, stdout: Callable[..., Path], tmp_path: Path
) -> None:
    folder = submission(tmp_path / "work", f"def answer(n):\n    raise ValueError('no')  # {CHINESE}\n")
    path = stdout(encoding)
    options = ["--seed", "0", "--i-trust-this", "--results", tmp_path / "r.json", "--json", tmp_path / "all.json"]
    assert autograder.main(["grade", str(folder), "--lab", "toy", *map(str, options)]) == 0
    assert "ValueError" in path.read_bytes().decode(encoding)
    assert CHINESE in (tmp_path / "all.json").read_text(encoding="utf-8").encode().decode("unicode_escape")
    assert "provisional" not in (tmp_path / "r.json").read_text()


@pytest.mark.parametrize(
    ("host", "told"),
    [
        pytest.param("127.0.0.1", "expected the address 127.0.0.1:{port} to be free", id="taken port"),
        pytest.param("192.0.2.1", "expected an address of this machine, got 192.0.2.1:{port}", id="not ours"),
    ],
)
def test_an_address_that_cannot_be_had_is_named(
    host: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("starlette", reason="the extra [web] is not installed")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = ["serve", "--lab", "mp6", "--db", tmp_path / "x.sqlite", "--no-grading", "--host", host, "--port", port]
        assert autograder.main([*map(str, line)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: " + told.format(port=port)) and err.count("\n") == 1


PROGRAM = f"""
import sys
from smallnets import cli, files

@cli.exit_codes
def main(path):
    files.write_text(path, "whole")
    print({CHINESE!r} * 100_000)
    return 0

raise SystemExit(main(*sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a Unix shell")
@pytest.mark.parametrize(
    ("redirection", "code", "told"),
    [
        pytest.param(">&-", 0, "", id="closed stdout"),
        pytest.param("2>&-", 0, "", id="closed stderr"),
        pytest.param("<&- >&- 2>&-", 0, "", id="all closed"),
        pytest.param(">/dev/full", 2, "error: expected room on the disk for the output, got a full disk\n", id="full"),
        pytest.param(">/dev/full 2>/dev/full", 2, "", id="both full"),
        pytest.param("| true", 1, "", id="nobody reads"),
    ],
)
def test_streams_that_are_closed_full_or_broken(redirection: str, code: int, told: str, tmp_path: Path) -> None:
    command = f'set -o pipefail; "$0" -c "$1" "$2" {redirection}'
    done = subprocess.run(["bash", "-c", command, sys.executable, PROGRAM, str(tmp_path / "file")],
                          capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    assert (done.returncode, done.stderr) == (code, told)
    assert (tmp_path / "file").read_text() == "whole"
