"""Loading."""

from __future__ import annotations

from demo.publishers import Publishers
from expectations.partnership import Partnership
from tests import world


def test_first(warehouse: str, publishers: Publishers, partnership: Partnership) -> None:
    lines = world.refresh(partnership)
    print(lines)
    print({k: len(v) for k, v in world.dump(partnership).items()})
