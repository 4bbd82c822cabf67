"""Full-table files as they come: French ones, those of other years, very large ones; what is harmless is told, anything else is refused."""

from __future__ import annotations

import csv
import io
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from benchmarks import generator
from demo.publishers import Publishers
from expectations.partnership import Partnership
from tasks.check import check
from tasks.stage import Staged, stage
from tasks.stage.staging import materialise
from tests import world
from tests.world import population_row, snapshot_of, staged, statcan_file, zipped

ENGLISH = world.changed("statcan_population_quarterly", ("rows: [100,", "rows: [1,"))
FRENCH = world.changed("statcan_population_quarterly", ("rows: [100,", "rows: [1,"), ("fetch: statcan,", "fetch: statcan, language: fr,"))
ROWS = [population_row("2024-04", "35", "15"), population_row("2024-07", "35", "", STATUS="..")]
NAMES = {
    "REF_DATE": "PÉRIODE DE RÉFÉRENCE",
    "GEO": "GÉO",
    "UOM": "UNITÉ DE MESURE",
    "UOM_ID": "IDENTIFICATEUR D'UNITÉ DE MESURE",
    "SCALAR_FACTOR": "FACTEUR SCALAIRE",
    "SCALAR_ID": "IDENTIFICATEUR SCALAIRE",
    "VECTOR": "VECTEUR",
    "COORDINATE": "COORDONNÉES",
    "VALUE": "VALEUR",
    "STATUS": "STATUT",
    "SYMBOL": "SYMBOLE",
    "TERMINATED": "TERMINÉ",
    "DECIMALS": "DÉCIMALES",
}


def ask(made: Staged, query: str) -> list[tuple[Any, ...]]:
    assert made.refusal is None, made.refusal
    with closing(sqlite3.connect(made.path)) as db:
        return db.execute(query).fetchall()


def remarks(made: Staged) -> list[str]:
    return [found for (found,) in ask(made, "select found from unread where severity = 'warning' order by number")]


def with_columns(change: Callable[[list[str]], list[str]], rows: list[list[str]] = ROWS) -> bytes:
    """The English file with the header changed; columns are found again by their English name in any case."""
    header = change(list(world.STATCAN_HEADER))
    index = {name: number for number, name in enumerate(world.STATCAN_HEADER)}
    cells = [[row[index[name.upper()]] if name.upper() in index else "x" for name in header] for row in rows]
    return zipped("17100009", statcan_file(cells, header=header))


def french_file(rows: list[list[str]], header: list[str] | None = None) -> bytes:
    out = io.StringIO()
    names = header or [NAMES.get(name, name) for name in world.STATCAN_HEADER]
    csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([names, *rows])
    return zipped("17100009", "\ufeff" + out.getvalue())


# French


def test_a_french_file_says_the_same(publishers: Publishers, partnership: Partnership) -> None:
    """S31: semicolons, decimal commas and accented headers: cell by cell what the English file of the table says."""
    editions = [publishers._statcan.tables["17100009"].zips[language] for language in ("en", "fr")]
    made = [staged(body, contract, partnership) for body, contract in zip(editions, (ENGLISH, FRENCH), strict=True)]
    query = "select s.place, f.period, f.value, f.status, f.quality, f.row from facts f join series s using (series_id) order by f.row"
    assert ask(made[0], query) == ask(made[1], query)
    assert len(ask(made[0], query)) > 50
    assert remarks(made[1]) == []


@pytest.mark.parametrize(
    ("cell", "value"), [("1234,5", 1234.5), ("-0,25", -0.25), ("17", 17.0), ("1.5", None), ("1,234.5", None), ("1 234", None)]
)
def test_a_decimal_comma(cell: str, value: float | None, partnership: Partnership) -> None:
    """A comma is a decimal point and nothing else; a cell that has a point is no French number."""
    made = staged(french_file([population_row("2024-04", "35", cell), population_row("2024-07", "35", "1")]), FRENCH, partnership)
    found = dict(ask(made, "select row, value from facts"))
    assert found.get(2) == value
    assert ask(made, "select row, rule, found from unread") == ([] if value is not None else [(2, "number", cell)])


def test_a_french_status_column_may_have_its_english_name(partnership: Partnership) -> None:
    header = [NAMES.get(name, name) if name != "STATUS" else name for name in world.STATCAN_HEADER]
    made = staged(french_file([population_row("2024-04", "35", "", STATUS="x")], header), FRENCH, partnership)
    assert ask(made, "select value, status from facts") == [(None, 3)]


def test_an_english_file_under_a_french_contract_is_refused(partnership: Partnership) -> None:
    made = staged(zipped("17100009", statcan_file(ROWS)), FRENCH, partnership)
    assert made.refusal is not None
    assert "no column" in made.refusal[0]


# Files of other years

HARMLESS = {
    "no TERMINATED": (lambda names: [n for n in names if n != "TERMINATED"], ["no column TERMINATED"]),
    "no SYMBOL and no VECTOR": (
        lambda names: [n for n in names if n not in ("SYMBOL", "VECTOR")],
        ["no column VECTOR", "no column SYMBOL"],
    ),
    "no DECIMALS": (lambda names: names[:-1], ["no column DECIMALS"]),
    "Coordinate": (lambda names: [n.capitalize() if n == "COORDINATE" else n for n in names], ["the column Coordinate for COORDINATE"]),
    "another order": (lambda names: [*names[:3], *names[3:][::-1]], ["its technical columns in another order"]),
    "no unit": (lambda names: [n for n in names if not n.startswith("UOM")], []),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_came_or_went_without_harm_is_told(case: str, partnership: Partnership) -> None:
    """A column that says nothing we keep may be missing or stand elsewhere: the same cells are read, and a remark goes with them."""
    change, told = HARMLESS[case]
    made = staged(with_columns(change), ENGLISH, partnership, name="17100009-eng.zip")
    query = "select code, value, status from facts join period using (period) order by row"
    assert ask(made, query) == [("2024-Q2", 15.0, 0), ("2024-Q3", None, 1)]
    assert remarks(made) == told
    verdict = check(made, ENGLISH, partnership)
    assert [finding.rule for finding in verdict.findings] == ["columns"] * len(told)
    assert verdict.outcome == "passed"


HARMFUL = {
    "no STATUS": (lambda names: [n for n in names if n != "STATUS"], "no column 'STATUS'"),
    "no COORDINATE": (lambda names: [n for n in names if n != "COORDINATE"], "no column 'COORDINATE'"),
    "no SCALAR_ID": (lambda names: [n for n in names if n != "SCALAR_ID"], "no column 'SCALAR_ID'"),
    "no DGUID": (lambda names: [n for n in names if n != "DGUID"], "no column 'DGUID'"),
    "a second geography": (lambda names: [*names[:3], "Geography of destination", *names[3:]], "a column more: 'Geography of destination'"),
    "a technical column twice": (lambda names: [*names, "Value"], "twice the column 'VALUE'"),
}


@pytest.mark.parametrize("case", HARMFUL)
def test_what_came_or_went_otherwise_is_refused(case: str, partnership: Partnership) -> None:
    """What decides a number's meaning must be there, and what nobody knows may split every series."""
    change, said = HARMFUL[case]
    made = staged(with_columns(change), ENGLISH, partnership, name="17100009-eng.zip")
    assert made.refusal is not None
    assert said in made.refusal[0]
    assert "mend the contract" in made.refusal[2]


def test_a_factor_that_changes_within_a_series_sets_its_row_aside(partnership: Partnership) -> None:
    """Thousands in one month and units in the next: nobody guesses which."""
    rows = [population_row("2024-04", "35", "5"), population_row("2024-07", "35", "5", SCALAR_ID="3")]
    made = staged(zipped("17100009", statcan_file(rows)), ENGLISH, partnership)
    assert ask(made, "select row, rule from unread") == [(3, "scale")]


def test_the_units_of_2018_have_a_blank_at_their_end(partnership: Partnership) -> None:
    """S29: "units " is units."""
    made = staged(zipped("17100009", statcan_file([population_row("2024-04", "35", "5", SCALAR_FACTOR="units ")])), ENGLISH, partnership)
    assert ask(made, "select value from facts") == [(5.0,)]
    assert remarks(made) == []


def test_notes_that_are_no_csv_are_never_read(partnership: Partnership) -> None:
    """S33: quotes inside quotes in the other member harm nothing."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("17100009.csv", statcan_file(ROWS))
        archive.writestr("17100009_MetaData.csv", '"Note ID",Note\n1,"A numeric value "0" indicates a weekend."\n"\n\xff')
    assert ask(staged(out.getvalue(), ENGLISH, partnership), "select count(*) from facts") == [(2,)]


# Sizes and orders


def test_a_zip64_file_is_read(partnership: Partnership) -> None:
    """S35: files over 4 GB have other headers; a small one with them reads the same."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("17100009.csv", "w", force_zip64=True) as member:
        member.write(statcan_file(ROWS))
    assert ask(staged(out.getvalue(), ENGLISH, partnership), "select count(*) from facts") == [(2,)]


def shuffled(lines: list[str]) -> list[str]:
    return [line for start in range(7) for line in lines[start::7]]


def ragged(lines: list[str]) -> list[str]:
    """Some series begin later, some end earlier."""
    gone = {number for number in range(len(lines)) if (number % 11 == 0 and number < 9_000) or (number % 13 == 0 and number > 15_000)}
    return [line for number, line in enumerate(lines) if number not in gone]


@pytest.mark.parametrize("order", [list, shuffled, ragged, sorted])
def test_no_order_of_rows_changes_what_is_read(order: Callable[[list[str]], list[str]], partnership: Partnership, monkeypatch: Any) -> None:
    """As publishers write it, shuffled, with series of different lengths, or series by series; in small chunks and in large ones."""
    path = partnership.home / "table.zip"
    generator.write_table(path, rows=24_000)
    head, *lines = world.member(path.read_bytes()).decode("utf-8-sig").splitlines(keepends=True)
    lines = order(lines)
    body = zipped(generator.PID, "\ufeff" + "".join([head, *lines]))
    contract, found = generator.contract(), []
    for chunk in (1 << 14, 1 << 22):
        monkeypatch.setattr("tasks.stage.lines.CHUNK", chunk)
        made = stage(snapshot_of(body, contract, partnership), contract, partnership)
        with closing(sqlite3.connect(made.path)) as db:
            materialise(db)
            names = "s.place, s.immigrant_status, s.characteristic, s.age_group, s.gender, p.code, f.value, f.status, f.quality, f.row"
            query = f"select {names} from facts f join series s using (series_id) join period p using (period)"
            found.append(sorted(db.execute(query), key=lambda row: int(row[-1])))
    assert found[0] == found[1]
    assert [row[-1] for row in found[0]] == list(range(2, len(lines) + 2))
    place = generator.HEADER.index
    for position in (0, 100, len(lines) - 1):
        (cells,) = csv.reader([lines[position]])
        value = float(cells[place("VALUE")] or "nan") * 10 ** int(cells[place("SCALAR_ID")])
        assert found[0][position][1:6] == (*cells[3:7], cells[0])
        assert found[0][position][6] == (value if cells[place("VALUE")] else None)
