"""Which cells are marked with what: the findings of a submission, laid onto the sheets that were sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from openpyxl.utils import get_column_letter

from tasks.answer.sent import Sent
from tasks.answer.tiers import ORDER
from tasks.conclude import Part, Submission
from tasks.findings import Finding

Tell = Callable[[Finding, str], tuple[str, str, str]]
HELD = ("must_fix", "confirm")
LAST_ROW = 1_048_576
# The gate knows a comment of ours by its lines, of which none is longer.
LONGEST = 400


@dataclass(frozen=True, slots=True)
class Told:
    """A finding in the partner's words. `cells` are where it is marked: none where it speaks of the whole file, or of a sheet that does
    not go back as it came; `place` names that sheet, and the cell if it is known.
    """

    tier: str
    sheet: str
    cells: tuple[str, ...]
    rows: int
    period: str
    found: str
    expected: str
    fix: str
    place: str = ""


@dataclass(slots=True)
class Marks:
    """The marks of one sheet: by (row, column letter) what is told there, and the rows that were taken."""

    cells: dict[tuple[int, str], list[Told]] = field(default_factory=dict)
    taken: frozenset[int] = frozenset()

    @property
    def rows(self) -> set[int]:
        return {row for row, _ in self.cells}


def lay(submission: Submission, sheets: Sequence[Sent], language: str, tell: Tell) -> tuple[list[Told], list[Marks]]:
    """What is told, in the order in which it is to be read, and the marks of each sheet."""
    told: list[Told] = []
    marks = [Marks() for _ in sheets]
    held: list[set[int]] = [set() for _ in sheets]
    for finding in submission.findings:
        place = _sheet_of(finding, sheets)
        one = _told(finding, sheets[place] if place is not None else None, tell(finding, language))
        told.append(one)
        if place is None:
            continue
        for row in _rows_of(finding):
            if row > sheets[place].grid.last_row:
                continue
            marks[place].cells.setdefault((row, _letter(finding, sheets[place])), []).append(one)
        if finding.tier in HELD:
            held[place].update(_rows_of(finding))
    for number, sheet in enumerate(sheets):
        marks[number].taken = frozenset(_taken(sheet, held[number], submission.parts))
    return sorted(told, key=_reading_order), marks


def _reading_order(one: Told) -> tuple[bool, int, str]:
    """The whole file first, then by what must be done; within that as they came, which is by row."""
    return bool(one.cells), ORDER.index(one.tier), one.sheet


def _sheet_of(finding: Finding, sheets: Sequence[Sent]) -> int | None:
    for number, sheet in enumerate(sheets):
        if finding.sheet in (sheet.told_as, sheet.name):
            return number
    return 0 if len(sheets) == 1 and not finding.sheet else None


def _told(finding: Finding, sheet: Sent | None, words: tuple[str, str, str]) -> Told:
    found, expected, fix = (" ".join(text.split())[:LONGEST] for text in words)
    rows = _rows_of(finding)
    cells = tuple(f"{_letter(finding, sheet)}{row}" for row in rows) if sheet else ()
    period = str(sheet.rows.get(rows[0], {}).get(sheet.grid.contract.period or "", "")) if sheet and rows else ""
    said = period or dict(finding.values).get("period", "")
    return Told(finding.tier, sheet.name if sheet else "", cells, max(finding.rows, len(rows)), said, found, expected, fix, _place(finding))


def _place(finding: Finding) -> str:
    cell = f"!{finding.letter}{finding.row}" if finding.letter in _LETTERS and finding.row else ""
    return f"{finding.sheet}{cell}" if finding.sheet else ""


def _rows_of(finding: Finding) -> tuple[int, ...]:
    """The rows that a finding names."""
    return tuple(dict.fromkeys(row for row in (finding.row or 0, *finding.more) if 1 <= row <= LAST_ROW))


def _letter(finding: Finding, sheet: Sent) -> str:
    """The column to be marked: the one named, or the number's where the whole row is meant."""
    letters = sheet.grid.letters
    if finding.column in letters:
        return letters[finding.column]
    if finding.letter in _LETTERS:
        return finding.letter
    return letters.get(sheet.grid.contract.measure or "") or next(iter(letters.values()), "A")


_LETTERS = frozenset(get_column_letter(number) for number in range(1, 257))


def _taken(sheet: Sent, held: set[int], parts: Iterable[Part]) -> Iterator[int]:
    """The rows that count now. A period whose count of taken rows differs from what we would mark is left without marks."""
    contract = sheet.grid.contract
    sound: dict[str, list[int]] = {}
    for number, row in sheet.rows.items():
        if number not in held and row.get(contract.measure or "") not in ("", None):
            sound.setdefault(str(row.get(contract.period or "", "")), []).append(number)
    taken = {part.period: part.taken for part in parts if part.contract == contract.name}
    for period, rows in sound.items():
        if taken.get(period) == len(rows):
            yield from rows
