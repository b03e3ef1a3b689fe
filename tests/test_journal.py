"""A search's journal that was cut short opens again, and nothing but the cut record is lost."""

import json
import threading
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from programs import lab_at

from smallnets import journal

RECORDS = [
    json.dumps({"op_code": k % 9, "worker_id": f"w{k}", "attr": {"text": '{"op_code": 1}\n'}}, separators=(",", ":"))
    for k in range(4)
]
LINES = [f"{record}\n".encode() for record in RECORDS]


def test_a_whole_journal_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.journal"
    for content in (b"", b"".join(LINES)):
        path.write_bytes(content)
        journal.mend(path, threading.Lock())
        assert path.read_bytes() == content
    journal.mend(tmp_path / "not there", threading.Lock())
    assert [each.name for each in tmp_path.iterdir()] == ["x.journal"] and capsys.readouterr().out == ""


@given(before=st.integers(0, 3), cut=st.integers(1, min(map(len, LINES)) - 1), after=st.integers(0, 3))
def test_every_other_record_survives_a_cut(before: int, cut: int, after: int) -> None:
    found, aside = journal.parted(b"".join([*LINES[:before], LINES[0][:cut], *LINES[:after]]).decode())
    whole = cut == len(RECORDS[0])  # only its line's end was lost
    middle = RECORDS[:1] if whole else []
    assert found == RECORDS[:before] + middle + RECORDS[:after]
    assert aside == [] if whole else "".join(aside) == RECORDS[0][:cut]


def test_what_was_cut_is_kept_beside_the_journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.journal"
    for cut in (LINES[1][:20], LINES[2][:9]):
        path.write_bytes(LINES[0] + cut)
        journal.mend(path, threading.Lock())
        out = capsys.readouterr().out
        assert path.read_bytes() == LINES[0] and out.count("\n") == 1 and f"{len(cut)} bytes" in out
    assert (tmp_path / "x.journal.cut").read_bytes() == LINES[1][:20] + b"\n" + LINES[2][:9] + b"\n"


@pytest.mark.parametrize("text", ["# a page of mine\n", "no line end", "[1]\n"], ids=["page", "word", "JSON"])
def test_another_file_is_refused_and_stays_as_it_is(text: str, tmp_path: Path) -> None:
    (path := tmp_path / "README.md").write_text(text)
    with pytest.raises(ValueError, match="expected a journal of Optuna in .*README.md, got another file"):
        journal.mend(path, threading.Lock())
    assert path.read_text() == text and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("end", [1, 30, 0], ids=["line end missing", "half a record", "joined to the next"])
def test_optuna_opens_it_again(end: int, tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna", reason="the extra [search] is not installed")
    from argparse import Namespace

    args = Namespace(storage=tmp_path / "x.journal", model="densenet", epochs=3, grid=False)
    with lab_at(ROOT / "labs/quickdraw") as load:
        search = load("search")
        study = search.open_study(args, 0)
        for value in (0.5, 0.6):
            study.add_trial(optuna.trial.create_trial(value=value))
        content = args.storage.read_bytes()
        last = content.splitlines(keepends=True)[-1]
        args.storage.write_bytes(content[:-end] if end else content[: -len(last)] + last[:30] + last)
        again = search.open_study(args, 0)
        assert [trial.value for trial in again.get_trials()] == ([0.5] if end == 30 else [0.5, 0.6])
        again.add_trial(optuna.trial.create_trial(value=0.7))
        assert [trial.value for trial in search.open_study(args, 0).get_trials()][-1] == 0.7
    assert {path.name for path in tmp_path.iterdir()} == {"x.journal"} | ({"x.journal.cut"} if end != 1 else set())
