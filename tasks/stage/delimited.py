"""Stage a delimited text table such as IRCC's monthly files: tab separated, no zero rows, `--` for small counts."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import Any

from expectations import Contract
from expectations.partnership import Partnership
from sql import periods
from sql.ledger import STATUS_CODE
from tasks.fetch.store import Snapshot
from tasks.stage.cells import Places, account_for, number, sources
from tasks.stage.staging import Fault, ShapeChanged, Staging

# A period with fewer rows than this share of the median is not whole: absent rows in it are missing, not zero.
WHOLE_PERIOD = 0.5
AGAIN = "The last good figures stay in force; the file is fetched again at the next run."
MORE = ""  # the key under which a row carries all its cells


def stage_delimited(staging: Staging, source: Path, _snapshot: Snapshot, contract: Contract, partnership: Partnership) -> None:
    """Read the file row by row; absent rows of whole periods become zero where the contract says so."""
    reader = _Rows(staging, contract, Places(contract, partnership))
    read = 0
    for row, cells in _lines(source, contract):
        read += 1
        reader.take(row, cells)
    if not read:
        raise ShapeChanged("a header and no rows", "rows", AGAIN)
    reader.fill_zeros()
    reader.write()
    staging.finish(rows_read=read, datapoints=None)


def _lines(source: Path, contract: Contract) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with source.open(
            encoding=f"{contract.layout.encoding}-sig" if contract.layout.encoding == "utf-8" else contract.layout.encoding, newline=""
        ) as text:
            lines = csv.reader(text, delimiter=contract.layout.delimiter, quoting=csv.QUOTE_MINIMAL)
            header = [name.strip() for name in next(lines, [])]
            if not any(header):
                raise ShapeChanged("an empty file", "a header and rows", AGAIN)
            account_for(header, contract)
            for row, cells in enumerate(lines, start=2):
                if cells:
                    yield row, dict(zip_longest(header, cells[: len(header)], fillvalue="")) | {MORE: cells}
    except csv.Error as error:
        raise ShapeChanged(f"text that cannot be read ({error})", "a table with one line for each row", AGAIN) from error
    except UnicodeDecodeError as error:
        raise ShapeChanged(
            f"bytes that are not {contract.layout.encoding} at byte {error.start}",
            f"text in {contract.layout.encoding}",
            "Windows saves text as windows-1252 unless told otherwise: take the file from the publisher again.",
        ) from error


class _Rows:
    """Collects the kept rows of one file."""

    def __init__(self, staging: Staging, contract: Contract, places: Places) -> None:
        self.staging, self.contract, self.places = staging, contract, places
        self.sources = sources(contract)
        self.facts: list[tuple[tuple[str, ...], int, int | None, float | None, int]] = []
        self.there: set[tuple[tuple[str, ...], int]] = set()
        self.spans: dict[int, periods.Period] = {}
        self.per_period: Counter[int] = Counter()
        self.keys_known = True

    def take(self, row: int, cells: dict[str, Any]) -> None:
        line = cells.pop(MORE)
        if len(line) != len(cells):
            self.keys_known = False
            self._aside(row, "", "width", f"{len(line)} cells", f"{len(cells)} cells, as the header has", {"line": line})
            return
        try:
            span = self._period(cells)
        except ValueError as error:
            self.keys_known = False
            self._aside(row, self.contract.period or "", "period", str(error), "a year and a month such as 2025 Jan", cells)
            return
        self.spans[span.id] = span
        self.per_period[span.id] += 1
        place = self._place(cells)
        if place is not None and not self.places.is_kept(place):
            return
        if place is None and any(column.type == "place" for column in self.contract.columns.values()):
            if self.places.all_kept:
                self._aside(row, "place", "place", self._printed_place(cells), "a place in the register of place labels", cells)
            return
        self._fact(row, cells, span, place)

    def _fact(self, row: int, cells: dict[str, str], span: periods.Period, place: str | None) -> None:
        measure = self.contract.measure or ""
        printed = cells[self.sources[measure][0]]
        key = tuple(
            place if self.contract.columns[d].type == "place" else cells[self.sources[d][0]].strip() for d in self.contract.dimensions
        )
        series = tuple(str(part) for part in key)
        self.there.add((series, span.id))
        try:
            value, status = number(printed, self.contract, strict=False)
        except ValueError:
            marks = " or ".join(self.contract.non_values) or "nothing else"
            self._aside(row, measure, self.contract.columns[measure].type, printed, f"a number, or {marks}", cells)
            return
        self.facts.append((series, span.id, row, value, status))

    def _period(self, cells: dict[str, str]) -> periods.Period:
        name = self.contract.period or ""
        column = self.contract.columns[name]
        parts = [cells[source].strip() for source in self.sources[name]]
        text = periods.from_month_name(*parts) if len(parts) == 2 else parts[0]
        return periods.parse(text, column.frequency, column.starts)

    def _printed_place(self, cells: dict[str, str]) -> str:
        name = next(n for n, c in self.contract.columns.items() if c.type == "place")
        return cells[self.sources[name][0]]

    def _place(self, cells: dict[str, str]) -> str | None:
        if not any(column.type == "place" for column in self.contract.columns.values()):
            return None
        return self.places.code(self._printed_place(cells))

    def _aside(self, row: int, column: str, rule: str, found: str, expected: str, cells: dict[str, Any]) -> None:
        fix = "The row waits in quarantine; ask the publisher, or mend the contract if the file's grammar changed."
        self.staging.fault(Fault(row, column, rule, found, expected, fix), json.dumps(cells, ensure_ascii=False))

    def fill_zeros(self) -> None:
        """This publisher leaves zero cells out: a series without a row in a whole period had none.

        A row whose place or period could not be read may be the one that seems absent: then nothing is taken to be zero.
        """
        if self.contract.absent != "zero" or not self.per_period or not self.keys_known:
            return
        usual = median(self.per_period.values())
        whole = [span for span, rows in self.per_period.items() if rows >= WHOLE_PERIOD * usual]
        for series in sorted({series for series, _ in self.there}):
            absent = [span for span in whole if (series, span) not in self.there]
            self.facts.extend((series, span, None, 0.0, STATUS_CODE["absent"]) for span in absent)

    def write(self) -> None:
        numbers = {key: number for number, key in enumerate(sorted({series for series, _ in self.there}), start=1)}
        self.staging.add_series((n, "\x1f".join(key), key) for key, n in numbers.items())
        self.staging.add_periods((span.id, span.code) for span in self.spans.values())
        ordered = sorted(self.facts, key=lambda fact: (fact[1], numbers[fact[0]], fact[2] or 0))
        rows = [(row, numbers[series], span, value, status, 0) for series, span, row, value, status in ordered]
        if rows:
            self.staging.add_facts(*zip(*rows, strict=True))
