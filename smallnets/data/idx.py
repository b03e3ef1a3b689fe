"""Files in MNIST's IDX format, read, written and downloaded; their checksums are looked at before they are used."""

import gzip
import hashlib
import re
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smallnets import faults
from smallnets.files import replacing

GZIP = b"\x1f\x8b"
IDX_UINT8 = b"\x00\x00\x08"  # two zero bytes, then the type code of unsigned bytes


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
