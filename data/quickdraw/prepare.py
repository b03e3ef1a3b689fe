"""Put the QuickDraw homework into data/quickdraw/: train, dev and test drawings, labels of train and dev.

python data/quickdraw/prepare.py                          the six fruits, fetched (15 MB a class)
python data/quickdraw/prepare.py --classes cat "ice cream" --per_class 1000 200 200 --out pets
python data/quickdraw/prepare.py --source DIR             from Google's own files in a folder
python data/quickdraw/prepare.py --drawn                  offline: sketches of our own in the same format

The drawings are Google's: The Quick, Draw! Dataset (https://github.com/googlecreativelab/quickdraw-dataset), CC BY 4.0.
Each class is one file NAME.npy of bitmaps, uint8 [N, 784], of which only the first rows are fetched, once.
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

import io
import warnings
from pathlib import Path
from urllib.parse import quote

import numpy as np
import requests
from numpy.typing import NDArray

from smallnets import cli, files
from smallnets.data import datasets, quickdraw, write_sets

HERE = Path(__file__).parent
URL = "https://storage.googleapis.com/quickdraw_dataset/full/numpy_bitmap"
PER_CLASS = (12000, 3600, 3600)  # the homework's
PIXELS = 28 * 28
HEADER = 1024  # more than a .npy file's header takes (128 bytes from today's numpy)


def check(shape: tuple[int, ...], dtype: np.dtype, where: str | Path, rows: int) -> None:
    """Raise ValueError unless an array is uint8 [N, 784] or [N, 28, 28] with at least `rows` rows."""
    if dtype != np.uint8 or shape[1:] not in ((PIXELS,), (28, 28)):
        raise ValueError(f"expected {where} of uint8 [N, 784] or [N, 28, 28], got {dtype} {list(shape)}")
    if shape[0] < rows:
        raise ValueError(f"expected at least {rows} drawings in {where}, got {shape[0]}")


def parse(content: bytes, where: str, rows: int) -> NDArray[np.uint8]:
    """The first rows [rows, 784] from the beginning of a .npy file.

    Raises:
        ValueError: not a .npy file, none of drawings, or too short.
    """
    file = io.BytesIO(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about headers of Python 2
            first = np.lib.format.read_magic(file) == (1, 0)
            read_header = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
            shape, fortran_order, dtype = read_header(file)
    except Exception:  # a damaged header ends in any of a dozen errors of numpy's parser
        start = content[:6]
        raise ValueError(f"expected {where} to be a .npy file, got other content (it starts with {start!r})") from None
    check(shape, dtype, where, rows)
    if fortran_order:
        raise ValueError(f"expected {where} in C order, got Fortran order")
    if len(content) - file.tell() < rows * PIXELS:
        raise ValueError(f"expected {rows * PIXELS} bytes of drawings in {where}, got {len(content) - file.tell()}")
    return np.frombuffer(content, np.uint8, rows * PIXELS, file.tell()).reshape(rows, PIXELS)


def fetch(url: str, name: str, rows: int) -> NDArray[np.uint8]:
    """The first rows [rows, 784] of a class; no more than those is read, whatever the server sends.

    Raises:
        OSError: no answer, or none that holds the file.
        ValueError: the server has no such class, or other content.
    """
    from tqdm import tqdm

    size = HEADER + rows * PIXELS
    # a packed answer would have other byte numbers
    headers = {"Range": f"bytes=0-{size - 1}", "Accept-Encoding": "identity"}
    content = bytearray()
    try:
        with requests.get(url, headers=headers, stream=True, timeout=60) as response:
            if response.status_code == 404:
                raise ValueError(f"expected a class of Quick, Draw!, got {name!r}: nothing at {url}")
            response.raise_for_status()
            # disable=None draws the bar on a terminal only
            with tqdm(total=size, unit="B", unit_scale=True, desc=name, disable=None) as bar:
                for chunk in response.iter_content(1 << 16):
                    content += chunk
                    bar.update(len(chunk))
                    if len(content) >= size:
                        break
    except requests.RequestException as error:
        raise OSError(f"could not fetch {url} ({error})") from error
    return parse(bytes(content), url, rows)


def read_sums(cache: Path) -> dict[str, str]:
    """{file: sha256} of what the cache holds, as it was when it came."""
    path = cache / datasets.MANIFEST
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {name: checksum for checksum, _, name in (line.partition("  ") for line in lines)}


def fetch_once(url: str, name: str, rows: int, cache: Path) -> NDArray[np.uint8]:
    """The first rows [rows, 784] of a class: from the cache if it holds so many, else fetched and kept there.

    Raises:
        ValueError: the file in the cache was never fetched or has changed since it came, or the server's has.
    """
    path, sums = cache / f"{name}.npy", read_sums(cache)
    kept = np.empty((0, PIXELS), np.uint8)
    if path.exists() and path.name not in sums:
        raise ValueError(f"expected {path} to be one that was fetched, got another; move it away, "
                         f"or read it with --source {cache}")  # fmt: skip
    if path.is_file():
        known, found = sums[path.name], files.sha256(path)
        if found != known:
            raise ValueError(f"expected {path} with sha256 {known[:12]}... as it was fetched, got {found[:12]}...; "
                             "delete it to fetch it again")  # fmt: skip
        kept = datasets.read_npy(path)
    if len(kept) >= rows:
        return kept[:rows]
    fetched = fetch(url, name, rows)
    if not np.array_equal(fetched[: len(kept)], kept):
        raise ValueError(f"expected {url} to begin with the {len(kept)} drawings in {path}, got others; "
                         "delete it to start anew")  # fmt: skip
    write_sets.write_npy(path, fetched)
    sums[path.name] = files.sha256(path)
    files.write_text(cache / datasets.MANIFEST, "".join(f"{sums[file]}  {file}\n" for file in sorted(sums)))
    return fetched


def read_class(name: str, rows: int, source: Path | None, url: str, cache: Path | None) -> NDArray[np.uint8]:
    """The first drawings [rows, 28, 28] of a class: from NAME.npy in the folder `source`, or fetched without one."""
    if source is not None:
        path = source / f"{name}.npy"
        drawings = datasets.read_npy(path)
        check(drawings.shape, drawings.dtype, path, rows)
    else:
        import pooch  # costs a tenth of a second, and only downloads need it

        cache = cache or Path(pooch.os_cache("smallnets")) / "quickdraw"
        drawings = fetch_once(f"{url.rstrip('/')}/{quote(name)}.npy", name, rows, cache)
    return drawings[:rows].reshape(rows, 28, 28)


def check_names(names: list[str]) -> None:
    """Raise ValueError unless these are 2 to 345 different names that can be file names."""
    if not 2 <= len(names) <= quickdraw.MOST_CLASSES:
        raise ValueError(f"expected 2 to {quickdraw.MOST_CLASSES} classes, got {len(names)}")
    for k, name in enumerate(names):
        if not datasets.is_name(name) or "/" in name or "\\" in name:
            raise ValueError(f"expected names of classes, printable and without $, / or \\, got {name!r}")
        if name in names[:k]:
            raise ValueError(f"expected different classes, got {name!r} twice")


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Parse the command line, write the files, say where they are."""
    parser = cli.parser(__doc__)
    parser.add_argument("--classes", nargs="+", metavar="NAME", help="Google's names; default: the six fruits")
    parser.add_argument(
        "--per_class", type=cli.whole_number(1), nargs=3, metavar=("TRAIN", "DEV", "TEST"),
        help="drawings of each class; default: 12000 3600 3600, with --drawn 1500 300 300",
    )  # fmt: skip
    parser.add_argument("--source", type=Path, help="folder with NAME.npy of each class, instead of the network")
    parser.add_argument("--url", default=URL, help="address above NAME.npy")
    parser.add_argument("--cache", type=Path, help="keeps what was fetched; default: the user's own cache folder")
    parser.add_argument("--drawn", action="store_true", help="write the offline stand-in")
    parser.add_argument("--staff", action="store_true", help=f"also write {quickdraw.LABELS['test']}")
    parser.add_argument("--seed", type=cli.whole_number(0), default=0, help="draw of the splits, and of the stand-in")
    beneath = f"data/quickdraw, or {quickdraw.STAND_IN_FOLDER} beneath it"
    parser.add_argument("--out", type=Path, help=f"where the files go; left out: {beneath}")
    args = parser.parse_args(argv)
    if args.drawn and (args.source is not None or args.classes is not None):
        raise ValueError("expected --drawn without --source and --classes, got both")
    out = args.out or (HERE / quickdraw.STAND_IN_FOLDER if args.drawn else HERE)
    default = quickdraw.STAND_IN_SIZES.values() if args.drawn else PER_CLASS
    files.expect_folder(out)
    sizes = dict(zip(quickdraw.IMAGES, args.per_class or default, strict=True))
    if args.drawn:
        quickdraw.write_drawn(out, sizes, args.seed, args.staff)
    else:
        names, rows = args.classes or list(quickdraw.NAMES), sum(sizes.values())
        check_names(names)
        # everything is read and checked before anything is written
        images = np.concatenate([read_class(name, rows, args.source, args.url, args.cache) for name in names])
        splits = quickdraw.draw(images, np.repeat(np.arange(len(names)), rows), sizes, args.seed)
        quickdraw.write(out, splits, names, test_labels=args.staff)
    counts = ", ".join(f"{size:,} {split}" for split, size in sizes.items())
    print(f"wrote {counts} drawings of each class to {out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
