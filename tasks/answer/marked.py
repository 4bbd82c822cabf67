"""Give a partner its own workbook back, marked: what was taken, and in each cell what we read, what we expected, how to mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.worksheet.worksheet import Worksheet

import expectations
from expectations.partnership import Partnership
from sql import periods
from tasks.answer.bulk import Bulk
from tasks.answer.marks import Marks, Tell, Told, lay
from tasks.answer.page import write_answer
from tasks.answer.sent import Sent, sent
from tasks.answer.tiers import ORDER, TINTS, tinted
from tasks.conclude import Submission
from tasks.due import due_on, members
from tasks.receive.parcel import Parcel
from tasks.screen.screened import Screened
from tasks.template.asked import Catalogue, Metric, is_period
from tasks.template.coat import HEAD, Wardrobe
from tasks.template.look import behave, fit, head, height_of, lines_of, order, put
from tasks.template.package import package
from tasks.template.page import NAME as HELP
from tasks.template.page import Help, write_help

AUTHOR = "OpenLIP"
# A comment with more than this is read nowhere.
LONGEST_COMMENT = 4_000


def mark(_parcel: Parcel, screened: Screened, submission: Submission, partnership: Partnership, *, tell: Tell) -> bytes:
    """The workbook that goes back: a sheet `answer`, the partner's rows in the cells they came in, marked, and the page of help.

    It is written anew from what the gate let through, never from the bytes that came: nothing else that was in the file, seen or
    unseen, goes back or is kept. Of a refused file only the answer is written. The same submission gives the same bytes.
    """
    language = submission.language
    sheets = sent(screened, partnership, language)
    told, marks = lay(submission, sheets, language, tell)
    book = Workbook()
    write_answer(book.worksheets[0], submission, told, partnership, has_taken=any(one.taken for one in marks))
    pages = [book.create_sheet(sheet.name) for sheet in sheets]
    reasons = write_help(book.create_sheet(HELP), _help(screened, submission, sheets, partnership), partnership, language) if sheets else ""
    change = {}
    for number, (page, sheet, own) in enumerate(zip(pages, sheets, marks, strict=True), start=2):
        change[f"xl/worksheets/sheet{number}.xml"] = _write(page, sheet, own, language, reasons).spliced
    moment = datetime.fromisoformat(submission.received_at).replace(tzinfo=None)
    title = f"{submission.partner} {submission.number}"
    return package(book, creator=partnership.organisation.name[language], title=title, moment=moment, change=change)


def _write(page: Worksheet, sheet: Sent, marks: Marks, language: str, reasons: str) -> Bulk:
    """Write the headings and the marked cells; the rows themselves are left to be spliced in."""
    wardrobe, grid = Wardrobe(), sheet.grid
    head(page, grid, language, wardrobe)
    widths = fit(page, grid, _longest(sheet), language)
    columns = {letter: name for name, letter in grid.letters.items()}
    for (number, letter), told in marks.cells.items():
        ranked = sorted(told, key=lambda one: ORDER.index(one.tier))
        name = columns.get(letter, "")
        cell = page[f"{letter}{number}"]
        if number > grid.header_row:
            put(cell, sheet.rows.get(number, {}).get(name))
        wardrobe.dress(cell, tinted(grid.coat(name) if number > grid.header_row else HEAD, ranked[0].tier))
        cell.comment = _comment(ranked, language)
    behave(page, grid, language, reasons=reasons)
    letters = {name: grid.letters[name] for name in order(grid.letters)}
    plain = {letter: wardrobe.number(page, grid.coat(name)) for name, letter in letters.items()}
    measure = grid.contract.measure or ""
    taken = plain | {letters[measure]: wardrobe.number(page, tinted(grid.coat(measure), "taken"))}
    heights = {number: _height(row, widths) for number, row in sheet.rows.items()}
    return Bulk(letters, sheet.rows, heights, {number: taken if number in marks.taken else plain for number in sheet.rows})


def _longest(sheet: Sent) -> dict[str, int]:
    return {name: max((len(str(row.get(name) or "")) for row in sheet.rows.values()), default=0) for name in sheet.grid.letters}


def _height(row: Mapping[str, Any], widths: dict[str, int]) -> float:
    return height_of(max((_lines(str(row.get(name) or ""), width) for name, width in widths.items()), default=1))


@lru_cache(maxsize=4096)
def _lines(text: str, width: int) -> int:
    return lines_of(text, width)


def _comment(told: Sequence[Told], language: str) -> Comment:
    """All that is told of a cell, the gravest first."""
    words = expectations.words("workbook", language)
    texts = [
        words["answer"]["comment"].format(
            tier=f"{TINTS[one.tier].sign} {words['tiers'][one.tier]}", found=one.found, expected=one.expected, fix=one.fix
        )
        for one in told
    ]
    text = ILLEGAL_CHARACTERS_RE.sub("\ufffd", "\n\n".join(texts))[:LONGEST_COMMENT]
    return Comment(text, AUTHOR, height=min(600, 26 + 17 * lines_of(text, 52)), width=380)


def _help(screened: Screened, submission: Submission, sheets: Sequence[Sent], partnership: Partnership) -> Help:
    """The page of help of the last period that was sent, with the metrics that stand in the sheets."""
    spoken = [period for sheet in screened.sheets for period in sheet.periods if is_period(period)]
    period = max(spoken, key=lambda code: periods.parse(code).end) if spoken else ""
    known = Catalogue(partnership, submission.language).at(period)
    codes = dict.fromkeys(str(row.get("metric", "")) for sheet in sheets for row in sheet.rows.values())
    chosen: tuple[Metric, ...] = tuple(known[code] for code in codes if code in known)
    member = members(partnership, periods.parse(period)).get(submission.partner) if period else None
    name = member.name(submission.language) if member else submission.partner
    return Help(submission.partner, name, period, due_on(partnership, period) if period else None, tuple(s.name for s in sheets), chosen)
