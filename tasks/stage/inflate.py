"""Inflate a member of a zip file outside the interpreter, so that a large table is read while the rows before are looked at.

The deflated bytes of a member are those of a gzip file but for its head and its tail, which say what the zip's directory says: with
them in place pyarrow inflates natively, and zlib proves checksum and size at the end.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
LOCAL_HEADER = 30
ENCRYPTED = 1


@contextmanager
def inflated(archive: zipfile.ZipFile, member: str) -> Iterator[Any]:
    """The member as a stream for pyarrow; `zipfile.BadZipFile` when its bytes are not what the directory says."""
    info = archive.getinfo(member)
    if info.compress_type != zipfile.ZIP_DEFLATED or info.flag_bits & ENCRYPTED:
        with archive.open(info) as body:
            yield body
        return
    with archive.open(info), open(str(archive.filename), "rb") as file:  # opening it proves the member's own header
        deflated = pa.BufferedInputStream(pa.PythonFile(_Gzip(file, info), mode="r"), 1 << 20)
        stream = pa.CompressedInputStream(deflated, "gzip")
        try:
            yield stream
        except OSError as error:
            if "zlib" in str(error) or "runcated" in str(error):
                raise zipfile.BadZipFile(f"{member}: {error}") from error
            raise


class _Gzip(io.RawIOBase):
    """The bytes of a deflated member as a gzip file."""

    def __init__(self, file: io.BufferedReader, info: zipfile.ZipInfo) -> None:
        file.seek(info.header_offset + LOCAL_HEADER - 4)
        file.seek(sum(struct.unpack("<HH", file.read(4))), io.SEEK_CUR)
        self._file, self._left = file, info.compress_size
        self._head, self._tail = HEAD, struct.pack("<II", info.CRC, info.file_size & 0xFFFFFFFF)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes: the head, the member's bytes, the tail."""
        if self._head:
            taken, self._head = self._head[:size], self._head[size:]
        elif self._left:
            taken = self._file.read(min(size, self._left))
            self._left -= len(taken)
        else:
            taken, self._tail = self._tail[:size], self._tail[size:]
        return taken
