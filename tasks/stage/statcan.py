"""Stage a Statistics Canada full-table zip, English or French: streamed, typed and keyed without holding the table in memory."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa

from expectations import Contract
from expectations.partnership import Partnership
from tasks.fetch.store import Snapshot
from tasks.stage.cells import Places
from tasks.stage.dialect import DELIMITERS, Dialect, dialect_of
from tasks.stage.inflate import inflated
from tasks.stage.staging import Fault, ShapeChanged, Staging
from tasks.stage.table import AGAIN, ReadAgain, Table

LOOK = "It is read all the same; look at the publisher's notes of the release if it stays so."


def stage_statcan(staging: Staging, source: Path, snapshot: Snapshot, contract: Contract, partnership: Partnership) -> None:
    """Stream the data member of the zip into the staging file, keeping the rows of the contract's places.

    The file is read as fast as it inflates; one with a row of another width or a key that stands twice is read once more, carefully.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            member = _data_member(archive)
            dialect = _dialect(archive, member, contract)
            try:
                table = _read(archive, member, Table(staging, contract, Places(contract, partnership), dialect, carefully=False))
            except ReadAgain:
                staging.restart()
                table = _read(archive, member, Table(staging, contract, Places(contract, partnership), dialect, carefully=True))
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ShapeChanged(f"a broken zip file ({error})", "a whole zip file", AGAIN) from error
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise ShapeChanged(f"text that cannot be read ({error})", "UTF-8 text with the columns of the header", AGAIN) from error
    for remark in dialect.remarks:
        staging.fault(Fault(0, "", "columns", remark, "the columns as they were", LOOK, "warning"))
    staging.finish(rows_read=table.read_rows + len(table.splitter.spoilt), datapoints=snapshot.facts.get("datapoints"))


def _data_member(archive: zipfile.ZipFile) -> str:
    # The other member is never parsed: its notes have quotes inside quotes, and everything in it is in the service's metadata too.
    names = [name for name in archive.namelist() if name.endswith(".csv") and not name.endswith("_MetaData.csv")]
    if len(names) != 1:
        raise ShapeChanged(f"the files {', '.join(archive.namelist())}", "one data file and its metadata", AGAIN)
    return names[0]


def _dialect(archive: zipfile.ZipFile, member: str, contract: Contract) -> Dialect:
    with archive.open(member) as head:
        text = io.TextIOWrapper(head, "utf-8-sig", newline="")
        return dialect_of(next(csv.reader(text, delimiter=DELIMITERS[contract.source.language]), []), contract)


def _read(archive: zipfile.ZipFile, member: str, table: Table) -> Table:
    with inflated(archive, member) as body:
        table.read(body)
    table.write()
    return table
