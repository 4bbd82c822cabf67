"""Compose: no change is printed over a break or over other boundaries, and letters, marks and places are told beside numbers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from expectations.partnership import Partnership
from tasks.compose import Draft, compose
from tasks.compose.breaks import BoundariesMixed, FigureBroken, between
from tasks.compose.draft import About, Figure, Multiples, Prose, Table
from tasks.measure import Broken
from tasks.protect import ProtectedFigure
from tests.sample import HERE
from tests.samples.brief import HEADER
from tests.tasks.test_compose import AT, BODY, COUNCIL, COVERED, EDITION, THERE, block_of, fenced, figure

BREAK = Broken("2024-01-01", "2024", (("en", "new boundaries"), ("fr", "nouvelles limites")))
YEARS = [("2022", 900), ("2023", 950), ("2024", 1300), ("2025", 1350)]
Made = Callable[..., list[Draft]]


def series(**more: Any) -> list[ProtectedFigure]:
    return [figure("npr_net_year", f"{int(year) - 1}/{year}", value, **more) for year, value in YEARS]


def years(breaks: tuple[Broken, ...] = (BREAK,), **more: Any) -> list[ProtectedFigure]:
    """Permits by year with a break in 2024."""
    return [figure("pgwp_year", year, value, lower=value - 30, upper=value + 30, breaks=breaks, **more) for year, value in YEARS]


@pytest.fixture
def made(home: Path, partnership: Partnership) -> Made:
    """Composes a brief of one sentence, or of one block, in both languages alike."""

    def compose_(text: str, *changes: tuple[str, str], figures: list[ProtectedFigure]) -> list[Draft]:
        folder = home / "briefs"
        folder.mkdir(exist_ok=True)
        body = HEADER + BODY.replace("THE TEXT", text)
        for old, new in changes:
            assert old in body, old
            body = body.replace(old, new)
        for language in ("en", "fr"):
            (folder / f"topic.{language}.md").write_text(body, encoding="utf-8")
        return compose("topic", COUNCIL, figures, partnership, edition=EDITION)

    return compose_


def about(draft: Draft) -> About:
    found = draft.sheets[1].rows[-1].columns[0][0]
    assert isinstance(found, About)
    return found


def told(draft: Draft) -> str:
    return " ".join(about(draft).paragraphs)


# Which figures a break keeps apart


@pytest.mark.parametrize(
    ("one", "other", "parted"),
    [("2022", "2023", False), ("2023", "2024", True), ("2022", "2025", True), ("2024", "2025", False)],
)
def test_a_break_stands_before_its_period(one: str, other: str, parted: bool) -> None:
    by_year = {found.period: found for found in years()}
    assert bool(between(by_year[one], by_year[other])) == parted


@pytest.mark.parametrize(
    ("earlier", "later", "parted"), [("2023-12", "2024-12", True), ("2024-06", "2025-06", True), ("2024-12", "2025-12", False)]
)
def test_twelve_months_that_hold_the_break_are_of_neither_side(earlier: str, later: str, parted: bool) -> None:
    one, other = (figure("pr_admissions_12_months", period, 100, breaks=(BREAK,)) for period in (earlier, later))
    assert bool(between(one, other)) == parted


# Text


@pytest.mark.parametrize(
    "text",
    [
        "From {{ pgwp_year#2023 | range }} to {{ pgwp_year | range }} since then.",
        "It was {{ pgwp_year#2022 | range }}.\n\nNow it is {{ pgwp_year#2025 | range }}.",
    ],
)
def test_a_change_over_a_break_stops_the_brief(made: Made, text: str) -> None:
    """C14."""
    said = rf"topic\.en\.md line {AT}, Why: pgwp_year at {HERE} breaks in 2024 \(new boundaries\), so 202\d and 2025 are not to be compared"
    with pytest.raises(FigureBroken, match=said):
        made(text, figures=years())


def test_a_change_on_one_side_of_a_break_may_stand(made: Made) -> None:
    assert made("From {{ pgwp_year#2024 | range }} to {{ pgwp_year | range }}.", figures=years())


def test_levels_may_stand_where_the_break_is_told_beside_them(made: Made) -> None:
    drafts = made("{{ pgwp_year#2023 | range }}, now {{ pgwp_year | range }}. {{ pgwp_year | break }}", figures=years())
    english, french = (str(draft.sheets[0].rows[0].columns[0][0]) for draft in drafts)
    assert "Break in 2024: new boundaries." in english
    assert "Rupture en 2024\\xa0: nouvelles limites." in french


def test_what_changed_is_never_said_over_a_break(made: Made) -> None:
    lines = "- {lead: '{{ pgwp_year#2023 | range }} to {{ pgwp_year | range }}.', text: '{{ pgwp_year | break }}'}"
    with pytest.raises(FigureBroken, match="Leave the comparison out"):
        made("A sentence.", fenced("changes", lines), figures=years())


def test_a_key_number_is_not_compared_over_a_break(made: Made) -> None:
    item = "- {{number: '{{{{ pgwp_year }}}}', label: a, comparison: '{{{{ pgwp_year | range }}}}. {}: {{{{ pgwp_year#-2 | range }}}}'}}"
    with pytest.raises(FigureBroken, match=r"line 18, Why: pgwp_year .* breaks in 2024"):
        made("A sentence.", fenced("numbers", item.format("Before")), figures=years())
    assert made("A sentence.", fenced("numbers", item.format("{{ pgwp_year | break }} Before")), figures=years())


def test_there_is_no_break_to_tell_of_an_unbroken_series(made: Made) -> None:
    with pytest.raises(Exception, match=r"pgwp_year has no 'break'"):
        made("{{ pgwp_year | range }} {{ pgwp_year | break }}", figures=years(breaks=()))


# Charts and tables

CHART = "lines: [{indicator: pgwp_year, name: permits}]\nlast: 4"


@pytest.mark.parametrize("kind", ["columns", "trend"])
def test_a_chart_is_parted_at_the_break_and_says_so(made: Made, kind: str) -> None:
    english, french = (block_of(draft) for draft in made("A sentence.", fenced(kind, CHART), figures=years()))
    assert isinstance(english, Figure)
    assert english.chart.series[0].breaks == (2,)
    assert (english.chart.break_label, french.chart.break_label) == ("break", "rupture")
    assert english.source.endswith("Break in 2024: new boundaries.")
    assert english.chart.alternative.endswith("2022: 900, 2025: 1,350. Break in 2024: new boundaries.")
    assert french.chart.alternative.endswith("Rupture en 2024\u00a0: nouvelles limites.")


def test_a_small_multiple_is_parted_too(made: Made) -> None:
    found = [
        figure("clients_served", f"2026-Q{n}", 100 * n, breaks=(replace(BREAK, start="2026-04-01", period="2026-Q2"),), **COVERED)
        for n in (1, 2, 3)
    ]
    block = block_of(
        made("A sentence.", fenced("multiples", "items: [{indicator: clients_served, name: clients}]\nlast: 3"), figures=found)[0]
    )
    assert isinstance(block, Multiples)
    assert block.subtitle == "Break in April to June 2026: new boundaries."
    assert block.items[0].chart.series[0].breaks == (1,)
    assert block.items[0].chart.alternative.endswith("Break in April to June 2026: new boundaries.")


TABLE = """columns: [Area, Before, Then, Now]
rows: [[Here, '{{ pgwp_year#2023 | range }}', '{{ pgwp_year#2024 | range }}', '{{ pgwp_year | range }}']]"""


def test_a_table_marks_the_first_period_after_the_break(made: Made) -> None:
    block = block_of(made("A sentence.", fenced("table", TABLE), figures=years())[0])
    assert isinstance(block, Table)
    assert ["†" in cell.text for cell in block.rows[0].cells] == [False, False, True, False]
    assert block.note == "† Break in 2024: new boundaries."


def test_a_table_of_one_side_marks_nothing(made: Made) -> None:
    block = block_of(made("A sentence.", fenced("table", TABLE.replace("#2023", "#2025")), figures=years())[0])
    assert "†" not in str(block)


# Boundaries


def of_boundaries(*of: int, place: str = HERE) -> list[ProtectedFigure]:
    return [replace(found, boundaries=(year,), place=place) for found, year in zip(series(), of, strict=True)]


LINE = "lines: [{indicator: npr_net_year, name: net}]\nlast: 4"


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("columns", LINE),
        ("trend", LINE),
        ("table", "columns: [A, B, C]\nrows: [[Here, '{{ npr_net_year#-3 }}', '{{ npr_net_year }}']]"),
        ("table", "columns: [A, B]\nrows: [[Then, '{{ npr_net_year#2021/2022 }}'], [Now, '{{ npr_net_year#2024/2025 }}']]"),
        ("numbers", "- {number: '{{ npr_net_year }}', label: now, comparison: 'Before: {{ npr_net_year#-3 }}'}"),
        ("multiples", "items: [{indicator: npr_net_year, name: net}]\nlast: 4"),
    ],
)
def test_boundaries_of_different_years_in_one_series_stop_the_brief(made: Made, kind: str, content: str) -> None:
    """S39."""
    said = rf"topic\.en\.md line 18, Why.*: npr_net_year at {HERE} stand together on the boundaries of 2011, 2016, 2021"
    if kind in ("table", "numbers"):
        said = said.replace("2011, 2016, 2021", "2011, 2021")
    with pytest.raises(BoundariesMixed, match=said):
        made("A sentence.", fenced(kind, content), figures=of_boundaries(2011, 2016, 2021, 2021))


def test_boundaries_declared_comparable_are_one_series(made: Made, home: Path) -> None:
    path = home / "registers" / "places.csv"
    body = path.read_text(encoding="utf-8")
    row = f"{HERE},cma,Peterborough CMA,RMR de Peterborough,2021,"
    assert row in body
    path.write_text(body.replace(row, row + "2011 2016"), encoding="utf-8")
    assert made("A sentence.", fenced("trend", LINE), figures=of_boundaries(2011, 2016, 2021, 2021))


def test_a_province_is_the_same_on_the_boundaries_of_every_year(made: Made) -> None:
    ontario = "2021A000235"
    line = f"lines: [{{indicator: npr_net_year, name: net, place: '{ontario}'}}]\nlast: 4"
    assert made("A sentence.", fenced("trend", line), figures=of_boundaries(2011, 2016, 2021, 2021, place=ontario))


def test_boundaries_may_change_where_the_break_is_named(made: Made) -> None:
    """C14: the switch is drawn, not hidden and not refused."""
    at = replace(BREAK, start="2023-07-01", period="2023/2024")
    found = [replace(one, breaks=(at,)) for one in of_boundaries(2016, 2016, 2021, 2021)]
    block = block_of(made("A sentence.", fenced("trend", LINE), figures=found)[0])
    assert block.chart.series[0].breaks == (2,)


# Letters of quality


def lettered(quality: str) -> list[ProtectedFigure]:
    return [replace(found, quality=quality) for found in series()]


def test_letters_stand_beside_numbers_and_are_explained_once(made: Made) -> None:
    english, french = made("Net {{ npr_net_year }}, before {{ npr_net_year#-1 }}.", figures=lettered("Ep"))
    block = english.sheets[0].rows[0].columns[0][0]
    assert isinstance(block, Prose)
    text = block.paragraphs[0]
    assert '1,350</span><sup class="quality">Ep</sup>' in text
    assert told(english).count("E = use with caution, says the source.") == 1
    assert told(english).count("p = preliminary, says the source.") == 1
    assert "E = à utiliser avec prudence, selon la source." in told(french)
    assert "r = " not in told(english)


@pytest.mark.parametrize(
    ("quality", "letter", "words"),
    [("E", "D", "Use with caution"), ("D", "C", "Acceptable"), ("Bp", "C", "Preliminary"), ("A", "C", "Estimate")],
)
def test_letters_say_how_sure_we_are(made: Made, quality: str, letter: str, words: str) -> None:
    (grade,) = about(made("Net {{ npr_net_year }}.", figures=lettered(quality))[0]).grades
    assert grade.letter == letter
    assert grade.words.startswith(words)


def test_good_letters_are_kept_in_the_data_and_not_printed(made: Made) -> None:
    draft = made("Net {{ npr_net_year }}.", figures=lettered("A"))[0]
    assert "quality" not in str(draft.sheets)
    (row,) = csv.DictReader(io.StringIO(draft.attachments[0].text))
    assert row["quality"] == "A"


@pytest.mark.parametrize("kind", ["columns", "trend"])
def test_letters_stand_in_charts_and_their_alternatives(made: Made, kind: str) -> None:
    block = block_of(made("A sentence.", fenced(kind, LINE), figures=lettered("E"))[0])
    assert block.chart.series[0].points[-1].quality == "E"
    assert "1,350 (use with caution)" in block.chart.alternative


def test_letters_stand_in_tables_and_multiples(made: Made) -> None:
    table = block_of(
        made("A sentence.", fenced("table", "columns: [A, B]\nrows: [[Here, '{{ npr_net_year }}']]"), figures=lettered("E"))[0]
    )
    assert table.rows[0].cells[1].text.endswith('<sup class="quality">E</sup>')
    small = block_of(
        made("A sentence.", fenced("multiples", "items: [{indicator: npr_net_year, name: net}]\nlast: 4"), figures=lettered("E"))[0]
    )
    assert small.items[0].number.endswith('<sup class="quality">E</sup>')


# Publishers' marks


@pytest.mark.parametrize(
    ("mark", "status", "words"),
    [
        ("F", "unreliable", "too unreliable to be published"),
        ("x", "suppressed", "confidential: not published by the source"),
        ("..", "not_available", "not available"),
        ("...", "not_applicable", "does not apply"),
        ("0s", "rounds_to_zero", "rounds to zero, but is not zero"),
    ],
)
def test_a_publishers_mark_stands_with_its_reason(made: Made, mark: str, status: str, words: str) -> None:
    """S30: never 0, never blank."""
    found = [replace(series()[-1], value=None, lower=None, upper=None, mark=mark, status=status, reason="publisher")]
    block = block_of(made("A sentence.", fenced("table", "columns: [A, B]\nrows: [[Here, '{{ npr_net_year }}']]"), figures=found)[0])
    cell = block.rows[0].cells[1]
    assert (re.sub(r"<[^>]+>", "", cell.text), cell.note) == (mark, words)


# The place of a number


def test_a_place_that_is_not_the_whole_area_is_named_once(made: Made) -> None:
    """S42."""
    found = [replace(one, caveats=("not_whole_area",)) for one in years(breaks=())]
    found += [replace(one, place=THERE, caveats=()) for one in years(breaks=())]
    english, french = made(f"Here {{{{ pgwp_year | range }}}}, there {{{{ pgwp_year@{THERE} | range }}}}.", figures=found)
    assert told(english).count("Peterborough CMA: only part of the partnership's area.") == 1
    assert "Kingston" not in told(english)
    assert "RMR de Peterborough\u00a0: une partie seulement du territoire du partenariat." in told(french)


def test_two_kinds_of_place_are_both_named(made: Made) -> None:
    riding = "2013A000435071"
    found = [replace(one, caveats=("not_whole_area",), place=place) for place in (HERE, riding) for one in years(breaks=())]
    draft = made(f"Here {{{{ pgwp_year | range }}}}, there {{{{ pgwp_year@{riding} | range }}}}.", figures=found)[0]
    assert "Northumberland—Peterborough South: partly in the partnership's area, partly outside." in told(draft)
    assert "Peterborough CMA: only part" in told(draft)


def test_the_data_say_boundaries_breaks_and_caveats(made: Made) -> None:
    found = [replace(one, boundaries=(2021,), caveats=("estimate", "not_whole_area")) for one in years()]
    draft = made("It is {{ pgwp_year | range }}.", figures=found)[0]
    (row,) = csv.DictReader(io.StringIO(draft.attachments[0].text))
    assert (row["boundaries"], row["breaks"], row["caveats"]) == ("2021", "2024", "estimate not_whole_area")
    annex = json.loads(draft.attachments[1].text)["figures"][f"pgwp_year@{HERE}@2025"]
    assert annex["breaks"] == [{"period": "2024", "why": {"en": "new boundaries", "fr": "nouvelles limites"}}]
