"""The search for the words of the planted names in whatever was written, and a witness of what is written and removed."""

from __future__ import annotations

import base64
import email
import email.policy
import io
import os
import re
import sqlite3
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.marking import WORDS


def holding(body: bytes) -> set[str]:
    """The words that stand in the bytes: plain, packed, encoded, in a letter or a PDF."""
    return {word for text in _readings(body) for word, pattern in _PATTERNS.items() if pattern.search(text)}


def _spellings(word: str) -> Iterator[bytes]:
    plain = word.encode()
    yield from (plain, word.encode("utf-16-le"), word.encode("utf-16-be"), plain.hex().encode())
    name = next((name for name in NAMES if word in name), "")
    for shift in range(3) if name else ():
        # Of base64 only the letters that do not depend on what stands before or after: of the whole name, since few letters occur anywhere.
        whole = base64.b64encode(b"\0" * shift + name.encode())
        yield whole[(0, 2, 3)[shift] : -4]


NAMES = ("Zelmira Quonst", "Yolvanda Brixtemme")
_PATTERNS = {word: re.compile(b"|".join(re.escape(one) for one in _spellings(word)), re.IGNORECASE) for word in WORDS}


def _readings(body: bytes) -> Iterator[bytes]:
    yield body
    if body.startswith(b"PK\x03\x04"):
        yield from _unzipped(body)
    elif body.startswith(b"%PDF"):
        yield from _of_pdf(body)
    elif b"\nMIME-Version:" in body[:5000]:
        made = email.message_from_bytes(body, policy=email.policy.default)
        yield str(list(made.items())).encode()
        for part in made.walk():
            held = part.get_payload(decode=True)
            if isinstance(held, bytes):
                yield from _readings(held)


def _unzipped(body: bytes) -> Iterator[bytes]:
    if not zipfile.is_zipfile(io.BytesIO(body)):
        return  # a zip that was cut short is searched as the bytes it is
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        for name in file.namelist():
            yield name.encode()
            yield from _readings(file.read(name))


def _of_pdf(body: bytes) -> Iterator[bytes]:
    yield subprocess.run(["pdftotext", "-", "-"], input=body, capture_output=True, check=True).stdout
    for stream in re.finditer(rb"stream\r?\n(.*?)endstream", body, re.DOTALL):
        try:
            yield zlib.decompressobj().decompress(stream[1])
        except zlib.error:
            continue  # a picture or a font: its bytes were searched as they are


def found_in(folder: Path, *, besides: set[Path]) -> dict[Path, set[str]]:
    """The files below a folder whose names or contents hold a word, but for those that the partners wrote."""
    paths = [path for path in folder.rglob("*") if path not in besides]
    hits = {path: holding(str(path.relative_to(folder)).encode()) for path in paths}
    for path in paths:
        if path.is_file():
            hits[path] |= holding(path.read_bytes()) | holding(_texts(path))
    return {path: words for path, words in hits.items() if words}


def _texts(path: Path) -> bytes:
    """Every row of a SQLite database, since a long text does not lie in its file in one piece."""
    with path.open("rb") as file:
        if not file.read(16).startswith(b"SQLite format 3"):
            return b""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        rows = [row for name in names for row in connection.execute(f'select * from "{name}"')]
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)


class Witness:
    """Sees every file that this process writes or removes, and reads what is removed before it is gone."""

    def __init__(self) -> None:
        self.is_awake, self.opened, self.hits, self.removed = False, set[str](), dict[str, set[str]](), 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_awake or event not in ("open", "os.remove", "os.rename"):
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, str) and flags & (os.O_WRONLY | os.O_RDWR):
                self.opened.add(path)
            return
        path, *_, folder = arguments
        name = Path(os.fsdecode(path))
        self._read(name if folder in (-1, None) else Path(os.readlink(f"/proc/self/fd/{folder}")) / name)

    def _read(self, path: Path) -> None:
        self.removed += 1
        self.is_awake = False
        try:
            if path.is_file() and (found := holding(path.read_bytes()) | holding(path.name.encode())):
                self.hits[str(path)] = found
        finally:
            self.is_awake = True

    @contextmanager
    def awake(self) -> Iterator[Witness]:
        """Watch until the end."""
        self.is_awake = True
        try:
            yield self
        finally:
            self.is_awake = False
        for name in self.opened:
            path = Path(name)
            if path.is_file() and (found := holding(path.read_bytes())):
                self.hits[name] = found


def witness() -> Witness:
    """A witness; it stays for as long as the process lives, and sleeps unless it is awake."""
    made = Witness()
    sys.addaudithook(made)
    return made
