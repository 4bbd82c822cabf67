"""Of 300 generated clean files all are let in, of 300 with something personal planted none; nothing of those is written anywhere."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from expectations.partnership import Partnership
from tasks.screen import screen
from tests.screening import HEADER, KEY, book_of, csv_of, parcel, quoted, refused, rows_of, saved

SEED = 20_261_122
MARK = "Zyxmarker Haddad"
PLANTS = ("name in a code", "notes", "clients", "birth", "name column", "identifier")
MANY = settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLIP_SECRET_GATE_KEY", KEY)
    print(f"seed {SEED}")


def clean(values: list[int]) -> list[list[object]]:
    return [[*row[:3], value] for row, value in zip(rows_of(len(values)), values, strict=True)]


def planted(kind: str, values: list[int]) -> bytes:
    rows = clean(values)
    if kind == "name in a code":
        rows[len(rows) // 2][2] = MARK
    elif kind == "identifier":
        rows[len(rows) // 2][2] = "0012-3456"
    elif kind == "clients":
        rows = [[*rows[0][:3], 1] for _ in rows]
    heading, cell = {"notes": ("Notes", MARK), "birth": ("DOB", "1990-03-04"), "name column": ("First name", MARK)}.get(kind, ("", ""))
    return csv_of(*[[*row, cell] for row in rows], header=[*HEADER, heading]) if heading else csv_of(*rows)


@seed(SEED)
@MANY
@given(st.lists(st.integers(2, 999_999), min_size=1, max_size=60))
def test_clean_files_are_let_in(partnership: Partnership, values: list[int]) -> None:
    assert refused(screen(parcel(csv_of(*clean(values))), partnership)) == set()


@seed(SEED)
@MANY
@given(st.sampled_from(PLANTS), st.lists(st.integers(2, 999_999), min_size=5, max_size=60))
def test_planted_files_are_refused(partnership: Partnership, kind: str, values: list[int]) -> None:
    screened = screen(parcel(planted(kind, values)), partnership)
    assert refused(screened)
    assert quoted(["Zyxmarker", "Haddad", "0012-3456", "1990-03-04"], screened) == []
    assert not (partnership.home / "snapshots").exists()


def test_twenty_thousand_rows_are_screened_whole(partnership: Partnership) -> None:
    rows = [["p01", f"{1900 + place % 200}-Q{place // 200 % 4 + 1}", "clients_served", place] for place in range(800)] * 25
    assert refused(screen(parcel(saved(book_of(*rows))), partnership)) == {"repeated"}
