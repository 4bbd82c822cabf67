"""Gather the cells of a file by series and period, whatever its layout, and write them to the staging file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from expectations import Contract
from sql import periods
from sql.ledger import STATUS_CODE
from sql.periods import Period
from tasks.stage.cells import Places, in_calendar, number
from tasks.stage.staging import Fault, Staging

# A period with fewer rows than this share of the median is not whole: absent rows in it are missing, not zero.
WHOLE_PERIOD = 0.5
WAITS = "The row waits in quarantine; ask the publisher, or mend the contract if the file's grammar changed."
# One sign for each of what publishers type now one way and now another.
SIGNS = str.maketrans({"\u2013": "-", "\u2014": "-", "\u2019": "'"})
Key = tuple[str, ...]


class Gathered:
    """The kept cells of one file. A layout finds the cells; here they get their series, value and status.

    gathered = Gathered(staging, contract, Places(contract, partnership))
    for every cell of the measure in the file, of our places and of all others:
        try:
            span = gathered.period("2025", "Jan")
        except ValueError as error:
            gathered.aside(row, "period", "period", str(error), "a year and a month", cells, hides_key=True)
            continue
        gathered.add(row, span, {"place": "Peterborough", "category": "Refugees"}, "1,205")
    gathered.finish(rows_read=...)

    `add` takes what the publisher printed: it turns a place's label into its code and leaves out places that are not kept, folds a
    member's spelling to that of `one_of`, fills `constant` columns, and reads the number or the mark. A cell or a place that cannot be
    read is set aside with its row. Layouts do no more than find row, period, labels and text; a layout that has read the value itself
    uses `keep`. `finish` adds the zeros of absent rows, where the contract says `absent: zero`, and writes everything in an order that
    does not depend on the order of the rows.
    """

    def __init__(self, staging: Staging, contract: Contract, places: Places) -> None:
        self.contract = contract
        self.rows_per_period: Counter[str] = Counter()
        self._staging, self._places = staging, places
        self._columns = [(name, contract.columns[name]) for name in contract.dimensions]
        self._spellings = {
            name: {folded(member): member for member in column.one_of} for name, column in self._columns if column.one_of is not None
        }
        self._facts: list[tuple[Key, str, int | None, float | None, int, int]] = []
        self._there: dict[Key, set[str]] = {}
        self._spans: dict[str, Period] = {}  # by code: a period works its number out anew each time
        self._codes: dict[str, str | None] = {}
        self._keys_known = True

    def period(self, *parts: str) -> Period:
        """The period of a cell from what is printed: `("2025", "Jan")`, `("2025", "Q3")`, `("2025",)`; `ValueError` says what is wrong."""
        column = self.contract.columns[self.contract.period or ""]
        first, *rest = [part.strip() for part in parts]
        with in_calendar(self.contract):
            if not rest:
                text = first
            elif column.frequency == "quarterly":
                text = f"{first}-{rest[-1]}"
            else:
                text = periods.from_month_name(first, rest[-1])
            return periods.parse(text, column.frequency, column.starts)

    def add(
        self, row: int, span: Period, labels: Mapping[str, str], printed: str, *, quality: int = 0, content: Mapping[str, Any] | None = None
    ) -> None:
        """One cell as it is printed. `labels` are by our column names; `content` is the row as read, for the quarantine."""
        self.count(span)
        held = content if content is not None else {**labels, "period": span.code, "value": printed}
        key = self._key(row, labels, held)
        if key is None:
            return
        measure = self.contract.measure or ""
        try:
            value, status = number(printed, self.contract, strict=False)
        except ValueError:
            self._there.setdefault(key, set()).add(span.code)
            marks = " or ".join(self.contract.non_values) or "nothing else"
            self.aside(row, measure, self.contract.columns[measure].type, printed.strip(), f"a number, or {marks}", held)
            return
        self.keep(row, key, span, value, status, quality=quality)

    def keep(self, row: int | None, key: Key, span: Period, value: float | None, status: int, *, quality: int = 0) -> None:
        """One cell that is read already; `key` is one code or member for each of the contract's dimensions."""
        self._spans[span.code] = span
        self._there.setdefault(key, set()).add(span.code)
        self._facts.append((key, span.code, row, value, status, quality))

    def count(self, span: Period) -> None:
        """Say that the file has a row in this period: the periods are compared by their rows, to know which are whole."""
        self._spans[span.code] = span
        self.rows_per_period[span.code] += 1

    def aside(
        self,
        row: int,
        column: str,
        rule: str,
        found: str,
        expected: str,
        content: Mapping[str, Any],
        *,
        fix: str = WAITS,
        hides_key: bool = False,
    ) -> None:
        """Set a row aside with its reason. `hides_key`: nobody can tell whose row it is, so no absent row is taken to be a zero."""
        self._keys_known = self._keys_known and not hides_key
        self._staging.fault(Fault(row, column, rule, found, expected, fix), json.dumps(dict(content), ensure_ascii=False))

    def note(self, rule: str, found: str, expected: str, fix: str) -> None:
        """Remark on the whole file; it is loaded all the same."""
        self._staging.fault(Fault(0, "", rule, found, expected, fix, "warning"))

    def finish(self, *, rows_read: int, datapoints: int | None = None) -> None:
        """Add the zeros of absent rows, write, and close the books of the file."""
        self._fill_zeros()
        self._write()
        self._staging.finish(rows_read=rows_read, datapoints=datapoints)

    def _key(self, row: int, labels: Mapping[str, str], content: Mapping[str, Any]) -> Key | None:
        """The series of a cell; None for a place that is not kept, and for one that cannot be told."""
        key: list[str] = []
        for name, column in self._columns:
            if column.constant:
                part: str | None = column.constant
            elif column.type == "place":
                part = self._code(labels[name])
                if part is None and self._places.all_kept:
                    expected = "a place in the register of place labels"
                    self.aside(row, name, "place", labels[name].strip(), expected, content, hides_key=True)
            else:
                part = self._member(name, labels[name])
            if part is None or (column.type == "place" and not self._places.is_kept(part)):
                return None
            key.append(part)
        return tuple(key)

    def _code(self, label: str) -> str | None:
        if label not in self._codes:
            self._codes[label] = self._places.code(" ".join(label.split()))
        return self._codes[label]

    def _member(self, name: str, label: str) -> str:
        plain = " ".join(label.split())
        return self._spellings[name].get(folded(plain), plain) if name in self._spellings else plain

    def _fill_zeros(self) -> None:
        """This publisher leaves zero cells out: a series without a row in a whole period had none.

        A row whose place or period could not be read may be the one that seems absent: then nothing is taken to be zero.
        """
        if self.contract.absent != "zero" or not self.rows_per_period or not self._keys_known:
            return
        usual = median(self.rows_per_period.values())
        whole = [self._spans[span] for span, rows in self.rows_per_period.items() if rows >= WHOLE_PERIOD * usual]
        for key, there in sorted(self._there.items()):
            for span in [span for span in whole if span.code not in there]:
                self.keep(None, key, span, 0.0, STATUS_CODE["absent"])

    def _write(self) -> None:
        numbers = {key: number for number, key in enumerate(sorted(self._there), start=1)}
        self._staging.add_series((n, "\x1f".join(key), key) for key, n in numbers.items())
        self._staging.add_periods((span.id, span.code) for span in self._spans.values())
        self._staging.add_facts(*_columns(self._facts, numbers, {code: span.id for code, span in self._spans.items()}))


def _columns(
    facts: Iterable[tuple[Key, str, int | None, float | None, int, int]], numbers: dict[Key, int], spans: dict[str, int]
) -> list[list[Any]]:
    """The facts column by column, by period, series and row."""
    rows = [(row, numbers[key], spans[code], value, status, quality) for key, code, row, value, status, quality in facts]
    rows.sort(key=lambda fact: (fact[2], fact[1], fact[0] or 0))
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(6)]


def folded(label: str) -> str:
    """A label without what publishers write now one way and now another: capitals, kinds of blanks, dashes and apostrophes.

    >>> folded("Province/Territory not\\u00a0stated") == folded("Province/territory not stated ")
    True
    """
    return " ".join(label.translate(SIGNS).split()).casefold()
