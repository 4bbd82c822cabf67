"""Give back: a partner's own numbers over time, beside what may be said of the group, on one page for that partner alone."""

from __future__ import annotations

from typing import Any

from expectations.partnership import Partnership
from sql import clock, periods
from tasks.give_back.asked import Asked, NothingToGive, ask, consents
from tasks.give_back.rows import legend, on_time, quarter, row
from tasks.render.density import DoesNotFit
from tasks.render.leaf import Leaf, make_leaf
from tasks.voice import members

# A page holds some twenty numbers; of a partner that reports more, so many are shown and the rest is counted.
FEWER = (16, 13, 10, 7)

__all__ = ["Leaf", "NothingToGive", "give_back"]


def give_back(partnership: Partnership, partner: str, period: str, *, language: str = "") -> Leaf:
    """The page of a partner up to a period, in its own language or the one named; `NothingToGive` where it has reported nothing."""
    asked = ask(partnership, partner, period, language)
    voice, day = asked.voice, clock.today()
    end = voice.language.month(periods.parse(period).end)
    said = {"period": voice.language.period(period), "month": end, "partner": voice.partner, "date": voice.language.day(day)}
    rows = [row(metric, asked) for metric in asked.metrics]
    for most in (len(rows), *FEWER):
        try:
            return _leaf(asked, partnership, said, rows[:most], left=len(rows[most:]))
        except DoesNotFit:
            if most == FEWER[-1]:
                raise
    raise AssertionError("the last of FEWER fits or was raised")


def _leaf(asked: Asked, partnership: Partnership, said: dict[str, str], rows: list[dict[str, Any]], *, left: int) -> Leaf:
    """The page with these rows; `left` counts those that have no room on it."""
    voice, words, day = asked.voice, asked.voice.words, clock.today()
    partner, period = asked.partner, asked.period
    subtitle = words["table"]["subtitle"].format(first=voice.language.period_short(asked.codes[0]), period=said["period"])
    return make_leaf(
        "give_back.html",
        name=f"give-back-{partner}-{period}",
        title=words["title"].format(**said),
        language=voice.code,
        day=day.isoformat(),
        author=voice.organisation,
        most=1,
        must_fit=True,
        words=words,
        head={
            "organisation": voice.organisation,
            "serial": words["serial"].format(**said),
            "addressee": words["addressee"].format(**said),
            "aside": words["aside"],
            "flag": voice.sample if partnership.sample or any(one.figure.is_sample for one in asked.group.values()) else "",
            "footer": words["footer"].format(**said, organisation=voice.organisation),
            "page": voice.language.words["page"],
        },
        thanks=_thanks(asked, said["period"]),
        quarters=[quarter(code, voice) for code in asked.codes],
        subtitle=" ".join([subtitle, *([words["table"]["more"].format(n=left)] if left else [])]),
        rows=rows,
        legend=legend(rows, voice),
        named=_named(asked, partnership),
        questions=words["questions"].format(contact=voice.contact),
    )


def _thanks(asked: Asked, period: str) -> list[str]:
    """What was sent for the period, and how many reported in all."""
    words = asked.voice.words
    owed = [metric for metric in asked.metrics if asked.partner in asked.known.asked.get((metric, asked.period), set())]
    sent = [metric for metric in owed if _is_sent(metric, asked.period, asked)]
    key = "sent" if sent else "none" if owed else "nothing_owed"
    told = [words["thanks"][key].format(period=period, sent=len(sent), owed=len(owed))]
    reporters = [standing for standing in asked.standings.values() if standing.answered]
    if reporters:
        punctual = on_time(reporters)
        said = {"reporters": len(reporters), "expected": len(asked.standings), "period": period, "on_time": punctual}
        told.append(words["coverage" if punctual is None else "coverage_on_time"].format(**said))
    return told


def _is_sent(metric: str, code: str, asked: Asked) -> bool:
    return asked.partner in asked.known.values.get((metric, code), {}) or (metric, code) in asked.known.not_collected


def _named(asked: Asked, partnership: Partnership) -> str:
    """The other partners that reported and agreed to be named, in the order of their names; nobody else is."""
    agreed = {row["partner"] for row in consents(partnership, "name") if row["metric"] == "all"} - {asked.partner}
    names = {row["partner"]: row[f"name_{asked.voice.code}"] for row in members(partnership)}
    told = sorted(names[code] for code in agreed if code in names and code in asked.standings and asked.standings[code].answered)
    return str(asked.voice.words["named"]).format(names=", ".join(told)) if told else ""
