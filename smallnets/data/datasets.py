"""IDX and .npy files, reproducible splits, and downloads that are checked before they are used."""

import gzip
import hashlib
import io
import json
import re
import sys
import tempfile
import warnings
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smallnets import faults, zipping
from smallnets.files import replacing, sha256, write_text

GZIP = b"\x1f\x8b"
IDX_UINT8 = b"\x00\x00\x08"  # two zero bytes, then the type code of unsigned bytes
MANIFEST = "SHA256SUMS"
STAFFS_MANIFEST = "SHA256SUMS.staff"  # of the files that students do not have
STAND_IN_FOLDER = "stand_in"  # beneath the folder where real data would be
CLASS_NAMES = "class_names.json"
NOTE = "STAND_IN.txt"  # tells people that the files beside it are no real data


def read_npy(path: str | Path) -> NDArray:
    """Read an array from a .npy file; pickled objects are refused, as opening them could run code.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a .npy file, is cut short, or holds Python objects.
    """
    path = Path(path)
    with open(path, "rb") as file:
        magic = file.read(len(np.lib.format.MAGIC_PREFIX))
    if magic != np.lib.format.MAGIC_PREFIX:
        raise ValueError(f"expected {path} to be a .npy file, got other content (it starts with {magic!r})")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about headers of Python 2
            # mapping the file first means that a forged header can't ask for more memory than the file has
            array = np.load(path, mmap_mode="r", allow_pickle=False)
            return array.astype(array.dtype.newbyteorder("="))  # torch takes the machine's own byte order only
    except Exception as error:  # a damaged header ends in any of a dozen errors of numpy's parser
        if _holds_objects(path):
            raise ValueError(f"expected {path} to hold numbers, got pickled objects, which are refused") from None
        raise ValueError(f"expected {path} to be a whole .npy file, got a damaged one ({error})") from None


def _holds_objects(path: Path) -> bool:
    """Whether the header of a .npy file announces Python objects; False where it cannot be read."""
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    try:
        with open(path, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bool(readers[np.lib.format.read_magic(file)](file)[2].hasobject)
    except Exception:
        return False


def write_npy(path: str | Path, array: NDArray) -> None:
    """Write a .npy file, whole or not at all. Equal arrays give equal bytes."""
    content = npy_bytes(array)
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_npz(path: str | Path, arrays: Mapping[str, NDArray]) -> None:
    """Write a .npz file, whole or not at all. Equal arrays give equal bytes under any version of Python and zlib."""
    members = {f"{name}.npy": npy_bytes(array) for name, array in arrays.items()}
    with replacing(path) as temporary:
        zipping.write(temporary, members)


def npy_bytes(array: NDArray) -> bytes:
    """The content of a .npy file. Into a file itself, numpy would hide a full disk behind an error of its own."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    return content.getvalue()


def read_idx(path: str | Path, sha256_of_content: str | None = None) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, gzipped or plain (http://yann.lecun.com/exdb/mnist/).

    Args:
        path: the file; its content tells whether it is packed, as some browsers unpack a .gz and keep its name.
        sha256_of_content: if given, the checksum that the unpacked bytes must have.

    Raises:
        ValueError: not an IDX file of unsigned bytes, cut short, or another checksum.
    """
    path = Path(path)
    content = path.read_bytes()
    if content.startswith(GZIP):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"expected {path} to be a whole gzip file, got a damaged one ({error})") from None
    if sha256_of_content is not None and (found := hashlib.sha256(content).hexdigest()) != sha256_of_content:
        raise ValueError(f"expected {path} with sha256 {sha256_of_content[:12]}..., got {found[:12]}..., another file")
    if content[:3] != IDX_UINT8 or len(content) < 4:
        raise ValueError(f"expected {path} to be an IDX file of unsigned bytes, got a start of {content[:4]!r}")
    header = 4 + 4 * content[3]
    if len(content) < header:
        raise ValueError(f"expected an IDX header of {header} bytes in {path}, got a file of {len(content)}")
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", count=content[3], offset=4))
    if len(content) - header != int(np.prod(shape, dtype=np.uint64)):
        raise ValueError(f"expected {list(shape)} bytes of data in {path}, got {len(content) - header}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def write_idx(path: str | Path, array: NDArray[np.uint8]) -> None:
    """Write unsigned bytes as an IDX file, whole or not at all; gzipped if the name ends in .gz."""
    content = IDX_UINT8 + bytes([array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()
    with replacing(path) as temporary:
        # without a time stamp, equal arrays give equal bytes
        temporary.write_bytes(gzip.compress(content, mtime=0) if temporary.suffix == ".gz" else content)


def fetch_idx(
    name: str, folder: Path | None, base_urls: Sequence[str], sha256_of_gz: str, sha256_of_content: str
) -> NDArray[np.uint8]:
    """Read an IDX file from a folder, gzipped or not, or else from the net; its content is checked either way.

    Args:
        name: without .gz.
        folder: None downloads NAME.gz from the first of base_urls that answers.

    Raises:
        FileNotFoundError: the folder has neither NAME.gz nor NAME.
        ValueError: another file of the same name (MNIST and Fashion-MNIST share theirs).
    """
    if folder is None:
        path = download(name + ".gz", base_urls, sha256_of_gz)
    else:
        path = find_idx(folder, name)
    return read_idx(path, sha256_of_content)


def find_idx(folder: Path, name: str) -> Path:
    """The first of `idx_files`; NAME.gz if there is none."""
    return next(iter(idx_files(folder, name)), folder / f"{name}.gz")


def idx_files(folder: Path, name: str) -> list[Path]:
    """The files of an IDX name, such as train-images-idx3-ubyte, in a folder: NAME.gz, then NAME, then others.

    A file may be unpacked, called train-images.idx3-ubyte as on Kaggle, numbered by a browser ("... (1).gz") or by
    macOS ("... 2.gz"), and lie in a folder of its own name, as 7-Zip unpacks it.
    """
    like = re.escape(name).replace("\\-idx", "[-.]idx") + r"( ?\(\d+\)| \d+)?(\.gz)?"
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    there += [inner for path in there if path.is_dir() and re.fullmatch(like, path.name) for inner in path.iterdir()]
    found = [path for path in there if path.is_file() and re.fullmatch(like, path.name)]
    usual = [folder / f"{name}.gz", folder / name]
    return [*(path for path in usual if path in found), *(path for path in found if path not in usual)]


def permutation(n: int, rng: np.random.PCG64) -> NDArray[np.int64]:
    """A random order of range(n) that is the same under every version of numpy.

    numpy freezes the raw stream of a bit generator for ever but lets Generator.permutation change
    (NEP 19), so files that must be rebuilt byte for byte are drawn from the raw stream.
    """
    return np.argsort(rng.random_raw(n), kind="stable").astype(np.int64)


def draw_splits(
    labels: NDArray, groups: Sequence[Iterable[int]], sizes: Mapping[str, int], seed: int
) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Draw disjoint, balanced, shuffled splits without replacement.

    Args:
        labels: [N] original labels.
        groups: for each new class, the original labels that make it up.
        sizes: how many rows of each class go into each split, e.g. {"train": 2500, "dev": 800}.
        seed: any whole number from 0.

    Returns:
        For each split its rows and their new labels, both int64 [len(groups) * size].

    Raises:
        ValueError: a class has too few rows.
    """
    rng = np.random.PCG64(seed)
    parts: dict[str, list[NDArray[np.int64]]] = {name: [] for name in sizes}
    for group in groups:
        rows = np.flatnonzero(np.isin(labels, list(group)))
        if len(rows) < sum(sizes.values()):
            raise ValueError(f"expected at least {sum(sizes.values())} rows with labels {list(group)}, got {len(rows)}")
        rows = rows[permutation(len(rows), rng)]
        for name, size in sizes.items():
            parts[name].append(rows[:size])
            rows = rows[size:]
    splits = {}
    for name, size in sizes.items():
        order = permutation(len(groups) * size, rng)
        splits[name] = (np.concatenate(parts[name])[order], np.repeat(np.arange(len(groups)), size)[order])
    return splits


def download(name: str, base_urls: Sequence[str], known_sha256: str, folder: str | Path | None = None) -> Path:
    """Fetch base_url + name into a cache, from the first address that answers, and check it.

    Args:
        folder: the cache; by default the user's own cache folder.

    Returns:
        Where the file lies. A file that is already there with the right checksum is not fetched again.

    Raises:
        OSError: no address answered.
        ValueError: what came has another checksum; it is not kept.
    """
    import pooch  # costs a tenth of a second, and most runs download nothing

    pooch.get_logger().setLevel("WARNING")
    folder = folder or pooch.os_cache("smallnets")
    problems = []
    for base in base_urls:
        try:
            return Path(pooch.retrieve(base + name, known_sha256, name, folder, progressbar=sys.stderr.isatty()))
        except OSError as error:
            problems.append(f"{base}: {faults.words(error)}")
        except ValueError as error:
            raise ValueError(f"expected {base + name} with sha256 {known_sha256[:12]}..., got another file") from error
    raise OSError(f"could not fetch {name} ({'; '.join(problems)})")


def check_replaceable(folder: Path, names: Sequence[str], manifest: str = MANIFEST) -> None:
    """Raise ValueError if a file of one of these names is there, but not as the folder's manifest has it.

    So a program that writes a manifest replaces only files of its own, and no manifest that names other files.
    """
    other = foreign(folder, names, manifest)
    if any(line.partition("  ")[2] not in names for line in _lines(folder / manifest)):
        other = manifest
    if other is not None:
        raise ValueError(
            f"expected {folder} to be empty or as this program wrote it, got another {other} there; move it away"
        )


@contextmanager
def replacing_set(folder: Path, manifests: Mapping[str, Sequence[str]]) -> Iterator[Path]:
    """Yield an empty folder; at the end its files go into `folder` together, with manifests: {manifest: names}.

    Files of these names that an earlier set has there, and this one has not, are removed.

    Raises:
        ValueError: one of these files is there, but is none that a manifest has; then nothing is written.
    """
    for manifest, names in manifests.items():
        check_replaceable(folder, names, manifest)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as temporary:  # the set is never half there
        new = Path(temporary)
        yield new
        for manifest, names in manifests.items():
            if there := [name for name in names if (new / name).exists()]:
                write_manifest(new, there, manifest)
        for name in (name for manifest, names in manifests.items() for name in (*names, manifest)):
            if not (new / name).exists():
                (folder / name).unlink(missing_ok=True)
        for path in sorted(new.iterdir()):
            path.replace(folder / path.name)


def foreign(folder: Path, names: Iterable[str], manifest: str = MANIFEST) -> str | None:
    """The first of the names whose file is there, but not as the folder's manifest has it."""
    known = _lines(folder / manifest)
    there = (name for name in names if (folder / name).exists())
    return next((name for name in there if f"{sha256(folder / name)}  {name}" not in known), None)


def stand_in_note(folder: Path, names: Iterable[str]) -> str:
    """The note beside a stand-in whose files have these names; empty where there is none.

    A note that an earlier stand-in has left beside other files does not count.
    """
    path = folder / NOTE
    if not path.is_file() or foreign(folder, names) is not None:
        return ""
    return path.read_text(encoding="utf-8", errors="replace").strip()


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []


def write_manifest(folder: str | Path, names: Iterable[str], manifest: str = MANIFEST) -> None:
    """Write the checksums of files of `folder` beside them, in the form `sha256sum --check` reads."""
    folder = Path(folder)
    write_text(folder / manifest, "".join(f"{sha256(folder / name)}  {name}\n" for name in sorted(names)))


def class_names(folder: Path, key: str = "") -> list[str] | None:
    """The names in a folder's class_names.json, in the order of the labels; None without the file.

    Args:
        key: the file may also be an object with the list under this key; "" allows a list alone.

    Raises:
        ValueError: the file holds something else, or a name that cannot be printed or drawn.
    """
    path = folder / CLASS_NAMES
    if not path.is_file():
        return None
    try:
        names = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        names = None
    if key and isinstance(names, dict):
        names = names.get(key)
    if not isinstance(names, list) or not all(isinstance(name, str) and is_name(name) for name in names):
        under = f', or an object with one under "{key}"' if key else ""
        raise ValueError(f"expected {path} to be a JSON list of printable names without ${under}; got something else")
    return names


def is_name(name: str) -> bool:
    """Whether a class may be called so: something printable, without the $ that matplotlib takes for a formula."""
    return bool(name.strip()) and name.isprintable() and "$" not in name


def secret_seed(secret: bytes, what: str) -> int:
    """A seed that only holders of the secret can compute, another one for each thing that it decides.

    Raises:
        ValueError: fewer than 16 bytes, which could be guessed.
    """
    if len(secret) < 16:
        raise ValueError(f"expected a secret of at least 16 bytes, got {len(secret)}")
    return int.from_bytes(hashlib.sha256(what.encode() + b"\0" + secret).digest(), "big")
