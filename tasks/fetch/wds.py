"""Statistics Canada's Web Data Service in one run: what was asked is not asked again, and each of its many noes is read."""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any, TypeVar

from sql import clock
from tasks import Problem
from tasks.fetch.transport import NotData, NotYet, SourceUnavailable, Transport

T = TypeVar("T")
WDS = "https://www150.statcan.gc.ca/t1/wds/rest"
LINK = r"https://www150\.statcan\.gc\.ca/n1/(?:\w\w/)?tbl/csv/{}-(?:eng|fra)\.zip"
# As many items as one question may have.
MOST_ITEMS = 300
BEING_PUBLISHED = 6
# A question that is refused as a whole, perhaps because of one item.
REFUSED_QUESTIONS = (400, 406)
# Release times are compared as text; a time that could not be read is later than all.
UNREADABLE = "~"


class Service:
    """The Web Data Service for the tables of one run."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lists: dict[date, dict[str, str] | Problem] = {}
        self._cubes: dict[str, dict[str, Any] | Problem] = {}
        self._lock = threading.RLock()

    def has_asked(self, day: date) -> bool:
        """True when the list of that day is known in this run."""
        return day in self._lists

    def changed(self, day: date) -> dict[str, str]:
        """The tables released on a day, with their release times as stamps. Raises what the service said instead."""
        with self._lock:
            if day not in self._lists:
                self._lists[day] = _caught(lambda: self._changed(day))
            return _told(self._lists[day])

    def cube(self, product: str, others: Callable[[], Sequence[str]] = tuple) -> dict[str, Any]:
        """The metadata of one table; `others` tells, when a question must be asked, which tables to ask about in the same one."""
        with self._lock:
            if product not in self._cubes:
                wanted = [product, *(one for one in dict.fromkeys(others()) if one != product and one not in self._cubes)]
                self._ask(wanted[:MOST_ITEMS])
            return _told(self._cubes[product])

    def link(self, product: str, language: str) -> str:
        """The address of the full-table zip. It is given for any number at all: ask `cube` first whether there is such a table."""
        answer = self._transport.json(f"{WDS}/getFullTableDownloadCSV/{product}/{language}")
        link = _opened(answer, f"the full table of {product}")
        if not isinstance(link, str) or not re.fullmatch(LINK.format(product), link):
            raise NotData(f"Statistics Canada gives no full table for {product}: {link}. Check `table` in the contract.")
        return link

    def _changed(self, day: date) -> dict[str, str]:
        answer = self._transport.json(f"{WDS}/getChangedCubeList/{day.isoformat()}")
        found: dict[str, str] = {}
        for item in _flat(_opened(answer, f"the changes of {day}")):
            product = str(item.get("productId") or "")[:8]
            found[product] = max(found.get(product, ""), _stamp(item.get("releaseTime")))
        return found

    def _ask(self, products: list[str]) -> None:
        """Ask for several tables at once; where the whole question is refused, the first alone is asked again."""
        answer = _caught(lambda: self._transport.json(f"{WDS}/getCubeMetadata", body=[{"productId": int(one)} for one in products]))
        if isinstance(answer, NotData) and answer.status in REFUSED_QUESTIONS and len(products) > 1:
            self._ask(products[:1])
        elif isinstance(answer, Problem):
            self._cubes.update(dict.fromkeys(products, answer))
        else:
            for one, envelope in _shared_out(answer, products).items():
                self._cubes[one] = _caught(partial(_cube, one, envelope))


def _caught(ask: Callable[[], T]) -> T | Problem:
    try:
        return ask()
    except Problem as error:
        return error


def _told(found: T | Problem) -> T:
    """What was found, or raised once more what went wrong."""
    if isinstance(found, Problem):
        raise copy.copy(found) from found
    return found


def _opened(answer: Any, what: str) -> Any:
    """What an envelope holds. Both ways to say no, SUCCESS with a code and FAILED with a sentence, are raised."""
    inside = answer.get("object") if isinstance(answer, dict) else None
    code = inside.get("responseStatusCode", 0) if isinstance(inside, dict) else 0
    if code == BEING_PUBLISHED:
        raise NotYet(f"Nothing yet: {what} is being published right now. It is asked for again at the next run.")
    if not isinstance(answer, dict) or answer.get("status") != "SUCCESS" or code:
        said = f"answered code {code} for {what}" if code else f"does not give {what}: {inside}"
        raise NotData(f"Statistics Canada {said}. Check `table` in the contract, or try again later.")
    return inside


def _flat(listed: Any) -> list[dict[str, Any]]:
    """The items of a list, which is documented as nested and answered flat."""
    if isinstance(listed, dict):
        return _flat(listed["object"]) if "object" in listed else [listed]
    return [one for item in listed if isinstance(item, list | dict) for one in _flat(item)] if isinstance(listed, list) else []


def _stamp(said: Any) -> str:
    try:
        return clock.from_publisher(str(said))
    except ValueError:
        return UNREADABLE


def _shared_out(answer: Any, products: list[str]) -> dict[str, Any]:
    """Which envelope answers which product: by its number, or, for a FAILED one that bears none, by the place in the question."""
    envelopes = answer if isinstance(answer, list) else []
    found: dict[str, Any] = {}
    for place, envelope in enumerate(envelopes):
        inside = envelope.get("object") if isinstance(envelope, dict) else None
        bears = str(inside.get("productId") or "")[:8] if isinstance(inside, dict) else ""
        named = [one for one in products if one == bears or (isinstance(inside, str) and one in inside)]
        at_place = products[place : place + 1] if len(envelopes) == len(products) and not bears else []
        for one in named or at_place:
            found.setdefault(one, envelope)
    return {one: found.get(one) for one in products}


def _cube(product: str, envelope: Any) -> dict[str, Any]:
    if envelope is None:
        raise SourceUnavailable(
            f"Statistics Canada said nothing of table {product} in its answer. The last good figures stay in force; try again later."
        )
    if isinstance(envelope, dict) and envelope.get("status") == "FAILED":
        raise NotData(f"Statistics Canada knows no table {product}: {envelope.get('object')}. Check `table` in the contract.")
    cube = _opened(envelope, f"table {product}")
    if not isinstance(cube, dict):
        raise NotData(f"Statistics Canada knows no table {product}: {cube}. Check `table` in the contract.")
    return cube
