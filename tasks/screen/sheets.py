"""Which sheet of a workbook is which table; and what may not be in a workbook beside its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from expectations import Contract
from expectations.partnership import Partnership
from tasks.screen.columns import as_text
from tasks.screen.faults import Faults
from tasks.screen.fold import fold
from tasks.screen.lists import carried, headings
from tasks.screen.ours import foreign_cells, is_our_comment, role
from tasks.screen.reader.cells import letters_of
from tasks.screen.table import Table

Found = tuple[Table, Contract, str]
# An answer on 20,000 rows has half so many characters in its comments; more would take the gate too long to compare with ours.
MOST_COMMENTED = 6_000_000


def find_tables(
    tables: Sequence[Table], contracts: Sequence[Contract], partnership: Partnership, *, contract: str, faults: Faults
) -> list[Found]:
    """The tables with their contracts, and the name of the sheet where it is one of ours: any other name may be a person's.

    `contract` is the table that the place of the file is for, if it is for one.
    """
    named = {fold(one.layout.sheet or one.name): one for one in contracts}
    found: list[Found] = []
    others: list[Table] = []
    for table in tables:
        if table.name and fold(table.name) in named:
            one = named[fold(table.name)]
            _of_ours(table, one.layout.sheet or one.name, faults)
            found.append((table, one, one.layout.sheet or one.name))
        elif table.name and role(table):
            _page(table, partnership, faults)
        elif table.rows or table.comments:
            others.append(table)
        elif table.name:
            faults.add("gate_stray_sheet", values=(("sheet", str(table.position)),))
    if not found and len(others) == 1 and not others[0].is_hidden:
        return _lone(others[0], contracts, contract, faults)
    for table in others:
        rule = "gate_hidden_sheet" if table.is_hidden else "gate_other_sheet"
        faults.add(rule, count=max(1, table.count), values=(("sheet", str(table.position)),))
    if not found and not faults.refuses:
        is_text = not any(table.name for table in tables)
        faults.add("gate_empty" if is_text else "gate_no_table", values=() if is_text else _sheet_names(contracts))
    return found


def _lone(table: Table, contracts: Sequence[Contract], contract: str, faults: Faults) -> list[Found]:
    """The only table of a file under no name of ours: the one its place is for, or the one whose headings it has."""
    _of_ours(table, "", faults)
    if not table.rows:
        return []
    given = [one for one in contracts if one.name == contract]
    fitting = given or [one for one in contracts if _fits(table, one)]
    if len(fitting) > 1:
        faults.add("gate_which_table", row=table.rows[0][0], values=_sheet_names(contracts))
        return []
    nearest = max(fitting or contracts, key=lambda one: _likeness(table, one), default=None)
    return [(table, nearest, "")] if nearest else []


def _sheet_names(contracts: Sequence[Contract]) -> tuple[tuple[str, str], ...]:
    return (("sheets", ", ".join(one.layout.sheet or one.name for one in contracts)),)


def _top(table: Table, contract: Contract) -> list[str]:
    """Our columns that the headings of a table name; an empty text for a heading that names none."""
    ours = headings(contract)
    return [ours.get(fold(as_text(cell)), "") if not isinstance(cell, tuple) else "" for cell in table.rows[0][1].values()]


def _fits(table: Table, contract: Contract) -> bool:
    """True when every heading is one of this table, and every column that it needs is there."""
    top = _top(table, contract)
    return all(top) and {name for name, column in carried(contract).items() if column.required} <= set(top)


def _likeness(table: Table, contract: Contract) -> int:
    """How many headings are of this table, less the columns that are missing."""
    top = set(_top(table, contract)) - {""}
    return len(top) - len({name for name, column in carried(contract).items() if column.required} - top)


def _of_ours(table: Table, sheet: str, faults: Faults) -> None:
    """What a sheet with a table may not have: cells that nobody sees, comments of others, links."""
    values = (("sheet", str(table.position)),)
    if table.is_hidden and table.rows:
        faults.add("gate_hidden_sheet", sheet=sheet, count=table.count, values=values)
    if table.unseen:
        letter = table.unseen_letters[0]
        for row in table.unseen_rows:
            faults.add("gate_hidden_cells", sheet=sheet, letter=letter, row=row, count=0, values=values)
        faults.add("gate_hidden_cells", sheet=sheet, letter=letter, count=table.unseen, values=values)
    if table.links:
        faults.add("gate_link", sheet=sheet, count=table.links, values=values)
    _comments(table, sheet, faults)


def _page(table: Table, partnership: Partnership, faults: Faults) -> None:
    """A page of ours, of which nothing is kept. What somebody else wrote there is told; it refuses the file where it looks personal."""
    values = (("sheet", str(table.position)),)
    name = role(table)
    for row, column, is_personal in foreign_cells(table, partnership):
        rule = "gate_help_page" if is_personal or table.is_hidden else "gate_help_text"
        faults.add(rule, sheet=name, letter=letters_of(column), row=row, values=values)
    _comments(table, name, faults)


def _comments(table: Table, sheet: str, faults: Faults) -> None:
    different = Counter(table.comments)
    if sum(len(comment.text) for comment in different) > MOST_COMMENTED:
        faults.add("gate_cells")
    elif foreign := sum(count for comment, count in different.items() if not is_our_comment(comment)):
        faults.add("gate_comment", sheet=sheet, count=foreign, values=(("sheet", str(table.position)),))
