"""When a submission was handed in, and how far that time can be trusted."""

import enum
import os
import tarfile
import time
import zipfile
from pathlib import Path

from smallnets import cli


class Source(enum.StrEnum):
    """Where a submission's time comes from."""

    PLATFORM = "platform"  # its export tells it
    ARCHIVE = "archive"  # the latest file in the student's archive, whose clock is the student's
    DISK = "disk"  # the file's time on this disk, often that of a download: it says nothing about handing in


def received(path: Path) -> tuple[float, Source]:
    """The time of an archive's latest file, else of the path on this disk, in seconds since the epoch."""
    there = [path] if path.is_symlink() or not path.is_dir() else list(path.iterdir())
    if len(there) == 1 and (inside := archived(there[0])) is not None:
        return inside, Source.ARCHIVE
    return written(path), Source.DISK


def archived(path: Path) -> float | None:
    """The time of the latest file in a zip or tar archive, None for any other file or an archive without times.

    A zip names no time zone: it is read as this machine's.
    """
    if path.is_symlink() or not path.is_file():
        return None
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                dates = [entry.date_time for entry in archive.infolist() if not entry.is_dir()]
            times = [time.mktime((*date, 0, 0, -1)) for date in dates if date[0] > 1980]  # 1980 stands for no time
        elif tarfile.is_tarfile(path):
            with tarfile.open(path) as members:
                times = [float(member.mtime) for member in members if member.isfile()]
        else:
            return None
    except Exception:  # damaged archives raise all sorts; intake names the damage
        return None
    return max((at for at in times if 0 < at <= cli.LAST), default=None)


def written(path: Path) -> float:
    """The time of the latest file in a folder, or of this file, in seconds since the epoch; links are not followed.

    A time on the disk that is no valid date becomes the nearest date.
    """
    walked = () if path.is_symlink() else os.walk(path)
    inside = [Path(folder, name) for folder, _, names in walked for name in names]
    return min(max(0.0, *(file.lstat().st_mtime for file in inside or [path])), cli.LAST)
