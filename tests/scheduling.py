"""Which tests go to which process: a file to one, and all files that share a served home to the same one, so that it is served once."""

from __future__ import annotations

from pathlib import Path

from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).parents[1]


class OneServer(LoadFileScheduling):
    """`--dist loadfile`, but with what is served in one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return "served" if is_served(file) else file


def is_served(file: str) -> bool:
    """True for a file of tests that asks for the served home, or serves one."""
    return file.startswith("tests/flows/") and "served: Served" in (ROOT / file).read_text(encoding="utf-8")
