"""Ask what was measured of a large table first; look at its rows only when that is not enough.

The facts of a large table lie in blocks, and the reader measured them while it wrote them: extremes and counts in the table `file`.
Great Expectations judges those for each rule that has such a screen. A screen that fails says that there is a row to find, not which:
then, and for every rule that no screen stands for, the facts are put into rows and all rules run over them. What is found is the same.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from expectations import Contract
from tasks.check.compile import Compiled
from tasks.stage.blocks import has_blocks
from tasks.stage.staging import materialise

if TYPE_CHECKING:
    from tasks.check.run import Broken

Answers = tuple[list["Broken"], list[tuple[Compiled, str]]]
# Tables of a staging file that are small however large the table is.
SMALL = frozenset({"file", "unread", "series", "period", "spell", "history", "asked", "together"})
NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"


def judge(path: Path, rules: list[Compiled], contract: Contract) -> Answers:
    """The rules that found something, and the rules that could not run."""
    from tasks.check.run import run

    if not _lies_in_blocks(path):
        return run(path, rules)
    screens = [rule if rule.table in SMALL else screen(rule, contract) for rule in rules]
    if None not in screens:
        found = run(path, [rule for rule in screens if rule is not None])
        if not _asks_for_rows(found):
            return found
    _put_into_rows(path)
    return run(path, rules)


def _lies_in_blocks(path: Path) -> bool:
    """True for the staging file of a large table."""
    with closing(sqlite3.connect(path)) as db:
        return has_blocks(db)


def _put_into_rows(path: Path) -> None:
    """Make the table `facts` of the blocks."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("pragma synchronous=off")
        db.execute("begin")
        materialise(db)
        db.execute("commit")


def screen(rule: Compiled, contract: Contract) -> Compiled | None:
    """A rule about the measures that holds only if this rule over `facts` finds nothing; None where there is none."""
    if rule.table != "facts" or (rule.type != "expect_rows_to_satisfy" and rule.name != "key"):
        return None
    predicate = "twins = 0" if rule.name == "key" else _measured(str(rule.kwargs["predicate"]), contract)
    if predicate is None or (rule.name == "key" and rule.kwargs.get("key") != ["series_id", "period"]):
        return None
    asked = {"column": "rows_read", "predicate": predicate}
    return replace(rule, table="file", type="expect_rows_to_satisfy", kwargs=asked, row="", column="rows_read", meta={"screen": "yes"})


def _measured(predicate: str, contract: Contract) -> str | None:
    for form, measured in _FORMS:
        if match := re.fullmatch(form, predicate):
            return measured(match, contract)
    return None


_FORMS: list[tuple[str, Callable[[re.Match[str], Contract], str | None]]] = [
    (rf"value >= ({NUMBER})", lambda match, _: f"lowest >= {match[1]}"),
    (rf"value <= ({NUMBER})", lambda match, _: f"highest <= {match[1]}"),
    (r"value = cast\(value as integer\)", lambda *_: "fractions = 0"),
    (r"value is not null or status <> 0", lambda *_: "unexplained = 0"),
    (
        r"cast\(value as integer\) % (\d+) = 0",
        lambda match, contract: "off_rounding = 0" if int(match[1]) == contract.rounding else None,
    ),
]


def _asks_for_rows(found: Answers) -> bool:
    """True when a screen failed, or a rule that holds rows of the facts found something."""
    broken, crashed = found
    asked = [one.rule for one in broken] + [rule for rule, _ in crashed]
    return any(rule.meta.get("screen") or rule.table in ("series", "asked", "together") for rule in asked)
