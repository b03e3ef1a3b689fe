"""Build the course's splits of Fashion-MNIST (X_/y_ train/dev of parts 1 and 2, ten_classes.npz) from its IDX files.

python data/fashion_mnist/prepare.py                           the files as shipped, byte for byte
python data/fashion_mnist/prepare.py --seed 7 --out my_course  another course's own draw
python data/fashion_mnist/prepare.py --staff --secret FILE     also the hidden test split

The IDX files come from --source, else from Debian's package dataset-fashion-mnist, else from the
data set's own addresses, checked against known checksums (https://github.com/zalandoresearch/fashion-mnist).
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

import json
from pathlib import Path

from smallnets import cli, files
from smallnets.data import course, datasets, fashion, write_sets
from smallnets.data.draws import secret_seed

HERE = Path(__file__).parent
TEN_CLASSES = 0.1  # the share that the CNN lab trains on and validates with


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
        secret_seed(secret, course.HIDDEN)  # refused before anything is read
    # everything is read before anything is written
    kinds = ("images-idx3-ubyte", "labels-idx1-ubyte")
    sets = ("train", "t10k") if args.staff else ("train",)
    sources = {name: [fashion.read_source(f"{name}-{kind}", args.source) for kind in kinds] for name in sets}
    stems = [f"{x}_{split}_part{part}.npy" for x in "Xy" for split in ("train", "dev") for part in course.CLASSES]
    manifests = {datasets.MANIFEST: [*stems, fashion.NPZ, datasets.CLASS_NAMES]}
    if args.staff:  # the hidden split stays out of the list of what students have
        manifests[write_sets.STAFFS_MANIFEST] = [f"{x}_test_part{part}.npy" for x in "Xy" for part in course.CLASSES]
    with write_sets.replacing_set(args.out, manifests) as new:
        images, labels = sources["train"]
        names = course.write_splits(images, labels, {"train": course.TRAIN, "dev": course.DEV}, args.seed, new)
        if args.staff:
            test_images, test_labels = sources["t10k"]
            names += course.write_hidden(test_images, test_labels, secret, new)
        x, y = fashion.shuffled(images, labels, args.seed, TEN_CLASSES)
        write_sets.write_npz(new / fashion.NPZ, fashion.train_and_validation(x, y))
        names.append(fashion.NPZ)
        class_names = {f"part{part}": list(classes) for part, classes in course.CLASSES.items()}
        files.write_text(new / datasets.CLASS_NAMES, json.dumps(class_names, indent=1) + "\n")
    print(f"wrote {len(names)} files of arrays, class_names.json and SHA256SUMS to {args.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
