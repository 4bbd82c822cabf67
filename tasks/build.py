"""Build the views of the warehouse: one per contract, then the queries of `sql/` in the order in which they name each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, literal_column, select, text

import sql
from expectations import Contract
from expectations.partnership import Partnership
from sql import Query, ledger, lineage, schema, warehouse
from sql.tables import tables
from tasks import Misuse, Refused
from tasks.load import prepare

# Views of our own that queries may read: the partnership's place.
OURS = ("partnership",)


class NotOneRow(Refused):
    """An indicator gives more than one row for a place and period."""


@dataclass(frozen=True, slots=True)
class Built:
    """A view that stands: its name, its folder and how many rows it has."""

    name: str
    folder: str
    rows: int


def build(partnership: Partnership, *, known_at: str | None = None) -> list[Built]:
    """Make all views anew, in one transaction; an indicator with two rows for one place and period stops it.

    With `known_at` (a stamp) they answer as known then, until they are built again.
    """
    prepare(partnership)
    queries = sql.read_all(partnership.home / "sql")
    order = sql.in_order(queries)
    contracts = partnership.contracts()
    _all_known(order, {*OURS, *schema.metadata.tables, *(contract.name for contract in contracts), *queries})
    with warehouse.writer(partnership.home).begin() as connection:
        warehouse.lock(connection, "schema")
        names = [*OURS, *(contract.name for contract in contracts), *(query.name for query in order)]
        # A view of a query that is gone may still read one of ours: on PostgreSQL it goes with it.
        cascade = "" if warehouse.is_sqlite(connection) else " cascade"
        for name in reversed(names):
            connection.exec_driver_sql(f'drop view if exists "{name}"{cascade}')
        lay(connection, partnership, contracts, order, known_at=known_at)
        return [Built(query.name, query.folder, _rows(connection, query)) for query in order]


def lay(
    connection: Connection,
    partnership: Partnership,
    contracts: Iterable[Contract],
    queries: Iterable[Query],
    *,
    known_at: str | None = None,
    instead: Mapping[str, int] | None = None,
    origin: bool = False,
) -> None:
    """Create the views in order, over the release of each table that was in force (at `known_at`), or the one named in `instead`.

    With `origin` each row says where it came from, and the views are temporary ones of this connection, before the lasting ones.
    """
    temporary = "temporary " if origin else ""
    connection.exec_driver_sql(f"create {temporary}view partnership as select '{partnership.place}' as place")
    for contract in contracts:
        chosen = tables(contract).view(_chosen(connection, contract.name, known_at, instead or {}), origin=origin)
        body = str(chosen.compile(connection, compile_kwargs={"literal_binds": True}))
        connection.exec_driver_sql(f'create {temporary}view "{contract.name}" as {body}')
    for query in queries:
        body = lineage.with_origin(query.text, connection.dialect.name) if origin else query.text
        connection.exec_driver_sql(f'create {temporary}view "{query.name}" as {body}')


def _all_known(queries: Iterable[Query], tables_: set[str]) -> None:
    for query in queries:
        if strangers := sorted(query.reads - tables_):
            raise Misuse(
                f"sql/{query.folder}/{query.name}.sql reads {', '.join(strangers)}, which is neither a contract under expectations/ nor a "
                "query under sql/. Check how the name is spelled."
            )


def _chosen(connection: Connection, contract: str, known_at: str | None, instead: Mapping[str, int]) -> int | None:
    """The release that the view of a table reads; None when that is all there is, which spares the history."""
    wanted = instead.get(contract, ledger.in_force(connection, contract, known_at))
    newest = connection.scalar(select(func.max(ledger.release.c.release)).where(ledger.release.c.contract == contract))
    return None if wanted == (newest or 0) else wanted


def _rows(connection: Connection, query: Query) -> int:
    view = text(f'"{query.name}"')
    if not query.is_indicator:
        return int(connection.scalar(select(func.count()).select_from(view)) or 0)
    # Counted and looked through in one reading: a view over what all partners reported is not read for nothing twice.
    columns: list[Any] = [literal_column("place"), literal_column("period")]
    places = select(*columns, func.count().label("rows")).select_from(view).group_by(*columns).subquery()
    rows, most = connection.execute(select(func.sum(places.c.rows), func.max(places.c.rows))).one()
    if (most or 0) > 1:
        twice = connection.execute(select(places).where(places.c.rows > 1).order_by(places.c.place, places.c.period)).first()
        assert twice is not None
        raise NotOneRow(
            f"sql/indicators/{query.name}.sql gives more than one row for {twice[0]} in {twice[1]}. "
            "An indicator has one row for each place and period: group by them, or filter a dimension."
        )
    return int(rows or 0)
