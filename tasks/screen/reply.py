"""What somebody typed on the sheet of our answer: nobody reads it there, and its sender is to know."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from expectations import words
from tasks.screen.fold import fold
from tasks.screen.lists import languages
from tasks.screen.ours import as_said, pattern_of
from tasks.screen.table import Table

# The answer is as wide as its table of findings; the second line names the partner.
LAST, PERIOD, NAMED = 6, 2, (2, 1)
_PERIOD = re.compile(r"(?:19|20)\d{2}\S{0,6}")
_CELL = re.compile(r"\S{1,31}![a-z]{1,3}\d+(?: \(\+\d+\))?")
_COUNT = r"\d[\d ,]*"


def typed(table: Table) -> list[tuple[int, int]]:
    """(row, column) of the cells of an answer that hold what we never write there.

    The lines of its two tables quote what was found, so of them the place, the period and the kind are looked at.
    """
    found: list[tuple[int, int]] = []
    said, shapes, tables = _said()
    heads, before = "", 0
    for row, cells in table.rows:
        line = {column: fold(as_said(cell)) for column, cell in cells.items()}
        heads = line.get(1, "") if line.get(1, "") in tables else heads if row == before + 1 else ""
        is_quote = bool(heads) and _is_quote(line, tables[heads])
        before = row
        for column, text in line.items():
            is_known = text in said or any(shape.fullmatch(text) for shape in shapes) or (row, column) == NAMED
            is_ours = is_quote and (column != PERIOD or bool(_PERIOD.fullmatch(text)))
            if column > LAST or not (is_ours or is_known):
                found.append((row, column))
    return found


def _is_quote(line: dict[int, str], kinds: re.Pattern[str] | None) -> bool:
    """True for a line of the findings (their `kinds` are known), or of what differs from the version before."""
    if kinds is None:
        return {1, PERIOD, 4, 5} <= set(line) and max(line) < LAST
    return bool(kinds.fullmatch(line.get(LAST, ""))) and _is_place(line.get(1, ""))


def _is_place(text: str) -> bool:
    """A cell, or a sheet or the whole file: those have few words."""
    return bool(_CELL.fullmatch(text)) or len(text.split()) in (1, 2, 3)


@lru_cache(maxsize=1)
def _said() -> tuple[frozenset[str], tuple[re.Pattern[str], ...], dict[str, re.Pattern[str] | None]]:
    """What the answer says in every language: whole texts, those with gaps, and how its tables begin, with the kinds of finding."""
    texts: set[str] = set()
    shapes: list[re.Pattern[str]] = []
    tables: dict[str, re.Pattern[str] | None] = {}
    for language in languages():
        book: dict[str, Any] = words("workbook", language)
        said = book["answer"]
        names = [*book["tiers"].values(), said["taken_short"]]
        kinds = re.compile(r"\S{1,2} (?:" + "|".join(re.escape(fold(name)) for name in names) + ")")
        tables |= {fold(said["findings_head"][0]): kinds, fold(book["columns"]["metric"]): None}
        whole = [
            said[key] for key in said if key.endswith("_title") or key in ("title", "state", "received", "version", "taken", "no_findings")
        ]
        whole += [*book["states"].values(), *said["findings_head"], *said["differences_head"], *said["legend"].values()]
        whole += [book["columns"]["metric"], book["help"]["sample"], *(text.format(**book["tiers"]) for text in said["next"].values())]
        texts |= {fold(text) for text in whole}
        shapes += [kinds, *_shapes(said)]
    return frozenset(texts), tuple(shapes), tables


def _shapes(said: dict[str, Any]) -> list[re.Pattern[str]]:
    """The facts with their gaps: when it came, which version, how many rows; and how much more there is."""
    gaps = dict.fromkeys(("version", "taken", "rows", "waiting", "count"), _COUNT)
    gaps |= {"period": _PERIOD.pattern, "date": r"[^\W_][\w ,.]{4,30}", "time": r"[\dh: ]{4,10}", "zone": r"[\w ]{2,30}"}
    facts = [said["received_at"], said["left_out"], said["differences_left_out"]]
    facts += [said["version_of"], f"{said['version_of']}, {said['same_as']}", said["taken_of"], f"{said['taken_of']}; {said['waiting']}"]
    return [pattern_of(fold(fact), gaps) for fact in facts]
