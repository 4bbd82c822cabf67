"""A list that a server gives page by page, asked with a token that goes to no other server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from tasks.fetch.confidential import TooLarge, ask
from tasks.fetch.transport import SourceUnavailable, Transport
from tasks.receive.parcel import LARGEST
from tasks.receive.quiet import hush

MOST_PAGES = 100


def pages(transport: Transport, door: str, query: str, *, headers: Mapping[str, str], following: str) -> Iterator[dict[str, Any]]:
    """The pages that begin at `door`?`query`; `following` is the key under which a page names the next one.

    Of that address only the query is taken: every page is asked at `door`, so that a page cannot send the token anywhere.
    """
    hush()
    host = urlsplit(door).hostname
    asked: list[str] = []
    while query not in asked and len(asked) < MOST_PAGES:
        asked.append(query)
        page = _page(transport, f"{door}?{query}", headers)
        yield page
        if not page.get(following):
            return
        query = urlsplit(str(page[following])).query
    raise SourceUnavailable(f"https://{host} gives more than {MOST_PAGES} pages, or the same one again. Archive what is done with.")


def _page(transport: Transport, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
    host = urlsplit(url).hostname
    try:
        found = json.loads(ask(transport, url, limit=LARGEST, headers=headers))
    except TooLarge:
        raise SourceUnavailable(f"https://{host} gives a page of more than {LARGEST >> 20} MB. Archive what is done with.") from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SourceUnavailable(f"https://{host} did not answer with a list of submissions in JSON. Look at the address and the form.")
    return found


def submissions_of(page: dict[str, Any], key: str, host: str) -> list[dict[str, Any]]:
    """The submissions of a page."""
    found = page.get(key)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise SourceUnavailable(f"{host} answered with a page that has no list of submissions. Look whether the server was updated.")
    return found
