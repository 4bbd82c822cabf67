"""Keep what a licence forbids to publish again out of every brief, its data and its drawings; staff may look at it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from expectations import LICENCES, Contract
from expectations.partnership import Partnership
from tasks import Refused
from tasks.compose.figures import Book
from tasks.protect import ProtectedFigure


class NotToBePublished(Refused):
    """A brief would print a figure that rests on a table whose licence forbids it."""


def closed_tables(partnership: Partnership) -> dict[str, Contract]:
    """The tables that may be looked at and not printed again, by name."""
    return {contract.name: contract for contract in partnership.contracts() if not contract.may_republish}


def behind(figure: ProtectedFigure, closed: Mapping[str, Contract]) -> list[Contract]:
    """The closed tables that a figure rests on: one row of one of them closes it."""
    return [closed[name] for name in sorted({origin.contract for origin in figure.origins} & set(closed))]


def told(figure: ProtectedFigure, closed: Mapping[str, Contract]) -> str:
    """What staff are told beside such a figure; nothing beside any other."""
    names = dict.fromkeys(LICENCES[contract.licence]["name"] for contract in behind(figure, closed))
    return f"not to be published ({'; '.join(names)})" if names else ""


def refuse(book: Book) -> None:
    """Stop a brief that uses such a figure, for a number, a chart, a table or only its period: it would be in the attached data too."""
    closed = closed_tables(book.partnership)
    for figure in _in_order(book.used.values()):
        for contract in behind(figure, closed):
            where = next((claim.place for claim in book.claims if claim.figure == figure.key), "the brief")
            raise NotToBePublished(
                f"{where}: {figure.key} rests on the table {contract.name}, which may not be published again (licence: "
                f"{LICENCES[contract.licence]['name']}). Take {figure.indicator} out of every language of the brief, or print a figure "
                "of an open table; staff can look at it with: openlip figures. Nothing was written."
            )


def _in_order(figures: Iterable[ProtectedFigure]) -> list[ProtectedFigure]:
    return sorted(figures, key=lambda figure: figure.key)
