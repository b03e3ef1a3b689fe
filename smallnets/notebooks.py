"""Write the labs' notebooks from their sources, labs/LAB/notebooks/NAME.py: python -m smallnets.notebooks --lab beras.

A source is a Python file in Jupytext's percent format. Its notebook, NAME.ipynb, goes beside the lab's modules, which
it imports. With --execute, the notebook has run in the lab's folder and holds its output.
"""

import argparse
import os
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from smallnets import cli, files, threads

LABS = cli.LABS


def sources(labs: Path, lab: str | None = None) -> list[Path]:
    """The sources of all notebooks, or of one lab's, sorted.

    Raises:
        ValueError: no such lab, or one without notebooks.
    """
    found = sorted(labs.glob(f"{lab or '*'}/notebooks/*.py"))
    if not found:
        raise ValueError(f"expected sources of notebooks in {labs / (lab or '*') / 'notebooks'}, got none")
    return found


def notebook(source: Path) -> Any:
    """The notebook of a source, without output; the same for the same source."""
    import jupytext

    made = jupytext.read(source, fmt="py:percent")
    for k, cell in enumerate(made.cells):
        cell["id"] = f"cell-{k}"  # nbformat would draw one at random
    made.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made.metadata.pop("jupytext", None)  # the notebook stands alone
    return made


def execute(made: Any, folder: Path) -> None:
    """Run a notebook in a folder, with one thread unless the environment says otherwise; its cells get their output.

    Raises:
        ValueError: a cell raised.
    """
    import ipykernel  # noqa: F401  it is missed here, by name, rather than as a kernel that does not start
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    environment = dict(os.environ)
    if not any(os.environ.get(name) for name in threads.CHOSEN_BY):
        environment |= dict.fromkeys(threads.CHOSEN_BY, "1")
    client = NotebookClient(made, kernel_name="python3", timeout=600, resources={"metadata": {"path": str(folder)}})
    with tempfile.TemporaryDirectory(prefix="nb-") as sockets:
        kernel = client.create_kernel_manager()
        if hasattr(socket, "AF_UNIX"):  # files of this user alone, while ports are open to all users of the machine
            kernel.transport, kernel.ip = "ipc", f"{sockets}/kernel"
        try:
            client.execute(env=environment)
        except CellExecutionError as error:
            raise ValueError(f"expected every cell to run, got {error.ename}: {error.evalue}, in\n{error}") from None


def run(args: argparse.Namespace) -> int:
    """Write the notebooks that are asked for."""
    import nbformat

    found = sources(LABS, args.lab)
    if args.out is not None:
        files.expect_folder(args.out)
    for source in found:
        folder = source.parents[1]
        path = (args.out or folder) / f"{source.stem}.ipynb"
        files.expect_file(path, *files.JSON)
        made, start = notebook(source), time.perf_counter()
        if args.execute:
            execute(made, folder)
        files.write_text(path, nbformat.writes(made) + "\n")
        print(f"written: {path}" + (f", run in {time.perf_counter() - start:.0f} s" if args.execute else ""))
    return 0


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and write."""
    parser = cli.parser(__doc__)
    parser.add_argument("--lab", help="the lab, by its folder's name; left out: all")
    parser.add_argument("--execute", action="store_true", help="run each notebook; it keeps its output")
    parser.add_argument("--out", type=Path, help="one folder for all; left out: each beside its lab's modules")
    return cli.exit_codes(run)(parser.parse_args(argv))


if __name__ == "__main__":
    raise SystemExit(main())
