"""What the office itself puts into a workbook besides the tables: the page of help, the answer, the comments of an answer.

The page of help is a closed text too, because somebody may type a note on it; and a comment of ours into which somebody wrote is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from expectations import words
from expectations.partnership import Partnership
from expectations.places import rows
from tasks.screen.columns import as_text
from tasks.screen.detect import IDENTIFIERS, detect
from tasks.screen.fold import fold
from tasks.screen.lists import languages
from tasks.screen.table import Cell, Comment, Table

AUTHOR = "OpenLIP"
HELP, ANSWER = "help", "answer"
# A comment of ours is cut there.
LONGEST_COMMENT = 4_000
_OPEN = r"[^\n]{0,400}?"
_MONTH = r"[^\W\d_]{3,12}"
_NEVER = IDENTIFIERS | {"email", "phone", "postal_code"}


def role(table: Table) -> str:
    """What a sheet of ours is for: `help` or `answer`; nothing for any other sheet."""
    name = fold(table.name)
    return name if name in (HELP, ANSWER) else ""


def is_our_page(table: Table) -> bool:
    """True for a CSV file that was saved from a page of ours in place of the table: it begins with the title of the page."""
    if table.name or not table.rows:
        return False
    titles = {fold(words("workbook", language)[page]["title"]) for language in languages() for page in (HELP, ANSWER)}
    return any(isinstance(cell, str) and fold(cell) in titles for cell in table.rows[0][1].values())


def is_our_comment(comment: Comment) -> bool:
    """True for a comment that an answer of ours wrote, and nobody else since. LibreOffice may lose its author, never its text."""
    if "\n" not in comment.text or fold(comment.author) not in (fold(AUTHOR), ""):
        return False
    text = "\n".join(fold(line) for line in comment.text.strip().splitlines())
    blocks = text.split("\n\n")
    if len(comment.text) >= LONGEST_COMMENT - 1 and len(blocks) > 1:
        blocks.pop()
    return all(any(pattern.fullmatch(block) for pattern in _comments()) for block in blocks)


@lru_cache(maxsize=1)
def _comments() -> tuple[re.Pattern[str], ...]:
    """One block of a comment in each language: a sign, the tier, and our three lines with what was told left open."""
    return tuple(_patterns_of_comments())


def _patterns_of_comments() -> Iterator[re.Pattern[str]]:
    for language in languages():
        said = words("workbook", language)
        tiers = "|".join(re.escape(fold(str(tier))) for tier in said["tiers"].values())
        lines = "\n".join(fold(line) for line in said["answer"]["comment"].splitlines())
        yield pattern_of(lines, {"tier": rf"(?:\S{{1,2}} )?(?:{tiers})"})


def foreign_cells(table: Table, partnership: Partnership) -> list[tuple[int, int, bool]]:
    """(row, column, whether it looks personal) of the cells of a page of ours that hold what we never wrote there.

    The answer quotes what was found, so of it only what looks personal is foreign. The page of help may be of an older edition, whose
    words were others.
    """
    if role(table) == ANSWER:
        return [(row, column, True) for row, column, text in _cells(table) if detect(text) in _NEVER]
    texts, patterns = _help(partnership)
    foreign = [cell for cell in _cells(table) if not _is_of_help(fold(cell[2]), texts, patterns)]
    return [(row, column, bool(detect(text))) for row, column, text in foreign]


def _cells(table: Table) -> Iterator[tuple[int, int, str]]:
    for row, cells in table.rows:
        for column, cell in cells.items():
            yield row, column, as_said(cell)


def as_said(cell: Cell) -> str:
    """A cell of a page as text; of a formula, a date or an error its kind."""
    return " ".join(cell) if isinstance(cell, tuple) else as_text(cell)


def _is_of_help(line: str, texts: frozenset[str], patterns: list[re.Pattern[str]]) -> bool:
    text = re.sub(r"^\d\. ", "", line)  # the steps are numbered
    return text in texts or bool(re.fullmatch(r"\d{1,6}", text)) or any(pattern.fullmatch(text) for pattern in patterns)


def _help(partnership: Partnership) -> tuple[frozenset[str], list[re.Pattern[str]]]:
    """The texts of the page of help in every language, and those with a gap, which only our own words may fill."""
    texts: set[str] = {fold(text) for text in _registered(partnership)}
    patterns: list[re.Pattern[str]] = []
    names = {contract.layout.sheet for contract in partnership.contracts() if contract.is_partner}
    sheets = "|".join(re.escape(fold(name)) for name in names if name)
    for language in languages():
        said = words("workbook", language)
        holes = _holes(said, partnership, language) | {"sheets": rf"(?:(?:{sheets})(?:, )?)+"}
        for text in _leaves({key: said[key] for key in ("help", "columns", "marks", "units", "kinds")}):
            if "{" in text:
                patterns.append(pattern_of(fold(text), holes))
            else:
                texts.add(fold(text))
    return frozenset(texts), patterns


def _holes(said: dict[str, Any], partnership: Partnership, language: str) -> dict[str, str]:
    """What may fill the gaps of the page of help."""
    quarter = _raw(fold(said["quarter"]), {"first": _MONTH, "last": _MONTH, "year": r"\d{4}"})
    date = rf"(?:{_MONTH} \d{{1,2}}, \d{{4}}|\d{{1,2}}(?:er)? {_MONTH} \d{{4}})"
    titles = [said["help"]["title"], said["answer"]["title"]]
    return {
        "partner": _one_of(_partners(partnership)),
        "period": rf"(?:{quarter}|{_MONTH} \d{{4}}|\d{{4}}(?:-q\d)?)",
        "value": _one_of([said["columns"]["value"]]),
        "explanation": _one_of([said["columns"]["explanation"]]),
        "due": rf"(?:{_raw(fold(said['help']['due']), {'date': date})}|{_raw(fold(said['help']['due']).strip(), {'date': date})})?",
        "date": date,
        "unit": _one_of([*said["units"], *said["units"].values()]),
        "kind": _one_of(said["kinds"].values()),
        "contact": _one_of(partnership.organisation.contact.values()),
        "web": _one_of([partnership.organisation.web]),
        "title": _one_of(titles),
    }


def _registered(partnership: Partnership) -> Iterator[str]:
    """Texts of the registers that the page of help explains: metrics, explanations, the names of the partners."""
    folder = partnership.home / "registers"
    for register, start in (("metrics", ("metric", "name_", "definition_", "unit")), ("explanations", ("name_",))):
        for row in rows(folder / f"{register}.csv"):
            yield from (text for key, text in row.items() if key and key.startswith(start))
    yield from _partners(partnership)


def _partners(partnership: Partnership) -> list[str]:
    found = rows(partnership.home / "registers" / "members.csv", "partner")
    return [text for row in found for key, text in row.items() if key and (key == "partner" or key.startswith("name_"))]


def _leaves(said: Any) -> Iterator[str]:
    if isinstance(said, dict | list):
        for part in said.values() if isinstance(said, dict) else said:
            yield from _leaves(part)
    else:
        yield str(said)


def _one_of(texts: Iterable[Any]) -> str:
    return "(?:" + "|".join(re.escape(fold(str(text))) for text in texts if text) + ")"


def pattern_of(text: str, holes: dict[str, str]) -> re.Pattern[str]:
    """A folded text with gaps in braces, as what it says when they are filled."""
    return re.compile(_raw(text, holes))


def _raw(text: str, holes: dict[str, str]) -> str:
    """A text with gaps in braces as a pattern; a gap of which nothing is known may hold one line."""
    parts = re.split(r"\{(\w+)\}", text)
    return "".join(holes.get(part, _OPEN) if place % 2 else re.escape(part) for place, part in enumerate(parts))
