"""What has arrived of a file: kept beside the store when a transfer breaks, and continued by the next try or the next run."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from errno import ENOSPC
from io import BufferedRandom
from json import dumps, loads
from pathlib import Path
from typing import Any, BinaryIO, cast

# After this many days a piece is thrown away: the publisher has another file by then.
KEPT_DAYS = 2
# A file may not fill the disk to the brim: the warehouse needs room to say what happened.
SPARE_BYTES = 16 << 20


@dataclass(slots=True)
class Received:
    """A body on disk, not yet in the snapshot store; the names of its headers are in lower case."""

    path: Path
    sha256: str
    size: int
    headers: dict[str, str]


@dataclass(slots=True)
class Partial:
    """A file on its way in. Where another run fetches the same file, it is private and nothing of a break is kept."""

    path: Path
    file: BinaryIO
    size: int = 0
    is_done: bool = False
    _digest: Any = field(default_factory=hashlib.sha256)

    @property
    def _note(self) -> Path:
        return self.path.with_suffix(".json")

    def conditions(self) -> dict[str, str]:
        """The headers that ask for the rest of this very version; none when nothing is there to continue."""
        self.file.flush()
        self.size = os.fstat(self.file.fileno()).st_size
        validator = self.validator
        return {"Range": f"bytes={self.size}-", "If-Range": validator} if self.size and validator else {}

    @property
    def validator(self) -> str:
        """What says that a later answer is of the same version; nothing when the publisher gave no such thing."""
        return self._read_note().get("validator", "")

    def begin(self, headers: Mapping[str, str]) -> None:
        """Start from nothing, and note the version that arrives now."""
        self._note.unlink(missing_ok=True)
        self.file.seek(0)
        self.file.truncate()
        self.size, self._digest = 0, hashlib.sha256()
        coming = headers.get("Content-Length", "")
        if coming.isdecimal() and int(coming) + SPARE_BYTES > shutil.disk_usage(self.path.parent).free:
            raise OSError(ENOSPC, f"{int(coming):,} bytes are to come, and the disk has no room for them")
        self._note.write_text(dumps({"validator": _validator(headers), "etag": headers.get("ETag", "")}), encoding="utf-8")

    def goes_on(self, headers: Mapping[str, str]) -> bool:
        """True when an answer is the rest of what is here; what is here is read again for the hash of the whole."""
        etag = self._read_note().get("etag", "")
        if not headers.get("Content-Range", "").startswith(f"bytes {self.size}-") or headers.get("ETag", etag) != etag:
            return False
        self.file.seek(0)
        self._digest = hashlib.file_digest(cast(BufferedRandom, self.file), "sha256")
        return self.file.tell() == self.size

    def write(self, block: bytes) -> None:
        self.file.write(block)
        self._digest.update(block)
        self.size += len(block)

    def finish(self, headers: Mapping[str, str]) -> Received:
        """The whole file, under a name of its own."""
        self.file.flush()
        os.fsync(self.file.fileno())
        done = _own(self.path.parent, "whole")
        self._note.unlink(missing_ok=True)
        os.replace(self.path, done)
        self.is_done = True
        return Received(done, self._digest.hexdigest(), self.size, {name.lower(): value for name, value in headers.items()})

    def drop(self) -> None:
        """Throw away what has arrived; what is done already may be another run's by now."""
        if not self.is_done:
            self._note.unlink(missing_ok=True)
            self.path.unlink(missing_ok=True)
        self.is_done = True

    def _read_note(self) -> dict[str, str]:
        try:
            said: dict[str, str] = loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return said


@contextmanager
def claim(folder: Path, url: str) -> Iterator[Partial]:
    """The piece of this address that an earlier try left, for one run at a time; pieces that are too old are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    path = folder / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.part"
    file = _locked(path)
    alone = file is not None
    if file is None:
        path = _own(folder, "part")
        file = path.open("w+b")
    partial = Partial(path, file)
    try:
        yield partial
    finally:
        if not (alone and partial.size and partial.validator):
            partial.drop()
        with suppress(OSError):  # a full disk refuses the last bytes again
            file.close()


def own_path(home: Path) -> Path:
    """A path for bytes that come in by other ways than HTTP."""
    folder = home / "partial"
    folder.mkdir(parents=True, exist_ok=True)
    return _own(folder, "whole")


def _own(folder: Path, suffix: str) -> Path:
    return folder / f"{os.getpid()}-{secrets.token_hex(6)}.{suffix}"


def _locked(path: Path) -> BinaryIO | None:
    """The file, open and held by us alone; None when another run holds it. A dead run holds nothing."""
    while True:
        file = path.open("a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()  # the run that held it has just finished and moved it away


def _sweep(folder: Path) -> None:
    """Remove what nobody came back for. A running transfer writes, so it is never this old."""
    oldest = time.time() - KEPT_DAYS * 86400
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another run sweeps too
            if path.stat().st_mtime < oldest:
                path.unlink()


def _validator(headers: Mapping[str, str]) -> str:
    """What says for certain that a later answer is the same version: a strong ETag, or a date that had settled."""
    etag, modified = headers.get("ETag", ""), headers.get("Last-Modified", "")
    if etag.startswith('"'):
        return etag
    try:
        settled = (parsedate_to_datetime(headers["Date"]) - parsedate_to_datetime(modified)).total_seconds() >= 60
    except (KeyError, ValueError, TypeError):
        return ""
    return modified if settled else ""
