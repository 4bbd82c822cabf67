"""Compose a brief: its text and the protected figures become a draft, in every language or not at all.

Strict: an unknown indicator, a number bound to nothing, a withheld or stale figure, mixed periods or a missing translation
stops this brief and names the place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import briefs
import sql
from briefs import Brief, BriefBroken, Part
from expectations.partnership import Partnership
from sql import warehouse
from tasks.compose import annex, licence, sources
from tasks.compose.blocks import Blocks, Setting
from tasks.compose.breaks import refuse_unmatched
from tasks.compose.draft import Block, BlockRow, Draft, Masthead, Sheet
from tasks.compose.figures import REFERENCE, Book, Reference, references
from tasks.compose.language import Language
from tasks.compose.text import Text
from tasks.protect import ProtectedFigure

__all__ = ["Draft", "compose", "indicators_of"]


@dataclass(frozen=True, slots=True)
class Office:
    """Whom a brief is addressed to: an office, never a person."""

    office: str
    name: dict[str, str]
    languages: tuple[str, ...]


def indicators_of(name: str, partnership: Partnership) -> set[str]:
    """The indicators a brief names, in any of its languages."""
    versions = briefs.read(name, partnership.home / "briefs").values()
    in_text = {indicator for brief in versions for indicator in references(brief.source)}
    return in_text | {indicator for brief in versions for part in brief.parts for indicator in _charted(part.data)}


def _charted(data: Any) -> Iterator[str]:
    """The indicators that charts name under `indicator`."""
    if isinstance(data, list):
        for item in data:
            yield from _charted(item)
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from [str(value)] if key == "indicator" else _charted(value)


def compose(
    name: str, office: Office, figures: list[ProtectedFigure], partnership: Partnership, *, edition: date, approved: bool = False
) -> list[Draft]:
    """Drafts of a brief for one office, one per language of its header."""
    versions = briefs.read(name, partnership.home / "briefs")
    languages = next(iter(versions.values())).header.languages
    drafts = [_draft(versions[language], office, figures, partnership, edition, approved) for language in languages]
    _same_figures(drafts)
    return drafts


def _draft(brief: Brief, office: Office, figures: list[ProtectedFigure], partnership: Partnership, edition: date, approved: bool) -> Draft:
    language = Language(brief.language, briefs.words(brief.language, partnership.home / "briefs"))
    book = Book(partnership, sql.read_all(partnership.home / "sql"), edition)
    book.add(figures)
    text = Text(book, language, brief.file)
    stem = f"{brief.name}.{office.office}.{edition.isoformat()}"
    organisation = partnership.organisation
    header = text.where(1, "header")
    name, plan, approver = (text.plain(said, header) for said in (brief.header.title, brief.header.plan, brief.header.approver))
    title = text.inline(brief.headline, text.where(brief.lines[0], "headline"))
    lede = text.inline(brief.lede, text.where(brief.lines[1], "lede"))
    together = [Reference.of(match) for match in REFERENCE.finditer(f"{brief.headline} {brief.lede}")]
    refuse_unmatched([(reference, book.find(reference, header)) for reference in together], text.where(brief.lines[0], "headline"))
    blocks = Blocks(text, _setting(partnership, stem, language))
    about = _LastOf(brief)
    first, second = (_sheet(sheet, blocks, text, about) for sheet in brief.sheets)
    box = sources.about(text, text.where(about.part.line, "about"), approver=approver, name=stem, edition=edition)
    second = _with_about(second, box)
    book.check_ranges()
    licence.refuse(book)
    words = language.words
    day = language.day(edition)
    with warehouse.reader(partnership.home).connect() as connection:
        head = {"brief": brief.name, "office": office.office, "language": brief.language, "edition": edition.isoformat()}
        attachments = (
            annex.data(text, f"{stem}.{brief.language}"),
            annex.provenance(text, connection, f"{stem}.{brief.language}", **head),
        )
    is_sample = partnership.sample or any(figure.is_sample for figure in book.used.values())
    return Draft(
        name=stem,
        language=brief.language,
        edition_date=edition.isoformat(),
        flags=(*(["SAMPLE"] if is_sample else []), *([] if approved else ["DRAFT"])),
        masthead=Masthead(
            organisation=organisation.name[brief.language],
            serial=words["serial"].format(title=name, date=day),
            addressee=words["for_office"].format(office=office.name[brief.language]),
            supports=words["supports"].format(plan=plan),
        ),
        title=title,
        lede=lede,
        sheets=(first, second),
        footer=words["footer"].format(organisation=organisation.name[brief.language], title=name, date=day),
        words={key: value for key, value in words.items() if isinstance(value, str)},
        claims=tuple(book.claims),
        attachments=attachments,
        text_sha256=hashlib.sha256(brief.source.encode()).hexdigest(),
    )


class _LastOf:
    """Where the box about the numbers stands: the last part of the second page."""

    def __init__(self, brief: Brief) -> None:
        last = brief.sheets[1][-1] if brief.sheets[1] else None
        if last is None or last.kind != "about":
            raise BriefBroken(f"{brief.file}: the second page ends with an empty block ```about```")
        self.part = last


def _setting(partnership: Partnership, stem: str, language: Language) -> Setting:
    link = f"{partnership.organisation.web}/{stem}.{language.code}.html"
    return Setting(link, link.removeprefix("https://"), partnership.organisation.contact[language.code])


def _sheet(parts: tuple[Part, ...], blocks: Blocks, text: Text, about: _LastOf) -> Sheet:
    """Parts in a row as they stand: main with side, left with right, the rest across the page."""
    rows: list[BlockRow] = []
    columns: dict[str, list[Block]] = {}

    def close() -> None:
        for one, other, layout in (("main", "side", "main-side"), ("left", "right", "halves")):
            if one in columns or other in columns:
                rows.append(BlockRow(layout, (tuple(columns.pop(one, [])), tuple(columns.pop(other, [])))))

    for part in parts:
        if part is about.part:
            continue
        block = blocks.block(part)
        pair = {"main": "main", "side": "main", "left": "left", "right": "left"}.get(part.place)
        if columns and (pair is None or ("main" in columns or "side" in columns) != (pair == "main")):
            close()
        if pair is None:
            rows.append(BlockRow("full", ((block,),)))
        else:
            columns.setdefault(part.place, []).append(block)
    close()
    return Sheet(tuple(rows))


def _with_about(sheet: Sheet, box: Block) -> Sheet:
    return Sheet((*sheet.rows, BlockRow("full", ((box,),))))


def _same_figures(drafts: list[Draft]) -> None:
    """Every language prints the same figures; a number missing in one holds all."""
    sets = {draft.language: {claim.figure for claim in draft.claims} for draft in drafts}
    everything = set().union(*sets.values())
    for language, figures in sets.items():
        missing = sorted(everything - figures)
        if missing:
            raise BriefBroken(
                f"The {language} text does not print {missing[0]}, which another language does; translate it, then all are released."
            )
