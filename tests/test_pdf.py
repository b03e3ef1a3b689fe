"""PDFs of reports and notebooks."""

import json
import re
from pathlib import Path

import pytest
from conftest import ROOT

from smallnets import pdf

REPORTS = sorted(
    [*ROOT.glob("labs/*/WRITEUP.md"), *ROOT.glob("labs/*/report/report.md"), *ROOT.glob("labs/beras/*.md")]
)


@pytest.fixture(autouse=True)
def extra() -> None:
    """Skips without the packages of the extra."""
    for package in ("pypandoc", "typst"):
        pytest.importorskip(package, reason="the extra [pdf] is not installed")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([1, 2])
    figure.savefig(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def test_text_tables_and_pictures_reach_the_pdf(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = picture.with_name("report.md")
    source.write_text("# Title\n\n| a | b |\n|---|---:|\n| 1 | 2 |\n\nWith $x^2$.\n", encoding="utf-8")
    assert pdf.main([str(source)]) == 0
    without = source.with_suffix(".pdf").read_bytes()
    assert capsys.readouterr().out == f"written: {source.with_suffix('.pdf')}\n" and without.startswith(b"%PDF")
    with open(source, "a", encoding="utf-8") as file:
        file.write("\n![a picture](picture.png)\n")
    assert pdf.main([str(source)]) == 0
    assert len(re.findall(rb"/Subtype\s*/Image", source.with_suffix(".pdf").read_bytes())) > 0
    assert not re.search(rb"/Subtype\s*/Image", without)


def test_a_notebook_becomes_a_pdf_in_another_folder(tmp_path: Path) -> None:
    cells = [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Title\n", "words"]}]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "n.ipynb").write_text(json.dumps(notebook))
    assert pdf.main([str(tmp_path / "n.ipynb"), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out/n.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("r.txt", "words", "expected a file whose name ends with .md or .ipynb, got "),
        ("r.ipynb", "words", "to be text that can be set, got: "),
        ("r.md", "![](nosuch.png)", "to be text that can be set, got: "),
        ("nosuch.md", None, "nosuch.md, got no such file or folder"),
    ],
    ids=["another suffix", "no notebook", "a picture that is not there", "no such file"],
)
def test_a_mistake_is_told_in_one_line_and_leaves_nothing(
    name: str, text: str | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    assert pdf.main([str(tmp_path / name)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ") and message in told and told.count("\n") == 1
    assert list(tmp_path.glob("*.pdf")) == []


@pytest.mark.parametrize("report", REPORTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_report_becomes_a_pdf(report: Path, tmp_path: Path) -> None:
    assert pdf.main([str(report), "--out", str(tmp_path)]) == 0
    assert (tmp_path / f"{report.stem}.pdf").stat().st_size > 10_000
