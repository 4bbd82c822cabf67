"""Correct the known errors of a publisher in a staging file; each entry guards itself against a file that says something else now."""

from __future__ import annotations

from sqlite3 import Connection

from expectations import Contract, Correction
from sql import periods
from sql.ledger import QUALITY, STATUS, STATUS_CODE
from sql.tables import status_code
from tasks.stage.staging import ShapeChanged

CORRECTED = QUALITY["c"]
WAITS = "Nothing of the file was loaded; the figures before it stay in force."
Cell = tuple[float | None, int]


def correct(db: Connection, contract: Contract) -> int:
    """Put what is right into each cell that still says what was published; how many cells that were.

    `db` holds the staging tables of one file. A corrected cell carries the quality `c` beside its own letters. `ShapeChanged` names the
    entry when its cell says something else now, or is not there.
    """
    applied = [correction for correction in contract.corrections if correction.applies]
    for correction in applied:
        number, value, status = _cell(db, contract, correction)
        if (value, status) != _typed(correction.published, contract):
            raise _changed(correction, contract, (value, status))
        value, status = _typed(correction.corrected, contract)
        change = "update facts set value = ?, status = ?, quality = quality | ? where rowid = ?"
        db.execute(change, (value, status, CORRECTED, number))
    return len(applied)


def _cell(db: Connection, contract: Contract, correction: Correction) -> tuple[int, float | None, int]:
    """Where the cell of an entry lies, its value and its status."""
    settings = contract.columns[contract.period or ""]
    try:
        span = periods.parse(correction.cell[contract.period or ""], settings.frequency, settings.starts)
    except ValueError as error:
        raise ShapeChanged(f"{correction.where}: {error}", "a period of the table", "Mend the entry.") from error
    labels = " and ".join(f's."{name}" = ?' for name in contract.dimensions)
    query = f"select f.rowid, f.value, f.status from series s join facts f using (series_id) where f.period = ? and {labels}"
    found = db.execute(query, (span.id, *(correction.cell[name] for name in contract.dimensions))).fetchall()
    if len(found) == 1:
        return int(found[0][0]), found[0][1], int(found[0][2])
    raise ShapeChanged(
        f"{'no' if not found else len(found)} cells {_named(correction)}, which {correction.where} corrects",
        f"one cell that says {_plain(correction.published)}",
        f"Look at the file: if the publisher dropped or renamed the cell, mend the entry or remove it. {WAITS}",
    )


def _changed(correction: Correction, contract: Contract, now: Cell) -> ShapeChanged:
    right = now == _typed(correction.corrected, contract)
    why = "The publisher mended it" if right else "The publisher changed the cell: look at it"
    return ShapeChanged(
        f"{_said(now, contract)} in the cell {_named(correction)}, which {correction.where} corrects",
        f"{_plain(correction.published)}, as published when the entry was written",
        f"{why}; remove the entry. {WAITS}",
    )


def _typed(written: float | str, contract: Contract) -> Cell:
    """What an entry writes, as the staging file keeps it."""
    if isinstance(written, float):
        return written, STATUS_CODE[""]
    if written == "absent":
        return 0.0, STATUS_CODE["absent"]
    meaning = contract.non_values.get(written)
    return None, status_code(written, meaning.status if meaning else "not_available")


def _said(cell: Cell, contract: Contract) -> str:
    value, status = cell
    if value is not None:
        return _plain(value)
    marks = [mark for mark, meaning in contract.non_values.items() if status_code(mark, meaning.status) == status]
    return marks[0] if marks else STATUS[status]


def _plain(written: float | str) -> str:
    return written if isinstance(written, str) else f"{written:.15g}"


def _named(correction: Correction) -> str:
    return ", ".join(f"{name} {value}" for name, value in correction.cell.items())
