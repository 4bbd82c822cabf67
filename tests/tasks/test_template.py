"""A partner's template: its own numbers only, locked codes, three different answers, both languages, the same bytes for the same input."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

import expectations
from expectations import places
from expectations.partnership import Partnership
from sql import schema, warehouse
from tasks import Misuse
from tasks.template import template, template_csv
from tests.office import converted, text_of
from tests.world import loaded, partner_file, shared_metrics_only, succeeds

QUARTER = "2026-Q3"
COLUMNS = ["partner", "period", "metric", "name", "last", "value", "explanation"]


@pytest.fixture(autouse=True)
def _no_programmes(partnership: Partnership) -> None:
    """What partners owe here is of the sheet `metrics` alone, but where a test says otherwise."""
    shared_metrics_only(partnership)


def opened(partnership: Partnership, partner: str = "p01", period: str = QUARTER, language: str = "") -> Workbook:
    return load_workbook(io.BytesIO(template(partnership, partner, period, language=language).data))


def owes(partnership: Partnership, *rows: tuple[str, str]) -> None:
    """The register of reporting with these rows alone."""
    path = partnership.home / "registers" / "reporting.csv"
    path.write_text("partner,metric,from,to\n" + "".join(f"{partner},{metric},2024-07-01,\n" for partner, metric in rows), encoding="utf-8")


def table(sheet: Worksheet) -> list[dict[str, Any]]:
    """The rows of a data sheet under our own column names, by their place."""
    return [dict(zip(COLUMNS, values, strict=True)) for values in sheet.iter_rows(min_row=2, values_only=True)]


# What it asks


def test_a_partner_is_asked_its_own_numbers_only_and_nothing_else_stands_in_the_sheet(partnership: Partnership) -> None:
    book = opened(partnership, "p06")
    asked = [row["metric"] for row in table(book["metrics"])]
    owed = {row["metric"] for row in places.rows(partnership.home / "registers" / "reporting.csv", "metric") if row["partner"] == "p06"}
    assert sorted(asked) == sorted(owed)
    assert {(row["partner"], row["period"]) for row in table(book["metrics"])} == {("p06", QUARTER)}
    assert all(row["value"] is None and row["explanation"] is None for row in table(book["metrics"]))


def test_a_table_of_its_own_has_a_sheet_of_its_own_with_a_row_for_each_member(partnership: Partnership) -> None:
    owes(partnership, ("p01", "clients_served"), ("p01", "service_contacts"), ("p01", "kitchen_meals"), ("p01", "food_handler_certs"))
    book = opened(partnership, "p01", language="fr")
    assert book.sheetnames == ["metrics", "kitchen", "services", "help"]
    services = [row[3:5] for row in book["services"].iter_rows(min_row=2, values_only=True)]
    assert len(services) == 3 * 5
    assert ("Établissement", "Arabe") in services
    kitchen = [row[2:4] for row in book["kitchen"].iter_rows(min_row=2, values_only=True)]
    assert kitchen == [("food_handler_certs", name) for name in ("Anglais", "Français", "Arabe", "Espagnol", "Autres langues")] + [
        ("kitchen_meals", "Toutes")
    ]


def test_the_columns_are_those_of_the_contract_in_the_language_of_the_partner(partnership: Partnership) -> None:
    for partner, language in (("p01", "en"), ("p06", "fr")):
        labels = expectations.words("workbook", language)["columns"]
        head = [cell.value for cell in opened(partnership, partner)["metrics"][1]]
        assert head == [labels[name] for name in COLUMNS]
    assert "Nouveaux arrivants" in str(table(opened(partnership, "p06")["metrics"])[0]["name"])


def test_what_was_given_for_the_period_before_stands_beside(warehouse: str, partnership: Partnership) -> None:
    contract = expectations.read("partner_metrics")
    loaded(
        partner_file(["p06", "2026-Q2", "clients_served", 31], ["p06", "2026-Q2", "racism_reports", "non recueilli"],
                     ["p06", "2026-Q1", "trainings_delivered", 9], ["p01", "2026-Q2", "trainings_delivered", 8]),
        contract, partnership, part="p06",
    )  # fmt: skip
    last = {row["metric"]: row["last"] for row in table(opened(partnership, "p06")["metrics"])}
    assert last["clients_served"] == 31
    assert last["racism_reports"] == "non recueilli"
    # Of two quarters ago, and of another partner, nothing.
    assert last["trainings_delivered"] is None
    english = {row["metric"]: row["last"] for row in table(opened(partnership, "p06", language="en")["metrics"])}
    assert english["racism_reports"] == "not collected"


def test_a_successor_sees_what_was_given_by_whom_it_goes_on_for(warehouse: str, partnership: Partnership) -> None:
    contract = expectations.read("partner_metrics")
    for partner, rows in {
        "p02": [("clients_served", 31), ("trainings_delivered", 9)],
        "p03": [("trainings_delivered", 8)],
        "p01": [("job_placements", 6)],
    }.items():
        body = partner_file(*[[partner, "2026-Q2", metric, value] for metric, value in rows])
        loaded(body, contract, partnership, part=partner)
    owes(partnership, *[("p01", metric) for metric in ("clients_served", "job_placements", "trainings_delivered", "language_wait")])
    succeeds(partnership, p02="p01")
    last = {row["metric"]: row["last"] for row in table(opened(partnership)["metrics"])}
    assert last == {"clients_served": 31, "job_placements": 6, "trainings_delivered": 9, "language_wait": None}
    succeeds(partnership, p03="p01")
    last = {row["metric"]: row["last"] for row in table(opened(partnership)["metrics"])}
    # Of two that merged there is no one number to stand beside the cell.
    assert last == {"clients_served": 31, "job_placements": 6, "trainings_delivered": None, "language_wait": None}


def test_what_is_asked_once_a_year_is_compared_with_the_year_before(partnership: Partnership) -> None:
    owes(partnership, ("p01", "board_seats"), ("p01", "clients_served"))
    loaded(partner_file(["p01", "2025-Q4", "board_seats", 12], ["p01", "2026-Q3", "board_seats", 99]),
           expectations.read("partner_metrics"), partnership, part="p01")  # fmt: skip
    assert [row["metric"] for row in table(opened(partnership, "p01", QUARTER)["metrics"])] == ["clients_served"]
    last = {row["metric"]: row["last"] for row in table(opened(partnership, "p01", "2026-Q4")["metrics"])}
    assert last == {"board_seats": 12, "clients_served": None}


def test_a_home_without_a_warehouse_has_templates_too(partnership: Partnership) -> None:
    assert not warehouse.is_begun(partnership.home)
    assert {row["last"] for row in table(opened(partnership)["metrics"])} == {None}
    assert not (partnership.home / "warehouse.db").exists()


def test_a_warehouse_in_which_nobody_reported_yet_gives_no_last_value(partnership: Partnership) -> None:
    with warehouse.writer(partnership.home).begin() as connection:
        schema.metadata.create_all(connection)
    assert {row["last"] for row in table(opened(partnership)["metrics"])} == {None}


def test_a_changed_definition_is_the_one_of_the_period(partnership: Partnership) -> None:
    path = partnership.home / "registers" / "metrics.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    old = next(row for row in rows if row["metric"] == "clients_served")
    new = old | {
        "method_version": "2",
        "name_en": "Newcomers served, counted anew",
        "definition_en": "Another way.",
        "valid_from": "2026-10-01",
    }
    old["valid_to"] = "2026-09-30"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(old))
        writer.writeheader()
        writer.writerows([*rows, new])
    assert table(opened(partnership)["metrics"])[0]["name"] == old["name_en"]
    after = opened(partnership, "p01", "2026-Q4")
    assert table(after["metrics"])[0]["name"] == "Newcomers served, counted anew"
    assert "Another way." in said(after["help"])


# How it behaves


def test_codes_are_locked_and_answers_are_free(partnership: Partnership) -> None:
    sheet = opened(partnership)["metrics"]
    assert sheet.protection.sheet
    assert sheet.protection.password is None
    for row in sheet.iter_rows():
        assert [cell.protection.locked for cell in row] == [True] * 5 + [row[0].row == 1] * 2
    assert sheet.freeze_panes == "A2"
    assert sheet.print_title_rows == "$1:$1"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == ("landscape", 1, 0)


def test_ids_are_text_even_where_they_are_digits(partnership: Partnership) -> None:
    for name in ("members", "reporting"):
        path = partnership.home / "registers" / f"{name}.csv"
        path.write_text(path.read_text(encoding="utf-8").replace("p01,", "111100008,"), encoding="utf-8")
    book = opened(partnership, "111100008")
    for row in book["metrics"].iter_rows(min_row=2, max_col=3):
        assert [(cell.data_type, cell.number_format) for cell in row] == [("s", "@")] * 3
    assert book["metrics"]["A2"].value == "111100008"


def test_no_text_of_a_register_becomes_a_formula(partnership: Partnership) -> None:
    path = partnership.home / "registers" / "metrics.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("Newcomers served by a partner", "=2+3 served"), encoding="utf-8")
    sheet = opened(partnership)["metrics"]
    assert (sheet["D2"].data_type, str(sheet["D2"].value)[:4]) == ("s", "=2+3")


def rules(sheet: Worksheet) -> dict[str, Any]:
    return {rule.type: rule for rule in sheet.data_validations.dataValidation}


@pytest.mark.parametrize("partner", ["p01", "p06"])
def test_the_explanation_is_chosen_from_the_list_of_the_register(partnership: Partnership, partner: str) -> None:
    book = opened(partnership, partner)
    rule = rules(book["metrics"])["list"]
    assert str(rule.sqref) == f"G2:G{book['metrics'].max_row}"
    sheet, _, area = str(rule.formula1).replace("$", "").partition("!")
    offered = [row[0].value for row in book[sheet][area]]
    language = "fr" if partner == "p06" else "en"
    path = partnership.home / "registers" / "explanations.csv"
    assert offered == [row[f"name_{language}"] for row in places.rows(path, f"name_{language}")]


def test_no_prompt_is_longer_than_a_spreadsheet_shows(partnership: Partnership) -> None:
    for partner in ("p01", "p06"):
        for rule in rules(opened(partnership, partner)["metrics"]).values():
            assert max(len(rule.promptTitle), len(rule.errorTitle)) <= 32
            assert len(rule.prompt) <= 255
            assert len(rule.error) <= 225
            assert len(rule.formula1) <= 255
            assert (rule.showErrorMessage, rule.showInputMessage, rule.errorStyle or "stop") == (True, True, "stop")
    assert "not collected" in rules(opened(partnership)["metrics"])["custom"].prompt
    assert "non recueilli" in rules(opened(partnership, "p06")["metrics"])["custom"].prompt


def test_what_may_be_answered_is_what_libreoffice_finds_true(partnership: Partnership, tmp_path: Path) -> None:
    """The formula of the validation, put beside each answer as a cell and worked out by a real spreadsheet."""
    answers: list[tuple[Any, bool]] = [
        (0, True), (517, True), (999_999, True), ("not collected", True), ("Non recueilli ", True), (-1, False), (1_000_000, False),
        (2.5, False), ("1 204", False), ("unknown", False), ("0 or so", False),
    ]  # fmt: skip
    formula = rules(opened(partnership)["metrics"])["custom"].formula1
    assert "F2" in formula
    book = Workbook()
    for number, (answer, _) in enumerate(answers, start=1):
        book.worksheets[0].cell(number, 6, answer)
        book.worksheets[0].cell(number, 7, "=" + formula.replace("F2", f"F{number}"))
    out = io.BytesIO()
    book.save(out)
    rows = csv.reader(io.StringIO(converted(out.getvalue(), "csv", tmp_path).decode()))
    assert [(answers[number][0], row[6]) for number, row in enumerate(rows)] == [
        (answer, str(is_good).upper()) for answer, is_good in answers
    ]


def test_nothing_travels_with_it_but_sheets_and_the_name_of_the_partnership(partnership: Partnership) -> None:
    made = template(partnership, "p01", QUARTER)
    with zipfile.ZipFile(io.BytesIO(made.data)) as file:
        names = set(file.namelist())
        core = file.read("docProps/core.xml").decode()
        assert not any(info.date_time != (1980, 1, 1, 0, 0, 0) for info in file.infolist())
        assert b"TargetMode" not in b"".join(file.read(name) for name in names if name.endswith(".rels"))
    assert not [name for name in names if any(word in name for word in ("vba", "comment", "drawing", "media", "external", "custom"))]
    assert core.count("Peterborough Immigration Partnership") == 2
    # Created and modified: never the time of making.
    assert core.count("2026-09-30T00:00:00Z") == 2
    book = load_workbook(io.BytesIO(made.data))
    assert {sheet.sheet_state for sheet in book.worksheets} == {"visible"}


def test_the_same_input_gives_the_same_bytes(partnership: Partnership, environment: pytest.MonkeyPatch) -> None:
    first = template(partnership, "p01", QUARTER)
    environment.setenv("OPENLIP_NOW", "2027-01-05T08:00:00+00:00")
    assert template(partnership, "p01", QUARTER) == first
    assert (first.name, first.rows, first.language) == ("p01-2026-Q3.xlsx", 10, "en")
    assert b"PK" not in repr(first).encode()


def test_as_csv_it_has_the_same_columns_and_rows(partnership: Partnership) -> None:
    text = template_csv(partnership, "p06", QUARTER)["partner_metrics"]
    sheet = opened(partnership, "p06")["metrics"]
    said = [["" if value is None else str(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    assert list(csv.reader(io.StringIO(text, newline=""))) == said


# What it says


def said(sheet: Worksheet) -> str:
    return "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None)


def test_the_page_of_help_says_what_a_newcomer_to_the_job_needs(partnership: Partnership) -> None:
    text = said(opened(partnership)["help"])
    for needed in (
        "Sample Settlement Agency · July to September 2026", "by October 15, 2026", "SAMPLE", "EXAMPLE", "not collected", "0", "(empty)",
        "Different newcomers to whom the partner gave at least one service in the quarter", "people, in the period",
        "Community Development Worker, Peterborough Immigration Partnership", "Yes, this is right",
    ):  # fmt: skip
        assert needed in text, needed


def test_in_french_nothing_is_left_in_english(partnership: Partnership) -> None:
    text = said(opened(partnership, "p06")["help"])
    for needed in (
        "juillet à septembre 2026",
        "au plus tard le 15 octobre 2026",
        "EXEMPLE",
        "non recueilli",
        "personnes, pendant la période",
    ):
        assert needed in text, needed
    english = said(opened(partnership, "p06", language="en")["help"])
    common = {line for line in text.splitlines() if line in english.splitlines()}
    # Only codes, numbers and what is the same in both languages.
    assert {line for line in common if " " in line} == set()


def test_a_partnership_that_is_no_sample_does_not_say_so(partnership: Partnership) -> None:
    assert "SAMPLE" not in said(opened(partnership.model_copy(update={"sample": False}))["help"])


def test_before_the_calendar_begins_no_due_day_is_named(partnership: Partnership) -> None:
    text = said(opened(partnership, "p01", "2026-Q2")["help"])
    assert "put it where you found it." in text
    assert ", by " not in text


@pytest.mark.parametrize(
    ("partner", "period", "language", "message"),
    [
        ("p99", QUARTER, "", "'p99' is no member in 2026-Q3"),
        ("m10", QUARTER, "", "m10 reports nothing in 2026-Q3"),
        ("p09", "2025-Q4", "", "'p09' is no member in 2025-Q4"),
        ("p01", "2026-Q5", "", "Write the period as 2026-Q3"),
        ("p01", QUARTER, "xx", "no words in 'xx'"),
    ],
)
def test_where_there_is_nothing_to_make_it_says_why(
    partnership: Partnership, partner: str, period: str, language: str, message: str
) -> None:
    with pytest.raises(Misuse, match=message):
        template(partnership, partner, period, language=language)


# The words


def keys(said: Any, before: str = "") -> set[str]:
    if isinstance(said, dict):
        return {key for name, part in said.items() for key in keys(part, f"{before}.{name}")}
    return {f"{before}[{len(said)}]" if isinstance(said, list) else before}


def test_both_languages_say_the_same_things() -> None:
    english, french = expectations.words("workbook", "en"), expectations.words("workbook", "fr")
    assert keys(english) == keys(french)
    holes = [(text, other) for text, other in zip(flat(english), flat(french), strict=True) if gaps(text) != gaps(other)]
    assert not holes


def flat(said: Any) -> Sequence[str]:
    if isinstance(said, dict | list):
        return [text for part in (said.values() if isinstance(said, dict) else said) for text in flat(part)]
    return [str(said)]


def gaps(text: str) -> set[str]:
    return {part.partition("}")[0] for part in text.split("{")[1:]}


def test_no_heading_can_be_taken_for_another_column() -> None:
    meant: dict[str, set[str]] = {}
    for language in ("en", "fr"):
        for column, label in expectations.words("workbook", language)["columns"].items():
            for text in (column, label):
                meant.setdefault(str(text).casefold(), set()).add(column)
    assert {text: columns for text, columns in meant.items() if len(columns) > 1} == {}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_column_code_and_unit_has_a_word(partnership: Partnership, language: str) -> None:
    words = expectations.words("workbook", language)
    for contract in [contract for contract in partnership.contracts() if contract.is_partner]:
        assert {*contract.columns, *contract.issued} <= set(words["columns"]), contract.name
        for name, column in contract.columns.items():
            assert set(column.one_of or []) <= set(words["codes"].get(name, {})), (contract.name, name)
        assert words["marks"]["not_collected"] in contract.non_values
    for name, called in words["codes"].items():
        assert len(set(called.values())) == len(called), name
    catalogue = places.rows(partnership.home / "registers" / "metrics.csv", "unit", "reporter")
    assert {row["unit"] for row in catalogue if row["reporter"] == "partner"} <= set(words["units"])


# Looked at


@pytest.mark.parametrize("partner", ["p01", "p06"])
def test_on_paper_nothing_is_cut_and_no_page_is_empty(partnership: Partnership, partner: str, tmp_path: Path) -> None:
    made = template(partnership, partner, QUARTER)
    pages = text_of(converted(made.data, "pdf", tmp_path), tmp_path).rstrip("\f").split("\f")
    # The sheet, and the page of help on two pages: no column has run onto a page of its own.
    assert 2 <= len(pages) <= 3
    assert all(page.strip() for page in pages)
    squeezed = " ".join("".join(pages).split())
    for row in table(opened(partnership, partner)["metrics"]):
        assert row["metric"] in pages[0]
        assert str(row["name"]).split()[-1] in pages[0]
    for sentence in expectations.words("workbook", made.language)["help"]["steps"][4:]:
        assert sentence in squeezed


def test_the_calendar_of_the_sample_is_the_one_the_page_names(partnership: Partnership) -> None:
    from tasks.due import due_on

    assert due_on(partnership, QUARTER) == date(2026, 10, 15)
