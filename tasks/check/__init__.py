"""Check a staged table: the contract, compiled to Great Expectations, over the staging file.

The only module that leads to `great_expectations`, which is imported inside the task. A finding names file, row, column, what
was found, what was expected and how to mend it. Rows with a critical finding, or with one that somebody has to confirm, are held
back, the others go on; a critical finding about the file as a whole stops this table only.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from expectations import Contract
from expectations.partnership import Partnership
from sql.clock import stamp
from sql.tables import tables
from tasks.check import asked, history
from tasks.check.compile import Compiled, compile_contract, measure_limits
from tasks.check.screens import judge
from tasks.check.tiers import told_of_row, told_together
from tasks.check.totals import lay_sums
from tasks.findings import Finding
from tasks.stage import Staged
from tasks.stage.staging import count_kept, settle_held

if TYPE_CHECKING:
    from tasks.check.run import Broken

__all__ = ["Finding", "Verdict", "check"]

# Findings told row by row up to this many per rule; all rows are held all the same.
LISTED = 2000
LISTED_SUMS = 20
HOLDS = ("critical", "confirm")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checks say of a staged table.

    `outcome`: `passed`; `held` (some rows wait in quarantine, the rest goes on); `blocked` (nothing goes on); `not_checked`
    (a critical rule could not run: a fault of ours, nothing goes on).
    """

    id: str
    staged: Staged
    outcome: str
    checked_at: str
    rows_read: int
    rows_kept: int
    rows_held: int
    findings: tuple[Finding, ...]

    @property
    def goes_on(self) -> bool:
        return self.outcome in ("passed", "held")


def check(staged: Staged, contract: Contract, partnership: Partnership) -> Verdict:
    """Run every rule of the contract over the staging file; mark the rows that are held in it."""
    file = staged.snapshot.url.rsplit("/", 1)[-1]
    if staged.refusal:
        found, expected, fix = staged.refusal
        return _verdict(staged, "blocked", (0, 0, 0), (Finding("shape", "critical", file, None, "", found, expected, fix),))
    path = Path(staged.path)
    _views(path, contract)
    with _Staging(path) as db:
        rows_before = history.lay(db, contract, partnership, part=staged.snapshot.part)
        asked.lay(db, contract, partnership)
    rules = compile_contract(contract, partnership, rows_before=rows_before)
    broken, crashed = judge(path, rules, contract)
    findings = tuple(_findings(path, contract, partnership, broken, file))
    unchecked = tuple(
        Finding(
            rule.name,
            rule.severity,
            file,
            None,
            rule.column,
            f"the rule could not run ({why})",
            rule.expected,
            "A fault of ours: tell the operator.",
            values=(("entry", "not_checked"),),
        )
        for rule, why in crashed
    )
    counts = _counts(path)
    return _verdict(staged, _outcome(findings, unchecked, counts), counts, findings + unchecked)


def _outcome(findings: tuple[Finding, ...], unchecked: tuple[Finding, ...], counts: tuple[int, int, int]) -> str:
    critical = [finding for finding in findings if finding.severity in HOLDS]
    if any(finding.severity == "critical" for finding in unchecked):
        return "not_checked"
    if any(finding.row is None for finding in critical) or (critical and counts[1] == 0):
        return "blocked"
    return "held" if critical else "passed"


def _verdict(staged: Staged, outcome: str, counts: tuple[int, int, int], findings: tuple[Finding, ...]) -> Verdict:
    at = stamp()
    key = "|".join(
        [staged.snapshot.contract, staged.snapshot.part, staged.snapshot.sha256, staged.snapshot.fetched_at, staged.contract_digest, at]
    )
    return Verdict(hashlib.sha256(key.encode()).hexdigest(), staged, outcome, at, *counts, findings)


def _views(path: Path, contract: Contract) -> None:
    """Views that rules read: `rows` under our column names, and the last step of each series."""
    with _Staging(path) as db:
        if contract.is_register:
            names = ", ".join(f'"{name}"' for name in [*tables(contract).keys, *tables(contract).values])
            db.execute(f"create view if not exists rows as select row, {names} from facts")
            return
        dimensions = "".join(f's."{name}", ' for name in contract.dimensions)
        db.execute(
            f'create view if not exists rows as select f.row, {dimensions}p.code as "{contract.period}", '
            f'f.value as "{contract.measure}", f.status, f.quality '
            "from facts f join series s using (series_id) join period p using (period)"
        )
        window = contract.jump.window if contract.jump else 12
        db.execute(
            "create view if not exists last_step as select row, series_id, period, value, largest_before from ("
            "select row, series_id, period, value, "
            "max(value) over (partition by series_id order by period "
            f"rows between {int(window)} preceding and 1 preceding) as largest_before, "
            "row_number() over (partition by series_id order by period desc) as back from facts) where back = 1"
        )
        lay_sums(db, contract, limits=measure_limits(contract))


def _findings(path: Path, contract: Contract, partnership: Partnership, broken: list[Broken], file: str) -> Iterator[Finding]:
    with _Staging(path) as db:
        for item in broken:
            if item.rule.table in ("history", "sums"):
                yield from _of_file(db, partnership, item, file)
            elif item.rule.table == "together":
                yield from _together(db, item, file)
            elif item.rule.table == "asked":
                yield from _asked(db, contract, item, file)
            else:
                yield from _of_rule(db, item, file)
        db.execute("insert or ignore into raw " + _held_as_json(contract))
        settle_held(db)


def _of_file(db: sqlite3.Connection, partnership: Partnership, item: Broken, file: str) -> Iterator[Finding]:
    """Findings about the file as a whole: its past, its periods, its totals."""
    rule = item.rule
    texts = [(found, rule.expected) for _, found in item.rows] if rule.table == "sums" else [history.said(db, rule.name)]
    more = len(texts) - LISTED_SUMS
    for found, expected in texts[:LISTED_SUMS]:
        told = history.with_names(found, partnership)
        yield Finding(rule.name, rule.severity, file, None, rule.column, told, expected, rule.fix)
    if more > 0:
        yield Finding(rule.name, rule.severity, file, None, rule.column, "more of the same", rule.expected, rule.fix, more)


def _asked(db: sqlite3.Connection, contract: Contract, item: Broken, file: str) -> Iterator[Finding]:
    """Findings about a row of a partner, with what the registers and the past say beside it."""
    for row, _ in item.rows[:LISTED]:
        yield told_of_row(db, item.rule, contract, row, file)
    if item.rule.severity in HOLDS:
        db.executemany("insert or ignore into held values (?)", [(row,) for row, _ in item.rows])
    yield from _rest(item.rule, file, [row for row, _ in item.rows])


def _together(db: sqlite3.Connection, item: Broken, file: str) -> Iterator[Finding]:
    """Findings about several rows that do not fit together: all of them wait."""
    for number, _ in item.rows:
        finding, rows = told_together(db, item.rule, number, file)
        yield finding
        if item.rule.severity in HOLDS:
            db.executemany("insert or ignore into held values (?)", [(row,) for row in rows])


def _of_rule(db: sqlite3.Connection, item: Broken, file: str) -> Iterator[Finding]:
    rule = item.rule
    if rule.table == "unread":
        yield from _unread(db, rule, item, file)
        return
    if not rule.row or not item.rows:
        yield Finding(rule.name, rule.severity, file, None, rule.column, item.observed, rule.expected, rule.fix, values=rule.values)
        return
    hold = rule.severity in HOLDS
    if hold and rule.row == "series_id":
        # Zeros that stand for absent rows go with the series that is held.
        db.executemany("delete from facts where series_id = ? and row is null", [(number,) for number, _ in item.rows])
    for number, found in item.rows[:LISTED]:
        rows = [number]
        if rule.row == "series_id":
            query = "select row from facts where series_id = ? and row is not null order by row"
            rows = [row for (row,) in db.execute(query, (number,))]
        if rows:
            more = tuple(rows[1:5])
            yield Finding(
                rule.name,
                rule.severity,
                file,
                rows[0],
                rule.column,
                found,
                rule.expected,
                rule.fix,
                len(rows),
                more=more,
                values=rule.values,
            )
    if hold:
        rows_of = "select row from facts where series_id = ? and row is not null" if rule.row == "series_id" else "select ?"
        db.executemany(f"insert or ignore into held {rows_of}", [(number,) for number, _ in item.rows])
    yield from _rest(rule, file, [number for number, _ in item.rows])


def _rest(rule: Compiled, file: str, rows: list[int]) -> Iterator[Finding]:
    """What is left of a list that is cut, as one finding that counts it."""
    if len(rows) > LISTED:
        more, values = len(rows) - LISTED, (("entry", "more"),)
        where = (rows[LISTED], rule.column, "more of the same", rule.expected or "as above", rule.fix or "See the rows above.")
        yield Finding(rule.name, rule.severity, file, *where, more, values=values)


def _unread(db: sqlite3.Connection, rule: Compiled, item: Broken, file: str) -> Iterator[Finding]:
    numbers = [number for number, _ in item.rows]
    for number in numbers[:LISTED]:
        row, name, kind, found, expected, fix = db.execute(
            "select row, column_name, rule, found, expected, fix from unread where number = ?", (number,)
        ).fetchone()
        yield Finding(kind, rule.severity, file, row or None, name, found, expected, fix)
    if len(numbers) > LISTED:
        (row,) = db.execute("select row from unread where number = ?", (numbers[LISTED],)).fetchone()
        more = len(numbers) - LISTED
        where = (row or None, rule.column, "more of the same", "as above", "See the rows above.")
        yield Finding(rule.name, rule.severity, file, *where, more, values=(("entry", "more"),))


def _held_as_json(contract: Contract) -> str:
    if contract.is_register:
        pairs = ", ".join(f"'{name}', \"{name}\"" for name in contract.columns)
        return f"select row, json_object({pairs}) from facts where row in (select row from held)"
    pairs = "".join(f"'{name}', s.\"{name}\", " for name in contract.dimensions)
    return (
        f"select f.row, json_object({pairs}'period', p.code, 'value', f.value) from facts f join series s using (series_id) "
        "join period p using (period) where f.row in (select row from held)"
    )


def _counts(path: Path) -> tuple[int, int, int]:
    """Rows read, rows that go on, rows held back."""
    with _Staging(path) as db:
        (read,) = db.execute("select rows_read from file").fetchone()
        kept = count_kept(db)
        (held,) = db.execute(
            "select (select count(*) from held) + (select count(distinct row) from unread where severity = 'critical')"
        ).fetchone()
    return int(read), kept, int(held)


class _Staging:
    """A plain connection to a staging file, closed at the end."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)

    def __enter__(self) -> sqlite3.Connection:
        self.db.execute("begin")
        return self.db

    def __exit__(self, kind: object, *_rest: object) -> None:
        self.db.execute("commit" if kind is None else "rollback")
        self.db.close()
