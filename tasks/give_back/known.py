"""What the warehouse knows of partners' numbers now: by metric, period and partner, before any protection."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, text

import sql
from expectations import Contract
from expectations.partnership import Partnership
from sql import warehouse
from sql.clock import stamp
from tasks.build import lay
from tasks.load import prepare

COVERAGE = "partner_coverage"
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """By (metric, period) the numbers of each partner, and the partners of whom it was asked; marks of the one it is made for."""

    values: dict[Key, dict[str, float]] = field(default_factory=dict)
    asked: dict[Key, set[str]] = field(default_factory=dict)
    not_collected: frozenset[Key] = frozenset()


def known(partnership: Partnership, partner: str) -> Known:
    """The numbers of all partners as they are in force; nothing in the warehouse changes."""
    prepare(partnership)
    queries = sql.read_all(partnership.home / "sql")
    order = sql.in_order(queries, {COVERAGE})
    read = {table for query in order for table in query.reads}
    contracts = [contract for contract in partnership.contracts() if contract.name in read]
    found = Known(not_collected=frozenset())
    with warehouse.reader(partnership.home).connect() as connection, connection.begin():
        lay(connection, partnership, contracts, order, known_at=stamp(), origin=True)
        for metric, period, name, value in connection.execute(text(f'select metric, period, partner, value from "{COVERAGE}"')):
            found.asked.setdefault((metric, period), set()).add(name)
            if value is not None:
                numbers = found.values.setdefault((metric, period), {})
                numbers[name] = numbers.get(name, 0.0) + float(value)
        marked = {key for contract in contracts if contract.is_partner for key in _marked(connection, contract, partner)}
        connection.rollback()
    return Known(found.values, found.asked, frozenset(marked))


def _marked(connection: Connection, contract: Contract, partner: str) -> list[Key]:
    """The metrics and periods that a partner marked as not collected."""
    if "metric" not in contract.columns:
        return []
    query = text(f"select metric, period from \"{contract.name}\" where partner = :partner and status = 'not collected'")
    return [(metric, period) for metric, period in connection.execute(query, {"partner": partner})]
