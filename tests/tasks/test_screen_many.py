"""Of 300 generated clean files all are let in, of 300 with something personal planted none; nothing of those is written anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.comments import Comment

from expectations.partnership import Partnership
from tasks.screen import screen
from tests.screening import HEADER, KEY, book_of, csv_of, parcel, quoted, refused, rows_of, saved

SEED = 20_261_122
MARK = "Zyxmarker Haddad"
MANY = settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLIP_SECRET_GATE_KEY", KEY)
    print(f"seed {SEED}")


def clean(values: list[int]) -> list[list[object]]:
    return [[*row[:3], value] for row, value in zip(rows_of(len(values)), values, strict=True)]


def written(form: str, rows: list[list[object]], header: Sequence[object] = HEADER) -> bytes:
    """The rows as a file of that form."""
    if form == "workbook":
        return saved(book_of(*rows, header=header))
    return csv_of(*rows, header=header, delimiter=FORMS[form], end="\n" if form == "tabs" else "\r\n")


def planted(kind: str, form: str, values: list[int]) -> bytes:
    rows = clean(values)
    if kind in IN_CODES:
        rows[len(rows) // 2][2] = IN_CODES[kind]
    elif kind == "clients":
        rows = [[*rows[0][:3], 1] for _ in rows]
    elif kind in IN_BOOKS:
        book = book_of(*rows)
        IN_BOOKS[kind](book)
        return saved(book)
    heading, cell = IN_COLUMNS.get(kind, ("", ""))
    return written(form, [[*row, cell] for row in rows], [*HEADER, heading]) if heading else written(form, rows)


def comment(book: Workbook) -> None:
    book.worksheets[0]["D2"].comment = Comment(MARK, MARK)


def hidden(book: Workbook) -> None:
    page = book.create_sheet("Sheet2")
    page["A1"], page.sheet_state = MARK, "hidden"


def beside(book: Workbook) -> None:
    book.create_sheet("Sheet2").append([MARK, "705-555-0142"])


def corner(book: Workbook) -> None:
    book.worksheets[0]["XFD1048576"] = MARK


FORMS = {"commas": ",", "semicolons": ";", "tabs": "\t", "workbook": ""}
IN_CODES = {
    "name in a code": MARK,
    "identifier": "0012-3456",
    "telephone": "705-555-0142",
    "address": "zyxmarker@example.org",
    "postal code": "K9J 7X1",
}
IN_COLUMNS = {"notes": ("Notes", MARK), "birth": ("DOB", "1990-03-04"), "name column": ("First name", MARK)}
IN_BOOKS: dict[str, Callable[[Workbook], None]] = {"comment": comment, "hidden": hidden, "beside": beside, "corner": corner}
PLANTS = ("clients", *IN_CODES, *IN_COLUMNS, *IN_BOOKS)


@seed(SEED)
@MANY
@given(st.sampled_from(sorted(FORMS)), st.lists(st.integers(2, 999_999), min_size=1, max_size=60))
def test_clean_files_are_let_in(partnership: Partnership, form: str, values: list[int]) -> None:
    assert refused(screen(parcel(written(form, clean(values))), partnership)) == set()


@seed(SEED)
@MANY
@given(st.sampled_from(PLANTS), st.sampled_from(sorted(FORMS)), st.lists(st.integers(2, 999_999), min_size=5, max_size=60))
def test_planted_files_are_refused(partnership: Partnership, kind: str, form: str, values: list[int]) -> None:
    screened = screen(parcel(planted(kind, form, values)), partnership)
    assert refused(screened)
    assert quoted(["Zyxmarker", "zyxmarker", "Haddad", "0012-3456", "1990-03-04", "705-555", "K9J 7X1"], screened) == []
    assert not (partnership.home / "snapshots").exists()


def test_twenty_thousand_rows_are_screened_whole(partnership: Partnership) -> None:
    rows = [["p01", f"{1900 + place % 200}-Q{place // 200 % 4 + 1}", "clients_served", place] for place in range(800)] * 25
    assert refused(screen(parcel(saved(book_of(*rows))), partnership)) == {"repeated"}
