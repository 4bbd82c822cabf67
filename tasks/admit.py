"""Admit the rows of a partner whose period is open; those of a closed period wait until the office lets them in by name."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from expectations import Contract
from expectations.partnership import Partnership
from tasks.due import Window, window
from tasks.stage import Staged
from tasks.stage.staging import materialise

CLOSED = "closed"


def admit(staged: Staged, contract: Contract, partnership: Partnership) -> dict[str, Window]:
    """The window of each period in a staged file of a partner; rows of a closed one are set aside in it with what to do."""
    if staged.refusal or not staged.path:
        return {}
    with closing(sqlite3.connect(staged.path)) as db, db:
        periods = [code for (code,) in db.execute("select code from period order by period")]
        windows = {code: window(partnership, staged.snapshot.part, code) for code in periods}
        for code, state in windows.items():
            if not state.takes:
                _set_aside(db, contract, code, state)
    return windows


def _set_aside(db: sqlite3.Connection, contract: Contract, code: str, state: Window) -> None:
    if db.execute("select 1 from sqlite_master where name = 'block'").fetchone() and db.execute("select 1 from block limit 1").fetchone():
        materialise(db)
        db.execute("delete from block")
    names = ", ".join(f's."{name}"' for name in contract.dimensions)
    query = f"select f.row, f.value, {names} from facts f join series s using (series_id) join period p using (period) where p.code = ?"
    for row, value, *series in db.execute(query, (code,)).fetchall():
        content = dict(zip(contract.dimensions, series, strict=True)) | {"period": code, "value": value}
        fix = f"It closed on {state.closes_on}. Ask the office to let it in, then nothing needs to be sent again."
        fault = (row, contract.period, CLOSED, code, "a period that is open", fix, "critical")
        db.execute("insert into unread(row, column_name, rule, found, expected, fix, severity) values (?,?,?,?,?,?,?)", fault)
        db.execute("insert or ignore into raw values (?,?)", (row, json.dumps(content, ensure_ascii=False)))
    db.execute("delete from facts where period = (select period from period where code = ?)", (code,))
