"""D06: a metric that is defined anew breaks its series, and no brief prints a change over it."""

from __future__ import annotations

import csv
from collections.abc import Sequence

import pytest

from briefs import words
from expectations import read
from expectations.partnership import Partnership
from tasks.compose.breaks import FigureBroken, firsts, notes
from tasks.compose.language import Language
from tasks.measure import Broken, Figure, measure
from tasks.protect import protect
from tests import world
from tests.tasks.test_breaks import Made, made
from tests.world import loaded, partner_file

__all__ = ["made"]
METRICS = read("partner_metrics")
QUARTERS = ("2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3")
NAME = "People waiting for language training on the last day of the quarter"


@pytest.fixture
def reported(partnership: Partnership) -> Partnership:
    """Four partners wait-listed people for five quarters, about as many each time."""
    world.refresh(partnership, "metrics", "reporting")
    rows = [(p, q, "language_wait", 40 + 3 * n) for p in ("p01", "p03", "p04", "p05") for n, q in enumerate(QUARTERS)]
    assert loaded(partner_file(*rows), METRICS, partnership, part="all").outcome == "passed"
    return partnership


def define_anew(partnership: Partnership, metric: str, day: str) -> None:
    """The next version of a metric from a day on; the version before ends the day before."""
    path = partnership.home / "registers" / "metrics.csv"
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    line = next(line for line in lines if line["metric"] == metric)
    again = line | {"method_version": "2", "valid_from": day, "definition_en": "otherwise", "definition_fr": "autrement"}
    line["valid_to"] = "2025-12-31"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(line))
        writer.writeheader()
        writer.writerows([*lines, again])


def waits(partnership: Partnership, indicator: str = "language_wait") -> Sequence[Figure]:
    return measure(partnership, [indicator])


def test_a_metric_defined_once_has_no_break(reported: Partnership) -> None:
    assert {figure.breaks for figure in waits(reported)} == {()}


def test_a_new_definition_breaks_the_series_on_its_first_day(warehouse: str, reported: Partnership) -> None:
    define_anew(reported, "language_wait", "2026-01-01")
    why = (("en", f"the definition of “{NAME}” changed"), ("fr", waits(reported)[0].breaks[0].why[1][1]))
    assert {figure.breaks for figure in waits(reported)} == {(Broken("2026-01-01", "2026-Q1", why),)}
    assert "a changé" in why[1][1]
    assert firsts(protect(waits(reported), reported)) == [2]


def test_another_metric_of_the_same_table_goes_on(reported: Partnership) -> None:
    define_anew(reported, "clients_served", "2026-01-01")
    assert {figure.breaks for figure in waits(reported)} == {()}
    assert {figure.breaks for figure in waits(reported, "partners_reporting")} == {()}


def test_a_share_breaks_with_either_part(reported: Partnership) -> None:
    """Passes used, of passes issued: a new definition of what is issued breaks the share too."""
    rows = [(p, q, m, 20) for p in ("p01", "p02", "p04") for q in QUARTERS[2:] for m in ("welcome_passes", "welcome_passes_used")]
    assert loaded(partner_file(*rows), METRICS, reported, part="passes").outcome == "passed"
    define_anew(reported, "welcome_passes", "2026-07-01")
    assert [broken.period for broken in waits(reported, "welcome_pass_use")[0].breaks] == ["2026-Q3"]


def test_no_brief_prints_a_trend_across_it(reported: Partnership, made: Made) -> None:
    """Before it and after it numbers may stand, across it only where the break is told."""
    define_anew(reported, "language_wait", "2026-01-01")
    figures = protect(waits(reported), reported)
    across = "From {{ language_wait#2025-Q4 }} to {{ language_wait }}."
    with pytest.raises(FigureBroken, match=r"language_wait at .* breaks in 2026-Q1 \(the definition of “People waiting"):
        made(across, figures=figures)
    assert made("From {{ language_wait#2026-Q1 }} to {{ language_wait }}.", figures=figures)
    english, french = made(f"{across} {{{{ language_wait | break }}}}", figures=figures)
    assert f"the definition of “{NAME}” changed." in str(english.sheets[0].rows[0].columns[0][0])
    assert "a changé" in str(french.sheets[0].rows[0].columns[0][0])


def test_the_break_is_told_in_words() -> None:
    broken = Broken("2026-01-01", "2026-Q1", (("en", "the definition of “x” changed"), ("fr", "la définition de « x » a changé")))
    assert notes([broken], Language("en", words("en"))) == ["Break in January to March 2026: the definition of “x” changed."]
