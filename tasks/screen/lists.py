"""The closed lists of a table: which texts may stand in its columns, and which code each means."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from expectations import HERE, Column, Contract, ContractBroken, read, words
from expectations.partnership import Partnership
from expectations.places import rows
from tasks.screen.fold import fold

Codes = dict[str, str]


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """The languages that workbooks are written in: those for which there are words."""
    return tuple(sorted(path.suffixes[0][1:] for path in (HERE / "words").glob("workbook.*.yaml")))


def labels(column: str) -> dict[str, str]:
    """What a heading of ours is called, by language."""
    return {language: str(words("workbook", language).get("columns", {}).get(column, column)) for language in languages()}


def source_of(name: str, column: Column) -> str:
    """What the kept copy calls a column, and `stage` looks for."""
    return (column.source if isinstance(column.source, str) else column.source[0]) or name


def carried(contract: Contract) -> dict[str, Column]:
    """The columns that a file has: all but the constant ones."""
    return {name: column for name, column in contract.columns.items() if not column.constant}


def headings(contract: Contract) -> Codes:
    """Folded heading to our column, for its own name, the name the file of `stage` has, and its label in every language."""
    named = {name: source_of(name, column) for name, column in carried(contract).items()} | {name: name for name in contract.issued}
    found = {fold(text): name for name, source in named.items() for text in (*labels(name).values(), source)}
    return found | {fold(name): name for name in named}


def codes(name: str, column: Column, contract: Contract, partnership: Partnership) -> Codes | None:
    """Folded text to code, for a column with a closed list; None for a column of numbers, periods or a pattern.

    A code may be written as its name in any language; a name that two codes share means none of them.
    """
    if column.of_register:
        return _unambiguous(_register(column.of_register, partnership))
    if column.one_of is not None or column.members:
        listed = [*(column.one_of or []), *column.members]
        return _unambiguous([(text, code) for code in listed for text in (code, column.members.get(code, ""), *_named(name, code))])
    if column.type == "place":
        named = [(place, code) for language in languages() for code, place in partnership.place_names(language).items()]
        kept = partnership.kept_places
        return _unambiguous([*((code, code) for code in kept), *((text, code) for text, code in named if code in kept)])
    if column.type == "date" or (column.type == "text" and not column.pattern):
        raise ContractBroken(
            f"{contract.name}: partners could write anything into the column {name}, so the gate lets no file in. "
            "Give the column one_of, of_register or a pattern."
        )
    return None


def _named(name: str, code: str) -> list[str]:
    """What a code of a list is called in the words of the workbook: under the name of its column, where there are such words."""
    found: list[str] = []
    for language in languages():
        said: Any = words("workbook", language).get("codes", {}).get(name, {})
        found += [str(said[code])] if code in said else []
    return found


def _register(register: str, partnership: Partnership) -> list[tuple[str, str]]:
    """(text, code) of a register: the codes themselves and every name they have."""
    contract = read(register, partnership.overlay)
    code = contract.grain[0]
    found = rows(partnership.home / "registers" / contract.source.file, source_of(code, contract.columns[code]))
    named = [(text, row[code]) for row in found for key, text in row.items() if key and key.startswith("name_")]
    return [*((row[code], row[code]) for row in found), *named]


def _unambiguous(named: Iterable[tuple[str, str]]) -> Codes:
    meant: dict[str, set[str]] = {}
    own: Codes = {}
    for text, code in named:
        if text:
            meant.setdefault(fold(text), set()).add(code)
            if text == code:
                own[fold(text)] = code
    return {text: next(iter(meanings)) for text, meanings in meant.items() if len(meanings) == 1} | own


def issued_names(contract: Contract, partnership: Partnership) -> frozenset[str]:
    """The folded names that the office may have filled in: those of every code of the table."""
    registers = {column.of_register for column in contract.columns.values() if column.of_register}
    return frozenset(fold(text) for register in registers for text, _ in _register(register, partnership) if text)
