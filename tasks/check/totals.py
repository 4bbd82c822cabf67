"""Parts against the totals that the publisher prints, never closer than rounding and hidden cells allow."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from expectations import Contract, Total
from sql.ledger import STATUS_CODE
from sql.tables import status_code
from tasks.check.rule import Compiled, quoted, row_rule

# Sums of doubles differ in the last digits.
SLACK = 1e-9
FIX = "Look at the file. If the publisher's parts are not meant to add up, change `totals` in the contract and say why."


def total_rules(contract: Contract) -> list[Compiled]:
    """One rule for each total of the contract, over the view `sums`."""
    rules = []
    for number, total in enumerate(contract.totals, start=1):
        predicate = f"total <> {number} or (least <= printed_most + slack and most >= printed_least - slack)"
        off = _tolerance(total, contract) * (len(total.parts) + 1)
        expected = f"parts under {total.total} that add up to it" + (f", give or take {off:g}" if off else "")
        more = {"about": "found", "row": "number", "severity": total.severity}
        rules.append(row_rule(f"total_{number}", "sums", total.column, predicate, expected, FIX, **more))
    return rules


def lay_sums(db: sqlite3.Connection, contract: Contract, *, limits: Sequence[str] = ()) -> None:
    """The view `sums`: for each total, period and place (and other member) the bounds of its parts and of what is printed.

    A cell outside `limits`, predicates over `value`, is held by a rule of its own and does not count here.
    """
    if not contract.totals:
        return
    selects = [_select(number, total, contract, limits) for number, total in enumerate(contract.totals, start=1)]
    body = " union all ".join(selects)
    db.execute(f"create view if not exists sums as select row_number() over (order by total, row) as number, * from ({body})")


def _tolerance(total: Total, contract: Contract) -> float:
    return contract.rounding / 2 if total.tolerance is None else total.tolerance


def _select(number: int, total: Total, contract: Contract, limits: Sequence[str]) -> str:
    others = [f's."{name}"' for name in contract.dimensions if name != total.column]
    group = ", ".join([*others, "f.period"])
    column, parts = f's."{total.column}"', ", ".join(quoted(part) for part in total.parts)
    is_total, is_part = f"{column} = {quoted(total.total)}", f"{column} in ({parts})"
    least, most = (_bound(which, _tolerance(total, contract), contract, limits) for which in ("lower", "upper"))
    where = " || ', ' || ".join([*others, "p.code"])
    plain = "printf('%.15g', sum(case when {} then f.value end))"
    found = f"{where} || ': parts add up to ' || {plain.format(is_part)} || ', printed is ' || {plain.format(is_total)}"
    there = f"sum({is_part})"
    # A part without a row is nothing where the publisher leaves zeros out, and otherwise not known.
    whole = f"{there} > 0 and not exists (select 1 from unread where severity = 'critical')" if contract.absent == "zero" else (
        f"{there} = {len(total.parts)}"
    )  # fmt: skip
    unknown = f"sum(({is_part} or {is_total}) and ({least} is null or {most} is null))"
    return (
        f"select {number} as total, min(case when {is_total} then f.row end) as row, "
        f"sum(case when {is_part} then {least} end) as least, sum(case when {is_part} then {most} end) as most, "
        f"sum(case when {is_total} then {least} end) as printed_least, sum(case when {is_total} then {most} end) as printed_most, "
        f"{SLACK!r} * (1 + max(abs(f.value))) as slack, {found} as found "
        "from facts f join series s using (series_id) join period p using (period) "
        f"group by {group} having sum({is_total}) = 1 and {whole} and {unknown} = 0"
    )


def _bound(which: str, tolerance: float, contract: Contract, limits: Sequence[str]) -> str:
    """The least or most that a cell may stand for; null where nobody knows."""
    sign = "-" if which == "lower" else "+"
    cases = []
    for mark, meaning in contract.non_values.items():
        bound = meaning.lower if which == "lower" else meaning.upper
        cases.append(f"when f.status = {status_code(mark, meaning.status)} then {'null' if bound is None else repr(float(bound))}")
    sound = " and ".join(["f.value is not null", f"f.status in (0, {STATUS_CODE['absent']})", *(f"({limit})" for limit in limits)])
    return f"(case {' '.join(cases)} when {sound} then f.value {sign} {tolerance!r} end)"
