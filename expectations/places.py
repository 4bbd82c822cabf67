"""The register of places: what people name, by one code, with the years of the boundaries it has been drawn on.

A place is one thing whatever the year of its boundaries: `2016S0503529`, `2021S0503529`, `529` and `35529` are the same metropolitan
area, told so in the register of place labels and never worked out from the digits (riding 35086 of the 2013 order is not riding
35086 of the 2023 order). A bare name is no code: one name stands for a city, a census division, a metropolitan area and two ridings.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from expectations.contract import ContractBroken, is_place_code

COVERS = ("same", "part", "wider", "overlaps", "context")
# Tables of these publishers carry codes; one of their bare names means different places in different tables.
BY_CODE = frozenset({"statcan"})


class PlaceUnknown(ContractBroken):
    """A code that is no place in the register, or no place on that day."""


@dataclass(frozen=True, slots=True)
class Place:
    """A row of the register.

    `covers` says how the place relates to the area the partnership serves: `same`, `part` of it, `wider`, `overlaps` (partly in,
    partly out), `context` (only compared with it). `alike` are the years whose boundaries may stand in one series with those of
    `vintage`; `valid_to` is the last day; `governs` are the offices that decide for it.
    """

    code: str
    kind: str
    names: tuple[tuple[str, str], ...]
    vintage: int | None
    alike: frozenset[int]
    parents: tuple[str, ...]
    covers: str
    governs: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None

    def name(self, language: str) -> str:
        """Its name in that language."""
        return dict(self.names)[language]

    def is_there(self, day: date) -> bool:
        """True on the days on which the place exists."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    def comparable(self, year: int) -> frozenset[int]:
        """The years of boundaries that may stand beside those of `year`."""
        own = self.alike | ({self.vintage} if self.vintage else set())
        return own if year in own else frozenset({year})


class Gazetteer:
    """The places of one partnership and what publishers call them."""

    def __init__(self, places: Iterable[Place], labels: dict[tuple[str, str], str]) -> None:
        self.places = {place.code: place for place in places}
        self.labels = labels

    def find(self, code: str) -> Place:
        """The place of a code, by its own or a publisher's; `PlaceUnknown` for a bare name, with the places it may mean.

        >>> read(Path("partnerships/peterborough")).find("35529").code
        '2021S0503529'
        """
        if code in self.places:
            return self.places[code]
        meant = {place for (_, label), place in self.labels.items() if label == code and is_code(label)}
        if len(meant) == 1:
            return self.places[meant.pop()]
        named = [f"{place.code} ({place.name('en')})" for place in self.places.values() if code.lower() in place.name("en").lower()]
        if meant:
            raise PlaceUnknown(f"{code!r} is a code of {', '.join(sorted(meant))}, by publisher: write one of these.")
        if named:
            raise PlaceUnknown(f"{code!r} is a name, and several places may bear it: write the code of one of {', '.join(named)}.")
        raise PlaceUnknown(f"{code!r} is no place in registers/places.csv. Add it there, or write the code of one that is.")

    def at(self, code: str, day: date) -> Place:
        """The place of a code on a day; `PlaceUnknown` when its boundaries were not in force then."""
        place = self.find(code)
        if place.is_there(day):
            return place
        span = " ".join(f"{word} {end}" for word, end in (("from", place.valid_from), ("to", place.valid_to)) if end)
        raise PlaceUnknown(
            f"{code} ({place.name('en')}) is a place {span}, not on {day}. Take the place in force on that day, or another day."
        )


def is_code(text: str) -> bool:
    """True for what only a machine calls a place: a place code, digits, or digits with the year of an order.

    >>> [is_code(text) for text in ("2016S0503529", "529", "35086-2023", "5290001.01", "Peterborough", "Curve Lake First Nation 35")]
    [True, True, True, True, False, False]
    """
    return is_place_code(text) or bool(re.fullmatch(r"[0-9][0-9.-]*", text))


def year_of(code: str) -> int | None:
    """The year of the boundaries that a DGUID says; None for any other code.

    >>> year_of("2016S0503529"), year_of("35529")
    (2016, None)
    """
    return int(code[:4]) if re.fullmatch(r"[0-9]{4}[AS][0-9]{4}[0-9A-Z.]+", code) else None


def read(home: Path) -> Gazetteer:
    """The places and labels of a home folder; `ContractBroken` names the file and what is wrong in it."""
    paths = tuple(home / "registers" / name for name in ("places.csv", "place_labels.csv"))
    return _read(paths[0], paths[1], *(path.stat().st_mtime_ns if path.is_file() else 0 for path in paths))


@lru_cache(maxsize=16)
def _read(places: Path, labels: Path, *_stamps: int) -> Gazetteer:
    found = [_place(row, places) for row in rows(places, "place", "kind", "name_en", "name_fr", "covers", "parents")]
    known = {place.code for place in found}
    for place in found:
        if strangers := [parent for parent in place.parents if parent not in known]:
            raise ContractBroken(
                f"{places}: {place.code} has the parent {strangers[0]}, which is no place in this file. Add it or mend it."
            )
    return Gazetteer(found, read_labels(labels))


def _place(row: dict[str, str], path: Path) -> Place:
    try:
        if row["covers"] not in COVERS:
            raise ValueError(f"covers is one of {', '.join(COVERS)}, found {row['covers']!r}")
        return Place(
            code=row["place"],
            kind=row["kind"],
            names=tuple((key.removeprefix("name_"), value) for key, value in row.items() if key and key.startswith("name_")),
            vintage=int(row["vintage"]) if row.get("vintage") else None,
            alike=frozenset(int(year) for year in (row.get("comparable_with") or "").split()),
            parents=tuple(row["parents"].split()),
            covers=row["covers"],
            governs=tuple((row.get("governs") or "").split()),
            valid_from=_day(row.get("valid_from")),
            valid_to=_day(row.get("valid_to")),
        )
    except ValueError as error:
        raise ContractBroken(f"{path}: {row['place']}: {error}. Mend the row.") from error


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def read_labels(path: Path) -> dict[tuple[str, str], str]:
    """(publisher, label) to place; a bare name of a publisher that has codes, or one label for two places, is `ContractBroken`."""
    found: dict[tuple[str, str], str] = {}
    for row in rows(path, "publisher", "label", "place"):
        publisher, label, place = row["publisher"], row["label"], row["place"]
        if publisher in BY_CODE and not is_code(label):
            raise ContractBroken(
                f"{path}: {label!r} of {publisher} is a name, and {publisher} gives one name to several places; write the code it prints."
            )
        if found.setdefault((publisher, label), place) != place:
            raise ContractBroken(f"{path}: {label!r} of {publisher} is {found[publisher, label]} and {place}; one label is one place.")
    return found


def rows(path: Path, *columns: str) -> list[dict[str, str]]:
    """The rows of a register file; `ContractBroken` when it is missing, cannot be read, or lacks a column."""
    if not path.is_file():
        raise ContractBroken(f"{path}: the register is not there. Copy it from partnerships/peterborough/registers.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            found = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ContractBroken(f"{path}: cannot be read ({error}). Save it again as CSV UTF-8.") from error
    missing = [column for column in columns if column not in (reader.fieldnames or [])]
    if missing:
        raise ContractBroken(f"{path}: has no column {', '.join(map(repr, missing))}. Give the columns the names they had.")
    return found
