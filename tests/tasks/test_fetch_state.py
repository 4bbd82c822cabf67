"""What is news of a source: a failure is told once, and so is its end; meanwhile it is said what stays in force and how old it is."""

from __future__ import annotations

from contextlib import suppress

import pytest

from demo.publishers import Publishers
from expectations import Contract, read
from expectations.partnership import Partnership
from sql import ledger, schema
from sql.warehouse import writer
from tasks import Problem
from tasks.fetch import Transport, fetch, store
from tasks.fetch.store import State, is_news, state_of
from tests import world

RESIDENTS = read("ircc_pr_cma")
POPULATION = read("statcan_population_quarterly")


def looked(partnership: Partnership, contract: Contract = RESIDENTS) -> bool:
    """Look once; whether that is news."""
    with suppress(Problem):
        fetch(contract, partnership, Transport())
    return is_news(partnership, contract)


def saw(partnership: Partnership, *sightings: tuple[str, str], contract: Contract = RESIDENTS) -> bool:
    """Note sightings as part and outcome; whether the last look is news."""
    with writer(partnership.home).begin() as connection:
        schema.metadata.create_all(connection)
        for part, outcome in sightings:
            ledger.see(connection, contract.name, part, outcome, None)
    return is_news(partnership, contract)


def test_a_table_that_was_never_looked_at_is_no_news(partnership: Partnership) -> None:
    assert state_of(partnership, RESIDENTS) == State()
    assert not is_news(partnership, RESIDENTS)
    assert state_of(partnership, RESIDENTS).sentence() == "Nothing of this table has been loaded yet."


def test_five_failures_are_one_piece_of_news_and_so_is_the_recovery(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O02, C06: what begins is told once, and what ends is told once."""
    assert not looked(partnership)
    publishers.always("package_show", "html200")
    told = []
    for day in range(23, 28):
        world.later(monkeypatch, f"2026-11-{day}T17:00:00")
        told.append(looked(partnership))
    assert told == [True, False, False, False, False]
    publishers.heal()
    world.later(monkeypatch, "2026-11-28T17:00:00")
    assert looked(partnership)
    world.later(monkeypatch, "2026-11-29T17:00:00")
    assert not looked(partnership)


def test_a_failure_of_another_kind_is_news(publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    looked(partnership)
    told = []
    for day, fault in enumerate(["500", "500", "cloudflare403", "409", "409"], start=23):
        publishers.heal()
        publishers.always("package_show", fault)
        world.later(monkeypatch, f"2026-11-{day}T17:00:00")
        told.append((looked(partnership), state_of(partnership, RESIDENTS).outcome))
    assert told == [(True, "unreachable"), (False, "unreachable"), (True, "refused"), (True, "not yet"), (False, "not yet")]


def test_a_failure_from_the_first_look_on_is_news_once(publishers: Publishers, partnership: Partnership) -> None:
    publishers.always("package_show", "html200")
    assert [looked(partnership) for _ in range(3)] == [True, False, False]


def test_the_state_says_since_when_and_what_is_in_force(
    publishers: Publishers, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Yesterday's numbers stay, and their age is told."""
    world.refresh(partnership, "place_labels", RESIDENTS.name)
    publishers.always("package_show", "html503")
    for day in (23, 24):
        world.later(monkeypatch, f"2026-11-{day}T17:00:00")
        looked(partnership)
    state = state_of(partnership, RESIDENTS)
    assert state == State(
        outcome="unreachable",
        since="2026-11-23T17:00:00Z",
        was="unreachable",
        looked_at="2026-11-24T17:00:00Z",
        well_at="2026-11-22T17:00:00Z",
        release=1,
        published_at="2026-11-13T14:05:00Z",
        newest=1,
    )
    assert state.sentence() == "In force: release of 2026-11-13, seen 2 days ago."
    assert "unreachable" in str(world.refresh(partnership, RESIDENTS.name)[RESIDENTS.name].outcome)


def test_a_release_without_a_time_of_its_publisher_is_told_by_its_number() -> None:
    state = State(release=3, well_at="2026-11-22T17:00:00Z")
    assert state.sentence().startswith("In force: release 3, seen ")


def test_the_parts_of_a_table_are_one_look(partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of several parts is as bad as its worst part, and what is noted of no part belongs to the look before it."""

    def at(hour: int, *sightings: tuple[str, str]) -> bool:
        world.later(monkeypatch, f"2026-11-22T{hour:02}:00:00")
        return saw(partnership, *sightings)

    good, bad = [("a", "unchanged"), ("b", "unchanged")], [("a", "unchanged"), ("b", "new"), ("", "refused")]
    told = [at(10, *good), at(11, *good), at(12, *bad), at(13, *bad), at(14, *good), at(15, ("", "unreachable")), at(16, *good)]
    assert told == [False, False, True, False, True, True, True]
    assert [at(17, *bad), at(17, *good), at(17, *bad)] == [True, True, True], "looks within one minute are told apart"


def test_registers_and_files_of_partners_are_well(partnership: Partnership) -> None:
    folder = partnership.home / "inbox" / "partner_metrics"
    folder.mkdir(parents=True)
    for name in ("a.csv", "b.csv"):
        (folder / name).write_bytes(name.encode())
    for _ in range(3):
        assert not looked(partnership, read("partner_metrics"))
        assert not looked(partnership, read("offices"))
    assert store.state_of(partnership, read("offices")).outcome == "ok"
