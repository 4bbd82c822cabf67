"""Workbooks: what they carry unseen refuses them, each with its own sentence; what spreadsheet programs add by themselves does not."""

from __future__ import annotations

import importlib
import io
import os
import random
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.packaging.custom import StringProperty
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.scenario import InputCells, Scenario
from openpyxl.worksheet.worksheet import Worksheet

import expectations
from expectations.partnership import Partnership
from tasks.fetch.store import folder
from tasks.findings import tell
from tasks.screen import screen
from tasks.screen.reader import child
from tasks.template import template
from tests.office import converted
from tests.screening import (
    HEADER,
    KEY,
    MAIN,
    RELATIONS,
    book_of,
    packed,
    parcel,
    parts_of,
    places,
    planted,
    quoted,
    refused,
    remarks,
    saved,
)

ROW: list[object] = ["p01", "2026-Q3", "clients_served", 12]
TOOLKIT = ["partner", "period", "metric", "topic", "audience", "value"]
MARK = "Amira Haddad"
SHEET = "xl/worksheets/sheet1.xml"
# The package exports a function of the same name.
opened = importlib.import_module("tasks.screen.opened")
Change = Callable[[Workbook, Worksheet], None]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLIP_SECRET_GATE_KEY", KEY)


def changed(change: Change) -> bytes:
    """A sound workbook after somebody did something to it."""
    book = book_of(ROW)
    change(book, book.worksheets[0])
    return saved(book)


CLEAN = saved(book_of(ROW))


# Cells


def test_cells_are_kept_as_codes_and_whole_numbers(partnership: Partnership) -> None:
    rows: list[list[object]] = [
        ["p01", "2026-Q3", "clients_served", 12.0],
        ["p01", "2026-Q2", "clients_served", True],
        [],
        ["p01", "2026-Q1", "clients_served", "=SUM(A1:A3)"],
        ["p01", "2025-Q4", "clients_served", -3],
        ["p01", "2025-Q3", "clients_served", 2.5],
        ["p01", "2025-Q2", "clients_served", 11.9999999999],
        ["p01", 2025, "clients_served", "1,240"],
        ["p01", "2025-Q1", "clients_served", None],
    ]
    screened = screen(parcel(saved(book_of(*rows))), partnership)
    assert remarks(screened) == set()
    (sheet,) = screened.sheets
    assert (sheet.sheet, sheet.header_row, screened.form) == ("metrics", 1, "xlsx")
    text = (folder(partnership.home) / sheet.snapshot.file).read_text(encoding="utf-8")
    assert [line.replace("p01,", "").replace("clients_served,", "") for line in text.splitlines()[1:]] == [
        "2026-Q3,12", "2026-Q2,TRUE", "", "2026-Q1,=", "2025-Q4,-3", "2025-Q3,2.5", "2025-Q2,12", '2025,"1,240"', "2025-Q1,",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (["p01", "2026-Q3", "clients_served", date(2024, 9, 30)], [("date_cell", "D", (2,), 1)]),
        (["p01", "2026-Q3", "clients_served", datetime(2024, 9, 30, 12)], [("date_cell", "D", (2,), 1)]),
        (["p01", date(2026, 7, 1), "clients_served", 1], [("date_period", "B", (2,), 1)]),
        (["p01", 46204, "clients_served", 1], [("serial", "B", (2,), 1)]),
        (["p01", "2026-Q3", "clients_served", 111100008], [("long_number", "D", (2,), 1)]),
        (["p01", "2026-Q3", "clients_served", 1.111e8], [("long_number", "D", (2,), 1)]),
        (["p01", "2026-Q3", "clients_served", "1.111+08"], [("scientific", "D", (2,), 1)]),
        (["p01", "2026-Q3", "clients_served", 130692544], [("sin", "D", (2,), 1)]),
        (["p01", "2026-Q3", "clients_served", "111100008"], [("long_number", "D", (2,), 1)]),
        (["p01", "2026-Q3", "=A1", 1], [("formula", "C", (2,), 1)]),
        (["p01", "2026-Q3", "clients_served", 1, None, None, MARK], [("beyond", "G", (2,), 1)]),
    ],
)
def test_other_cells_refuse_the_workbook(
    partnership: Partnership, row: list[object], expected: list[tuple[str, str, tuple[int, ...], int]]
) -> None:
    screened = screen(parcel(saved(book_of(row))), partnership)
    assert places(screened) == expected
    assert screened.findings[0].sheet == "metrics"
    assert screened.findings[0].column == ("" if row[-1] == MARK else HEADER["ABCD".index(expected[0][1])])


def run(text: str, how: str = "") -> str:
    """A run of a rich text, as Excel writes it."""
    return f"<r>{how and f'<rPr><vertAlign val={chr(34)}{how}{chr(34)}/></rPr>'}<t>{text}</t></r>"


RICH: list[tuple[str, str]] = [
    (run("45") + run("2", "superscript"), "45^2"),
    (run("45") + run("2", "subscript"), "45^2"),
    (run("1", "superscript") + run("45"), "^145"),
    (run("45") + run("*", "superscript"), "45*"),
    (run("4") + run("5", "baseline"), "45"),
    (run("4") + run("5"), "45"),
    ("<t>45²</t>", "45^2"),
]


@pytest.mark.parametrize("shared", [False, True], ids=["inline", "shared"])
@pytest.mark.parametrize(("runs", "is_kept"), RICH)
def test_a_raised_run_is_not_joined_to_the_number(partnership: Partnership, runs: str, is_kept: str, shared: bool) -> None:
    cell = '<c r="D2" t="s"><v>0</v></c>' if shared else f'<c r="D2" t="inlineStr"><is>{runs}</is></c>'
    strings = f'<sst xmlns="{MAIN}"><si>{runs}</si></sst>'
    body = planted(CLEAN, {"xl/sharedStrings.xml": strings}, {SHEET: ('<c r="D2" t="n"><v>12</v></c>', cell)})
    assert kept(partnership, body) == [f"p01,2026-Q3,clients_served,{is_kept}"]


@pytest.mark.parametrize(("raw", "rule"), [("1_000", "text"), ("٣٤", "digits"), ("1_234_567", "long_number"), ("1e1_0", "text")])
def test_a_raw_number_that_is_none_is_answered_as_the_same_text(partnership: Partnership, raw: str, rule: str) -> None:
    """Python reads underscores and digits of other scripts as numbers; no spreadsheet program writes them."""
    texts = [f"<v>{raw}</v>", f"<is><t>{raw}</t></is>"]
    cells = [f'<c r="D2" t="{kind}">{text}</c>' for kind, text in zip(("n", "inlineStr"), texts, strict=True)]
    for cell in cells:
        body = planted(CLEAN, swap={SHEET: ('<c r="D2" t="n"><v>12</v></c>', cell)})
        assert places(screen(parcel(body), partnership)) == [(rule, "D", (2,), 1)]


@pytest.mark.parametrize(("raw", "is_kept"), [("１２", "12"), ("12.0", "12"), ("1.2E1", "12"), ("+12", "12"), ("-3", "-3"), (".5", "0.5")])
def test_a_raw_number_is_read_as_spreadsheet_programs_write_it(partnership: Partnership, raw: str, is_kept: str) -> None:
    body = planted(CLEAN, swap={SHEET: ("<v>12</v>", f"<v>{raw}</v>")})
    assert kept(partnership, body) == [f"p01,2026-Q3,clients_served,{is_kept}"]


def kept(partnership: Partnership, body: bytes) -> list[str]:
    """The rows that are kept of a workbook that is let in."""
    screened = screen(parcel(body), partnership)
    assert remarks(screened) == set()
    return (folder(partnership.home) / screened.sheets[0].snapshot.file).read_text(encoding="utf-8").splitlines()[1:]


# What travels unseen


def other_sheet(book: Workbook, _page: Worksheet) -> None:
    book.create_sheet(MARK)["B7"] = MARK


def hidden_sheet(book: Workbook, _page: Worksheet) -> None:
    sheet = book.create_sheet("lists")
    sheet["A1"], sheet.sheet_state = MARK, "hidden"


def very_hidden_sheet(book: Workbook, _page: Worksheet) -> None:
    sheet = book.create_sheet("x")
    sheet["A1"], sheet.sheet_state = 1, "veryHidden"


def hidden_help(book: Workbook, _page: Worksheet) -> None:
    sheet = book.create_sheet("help")
    sheet["A1"], sheet.sheet_state = MARK, "hidden"


def hidden_column(_book: Workbook, page: Worksheet) -> None:
    page.column_dimensions["C"].hidden = True


def narrow_column(_book: Workbook, page: Worksheet) -> None:
    page.column_dimensions["C"].width = 0.0000001


def hidden_row(_book: Workbook, page: Worksheet) -> None:
    page.row_dimensions[2].hidden = True


def comment(_book: Workbook, page: Worksheet) -> None:
    page["D2"].comment = Comment(MARK, "A colleague")


def comment_under_our_name(_book: Workbook, page: Worksheet) -> None:
    page["D2"].comment = Comment(f"OpenLIP: {MARK}", "OpenLIP")


def our_comment_with_a_line_more(_book: Workbook, page: Worksheet) -> None:
    said = expectations.words("workbook", "en")
    text = said["answer"]["comment"].format(tier="✖ Must fix", found="1", expected="2", fix="3")
    page["D2"].comment = Comment(f"{text}\n{MARK} is the one", "OpenLIP")


def header_text(_book: Workbook, page: Worksheet) -> None:
    assert page.oddHeader is not None
    page.oddHeader.center.text = MARK


def link(_book: Workbook, page: Worksheet) -> None:
    page["C2"].hyperlink = f"mailto:{MARK.replace(' ', '.')}@example.org"


def constant(book: Workbook, _page: Worksheet) -> None:
    book.defined_names["note"] = DefinedName("note", attr_text=f'"{MARK}"')


def list_constant(book: Workbook, _page: Worksheet) -> None:
    book.defined_names["note"] = DefinedName("note", attr_text="{1;2;3}")


def property_of_the_file(book: Any, _page: Worksheet) -> None:
    book.custom_doc_props.append(StringProperty(name="Client", value=MARK))


def chart(_book: Workbook, page: Worksheet) -> None:
    drawn = BarChart()
    drawn.add_data(Reference(page, min_col=4, min_row=1, max_row=2))
    page.add_chart(drawn)


def scenario(_book: Workbook, page: Worksheet) -> None:
    page.scenarios.append(Scenario(name=MARK, inputCells=[InputCells(r="D2", val="3")], comment=MARK))


CHANGES: list[tuple[Change, str]] = [
    (other_sheet, "other_sheet"), (hidden_sheet, "hidden_sheet"), (very_hidden_sheet, "hidden_sheet"), (hidden_help, "help_page"),
    (hidden_column, "hidden_cells"), (narrow_column, "hidden_cells"), (hidden_row, "hidden_cells"), (comment, "comment"),
    (comment_under_our_name, "comment"), (our_comment_with_a_line_more, "comment"), (header_text, "header_footer"), (link, "link"),
    (constant, "defined_name"), (list_constant, "defined_name"), (property_of_the_file, "property"), (chart, "drawing"), (scenario, "part"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "rule"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
def test_what_a_spreadsheet_program_can_hide_refuses_the_workbook(partnership: Partnership, change: Change, rule: str) -> None:
    screened = screen(parcel(changed(change)), partnership)
    assert refused(screened) == {rule}
    assert quoted(["Amira", "Haddad"], screened) == []
    assert not (folder(partnership.home)).exists()


def hidden_columns(_book: Workbook, page: Worksheet) -> None:
    page.append(ROW)
    page.column_dimensions["C"].hidden = page.column_dimensions["D"].hidden = True


@pytest.mark.parametrize(
    ("change", "told"),
    [(hidden_columns, [("C", (1, 2, 3), 3), ("D", (1, 2, 3), 3)]), (hidden_row, [("", (2,), 1)])],
)
def test_what_is_hidden_is_told_by_its_columns_or_rows(
    partnership: Partnership, change: Change, told: list[tuple[str, tuple[int, ...], int]]
) -> None:
    assert places(screen(parcel(changed(change)), partnership)) == [("hidden_cells", *one) for one in told]


def far_cell(_book: Workbook, page: Worksheet) -> None:
    page["IW5"] = MARK


def far_cell_elsewhere(book: Workbook, _page: Worksheet) -> None:
    book.create_sheet(MARK)["IW5"] = MARK


def notes(_book: Workbook, page: Worksheet) -> None:
    for cell in ("D2", "E7", "D9"):
        page[cell].comment = Comment(MARK, "A colleague")


def links(_book: Workbook, page: Worksheet) -> None:
    page.append(ROW)
    for cell in ("C2", "C3"):
        page[cell].hyperlink = f"mailto:{MARK.replace(' ', '.')}@example.org"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (far_cell, ("far_cell", "metrics", "IW", 5, (), 1)),
        (far_cell_elsewhere, ("far_cell_sheet", "", "IW", 5, (), 1)),
        (notes, ("comment", "metrics", "D", 2, (9,), 3)),
        (links, ("link", "metrics", "C", 2, (3,), 2)),
        (header_text, ("header_footer", "metrics", "", None, (), 1)),
    ],
)
def test_a_finding_names_the_sheet_if_it_is_ours_and_the_cell(
    partnership: Partnership, change: Change, told: tuple[str, str, str, int | None, tuple[int, ...], int]
) -> None:
    screened = screen(parcel(changed(change)), partnership)
    (one,) = screened.findings
    assert (one.rule.removeprefix("gate_"), one.sheet, one.letter, one.row, one.more, one.rows) == told
    assert ("sheet 2" in one.found) == (change is far_cell_elsewhere)
    assert quoted(["Amira", "Haddad"], screened) == []


def test_a_comment_whose_place_is_a_text_has_none(partnership: Partnership) -> None:
    body = planted(changed(comment), swap={"xl/comments/comment1.xml": ('ref="D2"', f'ref="{MARK}"')})
    screened = screen(parcel(body), partnership)
    assert places(screened) == [("comment", "", (), 1)]
    assert quoted(["Amira", "Haddad"], screened) == []


PARTS: list[tuple[str, dict[str, bytes | str], str]] = [
    ("macros", {"xl/vbaProject.bin": b"Sub"}, "macro"),
    ("sheet of macros", {"xl/macrosheets/sheet1.xml": "<x/>"}, "macro"),
    ("ActiveX", {"xl/activeX/activeX1.xml": "<x/>"}, "control"),
    ("form controls", {"xl/ctrlProps/ctrlProp1.xml": "<x/>"}, "control"),
    ("external link", {"xl/externalLinks/externalLink1.xml": f"<x>{MARK}</x>"}, "external_link"),
    ("pivot cache", {"xl/pivotCache/pivotCacheRecords1.xml": f"<x>{MARK}</x>"}, "pivot"),
    ("slicer", {"xl/slicerCaches/slicerCache1.xml": f"<x>{MARK}</x>"}, "pivot"),
    ("data model", {"xl/model/item.data": b"x"}, "pivot"),
    ("embedded", {"xl/embeddings/Microsoft_Word_Document1.docx": b"PK"}, "embedded"),
    ("nested", {"xl/clients.xlsx": b"PK"}, "embedded"),
    ("picture", {"xl/media/image1.png": b"\x89PNG"}, "drawing"),
    ("text box", {"xl/drawings/drawing9.xml": f"<d><sp><t>{MARK}</t></sp></d>"}, "drawing"),
    ("picture of a note", {"xl/drawings/vmlDrawing9.vml": "<xml><v:imagedata/></xml>"}, "drawing"),
    ("text in the box of a note",
     {"xl/drawings/vmlDrawing9.vml": f'<xml><v:textbox><div>{MARK}</div></v:textbox><x:ClientData ObjectType="Note"/></xml>'}, "drawing"),
    ("button", {"xl/drawings/vmlDrawing9.vml": '<xml><x:ClientData ObjectType="Button"/></xml>'}, "drawing"),
    ("threaded comments", {"xl/threadedComments/threadedComment1.xml": f"<x>{MARK}</x>"}, "comment"),
    ("connection", {"xl/connections.xml": f"<x>{MARK}</x>"}, "connection"),
    ("query", {"xl/queryTables/queryTable1.xml": "<x/>"}, "connection"),
    ("power query", {"customXml/item1.xml": f'<D xmlns="http://schemas.microsoft.com/DataMashup">{MARK}</D>'}, "custom_xml"),
    ("history of changes", {"xl/revisions/revisionLog1.xml": f"<x>{MARK}</x>"}, "history"),
    ("add-in", {"xl/webextensions/webextension1.xml": "<x/>"}, "part"),
    ("ribbon", {"customUI/customUI.xml": "<x/>"}, "part"),
    ("any other part", {"notes.txt": MARK}, "part"),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "rule"), [case[1:] for case in PARTS], ids=[case[0] for case in PARTS])
def test_parts_that_no_template_has_refuse_the_workbook(partnership: Partnership, parts: dict[str, bytes | str], rule: str) -> None:
    screened = screen(parcel(planted(CLEAN, parts)), partnership)
    assert refused(screened) == {rule}
    assert quoted(["Amira", "Haddad"], screened) == []


def test_a_workbook_with_macros_by_its_type(partnership: Partnership) -> None:
    start = "application/vnd."
    types = (f"{start}openxmlformats-officedocument.spreadsheetml.sheet.main+xml", f"{start}ms-excel.sheet.macroEnabled.main+xml")
    assert refused(screen(parcel(planted(CLEAN, swap={"[Content_Types].xml": types})), partnership)) == {"macro"}


def test_a_picture_from_elsewhere(partnership: Partnership) -> None:
    target = f"https://example.org/{MARK}.png"
    link = f'<Relationship Id="rId9" Type="{RELATIONS}/image" Target="{target}" TargetMode="External"/></Relationships>'
    body = planted(CLEAN, swap={"xl/_rels/workbook.xml.rels": ("</Relationships>", link)})
    assert refused(screen(parcel(body), partnership)) == {"external_link"}


def test_several_faults_are_told_at_once(partnership: Partnership) -> None:
    def change(book: Workbook, page: Worksheet) -> None:
        comment(book, page)
        hidden_column(book, page)
        other_sheet(book, page)
        page["E2"] = MARK

    assert refused(screen(parcel(changed(change)), partnership)) == {"comment", "hidden_cells", "other_sheet", "beyond"}


# What spreadsheet programs add by themselves


def test_empty_sheets_and_known_pages_are_left_out(partnership: Partnership) -> None:
    def change(book: Workbook, _page: Worksheet) -> None:
        book.create_sheet(MARK)
        book.create_sheet("toolkit").append(TOOLKIT)
        book.create_sheet("help")["A1"] = "How to fill in this workbook"

    screened = screen(parcel(changed(change)), partnership)
    assert remarks(screened) == {"stray_sheet", "empty_sheet"}
    assert [sheet.contract for sheet in screened.sheets] == ["partner_metrics"]
    assert quoted(["Amira", "Haddad"], screened) == []


def test_a_sheet_refused_for_what_stands_above_its_headings_is_not_called_empty(partnership: Partnership) -> None:
    def change(book: Workbook, page: Worksheet) -> None:
        page.insert_rows(1)
        page["A1"] = MARK
        book.create_sheet("toolkit").append(TOOLKIT)
        book["toolkit"].append(["p01", "2026-Q3", "events_held", "intake", "youth", 4])

    screened = screen(parcel(changed(change)), partnership)
    assert [(rule, rows) for rule, _, rows, _ in places(screened) if rule != "list"] == [("above", (1,))]


def test_a_lone_sheet_under_any_name_is_known_by_its_headings_and_its_name_is_not_told(partnership: Partnership) -> None:
    screened = screen(parcel(saved(book_of(ROW, sheet=MARK))), partnership)
    assert (remarks(screened), screened.sheets[0].sheet) == (set(), "")
    assert quoted(["Amira", "Haddad"], screened) == []


@pytest.mark.parametrize(
    ("sheets", "rules"),
    [
        ([(MARK, HEADER)], {"renamed_sheet"}),
        ([(MARK, HEADER), ("x", HEADER)], {"other_sheet"}),
        ([(MARK, HEADER), ("metrics", HEADER)], {"other_sheet"}),
        ([(MARK, [*HEADER, MARK])], {"other_sheet"}),
    ],
    ids=["renamed", "two of them", "a copy", "other headings"],
)
def test_a_sheet_with_our_headings_is_to_get_its_name_back(
    partnership: Partnership, sheets: list[tuple[str, list[str]]], rules: set[str]
) -> None:
    book = book_of(["p01", "2026-Q3", "events_held", "intake", "youth", 4], header=TOOLKIT, sheet="toolkit")
    for name, header in sheets:
        page = book.create_sheet(name)
        page.append(header)
        page.append(ROW)
    screened = screen(parcel(saved(book)), partnership)
    assert refused(screened) >= rules
    assert quoted(["Amira", "Haddad"], screened) == []
    if rules == {"renamed_sheet"}:
        (told,) = [one for one in screened.findings if one.rule == "gate_renamed_sheet"]
        assert tell(told, "en")[2].startswith("Give the sheet its name back: metrics")
        assert tell(told, "fr")[2].startswith("Redonnez à la feuille son nom : metrics")


def test_what_libreoffice_and_google_and_sharepoint_write_is_no_reason(partnership: Partnership) -> None:
    footer = '&amp;C&amp;"Times New Roman,Regular"&amp;12Page &amp;P'
    drawing = '<xdr:wsDr xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"/>'
    properties = (
        '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" xmlns:vt="t">'
        '<property name="AppVersion"><vt:lpwstr>16.0300</vt:lpwstr></property>'
        '<property name="ContentTypeId"><vt:lpwstr>0x010100AB12</vt:lpwstr></property></Properties>'
    )
    item = '<p:properties xmlns:p="http://schemas.microsoft.com/office/2006/metadata/properties"><documentManagement/></p:properties>'
    parts = {
        "docProps/custom.xml": properties,
        "customXml/item1.xml": item,
        "xl/drawings/drawing1.xml": drawing,
        "xl/printerSettings/printerSettings1.bin": "a printer",
    }
    area = '<definedNames><definedName name="_xlnm.Print_Area">metrics!$A$1:$D$2</definedName></definedNames><calcPr'
    swap = {
        SHEET: ("</worksheet>", f"<headerFooter><oddFooter>{footer}</oddFooter></headerFooter></worksheet>"),
        "xl/workbook.xml": ("<calcPr", area),
    }
    body = planted(CLEAN, parts, swap)
    assert remarks(screen(parcel(body), partnership)) == set()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_our_own_template_filled_in_passes(partnership: Partnership, language: str) -> None:
    made = template(partnership, "p01", "2026-Q3", language=language)
    screened = screen(parcel(made.data), partnership)
    assert (remarks(screened), screened.language) == (set(), language)
    assert screened.sheets[0].periods == ("2026-Q3",)


@pytest.mark.parametrize(("author", "language"), [("OpenLIP", "en"), ("OpenLIP", "fr"), (" ", "en")])
def test_the_comments_of_our_answer_pass_as_they_were(partnership: Partnership, author: str, language: str) -> None:
    """LibreOffice saves them without their author."""
    said = expectations.words("workbook", language)
    blocks = [
        said["answer"]["comment"].format(tier=f"{sign} {said['tiers'][tier]}", found="1 204", expected="2", fix="Write 1204.")
        for sign, tier in (("✖", "must_fix"), ("i", "information"))
    ]

    def change(_book: Workbook, page: Worksheet) -> None:
        page["D2"].comment = Comment("\n\n".join(blocks), author)

    assert remarks(screen(parcel(changed(change)), partnership)) == set()


def test_a_note_on_the_page_of_help_is_told_and_refuses_where_it_looks_personal(partnership: Partnership) -> None:
    def noting(text: str) -> Change:
        def change(book: Workbook, _page: Worksheet) -> None:
            book.create_sheet("help")["A1"] = text

        return change

    screened = screen(parcel(changed(noting("We moved to another office"))), partnership)
    assert remarks(screened) == {"help_text"}
    assert refused(screen(parcel(changed(noting("Amira, 705-555-0100"))), partnership)) == {"help_page"}


@pytest.mark.slow
def test_a_template_saved_by_libreoffice_passes(partnership: Partnership, tmp_path: Path) -> None:
    body = template(partnership, "p01", "2026-Q3").data
    found = {form: screen(parcel(converted(body, form, tmp_path)), partnership) for form in ("xlsx", "ods", "xls")}
    assert remarks(found["xlsx"]) == set()
    assert refused(found["ods"]) == {"open_document"}
    assert refused(found["xls"]) == {"old_workbook"}


# What is damaged, too large, or set to do harm


def sheet_of(rows: str) -> bytes:
    """The clean workbook with other rows in its sheet."""
    return planted(CLEAN, {SHEET: f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'})


def turned(body: bytes, name: str) -> bytes:
    """The workbook with a byte of that part turned, as a bad disk does."""
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        part = file.getinfo(name)
    at = part.header_offset + 30 + len(name) + part.compress_size // 2
    return body[:at] + bytes([body[at] ^ 255]) + body[at + 1 :]


DAMAGED: list[tuple[str, bytes, str]] = [
    ("cut off", CLEAN[: len(CLEAN) // 2], "damaged"),
    ("a bit turned", turned(CLEAN, SHEET), "damaged"),
    ("no sheets", planted(CLEAN, swap={"xl/workbook.xml": ("<sheet ", "<sheat ")}), "damaged"),
    ("XML that is none", planted(CLEAN, {SHEET: "<worksheet>"}), "damaged"),
    ("a sheet of another kind", planted(CLEAN, {SHEET: "<dialogsheet/>"}), "damaged"),
    ("entities that grow",
     planted(CLEAN, {SHEET: '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><worksheet><sheetData>&b;</sheetData></worksheet>'}),
     "damaged"),
    ("a cell that says another place", sheet_of('<row r="1"><c r="A9"><v>1</v></c></row>'), "damaged"),
    ("a cell twice", sheet_of('<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>'), "damaged"),
    ("rows out of order", sheet_of('<row r="2"/><row r="1"><c r="A1"><v>1</v></c></row>'), "damaged"),
    ("a text that is not there", sheet_of('<row r="1"><c r="A1" t="s"><v>99</v></c></row>'), "damaged"),
    ("not a number", sheet_of('<row r="1"><c r="A1"><v>NaN</v></c></row>'), "damaged"),
    ("an unknown packing", packed(parts_of(CLEAN)).replace(b"\x08\x00", b"\x63\x00"), "damaged"),
    ("a lone cell in the far corner", sheet_of('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "far_cell"),
    ("a lone cell far down", sheet_of('<row r="1048576"><c r="A1048576"><v>1</v></c></row>'), "far_cell"),
    ("zeros without end", planted(CLEAN, {"xl/theme/theme1.xml": b"\0" * 40_000_000}), "bomb"),
    ("thousands of parts", planted(CLEAN, {f"xl/worksheets/s{place}.xml": "<x/>" for place in range(600)}), "bomb"),
]  # fmt: skip


def worked() -> float:
    """The seconds of a processor that this process and the children it waited for have used: what a busy machine does not lengthen."""
    return sum(os.times()[:4])


@pytest.mark.parametrize(("body", "rule"), [case[1:] for case in DAMAGED], ids=[case[0] for case in DAMAGED])
def test_a_damaged_or_hostile_workbook_has_its_sentence_in_no_time(partnership: Partnership, body: bytes, rule: str) -> None:
    started = worked()
    assert refused(screen(parcel(body), partnership)) == {rule}
    assert worked() - started < 10


def test_a_part_twice_is_read_by_nobody(partnership: Partnership) -> None:
    out = io.BytesIO(CLEAN)
    with zipfile.ZipFile(out, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr(SHEET, "<worksheet/>")
    assert refused(screen(parcel(out.getvalue()), partnership)) == {"damaged"}


def test_a_part_under_a_password(partnership: Partnership) -> None:
    body = bytearray(CLEAN)
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = body.find(magic)
        while at >= 0:
            body[at + offset] |= 1
            at = body.find(magic, at + 4)
    assert refused(screen(parcel(bytes(body)), partnership)) == {"encrypted"}


@pytest.mark.parametrize(("rows", "columns", "rule"), [(60_000, 12, "cells"), (1_000_000, 10, "bomb")])
def test_millions_of_cells_end_quickly(partnership: Partnership, rows: int, columns: int, rule: str) -> None:
    """Ten million cells would grow beyond what is unpacked at all; less than a million are counted while they stream by."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name, part in parts_of(CLEAN).items():
            if name != SHEET:
                file.writestr(name, part)
        with file.open(SHEET, "w") as sheet:
            sheet.write(f'<worksheet xmlns="{MAIN}"><sheetData>'.encode())
            for first in range(rows // 1_000):
                row = "".join(f"<c><v>{(first * 7919 + column * 104_729) % 999_983}</v></c>" for column in range(columns))
                sheet.write(f"<row>{row}</row>".encode() * 1_000)
            sheet.write(b"</sheetData></worksheet>")
    started = worked()
    assert refused(screen(parcel(out.getvalue()), partnership)) == {rule}
    assert worked() - started < 15


def lettered(texts: int, *, sheet: str = SHEET) -> bytes:
    """The clean workbook with a page of help, and far below on one of its sheets so many long texts that look like nothing."""
    drawn = random.Random(1)
    cells = ("".join(drawn.choices("abcdefghij", k=2_000)) for _ in range(texts))
    rows = "".join(f'<row r="{row}"><c r="H{row}" t="str"><v>{text}</v></c></row>' for row, text in enumerate(cells, start=100))
    return planted(HELPED, swap={sheet: ("</sheetData>", f"{rows}</sheetData>")})


def commented(texts: list[str]) -> bytes:
    """The clean workbook with those comments under our name; what does not pack keeps it from looking like a bomb."""
    comments = "".join(f'<comment ref="D2" authorId="0"><text><t>{text}</t></text></comment>' for text in texts)
    listed = f'<comments xmlns="{MAIN}"><authors><author>OpenLIP</author></authors><commentList>{comments}</commentList></comments>'
    links = f'<Relationships><Relationship Id="r1" Type="{RELATIONS}/comments" Target="/xl/comments1.xml"/></Relationships>'
    noise = random.Random(1).randbytes(700_000)
    rels = "xl/worksheets/_rels/sheet1.xml.rels"
    return planted(CLEAN, {"xl/comments1.xml": listed, rels: links, "xl/printerSettings/printerSettings1.bin": noise})


def blocks(language: str, count: int, first: int = 0) -> str:
    """A comment of ours with so many blocks."""
    said = expectations.words("workbook", language)
    tier = said["tiers"]["must_fix"]
    numbers = range(first, first + count)
    return "\n\n".join(said["answer"]["comment"].format(tier=tier, found=number, expected="2", fix="3") for number in numbers)


HELPED = changed(lambda book, _page: book.create_sheet("help"))
HEAVY: list[tuple[str, Callable[[], bytes], list[tuple[str, int]]]] = [
    ("long texts beside the table", lambda: lettered(1_200), [("beyond", 1_200)]),
    ("long texts on the page of help", lambda: lettered(1_200, sheet="xl/worksheets/sheet2.xml"), [("help_text", 1_200)]),
    ("comments of others", lambda: commented(["x"] * 200_000), [("comment", 200_000)]),
    ("comments of others, no two alike", lambda: commented([f"x\n{place}" for place in range(200_000)]), [("comment", 200_000)]),
    ("comments of ours", lambda: commented([blocks("fr", 30)] * 20_000), []),
    ("comments of ours, no two alike", lambda: commented([blocks("en", 30, place) for place in range(2_000)]), []),
    ("more comments than any answer has", lambda: commented([blocks("en", 30, place) for place in range(6_000)]), [("cells", 1)]),
]


@pytest.mark.parametrize(("body", "expected"), [case[1:] for case in HEAVY], ids=[case[0] for case in HEAVY])
def test_a_heavy_workbook_is_judged_in_seconds(
    partnership: Partnership, body: Callable[[], bytes], expected: list[tuple[str, int]]
) -> None:
    """The judging has no limit of its own, and every other file waits for it: these took ten to thirty times as long."""
    heavy = parcel(body())
    began = time.process_time()
    screened = screen(heavy, partnership)
    assert time.process_time() - began < 4
    assert [(rule, count) for rule, _, _, count in places(screened)] == expected


def test_a_workbook_of_many_megabytes_is_not_opened(partnership: Partnership) -> None:
    assert refused(screen(parcel(CLEAN + b"\0" * 25_000_000), partnership)) == {"large"}


@pytest.mark.parametrize(
    "start",
    [
        "import os; os.kill(os.getpid(), 9)",
        "import time; time.sleep(60)",
        "import sys; sys.path.append(sys.argv[1]); from reader import child; child._limit(); x = bytearray(2 << 30)",
        "import sys; sys.exit(3)",
        "raise SystemError('Amira Haddad')",
    ],
    ids=["killed", "asleep", "beyond its memory", "given up", "broken"],
)
def test_a_child_that_dies_refuses_the_file_and_nothing_else(
    partnership: Partnership, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], start: str
) -> None:
    monkeypatch.setattr(opened, "_START", start)
    monkeypatch.setattr(opened, "WALL_SECONDS", 2)
    assert refused(screen(parcel(CLEAN), partnership)) == {"unsafe"}
    assert capfd.readouterr() == ("", "")


def test_the_child_lives_under_its_limits() -> None:
    kinds = "RLIMIT_AS RLIMIT_CPU RLIMIT_FSIZE RLIMIT_CORE"
    code = (
        "import sys, resource; sys.path.append(sys.argv[1]); from reader import child; child._limit()\n"
        f"print(*[resource.getrlimit(getattr(resource, kind))[0] for kind in '{kinds}'.split()])"
    )
    where = str(Path(opened.__file__ or "").parent)
    said = subprocess.run([sys.executable, "-I", "-S", "-c", code, where], capture_output=True, text=True, check=True).stdout.split()
    assert [int(limit) for limit in said] == [child.MEMORY, child.SECONDS, 0, 0]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 0  # the limits are the child's own
