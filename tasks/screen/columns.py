"""What one cell may be in its column: a code of a closed list, a period, a whole number, a mark. Anything else names a rule of the gate."""

from __future__ import annotations

import re
from collections.abc import Callable

from expectations import Column, Contract
from expectations.partnership import Partnership
from tasks.screen.detect import detect
from tasks.screen.fold import fold, has_foreign_digits, set_apart, smooth, without_marks
from tasks.screen.lists import Codes, codes, issued_names
from tasks.screen.table import Cell

# What a cell becomes in the kept copy, and the rule that it breaks (then the file is refused).
Judged = tuple[str, str]
Take = Callable[[Cell], Judged]

MOST_DIGITS = 6
ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!", "#NAME?", "#NULL!", "#SPILL!", "#CALC!"})
TRUTHS = {fold(text): truth for truth, texts in {"TRUE": ("true", "vrai"), "FALSE": ("false", "faux")}.items() for text in texts}
# A number as people write it: sign, currency, groups of three, decimals, a short exponent, a per cent sign or a star behind it.
_NUMBER = re.compile(
    r"(?:[<>~≤≥≈+-] ?)*(?:[$€] ?)?(?:\d{1,3}(?:[ ,.']\d{3})+|\d+)(?:[.,]\d{1,4})?(?:e[+-]?0?[0-5])?(?: ?[%$€*+])?", re.IGNORECASE
)
_SCIENTIFIC = re.compile(r"[+-]?\d+[.,]\d+\+\d{2,3}|[+-]?\d+(?:[.,]\d+)?e[+-]?\d{1,3}", re.IGNORECASE)
_QUARTER = re.compile(r"((?:19|20)\d{2})[- ]?[QT]([1-9])")
_QUARTER_FIRST = re.compile(r"(?:[QT]([1-9])|([1-9])[QT])[-/ ]?((?:19|20)\d{2})")
_PERIOD = re.compile(r"(?:19|20)\d{2}(?:-\d{2}|/(?:19|20)\d{2})?")
# The days 2000 to 2099 as Excel counts them.
_SERIALS = range(36_526, 73_051)


def takes(contract: Contract, partnership: Partnership) -> dict[str, Take]:
    """For every column of a file, what becomes of its cells; of the columns that the office fills in nothing is kept."""
    found = {name: remembering(_take(name, column, contract, partnership)) for name, column in contract.columns.items()}
    names = issued_names(contract, partnership)
    for name, kind in contract.issued.items():
        found[name] = remembering(_issued(kind, names, contract))
    return found


def remembering(take: Take) -> Take:
    """The same answer for the same cell, found once; a cell of blanks and invisible signs is an empty one."""
    known: dict[tuple[type, Cell], Judged] = {}

    def taken(cell: Cell) -> Judged:
        key = (type(cell), cell)
        if key not in known:
            known[key] = ("", "") if isinstance(cell, str) and not smooth(cell) else take(cell)
        return known[key]

    return taken


def _take(name: str, column: Column, contract: Contract, partnership: Partnership) -> Take:
    if name == contract.measure:
        return _measure(contract)
    if column.type == "period":
        return _period
    if column.type in ("integer", "number"):
        return lambda cell: value(cell, {})
    listed = codes(name, column, contract, partnership)
    return _code(listed) if listed is not None else _pattern(column.pattern)


def _measure(contract: Contract) -> Take:
    marks = {fold(mark): mark for mark in contract.non_values}
    return lambda cell: value(cell, marks)


def _code(listed: Codes) -> Take:
    def take(cell: Cell) -> Judged:
        if isinstance(cell, tuple):
            return "", _not_text(cell)
        text = smooth(as_text(cell))
        code = listed.get(fold(text))
        return (code, "") if code is not None else ("", why(text, "gate_list"))

    return take


def _pattern(pattern: str) -> Take:
    def take(cell: Cell) -> Judged:
        if isinstance(cell, tuple):
            return "", _not_text(cell)
        text = smooth(as_text(cell))
        return (text, "") if re.fullmatch(pattern, text, re.ASCII) else ("", why(text, "gate_list"))

    return take


def _issued(kind: str, names: frozenset[str], contract: Contract) -> Take:
    number = _number_of_office(contract)

    def name(cell: Cell) -> Judged:
        if isinstance(cell, tuple):
            return "", _not_text(cell)
        return "", "" if fold(as_text(cell)) in names else why(smooth(as_text(cell)), "gate_issued")

    return name if kind == "label" else number


def _number_of_office(contract: Contract) -> Take:
    """The number of the period before: a number or a mark of any language, and no formula."""
    measure = _measure(contract)

    def take(cell: Cell) -> Judged:
        if isinstance(cell, tuple):
            return "", _not_text(cell)
        return "", measure(cell)[1]

    return take


def value(cell: Cell, marks: Codes) -> Judged:
    """A cell of the measure. Harmless forms of a number (1 204, -3, 2.5, TRUE, a formula) go on as they are: `stage` tells of them by row.

    >>> value("1 204", {}), value(12.0, {}), value("Amira", {}), value(1234567, {})
    (('1 204', ''), ('12', ''), ('', 'gate_text'), ('', 'gate_long_number'))
    """
    if isinstance(cell, tuple):
        return _odd(cell)
    if isinstance(cell, bool):
        return str(cell).upper(), ""
    if isinstance(cell, float):
        return _decimal(cell)
    text = smooth(str(cell))
    if (mark := marks.get(fold(text))) is not None:
        return mark, ""
    if set_apart(str(cell)) != str(cell):
        return _with_footnote(str(cell), text)
    if text.isascii() and text.isdigit():
        return (str(int(text)), "") if len(text) <= MOST_DIGITS else ("", why(text, "gate_long_number"))
    return _text_of_value(text)


def _odd(cell: tuple[str, ...]) -> Judged:
    if cell[0] == "formula":
        return "=", ""
    if cell[0] == "error":
        return (cell[1], "") if cell[1] in ERRORS else ("", "gate_text")
    return "", "gate_date_cell"


def _decimal(number: float) -> Judged:
    """A number of Excel: 12.0 is 12, and so is what arithmetic left a hair beside it."""
    if abs(number) >= 10**MOST_DIGITS:
        return "", why(f"{number:.0f}", "gate_long_number")
    return (str(round(number)), "") if abs(number - round(number)) < 1e-6 else (f"{number:.6f}".rstrip("0"), "")


def _with_footnote(raw: str, text: str) -> Judged:
    """A number with a raised, lowered or ringed digit goes on with the digit set apart, so that it is as little a number as 45* is."""
    number = smooth(without_marks(raw))
    is_harmless = not number or (_NUMBER.fullmatch(number) and not has_foreign_digits(number))
    if is_harmless and sum(char.isdigit() for char in text) <= MOST_DIGITS:
        return smooth(set_apart(raw)), ""
    kept, rule = _text_of_value(text)
    return (kept, rule) if kept == "=" else ("", rule or "gate_text")


def _text_of_value(text: str) -> Judged:
    if text.startswith("="):
        return "=", ""
    if has_foreign_digits(text):
        return "", "gate_digits"
    if _SCIENTIFIC.fullmatch(text) and not _NUMBER.fullmatch(text):
        return "", "gate_scientific"
    if fold(text) in TRUTHS:
        return TRUTHS[fold(text)], ""
    digits = sum(char.isdigit() for char in text)
    if _NUMBER.fullmatch(text) and digits <= MOST_DIGITS:
        return text, ""
    if re.fullmatch(r"[-.?]{1,3}", text) or text.upper() in ERRORS:
        return text, ""
    return "", why(text, "gate_long_number" if digits > MOST_DIGITS and not re.search(r"[^\W\d_]", text) else "gate_text")


def _period(cell: Cell) -> Judged:
    """A period. One that no calendar has, or of another length than the table's, goes on as it is: `stage` tells of it by row.

    >>> _period("T3 2026"), _period("2026-q5"), _period(45_931), _period("last quarter")
    (('2026-Q3', ''), ('2026-Q5', ''), ('', 'gate_serial'), ('', 'gate_period'))
    """
    if isinstance(cell, tuple):
        return "", "gate_date_period" if cell[0] == "date" else _not_text(cell)
    text = smooth(as_text(cell)).upper()
    if match := _QUARTER.fullmatch(text):
        return f"{match[1]}-Q{match[2]}", ""
    if match := _QUARTER_FIRST.fullmatch(text):
        return f"{match[3]}-Q{match[1] or match[2]}", ""
    if _PERIOD.fullmatch(text) and text.isascii():
        return text, ""
    if text.isascii() and text.isdigit() and int(text) in _SERIALS:
        return "", "gate_serial"
    return "", why(text, "gate_period")


def as_text(cell: Cell) -> str:
    """A cell of Excel as a text of the same meaning: 12.0 is 12."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _not_text(cell: tuple[str, ...]) -> str:
    return {"formula": "gate_formula", "date": "gate_date_cell"}.get(cell[0], "gate_list")


def why(text: str, otherwise: str) -> str:
    """The rule that says why a text is refused: what it looks like, or else the rule of its column."""
    if kind := detect(text):
        return f"gate_{kind}"
    return "gate_digits" if has_foreign_digits(text) else otherwise
