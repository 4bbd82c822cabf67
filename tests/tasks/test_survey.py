"""Surveys: languages, branches with their own base, partials; nothing about one person is kept, whatever the file holds."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from expectations.partnership import Partnership
from tasks import Misuse
from tasks.measure import measure
from tasks.survey import survey
from tests import world

HEADER = ["language", "status", "pip_status", "belonging", "knows_pip"]
MARKER = "Zaynab Example 705-555-0147"


@pytest.fixture
def asked(partnership: Partnership) -> Partnership:
    """A survey of two branches, whose answers have names in four languages."""
    registers = partnership.home / "registers"
    with (registers / "surveys.csv").open("a", encoding="utf-8") as file:
        file.write("plan_2026,S,S,2026,plan,ar en es fr,x\n")
    (registers / "survey_questions.csv").write_text(
        "survey,branch,question,answer,name_en,name_fr,name_es,name_ar\n"
        "plan_2026,main,belonging,strong,Somewhat or very strong,Plutôt ou très fort,Algo o muy fuerte,قوي\n"
        "plan_2026,main,belonging,weak,Weak,Faible,Débil,ضعيف\n"
        "plan_2026,pip,knows_pip,yes,Yes,Oui,Sí,نعم\n"
        "plan_2026,pip,knows_pip,no,No,Non,No,لا\n",
        encoding="utf-8",
    )
    return partnership


def answers(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode()


def the_seeds() -> list[list[str]]:
    """314 questionnaires of which 207 were completed; 20 were led to the branch, 19 of them completed it."""
    languages = ["ar", "en", "es"]
    rows = []
    for n in range(314):
        led = "" if n >= 20 else "completed" if n < 19 else "partial"
        rows.append([languages[n % 3], "completed" if n < 207 else "partial", led, "strong" if n < 200 else "", "yes" if n < 15 else ""])
    return rows


def test_branches_have_their_own_base(warehouse: str, asked: Partnership) -> None:
    """C01, C02: 207 of 314 and 19 of 20 never share a base."""
    found = survey(answers(the_seeds()), "plan_2026", asked)
    assert (found.begun, found.completed, found.is_written) == (314, 207, True)
    world.refresh(asked, "surveys", "survey_counts")
    rates = {
        figure.indicator: (figure.numerator, figure.denominator, round(figure.value or 0))
        for figure in measure(asked, ["survey_completion_rate", "survey_branch_completion_rate"])
        if figure.period == "2026"
    }
    assert rates == {"survey_completion_rate": (207, 314, 66), "survey_branch_completion_rate": (19, 20, 95)}


def test_answers_are_read_in_every_language(asked: Partnership) -> None:
    rows = [
        ["en", "completed", "completed", "Somewhat or very strong", "Yes"],
        ["fr", "completed", "", "plutôt ou très fort", ""],
        ["es", "partial", "partial", "débil", "sí"],
        ["ar", "completed", "", "قوي", ""],
    ]
    counts = dict(survey(answers(rows), "plan_2026", asked, dry_run=True).counts)
    assert sum(n for key, n in counts.items() if key[2:] == ("belonging", "strong")) == 3
    assert counts["main", "es", "belonging", "weak"] == 1
    assert counts["pip", "es", "knows_pip", "yes"] == 1
    assert counts["pip", "es", "status", "completed"] == 0


def test_a_workbook_is_read_too(asked: Partnership) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADER)
    sheet.append(["en", "completed", None, "strong", None])
    out = io.BytesIO()
    book.save(out)
    assert survey(out.getvalue(), "plan_2026", asked, dry_run=True).begun == 1


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ([*HEADER, "email"], ["en", "completed", "", "strong", "", MARKER]),
        ([*HEADER, "IP address"], ["en", "completed", "", "strong", "", "192.0.2.7"]),
        (HEADER, ["en", "completed", "", MARKER, ""]),
        (HEADER, [MARKER, "completed", "", "strong", ""]),
        (HEADER, ["en", "completed", "", "strong", "", MARKER]),
        ([*HEADER, "draw"], ["en", "completed", "", "strong", "", "yes"]),
    ],
)
def test_anything_else_refuses_the_file_and_nothing_of_it_stays(
    asked: Partnership, header: list[str], row: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """R6, R8: draw entries are kept apart from answers; identifiers and free text never come in."""
    before = (asked.home / "registers" / "survey_counts.csv").read_bytes()
    found = survey(answers([["en", "completed", "", "weak", ""], row], header), "plan_2026", asked)
    assert not found.counts
    assert found.findings
    assert "Zaynab" not in repr(found) + caplog.text
    assert (asked.home / "registers" / "survey_counts.csv").read_bytes() == before
    kept = [path for path in Path(asked.home).rglob("*") if path.is_file() and b"Zaynab" in path.read_bytes()]
    assert not kept


def test_counting_again_replaces_and_leaves_other_surveys(asked: Partnership) -> None:
    survey(answers(the_seeds()), "plan_2026", asked)
    survey(answers([["en", "completed", "", "strong", ""]]), "plan_2026", asked)
    rows = (asked.home / "registers" / "survey_counts.csv").read_text(encoding="utf-8").splitlines()
    assert [row for row in rows if row.startswith("plan_2026")] == [
        "plan_2026,main,en,belonging,strong,1",
        "plan_2026,main,en,status,completed,1",
        "plan_2026,main,en,status,started,1",
    ]
    assert "plan_2021,main,all,status,started,314" in rows


def test_an_unknown_survey_is_told(asked: Partnership) -> None:
    with pytest.raises(Misuse, match="plan_2021, plan_2026"):
        survey(b"", "plan_1999", asked)
