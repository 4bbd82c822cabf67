"""Read a CSV file as a table, whoever saved it. What is not text, or not in a usual encoding, is told for what it is."""

from __future__ import annotations

import csv
import io
import re

from tasks.screen.faults import Faults
from tasks.screen.fold import fold
from tasks.screen.reader.cells import LAST_COLUMN, LAST_ROW, letters_of
from tasks.screen.table import Cell, Rows, Table

# 20,000 rows are some 1.5 MB. A text of this size is read in a tenth of a second, so it needs no process of its own.
MOST_BYTES = 12_000_000
MOST_TEXT = 400
LONGEST_HEADER = 20_000
DELIMITERS = {",": "", ";": "gate_semicolons", "\t": "gate_tabs"}
# What else may stand between cells; a file with it is refused, as it always was, but for what it is.
OTHERS = "|:~^/"
# Where a heading of ours has an accent, a spoilt one has signs that are no letters of ours, or none at all.
_BROKEN, _SIGNS = re.compile(r"[^\x00-\x7f]"), r"[^a-z ]{0,4}"
_WEB = re.compile(rb"\s*<(!doctype|html|head|body|table|\?xml|meta)", re.IGNORECASE)


def read_text(body: bytes, headings: frozenset[str], faults: Faults) -> Table:
    """The table in a CSV file; `headings` are the folded headings by which its delimiter is found."""
    empty = Table([])
    if len(body) > MOST_BYTES:
        faults.add("gate_large")
        return empty
    text, form = _decoded(body, faults)
    if faults.refuses:
        return empty
    delimiter = _delimiter(text, headings)
    try:
        rows = _rows(text, delimiter, faults)
    except csv.Error:
        faults.add("gate_quotes")
        return empty
    if rule := _spoilt(rows, delimiter, headings):
        faults.add(rule, row=rows[0][0])
        return empty
    for remark in (form, "" if faults.refuses else DELIMITERS[delimiter]):
        if remark:
            faults.add(remark)
    return Table(rows)


def _decoded(body: bytes, faults: Faults) -> tuple[str, str]:
    """The text, and what is to be remarked on its form once it was read; a fault where it is none."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or _is_wide(body):
        faults.add("gate_utf_16")
    elif _WEB.match(body.removeprefix(b"\xef\xbb\xbf")):
        faults.add("gate_web_page")
    elif b"\0" in body or b"\x1b" in body or b"\x08" in body:
        faults.add("gate_format")
    try:
        return ("" if faults.refuses else body.decode("utf-8-sig")), ""
    except UnicodeDecodeError:
        return _windows(body, faults)


def _windows(body: bytes, faults: Faults) -> tuple[str, str]:
    try:
        return body.decode("cp1252"), "gate_windows_1252"
    except UnicodeDecodeError:
        faults.add("gate_encoding")
        return "", ""


def _is_wide(body: bytes) -> bool:
    """UTF-16 without its mark: every other byte of an English or French text is zero."""
    head = body[:400]
    return len(head) > 3 and max(head[0::2].count(0), head[1::2].count(0)) > len(head) // 3


def _delimiter(text: str, headings: frozenset[str]) -> str:
    """What parts the cells: what Excel says in a first line `sep=;`, or what gives the most headings of ours, or the most cells."""
    lines = io.StringIO(text, newline="")
    top = next((line for line in lines if line.strip(" ,;\t\r\n")), "").strip("\r\n")[:LONGEST_HEADER]
    if said := _said(top):
        return said
    found = {delimiter: next(csv.reader([top], delimiter=delimiter), []) for delimiter in DELIMITERS}
    return max(found, key=lambda delimiter: (sum(fold(cell) in headings for cell in found[delimiter]), len(found[delimiter])))


def _spoilt(rows: Rows, delimiter: str, headings: frozenset[str]) -> str:
    """The rule that says why our headings are there and are not read: another sign parts them, or their accents are broken."""
    top = [str(cell) for cell in rows[0][1].values()] if rows else []
    read = sum(fold(cell) in headings for cell in top)
    line = delimiter.join(top)
    if top and re.match('"?sep=', top[0], re.IGNORECASE):
        return "gate_delimiter"
    if read < 2 and any(sum(fold(cell) in headings for cell in line.split(other)) > 1 for other in OTHERS):
        return "gate_delimiter"
    broken = [re.compile(_BROKEN.sub(lambda _: _SIGNS, re.escape(name))) for name in headings if not name.isascii()]
    is_broken = any(fold(cell) not in headings and any(one.fullmatch(fold(cell)) for one in broken) for cell in top)
    return "gate_accents" if is_broken else ""


def _said(line: str) -> str:
    """The delimiter that a line `sep=;` names, as Excel writes it before the headings."""
    match = re.fullmatch(r'"?sep=([,;\t])"?[,;\t]*', line, re.IGNORECASE)
    return match[1] if match else ""


def _rows(text: str, delimiter: str, faults: Faults) -> Rows:
    rows: Rows = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    for row, line in enumerate(reader, start=1):
        if not rows and len(line) <= 2 and _said(delimiter.join(line)):
            continue
        far = next((place for place in range(LAST_COLUMN, len(line)) if line[place].strip()), 0)
        cells: dict[int, Cell] = {place: cell[:MOST_TEXT] for place, cell in enumerate(line[:LAST_COLUMN], start=1) if cell.strip()}
        if far or (cells and row > LAST_ROW):
            faults.add("gate_far_cell", letter=letters_of(far + 1 if far else max(cells)), row=row)
            return []
        if not cells:
            continue
        rows.append((row, cells))
    return rows
