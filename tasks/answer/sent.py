"""What a partner sent, as rows to be shown again: from the kept copies alone, so nothing that the gate did not pass can come back."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from openpyxl.utils import column_index_from_string, get_column_letter

import expectations
from expectations import places
from expectations.partnership import Partnership
from tasks.fetch import store
from tasks.screen.lists import source_of
from tasks.screen.screened import Screened, Sheet
from tasks.template.asked import Issuer, spoken
from tasks.template.look import Grid

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """One sheet as the partner sees it: its name, where its columns are, its rows by their number."""

    name: str
    told_as: str
    grid: Grid
    rows: dict[int, Row]


def sent(screened: Screened, partnership: Partnership, language: str) -> list[Sent]:
    """The sheets that the gate let through, each row where it stood, what the office issues filled in again."""
    contracts = {contract.name: contract for contract in partnership.contracts()}
    reasons = _reasons(partnership, language)
    found = []
    for sheet in screened.sheets:
        contract = contracts[sheet.contract]
        issuer = Issuer(partnership, contract, screened.partner, language)
        letters = _letters(sheet, contract)
        rows = _rows(sheet, partnership, issuer, reasons, is_issued=bool(set(contract.issued) & set(letters)))
        last = max(rows, default=sheet.header_row)
        grid = Grid(contract, letters, sheet.header_row, last)
        found.append(Sent(contract.layout.sheet or contract.name, sheet.sheet, grid, rows))
    return found


def _rows(sheet: Sheet, partnership: Partnership, issuer: Issuer, reasons: dict[str, str], *, is_issued: bool) -> dict[int, Row]:
    text = (store.folder(partnership.home) / sheet.snapshot.file).read_text(encoding="utf-8")
    measure = issuer.contract.measure or ""
    names = {source_of(name, column): name for name, column in issuer.contract.columns.items()}
    header: list[str] = []
    rows = {}
    for number, cells in enumerate(csv.reader(io.StringIO(text, newline="")), start=1):
        if not any(cells):
            continue
        if not header:
            header = [names.get(name, name) for name in cells]
            continue
        row = dict(zip(header, cells, strict=False))
        said: Row = spoken(row, language=issuer.language) | (issuer.cells(row) if is_issued else {})
        said[measure] = _number(row.get(measure, ""))
        said["explanation"] = reasons.get(row.get("explanation", ""), row.get("explanation", ""))
        rows[number] = said
    return rows


def _number(text: str) -> str | int:
    """What is written as a whole number is one; anything else stays as it was written."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and text == str(int(text)) else text


def _letters(sheet: Sheet, contract: expectations.Contract) -> dict[str, str]:
    """Our columns with their letters. What the office fills in stands in the gaps between the others, in its order; the column for an
    explanation is added on the right where the file had none.
    """
    letters = dict(sheet.letters)
    taken = [column_index_from_string(letter) for letter in letters.values()]
    gaps = (number for number in range(1, max(taken, default=0)) if number not in taken)
    for name, number in zip([name for name in contract.issued if name not in letters], gaps, strict=False):
        letters[name] = get_column_letter(number)
    if "explanation" in contract.columns and "explanation" not in letters:
        letters["explanation"] = get_column_letter(max(taken, default=0) + 1)
    return letters


def _reasons(partnership: Partnership, language: str) -> dict[str, str]:
    path = partnership.home / "registers" / "explanations.csv"
    return {row["explanation"]: row[f"name_{language}"] for row in places.rows(path, "explanation", f"name_{language}")}
