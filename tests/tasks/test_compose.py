"""Compose: whatever is stray, unknown, stale, withheld or untranslated stops the brief and names file and line."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

import briefs
import sql
from briefs import BriefBroken
from expectations import LICENCES
from expectations.partnership import Partnership
from sql import periods
from tasks.compose import Draft, Office, compose, indicators_of
from tasks.compose.blocks import KINDS
from tasks.compose.draft import KeyNumbers, Multiples, Prose, Table
from tasks.compose.figures import FigureStale, FigureUnknown, FigureWithheld
from tasks.compose.language import Language
from tasks.compose.text import StrayNumber
from tasks.protect import ProtectedFigure
from tests.sample import HERE, alone, published_home, twin_text
from tests.samples.brief import HEADER
from tests.verapdf import _run

EDITION = date(2026, 11, 22)
COUNCIL = Office("city_council", {"en": "City Council", "fr": "Conseil municipal"}, ("en",))
THERE = "2021S0503521"
QUERIES = sql.read_all()

BODY = """# A headline

What follows from it.

## Why {main}

THE TEXT

***

## More

Another paragraph.

```about
{}
```
"""
AT = 16  # the line of `## Why` under this header


def figure(indicator: str, period: str, value: float | None = None, **more: Any) -> ProtectedFigure:
    header = QUERIES[indicator].indicator
    said: dict[str, Any] = {
        "indicator": indicator,
        "place": HERE,
        "period": period,
        "period_end": periods.parse(period, starts=7).end.isoformat() if "/" in period else periods.parse(period).end.isoformat(),
        "value": value,
        "lower": value,
        "upper": value,
        "status": "hidden" if value is None else "shown",
        "mark": "--" if value is None else "",
        "reason": "small" if value is None else "",
        "unit": header.unit,
        "decimals": header.decimals,
        "reporters": None,
        "expected": None,
        "caveats": tuple(header.caveats),
        "vintage": "2026-10-15T09:00:00Z",
        "snapshots": (),
        "origins": (),
        "is_sample": False,
    }
    return ProtectedFigure(**said | more)


COVERED = {"reporters": 7, "expected": 8}
FIGURES = [
    figure("clients_served", "2026-Q2", 1445, **COVERED),
    figure("clients_served", "2026-Q3", 1440, **COVERED),
    figure("job_placements", "2026-Q3", 130, **COVERED),
    figure("racism_reports", "2026-Q3", None, lower=0, upper=10, **COVERED),
    figure("language_wait", "2026-Q2", 335, **COVERED),
    figure("welcome_pass_use", "2026-Q3", 42, lower=None, upper=None, **COVERED),
    figure("member_organisations", "2026-Q3", 20),
    figure("npr_net_year", "2024/2025", -1641),
    figure("immigrants_year", "2024/2025", 702),
    figure("pr_admissions_month", "2026-09", 40, lower=37.5, upper=42.5),
    figure("pgwp_year", "2024", 1125, lower=1095, upper=1155),
    figure("pgwp_year", "2025", 1100, lower=1070, upper=1130),
    figure("pgwp_year", "2025", 45, lower=32.5, upper=92.5, place=THERE),
    figure("pgwp_year", "2024", 60, lower=30, upper=90, place=THERE),
]


@pytest.fixture
def made(home: Path, partnership: Partnership) -> Callable[..., list[Draft]]:
    """Composes a brief of one sentence (or other changes of the body), in both languages alike unless French is given."""

    def compose_(
        text: str = "A sentence.",
        *changes: tuple[str, str],
        french: str | None = None,
        figures: list[ProtectedFigure] = FIGURES,
        of: Partnership = partnership,
        **more: Any,
    ) -> list[Draft]:
        folder = home / "briefs"
        folder.mkdir(exist_ok=True)
        for language, said in (("en", text), ("fr", text if french is None else french)):
            body = HEADER + BODY.replace("THE TEXT", said)
            for old, new in changes:
                assert old in body, old
                body = body.replace(old, new)
            (folder / f"topic.{language}.md").write_text(body, encoding="utf-8")
        return compose("topic", COUNCIL, figures, of, edition=EDITION, **more)

    return compose_


Made = Callable[..., list[Draft]]


def prose(draft: Draft) -> str:
    block = draft.sheets[0].rows[0].columns[0][0]
    assert isinstance(block, Prose)
    return re.sub(r"<[^>]+>", "", block.paragraphs[0])


def block_of(draft: Draft) -> Any:
    return draft.sheets[0].rows[-1].columns[0][0]


def fenced(kind: str, content: str) -> tuple[str, str]:
    """A change that puts a block where the sentence stood."""
    return "## Why {main}\n\nTHE TEXT".replace("THE TEXT", "A sentence."), f"## Why\n\n```{kind}\n{content}\n```"


# Numbers bound to nothing


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We met 14 times.", "14"),
        ("A share of 12.5%.", "12.5%."),
        ("Half-way (3) there.", "(3)"),
        ("Costs ½ more.", "½"),
        ("An area of km².", "km²."),
        ("Arabic ٣ digits.", "٣"),
        ("Full-width ３ digits.", "３"),
    ],
)
def test_a_stray_digit_stops_the_brief(made: Made, text: str, found: str) -> None:
    with pytest.raises(StrayNumber, match=rf"topic\.en\.md line {AT}, Why: the number '{re.escape(found)}' is bound to nothing\. Write"):
        made(text)


@pytest.mark.parametrize(
    "word",
    ["thirteen", "Two", "twenty-five", "a dozen", "half", "hundreds", "thousands", "zero", "doubled", "twice", "two million", "a billion"],
)
def test_a_number_in_english_words_is_a_number(made: Made, word: str) -> None:
    """D27."""
    with pytest.raises(StrayNumber, match=rf"topic\.en\.md line {AT}, Why: the number '\w+' is bound to nothing"):
        made(f"We held {word} sessions.", french="Une phrase.")


@pytest.mark.parametrize(
    "word",
    ["treize", "Deux", "vingt-cinq", "une douzaine", "la moitié", "des centaines", "des milliers", "zéro", "doublé", "trois millions"],
)
def test_a_number_in_french_words_is_a_number(made: Made, word: str) -> None:
    """D27."""
    with pytest.raises(StrayNumber, match=rf"topic\.fr\.md line {AT}, Why: the number '\w+' is bound to nothing"):
        made("A sentence.", french=f"Nous avons tenu {word} séances.")


@pytest.mark.parametrize("text", ["One of us and someone else often weighed it.", "Une personne, un lieu, la dixième fois, centre-ville."])
def test_words_that_hold_a_number_are_no_numbers(made: Made, text: str) -> None:
    assert made(text)


@pytest.mark.parametrize("text", ["{{ Clients }}", "{{ clients_served", "{{ clients_served | range | period }}", "{{ clients served }}"])
def test_a_broken_reference_is_told_how_to_write_one(made: Made, text: str) -> None:
    with pytest.raises(StrayNumber, match=rf"topic\.en\.md line {AT}, Why: .* is not a reference; write {{{{ indicator }}}}"):
        made(f"We served {text} people.")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        pytest.param(("# A headline", "# The 3 headlines"), "line 12, headline", id="headline"),
        pytest.param(("What follows from it.", "What 3 follow."), "line 14, lede", id="lede"),
        pytest.param(("## Why {main}", "## Why 3 {main}"), "line 16, Why 3", id="heading"),
        pytest.param(("title: A topic", "title: A 3 topic"), "line 1, header", id="title"),
        pytest.param(("plan: A plan", "plan: Plan 2022"), "line 1, header", id="plan"),
        pytest.param(("the Committee", "the 3 Committees"), "line 1, header", id="approver"),
    ],
)
def test_no_place_of_a_brief_takes_a_stray_number(made: Made, change: tuple[str, str], where: str) -> None:
    with pytest.raises(StrayNumber, match=rf"topic\.en\.md {re.escape(where)}: the number '[^']*[32][^']*' is bound to nothing"):
        made("A sentence.", change)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        pytest.param("table", "columns: [Area, '1,300 clients']\nrows: [[Here, text]]", id="column heading"),
        pytest.param("table", "columns: [Area, Count]\nrows: [[Here, 1300]]", id="cell"),
        pytest.param("table", "columns: [Area, Count]\nrows: [[Here, text]]\nnote: All 1300", id="note"),
        pytest.param("changes", "- {lead: From 12, text: to more}", id="change"),
        pytest.param("asks", "- {decision: Open 2 rooms, terms: soon}", id="ask"),
        pytest.param("asks", "- {decision: Open rooms, terms: by 2027}", id="terms"),
        pytest.param("columns", "lines: [{indicator: pgwp_year, name: 45 areas}]\nlast: 2", id="name of a line"),
        pytest.param("multiples", "items: [{indicator: clients_served, name: 3 clients}]\nlast: 2", id="name of a multiple"),
        pytest.param("numbers", "- {number: '{{ clients_served }}', label: of 5000, comparison: ''}", id="label"),
    ],
)
def test_no_block_takes_a_stray_number(made: Made, kind: str, content: str) -> None:
    with pytest.raises(StrayNumber, match=r"topic\.en\.md line 18, Why: the number '\S+' is bound to nothing"):
        made("A sentence.", fenced(kind, content))


# Literals


@pytest.mark.parametrize(
    "literal",
    [
        "2026",
        "2022-2025",
        "2022–2025",
        "2022 to 2025",
        "22 November 2026",
        "March 2027",
        "Sep 2026",
        "spring 2027",
        "15 March",
        "section 4.2",
    ],
)
def test_dates_and_sections_may_stand(made: Made, literal: str) -> None:
    draft = made(f"By [[{literal}]] at last.", french="Une phrase.")[0]
    assert prose(draft) == f"By {literal} at last."
    annex = json.loads(draft.attachments[1].text)
    assert annex["literals"] == [literal]


@pytest.mark.parametrize("literal", ["1er juin 2027", "mars 2027", "printemps 2027", "2022 à 2025", "15 mars", "article 4.2"])
def test_french_dates_and_sections_may_stand(made: Made, literal: str) -> None:
    assert prose(made("A sentence.", french=f"D'ici [[{literal}]] enfin.")[1]) == f"D'ici {literal} enfin."


@pytest.mark.parametrize(
    "literal", ["1,300", "45", "98 newcomers", "12 people", "over 2000", "twice", "3%", "about 1950", "2026 people", "$2000", "7 of 8"]
)
def test_a_statistic_is_no_literal(made: Made, literal: str) -> None:
    with pytest.raises(StrayNumber, match=rf"topic\.en\.md line {AT}, Why: \[\[{re.escape(literal)}\]\] is neither a date nor a section"):
        made(f"We reached [[{literal}]] of them.")


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("table", "columns: [Area, '[[1,300]] clients']\nrows: [[Here, text]]"),
        ("table", "columns: [Area, Count]\nrows: [[Here, '[[1,300]]']]"),
        ("changes", "- {lead: 'From [[12]]', text: to more}"),
        ("columns", "lines: [{indicator: pgwp_year, name: '[[45]] areas'}]\nlast: 2"),
        ("numbers", "- {number: '[[1,300]]', label: of them, comparison: ''}"),
    ],
)
def test_a_statistic_is_no_literal_in_a_block_either(made: Made, kind: str, content: str) -> None:
    with pytest.raises(StrayNumber, match=r"topic\.en\.md line 18, Why: \[\[\S+\]\] is neither a date nor a section"):
        made("A sentence.", fenced(kind, content))


def test_asks_and_plans_may_ask_for_any_quantity(made: Made) -> None:
    asks = "- {decision: 'Open [[two]] rooms.', terms: 'For [[$12,000]] a year'}"
    assert '"two"' in made("A sentence.", fenced("asks", asks))[0].attachments[1].text
    plan = "columns: [Plan, Wording]\neditorial: true\nrows: [['A plan', 'Open [[12]] rooms']]"
    assert '"12"' in made("A sentence.", fenced("table", plan))[0].attachments[1].text


# References that mean nothing


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("clients_severed", r"there is no indicator 'clients_severed'\. There are: .*clients_served, "),
        ("partner_total", r"there is no indicator 'partner_total'"),
        ("clients_served@2021S0503568", r"the warehouse has nothing for clients_served at 2021S0503568\. Run refresh and collect"),
        ("clients_served#2024-Q1", r"clients_served at 2021S0503529 has no period 2024-Q1; the last is 2026-Q3"),
        ("clients_served#-9", r"clients_served at 2021S0503529 has no period -9; the last is 2026-Q3"),
        ("clients_served#2026", r"clients_served at 2021S0503529 has no period 2026; the last is 2026-Q3"),
        ("clients_served#last-year", r"'last-year' is not a period .*; or write how many periods back, such as #-4"),
    ],
)
def test_an_unknown_indicator_place_or_period_is_named(made: Made, reference: str, message: str) -> None:
    with pytest.raises(FigureUnknown, match=rf"topic\.en\.md line {AT}, Why: {message}"):
        made(f"We served {{{{ {reference} }}}} people.")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("clients_served | percent", r"clients_served has no 'percent'; the filters are number, range, period, coverage"),
        ("member_organisations | coverage", r"member_organisations has no 'coverage'"),
        ("welcome_pass_use | range", r"welcome_pass_use has no 'range'"),
    ],
)
def test_an_unknown_filter_is_named(made: Made, reference: str, message: str) -> None:
    with pytest.raises(StrayNumber, match=rf"topic\.en\.md line {AT}, Why: {message}"):
        made(f"We served {{{{ {reference} }}}} people.")


def test_only_a_period_may_stand_in_plain_words(made: Made) -> None:
    table = "columns: [Area, '{{ clients_served }}']\nrows: [[Here, text]]"
    with pytest.raises(
        StrayNumber, match=r"topic\.en\.md line 18, Why: no figure may stand here, only its period: {{ clients_served \| pe"
    ):
        made("A sentence.", fenced("table", table))
    draft = made("A sentence.", fenced("table", table.replace("served }", "served | period }")))[0]
    assert block_of(draft).columns == ("Area", "July to September 2026")


def test_a_stale_figure_stops_the_brief(made: Made) -> None:
    limit = QUERIES["clients_served"].indicator.fresh_days
    old = figure("clients_served", "2026-Q1", 1400, **COVERED)
    age = (EDITION - date(2026, 3, 31)).days
    assert age > limit
    with pytest.raises(
        FigureStale,
        match=rf"topic\.en\.md line {AT}, Why: clients_served ends 2026-03-31, {age} days before this edition; its limit is {limit} days",
    ):
        made("We served {{ clients_served }} people.", figures=[old])


# Periods side by side

BOTH = "{{ clients_served }} were served and {{ language_wait }} wait."
TOLD = "{{ clients_served }} in {{ clients_served | period }}, {{ language_wait }} in {{ language_wait | period }}."
MIXED = r"clients_served is of 2026-Q3 and language_wait of 2026-Q2, side by side\. Print the period of each"


def test_mixed_periods_in_a_sentence_stop_the_brief(made: Made) -> None:
    with pytest.raises(FigureStale, match=rf"topic\.en\.md line {AT}, Why: {MIXED}"):
        made(BOTH)


def test_mixed_periods_may_stand_where_each_is_told(made: Made) -> None:
    assert prose(made(TOLD)[0]) == "1,440 in July to September 2026, 335 in April to June 2026."


def test_one_told_period_of_two_is_not_enough(made: Made) -> None:
    with pytest.raises(FigureStale, match=MIXED):
        made(TOLD.replace(" in {{ language_wait | period }}", ""))


def test_mixed_periods_in_two_paragraphs_of_a_block_stop_the_brief(made: Made) -> None:
    with pytest.raises(FigureStale, match=rf"topic\.en\.md line {AT}, Why: {MIXED}"):
        made("{{ clients_served }} were served.\n\n{{ language_wait }} wait.")


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("changes", "- {lead: 'Clients: {{ clients_served }}', text: more}\n- {lead: 'Wait: {{ language_wait }}', text: less}"),
        (
            "numbers",
            "- {number: '{{ clients_served }}', label: served, comparison: a}\n- {number: '{{ language_wait }}', label: w, comparison: b}",
        ),
        ("multiples", "items: [{indicator: clients_served, name: a}, {indicator: language_wait, name: b}]\nlast: 2"),
        ("table", "columns: [What, Now]\nrows: [[Clients, '{{ clients_served }}'], [Wait, '{{ language_wait }}']]"),
    ],
)
def test_mixed_periods_in_a_block_or_column_stop_the_brief(made: Made, kind: str, content: str) -> None:
    with pytest.raises(FigureStale, match=rf"topic\.en\.md line 18, Why: {MIXED}"):
        made("A sentence.", fenced(kind, content))


def test_periods_before_the_last_are_of_one_period_too(made: Made) -> None:
    """A place that lags by a year would put 2023 beside 2024 under one heading."""
    late = [f for f in FIGURES if (f.indicator, f.place) != ("pgwp_year", THERE)]
    late += [figure("pgwp_year", year, 50, lower=20, upper=80, place=THERE) for year in ("2023", "2024")]
    table = f"columns: [Area, Before]\nrows: [[Here, '{{{{ pgwp_year#-1 | range }}}}'], [There, '{{{{ pgwp_year@{THERE}#-1 | range }}}}']]"
    with pytest.raises(FigureStale, match="pgwp_year is of 2024 and pgwp_year of 2023, side by side"):
        made("A sentence.", fenced("table", table), figures=late)


def test_columns_of_a_table_may_differ(made: Made) -> None:
    table = "columns: [What, Clients, Wait]\nrows: [[Here, '{{ clients_served }}', '{{ language_wait }}']]"
    assert made("A sentence.", fenced("table", table))


def test_frequencies_may_differ(made: Made) -> None:
    assert made("{{ clients_served }} were served; {{ immigrants_year }} arrived.")


# Numbers that may not be printed


@pytest.mark.parametrize("reference", ["racism_reports", "racism_reports | range"])
def test_a_withheld_figure_in_a_sentence_stops_the_brief(made: Made, reference: str) -> None:
    with pytest.raises(FigureWithheld, match=rf"topic\.en\.md line {AT}, Why: racism_reports@{HERE}@2026-Q3 may not be printed"):
        made(f"There were {{{{ {reference} }}}} reports.")


@pytest.mark.parametrize(
    ("language", "mark", "reason", "words"),
    [
        (0, "--", "small", "hidden to protect privacy"),
        (1, "--", "small", "masqué (vie privée)"),
        (0, "x", "coverage", "too few partners reported"),
    ],
)
def test_a_withheld_figure_in_a_table_is_its_mark_with_words(made: Made, language: int, mark: str, reason: str, words: str) -> None:
    figures = [replace(f, mark=mark, reason=reason) if f.indicator == "racism_reports" else f for f in FIGURES]
    table = "columns: [What, Count]\nrows: [[Reports, '{{ racism_reports }}']]"
    made_ = block_of(made("A sentence.", fenced("table", table), figures=figures)[language])
    assert isinstance(made_, Table)
    cell = made_.rows[0].cells[1]
    assert re.sub(r"<[^>]+>", "", cell.text) == mark
    assert cell.note == words
    assert cell.bar is None


def test_a_withheld_bar_has_no_length(made: Made) -> None:
    table = "columns: [What, Count]\nrows: [[Reports, '{{ racism_reports }}'], [Clients, '{{ clients_served }}']]\nbar: 1"
    rows = block_of(made("A sentence.", fenced("table", table))[0]).rows
    assert [row.cells[1].bar for row in rows] == [None, 1.0]


def test_coverage_of_a_withheld_figure_may_be_told(made: Made) -> None:
    assert prose(made("Reports came {{ racism_reports | coverage }}.")[0]) == "Reports came from 7 of 8 partners."


def test_a_withheld_figure_in_a_chart_is_its_mark(made: Made) -> None:
    figures = [*FIGURES, figure("racism_reports", "2026-Q2", 20, lower=15, upper=24, **COVERED)]
    chart = "items: [{indicator: racism_reports, name: reports}]\nlast: 2"
    multiples = block_of(made("A sentence.", fenced("multiples", chart), figures=figures)[0])
    assert isinstance(multiples, Multiples)
    assert [(point.value, point.shown) for point in multiples.items[0].chart.series[0].points] == [(20, "20"), (None, "--")]
    assert multiples.items[0].chart.alternative == "reports. April to June 2026: 20, July to September 2026: --."


# Sums with their range (S13)


def test_a_bare_sum_is_refused(made: Made) -> None:
    with pytest.raises(
        FigureWithheld,
        match=rf"topic\.en\.md line {AT}, Why: pgwp_year@{THERE}@2025 is a sum of rounded numbers and stands without its range; "
        r"add {{ pgwp_year \| range }}",
    ):
        made(f"There were {{{{ pgwp_year@{THERE} }}}} permits.")


def test_a_sum_may_stand_with_its_range(made: Made) -> None:
    said = f"There were {{{{ pgwp_year@{THERE} }}}} permits ({{{{ pgwp_year@{THERE} | range }}}})."
    assert prose(made(said)[0]) == "There were 45 permits (32 to 93)."


def test_a_table_does_not_stand_for_the_range(made: Made) -> None:
    table = f"columns: [Area, Permits]\nrows: [[There, '{{{{ pgwp_year@{THERE} }}}}']]"
    with pytest.raises(FigureWithheld, match=rf"line 18, Why: pgwp_year@{THERE}@2025 is a sum of rounded numbers"):
        made("A sentence.", fenced("table", table))
    ranged = table.replace("Permits]", "Permits, Range]").replace("']]", f"', '{{{{ pgwp_year@{THERE} | range }}}}']]")
    assert made("A sentence.", fenced("table", ranged))


def test_a_multiple_does_not_stand_for_the_range(made: Made) -> None:
    chart = f"items: [{{indicator: pgwp_year, place: {THERE}, name: permits}}]\nlast: 2"
    with pytest.raises(FigureWithheld, match=rf"line 18, Why: pgwp_year@{THERE}@2025 is a sum of rounded numbers"):
        made("A sentence.", fenced("multiples", chart))


def test_columns_show_the_range_as_lines(made: Made) -> None:
    chart = f"lines: [{{indicator: pgwp_year, place: {THERE}, name: permits}}]\nlast: 2"
    points = block_of(made("A sentence.", fenced("columns", chart))[0]).chart.series[0].points
    assert [(point.lower, point.upper) for point in points] == [(30, 90), (32.5, 92.5)]


# Blocks


@pytest.mark.parametrize("kind", ["pie", "title", "number", "cell", "block", "series", ""])
def test_an_unknown_block_is_named_with_those_there_are(made: Made, kind: str) -> None:
    with pytest.raises(BriefBroken, match=rf"topic\.en\.md line 18: there is no block '{kind}'\. There are: {', '.join(KINDS)}\."):
        made("A sentence.", fenced(kind, "{}"))


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("asks", "- {decision: Open rooms}", "lacks or misplaces 'terms'"),
        ("columns", "lines: [{indicator: pgwp_year}]", "lacks or misplaces 'last'"),
        ("columns", "lines: [{indicator: pgwp_year}]\nlast: many", "lacks or misplaces invalid literal"),
        ("columns", "lines: [{name: x}]\nlast: 2", "lacks or misplaces 'indicator'"),
        ("table", "columns: [A]\nrows: [[a, b]]", r"each row has as many cells as there are columns \(1\)"),
        ("table", "columns: [A]\nrows: [a]", "each of the rows is a list of cells"),
        ("numbers", "{}", "lacks or misplaces"),
    ],
)
def test_a_block_that_lacks_something_is_named(made: Made, kind: str, content: str, message: str) -> None:
    if (kind, content) == ("numbers", "{}"):
        assert block_of(made("A sentence.", fenced(kind, content))[0]) == KeyNumbers(())
        return
    with pytest.raises(BriefBroken, match=rf"topic\.en\.md line 18, Why: .*{message}"):
        made("A sentence.", fenced(kind, content))


def test_the_box_about_the_numbers_closes_the_second_page(made: Made) -> None:
    with pytest.raises(BriefBroken, match=r"topic\.en\.md: the second page ends with an empty block ```about```"):
        made("A sentence.", ("```about\n{}\n```\n", ""))


def test_a_reference_without_spaces_is_one(made: Made) -> None:
    numbers = "- {number: '{{clients_served}}', label: 'in {{clients_served|period}}', comparison: a}"
    item = block_of(made("A sentence.", fenced("numbers", numbers))[0]).items[0]
    assert re.sub(r"<[^>]+>", "", item.number + item.label) == "1,440in July to September 2026"


def test_html_in_a_brief_is_text(made: Made) -> None:
    draft = made("A <b>bold</b> & **strong** word.")[0]
    assert draft.sheets[0].rows[0].columns[0][0] == Prose("Why", ("A &lt;b&gt;bold&lt;/b&gt; &amp; <strong>strong</strong> word.",))


# All languages or none


def test_a_number_missing_in_one_language_holds_all(made: Made) -> None:
    """C17."""
    with pytest.raises(
        BriefBroken, match=rf"The fr text does not print clients_served@{HERE}@2026-Q3, which another language does; translate"
    ):
        made("We served {{ clients_served }} people.", french="Nous avons servi des gens.")


def test_a_missing_language_holds_all(made: Made, home: Path, partnership: Partnership) -> None:
    made("A sentence.")
    (home / "briefs" / "topic.fr.md").unlink()
    with pytest.raises(BriefBroken, match=r"no file topic\.fr\.md"):
        compose("topic", COUNCIL, FIGURES, partnership, edition=EDITION)


def test_a_word_missing_in_french_holds_all(made: Made, home: Path) -> None:
    folder = home / "briefs" / "words"
    folder.mkdir(parents=True)
    words = (briefs.HERE / "words" / "fr.yaml").read_text(encoding="utf-8")
    (folder / "fr.yaml").write_text(re.sub(r"\nrange: .*", "", words), encoding="utf-8")
    with pytest.raises(BriefBroken, match=r"fr\.yaml: no word for range"):
        made("A sentence.")


def test_the_indicators_of_a_brief_are_those_of_its_text_and_charts(made: Made, partnership: Partnership) -> None:
    chart = "lines: [{indicator: pgwp_year, name: permits}]\nlast: 2"
    made("A sentence.", fenced("columns", chart), ("What follows from it.", "We served {{ clients_served }} people."))
    assert indicators_of("topic", partnership) == {"pgwp_year", "clients_served"}


# How numbers are written


@pytest.mark.parametrize(
    ("reference", "english", "french"),
    [
        ("clients_served", "1,440", "1\u00a0440"),
        ("npr_net_year", "−1,641", "−1\u00a0641"),
        ("welcome_pass_use", "42%", "42\u00a0%"),
        ("pgwp_year | range", "1,070 to 1,130", "1\u00a0070 à 1\u00a0130"),
        ("clients_served | coverage", "from 7 of 8 partners", "selon 7 partenaires sur 8"),
        ("clients_served | period", "July to September 2026", "juillet à septembre 2026"),
        ("pr_admissions_month | period", "September 2026", "septembre 2026"),
        ("npr_net_year | period", "July 2024 to June 2025", "juillet 2024 à juin 2025"),
        ("pgwp_year | period", "2025", "2025"),
    ],
)
def test_numbers_and_periods_are_written_as_each_language_does(made: Made, reference: str, english: str, french: str) -> None:
    said = f"It is {{{{ {reference} }}}}."
    drafts = made(said)
    assert [prose(draft).replace("\u202f", "\u00a0") for draft in drafts] == [f"It is {english}.", f"It is {french}."]


def language(code: str) -> Language:
    return Language(code, briefs.words(code))


@pytest.mark.parametrize(
    ("code", "value", "decimals", "written"),
    [
        ("en", 1234567, 0, "1,234,567"),
        ("fr", 1234567, 0, "1 234 567"),
        ("en", 12.5, 1, "12.5"),
        ("fr", 12.5, 1, "12,5"),
        ("en", -0.5, 1, "−0.5"),
        ("fr", 1000, 0, "1 000"),
        ("fr", 999, 0, "999"),
        ("en", 0, 0, "0"),
    ],
)
def test_numbers_by_language(code: str, value: float, decimals: int, written: str) -> None:
    found = language(code).number(value, decimals)
    assert re.sub("[\u00a0\u202f]", " ", found) == written
    assert " " not in found, "an ordinary space would let a number break over two lines"


def test_nothing_in_french_breaks_before_its_signs(made: Made) -> None:
    assert " " not in language("fr").figure(figure("welcome_pass_use", "2026-Q3", 42))
    said = made("A sentence.", french="Voici : « ceci », vraiment ?")[1]
    assert prose(said) == "Voici\u00a0: «\u00a0ceci\u00a0», vraiment\u00a0?"


@pytest.mark.parametrize(
    ("code", "period", "long", "short"),
    [
        ("en", "2026-Q3", "July to September 2026", "Jul–Sep 2026"),
        ("fr", "2026-Q3", "juillet à septembre 2026", "juill.–sept. 2026"),
        ("en", "2024/2025", "July 2024 to June 2025", "Jul 2024–Jun 2025"),
        ("fr", "2024/2025", "juillet 2024 à juin 2025", "juill. 2024–juin 2025"),
        ("en", "2026-09", "September 2026", "Sep 2026"),
        ("fr", "2026-09", "septembre 2026", "sept. 2026"),
        ("en", "2025", "2025", "2025"),
    ],
)
def test_periods_by_language(code: str, period: str, long: str, short: str) -> None:
    assert (language(code).period(period), language(code).period_short(period)) == (long, short)


def test_twelve_months_are_told_by_their_last() -> None:
    assert language("en").period("2026-09", rolling=True) == "12 months to September 2026"
    assert language("fr").period_short("2026-09", rolling=True) == "12 mois jusqu'à sept. 2026"


def test_a_bound_is_widened_to_a_whole_number() -> None:
    assert language("en").range(figure("pgwp_year", "2025", 45, lower=32.5, upper=92.5)) == "32 to 93"


# Flags


@pytest.mark.parametrize(
    ("of_sample", "figure_sample", "approved", "flags"),
    [
        (False, False, True, ()),
        (False, False, False, ("DRAFT",)),
        (False, True, True, ("SAMPLE",)),
        (True, False, True, ("SAMPLE",)),
        (True, True, False, ("SAMPLE", "DRAFT")),
    ],
)
def test_flags_follow_from_snapshots_partnership_and_approval(
    made: Made, partnership: Partnership, of_sample: bool, figure_sample: bool, approved: bool, flags: tuple[str, ...]
) -> None:
    figures = [replace(f, is_sample=figure_sample and f.indicator == "clients_served") for f in FIGURES]
    of = partnership.model_copy(update={"sample": of_sample})
    drafts = made("We served {{ clients_served }} people.", figures=figures, of=of, approved=approved)
    assert {draft.flags for draft in drafts} == {flags}


def test_a_sample_figure_that_is_not_printed_marks_nothing(made: Made, partnership: Partnership) -> None:
    figures = [replace(f, is_sample=f.indicator == "job_placements") for f in FIGURES]
    of = partnership.model_copy(update={"sample": False})
    drafts = made("We served {{ clients_served }} people.", figures=figures, of=of)
    assert {draft.flags for draft in drafts} == {("DRAFT",)}


# The attached files


def test_the_data_are_the_figures_used_and_no_others(made: Made) -> None:
    draft = made("We served {{ clients_served }} people, {{ clients_served#-1 }} before; {{ welcome_pass_use }} used the pass.")[0]
    rows = list(csv.DictReader(io.StringIO(draft.attachments[0].text)))
    assert [(row["indicator"], row["period"], row["value"], row["reporters"]) for row in rows] == [
        ("clients_served", "2026-Q2", "1445", "7"),
        ("clients_served", "2026-Q3", "1440", "7"),
        ("welcome_pass_use", "2026-Q3", "42", "7"),
    ]
    assert {row["place_name"] for row in rows} == {"Peterborough CMA"}


# The council brief, whole: every number printed is accounted for (X12)


@pytest.fixture(scope="module")
def edition() -> Path:
    return next((published_home() / "editions").iterdir())


@lru_cache(maxsize=4)
def walk(code: str) -> dict[str, Any]:
    folder = next((published_home() / "editions").iterdir())
    found: dict[str, Any] = json.loads(next(folder.glob(f"*.{code}.provenance.json")).read_text(encoding="utf-8"))
    return found


NUMBER = re.compile(r"[-−]?\d[\d_.,]*\d%?|[-−]?\d%?")


def joined(text: str) -> str:
    """Text with the spaces inside numbers kept apart from those between them, and every other run of spaces as one."""
    inside = re.sub("(?<=\\d)[\u00a0\u202f](?=\\d)", "_", text)
    return re.sub(r"[\s\u00a0\u202f]+", " ", inside).replace(" %", "%")


def counted(text: str) -> Counter[str]:
    return Counter(match[0].strip(".,") for match in NUMBER.finditer(joined(text)))


def named(code: str) -> list[str]:
    """What holds digits and is no statistic: dates, periods, literals, and the constants of the words and licences."""
    walk_, words = walk(code), briefs.words(code)
    own = Language(code, words)
    days = [EDITION, *(date.fromisoformat(f["vintage"][:10]) for f in walk_["figures"].values())]
    found = [own.day(day) for day in days] + [EDITION.isoformat()]
    for told in walk_["figures"].values():
        rolling = told["indicator"].endswith("_12_months")
        period = told["period"]
        found += [own.period(period, rolling=rolling), own.period_short(period, rolling=rolling)]
        found += [period, f"{period[2:4]}/{period[7:9]}"] if len(period) != 4 else [period]
    texts = [words["about"]["legend"], words["sure"]["B_rounded"], *words["caveats"].values()]
    titles = [contract["title"][code] for contract in walk_["contracts"].values()]
    tables = ["17-10-0149-01"]
    licences = [LICENCES[contract["licence"]][code].split("{")[0] for contract in walk_["contracts"].values()]
    pages = [f"{words['page']} {number} / 2" for number in (1, 2)]
    everything = {joined(text) for text in [*found, *texts, *titles, *tables, *licences, *pages, *walk_["literals"]]}
    return sorted((text for text in everything if any(sign.isdigit() for sign in text)), key=len, reverse=True)


def unnamed(text: str, code: str) -> str:
    left = joined(text)
    for constant in named(code):
        left = left.replace(constant, " ")
        left = left.replace(constant[0].upper() + constant[1:], " ")
    return left


def as_claimed(text: str, code: str) -> str:
    """French numbers as one word each: a PDF keeps their inner spaces as ordinary ones."""
    told = claims(code)
    return re.sub(r"\d{1,3}(?: \d{3})+(?!\d)", lambda m: one if (one := m[0].replace(" ", "_")) in told else m[0], text)


def claims(code: str) -> Counter[str]:
    return sum((counted(claim["shown"]) for claim in walk(code)["claims"]), Counter())


@pytest.mark.parametrize("code", ["en", "fr"])
def test_every_number_of_the_pdf_is_a_claim_or_named(edition: Path, code: str) -> None:
    text = _run(["pdftotext", "-raw", str(next(edition.glob(f"*.{code}.pdf"))), "-"])
    # The asks are numbered by the list, and the two pages each carry the footer.
    printed = counted(unnamed(as_claimed(text, code), code)) - Counter({"1": 1, "2": 1, "3": 1})
    assert not printed - claims(code), f"printed and bound to nothing: {printed - claims(code)}"
    assert sum(printed.values()) > 50


@pytest.mark.parametrize("code", ["en", "fr"])
def test_the_numbers_of_the_web_page_are_exactly_the_claims(edition: Path, code: str) -> None:
    """Nothing printed that is not claimed, alternative texts included; nothing claimed that is not printed."""
    printed = counted(unnamed(twin_text(next(edition.glob(f"*.{code}.html"))), code))
    assert not printed - claims(code), f"printed and bound to nothing: {printed - claims(code)}"
    assert not claims(code) - printed, f"claimed and not printed: {claims(code) - printed}"


def test_the_test_finds_a_number_that_is_bound_to_nothing(edition: Path) -> None:
    text = twin_text(next(edition.glob("*.en.html"))) + " There were 1,301 of them."
    assert counted(unnamed(text, "en")) - claims("en") == Counter({"1,301": 1})


@pytest.mark.parametrize("code", ["en", "fr"])
def test_every_span_of_a_number_is_its_claim(edition: Path, code: str) -> None:
    page = next(edition.glob(f"*.{code}.html")).read_text(encoding="utf-8")
    spans = dict(re.findall(r'<span class="figure(?: said)?" id="(c\d+)">([^<]*)</span>', page))
    told = {claim["id"]: claim["shown"] for claim in walk(code)["claims"]}
    assert spans
    assert {identity: told[identity] for identity in spans} == spans


@pytest.mark.parametrize("code", ["en", "fr"])
def test_the_provenance_walks_from_every_claim_to_a_snapshot(edition: Path, code: str) -> None:
    found = walk(code)
    assert found["document"] == {"brief": "council", "office": "city_council", "language": code, "edition": "2026-11-22"}
    assert len({claim["id"] for claim in found["claims"]}) == len(found["claims"])
    for claim in found["claims"]:
        told = found["figures"][claim["figure"]]
        assert re.match(rf"council\.{code}\.md line [1-9]\d*", claim["place"]), claim
        assert told["rows"], claim
        assert told["snapshots"]
        assert found["queries"][told["indicator"]].startswith(("select", "with", "--"))
        for row in told["rows"]:
            assert row["contract"] in {s["contract"] for s in found["snapshots"].values()}
        for digest in told["snapshots"]:
            snapshot = found["snapshots"][digest]
            assert re.fullmatch(r"[0-9a-f]{64}", digest)
            assert snapshot["url"]
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", snapshot["fetched_at"])
            assert snapshot["sample"] is True


@pytest.mark.parametrize("code", ["en", "fr"])
def test_the_data_file_is_the_figures_of_the_provenance(edition: Path, code: str) -> None:
    with next(edition.glob(f"*.{code}.data.csv")).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told = walk(code)["figures"]
    assert [f"{row['indicator']}@{row['place']}@{row['period']}" for row in rows] == list(
        dict.fromkeys(f"{row['indicator']}@{row['place']}@{row['period']}" for row in rows)
    )
    assert {f"{row['indicator']}@{row['place']}@{row['period']}" for row in rows} == set(told)
    for row in rows:
        assert row["value"] == (
            "" if (value := told[f"{row['indicator']}@{row['place']}@{row['period']}"]["value"]) is None else str(value)
        )
        assert row["title"]


def test_both_languages_print_the_same_numbers(edition: Path) -> None:
    english, french = ([(c["figure"], c["place"].split(":")[0].split(".md")[1]) for c in walk(code)["claims"]] for code in ("en", "fr"))
    assert Counter(figure_ for figure_, _ in english) == Counter(figure_ for figure_, _ in french)


def test_a_protected_number_is_never_bare_of_its_class() -> None:
    """What the brief prints of people counted by partners ends in 0 or 5."""
    with pytest.MonkeyPatch.context() as patch:
        alone(patch)
        for told in walk("en")["figures"].values():
            if QUERIES[told["indicator"]].indicator.class_ == "persons" and told["value"] is not None:
                assert told["value"] % 5 == 0
