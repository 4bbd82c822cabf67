"""The sheet `answer`: the result in words, when, which version, what to do now, and a table of what was found, place first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

import expectations
from expectations.partnership import Partnership
from sql import periods
from tasks.answer.marks import Told
from tasks.answer.tiers import ORDER, TINTS, tinted
from tasks.conclude import Submission
from tasks.due import members
from tasks.template.asked import TOGETHER, Catalogue, spoken
from tasks.template.coat import ALARM, CELL, LINK, SECTION, STRONG, TITLE
from tasks.template.page import day
from tasks.template.paper import Paper

NAME = "answer"
WIDTHS = {"A": 20, "B": 12, "C": 46, "D": 36, "E": 46, "F": 17}
# More than this nobody reads; every finding is marked in its own cell besides.
MOST = 500


def write_answer(sheet: Worksheet, submission: Submission, told: Sequence[Told], partnership: Partnership, *, has_taken: bool) -> None:
    """Write the first sheet of a marked workbook."""
    sheet.title = NAME
    page = _Page(sheet, submission, partnership)
    page.opening()
    page.facts()
    page.next_step()
    page.findings(told)
    page.differences()
    page.legend(dict.fromkeys(one.tier for one in told), has_taken)


class _Page:
    """The sections of the sheet, from top to bottom."""

    def __init__(self, sheet: Worksheet, submission: Submission, partnership: Partnership) -> None:
        self.submission, self.partnership = submission, partnership
        self.language = submission.language
        self.words: dict[str, Any] = expectations.words("workbook", self.language)
        self.said: dict[str, Any] = self.words["answer"]
        self.catalogue = Catalogue(partnership, self.language)
        self.paper = Paper(sheet, WIDTHS)

    def opening(self) -> None:
        self.paper.wide(self.said["title"], TITLE)
        spoken = sorted({part.period for part in self.submission.parts})
        known = members(self.partnership, periods.parse(spoken[-1])) if spoken else {}
        member = known.get(self.submission.partner)
        name = member.name(self.language) if member else self.submission.partner
        self.paper.wide(self.said["about"].format(partner=name, period=", ".join(spoken)).strip(" ·"), SECTION)
        if self.submission.is_sample:
            self.paper.wide(self.words["help"]["sample"], ALARM)

    def facts(self) -> None:
        parts = self.submission.parts
        counted = self.said["taken_of"].format(taken=self.submission.taken, rows=self.submission.rows)
        held = self.said["waiting"].format(waiting=self.submission.waiting)
        self._fact(self.said["state"], self.words["states"][self.submission.state], is_strong=True)
        self._fact(self.said["received"], self._moment(self.submission.received_at))
        for period in sorted({part.period for part in parts}):
            own = [part for part in parts if part.period == period]
            same = max(part.same_as for part in own) if all(part.same_as for part in own) else 0
            text = self.said["version_of"].format(version=max(part.version for part in own), period=period)
            self._fact(self.said["version"], text + (", " + self.said["same_as"].format(version=same) if same else ""))
        if self.submission.is_kept:
            self._fact(self.said["taken"], counted + (f"; {held}" if self.submission.waiting else ""))

    def next_step(self) -> None:
        self.paper.section(self.said["next_title"])
        self.paper.wide(self.said["next"][self.submission.state].format(**self.words["tiers"]))

    def findings(self, told: Sequence[Told]) -> None:
        self.paper.section(self.said["findings_title"])
        if not told:
            self.paper.wide(self.said["no_findings"])
            return
        self.paper.line(self.said["findings_head"], is_head=True)
        for one in told[:MOST]:
            kind = f"{TINTS[one.tier].sign} {self.words['tiers'][one.tier]}"
            coats = {5: tinted(CELL, one.tier)} | ({0: LINK} if one.cells else {})
            first, *_ = self.paper.line([self._where(one), one.period, self._message(one), one.expected, one.fix, kind], coats)
            if one.cells:
                first.hyperlink = Hyperlink(ref=first.coordinate, location=f"'{one.sheet}'!{one.cells[0]}")
        if len(told) > MOST:
            self.paper.wide(self.said["left_out"].format(count=len(told) - MOST))

    def differences(self) -> None:
        found = [difference for part in self.submission.parts for difference in part.differences]
        if not found:
            return
        self.paper.section(self.said["differences_title"])
        what, *heads = self.said["differences_head"]
        self.paper.line([self.words["columns"]["metric"], heads[0], what, heads[1], heads[2]], is_head=True)
        dimensions = {contract.name: contract.dimensions for contract in self.partnership.contracts()}
        for one in found[:MOST]:
            named = dict(zip(dimensions.get(one.contract, []), one.series, strict=False))
            was, now = one.was or self.said["not_there"], one.now or self.said["stays"]
            self.paper.line([named.get("metric", ""), one.period, self._name(named, one.period), was, now])
        if len(found) > MOST:
            self.paper.wide(self.said["differences_left_out"].format(count=len(found) - MOST))

    def _name(self, named: dict[str, str], period: str) -> str:
        metric = self.catalogue.at(period).get(named.get("metric", ""))
        split = {column: code for column, code in named.items() if column not in ("partner", "metric") and code != TOGETHER}
        rest = [str(text) for text in spoken(split, language=self.language).values()]
        return ", ".join([*([metric.name] if metric else []), *rest])

    def legend(self, tiers: Sequence[str] | dict[str, None], has_taken: bool) -> None:
        shown = [tier for tier in ORDER if tier in tiers or (tier == "taken" and has_taken)]
        if not shown:
            return
        self.paper.section(self.said["legend_title"])
        for tier in shown:
            name = self.words["tiers"].get(tier, self.said["taken_short"])
            self.paper.line([f"{TINTS[tier].sign} {name}", self.said["legend"][tier]], {0: tinted(CELL, tier)}, joins="B")

    def _where(self, one: Told) -> str:
        if not one.cells:
            return one.place or str(self.said["whole_file"])
        return f"{one.sheet}!{one.cells[0]}" + (f" (+{one.rows - 1})" if one.rows > 1 else "")

    def _message(self, one: Told) -> str:
        """What we read, and in which rows where it is read in several."""
        if not one.cells or one.rows < 2:
            return one.found
        rows = ", ".join(cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for cell in one.cells)
        more = one.rows - len(one.cells)
        return str(self.said["in_rows"]).format(
            found=one.found, rows=rows + (" " + self.said["more"].format(count=more) if more > 0 else "")
        )

    def _moment(self, stamp: str) -> str:
        zone = self.partnership.time_zone
        local = datetime.fromisoformat(stamp).astimezone(ZoneInfo(zone))
        time = format_datetime(local, self.words["time"], locale=self.language)
        return str(self.said["received_at"].format(date=day(local.date(), self.language), time=time, zone=zone.rpartition("/")[2]))

    def _fact(self, what: str, said: str, *, is_strong: bool = False) -> None:
        self.paper.line([what, said], {0: STRONG, 1: STRONG if is_strong else CELL}, joins="B")
