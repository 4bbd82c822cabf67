"""What the tests of the gate share: parcels, CSV and workbooks with something planted in them, and what was found."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openpyxl import Workbook

from tasks.receive.parcel import Parcel, keyed
from tasks.screen import Screened

HEADER = ["partner", "period", "metric", "value"]
RECEIVED = "2026-11-22T17:00:00+00:00"
KEY = "a key for tests"
# The openings of the parts that are planted.
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def parcel(body: bytes, *, partner: str = "p01", contract: str = "") -> Parcel:
    """A file as it came from a place of that partner."""
    return Parcel(keyed(b"place"), keyed(body), partner, contract, "inbox", RECEIVED, body)


def csv_of(*rows: Sequence[object], header: Sequence[object] = HEADER, delimiter: str = ",", end: str = "\r\n") -> bytes:
    """A CSV file with those rows under the headings."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows([header, *rows])
    return out.getvalue().encode()


def rows_of(count: int, partner: str = "p01") -> list[list[object]]:
    """So many sound rows with different keys."""
    metrics = ("clients_served", "public_events_attendance", "language_wait", "job_placements")
    return [[partner, f"{1900 + place // 16}-Q{place // 4 % 4 + 1}", metrics[place % 4], 10 + place % 300] for place in range(count)]


def book_of(*rows: Sequence[Any], header: Sequence[Any] = HEADER, sheet: str = "metrics") -> Workbook:
    """A workbook of one sheet with those rows under the headings."""
    book = Workbook()
    page = book.worksheets[0]
    page.title = sheet
    for row in [header, *rows]:
        page.append(list(row))
    return book


def saved(book: Workbook) -> bytes:
    """The workbook as bytes."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def packed(parts: Mapping[str, bytes | str], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of those parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, part in parts.items():
            file.writestr(name, part)
    return out.getvalue()


def parts_of(body: bytes) -> dict[str, bytes]:
    """The parts of a workbook by name."""
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        return {name: file.read(name) for name in file.namelist()}


def planted(body: bytes, parts: Mapping[str, bytes | str] = {}, swap: Mapping[str, tuple[str, str]] = {}) -> bytes:
    """The workbook with parts added, and in the parts of `swap` one text in the place of another that must be there."""
    held: dict[str, bytes | str] = {**parts_of(body), **parts}
    for name, (old, new) in swap.items():
        text = held[name]
        text = text.decode() if isinstance(text, bytes) else text
        assert old in text, (name, old)
        held[name] = text.replace(old, new, 1)
    return packed(held)


def refused(screened: Screened) -> set[str]:
    """The rules that keep the file out, without `gate_`; a file that is let in has none."""
    found = {finding.rule.removeprefix("gate_") for finding in screened.findings if finding.severity == "critical"}
    assert bool(found) == screened.is_refused, (found, screened)
    return found


def remarks(screened: Screened) -> set[str]:
    """The rules of what is told of a file that is let in."""
    assert not screened.is_refused, screened.findings
    return {finding.rule.removeprefix("gate_") for finding in screened.findings}


def places(screened: Screened) -> list[tuple[str, str, tuple[int, ...], int]]:
    """Rule, column letter, rows and count of every finding."""
    return [
        (one.rule.removeprefix("gate_"), one.letter, tuple([one.row, *one.more] if one.row else []), one.rows) for one in screened.findings
    ]


def quoted(texts: Iterable[str], screened: Screened) -> list[str]:
    """Those of the texts that the receipt says somewhere."""
    said = repr(screened)
    return [text for text in texts if text and text in said]
