"""Make a PDF of a report or a notebook with Pandoc and Typst: python -m smallnets.pdf labs/batchnorm/report/report.md.

Both come with `pip install -e '.[pdf]'`; no LaTeX is needed.
"""

import argparse
import tempfile
from pathlib import Path

from smallnets import cli, files

FORMATS = {".md": "gfm+tex_math_dollars+implicit_figures", ".ipynb": "ipynb"}  # suffix: the name of Pandoc's reader
LAYOUT = ("papersize:a4", "fontsize:10pt")


def convert(source: Path, target: Path) -> None:
    """Write the PDF of a Markdown file or a notebook, with the pictures that it names or holds.

    Raises:
        ValueError: another kind of file, or one that Pandoc or Typst refuses.
    """
    import pypandoc
    import typst

    if source.suffix not in FORMATS:
        raise ValueError(f"expected a file whose name ends with {' or '.join(FORMATS)}, got {source}")
    source.read_bytes()  # the system's own words where that fails
    with tempfile.TemporaryDirectory(prefix="pdf-") as temporary:
        text = Path(temporary) / "text.typ"
        arguments = [
            "--standalone",
            "--fail-if-warnings",
            f"--resource-path={source.resolve().parent}",
            f"--extract-media={temporary}",
        ]
        arguments += [f"--variable={value}" for value in LAYOUT]
        try:
            pypandoc.convert_file(str(source), "typst", FORMATS[source.suffix], arguments, outputfile=str(text))
            # paths of pictures are absolute, and Typst takes them as starting at its root
            typed = text.read_text(encoding="utf-8").replace(f'"{temporary}/', '"/')
            text.write_text(typed, encoding="utf-8")
            made = typst.compile(str(text), root=temporary)
        except RuntimeError as error:  # of either
            raise ValueError(f"expected {source} to be text that can be set, got: {error}") from None
        with files.replacing(target) as partial:
            partial.write_bytes(made)


def run(args: argparse.Namespace) -> int:
    """Convert each file."""
    for source in args.sources:
        target = (args.out or source.parent) / f"{source.stem}.pdf"
        files.expect_file(target, b"%PDF")
        convert(source, target)
        print(f"written: {target}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and convert."""
    parser = cli.parser(__doc__)
    parser.add_argument("sources", type=Path, nargs="+", help="Markdown files or notebooks")
    parser.add_argument("--out", type=Path, help="the folder of the PDFs; left out: beside each file")
    return cli.exit_codes(run)(parser.parse_args(argv))


if __name__ == "__main__":
    raise SystemExit(main())
