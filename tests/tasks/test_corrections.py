"""Known errors of publishers: corrected while the file still holds them, and stopped loudly when it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import expectations
from demo.publishers import Publishers
from expectations import Contract, ContractBroken
from expectations.partnership import Partnership
from sql.ledger import QUALITY
from tasks.measure import measure
from tests import world
from tests.world import as_of, ircc_file, ircc_row, judged, loaded, population_row, statcan_file, zipped

ENTRY: dict[str, Any] = {
    "cell": "{place: 2021A000235, period: 2024-Q3}",
    "published": "161241160",
    "corrected": "16124116",
    "reason": "{en: A digit too many., fr: Un chiffre de trop.}",
    "source": "https://example.org/errata",
    "status": "reported",
    "by": "A. Person",
    "on": "2026-10-02",
}
WHERE = "expectations/public/statcan_population_quarterly.corrections.yaml"
SMALL = ("rows: [100,", "rows: [1,"), ("max: 60000000", "max: 900000000")


def entry(**other: Any) -> str:
    """One entry of a corrections file."""
    said = {key: value for key, value in (ENTRY | other).items() if value is not None}
    lines = [f"{key}: {value}" for key, value in said.items()]
    return "- " + "\n  ".join(lines) + "\n"


def corrected(*entries: str, name: str = "statcan_population_quarterly", changes: Any = SMALL) -> Contract:
    """A shipped contract with these entries beside it."""
    body = world.contract_text(name)
    for old, new in changes:
        assert old in body
        body = body.replace(old, new)
    beside = {f"expectations/public/{name}.corrections.yaml": "".join(entries)} if entries else {}
    return expectations.parse(body, name=name, corrections=beside)


def table(*rows: list[str]) -> bytes:
    return zipped("17100009", statcan_file(rows))


WRONG = population_row("2024-07", "35", "161241160", STATUS="E")
OTHER = population_row("2024-04", "35", "16000000")
NAME = {"name": "17100009-eng.zip"}


def cells(partnership: Partnership, contract: Contract) -> dict[str, tuple[Any, ...]]:
    return {row["period"]: (row[contract.measure or ""], row["status"], row["quality"]) for row in as_of(partnership, contract)}


# Applied


def test_a_known_error_is_corrected_and_says_so(warehouse: str, partnership: Partnership) -> None:
    """The cell holds what is right and carries `c` beside its own letter; its neighbour is as published."""
    contract = corrected(entry())
    made = loaded(table(WRONG, OTHER), contract, partnership, **NAME)
    assert made.outcome == "passed"
    found = cells(partnership, contract)
    assert found["2024-Q3"] == (16124116.0, "", QUALITY["c"] | QUALITY["E"])
    assert found["2024-Q2"] == (16000000.0, "", 0)
    origin = world.ask(partnership, 'select "row" from statcan_population_quarterly__facts where value = 16124116')
    assert origin == [(2,)], "it still walks back to the publisher's row"
    letters = {figure.period: figure.quality for figure in measure(partnership, ["population_quarter"])}
    assert letters == {"2024-Q2": "", "2024-Q3": "Ec"}, "a brief prints the letter beside the number"


MARKS = [
    ("5", "F", ("5", ""), (None, "F")),
    ("x", "0", ("", "x"), (0.0, "")),
    ('".."', "x", ("", ".."), (None, "x")),
    ('"..."', "7", ("", "..."), (7.0, "")),
]


@pytest.mark.parametrize(("published", "right", "cell", "found"), MARKS)
def test_a_mark_may_be_wrong_and_may_be_right(
    published: str, right: str, cell: tuple[str, str], found: tuple[Any, ...], warehouse: str, partnership: Partnership
) -> None:
    """A number that should have been withheld, and a mark where there is a number."""
    contract = corrected(entry(published=published, corrected=right))
    loaded(table(population_row("2024-07", "35", cell[0], STATUS=cell[1]), OTHER), contract, partnership, **NAME)
    assert cells(partnership, contract)["2024-Q3"] == (*found, QUALITY["c"])


def test_a_cell_of_a_text_table(partnership: Partnership) -> None:
    """Any layout that keeps cells can be corrected, hidden and absent ones too."""
    rows = [ircc_row(2025, month, "Oshawa", "100") for month in ("Jan", "Feb", "Mar")]
    rows += [ircc_row(2025, "Jan", "Peterborough", "--"), ircc_row(2025, "Feb", "Peterborough", "500")]
    place = world.PETERBOROUGH
    contract = corrected(
        entry(cell=f"{{place: {place}, period: 2025-01}}", published='"--"', corrected="10"),
        entry(cell=f"{{place: {place}, period: 2025-02}}", published="500", corrected="50"),
        entry(cell=f"{{place: {place}, period: 2025-03}}", published="absent", corrected='"--"'),
        name="ircc_pr_cma",
        changes=(),
    )
    loaded(ircc_file(rows), contract, partnership)
    found = {row["period"]: (row["persons"], row["lower"], row["upper"]) for row in as_of(partnership, contract) if row["place"] == place}
    assert found == {"2025-01": (10.0, 7.5, 12.5), "2025-02": (50.0, 47.5, 52.5), "2025-03": (None, 0.0, 5.0)}


def test_what_is_corrected_is_checked(partnership: Partnership) -> None:
    """A wrong number out of its limits goes on once it is right; a correction out of them waits like any row."""
    plain = (("rows: [100,", "rows: [1,"),)
    assert judged(table(WRONG, OTHER), corrected(changes=plain), partnership, **NAME).outcome == "held"
    assert judged(table(WRONG, OTHER), corrected(entry(), changes=plain), partnership, **NAME).outcome == "passed"
    assert judged(table(WRONG, OTHER), corrected(entry(corrected="-1"), changes=plain), partnership, **NAME).outcome == "held"


def test_what_the_publisher_defends_stays(partnership: Partnership) -> None:
    """A rejected entry is kept to be read: it changes nothing and guards nothing."""
    contract = corrected(entry(status="rejected"), entry(cell="{place: 2021A000235, period: 1900-Q1}", status="rejected"))
    loaded(table(WRONG, OTHER), contract, partnership, **NAME)
    assert cells(partnership, contract)["2024-Q3"] == (161241160.0, "", QUALITY["E"])


# The guard


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("16124116", "The publisher mended it; remove the entry"),
        ("16124117", "The publisher changed the cell: look at it; remove the entry"),
    ],
)
def test_a_cell_that_the_publisher_changed_stops_the_table(now: str, said: str, warehouse: str, partnership: Partnership) -> None:
    """C10: file, entry, what was published then and now, and what to do; nothing is loaded and the old release stays in force."""
    contract = corrected(entry(cell="{place: 2021A000235, period: 2024-Q2}", published="16000000", corrected="15999999"), entry())
    loaded(table(WRONG, OTHER), contract, partnership, **NAME)
    before = world.dump(partnership, tables_only=[f"{contract.name}__facts", f"{contract.name}__history", "release"])
    body = table(population_row("2024-07", "35", now), OTHER, population_row("2024-10", "35", "17"))
    verdict = judged(body, contract, partnership, **NAME)
    assert verdict.outcome == "blocked"
    (finding,) = verdict.findings
    assert f"{WHERE} entry 2" in finding.found
    assert now in finding.found
    assert "161241160, as published when the entry was written" in finding.expected
    assert said in finding.fix
    assert loaded(body, contract, partnership, **NAME).outcome == "blocked"
    assert world.dump(partnership, tables_only=list(before)) == before


MISSING = {
    "a period that is not there": ("{place: 2021A000235, period: 2023-Q3}", "no cells place 2021A000235, period 2023-Q3"),
    "a place that is not there": ("{place: 2021S0503529, period: 2024-Q3}", "no cells place 2021S0503529"),
    "a period that is none": ("{place: 2021A000235, period: 2024-Q9}", "'2024-Q9' is not a period"),
}


@pytest.mark.parametrize("case", MISSING)
def test_a_cell_that_is_not_in_the_file_stops_the_table(case: str, partnership: Partnership) -> None:
    cell, said = MISSING[case]
    verdict = judged(table(WRONG, OTHER), corrected(entry(cell=cell)), partnership, **NAME)
    assert verdict.outcome == "blocked"
    assert said in verdict.findings[0].found
    assert f"{WHERE} entry 1" in verdict.findings[0].found
    assert list((partnership.home / "staged").iterdir()) == []


def test_the_letter_is_ours_alone(partnership: Partnership) -> None:
    """A publisher's file cannot say of itself that we corrected it."""
    for column in ("STATUS", "SYMBOL"):
        verdict = judged(table(population_row("2024-07", "35", "5", **{column: "c"}), OTHER), corrected(), partnership, **NAME)
        assert [(finding.row, finding.column) for finding in verdict.findings] == [(2, "status")]


# The file


def put(partnership: Partnership, name: str, body: str) -> Path:
    path = partnership.overlay / "public" / f"{name}.corrections.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body, encoding="utf-8")
    return path


def test_a_new_corrections_file_loads_the_same_bytes_again(
    warehouse: str, publishers: Publishers, partnership: Partnership, environment: pytest.MonkeyPatch
) -> None:
    """Writing an entry and taking it away each make a release of the same snapshot; a second run changes nothing."""
    name = "statcan_population_quarterly"
    assert world.refresh(partnership, name)[name].outcome == "loaded"
    contract = expectations.read(name, partnership.overlay)
    row = max(as_of(partnership, contract), key=lambda row: str(row["period"]))
    cell = f"{{place: {row['place']}, period: {row['period']}}}"
    published = int(row["persons"])
    for day, body in enumerate([entry(cell=cell, published=published, corrected=published + 1), ""], start=23):
        world.later(environment, f"2026-11-{day}T17:00:00")
        path = put(partnership, name, body or "[]")
        if not body:
            path.unlink()
        line = world.refresh(partnership, name)[name]
        assert (line.outcome, line.changed) == ("loaded", 1)
        assert world.refresh(partnership, name)[name].outcome == "unchanged"
        now = {(r["place"], r["period"]): r["persons"] for r in as_of(partnership, contract)}
        assert now[row["place"], row["period"]] == published + bool(body)
    assert len(world.ask(partnership, "select distinct sha256 from release where contract = :c", c=name)) == 1


def test_a_corrections_file_is_no_contract(partnership: Partnership) -> None:
    before = expectations.names(partnership.overlay)
    put(partnership, "statcan_population_quarterly", entry())
    assert expectations.names(partnership.overlay) == before
    contract = expectations.read("statcan_population_quarterly", partnership.overlay)
    assert [correction.applies for correction in contract.corrections] == [True]
    assert contract.digest != expectations.read("statcan_population_quarterly").digest
    assert contract.corrections[0].where.endswith(f"{WHERE} entry 1")


def test_corrections_of_no_contract_are_refused(partnership: Partnership) -> None:
    put(partnership, "statcan_populaton", entry())
    with pytest.raises(ContractBroken, match=r"statcan_populaton.corrections.yaml: there is no contract of that name to correct"):
        expectations.names(partnership.overlay)


REFUSED = {
    "a key more": (entry(note="x"), r"entry 1: note: Extra inputs"),
    "a key missing": (entry(source=None), r"entry 1: source: Field required"),
    "no day": (entry(on="soon"), r"entry 1: on: "),
    "an unknown status": (entry(status="maybe"), r"entry 1: status: .*'maybe'"),
    "one language": (entry(reason="{en: x}"), r"entry 1: reason: .*needs en and fr"),
    "not the whole cell": (entry(cell="{place: 2021A000235}"), r"entry 1: cell names \['place'\]; the grain of the table is"),
    "an unknown mark": (entry(published="n/a"), r"entry 1: 'n/a' is neither a number nor a mark of the table"),
    "no mark of this table": (entry(corrected='"--"'), r"entry 1: '--' is neither a number nor a mark of the table"),
    "a truth value": (entry(published="true"), r"entry 1: published: .*write a number, or a mark in quotes"),
    "not a number": (entry(published=".nan"), r"entry 1: published: "),
    "nothing to correct": (entry(published="5", corrected="5"), r"entry 1: published and corrected are the same"),
    "one cell twice": (entry() + entry(published="1", status="rejected"), r"entry 2 is about the same cell as .* entry 1"),
    "no list": ("cell: {}", r"is not a list of corrections"),
    "no entries": ("- a\n- b\n", r"is not a list of corrections"),
    "a key twice": (entry() + "  by: B. Person\n", r"key \['by'\] is written twice"),
    "broken text": ("- {", r"is not a list of corrections"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_corrections_file_is_read_strictly(case: str) -> None:
    body, said = REFUSED[case]
    with pytest.raises(ContractBroken, match=said) as raised:
        corrected(body)
    assert WHERE in str(raised.value)


@pytest.mark.parametrize("name", ["partner_metrics", "offices"])
def test_what_people_send_is_mended_where_it_is_kept(name: str) -> None:
    with pytest.raises(ContractBroken, match="mend the file itself and collect it again"):
        corrected(entry(), name=name, changes=())


def test_entries_are_not_written_into_a_contract() -> None:
    with pytest.raises(ContractBroken):
        expectations.parse(world.contract_text("ircc_pr_cma") + "corrections: []\n", name="x")
