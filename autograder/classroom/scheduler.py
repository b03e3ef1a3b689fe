"""The one process that takes jobs from the record, has them graded, and writes down what came of each."""

import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from pathlib import Path
from typing import Any

from autograder.classroom import grading, jobs
from autograder.classroom.store import Job, Store
from autograder.intake.take_in import take_in
from autograder.lab import Lab
from autograder.sandbox.job import Tier
from smallnets import zipping

LOOK = 0.2  # seconds between two looks at whether something waits, or whether to stop

Function = Callable[[dict[str, Any]], dict[str, Any]]


def run(
    store: Store,
    lab: Lab,
    executor: Executor,
    staff: Path | None = None,
    seed: int | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[dict[str, int]], None] = lambda counts: None,
    *,
    watch: bool = False,
    slots: Callable[[], int] = lambda: 2,
    grader: str | None = None,
    function: Function = grading.grade_one,
    tier: Tier | None = None,
    trust: bool = False,
) -> None:
    """Grade all that waits of a lab, grader and seed; killed at any moment, the next run goes on where this one was.

    Args:
        staff: folder of hidden data.
        seed: left out, any.
        stop: ends it when set; what is being graded then will wait again.
        on_progress: gets `Store.counts()` after each job.
        watch: go on waiting for jobs until `stop`.
        slots: how many jobs may be with the executor at a time.
        grader: left out, `jobs.grader_hash(lab)`.
        function: `grading.grade_one`, or another with the same contract.
        tier, trust: see `grading.task`.

    Raises:
        ValueError: another process grades into this record.
        OSError: the executor is lost.
    """
    stop, grader = stop or threading.Event(), grader or jobs.grader_hash(lab)
    running: dict[Future[dict[str, Any]], Job] = {}
    with store.grading():
        try:
            while not stop.is_set():
                if watch:
                    renew(store, lab, grader)
                while len(running) < slots() and (job := store.claim(lab.name, grader, seed)):
                    try:
                        archive = archive_of(store, job, lab)
                    except (OSError, ValueError, KeyError) as error:
                        store.record_fault(job.key, grading.failed(error)["fault"], time.time())
                        continue
                    task = grading.task(lab, job.part, job.seed, archive, staff, tier, trust)
                    running[executor.submit(function, task)] = job
                if not running and not watch:
                    return
                for future in wait(running, LOOK, FIRST_COMPLETED).done:
                    record(store, running.pop(future), future)
                    on_progress(store.counts())
                if not running:
                    stop.wait(LOOK)
        finally:
            stop.set()
            for future in running:
                future.cancel()


def record(store: Store, job: Job, future: Future[dict[str, Any]]) -> None:
    """Write down what came of a job: students' faults for ever, others to be tried again."""
    try:
        found = future.result()
    except CancelledError as error:
        raise OSError("expected the executor to finish what it was given, got it cancelled: is it gone?") from error
    except Exception as error:  # whatever a lost worker looks like
        found = grading.failed(error)
    if found["fault"]:
        store.record_fault(job.key, found["fault"], time.time())
    else:
        store.finish(job.key, found["report"], time.time())


def archive_of(store: Store, job: Job, lab: Lab) -> bytes:
    """The zip of a job's submission.

    Raises:
        KeyError, OSError, ValueError: it is nowhere, or is not any more what it was.
    """
    content = store.content(job.sha256)
    if isinstance(content, bytes):
        return content
    archive, sha256, _ = pack(content, lab)
    if sha256 != job.sha256:
        raise ValueError(f"expected {content} as it was when the run began, got other files")
    return archive


def pack(path: Path, lab: Lab) -> tuple[bytes, str, tuple[str, ...]]:
    """The lab's files of a folder or zip as a zip with nothing else, their hash, and notes on what was left aside.

    Raises:
        ValueError: no submission, see `intake.take_in`. OSError: the disk fails.
    """
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        submission = take_in(path, lab, Path(folder) / "files")
        archive = Path(folder) / "work.zip"
        zipping.write(archive, submission.files, lab.root)
        return archive.read_bytes(), submission.sha256, submission.notes


def renew(store: Store, lab: Lab, grader: str) -> None:
    """Have what waits for another version of the grader, or for any, graded by this one, once more where it failed."""
    query = "SELECT DISTINCT sha256, seed FROM job WHERE lab = ? AND grader != ? AND state = 'waiting'"
    if store.connection.execute(query, (lab.name, grader)).fetchone() is None:
        return
    with store.transaction():  # nothing that comes in between may be deleted without having been wanted again
        for sha256, seed in store.connection.execute(query, (lab.name, grader)).fetchall():
            jobs.enqueue_all(store, lab, sha256, seed, grader, again=True)
        done = "DELETE FROM job WHERE lab = ? AND grader != ? AND state = 'waiting'"
        store.connection.execute(done, (lab.name, grader))
