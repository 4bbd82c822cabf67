"""`openlip accept` and the flow behind it, as an operator and a coordinator meet them."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.publishers import Publishers
from expectations.partnership import Partnership
from flows import pages
from flows.__main__ import main
from flows.sentences import Line, look_at_revisions, refresh_tables
from flows.verbs import Verbs
from tasks.doctor import doctor
from tests import world

NAME = "ircc_pr_cma"


@pytest.fixture
def restated(publishers: Publishers, partnership: Partnership, environment: pytest.MonkeyPatch) -> Partnership:
    """A home in which IRCC restated a month, the day after it was first loaded."""
    refresh_tables(partnership, [NAME, "places", "place_labels"], Verbs())
    publishers.restate()
    environment.setenv("OPENLIP_NOW", "2026-11-23T17:00:00+00:00")
    environment.setenv("OPENLIP_HOME", str(partnership.home))
    return partnership


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def march(partnership: Partnership) -> float:
    ((value,),) = world.ask(
        partnership, f"select value from pr_admissions_month where place = '{world.PETERBOROUGH}' and period = '2026-03'"
    )
    return float(value)


def test_refresh_says_what_waits_and_accept_puts_it_in_force(
    restated: Partnership, capsys: pytest.CaptureFixture[str], environment: pytest.MonkeyPatch
) -> None:
    before = march(restated)
    code, out, _ = told(capsys, "refresh", "--only", NAME)
    assert code == 0  # a publisher that restates a month is no fault
    assert "Waits for a person" in out
    assert "1 changed" in out
    assert "openlip accept" in out
    assert march(restated) == before

    code, out, _ = told(capsys, "accept")
    assert code == 0
    assert "Release 2" in out
    assert f"{before:g} → 55" in out

    assert told(capsys, "accept", NAME, "--by", "A. Person")[0] == 2  # the release has to be named
    assert told(capsys, "accept", NAME, "--release", "1", "--by", "A. Person")[0] == 2
    assert march(restated) == before
    environment.setenv("OPENLIP_NOW", "2026-11-24T17:00:00+00:00")
    code, out, _ = told(capsys, "accept", NAME, "--release", "2", "--by", "A. Person", "--why", "IRCC restated March")
    assert code == 0
    assert "Accepted" in out
    assert march(restated) == 55

    assert told(capsys, "build", "--as-of", "2026-11-23")[0] == 0
    assert march(restated) == before
    code, out, _ = told(
        capsys, "figures", "pr_admissions_month", "--place", world.PETERBOROUGH, "--period", "2026-03", "--as-of", "2026-11-23"
    )
    assert f" {before:g} " in out
    assert told(capsys, "build")[0] == 0
    assert march(restated) == 55
    assert "Nothing waits" in told(capsys, "accept")[1]


def test_a_table_that_is_none_is_named(restated: Partnership, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = told(capsys, "accept", "ircc_pr")
    assert code == 2
    assert "ircc_pr_cma" in err


def test_the_page_shows_what_a_coordinator_has_to_know(restated: Partnership) -> None:
    lines: list[Line] = refresh_tables(restated, [NAME], Verbs())
    page = pages.of_lines("Public statistics", lines)
    assert "Accept a revision" in page
    review = pages.of_review(look_at_revisions(restated, NAME, Verbs()), {NAME: "Permanent residents"})
    assert "## Permanent residents" in review
    assert "Figures that would change" in review
    (look,) = [look for look in doctor(restated, network=False) if look.what == f"table {NAME}"]
    assert "release 1 in force" in look.detail
    assert f"release 2 WAITS for a person: openlip accept {NAME}" in look.detail
    assert Path(restated.home / "warehouse.db").exists()
