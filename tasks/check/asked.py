"""What the rules for partners ask of each row: laid into the staging file beside the facts, so that each rule is one comparison.

`asked` has a row for each row of the file that could be read: what the registers say of its metric, its own past, its peers' range,
and what was explained. `together` has a row for each comparison of several rows: a part with its whole, the rows of a breakdown with
the one for all, and all numbers of a period with each other.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from expectations import Contract, ContractBroken, catalogue, places
from expectations.catalogue import Metric
from expectations.partnership import Partnership
from sql import clock, periods
from sql.ledger import sequence_of
from tasks.check import across
from tasks.check.past import Explained, Series, peers_range, read_past
from tasks.check.together import ALL, compare

QUESTIONS = ("jump", "stopped", "began", "peers")
COLUMNS = {
    "row": "integer primary key",
    **dict.fromkeys(("series", "period", "metric_en", "metric_fr", "end", "split", "explanation", "until_period"), "text"),
    **dict.fromkeys(("explanation_en", "explanation_fr"), "text"),
    **dict.fromkeys(("sound", "owed", "is_over", "is_known", "is_stock", "taken", "before", "busy", "idle", "jump", "least"), "integer"),
    **dict.fromkeys(("peers", "is_first"), "integer"),
    **dict.fromkeys(("value", "low", "high", "last", "year", "peers_low", "peers_high"), "real"),
}


def asks_partners(contract: Contract) -> bool:
    """True for a table of metrics that partners report by period: its rules are these."""
    return contract.is_partner and contract.dimensions[:2] == ["partner", "metric"]


def questions(contract: Contract, partnership: Partnership) -> list[str]:
    """The rules that ask for a confirmation, in the order in which the first that applies to a row is asked."""
    own = {metric.code for metric in catalogue.read(partnership.home) if metric.table == contract.name}
    return [*QUESTIONS, *(one.rule for one in across.comparisons(partnership) if one.metric in own)]


def lay(db: sqlite3.Connection, contract: Contract, partnership: Partnership) -> None:
    """Write the tables `asked` and `together` into a staging file of a partner table."""
    if not asks_partners(contract):
        return
    asked = questions(contract, partnership)
    extra = {f"{rule}_{part}": "text" for rule in asked for part in ("until", "en", "fr")}
    extra |= {f"{rule}_{part}": "real" for rule in asked[len(QUESTIONS) :] for part in ("is", "most")}
    columns = COLUMNS | extra
    db.execute("drop table if exists asked")
    db.execute(f"create table asked({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
    db.execute("drop table if exists together")
    db.execute(
        "create table together(number integer primary key, rule text, row integer, more text, found real, least real, most real, said text)"
    )
    said = _Said(db, contract, partnership)
    told = list(compare(said.numbers_of_file(), said.metrics_of, said.past, said.codes))
    db.executemany("insert into together(rule, row, more, found, least, most, said) values (?,?,?,?,?,?,?)", [one.as_row() for one in told])
    clashing = {row for one in told if one.is_wrong for row in one.rows}
    rows = [said.row(line, clashing, asked) for line in said.lines]
    marks = ",".join("?" * len(columns))
    db.executemany(f"insert into asked values ({marks})", [[row.get(name) for name in columns] for row in rows])


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file: its series, period and number, and the explanation beside it."""

    row: int
    series: Series
    period: str
    value: float | None
    explanation: str | None


class _Said:
    """The rows of a file with all that is known beside them."""

    def __init__(self, db: sqlite3.Connection, contract: Contract, partnership: Partnership) -> None:
        self.contract, self.partnership = contract, partnership
        self.lines = list(_lines(db, contract))
        self.codes = {name: contract.columns[name].one_of or [] for name in contract.dimensions}
        all_series = {line.series for line in self.lines}
        codes = self.codes.values()
        self.strange = {series for series in all_series if any(own and one not in own for one, own in zip(series, codes, strict=True))}
        measure = contract.columns[contract.measure or ""]
        self.bounds = {
            series: [(measure.min, measure.max), *((limit.min, limit.max) for limit in contract.limits if limit.member in series)]
            for series in all_series
        }
        self.at, self.today = 1, clock.today()
        self.metrics = catalogue.read(partnership.home)
        self.spans = {code: periods.parse(code) for code in {line.period for line in self.lines}}
        self.metrics_of = {code: catalogue.in_force(self.metrics, span.start, span.end) for code, span in self.spans.items()}
        self.names = {metric.code: metric for metric in self.metrics}
        here = {line.series[self.at] for line in self.lines}
        compared = {other for m in self.metrics for other in (m.part_of, m.at_most[1] if m.at_most else "") if m.code in here}
        parts = {m.code for m in self.metrics if m.part_of in here | compared}
        self.past = read_past(contract, partnership, here | compared | parts)
        self.in_force = {series: dict(numbers) for series, numbers in self.past.numbers.items()}
        self.began: dict[str, int] = {}
        for series, numbers in self.in_force.items():
            self.began[series[0]] = min(self.began.get(series[0], min(numbers)), *numbers)
        self.times = Counter((line.series, line.period) for line in self.lines)
        for line in self.lines:
            self.past.numbers.setdefault(line.series, {})[self.sequence(line.period)] = line.value
        self.firsts = {series: min(self.past.of(series)) for series in self.past.numbers}
        self.peers: dict[Series, list[Series]] = defaultdict(list)
        for series in self.past.numbers:
            self.peers[series[1:]].append(series)
        self.ceilings = across.ceilings(partnership, frozenset(line.series[self.at] for line in self.lines))

    def sequence(self, period: str) -> int:
        return sequence_of(self.spans[period])

    def numbers_of_file(self) -> list[tuple[int, Series, str, float | None]]:
        """Row, series, period and number of each row whose key stands once."""
        return [(line.row, line.series, line.period, line.value) for line in self.lines if self.times[line.series, line.period] == 1]

    def row(self, line: Line, clashing: set[int], asked: list[str]) -> dict[str, Any]:
        """The row of `asked` for a row of the file."""
        at = self.sequence(line.period)
        code = line.series[self.at]
        metric = self.metrics_of[line.period].get(code) or self.names.get(code)
        found: dict[str, Any] = {"row": line.row, "series": "/".join(line.series), "period": line.period, "value": line.value}
        found |= self._owed(line, metric)
        found["sound"] = int(self._is_sound(line, found) and line.row not in clashing)
        found |= self._own(line, metric, at)
        found |= self._explained(line, at, asked)
        if found["sound"] and metric:
            found |= self._peers(line, at) | self._across(line, at)
        return found

    # What the registers say

    def _owed(self, line: Line, metric: Metric | None) -> dict[str, Any]:
        span = self.spans[line.period]
        known = metric is not None and line.series[0] in self.members and line.series not in self.strange
        split = next(
            (
                member
                for name, member in zip(self.contract.dimensions, line.series, strict=True)
                if metric and name not in ("partner", "metric", *metric.breakdowns) and member != ALL and member in self.codes[name]
            ),
            None,
        )
        return {
            "metric_en": metric.name("en") if metric else line.series[self.at],
            "metric_fr": metric.name("fr") if metric else line.series[self.at],
            "end": span.end.isoformat(),
            "is_over": int(span.end < clock.today()),
            "owed": int(not known or self._is_owed(line, metric)),
            "is_known": int(known),
            "split": split,
        }

    def _strange(self, series: Series) -> bool:
        return any(codes and member not in codes for member, codes in zip(series, self.codes.values(), strict=True))

    def _is_owed(self, line: Line, metric: Metric | None) -> bool:
        """As the calendar says it (`tasks.due`): a metric of partners in force, the annual ones in the last period of a year."""
        span = self.spans[line.period]
        if metric is None or metric.code not in self.metrics_of[line.period] or metric.table != self.contract.name:
            return False
        if metric.reporter != "partner" or (metric.frequency == "annual" and span.end.month != 12):
            return False
        owes = self.debts.get((line.series[0], metric.code), [])
        stays = self.members[line.series[0]]
        return any(first <= span.end and last >= span.start for first, last in owes) and stays[0] <= span.end and stays[1] >= span.start

    @cached_property
    def members(self) -> dict[str, tuple[date, date]]:
        path = self.partnership.home / "registers" / "members.csv"
        return {row["partner"]: _stretch(row.get("joined", ""), row.get("left", ""), path) for row in places.rows(path, "partner")}

    @cached_property
    def debts(self) -> dict[tuple[str, str], list[tuple[date, date]]]:
        found = defaultdict(list)
        path = self.partnership.home / "registers" / "reporting.csv"
        for row in places.rows(path, "partner", "metric", "from", "to"):
            found[row["partner"], row["metric"]].append(_stretch(row["from"], row["to"], path))
        return dict(found)

    @cached_property
    def reasons(self) -> dict[str, dict[str, str]]:
        path = self.partnership.home / "registers" / "explanations.csv"
        return {row["explanation"]: row for row in places.rows(path, "explanation", "name_en", "name_fr", "periods")}

    def _is_sound(self, line: Line, found: Mapping[str, Any]) -> bool:
        """True where no rule holds the row already: then nothing is asked of it on top."""
        fits = line.value is None or all(
            (low is None or line.value >= low) and (high is None or line.value <= high) for low, high in self.bounds[line.series]
        )
        known = bool(found["is_known"]) and (line.explanation is None or line.explanation in self.reasons)
        right = bool(found["owed"] and found["is_over"]) and found["split"] is None
        return fits and known and right and self.times[line.series, line.period] == 1

    # Its own past

    def _own(self, line: Line, metric: Metric | None, at: int) -> dict[str, Any]:
        own, before = self.past.of(line.series), self.past.before(line.series, at)
        whole = len(before) == 4
        first = self.firsts[line.series]
        reported = self.began.get(line.series[0])
        in_force = self.in_force.get(line.series, {})
        return {
            "is_stock": int(metric is not None and metric.is_stock),
            "jump": metric.jump if metric else catalogue.JUMP,
            "least": metric.jump_least if metric else catalogue.JUMP_LEAST,
            "taken": int(line.value is not None and in_force.get(at) == line.value),
            "before": len(before),
            "low": min(before, default=None),
            "high": max(before, default=None),
            "busy": int(whole and min(before) > 0),
            "idle": int(whole and max(before) == 0),
            "last": own.get(at - 1),
            "year": own.get(at - 4),
            # New of a partner that has reported before: to who reports for the first time it is said of nothing.
            "is_first": int(first == at and at not in in_force and reported is not None and reported < at),
        }

    def _peers(self, line: Line, at: int) -> dict[str, Any]:
        found = peers_range(line.series, at, self.past, self.peers)
        return dict(zip(("peers", "peers_low", "peers_high"), found, strict=True)) if found else {}

    def _across(self, line: Line, at: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for ceiling in self.ceilings:
            if ceiling.across.metric == line.series[self.at] and ceiling.most is not None:
                whose = [line.series] if ceiling.across.of == "partner" else self.peers[line.series[1:]]
                numbers = [self.past.numbers[series].get(at) for series in whose]
                found[f"{ceiling.across.rule}_is"] = sum(number for number in numbers if number is not None)
                found[f"{ceiling.across.rule}_most"] = ceiling.most
        return found

    # Explanations

    def _explained(self, line: Line, at: int, asked: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {"explanation": line.explanation}
        if line.explanation in self.reasons:
            reason = self.reasons[line.explanation]
            until = self._after(line.period, int(reason["periods"] or 0))
            found |= {"until_period": until, "explanation_en": reason["name_en"], "explanation_fr": reason["name_fr"]}
        for rule in asked if self.past.explained else ():
            if told := self.past.explanation(line.series, rule, at):
                found |= {f"{rule}_until": told.until_period, **self._reason(rule, told)}
        return found

    def _reason(self, rule: str, told: Explained) -> dict[str, str]:
        """What the reason is called; one that was taken out of the register is told by its code."""
        row = self.reasons.get(told.explanation, {})
        return {f"{rule}_{language}": row.get(f"name_{language}", told.explanation) for language in ("en", "fr")}

    def _after(self, period: str, count: int) -> str:
        """The period so many after one."""
        span = self.spans[period]
        for _ in range(count):
            following = date.fromordinal(span.end.toordinal() + 1)
            code = {"annual": f"{following.year}", "monthly": f"{following:%Y-%m}"}
            span = periods.parse(code.get(span.frequency, f"{following.year}-Q{(following.month + 2) // 3}"))
        return span.code


def _lines(db: sqlite3.Connection, contract: Contract) -> Iterable[Line]:
    labels = ", ".join(f's."{name}"' for name in contract.dimensions)
    has_beside = db.execute("select 1 from sqlite_master where name = 'beside'").fetchone()
    beside = "(select content from beside b where b.row = f.row and b.column_name = 'explanation')" if has_beside else "null"
    query = f"select f.row, p.code, f.value, {beside}, {labels} from facts f join series s using (series_id) join period p using (period)"
    for row, period, value, explanation, *series in db.execute(query):
        yield Line(row, tuple(series), period, value, explanation)


def _stretch(first: str, last: str, path: Path) -> tuple[date, date]:
    try:
        return date.fromisoformat(first) if first else date.min, date.fromisoformat(last) if last else date.max
    except ValueError as error:
        raise ContractBroken(f"{path}: {error}. Write each day as year-month-day, such as 2026-09-30.") from error
