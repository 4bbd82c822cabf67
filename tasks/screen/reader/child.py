"""The child that opens a workbook: it takes the bytes from its standard input, gives the cells as JSON, and may die as it likes.

It runs under limits of memory and time, writes no file and leaves no core dump, so nothing of a partner's file reaches the disk.
"""

from __future__ import annotations

import io
import json
import resource
import struct
import sys
import zipfile
import zlib
from typing import Any
from xml.parsers.expat import ExpatError

from .cells import Budget, Sheet, letters_of, place_of, read_date_styles, read_sheet, read_strings
from .container import refuse_container
from .faults import Fault, Stop
from .parts import SheetPart, read_comments, read_workbook, refuse_parts, relations

MEMORY, SECONDS = 1 << 30, 20
MOST_SHEETS = 60
SHOWN = 5
# What the container, its compression and its XML raise when they are damaged; an entity that is not declared is an ExpatError.
BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ExpatError, NotImplementedError, RuntimeError, LookupError, ValueError,
)  # fmt: skip


def main() -> None:
    """Read the workbook on the standard input; exit code 0 says that the answer is whole."""
    _limit()
    said = opened(sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(said, separators=(",", ":")).encode())


def _limit() -> None:
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (limit, limit))


def opened(body: bytes) -> dict[str, Any]:
    """The faults of a workbook and, where it could be read, its sheets; the names of the sheets, as far as it was read."""
    names: list[str] = []
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            faults = refuse_container(book)
            workbook = read_workbook(book)
            faults += [Fault("gate_defined_name", count=workbook.names)] if workbook.names else []
            known = {fault.rule for fault in faults}
            faults += [fault for fault in refuse_parts(book) if fault.rule not in known]
            names = [part.name for part in workbook.sheets]
            sheets = _sheets(book, workbook.sheets, faults)
    except Stop as stop:
        return {"faults": [_plain(stop.fault)], "sheets": [], "names": names}
    except BROKEN:
        return {"faults": [_plain(Fault("gate_damaged"))], "sheets": [], "names": names}
    return {"faults": [_plain(fault) for fault in faults], "sheets": sheets, "names": names}


def _plain(fault: Fault) -> list[Any]:
    return [fault.rule, fault.sheet, fault.letter, fault.rows[:SHOWN], fault.count]


def _sheets(book: zipfile.ZipFile, listed: list[SheetPart], faults: list[Fault]) -> list[dict[str, Any]]:
    if not listed or len(listed) > MOST_SHEETS:
        raise Stop("gate_damaged" if not listed else "gate_cells")
    strings, dates = _strings(book), _dates(book)
    budget = Budget()
    return [_sheet(book, place, part, strings, dates, budget, faults) for place, part in enumerate(listed)]


def _sheet(
    book: zipfile.ZipFile, place: int, part: SheetPart, strings: list[str], dates: frozenset[int], budget: Budget, faults: list[Fault]
) -> dict[str, Any]:
    try:
        with book.open(part.path) as file:
            sheet = read_sheet(file, strings, dates, budget)
    except Stop as stop:
        stop.fault.sheet = place
        raise
    links = relations(book, part.path)
    comments = [comment for kind, path, _ in links.values() if kind == "comments" for comment in read_comments(book, path)]
    for rule, count in (("gate_header_footer", int(sheet.has_header_text)), ("gate_part", sheet.strange)):
        if count:
            faults.append(Fault(rule, place, count=count))
    return {
        "name": part.name,
        "hidden": part.is_hidden,
        "rows": sheet.rows,
        "unseen": _unseen(sheet),
        "comments": [(*place_of(cell), author, words) for cell, author, words in comments],
        "links": sum(outside for _, _, outside in links.values()),
        "linked": [place_of(cell) for link, cell in sheet.links if link in links and links[link][2]][:SHOWN],
    }


def _unseen(sheet: Sheet) -> list[tuple[str, list[int], int]]:
    """What nobody sees: for each hidden column (and for the hidden rows, without a letter) the first filled rows, and how many."""
    places = [("", sheet.hidden_rows), *((letters_of(column), rows) for column, rows in sorted(sheet.hidden_columns.items()))]
    return [(letter, rows[:SHOWN], len(rows)) for letter, rows in places if rows]


def _strings(book: zipfile.ZipFile) -> list[str]:
    path = next((name for name in book.namelist() if name.lower().startswith("xl/sharedstrings")), "")
    if not path:
        return []
    with book.open(path) as file:
        return read_strings(file)


def _dates(book: zipfile.ZipFile) -> frozenset[int]:
    path = next((name for name in book.namelist() if name.lower().startswith("xl/styles")), "")
    if not path:
        return frozenset()
    with book.open(path) as file:
        return read_date_styles(file)
