"""Messages as a hostile job may write them, for every lab, and the grading of them without running any job."""

import dataclasses
import io
import json
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT

from autograder.grading import pipeline
from autograder.lab import Lab, Report, Step, Submission
from autograder.reports import gradescope_results, text_report
from autograder.runner import job_files
from autograder.runner.protocol import LENGTH, Array, Blob, Layout, message_bytes, pack, unpack
from autograder.sandbox.job import Cause, Job, Outcome, Tier

Write = Callable[[str, Layout], bytes | Outcome]  # (name of a step, its layout) -> the message, or how it failed
KEY = re.compile(r"""(?:problems|counts|found)(?:\.get\(|\.pop\(|\[)f?"([\w ]+)""")
SEED = 7
CLAIMS = {"shapes": b"[[784, 128], [128], [128, 3], [3]]", "net": b"state"}  # MP6's
LENGTHS = (-2, -(2**63), 2**62, 2**63 - 1)


def archive(damage: tuple[int, int] = (0, 0), name: str = "x/data/0") -> bytes:
    """A zip such as torch.save writes, with a byte of its directory changed: (offset, value)."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("x/data.pkl", b"\x80\x02}q\x00.")
        file.writestr(name, bytes(400))
    data = bytearray(content.getvalue())
    if damage != (0, 0):
        data[data.index(b"PK\1\2") + damage[0]] = damage[1]
    return bytes(data)


# of an entry: version, flags, method, sizes, lengths of name and extra field, offset
DAMAGES = ((6, 200), (8, 255), (9, 255), (10, 99), (24, 255), (27, 255), (28, 255), (30, 255), (42, 255))


def arrays_in_a_zip() -> bytes:
    """Parameters as numpy.savez writes them."""
    content = io.BytesIO()
    np.savez(content, np.zeros((4, 3), np.float32))
    return content.getvalue()


def huge_array() -> bytes:
    """A zip with an array whose header claims 2**60 numbers."""
    header = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
    claims = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1152921504606846976,), }"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("arr_0.npy", header + claims.ljust(117) + b"\n")
    return content.getvalue()


BYTES = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"3",
    b"NaN",
    b"1e999",
    b'"text"',
    b"[" * 15_000,
    b'{"a":' * 3000,
    b"\xff\xfe",
    b'{"a": "\\ud800\\u202e\\u001b[2J<b>\\u0000"}',
    b'{"1": [[1000000000000000000000000, 1000000000000000000000000]], "2": [[5]], "3": [[1]]}',
    b'{"1": [[-1, -5]], "2": "ab", "3": {"4": 5}}',
    b'{"x": [[5]]}',
    b'{"1": 3, "2": [3], "3": [["4"], [null]]}',
    *(kind + zipped for kind in (b"", b"whole", b"state") for zipped in (b"", arrays_in_a_zip(), huge_array())),
    *(b"whole" + archive(damage) for damage in ((0, 0), *DAMAGES)),
    *(archive(damage) for damage in DAMAGES),
    b"whole" + archive(name="x/data/" + "a" * 30_000),
]
WORDS = ["", "wrong", "x" * 5000, "\ud800", "=cmd", "\x1b[2J", "Beras/core.py"]
NO_WORDS = [7, None, ["a"], {"b": "c"}, 1e999]


def names_of_problems(lab: Lab) -> list[str]:
    """The names under which a lab's judges look up problems, each with the numbers that may follow."""
    sources = (ROOT / "labs" / lab.name / "grading").glob("*.py")
    found = {name for path in sources for name in KEY.findall(path.read_text(encoding="utf-8"))}
    functions = {f"check_{tag}" for check in lab.checks for tag in check.tags}
    return sorted(
        found | {f"{name}{k}" for name in found for k in "123"} | functions | {"load", "fit", "returns", "net"}
    )


def numbers(part: Array, rng: random.Random) -> bytes:
    """An array of extremes: one value for all, or a mixture."""
    dtype, n = np.dtype(part.dtype), int(np.prod(part.shape))
    draw = np.random.default_rng(rng.randrange(2**32))
    values: list[Any]
    if dtype.kind == "f":
        of = np.finfo(dtype)
        values = [np.nan, np.inf, -np.inf, 0, 1, -1, of.max, of.min, of.tiny, of.smallest_subnormal]
        mixture = draw.choice(np.array([np.nan, np.inf, -np.inf], dtype), n)
    else:
        limits = np.iinfo(dtype)
        values = [0, 1, 2, 14, 196, limits.min, limits.max, limits.min // 2, limits.max // 2]
        mixture = draw.integers(0, 12, n)
    chosen = rng.choice([*values, None])
    return (mixture if chosen is None else np.full(n, chosen)).astype(dtype).tobytes()


def blob(part: Blob, rng: random.Random, names: list[str]) -> bytes:
    """Bytes that may look like anything."""
    if rng.random() < (0.2 if part.name == "problems" else 0.8):
        return rng.choice(BYTES)[: part.size]
    chosen = rng.sample(names, rng.randrange(len(names) + 1))
    # "" would say that a check has passed: a forgery, and no nonsense
    texts: dict[str, Any] = {name: rng.choice(WORDS[name.startswith("check_") :]) for name in chosen}
    if rng.random() < 0.1:
        texts["a"] = rng.choice(NO_WORDS)
    return json.dumps(texts).encode()[: part.size]


def message(
    layout: Layout, rng: random.Random, names: list[str], honest: bytes | None = None, share: float = 1
) -> bytes:
    """A message of which a `share` of the parts is nonsense; the others are those of the honest message, if it fits."""
    pieces, start = [], 0
    honest = honest if honest is not None and len(honest) == message_bytes(layout) else None
    for part in layout:
        end = start + LENGTH.itemsize + part.size
        if honest is not None and rng.random() >= share:
            pieces.append(honest[start:end])
        else:
            left_out = rng.random() < 0.1
            data = b"" if left_out else numbers(part, rng) if isinstance(part, Array) else blob(part, rng, names)
            length = -1 if left_out else len(data)
            if rng.random() < 0.01:
                length = rng.choice([*LENGTHS, part.size + 1])
            pieces.append(np.array(length, LENGTH).tobytes() + data + bytes(part.size - len(data)))
        start = end
    return b"".join(pieces)


def wrong_work(layout: Layout, honest: bytes) -> bytes:
    """The honest message of a job whose answers are wrong: each for the next image, and a problem for each check."""
    values = unpack(layout, honest)
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            neighbours = np.arange(len(value)) ^ 1  # the same for arrays of other lengths
            values[name] = value[np.minimum(neighbours, len(value) - 1)]
    problems = json.loads(values["problems"])
    wrong = dict.fromkeys((name for name in problems if name.startswith("check_")), "wrong")
    values["problems"] = json.dumps(problems | wrong).encode()
    return pack(layout, values)


def noted(lab: Lab, steps: list[str]) -> Lab:
    """The lab, of which each step appends its name to `steps` before its job runs."""

    def observed(step: Step) -> Step:
        def make(run: Any) -> Job | None:
            steps.append(step.name)
            return step.job(run)

        return dataclasses.replace(step, job=make)

    return dataclasses.replace(lab, steps=tuple(map(observed, lab.steps)))


def judged(
    lab: Lab,
    submission: Submission,
    loaded: tuple[Any, str],
    write: Write,
    patch: pytest.MonkeyPatch,
    hidden: bool = False,
) -> Report:
    """The report on messages that `write` makes in place of jobs; it can be written in every form."""
    layouts: list[Layout] = []
    steps: list[str] = []

    def job(run: Any, argv: Any, arrays: Any, layout: Layout, *_: Any, **__: Any) -> Job:
        layouts.append(layout)
        return Job([], result_bytes=message_bytes(layout))

    def execute(job: Job) -> Outcome:
        written = write(steps[-1], layouts[-1])
        return Outcome(Cause.OK, Tier.FULL, result=written) if isinstance(written, bytes) else written

    patch.setattr(job_files, "job", job)
    patch.setattr(pipeline, "lint_files", lambda *_: [])  # the files stay the same
    report = pipeline.judge(submission, noted(lab, steps), loaded, execute, "none", SEED, hidden=hidden)
    json.dumps(gradescope_results.document(report), allow_nan=False)
    json.dumps(text_report.plain(report), allow_nan=False)
    text_report.text(report, 100)
    return report


def lies(layout: Layout, names: list[str]) -> bytes:
    """A message that claims success: no problems, falling losses, equal answers."""
    values: dict[str, Any] = {
        "problems": json.dumps({name: "" for name in names if name.startswith("check_")}).encode()
    }
    for part in layout:
        if isinstance(part, Array):
            n = int(np.prod(part.shape))
            values[part.name] = (np.linspace(1, 0, n) if "f" in part.dtype else np.zeros(n)).reshape(part.shape)
        elif part.name in CLAIMS:
            values[part.name] = CLAIMS[part.name]
    return pack(layout, values)


def made_up(lab: Lab, folder: Path, lines: int = 1) -> Submission:
    """A submission with all files of a lab: model files that may be opened, and texts of some lines."""
    for hand_in in lab.hand_in:
        path = folder / hand_in.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive() if hand_in.opened_by else b"0\n" * lines)
    return Submission({hand_in.name: folder / hand_in.name for hand_in in lab.hand_in}, (), "0" * 64)
