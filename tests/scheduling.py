"""Which tests go to which process, and in which order: what takes long begins first, and what is served is served once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).parents[1]


class OneServer(LoadFileScheduling):
    """`--dist loadfile`, but all files that share a served home go to one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = _file(nodeid)
        return "served" if _is_served(file) else file


def long_ones_first(items: list[pytest.Item]) -> None:
    """Put the tests of the served home first, then the other walks through flows: begun last, one would keep a process alone."""
    items.sort(key=lambda item: (not _is_served(_file(item.nodeid)), not _file(item.nodeid).startswith("tests/flows/")))


def _file(nodeid: str) -> str:
    return nodeid.split("::", 1)[0]


@cache
def _is_served(file: str) -> bool:
    """True for a file of tests that asks for the served home, or serves one."""
    return file.startswith("tests/flows/") and "served: Served" in (ROOT / file).read_text(encoding="utf-8")
