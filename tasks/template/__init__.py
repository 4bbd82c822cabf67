"""Make a partner's template: its own metrics of a period, what it gave before beside them, and a page of help."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

import expectations
from expectations import ContractBroken
from expectations.partnership import Partnership
from sql import periods
from tasks import Misuse
from tasks.due import Member, Owed, members, owed
from tasks.template.asked import Asked, asked
from tasks.template.coat import Wardrobe
from tasks.template.look import Grid, behave, fit, head, height_of, labels_of, lines_of, row_cells
from tasks.template.package import package
from tasks.template.page import NAME, Help, write_help

__all__ = ["Template", "template", "template_csv"]


@dataclass(frozen=True, slots=True)
class Template:
    """A workbook to be filled in: whose, for which period, in which language, what the file is called."""

    partner: str
    period: str
    language: str
    name: str
    data: bytes = field(repr=False)
    rows: int


def template(partnership: Partnership, partner: str, period: str, *, language: str = "") -> Template:
    """The workbook of one partner and period: only what it owes, in its own language (or the one given); same input, same bytes."""
    member, debt, tongue = _whose(partnership, partner, period, language)
    sheets = asked(partnership, debt, tongue)
    book = Workbook()
    book.remove(book.worksheets[0])
    pages = [(book.create_sheet(one.contract.layout.sheet or one.contract.name), one) for one in sheets]
    titles = tuple(page.title for page, _ in pages)
    catalogue = tuple(metric for one in sheets for metric in one.metrics)
    about = Help(partner, member.name(tongue), period, debt.due_on, titles, catalogue)
    reasons = write_help(book.create_sheet(NAME), about, partnership, tongue)
    for page, one in pages:
        write_data(page, one, tongue, reasons)
    creator = partnership.organisation.name[tongue]
    moment = datetime.combine(periods.parse(period).end, time(), UTC).replace(tzinfo=None)
    data = package(book, creator=creator, title=f"{partner} {period}", moment=moment)
    return Template(partner, period, tongue, f"{partner}-{period}.xlsx", data, sum(len(one.rows) for one in sheets))


def template_csv(partnership: Partnership, partner: str, period: str, *, language: str = "") -> dict[str, str]:
    """The same rows and columns as text (CSV), by table."""
    _, debt, tongue = _whose(partnership, partner, period, language)
    labels = labels_of(tongue)
    found = {}
    for one in asked(partnership, debt, tongue):
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([labels.get(name, name) for name in one.columns])
        writer.writerows([["" if row.get(name) is None else row.get(name) for name in one.columns] for row in one.rows])
        found[one.contract.name] = out.getvalue()
    return found


def write_data(sheet: Worksheet, one: Asked, language: str, reasons: str) -> None:
    """A data sheet: the headings, a row for each number that is asked, and what may be written where."""
    grid = Grid(one.contract, dict(zip(one.columns, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", strict=False)), 1, len(one.rows) + 1)
    wardrobe = Wardrobe()
    head(sheet, grid, language, wardrobe)
    longest = {name: max((len(str(row.get(name) or "")) for row in one.rows), default=0) for name in one.columns}
    widths = fit(sheet, grid, longest, language)
    for number, row in enumerate(one.rows, start=grid.first_row):
        row_cells(sheet, grid, number, row, wardrobe)
        lines = max(lines_of(str(row.get(name) or ""), widths[name]) for name in one.columns)
        sheet.row_dimensions[number].height = height_of(lines)
    behave(sheet, grid, language, reasons=reasons)


def _whose(partnership: Partnership, partner: str, period: str, language: str) -> tuple[Member, Owed, str]:
    """The member, what it owes, and the language of its workbook; `Misuse` says why there is nothing to make."""
    try:
        span = periods.parse(period)
    except ValueError as error:
        raise Misuse(f"Template: {error}. Write the period as 2026-Q3.") from error
    there = members(partnership, span)
    if partner not in there:
        raise Misuse(
            f"Template: {partner!r} is no member in {period}. Members then: {', '.join(sorted(there)) or 'none'} (registers/members.csv)."
        )
    debts = {debt.partner: debt for debt in owed(partnership, period)}
    if partner not in debts:
        raise Misuse(f"Template: {partner} reports nothing in {period}. What it reports stands in registers/reporting.csv.")
    tongue = language or there[partner].language
    try:
        expectations.words("workbook", tongue)
    except ContractBroken as error:
        raise Misuse(f"Template: {error}") from error
    return there[partner], debts[partner], tongue
