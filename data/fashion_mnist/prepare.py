"""Build the course's splits of Fashion-MNIST (X_/y_ train/dev of parts 1 and 2, ten_classes.npz) from its IDX files.

python data/fashion_mnist/prepare.py                           the files as shipped, byte for byte
python data/fashion_mnist/prepare.py --seed 7 --out my_course  another course's own draw
python data/fashion_mnist/prepare.py --staff --secret FILE     also the hidden test split

The IDX files come from --source, else from Debian's package dataset-fashion-mnist, else from the
data set's own addresses, checked against known checksums (https://github.com/zalandoresearch/fashion-mnist).
"""

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    try:
        from smallnets import cli
    except ModuleNotFoundError:
        word = "pip install -r requirements.txt, in the checkout"
        print(f"error: expected the package smallnets, got no such package: {word}", file=sys.stderr)
        sys.exit(2)

    cli.start()  # during the imports below, Ctrl-C and a package that is missing are told in one line

import numpy as np

from smallnets import cli, files
from smallnets.data import altered, datasets, fashion, write_sets
from smallnets.data.draws import draw_splits, secret_seed

HERE = Path(__file__).parent
# part: name of each class, the Fashion-MNIST labels in it (handout: cloth/shoe/bag; five upper garments)
CLASSES: dict[int, dict[str, tuple[int, ...]]] = {
    1: {"cloth": (0, 1, 2, 3, 4, 6), "shoe": (5, 7, 9), "bag": (8,)},
    2: {"T-shirt": (0,), "pullover": (2,), "dress": (3,), "coat": (4,), "shirt": (6,)},
}
TRAIN, DEV, TEST = 7500, 2400, 1500
HIDDEN, CHANGES = "fashion_mnist test split", "fashion_mnist changes"  # what a secret decides
TEN_CLASSES = 0.1  # the share that the CNN lab trains on and validates with


def write_splits(
    images: np.ndarray, labels: np.ndarray, totals: dict[str, int], seed: int, out: Path,
    changes: np.random.Generator | None = None,
) -> list[str]:  # fmt: skip
    """Draw and write X_{split}_part{K}.npy (uint8 [N, 784]) and y_... (int64 [N]) of both parts.

    Args:
        totals: rows of each split, e.g. {"train": 7500, "dev": 2400}; classes get equal shares.
        changes: makes new images of those drawn; None writes them as they are.

    Returns:
        The names of the files written.
    """
    names: list[str] = []
    for part, classes in CLASSES.items():
        sizes = {split: total // len(classes) for split, total in totals.items()}
        for split, (rows, y) in draw_splits(labels, list(classes.values()), sizes, seed).items():
            x = images[rows] if changes is None else altered.altered(images[rows], changes)
            arrays = {f"X_{split}_part{part}.npy": x.reshape(len(rows), -1), f"y_{split}_part{part}.npy": y}
            for name, array in arrays.items():
                write_sets.write_npy(out / name, array)
            names += arrays
    return names


def write_hidden(images: np.ndarray, labels: np.ndarray, secret: bytes, out: Path) -> list[str]:
    """Write the hidden split: new images made of Fashion-MNIST's test images, which anyone can get.

    Args:
        secret: at least 16 bytes, which decide which images are drawn and how they are changed.

    Returns:
        The names of the files written.

    Raises:
        ValueError: a secret that could be guessed.
    """
    changes = np.random.default_rng(secret_seed(secret, CHANGES))
    return write_splits(images, labels, {"test": TEST}, secret_seed(secret, HIDDEN), out, changes)


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Parse the command line, write the files, say where they are."""
    parser = cli.parser(__doc__)
    parser.add_argument("--source", type=Path, help="folder with the four IDX files, gzipped or not")
    parser.add_argument("--out", type=Path, default=HERE, help="where the .npy files go")
    parser.add_argument("--seed", type=cli.whole_number(0), default=0, help="draw of train and dev; the shipped: 0")
    parser.add_argument("--staff", action="store_true", help="also write the hidden test split")
    parser.add_argument("--secret", type=Path, help="file with at least 16 bytes that decide the test split")
    args = parser.parse_args(argv)
    if args.staff and args.secret is None:
        raise ValueError("expected --secret FILE with --staff: without a secret anyone could rebuild the test split")
    if args.secret and not args.staff:
        raise ValueError("expected --staff with --secret, got --secret alone")
    files.expect_folder(args.out)
    secret = args.secret.read_bytes().strip() if args.staff else b""
    if args.staff:
        secret_seed(secret, HIDDEN)  # refused before anything is read
    # everything is read before anything is written
    kinds = ("images-idx3-ubyte", "labels-idx1-ubyte")
    sets = ("train", "t10k") if args.staff else ("train",)
    sources = {name: [fashion.read_source(f"{name}-{kind}", args.source) for kind in kinds] for name in sets}
    stems = [f"{x}_{split}_part{part}.npy" for x in "Xy" for split in ("train", "dev") for part in CLASSES]
    manifests = {datasets.MANIFEST: [*stems, fashion.NPZ, datasets.CLASS_NAMES]}
    if args.staff:  # the hidden split stays out of the list of what students have
        manifests[write_sets.STAFFS_MANIFEST] = [f"{x}_test_part{part}.npy" for x in "Xy" for part in CLASSES]
    with write_sets.replacing_set(args.out, manifests) as new:
        images, labels = sources["train"]
        names = write_splits(images, labels, {"train": TRAIN, "dev": DEV}, args.seed, new)
        if args.staff:
            test_images, test_labels = sources["t10k"]
            names += write_hidden(test_images, test_labels, secret, new)
        x, y = fashion.shuffled(images, labels, args.seed, TEN_CLASSES)
        write_sets.write_npz(new / fashion.NPZ, fashion.train_and_validation(x, y))
        names.append(fashion.NPZ)
        class_names = {f"part{part}": list(classes) for part, classes in CLASSES.items()}
        files.write_text(new / datasets.CLASS_NAMES, json.dumps(class_names, indent=1) + "\n")
    print(f"wrote {len(names)} files of arrays, class_names.json and SHA256SUMS to {args.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
