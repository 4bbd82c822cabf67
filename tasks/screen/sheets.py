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
from tasks.screen.ours import ANSWER, HELP, foreign_cells, is_our_comment, is_our_page, role
from tasks.screen.reader.cells import letters_of
from tasks.screen.reply import typed
from tasks.screen.table import Comment, Table

# So many hidden columns are told one by one.
TOLD_COLUMNS = 20
Found = tuple[Table, Contract, str]
# An answer on 20,000 rows has half so many characters in its comments; more would take the gate too long to compare with ours.
MOST_COMMENTED = 6_000_000


def find_tables(
    tables: Sequence[Table], contracts: Sequence[Contract], partnership: Partnership, *, contract: str, faults: Faults
) -> list[Found]:
    """The tables with their contracts, and the name of the sheet where it is one of ours: any other name may be a person's.

    `contract` is the table that the place of the file is for, if it is for one.
    """
    named = {fold(name_of(one)): one for one in contracts}
    found: list[Found] = []
    others: list[Table] = []
    for table in tables:
        if table.name and fold(table.name) in named:
            one = named[fold(table.name)]
            _of_ours(table, name_of(one), faults)
            found.append((table, one, name_of(one)))
        elif table.name and role(table):
            _page(table, partnership, faults)
        elif table.rows or table.comments:
            others.append(table)
        elif table.name:
            faults.add("gate_stray_sheet", values=(("sheet", str(table.position)),))
    if not found and len(others) == 1 and not others[0].is_hidden:
        return _lone(others[0], contracts, contract, faults)
    renamed = _renamed(others, [one for one in contracts if one not in [known for _, known, _ in found]])
    for table in others:
        values = (("sheet", str(table.position)),)
        if table.position in renamed:
            faults.add("gate_renamed_sheet", values=(*values, ("name", renamed[table.position])))
        else:
            rule = "gate_hidden_sheet" if table.is_hidden else "gate_other_sheet"
            faults.add(rule, count=max(1, table.count), values=values)
    if not found and not faults.refuses:
        is_text = not any(table.name for table in tables)
        faults.add("gate_empty" if is_text else "gate_no_table", values=() if is_text else _sheet_names(contracts))
    return found


def name_of(contract: Contract) -> str:
    """What the sheet of a table is called."""
    return contract.layout.sheet or contract.name


def sheet_names(contracts: Sequence[Contract]) -> dict[str, str]:
    """Our sheets, by their folded names."""
    return {fold(name): name for name in (*map(name_of, contracts), HELP, ANSWER)}


def _lone(table: Table, contracts: Sequence[Contract], contract: str, faults: Faults) -> list[Found]:
    """The only table of a file under no name of ours: the one its place is for, or the one whose headings it has."""
    _of_ours(table, "", faults)
    if not table.rows:
        return []
    if is_our_page(table):
        faults.add("gate_our_page", values=_sheet_names(contracts))
        return []
    given = [one for one in contracts if one.name == contract]
    fitting = given or [one for one in contracts if _fits(table, one)]
    if len(fitting) > 1:
        faults.add("gate_which_table", row=table.rows[0][0], values=_sheet_names(contracts))
        return []
    nearest = max(fitting or contracts, key=lambda one: _likeness(table, one), default=None)
    return [(table, nearest, "")] if nearest else []


def _renamed(others: Sequence[Table], missing: Sequence[Contract]) -> dict[int, str]:
    """Our name of each sheet that has all the headings of one table of which no other sheet is, by the place of the sheet."""
    fitting = {table.position: [one for one in missing if _fits(table, one)] for table in others if table.rows and not table.is_hidden}
    only = {position: name_of(fits[0]) for position, fits in fitting.items() if len(fits) == 1}
    return {position: name for position, name in only.items() if list(only.values()).count(name) == 1}


def _sheet_names(contracts: Sequence[Contract]) -> tuple[tuple[str, str], ...]:
    return (("sheets", ", ".join(name_of(one) for one in contracts)),)


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
    for letter, rows, count in table.unseen[:TOLD_COLUMNS]:
        for row in rows:
            faults.add("gate_hidden_cells", sheet=sheet, letter=letter, row=row, count=0, values=values)
        faults.add("gate_hidden_cells", sheet=sheet, letter=letter, count=count, values=values)
    if table.links:
        _at_cells("gate_link", sheet, table.linked, table.links, values, faults)
    _comments(table, sheet, faults)


def _page(table: Table, partnership: Partnership, faults: Faults) -> None:
    """A page of ours, of which nothing is kept. What somebody else wrote there is told; it refuses the file where it looks personal."""
    values = (("sheet", str(table.position)),)
    name = role(table)
    for row, column, is_personal in foreign_cells(table, partnership):
        rule = "gate_help_page" if is_personal or table.is_hidden else "gate_help_text"
        faults.add(rule, sheet=name, letter=letters_of(column), row=row, values=values)
    cells = [(letters_of(column), row) for row, column in typed(table)] if name == ANSWER else []
    if cells:
        _at_cells("gate_answer_text", name, cells, len(cells), values, faults)
    _comments(table, name, faults)


def _comments(table: Table, sheet: str, faults: Faults) -> None:
    different = Counter((comment.author, comment.text) for comment in table.comments)
    if sum(len(text) for _, text in different) > MOST_COMMENTED:
        faults.add("gate_cells")
        return
    strange = {key for key in different if not is_our_comment(Comment(*key))}
    cells = [(comment.letter, comment.row) for comment in table.comments if (comment.author, comment.text) in strange]
    if cells:
        _at_cells("gate_comment", sheet, cells, len(cells), (("sheet", str(table.position)),), faults)


def _at_cells(
    rule: str, sheet: str, cells: Sequence[tuple[str, int]], count: int, values: tuple[tuple[str, str], ...], faults: Faults
) -> None:
    """A finding at the first of these cells, and the others of its column, that says how many there are in all."""
    letter = next((letter for letter, _ in cells if letter), "")
    place = faults.place(rule, sheet=sheet, letter=letter, values=values)
    for row in (row for its, row in cells if letter and its == letter):
        place.add(row, 0)
    place.add(None, count)
