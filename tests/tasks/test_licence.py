"""What a licence forbids to publish again leaves the house in no brief, no chart, no data file; staff see it, marked."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import briefs
from demo.publishers import FOLDER, Publishers
from expectations import LICENCES, read
from expectations.partnership import Partnership
from flows import answers
from flows.sentences import publish_brief
from flows.verbs import Verbs
from sql.warehouse import writer
from tasks.compose import Draft, Office, compose
from tasks.compose.licence import NotToBePublished
from tasks.measure import Origin
from tasks.protect import ProtectedFigure
from tests import world
from tests.samples.brief import HEADER

INCOME = read("cdp_lip_income")
DIVISION, HERE = "2021A00033515", "2021S0503529"
COUNCIL = Office("city_council", {"en": "City Council", "fr": "Conseil municipal"}, ("en",))
FILE = FOLDER.parent / "inbox" / INCOME.name / "SAMPLE_imdb_icare_t1a.csv"
OPEN = "The vacancy rate was {{ rental_vacancy }}."
CLOSED = f"The median income was {{{{ immigrant_income_year@{DIVISION}#2020 }}}} dollars."
BODY = "# A headline\n\nWhat follows from it.\n\n## Why\n\nTHE TEXT\n\n***\n\n## More\n\nAnother paragraph.\n\n```about\n{}\n```\n"


def figure(indicator: str, place: str, period: str, value: float, *contracts: str) -> ProtectedFigure:
    return ProtectedFigure(
        indicator=indicator,
        place=place,
        period=period,
        period_end=f"{period}-12-31",
        value=value,
        lower=value,
        upper=value,
        status="shown",
        mark="",
        reason="",
        unit="dollars",
        decimals=0,
        reporters=None,
        expected=None,
        caveats=(),
        vintage="2026-10-15T09:00:00Z",
        snapshots=(),
        origins=tuple(Origin(contract, 1, 5) for contract in contracts),
        is_sample=True,
    )


FIGURES = [
    figure("rental_vacancy", HERE, "2024", 1.9, "cmhc_vacancy"),
    figure("rental_vacancy", HERE, "2025", 2.6, "cmhc_vacancy"),
    figure("immigrant_income_year", DIVISION, "2019", 31100, INCOME.name),
    figure("immigrant_income_year", DIVISION, "2020", 31400, INCOME.name),
]
Made = Callable[..., list[Draft]]


def write(home: Path, english: str, french: str | None = None) -> None:
    """A brief of one paragraph (or block) in both languages."""
    folder = home / "briefs"
    folder.mkdir(exist_ok=True)
    for language, said in (("en", english), ("fr", english if french is None else french)):
        (folder / f"topic.{language}.md").write_text(HEADER + BODY.replace("THE TEXT", said), encoding="utf-8")


@pytest.fixture
def made(home: Path, partnership: Partnership) -> Made:
    def compose_(english: str, french: str | None = None, figures: list[ProtectedFigure] = FIGURES) -> list[Draft]:
        write(home, english, french)
        return compose("topic", COUNCIL, figures, partnership, edition=date(2026, 11, 22))

    return compose_


def test_the_licence_of_the_community_data_program_forbids_it() -> None:
    """One table of ours has it; every other table may be printed."""
    assert INCOME.licence == "community-data-program"
    assert not INCOME.may_republish
    assert LICENCES["community-data-program"]["republish"] == "no"
    assert {name for name in LICENCES if LICENCES[name].get("republish")} == {"community-data-program"}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (CLOSED, r"topic\.en\.md line 16"),
        (f"{OPEN} {CLOSED}", r"topic\.en\.md line 16"),
        (f"Known up to {{{{ immigrant_income_year@{DIVISION} | period }}}}.", "the brief"),
        (f"```columns\nlines:\n  - {{indicator: immigrant_income_year, place: {DIVISION}, name: Here}}\nlast: 2\n```", ".*"),
        (
            f"```table\ncolumns: [Area, Income]\nrows:\n  - [Here, '{{{{ immigrant_income_year@{DIVISION} }}}}']\n```",
            r"topic\.en\.md line \d+",
        ),
    ],
    ids=["a number", "beside an open one", "its period only", "a chart", "a table"],
)
def test_a_brief_that_would_print_it_is_stopped(text: str, where: str, made: Made) -> None:
    """The message names place, figure, table, licence and what to do; there is no draft in any language."""
    with pytest.raises(
        NotToBePublished, match=rf"^(briefs/|.*/)?{where}.*: immigrant_income_year@{DIVISION}@20(19|20) rests on the table"
    ) as stopped:
        made(text)
    message = str(stopped.value)
    assert "cdp_lip_income, which may not be published again (licence: Community Data Program, for members)" in message
    assert "Take immigrant_income_year out of every language of the brief" in message
    assert "Nothing was written." in message


def test_the_same_brief_without_it_passes(made: Made) -> None:
    assert [draft.language for draft in made(OPEN)] == ["en", "fr"]


def test_one_language_alone_stops_all(made: Made) -> None:
    with pytest.raises(NotToBePublished, match=r"topic\.fr\.md line 16"):
        made(OPEN, f"{OPEN} {CLOSED}")


def test_one_row_of_a_closed_table_closes_a_figure(made: Made) -> None:
    """A figure made of open and closed rows is closed, and only that one."""
    mixed = [*FIGURES[:1], replace(FIGURES[1], origins=(*FIGURES[1].origins, Origin(INCOME.name, 1, 9)))]
    with pytest.raises(NotToBePublished, match=f"rental_vacancy@{HERE}@2025 rests on the table cdp_lip_income"):
        made(OPEN, figures=mixed)
    assert made("The vacancy rate was {{ rental_vacancy#2024 }}.", figures=mixed)


@pytest.fixture
def filled(publishers: Publishers, partnership: Partnership) -> Partnership:
    """A home with the rental market of the portal and a file that a member downloaded."""
    folder = partnership.home / "inbox" / INCOME.name
    folder.mkdir(parents=True)
    (folder / FILE.name).write_bytes(FILE.read_bytes())
    lines = world.refresh(partnership, "places", "place_labels", "cmhc_vacancy", INCOME.name)
    assert [line.outcome for line in lines.values()] == ["loaded"] * 4
    assert lines[INCOME.name].rows == 108
    return partnership


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []


def test_nothing_of_a_stopped_brief_is_written(warehouse: str, filled: Partnership) -> None:
    """No PDF, no web page, no data file, no draft, no row of the ledger; then the brief without the figure, in every language."""
    write(filled.home, f"{OPEN} {CLOSED}")
    with pytest.raises(NotToBePublished):
        publish_brief(filled, "topic", "city_council", Verbs())
    assert names(filled.home / "editions") == []
    with writer(filled.home).connect() as connection:
        there = connection.dialect.has_table(connection, "document")
    assert not there or world.ask(filled, "select count(*) from document") == [(0,)]
    write(filled.home, OPEN)
    made = publish_brief(filled, "topic", "city_council", Verbs())
    assert [item.language for item in made] == ["en", "fr"]
    files = [path for path in (filled.home / "editions").rglob("*") if path.suffix in (".html", ".csv", ".json")]
    assert files
    assert not [path.name for path in files if "cdp_lip_income" in path.read_text(encoding="utf-8")]


def test_staff_look_at_it_and_are_told(filled: Partnership, capsys: pytest.CaptureFixture[str]) -> None:
    options = {"place": "", "period": "", "as_of": None}
    code, data, page = answers.figures(argparse.Namespace(indicator="immigrant_income_year", **options))
    assert code == 0
    assert {row["not_to_be_published"] for row in data} == {"not to be published (Community Data Program, for members)"}
    assert len(data) == 9
    assert all(line.endswith("not to be published (Community Data Program, for members)") for line in page.splitlines())
    assert json.dumps(data)
    _, others, plain = answers.figures(argparse.Namespace(indicator="rental_vacancy", **options))
    assert not [row for row in others if "not_to_be_published" in row]
    assert "not to be published" not in plain


def test_no_shipped_brief_names_a_closed_indicator() -> None:
    """The stop is for mistakes; what is shipped makes none."""
    said: list[Any] = [version.source for name in briefs.names() for version in briefs.read(name).values()]
    assert said
    assert not [text for text in said if "immigrant_income_year" in text]
