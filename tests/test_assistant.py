"""An assistant's afternoon: handout, work, check, pack, a class of each platform, gradebooks, board."""

import csv
import io
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import ROOT, copy_checkout
from test_readme import run

pytestmark = pytest.mark.slow
TRUST = "--i-trust-this"  # where no sandbox is safe, as in a container of a CI, the code is ours all the same
PEOPLE = [
    ("Ada", "Lovelace"), ("Bob", "Byron"), ("Cyd", "Curie"), ("Dan", "O'Dea"), ("Eve", "Euler"), ("Fay", "Fermat"),
    ("Gus", "Gauss"), ("Hal", "Hopper"), ("Ida", "Iyer"), ("Jan", "Johnson"), ("Kim", "Kovalevskaya"), ("Lea", "Lee"),
]  # fmt: skip
RIGHT, HALF, CRASH, FIRST, COPY, NOTHING = "right half crash first copy nothing".split()
WORK = [RIGHT, HALF, CRASH, FIRST, COPY, NOTHING, *[CRASH] * 6]
LATE = {"Bob": 1, "Dan": 5}  # days after the deadline
RULE = "--due 2026-11-30T23:59 --grace 15m --late-per-day 10% --late-days 3"
CANVAS = "Student,ID,SIS User ID,SIS Login ID,Section,MP6 (77),MP7 (78)\n    Points Possible,,,,,110,100\n"
MOODLE = "Identifier,Full name,Email address,Grade,Maximum Grade,Last modified (submission),Feedback comments\n"


def ok(words: str, folder: Path, code: int = 0) -> str:
    """What a command prints, which ends as it should."""
    done = run(words, folder, Path(sys.executable))
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with handout, hidden images and what five students made of the handout, packed."""
    folder = copy_checkout(tmp_path_factory.mktemp("assistant") / "checkout")
    ok("python -m autograder handout --lab mp6 --out handout", folder)
    ok("head -c 32 /dev/urandom > secret && python -m autograder hidden --lab mp6 --secret secret --out staff", folder)
    terse = ROOT / "tests/solutions/terse/neuralnet_p1.py"
    renamed = re.sub(r"\b(lrate|layers|optimizer|yhats|losses)\b", r"my_\1", terse.read_text(encoding="utf-8"))
    made: dict[str, Mapping[str, Path | str]] = {
        RIGHT: {name: ROOT / name for name in ("neuralnet_p1.py", "neuralnet_p2.py")}
        | {name: ROOT / "models/reference" / name for name in ("net_p1.model", "net_p2.model")},
        HALF: {"neuralnet_p1.py": ROOT / "tests/solutions/of_2020/saving_inside_fit/neuralnet_p1.py"},
        CRASH: {
            "neuralnet_p1.py": "def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):\n    raise OSError\n"
        },
        FIRST: {"neuralnet_p1.py": terse},
        COPY: {"neuralnet_p1.py": f"# all my own work\n{renamed}"},
    }
    for name, files in made.items():
        shutil.copytree(folder / "handout", folder / "desk" / name)
        for file, content in files.items():
            text = content.read_bytes() if isinstance(content, Path) else content.encode()
            (folder / "desk" / name / file).write_bytes(text)
    return folder


def test_a_student_checks_and_packs(course: Path) -> None:
    right, crash = course / "desk" / RIGHT, course / "desk" / CRASH
    assert "score: 100 of 100, extra credit 0 of 10" in ok("python -m autograder check", right)
    printed = ok("python -m autograder check --only 1.", crash, code=1)
    assert "line 2, in fit" in printed and "OSError" in printed
    assert "NOT COMPLETE" not in ok("python -m autograder pack --lab mp6", right)
    assert "NOT COMPLETE" in ok("python -m autograder pack --lab mp6", crash, code=1)


def archive(course: Path, kind: str) -> Path:
    """What a student of that kind uploads."""
    path = course / "desk" / kind / "mp6.zip"
    if kind == NOTHING:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"%PDF-1.7 my essay")
    elif not path.exists():
        run("python -m autograder pack --lab mp6", path.parent, Path(sys.executable))
    return path


def as_canvas(course: Path, folder: Path) -> str:
    """The class as Canvas exports it; returns its gradebook."""
    sheet = io.StringIO(CANVAS)
    sheet.seek(0, io.SEEK_END)
    lines = csv.writer(sheet, lineterminator="\n")
    for k, ((first, last), kind) in enumerate(zip(PEOPLE, WORK, strict=True)):
        letters = re.sub(r"\W", "", f"{last}{first}").lower()
        late = "LATE_" * (first in LATE)
        shutil.copyfile(archive(course, kind), folder / f"{letters}_{late}{100 + k}_{900 + k}_mp6.zip")
        lines.writerow([f"{last}, {first}", 100 + k, f"u{k}", f"{first.lower()}@example.edu", "Mon", "", 7])
    return sheet.getvalue()


def as_moodle(course: Path, folder: Path) -> str:
    """The class as Moodle exports it; returns its grading worksheet."""
    sheet = io.StringIO(MOODLE)
    sheet.seek(0, io.SEEK_END)
    lines = csv.writer(sheet, lineterminator="\n")
    for k, ((first, last), kind) in enumerate(zip(PEOPLE, WORK, strict=True)):
        inside = folder / f"{first} {last}_{100 + k}_assignsubmission_file_"
        inside.mkdir()
        shutil.copyfile(archive(course, kind), inside / "mp6.zip")
        when = f"{(30 + LATE.get(first, 0) - 1) % 30 + 1} {'December' if first in LATE else 'November'} 2026, 11:30 PM"
        lines.writerow(
            [f"Participant {100 + k}", f"{first} {last}", f"{first.lower()}@example.edu", "", 110, when, "ok"]
        )
    return sheet.getvalue()


def as_gradescope(course: Path, folder: Path) -> str:
    """The class as Gradescope exports it; it has no sheet of its own."""
    pytest.importorskip("yaml", reason="the extra [gradescope] is not installed")
    lines = []
    for k, ((first, last), kind) in enumerate(zip(PEOPLE, WORK, strict=True)):
        (folder / f"submission_{k}").mkdir()
        shutil.copyfile(archive(course, kind), folder / f"submission_{k}" / "mp6.zip")
        day = f"2026-12-{LATE[first]:02d}" if first in LATE else "2026-11-30"
        lines += [f"submission_{k}:", "  :submitters:", f'  - :name: "{first} {last}"', f"    :sid: u{k}",
                  f"    :email: {first.lower()}@example.edu", f"  :created_at: {day} 22:30:00 Z"]  # fmt: skip
    (folder / "submission_metadata.yml").write_text("\n".join(lines))
    return ""


EXPORTS = {"canvas": as_canvas, "moodle": as_moodle, "gradescope": as_gradescope}


@pytest.mark.parametrize("platform", EXPORTS)
def test_a_class_is_graded_as_its_platform_exports_it(course: Path, platform: str) -> None:
    folder = course / platform
    (folder / "all").mkdir(parents=True)
    sheet = EXPORTS[platform](course, folder / "all")
    (folder / "sheet.csv").write_text(sheet)
    (folder / "manual.csv").write_text("student,points,comment\nAda Lovelace,2,clear\nlovelaceada,2,clear\n")
    given = f"--{platform}-csv {platform}/sheet.csv" if sheet else ""
    command = (
        f"TZ=UTC python -m autograder class {platform}/all --lab mp6 --staff staff --out {platform}/out --seed 5 "
        f"--db class.sqlite {RULE} {given} --manual {platform}/manual.csv {TRUST}"
    )
    printed = ok(command, course)
    rows = {row["name"]: row for row in table(folder / "out/grades.csv")}
    named = {first: next(row for name, row in rows.items() if first.lower() in name.lower()) for first, _ in PEOPLE}
    assert len(rows) == 12 and float(named["Ada"]["score"]) == 100 and named["Ada"]["total"] == "102.0"
    assert 10 < float(named["Bob"]["score"]) < 50 and float(named["Cyd"]["score"]) == 0
    assert "got a PDF document" in named["Fay"]["refused"] or "none of the lab's files" in named["Fay"]["refused"]
    assert named["Bob"]["late"] == named["Dan"]["late"] == "yes" and named["Ada"]["late"] == ""
    days = {"Bob": "1", "Dan": "1" if platform == "canvas" else "5"}  # Canvas tells no time
    assert {first: named[first]["days late"] for first in LATE} == days
    assert platform != "canvas" or "the platform" in printed or "which a student can change" in printed
    assert [{row["student"], row["other student"]} for row in table(folder / "out/same_work.csv")] == [
        {named["Dan"]["student"], named["Eve"]["student"]}
    ]
    if sheet:
        filled(sheet, (folder / f"out/{platform}.csv").read_text(), {f: named[f]["total"] for f, _ in PEOPLE})
    assert "0 jobs graded now" in ok(command, course)


def table(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def filled(before: str, after: str, totals: Mapping[str, str]) -> None:
    """Hold a filled sheet to the export, cell by cell: one column has the totals, nothing else has changed."""
    column = "MP6 (77)" if before.startswith("Student,ID") else "Grade"
    old, new = (list(csv.DictReader(io.StringIO(text))) for text in (before, after))
    assert len(old) == len(new) and all(
        {**line, column: ""} == {**other, column: ""} for line, other in zip(old, new, strict=True)
    )
    for line in new:
        name = line.get("Student") or line["Full name"]
        first = next((first for first, last in PEOPLE if first in name and last in name), None)
        assert (line[column] == "110") if first is None else float(line[column]) == float(totals[first]), line


@pytest.mark.longest
def test_the_board_is_run_from_the_roster_to_the_backup(course: Path) -> None:
    pytest.importorskip("uvicorn", reason="the extra [web] is not installed")
    from browser import PROGRAMS, hold, leave, until, window
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from test_board_process import serving

    if not all(PROGRAMS.values()):
        pytest.skip("no chromium with chromedriver on this machine")
    (course / "board").mkdir()
    (course / "roster.csv").write_text("student,name,kind\nada,Ada,\nbob,Bob,\ncyd,Cyd,\nprof,,staff\n")
    serve = "python -m autograder serve --lab mp6 --db board/board.sqlite"
    lines = csv.DictReader(io.StringIO(ok(f"{serve} --add-students roster.csv", course)))
    tokens = {line["student"]: line["token"] for line in lines}
    with serving(course, course / "board/board.sqlite", course / "staff", lab="mp6") as (url, _), window() as driver:

        def sign_in(student: str) -> None:
            leave(driver)
            driver.get(url)
            driver.find_element(By.ID, "token").send_keys(tokens[student], Keys.ENTER)
            until(driver, lambda: driver.find_elements(By.ID, "work"))

        def words() -> str:
            return str(driver.find_element(By.TAG_NAME, "main").text)

        def press(name: str) -> None:
            driver.find_element(By.CSS_SELECTOR, f'[aria-label="{name}"]').send_keys(Keys.ENTER)

        for student, kind in (("ada", RIGHT), ("bob", FIRST), ("cyd", COPY)):
            sign_in(student)
            driver.find_element(By.ID, "work").send_keys(str(archive(course, kind)))
            driver.find_element(By.CSS_SELECTOR, "form[data-most] button").click()
            until(driver, lambda: "/uploads/" in driver.current_url)
        sign_in("prof")
        driver.find_element(By.LINK_TEXT, "Staff page").click()
        until(driver, lambda: driver.refresh() or "Every upload is graded." in words(), 240)
        hold(driver)
        assert re.search(r"^ada Ada 1 0\.\d+ 100$", words(), re.MULTILINE)
        assert "neuralnet_p1.py by bob, then cyd: only bob can have a place" in words()
        press("Agree: all can have a place: bob, cyd")
        until(driver, lambda: "neuralnet_p1.py by bob, then cyd: all can have a place" in words())
        press("Hide the row of bob")
        until(driver, lambda: "bob Bob hidden" in words())
        driver.find_element(By.CSS_SELECTOR, '[aria-label="1 uploads of ada"]').click()
        press("Grade again: upload 1 of ada")
        until(driver, lambda: "1 not graded." in words())
        until(driver, lambda: driver.refresh() or "Every upload is graded." in words(), 240)
        sign_in("ada")
        assert "You are 1st." in words() and "100 of 100 points, extra credit 0 of 10" in words()
        driver.find_element(By.LINK_TEXT, "Upload 1").click()
        until(driver, lambda: "100 of 100 points" in words())
        hold(driver)
    ok(f"{serve} --export pages", course)
    assert "Ada" in (course / "pages/index.html").read_text(encoding="utf-8")
    ok(f"{serve} --points points.csv", course)
    ada = next(row for row in table(course / "points.csv") if row["student"] == "ada")
    assert (ada["place"], ada["score"]) == ("1", "100.0")
    ok("python -m autograder class --lab mp6 --db board/board.sqlite --out from_board", course)
    assert {row["student"]: row["score"] for row in table(course / "from_board/grades.csv")}["ada"] == "100.0"
    ok(f"{serve} --backup backup.sqlite", course)
    ok(f"{serve} --revoke ada", course)
    ok(f"{serve} --restore backup.sqlite", course)
    assert (course / "backup.sqlite").stat().st_size > 0
