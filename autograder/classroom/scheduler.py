"""The one process that claims jobs from the record, has them graded, and records their results."""

import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from pathlib import Path
from typing import Any

from autograder.classroom import grading, jobs
from autograder.classroom.store import Job, Store
from autograder.intake.take_in import expect_files, take_in
from autograder.lab import Lab
from autograder.packaging.checkout_files import grader_hash
from autograder.sandbox.job import Tier
from smallnets import zipping

LOOK = 0.2  # seconds between polls for waiting jobs and for `stop`

Function = Callable[[dict[str, Any]], dict[str, Any]]
OnProgress = Callable[[dict[str, int], Job], None]


def run(
    store: Store,
    lab: Lab,
    executor: Executor,
    staff: Path | None = None,
    seed: int | None = None,
    stop: threading.Event | None = None,
    on_progress: OnProgress = lambda counts, job: None,
    *,
    watch: bool = False,
    slots: Callable[[], int] = lambda: 2,
    grader: str | None = None,
    function: Function = grading.grade_one,
    tier: Tier | None = None,
    trust: bool = False,
) -> None:
    """Grade all waiting jobs of a lab, grader and seed. If it is killed, the next run goes on from there.

    Args:
        staff: folder of hidden data.
        seed: left out, any seed.
        stop: ends the run when set; jobs that are running then will wait again.
        on_progress: called with `Store.counts()` and the job after each job.
        watch: wait for new jobs until `stop`.
        slots: the most jobs to submit to the executor at a time.
        grader: left out, `grader_hash(lab)`.
        function: grades one job, with the contract of `grading.grade_one`.
        tier, trust: see `grading.task`.

    Raises:
        ValueError: another process grades into this record.
        OSError: the executor is lost.
    """
    stop, grader = stop or threading.Event(), grader or grader_hash(lab)
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
                    job = running.pop(future)
                    record(store, job, future)
                    on_progress(store.counts(), job)
                if not running:
                    stop.wait(LOOK)
        finally:
            stop.set()
            for future in running:
                future.cancel()


def record(store: Store, job: Job, future: Future[dict[str, Any]]) -> None:
    """Record a job's outcome: a report for good, a grader failure for another try."""
    try:
        found = future.result()
    except CancelledError as error:
        raise OSError("expected the executor to finish its jobs, got one cancelled: is the executor gone?") from error
    except Exception as error:  # a lost worker may raise anything
        found = grading.failed(error)
    if found["fault"]:
        store.record_fault(job.key, found["fault"], time.time())
    else:
        store.finish(job.key, found["report"], time.time())


def archive_of(store: Store, job: Job, lab: Lab) -> bytes:
    """The zip of a job's submission.

    Raises:
        KeyError, OSError, ValueError: it is missing, or has changed since.
    """
    content = store.content(job.sha256)
    if isinstance(content, bytes):
        return content
    archive, sha256, _ = pack(content, lab)
    if sha256 != job.sha256:
        raise ValueError(f"expected {content} unchanged since the run began, got other files")
    return archive


def pack(path: Path, lab: Lab) -> tuple[bytes, str, tuple[str, ...]]:
    """A zip of only the lab's files in a folder or zip, their hash, and notes on files left out.

    Raises:
        ValueError: no submission, see `intake.take_in`, or none of the lab's files. OSError: the disk fails.
    """
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        submission = take_in(path, lab, Path(folder) / "files")
        expect_files(submission, lab)
        archive = Path(folder) / "work.zip"
        zipping.write(archive, submission.files, lab.root)
        return archive.read_bytes(), submission.sha256, submission.notes


def renew(store: Store, lab: Lab, grader: str) -> None:
    """Enqueue jobs waiting for another version of the grader, or for any, for this one; those that failed, again."""
    query = "SELECT DISTINCT sha256, seed FROM job WHERE lab = ? AND grader != ? AND state = 'waiting'"
    if store.connection.execute(query, (lab.name, grader)).fetchone() is None:
        return
    with store.transaction():  # a job added in between must not be deleted before it is enqueued again
        for sha256, seed in store.connection.execute(query, (lab.name, grader)).fetchall():
            jobs.enqueue_all(store, lab, sha256, seed, grader, again=True)
        done = "DELETE FROM job WHERE lab = ? AND grader != ? AND state = 'waiting'"
        store.connection.execute(done, (lab.name, grader))
