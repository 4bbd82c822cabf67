"""The data points of a table of Statistics Canada, read or spread from declared figures, with the publisher's marks."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

FIELD = re.compile(r"(-?\d+(?:\.\d+)?)?([A-E]|\.\.\.?|x|F|)")


class Cell(NamedTuple):
    """One data point: its period, its members in the order of the dimensions, and what is printed."""

    period: str
    members: tuple[int, ...]
    value: str
    status: str = ""
    symbol: str = ""
    terminated: str = ""


def read(said: dict[str, Any], figures: Path) -> Iterator[Cell]:
    """Every data point of a table, by period and then by coordinate; the CSV has a column per period."""
    with figures.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    keys = [name for name in header if not name[0].isdigit()]
    ids = _ids(said)
    for column, period in enumerate(header[len(keys) :], len(keys)):
        found: list[Cell] = []
        for row in rows:
            named = dict(zip(keys, row, strict=False))
            if "shares" in said:
                found += _crossed(said, named, period, row[column])
            else:
                found.append(_spelled(period, tuple(ids[name][named[name]] for name in ids), row[column]))
        yield from sorted(found, key=lambda cell: cell.members)


def over(drawn: Iterable[Cell], spelled: Iterable[Cell]) -> Iterator[Cell]:
    """The drawn data points, with those that the CSV spells (an empty field spells none) in their place."""
    said = {(cell.period, cell.members): cell for cell in spelled if cell.value or cell.status}
    for cell in drawn:
        yield said.pop((cell.period, cell.members), cell)
    if said:
        raise ValueError(f"the CSV spells data points that the declaration does not draw: {sorted(said)[:3]}")


def dated(said: dict[str, Any], cells: Iterable[Cell]) -> Iterator[Cell]:
    """The data points with the symbols of their periods; a terminated series has no rows after its last period."""
    symbols = {str(period): symbol for symbol, periods in said.get("symbols", {}).items() for period in periods}
    ended = said.get("marks", {}).get("terminated", {"coordinate": "", "last": ""})
    for cell in cells:
        is_ended = coordinate(cell) == ended["coordinate"]
        if not is_ended or cell.period <= ended["last"]:
            yield cell._replace(symbol=symbols.get(cell.period, ""), terminated="t" if is_ended else "")


def _spelled(period: str, members: tuple[int, ...], text: str) -> Cell:
    """A field of the CSV: a number, a number with its quality letter (4.5E), or a mark."""
    found = FIELD.fullmatch(text)
    if found is None:
        raise ValueError(f"{period} {members}: {text!r} is neither a number nor a mark")
    return Cell(period, members, found[1] or "", found[2])


def _ids(said: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {d["name"]["en"]: {m["en"]: m["id"] for m in d["members"]} for d in said["dimensions"]}


def _crossed(said: dict[str, Any], named: dict[str, str], period: str, total: str) -> list[Cell]:
    """A total spread over gender and age, with the marks that hide or qualify a cell."""
    ids, component = _ids(said), named["Components of population growth"]
    place, last = ids["Geography"][named["Geography"]], ids["Components of population growth"][component]
    spread = _spread(int(total), said["shares"][component]) if total != ".." else {}
    cells = []
    for gender, age in itertools.product(ids["Gender"], ids["Age group"]):
        at = ids["Gender"][gender], ids["Age group"][age]
        value, status = _marked(said["marks"], spread, at, {**named, "Age group": age}) if spread else ("", "..")
        cells.append(Cell(period, (place, *at, last), value, status))
    return cells


def _spread(total: int, shares: dict[str, Any]) -> dict[tuple[int, int], int]:
    """Whole numbers by gender and age (1 is the total of each) that add up exactly."""
    ages = parts(total, shares["ages"])
    men = [parts(part, [shares["men"], 1 - shares["men"]])[0] for part in ages]
    women = [part - m for part, m in zip(ages, men, strict=True)]
    rows = {1: ages, 2: men, 3: women}
    return {(g, a): ([sum(row), *row])[a - 1] for g, row in rows.items() for a in range(1, len(row) + 2)}


def parts(total: int, shares: list[float]) -> list[int]:
    """`total` in whole parts by the method of largest remainders."""
    exact = [abs(total) * share for share in shares]
    whole = [int(part) for part in exact]
    order = sorted(range(len(whole)), key=lambda i: (whole[i] - exact[i], i))
    for i in order[: abs(total) - sum(whole)]:
        whole[i] += 1
    return whole if total >= 0 else [-part for part in whole]


def _marked(marks: dict[str, Any], spread: dict[tuple[int, int], int], at: tuple[int, int], named: dict[str, str]) -> tuple[str, str]:
    """The value and status of one cell; `at` is its gender and age, `named` holds the names of its other members."""
    component = named["Components of population growth"]
    hidden, qualified, absent = marks["confidential"], marks["caution"], marks["not_applicable"]
    if component in absent["components"] and named["Age group"] in absent["ages"]:
        return "", "..."
    if component in hidden["components"] and at[0] > 1 and abs(spread[1, at[1]]) < hidden["below"]:
        return "", "x"
    caution = component in qualified["components"] and named["Geography"] in qualified["geographies"]
    return str(spread[at[0], at[1]]), "E" if caution else ""


def coordinate(cell: Cell) -> str:
    """The members of a cell as the CSV prints them, without padding."""
    return ".".join(map(str, cell.members))
