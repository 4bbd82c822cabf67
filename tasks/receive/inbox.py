"""A folder that something else fills: a sync program, a share, a person."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from expectations.partnership import Partnership
from tasks.fetch.transport import SourceUnavailable, Transport
from tasks.receive.channels import Channel
from tasks.receive.parcel import LARGEST, Left, Received, keyed
from tasks.receive.still import PAUSE, Seen, ends_early, is_aside, locked, sorted_out

# The folder inside a partner's where answers are put.
ANSWERS = "answers"
# The folder may be anybody's to write into: no link is followed, and nothing is opened that could keep us waiting.
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def inbox(channel: Channel, partnership: Partnership, _transport: Transport) -> Received:
    """The still files that lie in the folder itself; a folder that is not there holds none."""
    root = partnership.home / "inbox"
    inner = Path("partners", channel.partner) if channel.partner else Path(channel.contract)
    try:
        with _opened(channel, root, root / inner) as folder:
            return _Look(channel, Path("inbox") / inner, root / inner, folder).received()
    except FileNotFoundError:
        return Received()
    except OSError as error:
        raise SourceUnavailable(f"{channel.name}: the folder cannot be read ({error.strerror}). Mend its rights or its disk.") from None


@contextmanager
def _opened(channel: Channel, root: Path, folder: Path) -> Iterator[int]:
    if folder.resolve(strict=True) != root.resolve() / folder.relative_to(root):
        raise SourceUnavailable(f"{channel.name}: the folder is a link to another one. Sync to the folder itself.")
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class _Look:
    """One look into an open folder. Everything is opened relative to it, so that nobody can put another folder in its place."""

    def __init__(self, channel: Channel, where: Path, path: Path, folder: int) -> None:
        self.channel, self.where, self.path, self.folder = channel, where, path, folder
        self.left: list[Left] = []

    def received(self) -> Received:
        files, locks = self._files()
        take, leave = sorted_out(self._still(files), locks)
        for one, cause in leave:
            self._leave(one.name, cause)
        parcels = []
        for one in take:
            body, cause = self._read(one)
            if cause:
                self._leave(one.name, cause)
            elif body is not None:
                parcels.append(self.channel.parcel(body, self._place(one.name), folder=self.path, changed=one.changed))
        return Received(tuple(parcels), tuple(sorted(self.left, key=lambda left: left.place)))

    def _files(self) -> tuple[list[Seen], frozenset[str]]:
        """The ordinary files of the folder, and the names that are locked."""
        with os.scandir(self.folder) as entries:
            names = sorted(entry.name for entry in entries)
        files, aside = [], []
        for name in names:
            try:
                found = os.stat(name, dir_fd=self.folder, follow_symlinks=False)
            except FileNotFoundError:
                continue
            if name == ANSWERS and not stat.S_ISDIR(found.st_mode):
                continue  # who answers says that it is in the way
            if is_aside(name):
                aside.append(_seen(name, found))
            elif stat.S_ISREG(found.st_mode):
                files.append(_seen(name, found))
            elif not stat.S_ISDIR(found.st_mode):
                self._leave(name, "link" if stat.S_ISLNK(found.st_mode) else "not_a_file")
        return files, locked([*files, *aside])

    def _still(self, files: list[Seen]) -> list[Seen]:
        """Those that do not change while we look: the young ones of a folder are looked at twice, all after one pause.

        So are the empty ones: ext4 shows a file that is just being overwritten as empty for a moment, still with its old time.
        """
        young = {one.name for one in files if one.is_young or not one.size}
        if young:
            time.sleep(PAUSE)
        still = []
        for one in files:
            if one.name not in young or self._again(one.name) == one.stamp:
                still.append(one)
            else:
                self._leave(one.name, "being_written")
        return still

    def _again(self, name: str) -> tuple[object, ...] | None:
        try:
            return _stamp(os.stat(name, dir_fd=self.folder, follow_symlinks=False))
        except FileNotFoundError:
            return None

    def _read(self, one: Seen) -> tuple[bytes | None, str]:
        """What the file holds, or the cause to leave it; neither for one that was taken away meanwhile."""
        try:
            body = self._body(one)
        except FileNotFoundError:
            return None, ""
        except PermissionError:
            return None, "unreadable"
        except OSError:
            return None, "failed"
        return (None, "being_written") if body is None or ends_early(body, one) else (body, "")

    def _body(self, one: Seen) -> bytes | None:
        """What the file holds; None if it is not what we looked at, before or after we read it."""
        descriptor = os.open(one.name, READ, dir_fd=self.folder)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            if _stamp(os.fstat(descriptor)) != one.stamp:
                return None
            body = b""
            while len(body) <= LARGEST and (block := file.read(LARGEST + 1 - len(body))):
                body += block
            is_same = _stamp(os.fstat(descriptor)) == one.stamp == self._again(one.name)
        return body if is_same and len(body) == one.size else None

    def _leave(self, name: str, cause: str) -> None:
        self.left.append(self.channel.left(self._place(name), cause))

    def _place(self, name: str) -> str:
        return keyed(b"inbox" + os.fsencode(self.where / name))


def _seen(name: str, found: os.stat_result) -> Seen:
    return Seen(name, found.st_size, found.st_mtime, _stamp(found))


def _stamp(found: os.stat_result) -> tuple[object, ...]:
    return found.st_dev, found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns
