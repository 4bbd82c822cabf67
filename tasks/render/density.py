"""Fit two sheets on two pages: tighten the sheet that overflows step by step, and stop when that is not enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tasks import Refused

LAST = 2
SECOND = "sheet-2"


class DoesNotFit(Refused):
    """A sheet is longer than its page at the tightest setting; staff shorten its text."""


def fit(lay: Callable[[tuple[int, int]], Any], *, language: str, start: tuple[int, int] = (0, 0)) -> tuple[Any, tuple[int, int]]:
    """The laid-out document and the densities that made it fit; `lay` lays it out with given densities.

    The start is an input: a brief made again from the densities it was recorded with has the same bytes.
    """
    densities = start
    while True:
        document = lay(densities)
        over = overflowing(document)
        if not any(over):
            return document, densities
        stuck = [f"sheet {i + 1}" for i in (0, 1) if over[i] and densities[i] >= LAST]
        if stuck:
            raise DoesNotFit(
                f"brief in {language!r}: {' and '.join(stuck)} does not fit its page at densities {densities}: "
                "shorten the text of that sheet"
            )
        densities = (densities[0] + over[0], densities[1] + over[1])


def overflowing(document: Any) -> tuple[bool, bool]:
    """Which of the two sheets takes more than one page."""
    pages = document.pages
    start = next(i for i, page in enumerate(pages) if SECOND in page.anchors)
    return start > 1, len(pages) - start > 1
