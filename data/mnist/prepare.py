"""Put MNIST into data/mnist/: the four IDX files, and full-mnist.npz with all of them.

python data/mnist/prepare.py --source DIR   from MNIST's four IDX files, gzipped or not
python data/mnist/prepare.py                downloaded (11 MB)
python data/mnist/prepare.py --digits       offline: scikit-learn's small digits in the same formats
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

from pathlib import Path

from smallnets import cli, files
from smallnets.data import idx, mnist
from smallnets.data.mnist import STAND_IN_FOLDER as STAND_IN

HERE = Path(__file__).parent
URLS = ("https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/")
# file: sha256 of the official .gz (for downloads), sha256 of the IDX file inside (whoever packed it)
IDX = {
    "train-images-idx3-ubyte": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train-labels-idx1-ubyte": (
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "t10k-images-idx3-ubyte": (
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "t10k-labels-idx1-ubyte": (
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Parse the command line, write the files, say where they are."""
    parser = cli.parser(__doc__)
    parser.add_argument("--source", type=Path, help="folder with MNIST's four IDX files")
    parser.add_argument("--digits", action="store_true", help="write the offline stand-in")
    parser.add_argument("--out", type=Path, help=f"where the files go; left out: data/mnist, or {STAND_IN} beneath it")
    args = parser.parse_args(argv)
    if args.digits and args.source is not None:
        raise ValueError("expected --digits or --source, got both")
    out = args.out or (HERE / STAND_IN if args.digits else HERE)
    files.expect_folder(out)
    if args.digits:
        mnist.write_digits(out)
    else:
        # everything is read and checked before anything is written
        arrays = {name: idx.fetch_idx(name, args.source, URLS, *checksums) for name, checksums in IDX.items()}
        mnist.write(out, arrays)
    print(f"wrote four IDX files and {mnist.NPZ} to {out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
