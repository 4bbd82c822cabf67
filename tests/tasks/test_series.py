"""Numbers of series: once given by the warehouse they stay, however a file numbers them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, text

from expectations.partnership import Partnership
from sql.warehouse import writer
from tasks.load import series

LABELS = ["plain", "with, comma", "tab\there", "back\\slash", "line\nbreak", None]
TABLE = Table(
    "x__series",
    MetaData(),
    Column("series_id", Integer, primary_key=True, autoincrement=False),
    Column("series_key", Text, nullable=False, unique=True),
    Column("place", Text),
)


def staged(numbered: dict[int, str], *, label: str | None = "here") -> sqlite3.Connection:
    """A staging file with these series."""
    db = sqlite3.connect(":memory:")
    db.execute("create table series(series_id integer primary key, series_key text unique, place text)")
    db.executemany("insert into series values (?, ?, ?)", [(number, key, label) for number, key in numbered.items()])
    return db


@contextmanager
def table(partnership: Partnership) -> Iterator[Connection]:
    with writer(partnership.home).begin() as connection:
        TABLE.metadata.create_all(connection)
        yield connection


def kept(connection: Connection) -> list[tuple[int, str, str | None]]:
    return [(row.series_id, row.series_key, row.place) for row in connection.execute(text("select * from x__series order by series_id"))]


def test_new_series_get_the_next_numbers_in_the_order_of_the_file(warehouse: str, partnership: Partnership) -> None:
    """A file that lists them otherwise, or not all of them, changes no number."""
    with table(partnership) as connection:
        with closing(staged({1: "a", 2: "b"})) as db:
            known = series.numbered(connection, TABLE, db)
            assert series.are_own(series.numbers_of(db, known))
        with closing(staged({1: "c", 3: "b", 4: "d"})) as db:
            known = series.numbered(connection, TABLE, db)
            numbers = series.numbers_of(db, known)
        assert known == {"a": 1, "b": 2, "c": 3, "d": 4}
        assert numbers.tolist() == [0, 3, 0, 2, 4]
        assert not series.are_own(numbers)
        assert kept(connection) == [(1, "a", "here"), (2, "b", "here"), (3, "c", "here"), (4, "d", "here")]


def test_any_label_arrives_as_it_was(warehouse: str, partnership: Partnership) -> None:
    with table(partnership) as connection:
        for number, label in enumerate(LABELS, start=1):
            with closing(staged({1: f"key {label!r}"}, label=label)) as db:
                series.numbered(connection, TABLE, db)
            assert kept(connection)[-1] == (number, f"key {label!r}", label)


def test_more_series_than_are_written_at_once(warehouse: str, partnership: Partnership) -> None:
    with table(partnership) as connection, closing(staged({n: f"s{n}" for n in range(1, 2 * series.AT_ONCE + 8)})) as db:
        known = series.numbered(connection, TABLE, db)
        assert len(kept(connection)) == len(known) == 2 * series.AT_ONCE + 7
        assert series.numbered(connection, TABLE, db) == known


PAIRS = st.tuples(st.integers(1, 9), st.sampled_from("abcdefgh"))
FILES = st.lists(PAIRS, unique_by=(lambda pair: pair[0], lambda pair: pair[1]), max_size=8).map(dict)


@given(FILES, FILES, st.permutations("abcdefgh"))
def test_two_files_go_together_when_each_series_has_one_number_in_both(
    one: dict[int, str], other: dict[int, str], given: list[str]
) -> None:
    known = {key: number for number, key in enumerate(given, start=1)}
    with closing(staged(one)) as first, closing(staged(other)) as second:
        found = series.together(series.numbers_of(first, known), series.numbers_of(second, known))
    of_key = [{key: number for number, key in file.items()} for file in (one, other)]
    alike = all(of_key[0][key] == of_key[1][key] for key in of_key[0].keys() & of_key[1].keys())
    apart = all(one[number] == other[number] for number in one.keys() & other.keys())
    assert (found is not None) == (alike and apart)
    if found is not None:
        assert {n: int(number) for n, number in enumerate(found) if number} == {n: known[key] for n, key in (one | other).items()}
