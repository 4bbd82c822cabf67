"""The data points of a table of Statistics Canada, read or spread from declared figures, with the publisher's marks."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple


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
                found.append(Cell(period, tuple(ids[name][named[name]] for name in ids), row[column]))
        yield from (_dated(said, cell) for cell in sorted(found, key=lambda cell: cell.members) if _lives(said, cell))


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
    ages = _parts(total, shares["ages"])
    men = [_parts(part, [shares["men"], 1 - shares["men"]])[0] for part in ages]
    women = [part - m for part, m in zip(ages, men, strict=True)]
    rows = {1: ages, 2: men, 3: women}
    return {(g, a): ([sum(row), *row])[a - 1] for g, row in rows.items() for a in range(1, len(row) + 2)}


def _parts(total: int, shares: list[float]) -> list[int]:
    """`total` in whole parts by the method of largest remainders."""
    exact = [abs(total) * share for share in shares]
    parts = [int(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: abs(total) - sum(parts)]:
        parts[i] += 1
    return parts if total >= 0 else [-part for part in parts]


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


def _dated(said: dict[str, Any], cell: Cell) -> Cell:
    symbols = {period: symbol for symbol, periods in said.get("symbols", {}).items() for period in periods}
    ended = said.get("marks", {}).get("terminated", {}).get("coordinate") == coordinate(cell)
    return cell._replace(symbol=symbols.get(cell.period, ""), terminated="t" if ended else "")


def _lives(said: dict[str, Any], cell: Cell) -> bool:
    """A terminated series has no rows after its last period."""
    ended = said.get("marks", {}).get("terminated")
    return not ended or ended["coordinate"] != coordinate(cell) or cell.period <= ended["last"]


def coordinate(cell: Cell) -> str:
    """The members of a cell as the CSV prints them, without padding."""
    return ".".join(map(str, cell.members))
