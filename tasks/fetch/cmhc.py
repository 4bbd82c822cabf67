"""CMHC's Housing Market Information Portal: the export form, posted once for each of the partnership's places that it knows."""

from __future__ import annotations

from urllib.parse import urlencode

from expectations import Contract
from expectations.partnership import Partnership
from tasks.fetch import store
from tasks.fetch.store import Snapshot
from tasks.fetch.transport import NotData, Received, SourceUnavailable, Transport, is_sample

EXPORT = "https://www03.cmhc-schl.gc.ca/hmip-pimh/en/TableMapChart/ExportTable"
# What stands in an answer with status 200 that holds no table.
NOTHING = (b"No data available", b"This data series is now archived")
PLACE = "{place}"
SEARCHED = 2000


def cmhc(contract: Contract, partnership: Partnership, transport: Transport) -> list[Snapshot]:
    """The answers for the places that have a number of CMHC's own in the register of place labels; each is a part of the table.

    The number takes the place of `{place}` in `query`. "No data available" is what the portal says of a table without figures and of a
    question it does not understand alike: nothing is known then, and what was loaded stays in force.
    """
    asked = numbers(contract, partnership)
    if not asked:
        row = f"{_publisher(contract)},1320,2021S0503529"
        message = f"CMHC knows no place of this partnership: registers/place_labels.csv has no row such as {row}."
        store.note(partnership, contract, "no_place", message=message)
    found: list[Snapshot] = []
    empty: list[str] = []
    for place, number in asked.items():
        form = {key: value.replace(PLACE, number) for key, value in contract.source.query.items()}
        received = _posted(form, contract, partnership, transport)
        if is_nothing(received.path.read_bytes()):
            received.path.unlink()
            empty.append(_said_nothing(contract, form, place))
            continue
        asked_for = {key: value for key, value in form.items() if not key.startswith("AppliedFilters")}
        url, facts = f"{EXPORT}?{urlencode(asked_for)}", {"place": number, "form": form}
        found.append(store.keep(partnership, contract, received, url=url, part=place, sample=is_sample(), facts=facts))
    if empty and not found:
        raise NotData(empty[0])
    for message in empty:
        store.note(partnership, contract, "refused", message=message)
    return found


def numbers(contract: Contract, partnership: Partnership) -> dict[str, str]:
    """CMHC's own number of each place of the partnership that has one, by the place's code."""
    known = {place: label for label, place in partnership.labels(_publisher(contract)).items() if label.isdecimal()}
    return {place: known[place] for place in partnership.places if place in known}


def is_nothing(body: bytes) -> bool:
    """True for an answer that holds no table, whatever its status was."""
    return any(said in body[:SEARCHED] for said in NOTHING)


def _publisher(contract: Contract) -> str:
    return next(column.labels for column in contract.columns.values() if column.type == "place")


def _posted(form: dict[str, str], contract: Contract, partnership: Partnership, transport: Transport) -> Received:
    try:
        received = transport.download(EXPORT, store.folder(partnership.home), form=form)
    except SourceUnavailable as error:
        if " answered 500" in str(error):
            hint = f"CMHC answers 500 for a table it does not have too: check TableId in the contract {contract.name}."
            raise SourceUnavailable(f"{error} {hint}") from error
        raise
    assert received is not None
    return received


def _said_nothing(contract: Contract, form: dict[str, str], place: str) -> str:
    asked = ", ".join(f"{key}={value}" for key, value in form.items())
    return (
        f"{contract.name}: CMHC answered that it has no data for {place}. It says so of a question it does not understand, too, so nothing "
        f"is taken to be zero; what was loaded stays in force. Try the form in a browser, with fewer filters: {asked}."
    )
