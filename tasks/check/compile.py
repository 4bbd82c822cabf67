"""Compile a contract to rules: the same limits, as expectations over the tables of a staging file."""

from __future__ import annotations

from expectations import PLACE_CODE, Column, Contract, Limit, read
from expectations.partnership import Partnership
from tasks.check.history import history_rules
from tasks.check.rule import Compiled, codes_of, listed, quoted, row_rule
from tasks.check.tiers import tier_rules
from tasks.check.totals import total_rules

__all__ = ["Compiled", "compile_contract", "measure_limits"]


def compile_contract(contract: Contract, partnership: Partnership, *, rows_before: int = 0) -> list[Compiled]:
    """All rules of a contract, in the order in which findings are told; `rows_before` is how many rows the file in force has."""
    rules = [*_file_rules(contract, rows_before), *_read_rules(contract), *_column_rules(contract, partnership)]
    if contract.is_register:
        key = list(contract.grain)
    else:
        rules += [*_measure_rules(contract), *history_rules(contract), *total_rules(contract)]
        key = ["series_id", "period"]
    rules.append(
        Compiled(
            "key",
            "facts",
            "expect_key_to_be_unique",
            {"key": key},
            "critical",
            f"one row for each {', '.join(contract.grain)}",
            "Keep one of the rows.",
        )
    )
    rules += tier_rules(contract, partnership)
    rules += [_also(number, contract) for number in range(len(contract.also))]
    return rules


def _file_rules(contract: Contract, rows_before: int) -> list[Compiled]:
    low, high = contract.rows
    again = "The file may be cut short, or the publisher changed it: look before the contract is changed."
    rules = [
        row_rule(
            "rows",
            "file",
            "rows_read",
            f"rows_read between {low} and {high}",
            f"{low} to {high} rows in the file",
            again,
            row="",
            values=(("least", str(low)), ("most", str(high))),
        ),
    ]
    if contract.layout.kind == "statcan":
        predicate = "datapoints is null or datapoints = rows_read"
        expected = "as many rows as the publisher's metadata says"
        rules.append(row_rule("datapoints", "file", "rows_read", predicate, expected, again, row=""))
    if rows_before:
        least = int(rows_before * contract.least_share)
        expected = f"at least {least} rows, {contract.least_share:.0%} of the {rows_before} in force"
        rules.append(row_rule("shrink", "file", "rows_read", f"rows_read >= {least}", expected, again, row=""))
    if contract.source.places == "partnership":
        expected = "at least one row of the partnership's places"
        fix = "Check what the publisher calls these places now (registers/place_labels.csv), and `places` in partnership.yaml."
        rules.append(row_rule("places", "file", "rows_kept", "rows_kept > 0", expected, fix, row=""))
    return rules


def _read_rules(contract: Contract) -> list[Compiled]:
    """Cells that could not be read: one rule per column; found, expected and fix come from the cell itself."""
    names = ["", *contract.columns, *([] if contract.is_register else ["status"])]
    rules = []
    for name in names:
        for severity in ("critical", "warning"):
            predicate = f"column_name <> {quoted(name)} or severity <> '{severity}'"
            label = f"reads_{name}" if name else "reads_row"
            suffix = "" if severity == "critical" else "_note"
            rules.append(row_rule(label + suffix, "unread", name, predicate, "", "", about="found", row="number", severity=severity))
    return rules


def _column_rules(contract: Contract, partnership: Partnership) -> list[Compiled]:
    table = "facts" if contract.is_register else "series"
    row = "row" if contract.is_register else "series_id"
    rules = []
    for name, column in contract.columns.items():
        if name in (contract.period, contract.measure) or (not contract.is_register and name not in contract.grain):
            continue
        for rule, predicate, expected, fix in _limits(name, column, contract, partnership):
            values = (("codes", ", ".join(column.one_of or [])),) if rule == "one_of" else ()
            rules.append(row_rule(f"{rule}_{name}", table, name, predicate, expected, fix, row=row, values=values))
    return rules


def _limits(name: str, column: Column, contract: Contract, partnership: Partnership) -> list[tuple[str, str, str, str]]:
    cell = f'"{name}"'
    look = f"Look at the file; if the publisher added it, add it to {contract.name}."
    found = []
    if column.required and column.type != "place":
        found.append(("filled", f"{cell} is not null and {cell} <> ''", "a filled cell", "Fill in the cell."))
    if column.one_of is not None:
        found.append(("one_of", f"{cell} in ({listed(column.one_of)})", f"one of {', '.join(column.one_of)}", look))
    if column.of_register:
        register = read(column.of_register, partnership.overlay)
        codes = codes_of(column, partnership)
        fix = f"Use a code of registers/{register.source.file}, or ask the office to add it there."
        found.append(("known", f"{cell} in ({listed(codes)})", f"a {name} of the register of {column.of_register}", fix))
    if column.pattern:
        anchored = quoted(f"^(?:{column.pattern})\\Z")
        predicate = f"{cell} regexp {anchored}"
        found.append(("form", predicate, f"text of the form {column.pattern}", "Write it in that form."))
    if column.type == "place" and contract.is_register:
        pattern = f"^(?:{PLACE_CODE})\\Z"
        fix = "Write the code of the place, such as 2021S0503529: a bare name stands for six different places."
        found.append(("place_code", f"{cell} regexp {quoted(pattern)}", "the code of a place, not a name", fix))
    if contract.is_register and column.min is not None:
        found.append(("least", f"{cell} >= {column.min:g}", f"at least {column.min:g}", "Look at the number."))
    if contract.is_register and column.max is not None:
        found.append(("most", f"{cell} <= {column.max:g}", f"at most {column.max:g}", "Look at the number."))
    return found


def _measure_rules(contract: Contract) -> list[Compiled]:
    name = contract.measure or ""
    column = contract.columns[name]
    look = "Look at the number; if it is right, change the limit in the contract and say why."
    rules = [
        row_rule(
            "reason",
            "facts",
            name,
            "value is not null or status <> 0",
            "a number, or a mark that says why there is none",
            look,
            about="value",
        ),
    ]
    if column.min is not None:
        least, values = f"at least {column.min:g}", (("limit", f"{column.min:g}"),)
        rules.append(row_rule("least", "facts", name, f"value >= {column.min!r}", least, look, about="value", values=values))
    if column.max is not None:
        most, values = f"at most {column.max:g}", (("limit", f"{column.max:g}"),)
        rules.append(row_rule("most", "facts", name, f"value <= {column.max!r}", most, look, about="value", values=values))
    if column.type == "integer":
        rules.append(row_rule("whole", "facts", name, "value = cast(value as integer)", "a whole number", look, about="value"))
    if contract.rounding:
        expected = f"a multiple of {contract.rounding}, as the publisher rounds"
        predicate = f"cast(value as integer) % {contract.rounding} = 0"
        rules.append(row_rule("rounding", "facts", name, predicate, expected, look, about="value"))
    rules += [rule for number, limit in enumerate(contract.limits, start=1) for rule in _limit(number, limit, name, look)]
    if contract.jump:
        rules.append(_jump(contract, name))
    return rules


def measure_limits(contract: Contract) -> list[str]:
    """The predicates over `value` that a row of the contract meets, or is held."""
    return [str(rule.kwargs["predicate"]) for rule in _measure_rules(contract) if rule.table == "facts" and rule.name != "reason"]


def _limit(number: int, limit: Limit, name: str, look: str) -> list[Compiled]:
    """Least and most of the series of one member."""
    others = f'series_id not in (select series_id from series where "{limit.column}" = {quoted(limit.member)})'
    bounds = [("least", ">=", limit.min), ("most", "<=", limit.max)]
    return [
        row_rule(
            f"{word}_{number}",
            "facts",
            name,
            f"{others} or value {sign} {bound!r}",
            f"at {word} {bound:g} where {limit.column} is {limit.member}",
            look,
            about="value",
            values=(("limit", f"{bound:g}"),),
        )
        for word, sign, bound in bounds
        if bound is not None
    ]


def _jump(contract: Contract, name: str) -> Compiled:
    jump = contract.jump
    assert jump is not None
    expected = f"at most {jump.factor:g} times the largest of the {jump.window} periods before"
    fix = "It is taken as it is. Look whether the publisher confirms it, before it stands in a headline."
    predicate = f"value <= {jump.factor!r} * largest_before or value < {jump.least!r}"
    return row_rule("jump", "last_step", name, predicate, expected, fix, about="value", severity="warning")


def _also(number: int, contract: Contract) -> Compiled:
    rule = contract.also[number]
    expected = rule.meta.get("expected") or rule.meta.get("why") or rule.type
    column = str(rule.kwargs.get("column", ""))
    fix = rule.meta.get("fix", "Look at the file.")
    return Compiled(f"also_{number + 1}", "rows", rule.type, dict(rule.kwargs), rule.severity, expected, fix, column=column)
