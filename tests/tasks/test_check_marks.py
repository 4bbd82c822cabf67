"""What stands in the place of a number keeps its meaning from the file to the view that queries read, on both warehouses.

Suppressed, not collected, not applicable, not available, too unreliable, below detection, rounded to zero, left out and zero are nine
things. None of them is another, and none but the last two is 0.
"""

from __future__ import annotations

from typing import Any

from expectations import Contract, parse, read
from expectations.partnership import Partnership
from sql.ledger import QUALITY
from tests import world
from tests.tasks import test_cmhc
from tests.world import ircc_file, ircc_row, loaded, partner_file, population_row, statcan_file, zipped

# As the view tells it: number, least, most, status, quality.
Told = tuple[float | None, float | None, float | None, str, int]
NOTHING = (None, None, None)


def told(partnership: Partnership, contract: Contract, by: str = "period") -> dict[str, Told]:
    measure = str(contract.measure)
    rows = world.as_of(partnership, contract)
    return {row[by]: (row[measure], row["lower"], row["upper"], row["status"], row["quality"]) for row in rows}


def sums(partnership: Partnership, contract: Contract) -> tuple[Any, ...]:
    """What plain SQL makes of the column: how many cells, how many numbers, their sum, and the sums of the bounds."""
    from tasks.build import build

    build(partnership)
    measure = contract.measure
    query = f"select count(*), count({measure}), sum({measure}), sum(lower), sum(upper) from {contract.name}"
    return world.ask(partnership, query)[0]


POPULATION = read("statcan_population_quarterly").model_copy(update={"rows": (1, 100), "revision": read("partner_metrics").revision})
STATCAN: list[tuple[str, str, str, Told]] = [
    ("", "..", "", (*NOTHING, "..", 0)),
    ("", "...", "", (*NOTHING, "...", 0)),
    ("", "x", "", (*NOTHING, "x", 0)),
    ("", "F", "", (*NOTHING, "F", 0)),
    ("", "0s", "", (*NOTHING, "0s", 0)),
    ("", "<LOD", "", (*NOTHING, "<LOD", 0)),
    ("0", "0s", "", (*NOTHING, "0s", 0)),
    ("5", "x", "", (*NOTHING, "x", 0)),
    ("5", "F", "r", (*NOTHING, "F", QUALITY["r"])),
    ("7", "E", "", (7.0, 7.0, 7.0, "", QUALITY["E"])),
    ("7", "", "p", (7.0, 7.0, 7.0, "", QUALITY["p"])),
    ("7", "A", "r", (7.0, 7.0, 7.0, "", QUALITY["A"] | QUALITY["r"])),
    ("0", "", "", (0.0, 0.0, 0.0, "", 0)),
    ("7", "", "", (7.0, 7.0, 7.0, "", 0)),
]


def test_marks_of_statistics_canada(warehouse: str, partnership: Partnership) -> None:
    """S26, S30: every STATUS and SYMBOL, each in a quarter of its own."""
    quarters = [f"{2020 + n // 4}-{n % 4 * 3 + 1:02}" for n in range(len(STATCAN))]
    rows = [
        population_row(quarter, "35", value, STATUS=status, SYMBOL=symbol)
        for quarter, (value, status, symbol, _) in zip(quarters, STATCAN, strict=True)
    ]
    made = loaded(zipped("17100009", statcan_file(rows)), POPULATION, partnership, name="17100009-eng.zip")
    assert (made.outcome, made.rows) == ("passed", len(STATCAN))
    found = told(partnership, POPULATION)
    assert [found[period] for period in sorted(found)] == [expected for *_, expected in STATCAN]
    assert sums(partnership, POPULATION) == (14, 5, 28, 28, 28)


TEXT = """
title: {en: x, fr: x}
publisher: x
licence: own
source: {fetch: download, url: "https://example.org/x.csv"}
layout: {kind: delimited, delimiter: ";"}
due: annual
review_by: 2027-01-01
grain: [place, period]
rows: [1, 100]
columns:
  place: {constant: 2021S0503529, type: place}
  period: {source: year, type: period, frequency: annual}
  persons: {source: n, type: integer, unit: persons, min: 0}
non_values:
  "**": {status: suppressed, lower: 1, upper: 9}
  "++": {status: unreliable}
  n/a: {status: not_applicable}
  not collected: {status: not_collected}
  "..": {status: not_available}
  "0s": {status: rounds_to_zero, lower: 0, upper: 1}
"""
MARKS: list[tuple[str, Told]] = [
    ("**", (None, 1.0, 9.0, "--", 0)),
    ("++", (*NOTHING, "F", 0)),
    ("n/a", (*NOTHING, "...", 0)),
    ("not collected", (*NOTHING, "not collected", 0)),
    ("..", (*NOTHING, "..", 0)),
    ("0s", (None, 0.0, 1.0, "0s", 0)),
    ("0", (0.0, 0.0, 0.0, "", 0)),
    ("7", (7.0, 7.0, 7.0, "", 0)),
]


def test_marks_of_a_contract(warehouse: str, partnership: Partnership) -> None:
    """Marks mean what their contract says, with its bounds, whatever sign the publisher chose for them."""
    folder = partnership.overlay / "public"
    folder.mkdir(parents=True)
    (folder / "marks.yaml").write_text(TEXT, encoding="utf-8")
    contract = parse(TEXT, name="marks")
    body = "year;n\n" + "".join(f"{2000 + number};{mark}\n" for number, (mark, _) in enumerate(MARKS))
    assert loaded(body.encode(), contract, partnership).outcome == "passed"
    found = told(partnership, contract)
    assert [found[period] for period in sorted(found)] == [expected for _, expected in MARKS]
    assert sums(partnership, contract) == (8, 2, 7, 8, 17), "a hidden cell is in the bounds and not in the sum"


def test_marks_of_the_monthly_files(warehouse: str, partnership: Partnership) -> None:
    """S07, S08: a hidden count, a month left out, a number that is rounded; a month that is not there is none of them."""
    residents = read("ircc_pr_cma")
    rows = [ircc_row(2025, month, "Oshawa", "100") for month in world.MONTHS[:4]]
    rows += [
        ircc_row(2025, "Jan", "Peterborough", "--"),
        ircc_row(2025, "Feb", "Peterborough", "10"),
        ircc_row(2025, "Apr", "Peterborough", "5"),
    ]
    loaded(ircc_file(rows), residents, partnership)
    here = {
        row["period"]: (row["persons"], row["lower"], row["upper"], row["status"])
        for row in world.as_of(partnership, residents)
        if row["place"] == world.PETERBOROUGH
    }
    assert here == {
        "2025-01": (None, 0.0, 5.0, "--"),
        "2025-02": (10.0, 7.5, 12.5, ""),
        "2025-03": (0.0, 0.0, 0.0, "absent"),
        "2025-04": (5.0, 2.5, 7.5, ""),
    }


def test_what_partners_did_not_collect(warehouse: str, partnership: Partnership) -> None:
    """D12: not collected is neither nothing nor none."""
    metrics = read("partner_metrics")
    rows = [["p01", f"2025-Q{n}", "clients_served", cell] for n, cell in enumerate(["not collected", "Non recueilli", "0", "5"], start=1)]
    loaded(partner_file(*rows), metrics, partnership)
    found = told(partnership, metrics)
    assert [found[period] for period in sorted(found)] == [
        (*NOTHING, "not collected", 0),
        (*NOTHING, "not collected", 0),
        (0.0, 0.0, 0.0, "", 0),
        (5.0, 5.0, 5.0, "", 0),
    ]


def test_marks_of_the_portal(warehouse: str, partnership: Partnership) -> None:
    """S44: four signs, four meanings; a dash is a real zero."""
    vacancy = test_cmhc.small()
    loaded(test_cmhc.export("2025 October,**,,n/a,,-,,1.2,b,3.4,d,"), vacancy, partnership, **test_cmhc.ASKED)
    found = told(partnership, vacancy, "bedrooms")
    assert sorted(found.values(), key=repr) == sorted(
        [
            (*NOTHING, "--", 0),
            (*NOTHING, "...", 0),
            (0.0, 0.0, 0.0, "", 0),
            (1.2, 1.2, 1.2, "", QUALITY["B"]),
            (3.4, 3.4, 3.4, "", QUALITY["D"]),
        ],
        key=repr,
    )
