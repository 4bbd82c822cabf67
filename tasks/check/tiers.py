"""The rules for what partners report, in four tiers, and how each is told.

`critical` must be mended, `confirm` waits until the partner ticked a reason or an explanation of before still holds, `warning` is a
note, `info` tells something. Of a row that is wrong nothing else is asked, and of an odd number only the first question that applies.
Small numbers swing: a difference below the metric's `least` (10 where the register says nothing) is never odd, nor are two equal
numbers below it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace

from expectations import Contract
from expectations.partnership import Partnership
from tasks.check import across
from tasks.check.asked import QUESTIONS, asks_partners, questions
from tasks.check.past import LEAST_PEERS
from tasks.check.rule import Compiled, quoted, row_rule
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
NAMES = (("metric_en", "metric_en"), ("metric_fr", "metric_fr"))
# What of a row fills the words of a rule, besides the names of the metric: placeholder and column.
SAYS = {
    "owed": (("period", "period"),),
    "is_over": (("period", "period"), ("end", "end")),
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
    from tasks.check.compile import known_codes

    rules = [
        _rule("owed", "owed = 1", "critical", "metric"),
        _rule("over", "is_over = 1", "critical", contract.period or ""),
        _rule("split", "split is null", "critical"),
    ]
    if "explanation" in contract.columns:
        codes = known_codes(contract.columns["explanation"], partnership)
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
    kinds = {one.rule: one.of for one in across.comparisons(partnership)}
    rules = []
    for rule in asked:
        made = _rule(rule, f"not ({_odd(rule, asked)}) or taken = 1 or explanation is not null or {rule}_until is not null", "confirm")
        entry = {"all": "across_all", "partner": "across"}.get(kinds.get(rule, ""), "")
        rules.append(replace(made, meta={"entry": entry} if entry else {}))
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
    db.row_factory = sqlite3.Row
    asked = dict(db.execute("select * from asked where row = ?", (row,)).fetchone())
    db.row_factory = None
    given, about = rule.meta.get("given"), rule.meta.get("asked", rule.name)
    values = {"found": _text(asked["split"] if rule.name == "split" else asked["value"]), "metric_en": asked["metric_en"]}
    values["metric_fr"] = asked["metric_fr"]
    values |= {name: _text(asked[column]) for name, column in SAYS.get("is_over" if rule.name == "over" else about, ())}
    if rule.name == "known_explanation":
        values["found"] = asked["explanation"]
    if about.startswith("across_"):
        values["limit"] = _text(asked[f"{about}_most"])
    if given:
        reason = ("explanation_en", "explanation_fr") if given == "now" else (f"{about}_en", f"{about}_fr")
        values |= {"contract": contract.name, "series": asked["series"], "period": asked["period"], "asked": about, "given": given}
        values |= {"explanation_en": asked[reason[0]] or "", "explanation_fr": asked[reason[1]] or ""}
        values["until_period"] = (asked["until_period"] if given == "now" else asked[f"{about}_until"]) or ""
        values["explanation"] = asked["explanation"] or ""
    name = rule.name if not given else "explained" if given == "now" else "explained_before"
    if entry := rule.meta.get("entry"):
        values["entry"] = entry
    return _made(Finding(name, rule.severity, file, row, rule.column, "", "", ""), tuple(values.items()))


def with_titles(finding: Finding, partnership: Partnership) -> Finding:
    """A finding of a comparison with a public table, with what that table counts."""
    titles = {one.rule: one.title for one in across.comparisons(partnership)}
    if finding.rule not in titles:
        return finding
    return _made(finding, (*finding.values, *((f"other_{language}", text) for language, text in titles[finding.rule].items())))


def told_together(db: sqlite3.Connection, rule: Compiled, number: int, file: str) -> tuple[Finding, tuple[int, ...]]:
    """The finding of a comparison of several rows, and all rows it speaks of."""
    row, more, found, said = db.execute("select row, more, found, said from together where number = ?", (number,)).fetchone()
    others = tuple(json.loads(more))
    values = {"found": _text(found), **dict(json.loads(said))}
    rows = (*(() if row is None else (row,)), *others)
    bare = Finding(rule.name, rule.severity, file, row, rule.column if row else "", "", "", "", max(len(rows), 1), more=others[:4])
    return _made(bare, tuple(values.items())), rows


def _made(finding: Finding, values: tuple[tuple[str, str], ...]) -> Finding:
    """The finding with its values, and with its English words."""
    filled = replace(finding, values=values)
    if finding.rule.startswith("across_") and "other_en" not in dict(values):
        return filled
    found, expected, fix = tell(filled, "en")
    return replace(filled, found=found, expected=expected, fix=fix)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


__all__ = ["QUESTIONS", "tier_rules", "told_of_row", "told_together", "with_titles"]
