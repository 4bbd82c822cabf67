"""Rows that repeat what is known are read without being split into cells: whatever is wrong in one is found all the same."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import generator
from expectations import parse
from expectations.partnership import Partnership
from tasks.stage import Staged, lines, repeats
from tasks.stage.dialect import Dialect
from tasks.stage.lines import Joined, Lines, Piece, ahead, pieces_of
from tasks.stage.repeats import Repeats
from tasks.stage.splitter import Splitter
from tests import world
from tests.world import staged, zipped

TABLE = generator.contract()
OURS = parse(generator.CONTRACT.replace("places: all", "places: partnership"), name=generator.NAME)
FRENCH = parse(generator.CONTRACT.replace("fetch: statcan,", "fetch: statcan, language: fr,"), name=generator.NAME)
SERIES, PERIODS = 60, 8
NAMES = [name.replace(" ", "_") for name in generator.HEADER]
# A row of the sixth month, and the same series a month later.
HERE, LATER = 5 * SERIES + 11, 6 * SERIES + 11
Read = Callable[..., tuple[Any, int]]


class Rows(list[bytes]):
    """The lines of a file; too many to be printed when a test fails."""

    def __repr__(self) -> str:
        return f"{len(self)} rows"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The header, and the rows of eight months with the same sixty series: 56 of Montréal, four of Peterborough."""
    path = tmp_path_factory.mktemp("zips") / "table.zip"
    generator.write_table(path, rows=2_000 * PERIODS)
    head, *found = world.member(path.read_bytes()).splitlines(keepends=True)
    months = [found[start : start + 2_000] for start in range(0, len(found), 2_000)]
    return Rows([head, *(row for month in months for row in [*month[332:388], *month[240:244]])])


def changed(row: bytes, **cells: str) -> bytes:
    """A row with other cells; a column with a blank in its name has an underscore there."""
    there = row.decode().strip()[1:-1].split('","')
    for name, cell in cells.items():
        there[NAMES.index(name)] = cell
    return ('"' + '","'.join(there) + '"\r\n').encode()


def cell_of(row: bytes, name: str) -> str:
    return row.decode().strip()[1:-1].split('","')[NAMES.index(name)]


def with_row(rows: list[bytes], place: int, row: bytes) -> list[bytes]:
    """The rows with another one at a place; the header is at 0."""
    return [*rows[:place], row, *rows[place + 1 :]]


def result(made: Staged) -> Any:
    """All that staging says of a file: why it is refused, or facts, series, what was set aside, and the summary."""
    if made.refusal is not None:
        return made.refusal
    names = 's.series_key, s.place, p.code, f.value, f.status, f.quality, f."row"'
    with closing(sqlite3.connect(made.path)) as db:
        return {
            "facts": db.execute(f"select {names} from facts f join series s using (series_id) join period p using (period)").fetchall(),
            "aside": db.execute("select row, column_name, rule, found, expected, severity from unread").fetchall(),
            "raw": db.execute("select * from raw").fetchall(),
            "series": db.execute("select * from series").fetchall(),
            "file": db.execute("select rows_read, rows_kept, datapoints, periods from file").fetchall(),
        }


def aside(found: Any) -> list[tuple[Any, ...]]:
    """Row, column and kind of what was set aside, by row."""
    assert isinstance(found, dict), found
    return sorted(one[:3] for one in found["aside"])


def in_order(found: Any) -> Any:
    """What staging says, whatever the order; of a refusal without what a parser says of it, which speaks of its own blocks."""
    if isinstance(found, tuple):
        return (found[0].split("(")[0], *found[1:])
    return {name: sorted(some, key=repr) for name, some in found.items()}


@pytest.fixture
def read(partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Stages rows in small chunks: what staging says, and how many rows were recognised.

    A second and a third time nothing is recognised, and then no lines are looked at: all three must say the same.
    """
    monkeypatch.setattr(lines, "FIRST", 1 << 12)
    monkeypatch.setattr(lines, "CHUNK", 1 << 13)
    recognise = Repeats.read

    def reading(rows: list[bytes] | bytes, contract: Any = TABLE) -> tuple[Any, int]:
        body = zipped(generator.PID, rows if isinstance(rows, bytes) else b"".join(rows))
        counts: list[int] = []

        def counted(here: Repeats, chunk: Lines) -> Any:
            found = recognise(here, chunk)
            counts.append(0 if found is None else len(found.series))
            return found

        with monkeypatch.context() as patch:
            patch.setattr(Repeats, "read", counted)
            found = result(staged(body, contract, partnership))
            patch.setattr(Repeats, "read", lambda *_: None)
            assert in_order(result(staged(body, contract, partnership))) == in_order(found)
            patch.setattr(Splitter, "split", lambda *_: None)
            assert in_order(result(staged(body, contract, partnership))) == in_order(found)
        return found, sum(counts)

    return reading


# What is right


def test_most_rows_of_a_table_are_recognised(rows: Rows, read: Read) -> None:
    """Each fact is the cell that stands in its row, whether it was split or not."""
    found, recognised = read(rows)
    assert recognised > SERIES * (PERIODS - 3)
    assert found["aside"] == []
    assert len(found["facts"]) == len(rows) - 1
    for key, place, period, value, status, quality, row in found["facts"]:
        line = rows[row - 1]
        printed, mark = cell_of(line, "VALUE"), cell_of(line, "STATUS")
        assert key.split("\x1f")[0] == cell_of(line, "COORDINATE")
        assert (place, period) == (cell_of(line, "DGUID"), cell_of(line, "REF_DATE"))
        assert value == (float(printed) * 10 ** int(cell_of(line, "SCALAR_ID")) if printed else None)
        assert status == {"": 0, "..": 1, "x": 3, "F": 4, "E": 0}[mark]
        assert quality == 16 * (mark == "E") + 128 * (cell_of(line, "TERMINATED") == "t")


def test_only_our_places_are_kept(rows: Rows, read: Read) -> None:
    found, recognised = read(rows, OURS)
    assert recognised > SERIES * (PERIODS - 3)
    assert {fact[1] for fact in found["facts"]} == {world.PETERBOROUGH}
    assert found["file"][0][:2] == (SERIES * PERIODS, 4 * PERIODS)


def test_a_french_table(rows: Rows, read: Read) -> None:
    """Semicolons between cells and commas in numbers say the same; a point in a number sets its row aside."""
    head, *body = (row.replace(b'","', b'";"') for row in rows)
    french = [head, *(changed_value(row) for row in body)]
    found, recognised = read(french, FRENCH)
    assert recognised > SERIES * (PERIODS - 3)
    assert in_order(found) == in_order(read(rows)[0])
    assert aside(read(with_row(french, HERE, french[HERE].replace(b",", b".")), FRENCH)[0]) == [(HERE + 1, "persons_or_percent", "number")]


def changed_value(row: bytes) -> bytes:
    cells = row.split(b'";"')
    cells[NAMES.index("VALUE")] = cells[NAMES.index("VALUE")].replace(b".", b",")
    return b'";"'.join(cells)


@pytest.mark.parametrize("cut", [0, 1, 2])
def test_a_last_line_end_may_be_missing(cut: int, rows: Rows, read: Read) -> None:
    body = b"".join(rows)
    assert in_order(read(body[: len(body) - cut])[0]) == in_order(read(rows)[0])


def test_line_feeds_alone(rows: Rows, read: Read) -> None:
    found, recognised = read([row.replace(b"\r\n", b"\n") for row in rows])
    assert recognised > SERIES * (PERIODS - 3)
    assert in_order(found) == in_order(read(rows)[0])


def test_quotes_within_a_label_stand_twice(rows: Rows, read: Read) -> None:
    """A label with quotes is recognised as well, and stays as it is printed."""
    found, recognised = read([row.replace(b"Men+", b'""Men"", or so') for row in rows])
    assert recognised > SERIES * (PERIODS - 3)
    assert any('"Men", or so' in fact[0] for fact in found["facts"])
    assert found["aside"] == []


@pytest.mark.parametrize("symbol", ["p", "r"])
def test_a_symbol_beside_every_value_of_a_month(symbol: str, rows: Rows, read: Read) -> None:
    """Preliminary and revised months are recognised too."""
    marked = [changed(row, SYMBOL=symbol) if row.startswith(b'"2001-08') else row for row in rows]
    found, recognised = read(marked)
    assert recognised > SERIES * (PERIODS - 3)
    assert {fact[2] for fact in found["facts"] if fact[5] & (32 if symbol == "p" else 64)} == {"2001-08"}


ORDERS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a series begins later": lambda body: [row for number, row in enumerate(body) if number % SERIES != 7 or number > 3 * SERIES],
    "a series ends": lambda body: [row for number, row in enumerate(body) if number % SERIES != 7 or number < 3 * SERIES],
    "a hole": lambda body: [row for number, row in enumerate(body) if number != 4 * SERIES + 9],
    "two rows in each other's place": lambda body: [*body[:300], body[301], body[300], *body[302:]],
    "two months in each other's place": lambda body: [*body[:120], *body[180:240], *body[120:180], *body[240:]],
    "backwards": lambda body: body[::-1],
    "by series": sorted,
    "no order": lambda body: [row for start in range(7) for row in body[start::7]],
}


@pytest.mark.parametrize("case", ORDERS)
def test_another_order_loses_nothing(case: str, rows: Rows, read: Read) -> None:
    """The rows are those of the file, each with its number there."""
    body = ORDERS[case](rows[1:])
    found, _ = read([rows[0], *body])
    assert found["aside"] == []
    assert [fact[-1] for fact in sorted(found["facts"], key=lambda fact: fact[-1])] == list(range(2, len(body) + 2))
    for key, place, period, *_, row in found["facts"]:
        line = body[row - 2]
        assert (key.split("\x1f")[0], place, period) == tuple(cell_of(line, name) for name in ("COORDINATE", "DGUID", "REF_DATE"))


def test_a_table_of_very_many_series_is_split(rows: Rows, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of series does not grow without end."""
    before = in_order(read(rows)[0])
    monkeypatch.setattr(repeats, "LARGEST", 5_000)
    found, recognised = read(rows)
    assert recognised == 0
    assert in_order(found) == before


def test_columns_in_another_order_are_split(rows: Rows, read: Read) -> None:
    """Where the cells that change do not stand together nothing is recognised, and nothing is lost."""
    there = [row.removeprefix(b"\xef\xbb\xbf").decode().strip()[1:-1].split('","') for row in rows]
    turned = [('"' + '","'.join(cells[::-1]) + '"\r\n').encode() for cells in there]
    found, recognised = read(turned)
    assert recognised == 0
    assert len(found["facts"]) == len(rows) - 1


# What is wrong

WRONG: dict[str, tuple[dict[str, str], tuple[str, str] | None]] = {
    "a label": ({"Gender": "Total - gender"}, ("gender", "label")),
    "a longer label": ({"Gender": "Total - Gender "}, ("gender", "label")),
    "the label of another member": ({"Age_group": "25 to 54 years "}, ("age_group", "label")),
    "a place": ({"DGUID": "2021S0503529"}, ("place", "label")),
    "a digit of a place": ({"DGUID": "2021S0503463"}, ("place", "label")),
    "no place": ({"DGUID": ""}, ("place", "label")),
    "a factor": ({"SCALAR_ID": "6"}, ("persons_or_percent", "scale")),
    "a value": ({"VALUE": "abc"}, ("persons_or_percent", "number")),
    "a value with a comma": ({"VALUE": "1,234.5"}, ("persons_or_percent", "number")),
    "no number": ({"VALUE": "NaN"}, ("persons_or_percent", "number")),
    "an endless number": ({"VALUE": "inf"}, ("persons_or_percent", "number")),
    "a blank": ({"VALUE": " "}, ("persons_or_percent", "number")),
    "a status": ({"STATUS": "Q"}, ("status", "status")),
    "a long status": ({"STATUS": "....."}, ("status", "status")),
    "a status with a zero byte": ({"STATUS": "x\x00"}, ("status", "status")),
    "a symbol": ({"SYMBOL": "x"}, ("status", "symbol")),
    "a symbol and a status": ({"SYMBOL": "pp", "STATUS": "E"}, ("status", "symbol")),
    "a period": ({"REF_DATE": "2001-6"}, ("period", "period")),
    "no period": ({"REF_DATE": ""}, ("period", "period")),
    "a period of another frequency": ({"REF_DATE": "2001"}, ("period", "period")),
    # What is not read may say what it likes.
    "a unit": ({"UOM": "Dollars"}, None),
    "a name": ({"GEO": "Québec"}, None),
    "decimals": ({"DECIMALS": "2"}, None),
    "an end": ({"TERMINATED": "t"}, None),
    "a long mark": ({"STATUS": "<LOD"}, None),
}


@pytest.mark.parametrize("contract", [TABLE, OURS], ids=["all places", "our places"])
@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_cell_far_down_sets_its_row_aside(case: str, contract: Any, rows: Rows, read: Read) -> None:
    """The one row, by its number, whoever's places are kept; the others stay, and most of them are recognised."""
    cells, fault = WRONG[case]
    found, recognised = read(with_row(rows, HERE, changed(rows[HERE], **cells)), contract)
    assert aside(found) == ([(HERE + 1, *fault)] if fault else [])
    kept = SERIES * PERIODS - bool(fault) if contract is TABLE else 4 * PERIODS
    assert len(found["facts"]) == kept
    assert recognised > SERIES


def test_a_place_that_is_ours_by_mistake_is_not_kept(rows: Rows, read: Read) -> None:
    """A row of Montréal that carries Peterborough's code is set aside, as its COORDINATE says another thing."""
    found, _ = read(with_row(rows, HERE, changed(rows[HERE], DGUID=world.PETERBOROUGH)), OURS)
    assert aside(found) == [(HERE + 1, "place", "label")]
    assert HERE + 1 not in [fact[-1] for fact in found["facts"]]


def test_exchanged_coordinates(rows: Rows, read: Read) -> None:
    """Two rows that carry each other's COORDINATE are both set aside."""
    one, two = (cell_of(rows[place], "COORDINATE") for place in (HERE, HERE + 1))
    body = with_row(with_row(rows, HERE, changed(rows[HERE], COORDINATE=two)), HERE + 1, changed(rows[HERE + 1], COORDINATE=one))
    assert {fault[0] for fault in aside(read(body)[0])} == {HERE + 1, HERE + 2}


REFUSED: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "the same row twice": lambda rows: [*rows[:LATER], rows[HERE], *rows[LATER:]],
    "the same row twice at the end": lambda rows: [*rows, rows[HERE]],
    "a row twice, one below the other": lambda rows: [*rows[:HERE], rows[HERE], *rows[HERE:]],
    "a month twice": lambda rows: [*rows, *rows[-SERIES:]],
    "another value for a cell": lambda rows: [*rows, changed(rows[HERE], VALUE="1.5")],
    "a month no calendar has": lambda rows: with_row(rows, HERE, changed(rows[HERE], REF_DATE="2001-13")),
    "other bytes than UTF-8": lambda rows: with_row(rows, HERE, changed(rows[HERE], Gender="é").decode().encode("cp1252")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_contradicts_itself_is_refused(case: str, rows: Rows, read: Read) -> None:
    found, _ = read(REFUSED[case](rows))
    assert isinstance(found, tuple), found


WIDTHS: dict[str, Callable[[bytes], bytes]] = {
    "a cell too few": lambda row: row.replace(b'","1"\r\n', b'"\r\n'),
    "a cell too many": lambda row: row.replace(b'"\r\n', b'","1"\r\n'),
    "half a row": lambda row: row[:60] + b'"\r\n',
    "what is no separator before a status": lambda row: changed(row, VALUE="1.5", STATUS="E").replace(b'1.5","E"', b'1.5,,"E"'),
    "what is no separator before a symbol": lambda row: changed(row, STATUS="E", SYMBOL="p").replace(b'E","p"', b'E,,"p"'),
}


@pytest.mark.parametrize("case", WIDTHS)
def test_a_row_of_another_width_waits(case: str, rows: Rows, read: Read) -> None:
    found, _ = read(with_row(rows, HERE, WIDTHS[case](rows[HERE])))
    assert aside(found) == [(HERE + 1, "", "width")]
    assert len(found["facts"]) == SERIES * PERIODS - 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("place", [1, HERE, LATER])
def test_a_line_end_within_a_cell(place: int, end: str, rows: Rows, read: Read) -> None:
    """Rows are counted as rows, and what stands further down is found by its number."""
    body = with_row(rows, place, changed(rows[place], GEO=f"Mont{end}réal"))
    found, _ = read(with_row(body, LATER + 5, changed(rows[LATER + 5], VALUE="abc")))
    assert aside(found) == [(LATER + 6, "persons_or_percent", "number")]
    assert len(found["facts"]) == SERIES * PERIODS - 1


def test_a_row_within_a_cell_is_no_row(rows: Rows, read: Read) -> None:
    """A cell that holds, after a line end, what looks like a row: nothing of it is taken for one."""
    inner = rows[HERE + 1].decode().replace('"', '""').strip()
    found, _ = read(with_row(rows, HERE, changed(rows[HERE], GEO=f"x\r\n{inner}\r\n")))
    assert len(found["facts"]) == SERIES * PERIODS
    # Without the second quotes the cell ends there, and a row of many cells waits.
    found, _ = read(with_row(rows, HERE, changed(rows[HERE], GEO=f"x\r\n{rows[HERE + 1].decode().strip()}\r\n")))
    assert isinstance(found, tuple) or {fault[2] for fault in aside(found)} == {"width"}


def test_a_file_that_is_cut(rows: Rows, read: Read) -> None:
    """What is left of the last row is no row, wherever the cut is."""
    body = b"".join(rows)
    for left in (len(rows[-1]) - 6, 90, 12, 1):
        found, _ = read(body[: len(body) - len(rows[-1]) + left])
        assert isinstance(found, tuple) or len(found["facts"]) == len(rows) - 2


PIECES = [b'"', b",", b'","', b'""', b"\n", b"\r", b"\r\n", b".", b"1", b"x", b"E", b"..", b"-", b" ", b"\x00", "é".encode(), b"t"]
pieces = st.sampled_from(PIECES)
edits = st.lists(st.tuples(st.floats(0, 1), st.sampled_from(["put", "take", "set"]), pieces), min_size=1, max_size=3)


# pyarrow cannot show a row of another width to a handler when its text is broken: it says so on stderr and refuses the file.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=edits)
def test_any_other_bytes_are_read_as_if_nothing_were_recognised(edits: list[tuple[float, str, bytes]], rows: Rows, read: Read) -> None:
    """Bytes put in, taken out or overwritten anywhere below the header: every way of reading says the same."""
    body, first = b"".join(rows), len(rows[0])
    for share, how, piece in edits:
        place = first + int(share * (len(body) - first - 1))
        body = body[:place] + (piece if how != "take" else b"") + body[place + (len(piece) if how != "put" else 0) :]
    found, _ = read(body)
    assert isinstance(found, tuple) or found["file"]


# Chunks


@pytest.mark.parametrize("size", [3_000, 3_001, 3_002, 3_003, 3_101, 3_150, 3_217])
def test_chunks_may_end_anywhere(size: int, rows: Rows, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    before = in_order(read(rows)[0])
    monkeypatch.setattr(lines, "CHUNK", size)
    assert in_order(read(rows)[0]) == before


class Trickle(io.BytesIO):
    """A stream that gives a few bytes at a time, as a socket does."""

    def readinto(self, space: Any) -> int:
        return super().readinto(memoryview(space)[:7])


ACCENTS = "".join(f'"{number}","Montréal, Québec ✓"\r\n' for number in range(40)).encode()
BODIES = [ACCENTS, ACCENTS[:-2], ACCENTS[:-1], b"a\n\n\nb" * 30, b"x" * 500, b"x" * 200 + b"\n" + b"y" * 300, b"\n", b""]


@pytest.mark.parametrize("body", BODIES)
def test_chunks_are_whole_lines(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands at the border of a chunk, a character of two bytes or a line end of two: nothing is lost and no line is cut."""
    monkeypatch.setattr(lines, "FIRST", 16)
    for size in range(64, 130):
        monkeypatch.setattr(lines, "CHUNK", size)
        for stream in (io.BytesIO(body), Trickle(body)):
            there = [(chunk.data.tobytes(), chunk.ends.tolist()) for chunk in map(Piece.lines, pieces_of(stream))]
            assert b"".join(data for data, _ in there) == body
            for data, ends in there:
                line_ends = [place + 1 for place, byte in enumerate(data) if byte == 10]
                assert ends in (line_ends, [*line_ends, len(data)])
                assert not ends or ends[-1] == len(data)


def test_what_is_made_ahead_keeps_its_order_and_its_errors() -> None:
    with ahead(iter(range(1, 50))) as numbers:
        assert list(numbers) == list(range(1, 50))

    def failing() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"), ahead(failing()) as numbers:
        list(numbers)


def test_pieces_as_one_stream() -> None:
    assert Joined(iter([b"ab", np.frombuffer(b"cde", np.uint8), b"", b"f"])).read() == b"abcdef"


HALVES: dict[str, Callable[[bytes], bytes]] = {
    "a cell that is not closed": lambda row: row.replace(b'"1"\r\n', b'"1\r\n'),
    "a cell over two lines": lambda row: changed(row, GEO="Mont\nréal"),
    "a blank line": lambda row: row + b"\r\n",
    # As many rows as lines, but not one in each.
    "two rows in a line, one in two": lambda row: row.replace(b"\r\n", b"\r") + row + changed(row, GEO="Mont\nréal"),
}


@pytest.mark.parametrize("case", HALVES)
def test_lines_that_are_no_rows_are_not_split_by_themselves(case: str, rows: Rows) -> None:
    header = tuple(rows[0].decode("utf-8-sig").strip()[1:-1].split('","'))
    here = Splitter(Dialect(header, {}, ",", comma=False), ["COORDINATE"])
    (good,), (odd,) = (
        map(Piece.lines, pieces_of(io.BytesIO(body))) for body in (b"".join(rows[1:9]), b"".join([*rows[1:9], HALVES[case](rows[9])]))
    )
    split = here.split(rows[0], good)
    assert split is not None
    assert split.num_rows == 8
    assert here.split(rows[0], odd) is None
