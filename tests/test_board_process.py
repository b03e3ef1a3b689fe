"""The whole board as staff start it: a confined server, a grader beside it, a real sandbox, and kills of each."""

import contextlib
import csv
import functools
import io
import json
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import ROOT
from course import TOY

from autograder.sandbox import landlock

pytest.importorskip("uvicorn", reason="the extra [web] is not installed")
pytestmark = pytest.mark.slow
STUDENTS = 50


def command(checkout: Path, db: Path, *more: object, lab: str = "toy") -> list[str]:
    return [sys.executable, "-m", "autograder", "serve", "--lab", lab, "--db", str(db), *map(str, more)]


@contextlib.contextmanager
def serving(
    checkout: Path, db: Path, staff: Path, *more: object, before: Sequence[str] = (), lab: str = "toy"
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The board's address, and the process that staff have started."""
    line = command(checkout, db, "--port", 0, "--staff", staff, "--cool-down", 0, "--i-trust-this", *more, lab=lab)
    line = [*before, *line]
    with subprocess.Popen(line, cwd=checkout, env=environment(checkout), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip(), process
        finally:
            process.terminate()


def environment(checkout: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(checkout)}


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.1)
    return found


def children(parent: int, word: str) -> list[int]:
    """Children of a process whose command line has a word."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (path / "cmdline").read_bytes().decode().split("\0")
            if word in line and f"\nPPid:\t{parent}\n" in (path / "status").read_text():
                found.append(int(path.name))
    return found


def ask(url: str, token: str, content: bytes | None = None) -> Any:
    headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, content, headers), timeout=60) as answer:
        return json.loads(answer.read())


def report(url: str, token: str) -> Any:
    return ask(url, token)["report"]


def work(value: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        # the archive is more than the 65,536 bytes that a pipe holds, its file no more than a source may have
        archive.writestr("answer.py", f"def answer(n):\n    return {value}\n# {'x' * 65_460}\n")
    return out.getvalue()


@pytest.fixture
def course(checkout: Path, tmp_path: Path) -> tuple[Path, Path, Path, list[str]]:
    """A checkout with a toy lab, a board, a folder of labels, and students' tokens."""
    (checkout / TOY).parent.mkdir(parents=True)
    shutil.copyfile(ROOT / "tests" / "toy.py", checkout / TOY)
    db, staff, roster = tmp_path / "board" / "board.sqlite", tmp_path / "staff", tmp_path / "roster.csv"
    db.parent.mkdir()
    staff.mkdir(mode=0o700)
    (staff / "labels.txt").write_text("42")
    roster.write_text("\n".join(["student", *(f"s{k}" for k in range(STUDENTS))]))
    line = command(checkout, db, "--add-students", roster)
    done = subprocess.run(line, cwd=checkout, env=environment(checkout), capture_output=True, text=True, check=True)
    return checkout, db, staff, [line["token"] for line in csv.DictReader(done.stdout.splitlines())]


def test_uploads_at_once_are_all_graded_though_the_grader_is_killed(course: tuple[Path, Path, Path, list[str]]) -> None:
    checkout, db, staff, tokens = course
    with serving(checkout, db, staff) as (address, process):
        with ThreadPoolExecutor(STUDENTS) as pool:
            taken = list(pool.map(lambda k: ask(f"{address}uploads", tokens[k], work(k)), range(STUDENTS)))
        assert len({each["upload"] for each in taken}) == STUDENTS
        (grader,) = until(lambda: children(process.pid, "--watch"))
        # while it grades, it is killed, and started again by itself
        until(lambda: any(report(address + each["url"][1:], tokens[k]) for k, each in enumerate(taken)))
        os.kill(grader, signal.SIGKILL)
        for k, each in enumerate(taken):
            found = until(functools.partial(report, address + each["url"][1:], tokens[k]), 120)
            assert found["columns"] == [["Value", str(k)]]
        assert children(process.pid, "--watch") != [grader]
        with urllib.request.urlopen(address) as answer:
            page = answer.read().decode()
        assert page.count("<tr data-key") == STUDENTS and ">1</td>" in page
        # the one who stops it ends both
        (server,) = children(process.pid, "--no-grading")
        (grader,) = until(lambda: children(process.pid, "--watch"))
        os.kill(process.pid, signal.SIGKILL)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in (server, grader)))


def test_the_server_has_no_way_to_the_labels(course: tuple[Path, Path, Path, list[str]]) -> None:
    checkout, db, staff, tokens = course
    with serving(checkout, db, staff) as (address, process):
        (server,) = children(process.pid, "--no-grading")
        for name in ("cmdline", "environ", "maps"):
            assert str(staff).encode() not in Path(f"/proc/{server}/{name}").read_bytes()
        assert not any(str(staff) in os.readlink(path) for path in Path(f"/proc/{server}/fd").iterdir())
        if landlock.version():
            assert "NoNewPrivs:\t1" in Path(f"/proc/{server}/status").read_text()
        upload = ask(f"{address}uploads", tokens[0], work(42))
        assert until(lambda: report(address + upload["url"][1:], tokens[0]))["score"] == "12.1"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            ask(address + upload["url"][1:], tokens[1])


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
def test_who_takes_the_server_over_reads_no_labels_and_connects_to_nobody(tmp_path: Path) -> None:
    script = (
        "import socket, sys, tempfile; from pathlib import Path; from autograder.board import confinement\n"
        "db, labels = map(Path, sys.argv[1:])\n"
        "tempfile.tempdir = str(db.parent); labels.read_text(); confinement.shut_in(db)\n"
        "(db.parent / 'written').write_text('x'); db.read_text(); import statistics\n"
        "for attempt in (labels.read_text, labels.parent.iterdir().__next__, lambda: labels.write_text('x'),\n"
        "                Path('/proc/1/environ').read_bytes, lambda: socket.create_connection(('127.0.0.1', 1)),\n"
        "                Path.home().iterdir().__next__):\n"
        "    try:\n        attempt()\n    except PermissionError:\n        print('refused')\n"
    )
    db, labels = tmp_path / "db" / "board.sqlite", tmp_path / "staff" / "labels"
    for path in (db, labels):
        path.parent.mkdir()
        path.write_text("x")
    line = [sys.executable, "-c", script, str(db), str(labels)]
    done = subprocess.run(line, cwd=ROOT, env=environment(ROOT), capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("refused\n" * 6, "")


@contextlib.contextmanager
def nginx(folder: Path, behind: str) -> Iterator[str]:
    """A proxy before the board, as the page for staff configures it; gives its address."""
    key, certificate = folder / "board.key", folder / "board.pem"
    line = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=board", "-days", "2"]
    subprocess.run([*line, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    page = (ROOT / "autograder/SCOREBOARD.md").read_text(encoding="utf-8")
    found = re.search(r"```nginx\n(.*?)```", page, re.DOTALL)
    assert found is not None
    site = found[1]
    for old, new in (("listen 443", f"listen {address}"), ("/etc/ssl/board.pem", str(certificate)),
                     ("/etc/ssl/board.key", str(key)), ("http://127.0.0.1:8000", behind.rstrip("/"))):  # fmt: skip
        assert old in site
        site = site.replace(old, new)
    rules = [re.search(rf"`({name} \d+;)`", page) for name in ("worker_rlimit_nofile", "worker_connections")]
    files, places = (rule[1] for rule in rules if rule)
    (folder / "nginx.conf").write_text(
        f"{files}\npid {folder}/nginx.pid;\ndaemon off;\nerror_log {folder}/error.log;\nevents {{ {places} }}\n"
        f"http {{\naccess_log off;\nclient_body_temp_path {folder}/body;\nproxy_temp_path {folder}/proxy;\n{site}}}\n"
    )
    with subprocess.Popen(["nginx", "-e", folder / "error.log", "-c", folder / "nginx.conf"]) as process:
        try:
            until(lambda: (folder / "nginx.pid").exists())
            yield f"https://{address}/"
        finally:
            process.terminate()


@pytest.mark.parametrize("proxied", [False, True], ids=["alone", "behind_nginx"])
def test_pages_are_served_beside_1100_requests_that_never_arrive(
    course: tuple[Path, Path, Path, list[str]], tmp_path: Path, proxied: bool
) -> None:
    if proxied and not shutil.which("nginx"):
        pytest.skip("expected nginx, which is not installed")
    checkout, db, staff, _ = course
    kept = resource.getrlimit(resource.RLIMIT_NOFILE)
    if kept[1] < 4096:
        pytest.skip(f"expected a process that may open 4,096 files, got {kept[1]:,}")
    with contextlib.ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, kept)
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, kept[1]))
        line = ["bash", "-c", 'ulimit -n 1024; exec "$@"', "serve"]
        url = stack.enter_context(serving(checkout, db, staff, *["--proxy", "127.0.0.1"] * proxied, before=line))[0]
        if proxied:
            url = stack.enter_context(nginx(tmp_path, url))
        address = urlsplit(url)
        for _ in range(1100):
            begun = stack.enter_context(socket.create_connection((address.hostname, address.port), 10))
            begun.sendall(b"\x16\x03\x01" if proxied else b"GET / HTTP/1.1\r\nHost: board\r\nX-A: ")
        unverified = ssl._create_unverified_context()  # a certificate that the test made
        with urllib.request.urlopen(url, timeout=30, context=unverified if proxied else None) as answer:
            assert answer.status == 200
