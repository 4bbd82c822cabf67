"""Judge one table: every heading, every cell, and the shape of the whole. Nothing is opened or written here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from expectations import Contract
from expectations.partnership import Partnership
from sql import periods
from tasks.screen.columns import Take, as_text, takes
from tasks.screen.detect import detect, kind_of_heading
from tasks.screen.faults import Faults, Place
from tasks.screen.fold import fold
from tasks.screen.lists import carried, headings, labels
from tasks.screen.reader.cells import letters_of
from tasks.screen.table import Cell, Rows, Table

# From so many rows on, a table with 1 in every row, or with less than this share of different keys, is a list of people.
SHAPE_ROWS, DIFFERENT = 20, 0.8
# In a shorter one a key that stands so often is; so is one of at least this many rows of 1 in which a key stands twice.
OFTEN, ROWS_OF_ONE = 3, 5
# A title above the headings is looked for in so many rows; so many strange columns are told one by one.
TITLE_ROWS, TOLD_COLUMNS = 10, 20
# A heading that is itself an address or a date tells what its column is; any other number of a person is an identifier.
LOOKS = {"email": "email", "phone": "phone", "date": "birth", "address": "address", "postal_code": "address"}


@dataclass(slots=True)
class Judged:
    """A table under its contract: what is kept of it (by row, under our columns), and who and when it speaks of.

    `broken` are the rows of which a cell was refused: their keys are not known. With `is_misheaded` its headings were refused, so that
    nothing can be said of its rows as a whole.
    """

    contract: Contract
    sheet: str
    header_row: int = 0
    letters: dict[str, str] = field(default_factory=dict)
    languages: Counter[str] = field(default_factory=Counter)
    rows: dict[int, dict[str, str]] = field(default_factory=dict)
    partners: dict[str, list[int]] = field(default_factory=dict)
    broken: set[int] = field(default_factory=set)
    is_misheaded: bool = False

    @property
    def partner_column(self) -> str:
        """The column that says whose rows they are, or nothing."""
        return next((name for name, column in self.contract.columns.items() if column.of_register == "members"), "")

    @property
    def periods(self) -> tuple[str, ...]:
        """The periods the rows speak of; a quarter that no calendar has is none."""
        column = self.contract.period or ""
        return tuple(sorted({row[column] for row in self.rows.values() if column in row and _is_period(row[column])}))


def judge(table: Table, contract: Contract, partnership: Partnership, *, sheet: str, faults: Faults) -> Judged:
    """What may be kept of the table; `faults` says what may not, and then nothing is to be kept."""
    judged = Judged(contract, sheet)
    if not table.rows:
        return judged
    judged.header_row, top = table.rows[0]
    known, strange = _columns(top, contract, judged)
    if not known and (below := _below(table.rows, contract)):
        faults.add("gate_above", sheet=sheet, row=judged.header_row, count=below)
        judged.is_misheaded = True
        return judged
    taking = takes(contract, partnership)
    if not known and _is_row(top, taking, contract):
        faults.add("gate_no_headings", sheet=sheet, row=judged.header_row)
        judged.is_misheaded = True
        _personal(table.rows, sheet, faults)
        return judged
    judged.is_misheaded = _headings(known, strange, judged, faults)
    _cells(table.rows[1:], known, strange, taking, judged, faults)
    if not judged.is_misheaded or set(strange.values()) - {"other"}:
        _shape(judged, faults)
    return judged


def _is_row(top: dict[int, Cell], taking: dict[str, Take], contract: Contract) -> bool:
    """True when a line is one of the table: a cell is a code, and another a code, a period or a number. Years alone are none."""
    fitting = [{name for name, take in taking.items() if (taken := take(cell))[0] and not taken[1]} for cell in top.values()]
    return sum(map(bool, fitting)) > 1 and any(fits - {contract.measure, contract.period} for fits in fitting)


def _personal(rows: Rows, sheet: str, faults: Faults) -> None:
    """What looks personal in a table of which no column is known."""
    for row, cells in rows:
        for place, cell in cells.items():
            if not isinstance(cell, tuple) and (kind := detect(as_text(cell))):
                faults.add(f"gate_{kind}", sheet=sheet, letter=letters_of(place), row=row)


def _is_period(text: str) -> bool:
    try:
        periods.parse(text)
    except ValueError:
        return False
    return True


def _columns(top: dict[int, Cell], contract: Contract, judged: Judged) -> tuple[dict[int, str], dict[int, str]]:
    """Column number to our column, and to the kind of a heading that is none of ours."""
    ours = headings(contract)
    known: dict[int, str] = {}
    strange: dict[int, str] = {}
    for place, cell in top.items():
        text = as_text(cell) if not isinstance(cell, tuple) else ""
        name = ours.get(fold(text), "")
        if name:
            known[place] = name
            told = {language for language, label in labels(name).items() if fold(label) == fold(text) != fold(name)}
            judged.languages.update(told)
        else:
            strange[place] = _kind(text)
    return known, strange


def _kind(heading: str) -> str:
    """What a heading that is none of ours foretells by its words, or by what it looks like itself."""
    looks = detect(heading)
    return kind_of_heading(heading) or (LOOKS.get(looks, "identifier") if looks else "other")


def _below(rows: Rows, contract: Contract) -> int:
    """How many rows stand above the headings, where the headings are found further down."""
    ours = headings(contract)
    for place, (_, cells) in enumerate(rows[:TITLE_ROWS]):
        if len({ours.get(fold(as_text(cell))) for cell in cells.values() if not isinstance(cell, tuple)} - {None}) > 1:
            return place
    return 0


def _headings(known: dict[int, str], strange: dict[int, str], judged: Judged, faults: Faults) -> bool:
    """Tell of every heading that is none of ours, or is missing or there twice; True when there is any."""
    sheet, row = judged.sheet, judged.header_row
    for place, kind in sorted(strange.items())[:TOLD_COLUMNS]:
        faults.add(f"gate_column_{kind}", sheet=sheet, letter=letters_of(place), row=row)
    if len(strange) > TOLD_COLUMNS:
        faults.add("gate_columns", sheet=sheet, row=row, count=len(strange) - TOLD_COLUMNS)
    seen: set[str] = set()
    for place, name in known.items():
        if name in seen:
            faults.add("gate_twice", sheet=sheet, letter=letters_of(place), column=name, row=row, values=_names([name]))
        elif name in judged.contract.columns:
            judged.letters[name] = letters_of(place)
        seen.add(name)
    needed = [name for name, column in carried(judged.contract).items() if column.required and name not in judged.letters]
    if needed:
        faults.add("gate_missing", sheet=sheet, row=row, count=len(needed), values=_names(needed))
    return bool(strange or needed or len(seen) < len(known))


def _names(columns: list[str]) -> tuple[tuple[str, str], ...]:
    """Columns as they are called in every language, to fill the sentences."""
    named = [labels(name) for name in columns]
    spoken = {language for label in named for language in label} | {"en", "fr"}
    return tuple(
        (f"columns_{language}", ", ".join(label.get(language, name) for label, name in zip(named, columns, strict=True)))
        for language in sorted(spoken)
    )


def _cells(rows: Rows, known: dict[int, str], strange: dict[int, str], taking: dict[str, Take], judged: Judged, faults: Faults) -> None:
    strays = _Strays(set(strange), max([*known, *strange], default=0), judged.sheet, faults)
    kept = set(judged.letters)
    columns = {place: (name, taking[name], name in kept) for place, name in known.items()}
    for row, cells in rows:
        line: dict[str, str] = {}
        for place, cell in cells.items():
            if place not in columns:
                strays.add(row, place, cell)
                continue
            name, take, is_kept = columns[place]
            text, rule = take(cell)
            if rule:
                faults.add(rule, sheet=judged.sheet, letter=letters_of(place), column=name, row=row, values=_names([name]))
                judged.broken.add(row)
            elif is_kept and text:
                line[name] = text
        if line:
            judged.rows[row] = line
            _whose(line, row, judged)


@dataclass(slots=True)
class _Strays:
    """The cells under no heading of ours, of which a file may have millions: each text is looked at once, each place looked up once."""

    strange: set[int]
    last: int
    sheet: str
    faults: Faults
    beside: dict[int, Place] = field(default_factory=dict)
    looks: dict[Cell, str] = field(default_factory=dict)

    def add(self, row: int, place: int, cell: Cell) -> None:
        """What the cell looks like is told for its column, beside that the column is not ours."""
        if place not in self.strange:
            if place not in self.beside:
                rule = "gate_beyond" if place > self.last else "gate_no_heading"
                self.beside[place] = self.faults.place(rule, sheet=self.sheet, letter=letters_of(place))
            self.beside[place].add(row)
        kind = self.looks.get(cell)
        if kind is None:
            kind = self.looks[cell] = detect(as_text(cell)) if not isinstance(cell, tuple) else ""
        if kind:
            self.faults.add(f"gate_{kind}", sheet=self.sheet, letter=letters_of(place), row=row)


def _whose(line: dict[str, str], row: int, judged: Judged) -> None:
    if partner := line.get(judged.partner_column):
        judged.partners.setdefault(partner, []).append(row)


def _shape(judged: Judged, faults: Faults) -> None:
    """A list of people has a row for each: the same key again and again, or 1 in every row."""
    measure = judged.contract.measure or ""
    counted = {row: line for row, line in judged.rows.items() if measure in line and row not in judged.broken}
    grain = [name for name in judged.contract.grain if name in judged.letters]
    rows_of = _repeated(counted, lambda line: tuple(line.get(name, "") for name in grain))
    different = len({tuple(line.get(name, "") for name in grain) for line in counted.values()})
    ones = bool(counted) and all(line[measure] == "1" for line in counted.values())
    if len(counted) >= SHAPE_ROWS and ones:
        faults.add("gate_ones", sheet=judged.sheet, column=measure, letter=judged.letters.get(measure, ""), count=len(counted))
    if len(counted) >= SHAPE_ROWS:
        is_list = different < DIFFERENT * len(counted)
    else:
        often = any(len(rows) >= OFTEN for rows in rows_of)
        is_list = often or (ones and len(counted) >= ROWS_OF_ONE and bool(rows_of))
    if is_list:
        for row in (row for rows in rows_of for row in rows):
            faults.add("gate_repeated", sheet=judged.sheet, row=row)


def _repeated(counted: dict[int, dict[str, str]], key: Callable[[dict[str, str]], tuple[str, ...]]) -> list[list[int]]:
    """The rows of every key that stands more than once."""
    found: dict[tuple[str, ...], list[int]] = {}
    for row, line in counted.items():
        found.setdefault(key(line), []).append(row)
    return [rows for rows in found.values() if len(rows) > 1]
