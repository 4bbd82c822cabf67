"""The rules for what partners report, in four tiers, and how each is told.

`critical` must be mended, `confirm` waits until the partner ticked a reason or an explanation of before still holds, `warning` is a
note, `info` tells something. Of a row that is wrong nothing else is asked, and of an odd number only the first question that applies.
Small numbers swing: a difference below the metric's `least` (10 where the register says nothing) is never odd, nor are two equal
numbers below it.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import Any

from expectations import Contract
from expectations.partnership import Partnership
from tasks.check import across
from tasks.check.asked import asks_partners, questions
from tasks.check.past import LEAST_PEERS
from tasks.check.rule import Compiled, codes_of, listed, quoted, row_rule
from tasks.findings import Finding, tell

GROUPED = ("above", "parts", "sum", "sum_most")
ODD = {
    "stopped": "value = 0 and busy = 1 and low >= least",
    "began": "value >= least and idle = 1",
    "jump": (
        "before > 1 and not (value = 0 and busy = 1) and not idle = 1 and "
        "(value > jump * high and value - high >= least or value * jump < low and low - value >= least)"
    ),
    "peers": (
        f"peers >= {LEAST_PEERS} and (value > peers_high and value > high and value - peers_high >= least "
        "or value < peers_low and value < low and peers_low - value >= least)"
    ),
}
NAMES = ("metric_en", "metric_fr")
# What of a row fills the words of a rule, besides the names of the metric: placeholder and column.
SAYS = {
    "owed": (("period", "period"),),
    "over": (("period", "period"), ("end", "end")),
    "jump": (("low", "low"), ("high", "high"), ("count", "before")),
    "stopped": (("low", "low"), ("high", "high")),
    "peers": (("low", "peers_low"), ("high", "peers_high"), ("count", "peers")),
}


def tier_rules(contract: Contract, partnership: Partnership) -> list[Compiled]:
    """The rules over `asked` and `together`, in the order in which findings are told."""
    if not asks_partners(contract):
        return []
    asked = questions(contract, partnership)
    return [*_must_fix(contract, partnership), *_confirm(asked, partnership), *_notes(), *_information(asked)]


# Rules


def _rule(name: str, predicate: str, severity: str, column: str = "value") -> Compiled:
    return row_rule(name, "asked", column, predicate, "", "", about="value", severity=severity)


def _must_fix(contract: Contract, partnership: Partnership) -> list[Compiled]:
    rules = [
        _rule("owed", "owed = 1", "critical", "metric"),
        _rule("over", "is_over = 1", "critical", contract.period or ""),
        _rule("split", "split is null", "critical"),
    ]
    if "explanation" in contract.columns:
        codes = listed(codes_of(contract.columns["explanation"], partnership))
        rules.append(_rule("known_explanation", f"explanation is null or explanation in ({codes})", "critical", "explanation"))
    return rules + [_group(name, "found >= coalesce(least, found) and found <= coalesce(most, found)", "critical") for name in GROUPED]


def _group(name: str, predicate: str, severity: str) -> Compiled:
    mine = f"rule <> {quoted(name)} or ({predicate})"
    return row_rule(name, "together", "value", mine, "", "", about="found", row="number", severity=severity)


def _odd(rule: str, asked: list[str]) -> str:
    """When a number is odd in the way of this rule, and in that of none before it."""
    own = ODD.get(rule) or f"{rule}_is > {rule}_most"
    before = asked[: asked.index(rule)]
    others = "".join(f" and not coalesce(({ODD.get(other) or f'{other}_is > {other}_most'}), 0)" for other in before)
    return f"sound = 1 and coalesce(({own}), 0){others}"


def _confirm(asked: list[str], partnership: Partnership) -> list[Compiled]:
    declared = {one.rule: one for one in across.comparisons(partnership)}
    rules = []
    for rule in asked:
        made = _rule(rule, f"not ({_odd(rule, asked)}) or taken = 1 or explanation is not null or {rule}_until is not null", "confirm")
        if one := declared.get(rule):
            titles = tuple((f"other_{language}", text) for language, text in one.title.items())
            made = replace(made, values=(("entry", "across_all" if one.of == "all" else "across"), *titles))
        rules.append(made)
    return rules


def _notes() -> list[Compiled]:
    told = "sound = 1 and taken = 0 and explanation is null and value >= least and {}"
    notes = {
        "same": "is_stock = 0 and value = last",
        "same_year": "is_stock = 0 and value = year and value <> coalesce(last, -1)",
        "unchanged": "is_stock = 1 and value = last",
    }
    rules = [_rule(name, f"not coalesce(({told.format(when)}), 0)", "warning") for name, when in notes.items()]
    return [*rules, _group("all_equal", "found >= least", "warning")]


def _information(asked: list[str]) -> list[Compiled]:
    rules = [_rule("first", "not (sound = 1 and is_first = 1)", "info")]
    for rule in asked:
        odd = _odd(rule, asked)
        now = _rule(f"explained_{rule}", f"not ({odd}) or explanation is null", "info", "explanation")
        before = _rule(f"explained_before_{rule}", f"not ({odd}) or explanation is not null or {rule}_until is null", "info")
        rules += [replace(now, meta={"asked": rule, "given": "now"}), replace(before, meta={"asked": rule, "given": "before"})]
    return rules


# Findings


def told_of_row(db: sqlite3.Connection, rule: Compiled, contract: Contract, row: int, file: str) -> Finding:
    """The finding of a rule over `asked`, about one row."""
    cursor = db.execute("select * from asked where row = ?", (row,))
    asked = dict(zip([name for name, *_ in cursor.description], cursor.fetchone(), strict=True))
    about = rule.meta.get("asked", rule.name)
    found = {"split": "split", "known_explanation": "explanation"}.get(rule.name, "value")
    values = dict(rule.values) | {"found": _text(asked[found])} | {name: asked[name] for name in NAMES}
    values |= {name: _text(asked[column]) for name, column in SAYS.get(about, ())}
    if about.startswith("across_"):
        values["limit"] = _text(asked[f"{about}_most"])
    name = rule.name
    if given := rule.meta.get("given"):
        name = "explained" if given == "now" else "explained_before"
        values |= {"contract": contract.name, "asked": about, "given": given} | _reason(asked, about, given)
    return _made(Finding(name, rule.severity, file, row, rule.column, "", "", "", values=tuple(values.items())))


def _reason(asked: dict[str, Any], about: str, given: str) -> dict[str, str]:
    """The explanation of a row, given now or before, and up to when it holds."""
    which = "explanation" if given == "now" else about
    until = "until_period" if given == "now" else f"{about}_until"
    names = {f"explanation_{language}": _text(asked[f"{which}_{language}"]) for language in ("en", "fr")}
    said = {"series": asked["series"], "period": asked["period"], "until_period": _text(asked[until])}
    return said | names | {"explanation": _text(asked["explanation"])}


def told_together(db: sqlite3.Connection, rule: Compiled, number: int, file: str) -> tuple[Finding, tuple[int, ...]]:
    """The finding of a comparison of several rows, and all rows it speaks of."""
    row, more, found, said = db.execute("select row, more, found, said from together where number = ?", (number,)).fetchone()
    others = tuple(json.loads(more))
    rows = (*(() if row is None else (row,)), *others)
    values = {"found": _text(found), **dict(json.loads(said))}
    column = rule.column if row else ""
    bare = Finding(
        rule.name, rule.severity, file, row, column, "", "", "", max(len(rows), 1), more=others[:4], values=tuple(values.items())
    )
    return _made(bare), rows


def _made(finding: Finding) -> Finding:
    """The finding with its English words, for staff."""
    found, expected, fix = tell(finding, "en")
    return replace(finding, found=found, expected=expected, fix=fix)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
