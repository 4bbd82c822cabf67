"""Contracts and partnerships are read strictly: what is wrong is named, and nothing wrong is guessed right."""

from __future__ import annotations

from pathlib import Path

import pytest

import expectations
from expectations import ContractBroken, is_place_code, parse, read, read_all
from expectations.partnership import Partnership, read_partnership
from tests.world import contract_text

SHIPPED = expectations.names()


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_contract_is_read_and_knows_its_own_bytes(name: str) -> None:
    """A contract is what its file says, and its digest changes with any byte of it."""
    contract = read(name)
    assert contract.name == name
    assert parse(contract_text(name), name=name) == contract
    assert parse(contract_text(name) + "\n# a note\n", name=name).digest != contract.digest


def test_registers_come_first_then_public_tables_then_partners() -> None:
    """Registers say who partners are, so they are read before partners' files."""
    kinds = [next(kind for kind in expectations.KINDS if (expectations.HERE / kind / f"{name}.yaml").is_file()) for name in SHIPPED]
    assert kinds == sorted(kinds, key=expectations.KINDS.index)
    assert [contract.name for contract in read_all()] == SHIPPED


BREAKS = {
    "an unknown key": ("due: quarterly", "due: quarterly\ncolour: red", ["colour", "Extra inputs"]),
    "an unknown key of a column": ("min: 0, max: 60000000", "minimum: 0", ["columns.persons.minimum"]),
    "a key written twice": ("due: quarterly", "due: quarterly\ndue: monthly", ["'due'", "twice", "line 1"]),
    "a key of a column written twice": ("  period: {", "  place: {source: GEO}\n  period: {", ["'place'", "twice"]),
    "an unknown caveat": ("caveats: [estimate]", "caveats: [estimat]", ["estimat", "caveats.yaml"]),
    "an unknown licence": ("licence: statcan-open", "licence: open", ["'open'", "statcan-open"]),
    "a grain that is no column": ("grain: [place, period]", "grain: [place, month]", ["month", "not columns"]),
    "a table without a measure": ("unit: persons, ", "", ["column with a unit"]),
    "a table without a period": ("type: period, frequency: quarterly", "type: text", ["type period"]),
    "a number of a table in another form": ("table: 17-10-0009-01", "table: '17100009'", ["17-10-0009-01", "17100009"]),
    "no table where one is needed": ("table: 17-10-0009-01, ", "", ["needs table"]),
    "a title in one language": ("title: {en:", "title: {de: x, en:", ["title needs en and fr"]),
    "an unknown severity": (
        "caveats:",
        "also: [{type: expect_x, kwargs: {}, severity: fatal}]\ncaveats:",
        ["also.0.severity", "critical"],
    ),
    "a due date that is no rhythm": ("due: quarterly", "due: bi-monthly", ["due", "bi-monthly", "quarterly"]),
    "a key that is missing": ("review_by: 2027-06-01\n", "", ["review_by", "required"]),
    "text that is not YAML": ("grain: [", "grain: [[", ["not a contract in YAML"]),
    "a name inside": ("due:", "name: other\ndue:", ["not a contract in YAML", "name"]),
}


@pytest.mark.parametrize("case", BREAKS)
def test_a_broken_contract_is_refused_with_its_file_and_key(case: str) -> None:
    """What is wrong, where and what to write instead stands in one message. C15: "bi-monthly" is refused."""
    old, new, said = BREAKS[case]
    body = contract_text("statcan_population_quarterly")
    assert old in body
    with pytest.raises(ContractBroken) as refused:
        parse(body.replace(old, new), name="x", where="expectations/public/x.yaml")
    message = str(refused.value)
    assert message.startswith("expectations/public/x.yaml")
    for part in said:
        assert part in message


@pytest.mark.parametrize("empty", ["", "[]", "just text", "1"])
def test_a_file_that_is_no_mapping_is_refused(empty: str) -> None:
    with pytest.raises(ContractBroken, match="is not a contract in YAML"):
        parse(empty, name="x", where="x.yaml")


def test_a_bare_peterborough_is_not_a_place() -> None:
    """C11: a name stands for a city, a census division, a metropolitan area and two ridings."""
    body = contract_text("statcan_population_quarterly")
    bare = body.replace("source: DGUID, type: place", "source: DGUID, type: place, one_of: [Peterborough, 2021S0503529]")
    with pytest.raises(ContractBroken, match=r"column place names places as \['Peterborough'\].*2021S0503529") as refused:
        parse(bare, name="x", where="x.yaml")
    assert "metropolitan area" in str(refused.value)
    coded = body.replace("source: DGUID, type: place", "source: DGUID, type: place, one_of: [2021S0503529]")
    assert parse(coded, name="x").columns["place"].one_of == ["2021S0503529"]


@pytest.mark.parametrize(
    ("text", "is_code"),
    [
        ("2021S0503529", True),
        ("2021A00053515014", True),
        ("2021S05075290001.01", True),
        ("2023A000435086", True),
        ("on/ed:86-2015", True),
        ("Peterborough", False),
        ("peterborough", False),
        ("529", False),
        ("", False),
        ("2021S0503529 ", False),
        ("2021S0503529\n", False),
        ("２０２１S0503529", False),
    ],
)
def test_place_codes(text: str, is_code: bool) -> None:
    assert is_place_code(text) is is_code


def test_an_unknown_contract_names_those_there_are() -> None:
    with pytest.raises(ContractBroken, match=r"no contract 'statcan_x'.*statcan_population_quarterly"):
        read("statcan_x")


def test_a_home_lays_its_contracts_over_the_shipped_ones(partnership: Partnership) -> None:
    """A partnership's own file of the same name wins; another name is added; the shipped file is untouched."""
    folder = partnership.overlay / "public"
    folder.mkdir(parents=True)
    body = contract_text("statcan_population_quarterly")
    (folder / "statcan_population_quarterly.yaml").write_text(body.replace("due: quarterly", "due: annual"), encoding="utf-8")
    (folder / "own_table.yaml").write_text(body, encoding="utf-8")
    there = {contract.name: contract for contract in partnership.contracts()}
    assert there["statcan_population_quarterly"].due == "annual"
    assert "own_table" in there
    assert read("statcan_population_quarterly").due == "quarterly"


# The partnership


def rewritten(home: Path, old: str, new: str) -> None:
    path = home / "partnership.yaml"
    body = path.read_text(encoding="utf-8")
    assert old in body
    path.write_text(body.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("place: 2021S0503529", "place: Peterborough", r"\['Peterborough'\] are not place codes.*2021S0503529"),
        ("places: [2021S0503529,", "places: [Peterborough,", r"\['Peterborough'\] are not place codes"),
        ("context: [2021A000235,", "context: [Ontario,", r"\['Ontario'\] are not place codes"),
        ("languages: [en, fr]", "languages: [en, fr]\nlangauges: [en]", "langauges"),
        ("languages: [en, fr]", "languages: [en, fr]\nlanguages: [en]", r"'languages'\] is written twice"),
        ("coverage: 0.6", "coverage: 60", "thresholds.coverage"),
    ],
)
def test_a_broken_partnership_is_refused_with_its_key(home: Path, old: str, new: str, said: str) -> None:
    """C11: places are codes here too; an unknown key and a key written twice are named."""
    rewritten(home, old, new)
    with pytest.raises(ContractBroken, match=said) as refused:
        read_partnership(home)
    assert str(home / "partnership.yaml") in str(refused.value)


def test_a_folder_that_is_no_home_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ContractBroken, match="openlip init"):
        read_partnership(tmp_path)


def test_a_register_that_is_missing_is_named(partnership: Partnership) -> None:
    (partnership.home / "registers" / "place_labels.csv").unlink()
    with pytest.raises(ContractBroken, match=r"place_labels\.csv: the register is not there"):
        partnership.labels("ircc")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"publisher,name,place\nircc,Peterborough,2021S0503529\n", "no column 'label'"),
        ("publisher,label,place\nircc,Montréal,2021S0503462\n".encode("cp1252"), "CSV UTF-8"),
    ],
)
def test_a_register_that_cannot_be_read_is_named(partnership: Partnership, body: bytes, said: str) -> None:
    path = partnership.home / "registers" / "place_labels.csv"
    path.write_bytes(body)
    with pytest.raises(ContractBroken, match=said) as refused:
        partnership.labels("ircc")
    assert str(path) in str(refused.value)
