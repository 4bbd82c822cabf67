"""The rows of a page that is given back: each metric's own numbers and line, the group's beside them, and how to read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sql import periods
from tasks.draw import ChartData, Point, Series, draw
from tasks.due import Standing
from tasks.give_back.asked import Asked
from tasks.give_back.insider import Beside
from tasks.voice import Voice

LINE = (29.0, 7.0)  # mm of a partner's line


def row(metric: str, asked: Asked) -> dict[str, Any]:
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
        "whys": [why for one in group if (why := one.why if one else "unpublished")] if metric in asked.totals else [],
        "told": _told(metric, group[-1], asked),
    }


def _shown(metric: str, code: str, value: float | None, asked: Asked) -> str:
    if value is not None:
        return asked.voice.language.number(value)
    return str(asked.voice.words["marks"][_own_mark(metric, code, asked)])


def _own_mark(metric: str, code: str, asked: Asked) -> str:
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


def _told(metric: str, last: Beside | None, asked: Asked) -> list[str]:
    """Who reported for the last period, why its total is withheld, and where the definition changed."""
    words = asked.voice.words
    told = []
    if last is not None and last.figure.expected:
        names = set(asked.known.values.get((metric, asked.period), {}))
        punctual = on_time([asked.standings[name] for name in names if name in asked.standings]) if names <= set(asked.standings) else None
        said = {"reporters": last.figure.reporters or 0, "expected": last.figure.expected, "on_time": punctual}
        told.append(words["table"]["of" if punctual is None else "of_on_time"].format(**said))
    if last is not None and last.why:
        told.append(words["why"][last.why])
    told += [words["table"]["new_definition"].format(period=quarter(asked.codes[at], asked.voice)) for at in _breaks(metric, asked)]
    return told


def _breaks(metric: str, asked: Asked) -> tuple[int, ...]:
    """The positions of the periods that have another definition than the period before."""
    versions = [one.version if (one := asked.versions.get((metric, code))) else None for code in asked.codes]
    return tuple(at for at in range(1, len(versions)) if None not in versions[at - 1 : at + 1] and versions[at] != versions[at - 1])


def _line(metric: str, own: Sequence[float | None], shown: Sequence[str], asked: Asked) -> str:
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


def legend(rows: Sequence[dict[str, Any]], voice: Voice) -> list[str]:
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


def on_time(reporters: Sequence[Standing]) -> int | None:
    """How many reported on time; None where nobody did, that is not known of all, or nothing was due."""
    if not reporters or any(standing.owed.due_on is None or not standing.received_at for standing in reporters):
        return None
    return sum(standing.is_on_time for standing in reporters)


def quarter(code: str, voice: Voice) -> str:
    span = periods.parse(code)
    return voice.words["table"]["quarter"].format(year=span.year, quarter=span.quarter) if span.frequency == "quarterly" else code
