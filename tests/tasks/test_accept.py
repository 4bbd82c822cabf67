"""A waiting release: what a person is shown before accepting it, and what acceptance changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations import Contract
from expectations.partnership import Partnership
from flows import pages
from flows.sentences import look_at_revisions
from flows.verbs import Verbs
from sql import ledger
from sql import warehouse as engines
from tasks import Misuse
from tasks.accept import accept
from tasks.measure import measure
from tasks.waiting import waiting
from tests.world import MONTHS, ask, changed, ircc_file, ircc_row, later, loaded

NAME = "ircc_pgwp_cma"


def strict(name: str = NAME) -> Contract:
    """The contract with the strictest rule for revisions, whatever the shipped one says."""
    text = changed(name)
    return text.model_copy(update={"revision": type(text.revision)()})


def months(*totals: str, year: int = 2025) -> bytes:
    return ircc_file(ircc_row(year, month, "Peterborough", total) for month, total in zip(MONTHS, totals, strict=False))


def printed(partnership: Partnership, figure: str, name: str = "2026-11-22-council.pdf") -> None:
    """A document in the ledger that prints one figure."""
    document = {"sha256": "d" * 64, "name": name, "brief": "council", "office": "city_council", "language": "en"}
    more = {"edition_date": "2026-11-22", "known_at": "2026-11-22T17:00:00Z", "densities": "00", "text_sha256": "t", "folder": "editions"}
    claim = {"document": "d" * 64, "claim": "c1", "shown": "120", "place": "fact 1", "figure": figure}
    with engines.writer(partnership.home).begin() as connection:
        connection.execute(ledger.document.insert(), document | more | {"made_at": "2026-11-22T17:00:00Z"})
        connection.execute(ledger.printed.insert(), claim)


def value(partnership: Partnership) -> float | None:
    (figure,) = measure(partnership, ["pgwp_year"])
    return figure.value


@pytest.fixture
def revised(warehouse: str, partnership: Partnership, environment: pytest.MonkeyPatch) -> Partnership:
    """A partnership in which December was 10, is printed, and is 20 in a release that waits."""
    loaded(months(*["10"] * 12), strict(), partnership)
    printed(partnership, "pgwp_year@2021S0503529@2025")
    later(environment, "2026-11-23T17:00:00")
    loaded(months(*["10"] * 11, "20"), strict(), partnership)
    return partnership


def test_a_person_sees_the_figures_that_would_move_and_the_editions_that_print_them(revised: Partnership) -> None:
    (item,) = waiting(revised)
    assert (item.contract, item.release, item.against, item.revised, item.material) == (NAME, 2, 1, 1, 1)
    moved = {m.key: (m.was and m.was.value, m.would_be and m.would_be.value) for m in item.figures}
    assert moved["pgwp_year@2021S0503529@2025"] == (120, 130)
    assert moved["pgwp_month@2021S0503529@2025-12"] == (10, 20)
    assert "pgwp_month@2021S0503529@2025-11" not in moved
    (edition,) = item.editions
    assert (edition.name, edition.figures) == ("2026-11-22-council.pdf", ("pgwp_year@2021S0503529@2025",))
    page = pages.of_review(look_at_revisions(revised, NAME, Verbs()), {})
    assert "120 → 130" in page
    assert "2026-11-22-council.pdf" in page
    assert value(revised) == 120


def test_accepting_puts_it_in_force_once_under_a_name(revised: Partnership, environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(Misuse, match="Who accepts it"):
        accept(revised, NAME, release=2, by=" ")
    with pytest.raises(Misuse, match="release 2 waits, not 1"):
        accept(revised, NAME, release=1, by="A. Person")
    assert value(revised) == 120
    review = look_at_revisions(revised, NAME, Verbs(), release=2, by="A. Person", why="IRCC restated December", accepts=True)
    assert review.accepted is not None
    assert review.lines == ()
    assert value(revised) == 130
    assert ask(revised, 'select contract, release, "by", why from acceptance') == [(NAME, 2, "A. Person", "IRCC restated December")]
    assert ask(revised, "select value from pgwp_year where period = '2025'") == [(130,)]
    with pytest.raises(Misuse, match="Nothing of"):
        accept(revised, NAME, release=2, by="A. Person")
    assert waiting(revised) == []


def test_a_newer_release_has_to_be_looked_at_again(revised: Partnership) -> None:
    loaded(months(*["10"] * 11, "40"), strict(), revised)
    with pytest.raises(Misuse, match="release 3 waits"):
        accept(revised, NAME, release=2, by="A. Person")
    accept(revised, NAME, release=3, by="A. Person")
    assert value(revised) == 150


def test_a_brief_made_while_a_revision_waits_prints_what_is_in_force(revised: Partnership, environment: pytest.MonkeyPatch) -> None:
    """And as of the day between, later too."""
    (figure,) = measure(revised, ["pgwp_year"])
    assert {origin.release for origin in figure.origins} == {1}
    assert len(figure.snapshots) == 1
    later(environment, "2026-11-24T17:00:00")
    accept(revised, NAME, release=2, by="A. Person")
    (between,) = measure(revised, ["pgwp_year"], known_at="2026-11-23T20:00:00Z")
    assert (between.value, {origin.release for origin in between.origins}) == (120, {1})


def test_there_is_nothing_to_look_at_before_anything_was_loaded(partnership: Partnership) -> None:
    assert waiting(partnership) == []
    assert not Path(partnership.home / "warehouse.db").exists()
    with pytest.raises(Misuse, match="no public table"):
        look_at_revisions(partnership, "metrics", Verbs())
