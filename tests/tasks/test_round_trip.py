"""Out, filled in, back, marked, mended, back again: through openpyxl and through LibreOffice, and the gate takes it each time."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from expectations.partnership import Partnership
from tasks.answer.marked import mark
from tasks.screen import Screened, screen
from tasks.template import template, template_csv
from tests.office import converted
from tests.screening import KEY, parcel, saved
from tests.tasks.test_marked import EACH_TIER, submitted, tell
from tests.world import shared_metrics_only

QUARTER = "2026-Q3"
WRITTEN: dict[str, int | str] = {"F2": 517, "F3": 0, "F4": "not collected", "F6": 980}
Pass = Callable[[bytes], bytes]


@pytest.fixture(autouse=True)
def key(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OPENLIP_SECRET_GATE_KEY", KEY)


@pytest.fixture(params=["openpyxl", "LibreOffice"])
def through(request: pytest.FixtureRequest, tmp_path: Path) -> Pass:
    """What a partner's spreadsheet program makes of a workbook when it opens and saves it."""
    if request.param == "openpyxl":
        return lambda body: saved(load_workbook(io.BytesIO(body)))
    return lambda body: converted(body, "xlsx", tmp_path)


@pytest.fixture(autouse=True)
def _no_programmes(partnership: Partnership) -> None:
    shared_metrics_only(partnership)


def filled(body: bytes, written: dict[str, int | str]) -> bytes:
    book = load_workbook(io.BytesIO(body))
    for cell, value in written.items():
        book["metrics"][cell] = value
    return saved(book)


def accepted(body: bytes, partnership: Partnership, partner: str) -> Screened:
    screened = screen(parcel(body, partner=partner), partnership)
    assert not screened.is_refused, [finding.sentence() for finding in screened.findings]
    return screened


def kept(screened: Screened, partnership: Partnership) -> list[list[str]]:
    """The rows of the kept copy: code, number, explanation."""
    (sheet,) = screened.sheets
    lines = (partnership.home / "snapshots" / sheet.snapshot.file).read_text(encoding="utf-8").splitlines()
    return [line.split(",")[2:] for line in lines[1:]]


@pytest.mark.parametrize("partner", ["p01", "p06"])
def test_a_filled_template_passes_the_gate_with_what_was_written(partnership: Partnership, partner: str, through: Pass) -> None:
    made = template(partnership, partner, QUARTER)
    book = load_workbook(io.BytesIO(made.data))
    reason = str(book["help"][str(book["metrics"].data_validations.dataValidation[1].formula1).split("$")[-1].join(["A", ""])].value)
    screened = accepted(through(filled(made.data, WRITTEN | {"G6": reason})), partnership, partner)
    assert screened.findings == ()
    assert (screened.language, screened.partner) == (made.language, partner)
    rows = kept(screened, partnership)
    assert len(rows) == made.rows
    assert [row[1] for row in rows[:5]] == ["517", "0", "not collected", "", "980"]
    assert rows[4][2] == "late_entries"


def test_an_untouched_template_passes_the_gate(partnership: Partnership, through: Pass) -> None:
    made = template(partnership, "p01", QUARTER)
    assert {row[1] for row in kept(accepted(through(made.data), partnership, "p01"), partnership)} == {""}


@pytest.mark.parametrize("partner", ["p01", "p06"])
def test_a_marked_workbook_sent_back_mended_passes_the_gate(partnership: Partnership, partner: str, through: Pass) -> None:
    first = filled(template(partnership, partner, QUARTER).data, WRITTEN | {"F3": "1 204"})
    screened = accepted(first, partnership, partner)
    back = mark(parcel(first), screened, submitted(screened, *EACH_TIER, taken=2, rows=5), partnership, tell=tell)
    mended = accepted(through(filled(back, {"F3": 1204})), partnership, partner)
    assert mended.findings == ()
    assert mended.language == screened.language
    assert [row[1] for row in kept(mended, partnership)[:5]] == ["517", "1204", "not collected", "", "980"]
    # And marked once more it is the same workbook with the marks of this round alone.
    again = mark(parcel(first), mended, submitted(mended, taken=4, rows=5, state="accepted"), partnership, tell=tell)
    book = load_workbook(io.BytesIO(again))
    assert not [cell for row in book["metrics"].iter_rows() for cell in row if cell.comment]


def test_a_csv_template_filled_in_passes_the_gate(partnership: Partnership) -> None:
    text = template_csv(partnership, "p06", QUARTER)["partner_metrics"]
    lines = text.splitlines()
    head, first = lines[0], lines[1].removesuffix(",,,") + ",,77,"
    screened = accepted("\r\n".join([head, first, *lines[2:]]).encode("utf-8-sig"), partnership, "p06")
    assert (screened.form, screened.language) == ("csv", "fr")
    assert kept(screened, partnership)[0][1] == "77"


# What LibreOffice makes of it


def behaviour(book: Workbook) -> dict[str, object]:
    sheet = book["metrics"]
    return {
        "sheets": book.sheetnames,
        "states": [one.sheet_state for one in book.worksheets],
        "protected": [one.protection.sheet for one in book.worksheets],
        "free": [cell.coordinate for row in sheet.iter_rows() for cell in row if not cell.protection.locked],
        "rules": sorted((rule.type, str(rule.sqref), rule.prompt, rule.error) for rule in sheet.data_validations.dataValidation),
        "ids": [(cell.value, cell.data_type, cell.number_format) for cell in sheet["A"][1:]],
        "titles": sheet.print_title_rows,
        "paper": (sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight),
    }


def test_libreoffice_keeps_locks_drop_downs_and_text(partnership: Partnership, tmp_path: Path) -> None:
    made = template(partnership, "p06", QUARTER).data
    ours, theirs = behaviour(load_workbook(io.BytesIO(made))), behaviour(load_workbook(io.BytesIO(converted(made, "xlsx", tmp_path))))
    assert theirs == ours


def test_libreoffice_keeps_the_comments_of_an_answer(partnership: Partnership, tmp_path: Path) -> None:
    first = filled(template(partnership, "p01", QUARTER).data, {"F3": "1 204"})
    screened = accepted(first, partnership, "p01")
    back = mark(parcel(first), screened, submitted(screened, *EACH_TIER), partnership, tell=tell)
    ours, theirs = (load_workbook(io.BytesIO(body))["metrics"] for body in (back, converted(back, "xlsx", tmp_path)))
    for cell in ("F3", "F5", "F6", "F7"):
        assert str(theirs[cell].comment.text).split() == str(ours[cell].comment.text).split()
        assert theirs[cell].fill.fgColor.rgb[2:] == ours[cell].fill.fgColor.rgb[2:]
