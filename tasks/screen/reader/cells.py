"""The cells of a sheet that hold something, read as they stream by: a lone cell in the far corner costs no more than one in A1."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import IO

from .faults import Stop
from .parts import is_page_number, refuse_root
from .xml import attribute, parse

# A text, a number, a truth value, or what no text can say: ["formula"], ["date"], ["error", "#N/A"].
Cell = str | int | float | bool | list[str]

# 20,000 rows of twelve columns on two sheets are fewer; empty cells that are only coloured may be more.
MOST_CELLS, MOST_EMPTY = 600_000, 3_000_000
# No text of a template is longer; what is longer is refused whatever its end says.
MOST_TEXT = 2_000
# Nothing of a template lies beyond; Excel's own corner is XFD1048576.
LAST_ROW, LAST_COLUMN = 100_000, 256
MOST_CHARACTERS = 20_000_000
# A column of less than half a digit, a row of less than half a point.
NOTHING = 0.5
# Things in a sheet that hold words or values beside its cells.
STRANGE = frozenset(
    {"scenarios", "oleObjects", "controls", "picture", "smartTags", "webPublishItems", "dataConsolidate", "legacyDrawingHF"}
)
DATE_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
# The digits of a run that is raised or lowered: a footnote, which must not grow the number before it.
_LIFTED = {
    "superscript": str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"),
    "subscript": str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"),
}
_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_PARTS_OF_FORMAT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')


@dataclass(slots=True)
class Sheet:
    """What a sheet holds: its cells by row, the filled rows that are hidden or of a hidden column, and what stands beside the cells."""

    rows: list[tuple[int, list[tuple[int, Cell]]]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: dict[int, list[int]] = field(default_factory=dict)
    links: list[tuple[str, str]] = field(default_factory=list)
    has_header_text: bool = False
    strange: int = 0


@dataclass(slots=True)
class Budget:
    """What is left of the cells and characters a whole workbook may have."""

    cells: int = MOST_CELLS
    empty: int = MOST_EMPTY
    characters: int = MOST_CHARACTERS

    def take(self, characters: int) -> None:
        """One cell more, of so many characters."""
        self.cells -= 1
        self.characters -= characters
        if self.cells < 0 or self.characters < 0:
            raise Stop("gate_cells")

    def take_empty(self) -> None:
        """One cell more that holds nothing."""
        self.empty -= 1
        if self.empty < 0:
            raise Stop("gate_cells")


def read_strings(part: IO[bytes]) -> list[str]:
    """The shared texts; of each no more than a code could have. The reading aid of a Japanese text (`rPh`) is no text of the cell."""
    found: list[str] = []
    state = {"t": False, "aid": 0}
    run = {"lift": ""}

    def start(tag: str, given: dict[str, str]) -> None:
        if tag == "si":
            found.append("")
            if len(found) > MOST_CELLS:
                raise Stop("gate_cells")
        if tag in ("si", "r"):
            run["lift"] = ""
        elif tag == "vertAlign":
            run["lift"] = given.get("val", "")
        state["t"] = tag == "t"
        state["aid"] += tag == "rPh"

    def end(tag: str) -> None:
        state["t"] = False
        state["aid"] -= tag == "rPh"
        if tag == "r":
            run["lift"] = ""

    def text(words: str) -> None:
        if state["t"] and not state["aid"] and found and len(found[-1]) < MOST_TEXT:
            found[-1] = (found[-1] + lifted(words, run["lift"]))[:MOST_TEXT]

    parse(part, start, end, text)
    return found


def lifted(words: str, how: str) -> str:
    """The words of a run as Unicode writes them where it stands above or below the line.

    >>> lifted("2", "superscript"), lifted("2", "baseline")
    ('²', '2')
    """
    return words.translate(_LIFTED[how]) if how in _LIFTED else words


def read_date_styles(part: IO[bytes]) -> frozenset[int]:
    """The styles (their place in cellXfs) that show a number as a date or time."""
    formats: dict[int, str] = {}
    styles: list[int] = []
    inside = {"xfs": False}

    def start(tag: str, given: dict[str, str]) -> None:
        if tag == "numFmt" and given.get("numFmtId", "").isdecimal():
            formats[int(given["numFmtId"])] = given.get("formatCode", "")
        elif tag == "cellXfs":
            inside["xfs"] = True
        elif tag == "xf" and inside["xfs"]:
            styles.append(int(given.get("numFmtId", "0") or 0))

    def end(tag: str) -> None:
        if tag == "cellXfs":
            inside["xfs"] = False

    parse(part, start, end)
    return frozenset(place for place, number in enumerate(styles) if number in DATE_FORMATS or _is_date(formats.get(number, "")))


def _is_date(code: str) -> bool:
    """True for a format of days or times: with d, m, y, h or s outside quotes and brackets.

    >>> _is_date("yyyy-mm-dd"), _is_date('0" days"'), _is_date("[Red]0.00")
    (True, False, False)
    """
    return code.lower() != "general" and bool(re.search(r"[dmyhs]", _PARTS_OF_FORMAT.sub("", code), re.IGNORECASE))


def column_number(letters: str) -> int:
    """A is 1, XFD is 16384."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def letters_of(number: int) -> str:
    """1 is A, 27 is AA."""
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def place_of(reference: str) -> tuple[str, int]:
    """Column letter and row of the first cell of a reference such as D2:D9; nothing where it is none, for a text could stand there.

    >>> place_of("$D$2:D9"), place_of("Amira")
    (('D', 2), ('', 0))
    """
    match = re.match(r"\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6})(?::|$)", reference)
    return (match[1], int(match[2])) if match else ("", 0)


def read_sheet(part: IO[bytes], strings: list[str], dates: frozenset[int], budget: Budget) -> Sheet:
    """Every cell of the sheet that holds something."""
    reader = _Reader(strings, dates, budget)
    parse(part, reader.start, reader.end, reader.text)
    return reader.sheet


class _Reader:
    """Where the reader stands in a sheet: row, cell, and the text being gathered."""

    def __init__(self, strings: list[str], dates: frozenset[int], budget: Budget) -> None:
        self.strings, self.dates, self.budget = strings, dates, budget
        self.sheet = Sheet()
        self.row, self.column, self.is_row_hidden = 0, 0, False
        self.hidden_columns: list[tuple[int, int]] = []
        self.columns: dict[str, int] = {}
        self.kind, self.style, self.has_formula, self.depth = "", "", False, 0
        self.parts: list[str] = []
        self.gathers = ""
        self.aid = 0
        self.lift = ""

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "c":
            self._cell(given)
        elif tag in ("v", "t"):
            self.gathers = "" if self.aid else tag
        elif tag == "row":
            self._row(given)
        elif tag == "f":
            self.has_formula = True
        elif not self.depth:
            refuse_root(tag)
        elif tag == "rPh":
            self.aid += 1
        else:
            self._beside(tag, given)
        self.depth += 1

    def _beside(self, tag: str, given: dict[str, str]) -> None:
        if tag == "col" and (_is_true(given.get("hidden", "")) or _is_nothing(given.get("width", ""))):
            self.hidden_columns.append((int(given["min"]), int(given["max"])))
        elif tag in ("oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter"):
            self.gathers, self.parts = "header", []
        elif tag == "hyperlink":
            self.sheet.links.append((attribute(given, "id"), given.get("ref", "")))
        elif tag == "vertAlign":
            self.lift = given.get("val", "")
        elif tag in STRANGE:
            self.sheet.strange += 1

    def text(self, words: str) -> None:
        if self.gathers:
            self.parts.append(lifted(words, self.lift))

    def end(self, tag: str) -> None:
        self.depth -= 1
        if tag == "c":
            self._finish()
        elif tag in ("v", "t"):
            self.gathers = ""
        elif tag == "rPh":
            self.aid -= 1
        elif tag == "r":
            self.lift = ""
        elif self.gathers == "header":
            self.sheet.has_header_text |= not is_page_number("".join(self.parts))
            self.gathers = ""

    def _row(self, given: dict[str, str]) -> None:
        row = int(given.get("r") or self.row + 1)
        if row <= self.row:
            raise Stop("gate_damaged")
        self.row, self.column = row, 0
        self.is_row_hidden = _is_true(given.get("hidden", "")) or _is_nothing(given.get("ht", ""))
        self.cells: list[tuple[int, Cell]] = []

    def _cell(self, given: dict[str, str]) -> None:
        place = given.get("r", "")
        column = self._column(place) if place else self.column + 1
        if column <= self.column or not self.row:
            raise Stop("gate_damaged")
        self.column = column
        self.kind, self.style, self.has_formula = given.get("t", "n"), given.get("s", "0"), False
        self.parts, self.lift = [], ""

    def _column(self, place: str) -> int:
        letters = place.rstrip("0123456789")
        if letters not in self.columns:
            if not re.fullmatch(r"[A-Z]{1,3}", letters):
                raise Stop("gate_damaged")
            self.columns[letters] = column_number(letters)
        if place != f"{letters}{self.row}":
            raise Stop("gate_damaged")
        return self.columns[letters]

    def _finish(self) -> None:
        cell = self._value("".join(self.parts))
        if cell == "":
            self.budget.take_empty()
            return
        self.budget.take(len(cell) if isinstance(cell, str) else 8)
        if self.row > LAST_ROW or self.column > LAST_COLUMN:
            raise Stop("gate_far_cell", letter=letters_of(self.column), row=self.row)
        if not self.cells:
            self.sheet.rows.append((self.row, self.cells))
            if self.is_row_hidden:
                self.sheet.hidden_rows.append(self.row)
        self.cells.append((self.column, cell))
        if any(first <= self.column <= last for first, last in self.hidden_columns):
            self.sheet.hidden_columns.setdefault(self.column, []).append(self.row)

    def _value(self, raw: str) -> Cell:
        if self.has_formula:
            return ["formula"]
        if self.kind == "s":
            return self.strings[int(raw)].strip() if raw else ""
        if self.kind in ("str", "inlineStr"):
            return raw[:MOST_TEXT].strip()
        if not (raw := raw.strip()):
            return ""
        if self.kind == "b":
            return raw == "1"
        if self.kind == "e":
            return ["error", raw[:MOST_TEXT]]
        if self.kind == "d" or int(self.style) in self.dates:
            return ["date"]
        return _number(raw)


def _number(raw: str) -> int | float | str:
    """The number; a text where only Python would read one, as in 1_000 or in digits of another script."""
    if raw.isascii() and raw.isdigit() and len(raw) < 16:
        return int(raw)
    number = float(raw)
    if not math.isfinite(number):
        raise Stop("gate_damaged")
    return number if _PLAIN_NUMBER.fullmatch(raw) else raw[:MOST_TEXT]


def _is_true(text: str) -> bool:
    return text in ("1", "true", "on")


def _is_nothing(size: str) -> bool:
    """True for a width or height that shows nothing; Excel writes a column that was dragged shut so."""
    return bool(size) and float(size) < NOTHING
