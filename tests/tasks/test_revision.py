"""A changed past is seen by a person before a brief prints it; what was known stays known."""

from __future__ import annotations

import json

import pytest

from expectations import Contract
from expectations.contract import History, Revision
from expectations.partnership import Partnership
from sql import ledger
from sql import warehouse as engines
from tasks.build import build
from tasks.load.revision import Revised
from tests.world import ask, changed, later, loaded, population_row, statcan_file, zipped

NAME = "statcan_population_quarterly"
SMALL = (("rows: [100, 20000]", "rows: [1, 20000]"),)


def contract(revision: Revision, **more: object) -> Contract:
    """The shipped contract with another rule for revisions, for a file of a few rows."""
    made = changed(NAME, *SMALL).model_copy(update={"revision": revision, "gaps": "allow", "history": History()} | more)
    return made.model_copy(update={"digest": f"{made.digest[:40]}{hash(str(made.model_dump())):024x}"[:64]})


CONTRACT = contract(Revision(percent=1, least=10))
BASE = {"2020-01": "14000", "2020-04": "14100", "2020-07": "14200", "2020-10": "14300"}


def edition(cells: dict[str, str] = BASE, **more: str) -> bytes:
    rows = [population_row(period, "35", value) for period, value in (cells | more).items() if value]
    return zipped("17100009", statcan_file(rows + [population_row(period, "11124", "38000000") for period in BASE]))


def take(partnership: Partnership, cells: dict[str, str], contract: Contract = CONTRACT, title: str = "Population estimates") -> Revised:
    """Load an edition; what it changed of the one in force."""
    revised = loaded(edition(cells), contract, partnership, facts={"title": title}).revised
    assert revised is not None
    return revised


def printed(partnership: Partnership, known_at: str | None = None) -> dict[str, float | None]:
    """What the view says of Ontario, built as known then."""
    build(partnership, known_at=known_at)
    return {str(row[0]): row[1] for row in ask(partnership, f"select period, persons from {NAME} where place = '2021A000235'")}


def accepted(partnership: Partnership, release: int, at: str) -> None:
    row = {"contract": NAME, "release": release, "at": at, "by": "a person", "why": "seen"}
    with engines.writer(partnership.home).begin() as connection:
        connection.execute(ledger.acceptance.insert(), row)


def test_a_small_change_is_recorded_and_goes_on(warehouse: str, partnership: Partnership) -> None:
    """C09: below materiality nobody is asked, and it is known all the same."""
    take(partnership, BASE)
    revised = take(partnership, BASE | {"2020-04": "14105", "2020-10": "14400"})
    assert (revised.against, revised.revised, revised.material, revised.waits) == (1, 2, 0, False)
    assert [(cell["period"], cell["was"], cell["is"]) for cell in revised.cells] == [("2020-Q4", 14300, 14400), ("2020-Q2", 14100, 14105)]
    assert printed(partnership)["2020-Q2"] == 14105
    ((told,),) = ask(partnership, "select cells from revision")
    assert json.loads(told)[0]["place"] == "2021A000235"


def test_a_material_change_waits_and_the_vintage_before_stays_in_force(
    warehouse: str, partnership: Partnership, environment: pytest.MonkeyPatch
) -> None:
    take(partnership, BASE)
    later(environment, "2026-11-23T17:00:00")
    revised = take(partnership, BASE | {"2020-04": "15000", "2021-01": "14500"})
    assert (revised.new, revised.revised, revised.material, revised.waits) == (1, 1, 1, True)
    assert printed(partnership) == {"2020-Q1": 14000, "2020-Q2": 14100, "2020-Q3": 14200, "2020-Q4": 14300}

    later(environment, "2026-11-24T17:00:00")
    accepted(partnership, 2, "2026-11-24T17:00:00Z")
    assert printed(partnership)["2020-Q2"] == 15000
    # Between its arrival and its acceptance briefs knew the vintage before.
    assert printed(partnership, "2026-11-23T20:00:00Z")["2020-Q2"] == 14100
    assert printed(partnership, "2026-11-24T20:00:00Z")["2020-Q2"] == 15000


def test_what_comes_after_a_waiting_vintage_is_compared_with_the_one_in_force(warehouse: str, partnership: Partnership) -> None:
    """A, B, A are three vintages; the third changes nothing of the first, so nobody has to accept it."""
    take(partnership, BASE)
    waiting = take(partnership, BASE | {"2020-04": "15000", "2020-10": ""})
    assert (waiting.revised, waiting.vanished, waiting.material, waiting.waits) == (1, 1, 2, True)
    back = take(partnership, BASE)
    assert (back.against, back.new, back.revised, back.vanished, back.waits) == (1, 0, 0, 0, False)
    assert printed(partnership)["2020-Q2"] == 14100
    again = take(partnership, BASE | {"2020-01": "20000", "2021-01": "14500"})
    assert (again.against, again.new, again.revised, again.waits) == (3, 1, 1, True)
    further = take(partnership, BASE | {"2020-01": "20000", "2021-01": "14500", "2020-07": ""})
    assert (further.against, further.new, further.revised, further.vanished, further.waits) == (3, 1, 1, 1, True)


@pytest.mark.parametrize("value", ["", "15000"])
def test_the_open_end_of_a_series_may_change(value: str, warehouse: str, partnership: Partnership) -> None:
    two = contract(Revision(open_periods=2))
    take(partnership, BASE, two)
    assert not take(partnership, BASE | {"2020-07": value}, two).waits
    assert take(partnership, BASE | {"2020-04": value}, two).waits


def test_a_rule_accepts_by_itself_where_the_contract_says_so(warehouse: str, partnership: Partnership) -> None:
    always = contract(Revision(accept="always"))
    take(partnership, BASE, always)
    revised = take(partnership, BASE | {"2020-04": "15000"}, always)
    assert (revised.material, revised.waits) == (1, False)


def test_a_number_that_became_a_mark_is_material(warehouse: str, partnership: Partnership) -> None:
    """A cell turned from a number to `x` moved by no percent, and is gone for a reader."""
    take(partnership, BASE)
    hidden = [population_row(period, "35", "" if period == "2020-04" else value) for period, value in BASE.items()]
    hidden[1] = population_row("2020-04", "35", "", STATUS="x")
    rows = hidden + [population_row(period, "11124", "38000000") for period in BASE]
    revised = loaded(zipped("17100009", statcan_file(rows)), CONTRACT, partnership).revised
    assert revised is not None
    assert (revised.material, revised.waits) == (1, True)
    assert revised.cells[0]["is"] == "x"


@pytest.mark.parametrize(
    ("title", "waits"),
    [("Income in 2019 constant dollars", True), ("Earnings in 2018 constant dollars", True), ("income in 2018 Constant Dollars", False)],
)
def test_another_title_waits_though_no_figure_moved(title: str, waits: bool, warehouse: str, partnership: Partnership) -> None:
    """S34: the base year of constant dollars stands in the title."""
    take(partnership, BASE, title="Income in 2018 constant dollars")
    revised = take(partnership, BASE | {"2021-01": "14500"}, title=title)
    assert revised.waits is waits
    if waits:
        assert title in revised.definitions[0]


def test_other_boundaries_wait(warehouse: str, partnership: Partnership) -> None:
    """C14: a table that goes over to other boundaries."""
    take(partnership, BASE, contract(Revision(), geography=2016))
    revised = take(partnership, BASE | {"2021-01": "14500"}, contract(Revision(), geography=2021))
    assert revised.waits
    assert "2016" in revised.definitions[0]


def test_a_member_under_another_name_waits(warehouse: str, partnership: Partnership) -> None:
    """A renamed member is one series that ended and one that began."""
    take(partnership, BASE)
    rows = [population_row(period, "35", value) for period, value in BASE.items()]
    rows += [population_row(period, "24", "8500000") for period in BASE]
    source = CONTRACT.source.model_copy(update={"places": "all"})
    everywhere = contract(Revision(), source=source, least_share=0, history=History(may_leave={"place": ["2021A000011124"]}))
    loaded(zipped("17100009", statcan_file(rows)), everywhere, partnership)
    ((definitions,),) = ask(partnership, "select definitions from revision order by release desc limit 1")
    assert "2021A000011124" in definitions


def test_nothing_of_a_revision_stays_half_done(warehouse: str, partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault while the two vintages are compared leaves neither the release nor its rows."""
    take(partnership, BASE)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patched:
        patched.setattr("tasks.load.revision._largest", broken)
        with pytest.raises(RuntimeError):
            take(partnership, BASE | {"2020-04": "15000"})
    assert ask(partnership, "select count(*) from release") == [(1,)]
    assert printed(partnership)["2020-Q2"] == 14100
