"""How often the nets of sketched fruits are right on real drawings: python real_fruits.py.

The nets in model_files/fruits have learned from drawings by a program alone. real_fruits.npz has 249 real
ones, which nothing was trained on or chosen by.
"""

import sys

if __name__ == "__main__":
    try:
        from smallnets import starting
    except ModuleNotFoundError:
        word = "pip install -r requirements.txt, in the checkout"
        print(f"error: expected the package smallnets, got no such package: {word}", file=sys.stderr)
        sys.exit(2)

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

import argparse
from pathlib import Path

import numpy as np
import torch
from failures import PROGRAMS
from utils import session

from smallnets import cli, modelfile, tables, threads, train
from smallnets.data import quickdraw

REAL = Path(__file__).resolve().with_name("real_fruits.npz")
FOLDER = Path(__file__).resolve().parent / "model_files" / "fruits"


def run(args: argparse.Namespace) -> int:
    """Classify the real drawings with each net and print the table."""
    with np.load(REAL) as file:
        images, labels = file["images"], file["labels"]
    rows = [["", "sketches", "real drawings", "standard error", *quickdraw.NAMES]]
    for name, program in PROGRAMS.items():
        path = args.nets / f"{name}.pt"
        net = session.load_net(program(), str(path)).eval()
        right = train.predict(net, torch.from_numpy(images)).argmax(dim=1).numpy() == labels
        sketches = modelfile.read_card(path).get("metrics", {}).get("dev_acc", float("nan"))
        shares = [
            sketches,
            right.mean(),
            right.std() / len(right) ** 0.5,
            *(right[labels == k].mean() for k in range(len(quickdraw.NAMES))),
        ]
        rows.append([name, *(f"{share:.3f}" for share in shares)])
    print(tables.markdown(rows))
    return 0


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and classify."""
    parser = cli.parser(__doc__)
    parser.add_argument("--nets", type=Path, default=FOLDER, help="folder of densenet.pt, convnet.pt and bestmodel.pt")
    threads.add_option(parser)
    return cli.exit_codes(threads.applied(run))(parser.parse_args(argv))


if __name__ == "__main__":
    raise SystemExit(main())
