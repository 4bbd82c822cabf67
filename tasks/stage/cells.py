"""Read one cell: whole numbers, marks of non-values, places, columns accounted for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from expectations import Contract
from expectations.partnership import Partnership
from expectations.places import is_code, year_of
from sql.ledger import STATUS_CODE
from sql.periods import NotInCalendar
from sql.tables import status_code
from tasks.stage.staging import ShapeChanged

TECHNICAL = ("SCALAR_FACTOR", "SCALAR_ID", "VECTOR", "COORDINATE", "STATUS", "SYMBOL", "TERMINATED", "DECIMALS")


def sources(contract: Contract) -> dict[str, list[str]]:
    """Our column to the publisher's column or columns; a constant has none."""
    named: dict[str, list[str]] = {}
    for name, column in contract.columns.items():
        if column.constant:
            continue
        source = column.source or name
        named[name] = source if isinstance(source, list) else [source]
    return named


def account_for(header: list[str], contract: Contract) -> None:
    """Every column of the file is ours, ignored by name, or an error; so is every column that is missing or twice there."""
    wanted = [source for group in sources(contract).values() for source in group]
    technical = TECHNICAL if contract.layout.kind == "statcan" else ()
    twice = sorted({name for name in header if header.count(name) > 1})
    # A partner may leave out what it need not say.
    spared = {source for name, group in sources(contract).items() for source in group if not contract.columns[name].required}
    missing = [name for name in [*wanted, *technical] if name not in header and not (contract.is_partner and name in spared)]
    strange = [name for name in header if name not in wanted and name not in contract.ignore and name not in technical]
    if not (twice or missing or strange):
        return
    parts = [
        f"{word} {', '.join(repr(n) for n in found)}"
        for word, found in (("no column", missing), ("a column more:", strange), ("twice the column", twice))
        if found
    ]
    expected = f"the columns {', '.join(wanted)}"
    if contract.is_partner:
        raise ShapeChanged("; ".join(parts), expected, "Use the template as it was sent, without adding, renaming or removing columns.")
    raise ShapeChanged("; ".join(parts), expected, f"The publisher changed the file: look at it, then mend the contract {contract.name}.")


@contextmanager
def in_calendar(contract: Contract) -> Iterator[None]:
    """Periods are read in it. A publisher's file with a date that no calendar has, such as month 13, is refused whole: one that is half
    right about the calendar is another file than it seems. A partner or staff typed one wrong cell, so there only its row is.
    """
    try:
        yield
    except NotInCalendar as error:
        if contract.is_partner or contract.is_register:
            raise
        where = ", ".join(sources(contract).get(contract.period or "", [])) or contract.period
        raise ShapeChanged(
            f"{where}: {error.code!r}, which no calendar has",
            "months, quarters and days that there are",
            f"The last good figures stay in force: ask the publisher what it is, or mend the contract {contract.name} if it means no date.",
        ) from error


def number(text: str, contract: Contract, *, strict: bool) -> tuple[float | None, int]:
    """A cell of the measure as (value, status code). `ValueError` for anything else.

    `strict` (partners' files) takes digits only; else a thousands comma and blanks around are read too.
    """
    cell = text.strip()
    for mark, meaning in contract.non_values.items():
        if cell.lower() == mark.lower():
            return None, status_code(mark, meaning.status)
    plain = cell if strict else re.sub(r"(?<=\d),(?=\d{3}(\D|$))", "", cell)
    measure = contract.columns[contract.measure or ""]
    pattern = r"-?\d+" if measure.type == "integer" else r"-?\d+(\.\d+)?"
    if not re.fullmatch(pattern, plain, re.ASCII):
        raise ValueError(cell)
    return float(plain), STATUS_CODE[""]


class Places:
    """Maps what a publisher prints to the code of a place, and says which places are kept.

    A publisher with labels prints names; any other prints codes, of whatever year of boundaries, and a bare name refuses the file. So
    does a code of other boundaries than those of the contract, unless the register says that the place is the same on both.
    """

    def __init__(self, contract: Contract, partnership: Partnership) -> None:
        column = next((c for c in contract.columns.values() if c.type == "place" and not contract.is_register), None)
        publisher = column.labels if column and column.labels else "statcan"
        self._contract, self._partnership = contract, partnership
        self._labels = partnership.labels(publisher) if column else {}
        self._by_label = bool(column and column.labels)
        self._kept = partnership.kept_places if contract.source.places == "partnership" else None
        # A riding's number means another riding after a new order, so only of other places the code of another year is known by sight.
        self._by_sight = {code[4:]: code for code in partnership.kept_places if year_of(code) and code[5:9] != "0004"}

    def code(self, printed: str) -> str | None:
        """The place's code, or None when nothing is printed or this publisher's label is of no place in the register."""
        cell = printed.strip()
        if self._by_label or not cell:
            return self._labels.get(cell)
        if cell not in self._labels and not is_code(cell):
            raise ShapeChanged(
                f"the name {cell!r} where a place has its code",
                "a code such as 2021S0503529",
                f"One name stands for several places: in the contract {self._contract.name} take the column of codes (DGUID), "
                "or say whose `labels` it carries.",
            )
        code = self._labels.get(cell, cell)
        self._refuse_new_vintage(code)
        if self.is_kept(code):
            self._same_boundaries(cell, code)
        return code

    def _refuse_new_vintage(self, code: str) -> None:
        """A place of ours that turns up on boundaries nobody has entered is not left out in silence."""
        known = self._by_sight.get(code[4:]) if year_of(code) else None
        if known and known != code:
            raise ShapeChanged(
                f"{code}, which is {known} on the boundaries of another year",
                "a code in the register of places or of place labels",
                f"If it is the same place, add a row to registers/place_labels.csv: statcan,{code},{known}.",
            )

    def _same_boundaries(self, cell: str, code: str) -> None:
        year, ours = year_of(cell), self._contract.geography
        place = self._partnership.gazetteer.places.get(code) if year and ours and year != ours else None
        if place and year and ours and year not in place.comparable(ours):
            raise ShapeChanged(
                f"{cell}, {place.name('en')} on the boundaries of {year}",
                f"the boundaries of {ours}",
                f"If the publisher changed them for good, mend `geography` in the contract {self._contract.name} and name the first period "
                "under `breaks`; if the area is the same, say so under `comparable_with` in registers/places.csv.",
            )

    def is_kept(self, code: str | None) -> bool:
        """True when rows of this place go on; with `places: all` every row that has a code does."""
        return code is not None and (self._kept is None or code in self._kept)

    @property
    def all_kept(self) -> bool:
        return self._kept is None
