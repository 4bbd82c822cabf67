"""Stage a table in our own columns: a register kept by staff, or a partner's CSV or Excel workbook."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from expectations import Column, Contract
from expectations.partnership import Partnership
from sql import periods
from tasks.fetch.store import Snapshot
from tasks.stage.cells import account_for, in_calendar, number, sources
from tasks.stage.staging import Fault, ShapeChanged, Staging
from tasks.stage.workbook import SAVE_AGAIN, workbook_rows

LARGEST_SHEET = 20_000_000
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
Cells = dict[str, Any]
# Digits in groups of three, and a part behind a point or comma that is no such group.
GROUPS = re.compile(r"\d{1,3}([\s,.'\u2019]\d{3})+")
DECIMALS = re.compile(r"-?\d*[.,](?!\d{3}$)\d+")


def stage_sheet(staging: Staging, source: Path, snapshot: Snapshot, contract: Contract, _partnership: Partnership) -> None:
    """Read the sheet; each cell that does not fit its column sets its row aside with how to mend it."""
    body = source.read_bytes()
    if not body.strip():
        raise ShapeChanged(
            "a file of 0 bytes" if not body else "an empty file",
            "a filled-in template",
            "Send the file again; it may have been cut off on its way.",
        )
    lines = workbook_rows(body, contract.layout.sheet, LARGEST_SHEET) if body[:4] == b"PK\x03\x04" else _csv(body, staging)
    # Blank lines above the headings keep every row of a partner's file where the partner sees it.
    header = [str(name or "").strip() for name in next((cells for _, cells in lines if any(cell not in (None, "") for cell in cells)), [])]
    while header and not header[-1]:
        header.pop()
    account_for(header, contract)
    sheet = _Sheet(staging, contract)
    read = 0
    for row, cells in lines:
        if any(cell not in (None, "") for cell in cells):
            read += 1
            sheet.take(row, header, cells)
    if not read and contract.rows[0] > 0:
        raise ShapeChanged("a header and no rows", "at least one row", "Fill in the template and send it again.")
    sheet.write()
    staging.finish(rows_read=read, datapoints=None)


def _csv(body: bytes, staging: Staging) -> Iterator[tuple[int, list[Any]]]:
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ShapeChanged("UTF-16 text", "CSV UTF-8", SAVE_AGAIN)
    if body.startswith(OLD_EXCEL):
        raise ShapeChanged("an old Excel workbook (.xls)", "an Excel workbook (.xlsx) or CSV UTF-8", SAVE_AGAIN)
    if b"\0" in body:
        raise ShapeChanged("a file that is not text", "an Excel workbook (.xlsx) or CSV UTF-8", SAVE_AGAIN)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("cp1252", "replace")
        staging.fault(
            Fault(0, "", "encoding", "windows-1252 text", "CSV UTF-8", 'It was read; next time choose "CSV UTF-8" when saving.', "warning")
        )
    try:
        yield from ((row, list(cells)) for row, cells in enumerate(csv.reader(io.StringIO(text, newline="")), start=1))
    except csv.Error as error:
        raise ShapeChanged(f"text that cannot be read ({error})", "CSV UTF-8", SAVE_AGAIN) from error


class _Sheet:
    """Collects the rows of one sheet."""

    def __init__(self, staging: Staging, contract: Contract) -> None:
        self.staging, self.contract = staging, contract
        self.measure, self.period, self.dimensions = contract.measure or "", contract.period or "", contract.dimensions
        self.names = {source[0]: name for name, source in sources(contract).items()}
        self.series: dict[tuple[str, ...], int] = {}
        self.facts: list[tuple[Any, ...]] = []
        self.spans: dict[int, periods.Period] = {}
        known = (*contract.grain, contract.period, contract.measure)
        self.others = [] if contract.is_register else [name for name in contract.columns if name not in known]
        self.beside: list[tuple[int, str, str]] = []

    def take(self, row: int, header: list[str], cells: list[Any]) -> None:
        if any(cell not in (None, "") for cell in cells[len(header) :]):
            beyond = {self.names[name]: cell for name, cell in zip(header, cells, strict=False)}
            self._aside(
                row,
                "",
                "width",
                "a cell right of the last column",
                "cells under a column only",
                "Remove it; notes belong in an e-mail.",
                beyond,
            )
            return
        padded = cells + [None] * (len(header) - len(cells))
        named = {self.names[name]: cell for name, cell in zip(header, padded, strict=False) if name in self.names}
        answer = named.get(self.measure)
        if self.contract.is_partner and (answer is None or (isinstance(answer, str) and not answer.strip())):
            # Not zero and not "not collected": the number is still owed, and nothing waits.
            expected, fix = "a whole number, 0, or the words for not collected", "Fill it in when you can; it is still owed."
            self.staging.fault(Fault(row, self.measure, "unanswered", "no answer yet", expected, fix, "warning"))
            return
        typed: dict[str, Any] = {}
        for name, column in self.contract.columns.items():
            try:
                typed[name] = self._cell(named.get(name), column, is_measure=name == self.measure)
            except _Wrong as wrong:
                self._aside(row, name, wrong.rule, wrong.found, wrong.expected, wrong.fix, named)
                return
        self._keep(row, typed)

    def _keep(self, row: int, typed: dict[str, Any]) -> None:
        if self.contract.is_register:
            self.facts.append((row, *[typed[name] for name in [*self.contract.grain, *self._values()]]))
            return
        span = typed[self.period]
        self.spans[span.id] = span
        dimensions = tuple(str(typed[name]) for name in self.dimensions)
        number_ = self.series.setdefault(dimensions, len(self.series) + 1)
        value, status = typed[self.measure]
        self.facts.append((row, number_, span.id, value, status, 0))
        self.beside += [(row, name, str(typed[name])) for name in self.others if typed[name] is not None]

    def _values(self) -> list[str]:
        return [name for name in self.contract.columns if name not in self.contract.grain]

    def _cell(self, cell: Any, column: Column, *, is_measure: bool) -> Any:
        text = _plain(cell, column)
        if text == "":
            if not column.required:
                return None
            fix = 'Write the number, 0 if there were none, or "not collected".' if is_measure else "Fill in the cell."
            raise _Wrong("required", "an empty cell", "a filled cell", fix)
        if is_measure:
            return _measure(text, self.contract)
        return _period(text, column, self.contract) if column.type == "period" else _typed(text, column)

    def _aside(self, row: int, column: str, rule: str, found: str, expected: str, fix: str, named: Cells) -> None:
        content = json.dumps({name: "" if cell is None else str(cell) for name, cell in named.items()}, ensure_ascii=False)
        self.staging.fault(Fault(row, column, rule, found, expected, fix), content)

    def write(self) -> None:
        if self.contract.is_register:
            self.staging.add_rows(self.facts)
            return
        self.staging.add_series((n, "\x1f".join(key), key) for key, n in self.series.items())
        self.staging.add_periods((span.id, span.code) for span in self.spans.values())
        # What a partner says of its numbers, such as why one is odd: the checks read it, and nothing of it is loaded.
        self.staging.db.execute("create table beside(row integer, column_name text, content text, primary key (row, column_name))")
        self.staging.db.executemany("insert into beside values (?,?,?)", self.beside)
        if self.facts:
            self.staging.add_facts(*zip(*self.facts, strict=True))


class _Wrong(Exception):
    """A cell that does not fit its column."""

    def __init__(self, rule: str, found: str, expected: str, fix: str) -> None:
        super().__init__(found)
        self.rule, self.found, self.expected, self.fix = rule, found, expected, fix


def _plain(cell: Any, column: Column) -> str:
    """A cell as text. Formulas, dates and truth values where they do not belong are named for what they are."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        text = cell.strip()
        if text.startswith("="):
            raise _Wrong("formula", "a formula", "the number itself", "Copy the cell and paste it as a value (Paste Special, Values).")
        return text
    if isinstance(cell, datetime | date):
        day = cell.date() if isinstance(cell, datetime) else cell
        if column.type == "date":
            return day.isoformat()
        raise _Wrong(
            "date",
            f"the date {day.isoformat()}",
            "a number" if column.unit else "text",
            "Format the cell as Text or Number and type it again.",
        )
    if isinstance(cell, bool):
        raise _Wrong("boolean", str(cell).upper(), "a number or text", "Type the number or text itself.")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _measure(text: str, contract: Contract) -> tuple[float | None, int]:
    try:
        return number(text, contract, strict=True)
    except ValueError:
        marks = " or ".join(f'"{mark}"' for mark in contract.non_values)
        if DECIMALS.fullmatch(text):
            fix = "Write the whole number that was counted, without decimals."
            raise _Wrong("decimals", text, f"a whole number in digits, or {marks}", fix) from None
        digits = re.sub(r"\D", "", text)
        fix = f'Write {digits}, not "{text}".' if GROUPS.fullmatch(text) else f"Write digits only, or {marks}."
        raise _Wrong("integer", text, f"a whole number in digits, or {marks}", fix) from None


def _period(text: str, column: Column, contract: Contract) -> periods.Period:
    try:
        with in_calendar(contract):
            return periods.as_written(text, column.frequency, column.starts)
    except ValueError:
        example = {"quarterly": "2026-Q3", "monthly": "2026-07", "annual": "2026"}.get(column.frequency, "2026")
        raise _Wrong("period", text, f"a period such as {example}", f"Write the period as {example}.") from None


def _typed(text: str, column: Column) -> Any:
    if column.type == "integer":
        if not re.fullmatch(r"-?\d{1,9}", text, re.ASCII):
            raise _Wrong("integer", text, "a whole number", "Write digits only.")
        return int(text)
    if column.type == "date":
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise _Wrong("date", text, "a date such as 2026-09-30", "Write year-month-day.") from None
    return text
