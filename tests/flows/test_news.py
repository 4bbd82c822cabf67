"""One message per change of state: a publisher that is down for a week is told once, with what stays in force and how old it is."""

from __future__ import annotations

import pytest

from demo.publishers import Publishers
from expectations.partnership import Partnership
from flows.sentences import Line, refresh_tables
from flows.verbs import Verbs

NAME = "ircc_pr_cma"


def on(day: int, partnership: Partnership, environment: pytest.MonkeyPatch) -> Line:
    environment.setenv("OPENLIP_NOW", f"2026-11-{day}T17:00:00+00:00")
    (line,) = refresh_tables(partnership, [NAME], Verbs())
    return line


def test_a_publisher_that_is_down_for_days_is_one_message_and_its_return_another(
    publishers: Publishers, partnership: Partnership, environment: pytest.MonkeyPatch
) -> None:
    refresh_tables(partnership, ["places", "place_labels"], Verbs())
    first = on(22, partnership, environment)
    assert (first.outcome, first.message) == ("loaded", "")
    publishers.always("ODP-PR-PT_CMA", "html503")
    down = [on(day, partnership, environment) for day in (23, 24, 25)]
    assert [line.outcome for line in down] == ["unreachable"] * 3
    assert [line.is_news for line in down] == [True, False, False]
    assert "In force: release of 2026-11-13" in down[0].message
    assert "seen 3 days ago" in down[2].message
    assert "so since 2026-11-23" in down[2].message
    publishers.heal()
    back = on(26, partnership, environment)
    assert (back.outcome, back.is_news) == ("unchanged", True)
    assert back.message == "It answers again; before, it was unreachable."
    assert on(27, partnership, environment).message == ""
