"""A fetcher that fetches nothing: images inside the page as `data:` pass, every other address stops the work.

WeasyPrint's own follows `file:` and `http:` from any element, so a line of partner text could put a file of the server
into a brief (GHSA-983w-rhvv-gwmv and its kin).
"""

from __future__ import annotations

from typing import Any

from weasyprint.urls import (
    URLFetcher,
    URLFetcherResponse,
)

_KINDS = ("data:image/png;base64,", "data:image/svg+xml")
_LARGEST = 2_000_000


class StrictFetcher(URLFetcher):
    """Admits small `data:` images; anything else is a fatal error of WeasyPrint, which `render` makes a Problem."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols={"data"}, allow_redirects=False, fail_on_errors=True)

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        if not url.startswith(_KINDS):
            raise ValueError(f"a brief fetches nothing: {url[:80]}")
        if len(url) > _LARGEST:
            raise ValueError(f"an image of {len(url)} letters is over the limit of {_LARGEST}")
        response: Any = super().fetch(url, headers)
        return response
