"""The workbook that goes back: what was taken, each finding in its cell and on the first sheet, and nothing that the gate did not pass."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

import expectations
from expectations.partnership import Partnership
from tasks.answer.marked import mark
from tasks.answer.tiers import TINTS
from tasks.conclude import Difference, Part, Submission
from tasks.findings import Finding
from tasks.screen import Screened, screen
from tasks.template import template
from tests.office import converted, text_of
from tests.screening import KEY, csv_of, parcel, saved

QUARTER = "2026-Q3"


@pytest.fixture(autouse=True)
def key(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OPENLIP_SECRET_GATE_KEY", KEY)


def tell(finding: Finding, language: str) -> tuple[str, str, str]:
    """What was found, as the finding has it, with the language in front."""
    return f"[{language}] {finding.found}", finding.expected, finding.fix


def finding(severity: str, row: int | None, column: str = "value", found: str = "1 204", **more: Any) -> Finding:
    said = {"sheet": "metrics", "expected": "a whole number", "fix": "Write it in digits."} | more
    return Finding("rule", severity, "", row, column, found, **said)


def filled(partnership: Partnership, partner: str = "p01", values: Sequence[int | str | None] = (), *, language: str = "") -> bytes:
    """A template with these values from the first row on."""
    book = load_workbook(io.BytesIO(template(partnership, partner, QUARTER, language=language).data))
    for row, value in enumerate(values, start=2):
        book["metrics"][f"F{row}"] = value
    return saved(book)


def submitted(
    screened: Screened, *findings: Finding, taken: int = 0, rows: int = 10, state: str = "partly_accepted", **more: Any
) -> Submission:
    part = Part("partner_metrics", QUARTER, 2, rows, taken, rows - taken, **more)
    return Submission(
        7, screened.partner, "2026-11-22T16:59:00Z", "2026-11-22T17:00:00Z", "inbox", screened.form, screened.language, "d", state, "",
        () if screened.is_refused else (part,), findings, True,
    )  # fmt: skip


def returned(partnership: Partnership, body: bytes, *findings: Finding, partner: str = "p01", **more: Any) -> Workbook:
    """The workbook that goes back for a file with these findings."""
    sent = parcel(body, partner=partner)
    screened = screen(sent, partnership)
    assert not screened.is_refused, screened.findings
    data = mark(sent, screened, submitted(screened, *findings, **more), partnership, tell=tell)
    return load_workbook(io.BytesIO(data))


def table(sheet: Worksheet, first: str) -> list[list[str]]:
    """The rows of a table on the first sheet, from under the heading that begins with `first` to the next empty line."""
    rows = [[str(value or "") for value in row] for row in sheet.iter_rows(values_only=True)]
    start = next(number for number, row in enumerate(rows) if row[0] == first)
    end = next((number for number, row in enumerate(rows[start:], start) if not any(row)), len(rows))
    return rows[start + 1 : end]


def fill(book: Workbook, cell: str, sheet: str = "metrics") -> str:
    return str(book[sheet][cell].fill.fgColor.rgb)[2:]


VALUES: list[int | str | None] = [517, "1 204", "not collected", 47, 3, 66, 999, 0, 86, 41]
EACH_TIER = [
    finding("critical", 3),
    finding("confirm", 5, found="47, far from 8"),
    finding("warning", 6, found="3, unlike others"),
    finding("info", 7, found="66, as always"),
]


# The cells


def test_each_cell_has_the_colour_the_sign_and_the_words_of_its_tier(partnership: Partnership) -> None:
    book = returned(partnership, filled(partnership, values=VALUES), *EACH_TIER, taken=8)
    sheet = book["metrics"]
    for row, tier, word in (
        (3, "must_fix", "✖ Must fix"),
        (5, "confirm", "? Please confirm"),
        (6, "note", "! Note"),
        (7, "information", "i Info"),
    ):
        comment = sheet[f"F{row}"].comment
        assert fill(book, f"F{row}") == TINTS[tier].fill
        assert comment.text.startswith(word)
        assert comment.author == "OpenLIP"
        assert "We expected: a whole number\nWhat to do: Write it in digits." in comment.text
    assert "We read: [en] 1 204" in sheet["F3"].comment.text
    # The rows without a finding were taken, and say so lightly and without a comment.
    assert {fill(book, f"F{row}") for row in (2, 4, 8, 9, 10, 11)} == {TINTS["taken"].fill}
    assert sheet["F2"].comment is None
    # What was written is there as it was written, numbers as numbers.
    assert [sheet[f"F{row}"].value for row in range(2, 12)] == VALUES


def test_the_gravest_of_two_findings_colours_the_cell_and_both_are_told(partnership: Partnership) -> None:
    book = returned(partnership, filled(partnership, values=VALUES), finding("warning", 3, found="odd"), finding("critical", 3))
    assert fill(book, "F3") == TINTS["must_fix"].fill
    assert re.findall(r"✖ Must fix|! Note", book["metrics"]["F3"].comment.text) == ["✖ Must fix", "! Note"]


def test_a_finding_of_several_rows_marks_those_it_names_and_says_how_many_there_are(partnership: Partnership) -> None:
    book = returned(partnership, filled(partnership, values=VALUES), finding("critical", 3, more=(5, 7), rows=30), taken=0)
    assert {fill(book, f"F{row}") for row in (3, 5, 7)} == {TINTS["must_fix"].fill}
    (line,) = table(book["answer"], "Where")
    assert line[0] == "metrics!F3 (+29)"
    assert line[2] == "[en] 1 204 (rows 3, 5, 7 and 27 more)"


def test_rows_are_called_taken_only_when_their_number_is_that_of_the_submission(partnership: Partnership) -> None:
    book = returned(partnership, filled(partnership, values=VALUES), finding("critical", 3, rows=3), taken=7)
    assert TINTS["taken"].fill not in {fill(book, f"F{row}") for row in range(2, 12)}
    book = returned(partnership, filled(partnership, values=VALUES), state="refused", taken=0)
    assert TINTS["taken"].fill not in {fill(book, f"F{row}") for row in range(2, 12)}
    # An empty cell was not answered, so nothing of it was taken.
    book = returned(partnership, filled(partnership, values=[1, None, 3]), taken=2)
    assert [fill(book, f"F{row}") == TINTS["taken"].fill for row in (2, 3, 4)] == [True, False, True]


def test_a_comment_is_wide_and_high_enough_to_be_read(partnership: Partnership) -> None:
    sent = parcel(filled(partnership, values=VALUES))
    screened = screen(sent, partnership)
    long = finding("critical", 3, expected="a whole number in digits, such as 1204, without blanks, commas, words or signs " * 2)
    data = mark(sent, screened, submitted(screened, long, finding("critical", 5)), partnership, tell=tell)
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        drawn = "".join(file.read(name).decode() for name in file.namelist() if name.endswith(".vml"))
    heights = [float(height) for height in re.findall(r"height:([\d.]+)px", drawn)]
    assert set(re.findall(r"width:([\d.]+)px", drawn)) == {"380"}
    assert heights[0] > heights[1] >= 90


@pytest.mark.parametrize("tier", TINTS)
def test_the_text_is_readable_on_its_colour(tier: str) -> None:
    light, dark = sorted((luminance(TINTS[tier].fill), luminance(TINTS[tier].ink)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_no_two_tiers_share_a_sign_or_a_line(partnership: Partnership) -> None:
    assert len({tint.sign for tint in TINTS.values()}) == len(TINTS)
    assert len({TINTS[tier].line for tier in ("must_fix", "confirm", "note", "taken")}) == 4


def test_the_next_round_begins_without_the_marks_of_the_last(partnership: Partnership) -> None:
    once = returned(partnership, filled(partnership, values=VALUES), *EACH_TIER)
    assert once["metrics"]["F3"].comment
    once["metrics"]["F3"] = 1204
    twice = returned(partnership, saved(once), finding("warning", 8, found="999"), taken=10, state="accepted_with_remarks")
    comments = {cell.coordinate for row in twice["metrics"].iter_rows() for cell in row if cell.comment}
    assert comments == {"F8"}
    assert fill(twice, "F3") == TINTS["taken"].fill
    assert twice.sheetnames == ["answer", "metrics", "kitchen", "services", "toolkit", "help"]


def test_it_can_be_filled_in_again_just_like_the_template(partnership: Partnership) -> None:
    body = filled(partnership, values=VALUES)
    before, after = load_workbook(io.BytesIO(body))["metrics"], returned(partnership, body, *EACH_TIER)["metrics"]
    for one, other in zip(before.iter_rows(), after.iter_rows(), strict=True):
        assert [(cell.value, cell.protection.locked) for cell in one] == [(cell.value, cell.protection.locked) for cell in other]
    assert [str(rule.sqref) for rule in after.data_validations.dataValidation] == ["F2:F11", "G2:G11"]
    assert after.protection.sheet
    assert after["C2"].number_format == "@"
    assert {letter: after.column_dimensions[letter].width for letter in "ABCDEFG"} == {
        letter: before.column_dimensions[letter].width for letter in "ABCDEFG"
    }


REPLY = "That is right, we closed in July"


@pytest.mark.parametrize("partner", ["p01", "p06"])
@pytest.mark.parametrize(
    "place",
    [None, "A1", "B5", "G5", "beside", "period", "under", "end"],
    ids=["nothing", "title", "a fact", "right of it", "beside a finding", "the period of a finding", "under the findings", "at the end"],
)
def test_a_reply_on_the_answer_is_told_as_not_read_and_never_quoted(partnership: Partnership, partner: str, place: str | None) -> None:
    odd = Difference("partner_metrics", QUARTER, (partner, "clients_served"), "", "517")
    language = {"p01": "en", "p06": "fr"}[partner]
    whole = Finding("gate_help_text", "warning", "", None, "", "a", "b", "c", sheet="help")
    findings = [*EACH_TIER, whole, finding("info", 9, rows=30, more=(10, 11))]
    body = filled(partnership, partner, VALUES[:3], language=language)
    book = returned(partnership, body, *findings, partner=partner, differences=(odd,))
    sheet = book["answer"]
    first = next(row for row in range(1, sheet.max_row) if str(sheet[f"A{row}"].value).startswith("metrics!"))
    last = next(row for row in range(first, sheet.max_row) if not sheet[f"A{row}"].value)
    named = {"beside": f"H{first}", "period": f"B{first}", "under": f"A{last}", "end": f"C{sheet.max_row + 3}"}
    if place:
        sheet[named.get(place, place)] = REPLY
    screened = screen(parcel(saved(book), partner=partner), partnership)
    told = [one for one in screened.findings if one.rule == "gate_answer_text"]
    assert not screened.is_refused
    assert [(one.tier, one.sheet, f"{one.letter}{one.row}", one.rows) for one in told] == (
        [("information", "answer", named.get(place, place), 1)] if place else []
    )
    assert REPLY not in repr(screened)


def test_it_speaks_the_language_of_the_file(partnership: Partnership) -> None:
    book = returned(partnership, filled(partnership, "p06", [1, 2, "non recueilli"]), *EACH_TIER[:2], partner="p06")
    assert book["metrics"]["F3"].comment.text.startswith("✖ À corriger\nNous avons lu\u00a0: [fr] 1 204")
    assert book["metrics"]["F4"].value == "non recueilli"
    text = " ".join(str(cell.value) for row in book["answer"].iter_rows() for cell in row if cell.value)
    for needed in ("Accepté en partie", "Ce qu'il faut faire maintenant", "22 novembre 2026, 11 h 59", "EXEMPLE"):
        assert needed in text, needed


# The first sheet


def test_the_first_sheet_says_the_result_and_lists_the_whole_file_first(partnership: Partnership) -> None:
    whole = Finding("rule", "warning", "", None, "", "8 of 10 numbers", "all 10", "Fill in the rest.", values=(("period", QUARTER),))
    book = returned(partnership, filled(partnership, values=VALUES), *EACH_TIER, whole, taken=8)
    sheet = book["answer"]
    assert book.sheetnames[0] == "answer"
    facts = {str(row[0]): str(row[1]) for row in sheet.iter_rows(max_col=2, values_only=True)}
    assert facts["Result"] == "Partly accepted"
    assert facts["Received"] == "November 22, 2026, 11:59 (Toronto time)"
    assert facts["Version"] == "2 (2026-Q3)"
    assert facts["Rows taken"] == "8 of 10; 2 held back until you mend or confirm them"
    lines = table(sheet, "Where")
    assert [line[0] for line in lines] == ["whole file", "metrics!F3", "metrics!F5", "metrics!F6", "metrics!F7"]
    assert {line[1] for line in lines} == {QUARTER}
    assert [line[5] for line in lines] == ["! Note", "✖ Must fix", "? Please confirm", "! Note", "i Information"]


def test_each_place_is_a_link_inside_the_workbook(partnership: Partnership) -> None:
    sent = parcel(filled(partnership, values=VALUES))
    screened = screen(sent, partnership)
    data = mark(sent, screened, submitted(screened, *EACH_TIER), partnership, tell=tell)
    links = [cell.hyperlink for row in load_workbook(io.BytesIO(data))["answer"].iter_rows() for cell in row if cell.hyperlink]
    assert [(link.location, link.target) for link in links] == [(f"'metrics'!F{row}", None) for row in (3, 5, 6, 7)]
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert not [name for name in file.namelist() if name.endswith(".rels") and b"External" in file.read(name)]


def test_what_differs_from_the_version_before_is_listed(partnership: Partnership) -> None:
    changes = (
        Difference("partner_metrics", QUARTER, ("p01", "clients_served"), "510", "517"),
        Difference("partner_metrics", QUARTER, ("p01", "job_placements"), "", "12"),
        Difference("partner_metrics", QUARTER, ("p01", "language_wait"), "9", ""),
    )
    book = returned(partnership, filled(partnership, values=VALUES), taken=10, state="accepted", differences=changes)
    lines = [line[:5] for line in table(book["answer"], "Code")]
    assert lines[0] == ["clients_served", QUARTER, "Newcomers served by a partner (not unique across partners)", "510", "517"]
    assert [line[3:] for line in lines] == [["510", "517"], ["(no number)", "12"], ["9", "(stays as it was)"]]


@pytest.mark.parametrize("state", ["pending", "accepted", "accepted_with_remarks", "partly_accepted", "refused", "withdrawn"])
@pytest.mark.parametrize("partner", ["p01", "p06"])
def test_every_state_says_what_to_do_now(partnership: Partnership, state: str, partner: str) -> None:
    book = returned(partnership, filled(partnership, partner, [1, 2]), partner=partner, state=state)
    words = expectations.words("workbook", "en" if partner == "p01" else "fr")
    said = [str(cell.value) for row in book["answer"].iter_rows() for cell in row if cell.value]
    assert words["states"][state] in said
    assert words["answer"]["next"][state].format(**words["tiers"]) in said


# Nothing else goes back


def test_only_what_the_gate_passed_goes_back(partnership: Partnership) -> None:
    """Whatever a spreadsheet carries besides its cells stays behind, even what the gate tolerates."""
    book = load_workbook(io.BytesIO(filled(partnership, values=VALUES)))
    book.properties.creator = book.properties.lastModifiedBy = "Marker Personne"
    book.properties.title = "Marker Personne"
    book["metrics"].data_validations.dataValidation[0].prompt = "Marker Personne"
    book["metrics"]["F2"].number_format = '0" Marker"'
    sent = parcel(saved(book))
    screened = screen(sent, partnership)
    if screened.is_refused:
        screened = screen(parcel(filled(partnership, values=VALUES)), partnership)
    data = mark(sent, screened, submitted(screened), partnership, tell=tell)
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert not [name for name in file.namelist() if b"Marker" in file.read(name)]


def test_of_a_refused_file_only_the_answer_is_written(partnership: Partnership) -> None:
    sent = parcel(csv_of(["p01", QUARTER, "Marker Personne", 3]))
    screened = screen(sent, partnership)
    assert screened.is_refused
    data = mark(sent, screened, submitted(screened, *screened.findings, state="refused"), partnership, tell=tell)
    assert load_workbook(io.BytesIO(data)).sheetnames == ["answer"]
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert not [name for name in file.namelist() if b"Marker" in file.read(name)]


def test_a_text_that_begins_like_a_formula_stays_text(partnership: Partnership) -> None:
    told = finding("critical", 3, found="=cmd|' /c calc'!A1\x0b", fix='=HYPERLINK("x")')
    book = returned(partnership, filled(partnership, values=VALUES), replace(told, expected="<a & 'b'>\nc"))
    (line,) = [row for row in book["answer"].iter_rows() if row[0].value == "metrics!F3"]
    assert {cell.data_type for cell in line} == {"s"}
    assert line[4].value == '=HYPERLINK("x")'
    assert "We expected: <a & 'b'> c\n" in book["metrics"]["F3"].comment.text


# Whatever comes


def test_a_csv_comes_back_as_a_workbook_with_a_column_to_explain_in(partnership: Partnership) -> None:
    body = csv_of(["p01", QUARTER, "clients_served", 517], ["p01", QUARTER, "job_placements", "-3"])
    book = returned(partnership, body, finding("critical", 3, sheet="", column="value"), taken=1, rows=2)
    sheet = book["metrics"]
    assert [cell.value for cell in sheet[1]] == ["Partner", "Period", "Code", "Your number", "Explanation"]
    assert [cell.value for cell in sheet[3]] == ["p01", QUARTER, "job_placements", "-3", None]
    assert sheet["D3"].comment
    assert fill(book, "D2") == TINTS["taken"].fill
    assert not sheet["E2"].protection.locked


def test_rows_stay_where_they_stood(partnership: Partnership) -> None:
    body = b"\n\npartner,period,metric,value\n\np01,2026-Q3,clients_served,517\n\n\np01,2026-Q3,job_placements,12\n"
    book = returned(partnership, body, finding("critical", 8, sheet=""))
    sheet = book["metrics"]
    assert [row for row in range(1, sheet.max_row + 1) if sheet[f"A{row}"].value] == [3, 5, 8]
    assert sheet["D8"].comment
    assert sheet.freeze_panes == "A4"


def test_a_finding_about_no_cell_of_the_sheet_is_told_on_the_first_sheet(partnership: Partnership) -> None:
    odd = [
        finding("critical", 9_999), finding("warning", 0), finding("warning", -5), finding("warning", 2_000_000), finding("info", 1),
        finding("confirm", 4, column="nocolumn", letter="QZZZ"), finding("confirm", 5, column="", letter="C"),
        finding("warning", 6, sheet="no such sheet"), finding("warning", None, column=""),
    ]  # fmt: skip
    book = returned(partnership, filled(partnership, values=VALUES), *odd)
    assert len(table(book["answer"], "Where")) == len(odd)
    marked_cells = {cell.coordinate for row in book["metrics"].iter_rows() for cell in row if cell.comment}
    assert marked_cells == {"F1", "F4", "C5"}
    assert book["metrics"].max_row == 11


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({"sheet": "help", "letter": "A", "row": 12}, "help!A12"),
        ({"sheet": "services", "row": None}, "services"),
        ({"sheet": "", "row": None}, "whole file"),
    ],
)
def test_a_finding_of_a_sheet_that_has_no_marks_names_the_sheet(partnership: Partnership, where: dict[str, Any], told: str) -> None:
    book = returned(partnership, filled(partnership, values=VALUES), finding("warning", column="", **where))
    assert [line[0] for line in table(book["answer"], "Where")] == [told]


def test_two_tables_are_marked_each_on_its_own_sheet(partnership: Partnership) -> None:
    path = partnership.home / "registers" / "reporting.csv"
    path.write_text("partner,metric,from,to\np01,clients_served,2024-07-01,\np01,food_handler_certs,2024-07-01,\n", encoding="utf-8")
    book = load_workbook(io.BytesIO(template(partnership, "p01", QUARTER).data))
    book["metrics"]["F2"], book["kitchen"]["G2"], book["kitchen"]["G3"] = 500, 3, 4
    back = returned(partnership, saved(book), finding("critical", 3, sheet="kitchen"), finding("warning", 2))
    assert back.sheetnames == ["answer", "metrics", "kitchen", "help"]
    assert back["kitchen"]["G3"].comment
    assert back["metrics"]["F2"].comment
    assert back["kitchen"]["D2"].value == "English"
    assert back["kitchen"]["G2"].comment is None


def test_a_metric_and_a_period_that_the_catalogue_has_not_are_no_hindrance(partnership: Partnership) -> None:
    body = csv_of(["p01", "1999-Q1", "clients_served", 5], ["p01", "2026", "clients_served", 6], ["p01", "2026-Q5", "clients_served", 7])
    book = returned(partnership, body, finding("critical", 3, sheet=""))
    assert [cell.value for cell in book["metrics"][3]][:4] == ["p01", "2026", "clients_served", 6]


def test_every_cell_is_written_once_and_in_order(partnership: Partnership) -> None:
    """A spreadsheet program calls a file damaged in which a cell stands twice or before its neighbour on the left."""
    sent = parcel(filled(partnership, values=VALUES))
    screened = screen(sent, partnership)
    beyond = finding("confirm", 4, column="nocolumn", letter="Z")
    data = mark(sent, screened, submitted(screened, *EACH_TIER, beyond, finding("info", 1, column="metric")), partnership, tell=tell)
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        written = re.findall(r'<c r="([A-Z]+)(\d+)"', file.read("xl/worksheets/sheet2.xml").decode())
    places = [(int(row), len(letter), letter) for letter, row in written]
    assert places == sorted(set(places))
    assert len(places) == 11 * 7 + 1


# Many rows


def large(partnership: Partnership, rows: int) -> Screened:
    """A file of so many rows with different keys, let through by the gate."""
    codes = sorted(partnership.register_codes("metrics", "metric"))[:25]
    lines = [["p01", f"{1900 + place // 100}-Q{place // 25 % 4 + 1}", codes[place % 25], 10 + place % 300] for place in range(rows)]
    screened = screen(parcel(csv_of(*lines)), partnership)
    assert not screened.is_refused, screened.findings
    return screened


def marked_bytes(partnership: Partnership, screened: Screened, findings: Sequence[Finding]) -> bytes:
    return mark(parcel(b""), screened, submitted(screened, *findings), partnership, tell=tell)


@pytest.mark.parametrize("count", [0, 20, 2_000])
def test_twenty_thousand_rows_are_marked_in_two_seconds(partnership: Partnership, count: int) -> None:
    screened = large(partnership, 20_000)
    told = [finding("critical", 2 + 7 * place, sheet="", found=f"number {place}") for place in range(count)]
    started = time.process_time()
    data = marked_bytes(partnership, screened, told)
    took = time.process_time() - started
    print(f"{count} findings in 20,000 rows: {took:.2f} s of processor time, {len(data) // 1000} kB")
    assert took < 2
    if count == 20:
        sheet = load_workbook(io.BytesIO(data))["metrics"]
        assert (sheet.max_row, sheet["D20001"].value, sheet["D9"].comment is not None) == (20_001, 10 + 19_999 % 300, True)


def test_the_same_submission_gives_the_same_bytes(partnership: Partnership, environment: pytest.MonkeyPatch) -> None:
    screened = screen(parcel(filled(partnership, values=VALUES)), partnership)
    first = marked_bytes(partnership, screened, EACH_TIER)
    environment.setenv("OPENLIP_NOW", "2027-01-05T08:00:00+00:00")
    assert marked_bytes(partnership, screened, EACH_TIER) == first


# Looked at


@pytest.mark.parametrize(("partner", "word"), [("p01", "Must fix"), ("p06", "À corriger")])
def test_on_paper_every_tier_is_there_in_words(partnership: Partnership, tmp_path: Path, partner: str, word: str) -> None:
    sent = parcel(filled(partnership, partner, VALUES[:5]), partner=partner)
    screened = screen(sent, partnership)
    data = mark(sent, screened, submitted(screened, *EACH_TIER, taken=3, rows=5), partnership, tell=tell)
    pages = text_of(converted(data, "pdf", tmp_path), tmp_path).rstrip("\f").split("\f")
    tiers = expectations.words("workbook", screened.language)["tiers"]
    assert all(tier in pages[0] for tier in tiers.values())
    assert word in pages[0]
    # The answer and the rows of each sheet on a page, the help on one to three: nothing runs onto a page of its own.
    assert 1 <= len(pages) - 1 - len(screened.sheets) <= 3
    assert "1 204" in pages[1]
