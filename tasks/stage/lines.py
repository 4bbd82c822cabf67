"""The lines of a file as it inflates, a chunk at a time, while those before are looked at."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

# The first chunk is small, so that there is soon something to look at; each is twice as long as the one before, up to this.
FIRST, CHUNK = 1 << 19, 1 << 22
# How many are made while one is looked at.
AHEAD = 2
LINE_END = 10
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a file that end with a line, and whether they are its last ones. The bytes are overwritten some pieces later."""

    data: NDArray[np.uint8]
    is_last: bool

    def lines(self) -> Lines:
        """Its lines. Finding them is left to whoever looks at them: inflating takes a thread of its own all its time."""
        ends, size = _ends(self.data), len(self.data)
        if self.is_last and self.data[-1] != LINE_END:
            ends = np.append(ends, np.int32(size))
        return Lines(self.data, ends)


@dataclass(frozen=True, slots=True)
class Lines:
    """Bytes of a file, and where each of their lines ends, its line end included. Only the last line of a file may lack that.

    A line that is longer than a chunk comes in pieces, of which the first have no end. The bytes are overwritten some chunks later.
    """

    data: NDArray[np.uint8]
    ends: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.ends)

    def line(self, index: int) -> bytes:
        """The bytes of one line."""
        return self.data[self.ends[index - 1] if index else 0 : self.ends[index]].tobytes()

    def after_first(self) -> Lines:
        """The lines without the first."""
        return Lines(self.data[self.ends[0] :], self.ends[1:] - self.ends[0])


def pieces_of(stream: Any) -> Iterator[Piece]:
    """All bytes of a stream in pieces of whole lines. Buffers take turns: some are filled while one is looked at."""
    buffers = [np.empty(CHUNK, np.uint8) for _ in range(AHEAD + 1)]
    left, turn, size, space = buffers[0][:0], 0, 0, 0
    while size == space:
        space = min(FIRST << turn, CHUNK)
        data = buffers[turn % len(buffers)][:space]
        data[: len(left)] = left
        size = _fill(stream, data.data, len(left))
        is_last = size < space
        whole = size if is_last else _last_end(data) or size
        if whole:
            yield Piece(data[:whole], is_last)
        left, turn = data[whole:size], turn + 1


def _last_end(data: NDArray[np.uint8]) -> int:
    """Where the last line ends; 0 where none does. Most often it is near the end."""
    for tail in (1 << 12, len(data)):
        found = np.flatnonzero(data[-tail:] == LINE_END)
        if len(found):
            return len(data) - min(tail, len(data)) + int(found[-1]) + 1
    return 0


def _ends(data: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Where lines end. A word of 64 bits is looked at for as many bytes, and as lines are longer, one number tells where its bit is."""
    flags = np.packbits(data == LINE_END, bitorder="little")
    words = np.append(flags, np.zeros(-len(flags) % 8, np.uint8)).view("<u8")
    there = np.flatnonzero(words)
    below = words[there] - np.uint64(1)
    if bool((words[there] & below).any()):  # short lines
        return np.flatnonzero(data == LINE_END).astype(np.int32) + np.int32(1)
    return there.astype(np.int32) * np.int32(64) + np.bitwise_count(below).astype(np.int32) + np.int32(1)


def _fill(stream: Any, space: memoryview, size: int) -> int:
    """Read until the space is full or the stream at its end; how much is full."""
    while size < len(space) and (taken := stream.readinto(space[size:])):
        size += taken
    return size


@contextmanager
def ahead(pieces: Iterator[Made]) -> Iterator[Iterator[Made]]:
    """The pieces of an iterator, of which some are made by another thread while one is looked at."""
    with ThreadPoolExecutor(1) as making:
        coming: deque[Future[Made | None]] = deque(making.submit(next, pieces, None) for _ in range(AHEAD))

        def made() -> Iterator[Made]:
            while (piece := coming.popleft().result()) is not None:
                coming.append(making.submit(next, pieces, None))
                yield piece

        yield made()


class Joined(io.RawIOBase):
    """Pieces of bytes as one stream."""

    def __init__(self, pieces: Iterator[Any]) -> None:
        self._pieces, self._piece = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, space: Any) -> int:
        """Fill some of the space; 0 at the end."""
        while not self._piece:
            if (piece := next(self._pieces, None)) is None:
                return 0
            self._piece = memoryview(piece)
        size = min(len(space), len(self._piece))
        space[:size], self._piece = self._piece[:size], self._piece[size:]
        return size
