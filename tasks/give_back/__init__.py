"""Give back: a partner's own numbers over time, beside what may be said of the group, on one page for that partner alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import sql
from expectations import catalogue, places
from expectations.catalogue import Metric
from expectations.partnership import Partnership
from sql import clock, periods
from tasks import Misuse
from tasks.draw import ChartData, Point, Series, draw
from tasks.due import Standing, standings
from tasks.give_back.insider import Beside, Key, beside
from tasks.give_back.known import Known, known
from tasks.measure import measure
from tasks.render.leaf import Leaf, make_leaf
from tasks.voice import Voice, members, speak

__all__ = ["Leaf", "give_back"]

MOST_PERIODS = 8
LINE = (29.0, 7.0)  # mm of a partner's line
TOTAL = "partner_total"


@dataclass(frozen=True, slots=True)
class _Asked:
    """The page that is asked for: whose, up to which period, over which periods, and what is known."""

    partner: str
    codes: tuple[str, ...]
    metrics: tuple[str, ...]
    known: Known
    group: dict[Key, Beside]
    totals: frozenset[str]
    standings: dict[str, Standing]
    versions: dict[Key, Metric]
    voice: Voice

    @property
    def period(self) -> str:
        return self.codes[-1]


def give_back(partnership: Partnership, partner: str, period: str, *, language: str = "") -> Leaf:
    """The page of a partner up to a period, in its own language or the one named; `Misuse` when there is nothing to give back."""
    asked = _asked(partnership, partner, period, language)
    voice, words, day = asked.voice, asked.voice.words, clock.today()
    end = voice.language.month(periods.parse(period).end)
    said = {"period": voice.language.period(period), "month": end, "partner": voice.partner, "date": voice.language.day(day)}
    rows = [_row(metric, asked) for metric in asked.metrics]
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
        quarters=[_quarter(code, voice) for code in asked.codes],
        subtitle=words["table"]["subtitle"].format(first=voice.language.period_short(asked.codes[0]), period=said["period"]),
        rows=rows,
        legend=_legend(rows, voice),
        named=_named(asked, partnership),
        questions=words["questions"].format(contact=voice.contact),
    )


def _asked(partnership: Partnership, partner: str, period: str, language: str) -> _Asked:
    """Everything the page is made of, read once."""
    _check(partnership, partner, period, language)
    voice = speak("give_back", partnership, partner=partner, wished=language, insists=bool(language))
    found = known(partnership, partner)
    own = {key for key, names in found.asked.items() if partner in names} | {
        key for key, numbers in found.values.items() if partner in numbers
    }
    last = periods.parse(period)
    codes = sorted({code for _, code in own if periods.parse(code).end <= last.end} | {period}, key=lambda code: periods.parse(code).start)
    codes = [code for code in codes if periods.parse(code).frequency == last.frequency][-MOST_PERIODS:]
    metrics = [metric for metric in _order(partnership) if any((metric, code) in own for code in codes)]
    if not any(partner in found.values.get(key, {}) or key in found.not_collected for key in product(metrics, codes)):
        raise Misuse(f"{partner} has sent nothing up to {period}: there is nothing to give back yet.")
    totals = _totals(partnership) & set(metrics)
    figures = [figure for figure in measure(partnership, totals) if figure.place == partnership.place and figure.period in codes]
    return _Asked(
        partner,
        tuple(codes),
        tuple(metrics),
        found,
        beside(figures, found.values, partner=partner, open_handed=_open_handed(partnership), partnership=partnership),
        frozenset(totals),
        {standing.owed.partner: standing for standing in standings(partnership, period)},
        _versions(partnership, codes),
        voice,
    )


def _check(partnership: Partnership, partner: str, period: str, language: str) -> None:
    if partner not in (there := sorted(row["partner"] for row in members(partnership))):
        raise Misuse(f"There is no partner {partner!r} in registers/members.csv. There are: {', '.join(there) or 'none'}.")
    if language and language not in partnership.languages:
        raise Misuse(f"The partnership does not speak {language!r}. It speaks: {', '.join(partnership.languages)}.")
    try:
        periods.parse(period)
    except ValueError as error:
        raise Misuse(f"{error}: write a period such as 2026-Q3.") from error


def _order(partnership: Partnership) -> list[str]:
    """The metrics in the order of the register, which is that of the workbook."""
    path = partnership.home / "registers" / "metrics.csv"
    return list(dict.fromkeys(row["metric"] for row in places.rows(path, "metric")))


def _totals(partnership: Partnership) -> frozenset[str]:
    """The metrics of which the partnership makes a total: those with an indicator of their name over the totals of partners."""
    queries = sql.read_all(partnership.home / "sql")
    return frozenset(
        name for name, query in queries.items() if query.is_indicator and TOTAL in query.reads and query.indicator.kind != "ratio"
    )


def _versions(partnership: Partnership, codes: Sequence[str]) -> dict[Key, Metric]:
    """By metric and period the definition in force at its end."""
    definitions = catalogue.read(partnership.home)
    found: dict[Key, Metric] = {}
    for code in codes:
        end = periods.parse(code).end
        found |= {(metric, code): one for metric, one in catalogue.in_force(definitions, end, end).items()}
    return found


def _open_handed(partnership: Partnership) -> set[Key]:
    """The metrics and partners that agreed today to have their own numbers shown."""
    agreed = _consents(partnership, "own_numbers")
    return {(metric, row["partner"]) for row in agreed for metric in (_order(partnership) if row["metric"] == "all" else [row["metric"]])}


def _consents(partnership: Partnership, shows: str) -> list[dict[str, str]]:
    path, today = partnership.home / "registers" / "consents.csv", clock.today().isoformat()
    rows = places.rows(path, "partner", "metric", "shows", "from", "to") if path.is_file() else []
    return [row for row in rows if row["shows"] == shows and row["from"] <= today and (not row["to"] or today <= row["to"])]


def _named(asked: _Asked, partnership: Partnership) -> str:
    """The other partners that reported and agreed to be named, in the order of their names; nobody else is."""
    agreed = {row["partner"] for row in _consents(partnership, "name") if row["metric"] == "all"} - {asked.partner}
    names = {row["partner"]: row[f"name_{asked.voice.code}"] for row in members(partnership)}
    told = sorted(names[code] for code in agreed if code in names and code in asked.standings and asked.standings[code].answered)
    return str(asked.voice.words["named"]).format(names=", ".join(told)) if told else ""


def _thanks(asked: _Asked, period: str) -> list[str]:
    """What was sent for the period, and how many reported in all."""
    words = asked.voice.words
    owed = [metric for metric in asked.metrics if asked.partner in asked.known.asked.get((metric, asked.period), set())]
    sent = [metric for metric in owed if _is_sent(metric, asked.period, asked)]
    key = "sent" if sent else "none" if owed else "nothing_owed"
    told = [words["thanks"][key].format(period=period, sent=len(sent), owed=len(owed))]
    reporters = [standing for standing in asked.standings.values() if standing.answered]
    if reporters:
        on_time = _on_time(reporters)
        said = {"reporters": len(reporters), "expected": len(asked.standings), "period": period, "on_time": on_time}
        told.append(words["coverage" if on_time is None else "coverage_on_time"].format(**said))
    return told


def _on_time(reporters: Sequence[Standing]) -> int | None:
    """How many reported on time; None where nobody did, that is not known of all, or nothing was due."""
    if not reporters or any(standing.owed.due_on is None or not standing.received_at for standing in reporters):
        return None
    return sum(standing.is_on_time for standing in reporters)


def _is_sent(metric: str, code: str, asked: _Asked) -> bool:
    return asked.partner in asked.known.values.get((metric, code), {}) or (metric, code) in asked.known.not_collected


def _quarter(code: str, voice: Voice) -> str:
    span = periods.parse(code)
    return voice.words["table"]["quarter"].format(year=span.year, quarter=span.quarter) if span.frequency == "quarterly" else code


def _row(metric: str, asked: _Asked) -> dict[str, Any]:
    """One metric: the partner's own numbers and line, and the group's numbers with the words for the last of them."""
    own = [asked.known.values.get((metric, code), {}).get(asked.partner) for code in asked.codes]
    shown = [_shown(metric, code, value, asked) for code, value in zip(asked.codes, own, strict=True)]
    group = [asked.group.get((metric, code)) for code in asked.codes]
    return {
        "name": asked.voice.metrics.get(metric, metric),
        "own": shown,
        "marks": [_own_mark(metric, code, asked) for code, value in zip(asked.codes, own, strict=True) if value is None],
        "line": _line(metric, own, shown, asked),
        "group": [_group(one, asked.voice) for one in group] if metric in asked.totals else [],
        "whys": [one.why for one in group if one and one.why],
        "told": _told(metric, group[-1], asked),
    }


def _shown(metric: str, code: str, value: float | None, asked: _Asked) -> str:
    if value is not None:
        return asked.voice.language.number(value)
    return str(asked.voice.words["marks"][_own_mark(metric, code, asked)])


def _own_mark(metric: str, code: str, asked: _Asked) -> str:
    """Why there is no number of the partner's own: three different things."""
    if (metric, code) in asked.known.not_collected:
        return "not_collected"
    return "not_sent" if asked.partner in asked.known.asked.get((metric, code), set()) else "not_asked"


def _group(one: Beside | None, voice: Voice) -> str:
    if one is None:
        return ".."
    if one.is_shown:
        return voice.language.figure(one.figure)
    return str(voice.words["marks"]["withheld"]) if one.why == "others" else one.figure.mark


def _told(metric: str, last: Beside | None, asked: _Asked) -> list[str]:
    """Who reported for the last period, why its total is withheld, and where the definition changed."""
    words = asked.voice.words
    told = []
    if last is not None and last.figure.expected:
        names = set(asked.known.values.get((metric, asked.period), {}))
        on_time = _on_time([asked.standings[name] for name in names if name in asked.standings]) if names <= set(asked.standings) else None
        said = {"reporters": last.figure.reporters or 0, "expected": last.figure.expected, "on_time": on_time}
        told.append(words["table"]["of" if on_time is None else "of_on_time"].format(**said))
    if last is not None and last.why:
        told.append(words["why"][last.why])
    told += [words["table"]["new_definition"].format(period=_quarter(asked.codes[at], asked.voice)) for at in _breaks(metric, asked)]
    return told


def _breaks(metric: str, asked: _Asked) -> tuple[int, ...]:
    """The positions of the periods that have another definition than the period before."""
    versions = [one.version if (one := asked.versions.get((metric, code))) else None for code in asked.codes]
    return tuple(at for at in range(1, len(versions)) if None not in versions[at - 1 : at + 1] and versions[at] != versions[at - 1])


def _line(metric: str, own: Sequence[float | None], shown: Sequence[str], asked: _Asked) -> str:
    """The partner's numbers as a small line from zero; nothing where there are fewer than two."""
    there = [at for at, value in enumerate(own) if value is not None]
    if len(there) < 2:
        return ""
    names = [asked.voice.language.period_short(code) for code in asked.codes]
    points = tuple(Point(*parts) for parts in zip(names, own, shown, strict=True))
    words = asked.voice.words["table"]
    ends = {"first": shown[there[0]], "first_period": names[there[0]], "last": shown[there[-1]], "last_period": names[there[-1]]}
    series = Series(asked.voice.partner, points, focus=True, breaks=_breaks(metric, asked))
    data = ChartData("multiple", (series,), words["alternative"].format(**ends), break_label=asked.voice.language.words["break"]["label"])
    return draw(data, width=LINE[0], height=LINE[1]).svg


def _legend(rows: Sequence[dict[str, Any]], voice: Voice) -> list[str]:
    """How to read the page: whose numbers these are, and every mark that stands on it."""
    words = voice.words["legend"]
    own = {mark for row in rows for mark in row["marks"]}
    whys = {why for row in rows for why in row["whys"]}
    reasons = [words[key] for key in ("contributors", "coverage", "others") if key in whys]
    withheld = [words["withheld"].format(reasons=words["or"].join(reasons))] if reasons else []
    return [
        f"{words['own']} {words['group']}",
        " ".join(words[key] for key in ("not_collected", "not_sent", "not_asked") if key in own),
        " ".join([*(words[key] for key in ("small", "unpublished") if key in whys), *withheld]),
    ]
