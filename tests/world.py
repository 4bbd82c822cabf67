"""What several tests of the data path do: run a refresh, look into the warehouse, make small files and contracts."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import threading
import traceback
import warnings
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, select, text

import expectations
from demo.publishers import Publishers
from expectations import Contract, places
from expectations.partnership import Partnership
from flows.partners import Collected, collect_partners
from flows.sentences import Line, refresh_tables
from flows.verbs import Verbs
from sql import schema, warehouse
from sql.tables import tables
from tasks.check import Verdict, check
from tasks.fetch import Snapshot
from tasks.fetch.store import copy_in, keep
from tasks.load import Loaded, load
from tasks.stage import Staged, stage

PETERBOROUGH = "2021S0503529"
# The tables that most tests refresh: two publishers, a small and a large file. All of them together are refreshed by the command
# (tests/flows/test_cli.py) and, one by one, by tests/expectations/test_statcan_samples.py and its like.
PUBLIC = ["ircc_pgwp_cma", "ircc_pr_cma", "statcan_components_cma", "statcan_population_quarterly"]
REGISTERS = [contract.name for contract in expectations.read_all() if contract.is_register]
Dump = dict[str, list[tuple[Any, ...]]]


# Runs


def refresh(partnership: Partnership, *only: str) -> dict[str, Line]:
    """Refresh the registers and PUBLIC, or the tables named; the lines of the report by table."""
    return {line.contract: line for line in refresh_tables(partnership, only or [*REGISTERS, *PUBLIC], Verbs())}


def collect(partnership: Partnership, *only: str) -> Collected:
    """Collect what partners sent, through the gate."""
    return collect_partners(partnership, only, Verbs())


def snapshot_of(body: bytes, contract: Contract, partnership: Partnership, *, name: str = "", part: str = "", **known: Any) -> Snapshot:
    """Bytes as a snapshot in the store, as if they had just been fetched."""
    path = partnership.home / f"received-{os.getpid()}-{threading.get_ident()}-{hashlib.sha256(body).hexdigest()[:8]}"
    path.write_bytes(body)
    received = copy_in(path, partnership.home)
    path.unlink()
    return keep(partnership, contract, received, url=name or f"{contract.name}.csv", part=part, **known)


def staged(body: bytes, contract: Contract, partnership: Partnership, **known: Any) -> Staged:
    """Bytes, staged under a contract."""
    return stage(snapshot_of(body, contract, partnership, **known), contract, partnership)


def judged(body: bytes, contract: Contract, partnership: Partnership, **known: Any) -> Verdict:
    """Bytes, staged and checked under a contract."""
    return check(staged(body, contract, partnership, **known), contract, partnership)


def loaded(body: bytes, contract: Contract, partnership: Partnership, **known: Any) -> Loaded:
    """Bytes, staged, checked and loaded under a contract."""
    return load(judged(body, contract, partnership, **known), contract, partnership)


def in_child(work: Callable[[], object]) -> int:
    """Run `work` in a child of this process, with all that is imported here; its id. It ends with 0, or 1 when `work` raises."""
    url = warehouse.url_of(Path(os.environ["OPENLIP_HOME"]))
    for writes in (True, False):  # a child must not share connections
        warehouse._engine(url, writes).dispose()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads, from Python 3.12 on
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def later(environment: Any, moment: str) -> None:
    """Set the clock."""
    environment.setenv("OPENLIP_NOW", f"{moment}+00:00" if len(moment) == 19 else moment)


# Looks into the warehouse


def dump(partnership: Partnership, *, without: Sequence[str] = (), tables_only: Sequence[str] = ()) -> Dump:
    """Every table of the warehouse, row by row in order, read with the types of the code; without the columns named."""
    known = MetaData()
    for table in schema.metadata.tables.values():
        table.to_metadata(known)
    for contract in partnership.contracts():
        for table in tables(contract).metadata.tables.values():
            if table.name not in known.tables:
                table.to_metadata(known)
    found: Dump = {}
    with warehouse.reader(partnership.home).connect() as connection:
        there = names_of_tables(partnership)
        assert there <= set(known.tables), there - set(known.tables)
        for name in sorted(there):
            if tables_only and name not in tables_only:
                continue
            columns = [column for column in known.tables[name].columns if column.name not in without]
            rows = connection.execute(select(*columns)).tuples().all()
            found[name] = sorted((tuple(row) for row in rows), key=repr)
    return found


def names_of_tables(partnership: Partnership) -> set[str]:
    with warehouse.reader(partnership.home).connect() as connection:
        if warehouse.is_sqlite(connection):
            query = "select name from sqlite_master where type = 'table'"
        else:
            query = "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
        return set(connection.scalars(text(query)))


def ask(partnership: Partnership, query: str, **values: Any) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with warehouse.reader(partnership.home).connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def as_of(partnership: Partnership, contract: Contract, release: int | None = None) -> list[dict[str, Any]]:
    """The rows of a table in force at a release, or now, under our column names."""
    with warehouse.reader(partnership.home).connect() as connection:
        return [dict(row) for row in connection.execute(tables(contract).view(release)).mappings()]


def quarantined(partnership: Partnership, contract: str) -> list[tuple[int, str]]:
    """Row and content of what was held back of a table."""
    query = "select q.row, q.content from quarantine q join verdict v on v.id = q.verdict where v.contract = :c order by v.part, q.row"
    return [(row, content) for row, content in ask(partnership, query, c=contract)]


# Files


def edition(publishers: Publishers, file: str) -> bytes:
    """What the publishers serve under a file name of IRCC, or under the number of a table of Statistics Canada."""
    return publishers._ircc.files[file] if file in publishers._ircc.files else publishers._statcan.tables[file].zips["en"]


def member(archive: bytes) -> bytes:
    """The data file of a full-table zip."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return opened.read(next(name for name in opened.namelist() if "MetaData" not in name))


def zipped(pid: str, data: bytes | str) -> bytes:
    """A full-table zip around a data file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{pid}.csv", data)
        archive.writestr(f"{pid}_MetaData.csv", "metadata")
    return out.getvalue()


STATCAN_HEADER = [
    *["REF_DATE", "GEO", "DGUID", "UOM", "UOM_ID", "SCALAR_FACTOR", "SCALAR_ID", "VECTOR", "COORDINATE"],
    *["VALUE", "STATUS", "SYMBOL", "TERMINATED", "DECIMALS"],
]
IRCC_HEADER = [
    *["EN_YEAR", "EN_QUARTER", "EN_MONTH", "FR_ANNEÉ", "FR_TRIMESTRE", "FR_MOIS"],
    *["EN_CENSUS_METROPOLITAN_AREA", "FR_RÉGION_MÉTROPOLITAINE_DE_RECENSEMENT", "EN_PROVINCE_TERRITORY", "FR_PROVINCE_TERRITOIRE", "TOTAL"],
]
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def ircc_row(year: int, month: str, place: str, total: str, *, province: str = "Ontario") -> list[str]:
    """One row of a monthly file; the French columns are read by nobody."""
    return [str(year), "Q1", month, str(year), "T1", "janv.", place, place, province, province, total]


def ircc_file(rows: Iterable[Sequence[str]], *, header: Sequence[str] = (), end: str = "\r\n") -> bytes:
    """A monthly file: tab separated, no quotes."""
    return "".join("\t".join(row) + end for row in [header or IRCC_HEADER, *rows]).encode()


def population_row(period: str, code: str, value: str, **more: str) -> list[str]:
    """One row of table 17-10-0009; `code` is the province's, `more` sets other columns by name."""
    dguid = "2016A000011124" if code == "11124" else f"2016A0002{code}"
    place = {"STATUS": "", "SYMBOL": "", "TERMINATED": "", "COORDINATE": f"{int(code) % 90}"}
    row = [period, f"place {code}", dguid, "Persons", "249", "units", "0", f"v{code}", place["COORDINATE"], value, "", "", "", "0"]
    for name, cell in more.items():
        row[STATCAN_HEADER.index(name)] = cell
    return row


def statcan_file(rows: Iterable[Sequence[str]], *, header: Sequence[str] = (), end: str = "\n", last_end: bool = True) -> bytes:
    """The data file of a full table: a mark at the start, every field quoted."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator=end).writerows([header or STATCAN_HEADER, *rows])
    body = out.getvalue()
    return ("\ufeff" + (body if last_end else body.removesuffix(end))).encode()


def partner_file(*rows: Sequence[object], header: Sequence[str] = ("partner", "period", "metric", "value")) -> bytes:
    """A partner's CSV."""
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode()


# Contracts


def shared_metrics_only(partnership: Partnership) -> None:
    """From now on partners owe what stands in the sheet `metrics` alone, and nothing of the programmes."""
    registers = partnership.home / "registers"
    plain = {row["metric"] for row in places.rows(registers / "metrics.csv", "metric", "table") if row["table"] == "partner_metrics"}
    head, *rows = (registers / "reporting.csv").read_text(encoding="utf-8").splitlines()
    kept = [row for row in rows if row.split(",")[1] in plain]
    (registers / "reporting.csv").write_text("\n".join([head, *kept, ""]), encoding="utf-8")


def succeeds(partnership: Partnership, **successions: str) -> None:
    """From now on the register of members says who goes on for whom."""
    path = partnership.home / "registers" / "members.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(row | {"successor": successions.get(row["partner"], row["successor"])} for row in rows)
    path.write_text(out.getvalue(), encoding="utf-8")


def contract_text(name: str) -> str:
    """The YAML of a shipped contract."""
    paths = [expectations.HERE / kind / f"{name}.yaml" for kind in expectations.KINDS]
    return next(path for path in paths if path.is_file()).read_text(encoding="utf-8")


def changed(name: str, *changes: tuple[str, str], add: str = "") -> Contract:
    """A shipped contract with pieces of its text changed; every piece must be there."""
    body = contract_text(name)
    for old, new in changes:
        assert old in body, old
        body = body.replace(old, new)
    return expectations.parse(body + add, name=name)
