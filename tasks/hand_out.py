"""Hand out the workbooks of a period: one for each partner that owes something, with a page of its own numbers so far, sent once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from expectations.partnership import Partnership
from sql import periods
from tasks.due import members, owed, refuse_strangers
from tasks.give_back import NothingToGive, give_back
from tasks.letters import template_letter
from tasks.outbox import Attached, outbox, was_put, write_whole
from tasks.template import template


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A partner's workbook: where it lies, how many numbers it asks for, and whether its letter was put into the outbox now.

    `page` is the partner's own numbers over time, beside the group's; empty where it has reported nothing before.
    """

    partner: str
    period: str
    file: str
    metrics: int
    is_put: bool
    why_not: str
    page: str = ""


def hand_out(partnership: Partnership, period: str, *, partners: Sequence[str] = (), dry_run: bool, again: str = "") -> list[HandedOut]:
    """Make the workbooks of a period in `templates/<period>/` and put them into the outbox; with `dry_run` only make them.

    A workbook is sent once; `again` (a word such as the day) sends it another time. `Misuse` for a partner that owes nothing.
    """
    debts = {debt.partner: debt for debt in owed(partnership, period)}
    refuse_strangers(partners, period, debts)
    there = members(partnership, periods.parse(period))
    made = []
    for partner, debt in debts.items():
        if partners and partner not in partners:
            continue
        member = there[partner]
        book = template(partnership, partner, period)
        path = partnership.home / "templates" / period / book.name
        write_whole(path, book.data)
        own = page_of(partnership, partner, before(period))
        files = [Attached(book.name, book.data), *own]
        letter = template_letter(member, period, debt.due_on, len(debt.metrics), partnership, files, again=again)
        why_not = "" if member.contact else "there is no address in registers/members.csv"
        why_not = why_not or ("it was sent already" if was_put(partnership, letter.key) else "")
        is_put = not why_not and not dry_run and outbox(letter, partnership)
        page = str(partnership.home / "answers" / partner / own[0].name) if own else ""
        made.append(HandedOut(partner, period, str(path), len(debt.metrics), is_put, why_not, page))
    return made


def page_of(partnership: Partnership, partner: str, period: str) -> list[Attached]:
    """The page of a partner's own numbers up to a period, put into `answers/<partner>/`; nothing where it has reported none."""
    try:
        leaf = give_back(partnership, partner, period)
    except NothingToGive:
        return []
    page = Attached(f"{leaf.name}.pdf", leaf.pdf)
    write_whole(partnership.home / "answers" / partner / page.name, page.data)
    write_whole(partnership.home / "answers" / partner / f"{leaf.name}.html", leaf.html.encode())
    return [page]


def before(period: str) -> str:
    """The quarter before a quarter.

    >>> before("2026-Q1")
    '2025-Q4'
    """
    year, quarter = (int(part) for part in period.split("-Q"))
    return f"{year - (quarter == 1)}-Q{(quarter - 2) % 4 + 1}"
