"""Open a partner's file: what it is by its first bytes, and its tables. A workbook is opened by a child with limits, never here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.screen.faults import Faults
from tasks.screen.fold import fold
from tasks.screen.table import Cell, Comment, Rows, Table
from tasks.screen.text import read_text

# A workbook of 20,000 rows has less than 2 MB.
MOST_BYTES = 25_000_000
# The child may use a few seconds of a processor (its own limit); on a busy machine they take long to come.
WALL_SECONDS = 120
ZIP = b"PK\x03\x04"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OTHERS = [
    (b"%PDF", "gate_pdf"), (b"\x89PNG", "gate_image"), (b"\xff\xd8\xff", "gate_image"), (b"GIF8", "gate_image"), (b"II*\0", "gate_image"),
    (b"MM\0*", "gate_image"), (b"RIFF", "gate_image"), (b"BM", "gate_image"), (b"{\\rtf", "gate_document"), (b"7z\xbc\xaf", "gate_archive"),
    (b"Rar!", "gate_archive"), (b"\x1f\x8b", "gate_archive"), (b"BZh", "gate_archive"), (b"PK", "gate_archive"),
    (b"\x09\x08", "gate_old_workbook"), (b"\x09\x04", "gate_old_workbook"), (b"\x09\x02", "gate_old_workbook"),
]  # fmt: skip
# The child finds its own package and the standard library, and nothing else; so it starts in a fiftieth of a second.
_START = "import sys; sys.path.append(sys.argv[1]); from reader.child import main; main()"


def opened(body: bytes, headings: frozenset[str], faults: Faults, *, sheets: Mapping[str, str] = {}) -> tuple[str, list[Table]]:
    """The form of the file (xlsx, csv, or other) and its tables; none where `faults` says why not.

    `sheets` are the names of our sheets, folded and as we write them: of no other sheet is the name told.
    """
    if rule := _refused(body):
        faults.add(rule)
        return "other", []
    if body.startswith(ZIP):
        return "xlsx", _workbook(body, sheets, faults)
    return "csv", [read_text(body, headings, faults)]


def _refused(body: bytes) -> str:
    """The rule that a file breaks by what its first bytes say it is, or nothing."""
    if not body.strip(b" \t\r\n\0\xef\xbb\xbf"):
        return "gate_empty"
    if len(body) > MOST_BYTES:
        return "gate_large"
    if body.startswith(_COMPOUND):
        return "gate_encrypted" if _ENCRYPTED in body else "gate_old_workbook"
    if body[4:8] == b"ftyp":
        return "gate_image"
    if body.startswith(ZIP) or _is_text(body[:200]):
        return ""
    return next((rule for magic, rule in _OTHERS if body.startswith(magic)), "")


def _is_text(head: bytes) -> bool:
    """True for plain text, which may well begin with the letters of another kind of file."""
    return head.isascii() and min(head) >= 9 and not head.startswith((b"%PDF", b"{\\rtf"))


def _workbook(body: bytes, ours: Mapping[str, str], faults: Faults) -> list[Table]:
    said = _child(body)
    if said is None:
        faults.add("gate_unsafe")
        return []
    tables = [_table(sheet, position) for position, sheet in enumerate(said["sheets"], start=1)]
    for rule, place, letter, rows, count in said["faults"]:
        values = (("sheet", str(place + 1)),) if place >= 0 else ()
        sheet = ours.get(fold(said["names"][place]), "") if place >= 0 else ""
        told = "gate_far_cell_sheet" if rule == "gate_far_cell" and not sheet else rule
        for row in rows or [None]:
            faults.add(told, sheet=sheet, letter=letter, row=row, count=0, values=values)
        faults.add(told, sheet=sheet, letter=letter, count=count, values=values)
    return tables


def _child(body: bytes) -> dict[str, Any] | None:
    """What the child says of a workbook; None when it died of its limits or took too long. What it complains of is shown to nobody."""
    command = [sys.executable, "-I", "-S", "-c", _START, str(Path(__file__).parent)]
    try:
        done = subprocess.run(
            command, input=body, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, timeout=WALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        return None
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _table(sheet: dict[str, Any], position: int) -> Table:
    rows: Rows = [(row, {column: _cell(cell) for column, cell in cells}) for row, cells in sheet["rows"]]
    return Table(
        rows=rows,
        name=sheet["name"],
        position=position,
        is_hidden=sheet["hidden"],
        unseen=tuple((letter, tuple(rows), count) for letter, rows, count in sheet["unseen"]),
        comments=tuple(Comment(author, text, letter, row) for letter, row, author, text in sheet["comments"]),
        links=sheet["links"],
        linked=tuple((letter, row) for letter, row in sheet["linked"]),
    )


def _cell(cell: Any) -> Cell:
    return tuple(cell) if isinstance(cell, list) else cell
