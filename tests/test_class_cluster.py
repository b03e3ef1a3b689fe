"""A class graded by the workers of a Dask cluster: encrypted, and nothing lost or doubled when workers are killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from course import command, course, environment, grade_class, grades, hand_in
from graded import tier

from autograder.classroom.store import opened
from autograder.sandbox import tiers
from smallnets import cli, executors

# in a program of its own, as its workers import what the program's own folder has
CLUSTER = """
import json, os, sys
from pathlib import Path
from distributed import Client, LocalCluster, Security

if __name__ == "__main__":
    security = Security.temporary()
    names = {"ca": security.tls_ca_file, "cert": security.tls_client_cert, "key": security.tls_client_key}
    for name, text in names.items():
        Path(name).write_text(text)
    with LocalCluster(n_workers=2, threads_per_worker=1, protocol="tls://", security=security, dashboard_address=None,
                      local_directory="dask") as cluster, Client(cluster) as client:
        for line in sys.stdin:
            workers = list(client.run(os.getpid).values())
            print(json.dumps([cluster.scheduler_address, workers]), flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pytest.importorskip("distributed", reason="the extra [cluster] is not installed")
    if tier() not in tiers.SAFE:
        pytest.skip("no safe tier of the sandbox on this machine")
    made = course(tmp_path / "course")
    (made / "cluster.py").write_text(CLUSTER)
    return made


class Cluster:
    """The program, which says where the scheduler is and which processes its workers are."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "cluster.py"], cwd=folder, env=environment(folder), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.address, _ = self.ask()

    def ask(self) -> tuple[str, list[int]]:
        """Address, and the ids of the workers' processes."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        address, workers = json.loads(self.process.stdout.readline())
        return address, workers


@pytest.fixture
def cluster(folder: Path) -> Iterator[Cluster]:
    made = Cluster(folder)
    with made.process:
        yield made
        assert made.process.stdin is not None
        made.process.stdin.close()


def certificates(folder: Path) -> list[str]:
    return [word for name in ("ca", "cert", "key") for word in (f"--tls-{name}", str(folder / name))]


@pytest.mark.slow
def test_workers_that_are_killed_lose_and_double_nothing(folder: Path, cluster: Cluster) -> None:
    for k in range(24):
        hand_in(folder, f"s{k:02d}", f"import time\ndef answer(n): time.sleep(0.3); return {40 + k % 4}  # {k}")
    (folder / "grades").mkdir()
    with opened(folder / "grades/class.sqlite") as record:
        record.connection.execute("CREATE TABLE ended (key TEXT)")
        record.connection.execute("CREATE TRIGGER note AFTER UPDATE OF state ON job WHEN new.state = 'done' "
                                  "BEGIN INSERT INTO ended VALUES (new.key); END")  # fmt: skip
        words = command(folder, "--scheduler", cluster.address, *certificates(folder))
        started = subprocess.Popen(words, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True)
        for enough in (3, 9):
            while record.counts()["done"] < enough and started.poll() is None:
                time.sleep(0.05)
            _, workers = cluster.ask()
            os.kill(workers[0], signal.SIGKILL)
        out, _ = started.communicate(timeout=120)
        assert started.returncode == 0 and "24 graded, 0 grader failures" in out
        ended = [row[0] for row in record.connection.execute("SELECT key FROM ended")]
        assert len(ended) == len(set(ended)) == record.counts()["done"] == 24
        expected = {40: "0.0", 41: "3.63", 42: "12.1", 43: "0.0"}
        assert {s: row["score"] for s, row in grades(folder).items()} == {
            f"s{k:02d}": expected[40 + k % 4] for k in range(24)
        }
        assert "0 jobs graded now" in grade_class(folder)  # the same jobs, wherever they are graded


@pytest.mark.slow
def test_a_scheduler_is_reached_with_its_certificates_only(folder: Path, cluster: Cluster) -> None:
    hand_in(folder, "ada", "def answer(n): return 42")
    plain = cluster.address.replace("tls://", "tcp://")
    assert "expected the address of a scheduler with TLS" in grade_class(folder, "--scheduler", plain, code=2)
    assert "expected --tls-ca" in grade_class(folder, "--scheduler", cluster.address, code=2)
    from distributed import Security

    other = Security.temporary()
    for name, text in {"ca": other.tls_ca_file, "cert": other.tls_client_cert, "key": other.tls_client_key}.items():
        (folder / name).write_text(text)
    with pytest.raises(OSError), executors.cluster(cluster.address, *(folder / name for name in ("ca", "cert", "key"))):
        pass


@pytest.mark.slow
def test_a_search_runs_on_the_same_cluster(folder: Path, cluster: Cluster, quickdraw: Path) -> None:
    pytest.importorskip("optuna", reason="the extra [search] is not installed")
    words = [sys.executable, str(ROOT / "labs/quickdraw/search.py"), "--model", "densenet", "--epochs", "60"]
    words += ["--trials", "3", "--jobs", "2", "--dataDir", str(quickdraw), "--scheduler", cluster.address]
    done = subprocess.run([*words, *certificates(folder)], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0 and "best: " in done.stdout, done.stderr
    assert "of 3 trials" not in done.stdout  # what the workers print is in the cluster's own log
    assert len((folder / "search_results/densenet_trials.csv").read_text().splitlines()) >= 4


def test_without_the_extra_or_tls_a_cluster_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    for address, words in (("tcp://node:1", "expected the address"), ("tls://node:1", "[cluster]")):
        with pytest.raises((ValueError, ModuleNotFoundError)) as raised, executors.cluster(address):
            pass
        assert words in cli.told(raised.value)
