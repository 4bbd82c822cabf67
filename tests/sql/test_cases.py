"""Every query on its cases: rows given under our column names, rows expected, on both warehouses.

A list in the measure of a statistical table is as many periods in a row; a list in another column is as many rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Connection, Engine, text

import expectations
import sql
from expectations import Contract
from expectations.partnership import Partnership, read_partnership
from sql import ledger, lineage, periods, schema
from sql import warehouse as engines
from sql.tables import Tables, status_code, tables
from tasks.build import lay

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
QUERIES = sql.read_all()
CONTRACTS = {contract.name: contract for contract in expectations.read_all()}
PLACES = {"here": "2021S0503529", "there": "2021S0503521"}
Row = dict[str, Any]


def cases(query: str) -> list[dict[str, Any]]:
    path = HERE / f"{QUERIES[query].folder}.{query}.yaml"
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else []
    return found


ALL = [pytest.param(name, case, id=f"{name}: {case['it']}") for name in sorted(QUERIES) for case in cases(name)]


@pytest.fixture(scope="module")
def partnership() -> Partnership:
    return read_partnership(ROOT / "partnerships" / "peterborough")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A fresh warehouse with every table of every contract, and nothing in them."""
    url = f"sqlite:///{tmp_path_factory.mktemp('cases') / 'warehouse.db'}"
    if request.param == "postgres":
        cluster = request.getfixturevalue("_cluster")
        url = f"{cluster.url}/{cluster.create()}".replace("postgresql://", "postgresql+psycopg://")
    made = engines._engine(url, True)
    with made.begin() as connection:
        schema.metadata.create_all(connection)
        for contract in CONTRACTS.values():
            tables(contract).metadata.create_all(connection)
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A transaction that is rolled back, so that each case begins with empty tables."""
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


# Given


def given(connection: Connection, rows_of: dict[str, list[Row]]) -> None:
    """Put the rows of a case into the tables of their contracts."""
    for name, rows in rows_of.items():
        target = tables(CONTRACTS[name])
        spread = [_spelled(row) for wide in rows for row in _spread(wide, target.contract)]
        _register(connection, target, spread) if target.register else _statistics(connection, target, spread)


def _spread(row: Row, contract: Contract) -> list[Row]:
    lists = {column: value for column, value in row.items() if isinstance(value, list)}
    if not lists:
        return [row]
    length = len(next(iter(lists.values())))
    assert all(len(value) == length for value in lists.values()), f"lists of one row have one length: {row}"
    rows = [row | {column: value[index] for column, value in lists.items()} for index in range(length)]
    if set(lists) == {contract.measure}:
        codes = _following(str(row["period"]), length)
        rows = [one | {"period": code} for one, code in zip(rows, codes, strict=True)]
    return rows


def _following(code: str, count: int) -> list[str]:
    codes = [code]
    while len(codes) < count:
        year, _, rest = codes[-1].partition("-")
        last, step = (4, "Q{}") if rest.startswith("Q") else (12, "{:02}")
        number = int(rest.removeprefix("Q")) + 1
        codes.append(f"{int(year) + number // (last + 1)}-{step.format(number if number <= last else 1)}")
    return codes


def _spelled(row: Row) -> Row:
    place = {"place": PLACES[row["place"]]} if row.get("place") in PLACES else {}
    spelled = {column: value if column == "value" or isinstance(value, int | float) else str(value) for column, value in row.items()}
    return spelled | place


def _register(connection: Connection, target: Tables, rows: list[Row]) -> None:
    strangers = {column for row in rows for column in row} - set(target.contract.columns)
    assert not strangers, strangers
    numbered = [{**dict.fromkeys(target.contract.columns), **row, "since": 1, "row": n} for n, row in enumerate(rows, start=2)]
    connection.execute(target.facts.insert(), numbered)


def _statistics(connection: Connection, target: Tables, rows: list[Row]) -> None:
    contract, series = target.contract, target.series
    assert series is not None
    assert contract.measure is not None
    settings = contract.columns[contract.period or ""]
    ids: dict[tuple[str, ...], int] = {}
    facts = []
    for number, row in enumerate(rows, start=2):
        assert set(row) == {*contract.dimensions, "period", contract.measure}, f"{contract.name}: {sorted(row)}"
        span = periods.parse(str(row["period"]), settings.frequency, settings.starts)
        ledger.add_periods(connection, [span])
        key = tuple(str(row[name]) for name in contract.dimensions)
        value, status = _cell(row[contract.measure], contract)
        line = None if row[contract.measure] == "absent" else number
        facts.append(
            {"series_id": ids.setdefault(key, len(ids) + 1), "period": span.id, "value": value, "status": status, "quality": 0}
            | {"since": 1, "row": line}
        )
    labels = [{"series_id": n, "series_key": "/".join(key), **dict(zip(contract.dimensions, key, strict=True))} for key, n in ids.items()]
    connection.execute(series.insert(), labels)
    connection.execute(target.facts.insert(), facts)


def _cell(written: Any, contract: Contract) -> tuple[float | None, int]:
    """What the warehouse keeps of a cell: its number, or the code of its mark."""
    if isinstance(written, int | float):
        return float(written), 0
    if written == "absent":
        return 0.0, ledger.STATUS_CODE["absent"]
    if written in contract.non_values:
        return None, status_code(written, contract.non_values[written].status)
    return None, ledger.STATUS_CODE[written]


# Asked


def asked(connection: Connection, partnership: Partnership, query: str, *, origin: bool = False) -> list[Row]:
    """The rows of a query over what was given."""
    order = sql.in_order(QUERIES, {query})
    read = {table for needed in order for table in needed.reads}
    lay(connection, partnership, [c for c in CONTRACTS.values() if c.name in read], order, origin=origin)
    return [dict(row) for row in connection.execute(text(f'select * from "{query}"')).mappings()]


def wrong(found: list[Row], expected: list[Row]) -> str:
    """What is unlike, or nothing; a column that a case leaves out is null (or the empty mark of an ordinary number)."""
    columns = set(found[0]) if found else {column for row in expected for column in row}
    strangers = {column for row in expected for column in row} - columns
    if strangers:
        return f"the query has no column {', '.join(sorted(strangers))}"

    def plain(row: Row) -> str:
        cells = {column: row.get(column) or (0 if row.get(column) == 0 else None) for column in sorted(columns)}
        cells = {column: PLACES.get(str(value), value) if column == "place" else value for column, value in cells.items()}
        return str(
            {
                c: float(v) if c not in ("place", "period", "partner", "metric", "topic", "branch", "status") and v is not None else v
                for c, v in cells.items()
            }
        )

    one, other = sorted(map(plain, found)), sorted(map(plain, expected))
    return "" if one == other else f"found {one}, expected {other}"


@pytest.mark.parametrize(("query", "case"), ALL)
def test_a_query_gives_what_its_case_expects(connection: Connection, partnership: Partnership, query: str, case: dict[str, Any]) -> None:
    given(connection, case["given"])
    assert wrong(asked(connection, partnership, query), case["expect"]) == ""


@pytest.mark.parametrize(("query", "case"), ALL)
def test_carrying_origins_changes_no_row(connection: Connection, partnership: Partnership, query: str, case: dict[str, Any]) -> None:
    """The rewritten query gives the same rows, and each with the release and row of the file it came from."""
    given(connection, case["given"])
    found = asked(connection, partnership, query, origin=True)
    origins = [str(row.pop("origin")) for row in found]
    assert wrong(found, case["expect"]) == ""
    for origin in origins:
        assert all(part.split("/")[0] in case["given"] for part in origin.split(",") if part), origin
        assert origin.strip(","), "a row without origin"


@pytest.mark.parametrize("query", sorted(QUERIES))
def test_every_query_has_a_case(query: str) -> None:
    assert cases(query), f"write tests/sql/{QUERIES[query].folder}.{query}.yaml"
    assert all(set(case) == {"it", "given", "expect"} for case in cases(query))
    assert len({case["it"] for case in cases(query)}) == len(cases(query))


def test_every_case_file_has_a_query() -> None:
    files = {path.stem for path in HERE.glob("*.yaml")}
    assert files == {f"{query.folder}.{query.name}" for query in QUERIES.values()}


@pytest.mark.parametrize(
    "expect",
    [
        pytest.param([], id="no row"),
        pytest.param([{"place": "here", "period": "2015", "value": 45}], id="a number without its range"),
        pytest.param([{"place": "here", "period": "2015", "value": 45, "lower": 45, "upper": 45}], id="another range"),
        pytest.param([{"place": "there", "period": "2015", "value": 45, "lower": 32.5, "upper": 92.5}], id="another place"),
        pytest.param([{"place": "here", "period": "2015", "value": 45, "lower": 32.5, "upper": 92.5}] * 2, id="a row more"),
        pytest.param([{"place": "here", "period": "2015", "value": 45, "lower": 32.5, "upper": 92.5, "cost": 0}], id="a column more"),
    ],
)
def test_a_wrong_expectation_fails(connection: Connection, partnership: Partnership, expect: list[Row]) -> None:
    given(connection, cases("pgwp_year")[0]["given"])
    assert wrong(asked(connection, partnership, "pgwp_year"), expect)


def test_a_wrong_query_fails(connection: Connection, partnership: Partnership) -> None:
    """The cases can tell a broken query from a sound one: without its `having`, eleven months make a year."""
    case = next(case for case in cases("pgwp_year") if case["expect"] == [])
    given(connection, case["given"])
    broken = QUERIES["pgwp_year"].text.replace("having count(*) = 12", "")
    lay(connection, partnership, [CONTRACTS["ircc_pgwp_cma"]], [])
    assert wrong([dict(row) for row in connection.execute(text(broken)).mappings()], case["expect"])


def test_lineage_is_carried_by_every_query() -> None:
    for query in QUERIES.values():
        for dialect in ("sqlite", "postgresql"):
            assert "origin" in lineage.with_origin(query.text, dialect)
