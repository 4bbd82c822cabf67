"""Which files of a folder are still, and which are somebody's lock, somebody's half, or too much."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

from tasks.receive.parcel import LARGEST, LARGEST_CHANNEL

# A file that changed so lately is looked at again after the pause; both are real seconds, whatever the clock of the sample says.
YOUNG, PAUSE = 5.0, 1.0
# So long a file that ends in the middle may still be on its way; and a lock that is older was left behind.
ON_ITS_WAY, STALE_LOCK = 120.0, 86_400.0
PARTIAL = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".download")
OFFICE_LOCK, LIBRE_LOCK = "~$", ".~lock."


@dataclass(frozen=True, slots=True)
class Seen:
    """A file at one look. Its `stamp` is another one as soon as anybody wrote to it or put another file in its place."""

    name: str
    size: int
    changed: float
    stamp: tuple[object, ...]

    @property
    def age(self) -> float:
        return time.time() - self.changed

    @property
    def is_young(self) -> bool:
        """True for what changed some seconds ago. A time far in the future is another machine's clock and says nothing."""
        return abs(self.age) < YOUNG


def is_aside(name: str) -> bool:
    """True for what programs put beside files: hidden files, locks, thumbnails, halves of a transfer.

    >>> [is_aside(name) for name in (".~lock.q3.xlsx#", "~$q3.xlsx", "q3.xlsx.part", "Thumbs.db", "q3.xlsx")]
    [True, True, True, True, False]
    """
    folded = name.casefold()
    return name.startswith((".", OFFICE_LOCK)) or folded in ("thumbs.db", "desktop.ini") or folded.endswith(PARTIAL)


def locked(seen: Iterable[Seen]) -> frozenset[str]:
    """The names whose lock files lie among these: LibreOffice's .~lock.NAME#, and Office's ~$NAME (which may swallow two letters)."""
    names = {one.name: one for one in seen}
    found = set()
    for name, one in names.items():
        if one.age > STALE_LOCK:
            continue
        if name.startswith(LIBRE_LOCK) and name.endswith("#"):
            found.add(name.removeprefix(LIBRE_LOCK).removesuffix("#"))
        elif name.startswith(OFFICE_LOCK):
            whole = name.removeprefix(OFFICE_LOCK)
            found |= {whole, *(other for other in names if other[2:] == whole)}
    return frozenset(found)


def sorted_out(seen: Iterable[Seen], locks: frozenset[str]) -> tuple[list[Seen], list[tuple[Seen, str]]]:
    """Those to read, the newest last, so that it counts; and those to leave, each with the cause. Of too much the newest are read."""
    take: list[Seen] = []
    leave: list[tuple[Seen, str]] = []
    room = LARGEST_CHANNEL
    for one in sorted(seen, key=lambda one: (-one.changed, one.name)):
        if one.name in locks:
            leave.append((one, "open"))
        elif one.size > LARGEST:
            leave.append((one, "too_large"))
        elif one.size > room:
            leave.append((one, "too_many"))
        else:
            room -= one.size
            take.append(one)
    return sorted(take, key=lambda one: (one.changed, one.name)), leave


def ends_early(body: bytes, seen: Seen) -> bool:
    """True for a young zip (a workbook is one) whose end has not arrived yet."""
    return seen.age < ON_ITS_WAY and body.startswith(b"PK\x03\x04") and not zipfile.is_zipfile(io.BytesIO(body))
