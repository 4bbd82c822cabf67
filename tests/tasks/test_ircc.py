"""IRCC's text files: all of their grammar, whatever order, ends, separators or copies they come in."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.publishers import Publishers
from expectations import Contract, ContractBroken, parse, read
from expectations.partnership import Partnership
from tasks.fetch import NotData, SourceUnavailable, Transport, fetch
from tests import world
from tests.tasks.test_stage import facts as numbered
from tests.tasks.test_stage import faults, query, refused
from tests.world import ircc_file, staged

FILES = {
    "ircc_pr_category": "ODP-PR-PT_IMMCAT.csv",
    "ircc_pr_citizenship": "ODP-PR-Citz.csv",
    "ircc_study_permits_province": "ODP-TR-Study-IS_PT_study.csv",
    "ircc_work_permits_province": "ODP-TR-Work-IMP-PT_NOC4.csv",
    "ircc_asylum_claimants": "ODP-Asylum-OfficeType_Prov.csv",
}
ONTARIO, CANADA = "2021A000235", "2021A000011124"
NOT_STATED = "Province/territory not stated"
CLAIMS = """
title: {en: Claims, fr: Demandes}
publisher: Immigration, Refugees and Citizenship Canada
licence: ogl-canada
source: {fetch: ckan, package: x, resource: x.csv}
layout: {kind: delimited, delimiter: "\\t"}
due: monthly
review_by: 2027-06-01
grain: [place, province, period]
rows: [1, 2000]
columns:
  place: {constant: 2021A000011124, type: place}
  province: {source: EN_PROVINCE_TERRITORY, one_of: [Ontario, "Côte d'Or", Province/territory not stated]}
  period: {source: [EN_YEAR, EN_MONTH], type: period, frequency: monthly}
  persons: {source: TOTAL, type: integer, unit: persons, min: 0}
ignore: [EN_QUARTER, FR_ANNEÉ, FR_TRIMESTRE, FR_MOIS, FR_PROVINCE_TERRITOIRE]
non_values: {"--": {status: suppressed, lower: 0, upper: 5}}
rounding: 5
absent: zero
"""
CONTRACT = parse(CLAIMS, name="claims")
COMMAS = parse(CLAIMS.replace('"\\t"', '","'), name="claims")
TIME = ["EN_YEAR", "EN_QUARTER", "EN_MONTH", "FR_ANNEÉ", "FR_TRIMESTRE", "FR_MOIS"]
HEADER = [*TIME, "EN_PROVINCE_TERRITORY", "FR_PROVINCE_TERRITOIRE", "TOTAL"]
ROWS = [
    ["2025", "Q1", "Jan", "2025", "T1", "janv.", "Ontario", "Ontario", "1,205"],
    ["2025", "Q1", "Jan", "2025", "T1", "janv.", NOT_STATED, "non déclaré(e)", "--"],
    ["2025", "Q1", "Feb", "2025", "T1", "fév.", "Ontario", "Ontario", " 10 "],
    ["2025", "Q1", "Feb", "2025", "T1", "fév.", "Côte d'Or", "Côte d'Or", "5"],
]
SAID = [
    ("Côte d'Or", "2025-01", 0.0, 6),
    ("Côte d'Or", "2025-02", 5.0, 0),
    ("Ontario", "2025-01", 1205.0, 0),
    ("Ontario", "2025-02", 10.0, 0),
    (NOT_STATED, "2025-01", None, 5),
    (NOT_STATED, "2025-02", 0.0, 6),
]


def facts(made: Any) -> list[tuple[Any, ...]]:
    """What the file says, whatever row says it: members, period, value, status."""
    return sorted((row[1:-1] for row in numbered(made)), key=str)


def with_delimiter(rows: Sequence[Sequence[str]], delimiter: str, *, header: Sequence[str] = HEADER, end: str = "\r\n") -> bytes:
    """The rows as a text table: a comma in a cell is quoted between commas, and a cell like any other between tabs."""
    if delimiter == "\t":
        return ircc_file(rows, header=header, end=end)
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows([header, *rows])
    return out.getvalue().encode()


# What the shipped contracts read


@pytest.mark.parametrize("name", FILES)
def test_a_shipped_contract_reads_its_sample_to_the_last_row(name: str, publishers: Publishers, partnership: Partnership) -> None:
    """Every row of the places that are kept is a cell; what else the series have in these months are zeros left out."""
    contract = read(name)
    body = world.edition(publishers, FILES[name])
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter="\t"))
    ours = [row for row in rows if row.get("EN_PROVINCE_TERRITORY", "Ontario") == "Ontario"]
    made = staged(body, contract, partnership)
    assert faults(made) == []
    found = numbered(made)
    assert len([row for row in found if row[-1] is not None]) == len(ours)
    assert {row[0] for row in found} == {CANADA if name == "ircc_pr_citizenship" else ONTARIO}
    assert len({row[: len(contract.dimensions)] for row in found}) * 24 == len(found)
    assert sum(row[-3] or 0 for row in found) == sum(int(row["TOTAL"]) for row in ours if row["TOTAL"] != "--")


def test_all_of_them_load_and_are_summed(warehouse: str, publishers: Publishers, partnership: Partnership) -> None:
    """From the portal to the indicators, on both warehouses: each sum has its range, and lies in it."""
    lines = world.refresh(partnership, "place_labels", *FILES)
    assert {line.contract: (line.outcome, line.held) for line in lines.values() if line.contract in FILES} == dict.fromkeys(
        FILES, ("loaded", 0)
    )
    for name in ("pr_economic", "pr_family", "pr_refugees", "study_permits", "work_permits", "asylum_claimants"):
        rows = world.ask(partnership, f"select place, period, lower, value, upper from {name}_12_months order by period desc")
        assert [row[1] for row in rows] == [f"2026-{month:02}" for month in range(9, 0, -1)] + ["2025-12", "2025-11", "2025-10", "2025-09"]
        assert {row[0] for row in rows} == {ONTARIO}
        assert all(row[2] < row[3] < row[4] for row in rows)


# The grammar


def test_the_grammar_in_one_file(partnership: Partnership) -> None:
    """S05, S07, S08, S12: marks, thousands commas, blanks, accents, a constant place, and the zeros of absent rows."""
    made = staged(ircc_file(ROWS, header=HEADER), CONTRACT, partnership)
    assert facts(made) == SAID
    assert {row[0] for row in numbered(made)} == {CANADA}
    assert faults(made) == []


def test_a_constant_place_is_a_code() -> None:
    with pytest.raises(ContractBroken, match=r"names places as \['Canada'\]; places are codes"):
        parse(CLAIMS.replace("constant: 2021A000011124", "constant: Canada"), name="claims")


orders = st.permutations(ROWS)
ends = st.sampled_from(["\n", "\r\n"])
copies = st.lists(st.sampled_from(HEADER), unique=True)
columns = st.permutations(range(len(HEADER)))
spellings = st.sampled_from(
    [NOT_STATED, "Province/Territory not stated", " province/territory  not stated", "Province/territory\u00a0not stated"]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders, ends, st.sampled_from("\t,"), copies, columns, spellings, st.booleans(), st.booleans())
def test_order_ends_separators_copies_and_spellings_change_nothing(
    partnership: Partnership,
    rows: list[list[str]],
    end: str,
    delimiter: str,
    copied: list[str],
    order: list[int],
    spelling: str,
    has_mark: bool,
    has_last_end: bool,
) -> None:
    """S01, S03, S04, S06, S11: any order of rows and columns, CRLF or LF, tabs or commas, a mark at the start, copies of columns."""
    cells = [[spelling if cell == NOT_STATED else cell for cell in row] for row in rows]
    wide = [[row[index] for index in order] + [row[HEADER.index(name)] for name in copied] for row in cells]
    header = [HEADER[index] for index in order] + [f"Copy of {name}" for name in copied]
    body = with_delimiter(wide, delimiter, header=header, end=end)
    body = (b"\xef\xbb\xbf" if has_mark else b"") + (body if has_last_end else body.removesuffix(end.encode()))
    made = staged(body, CONTRACT if delimiter == "\t" else COMMAS, partnership)
    assert facts(made) == SAID
    assert query(made, "select rule, severity from unread") == ([("copies", "warning")] if copied else [])


def test_a_copy_that_says_something_else_refuses_the_file(partnership: Partnership) -> None:
    """S03: nobody can tell which of the two is right."""
    rows = [[*row, row[-1]] for row in ROWS]
    rows[2][-1] = "15"
    message = refused(staged(ircc_file(rows, header=[*HEADER, "Copy of TOTAL"]), CONTRACT, partnership))
    assert "'15' under 'Copy of TOTAL' and ' 10 ' under 'TOTAL' in row 4" in message


def test_the_remark_on_copies_counts_them(partnership: Partnership) -> None:
    made = staged(ircc_file([row * 2 for row in ROWS], header=[*HEADER, *(f"Copy of {name}" for name in HEADER)]), CONTRACT, partnership)
    assert query(made, "select found from unread") == [("9 columns repeated as 'Copy of', such as 'Copy of EN_YEAR'",)]


NO_HEADER = parse(CLAIMS.replace('delimiter: "\\t"', f'delimiter: "\\t", header: [{", ".join(HEADER)}]'), name="claims")


def test_a_file_without_a_header_row(partnership: Partnership) -> None:
    """S02: the contract names the columns; the first row is data and has the number 1."""
    body = ircc_file(ROWS[1:], header=ROWS[0])
    made = staged(body, NO_HEADER, partnership)
    assert (facts(made), faults(made)) == (SAID, [])
    assert {row[-1] for row in numbered(made)} == {1, 2, 3, 4, None}
    message = refused(staged(body, CONTRACT, partnership))
    assert "no header row: the file begins with '2025', 'Q1', 'Jan', '2025'" in message
    assert "`layout: header` in the contract claims" in message


def test_a_header_row_that_came_back(partnership: Partnership) -> None:
    """Where the contract expects none, a header is read as what it is, with a remark."""
    made = staged(ircc_file(ROWS, header=HEADER), NO_HEADER, partnership)
    assert (facts(made), query(made, "select rule, severity from unread")) == (SAID, [("header", "warning")])


@pytest.mark.parametrize(
    ("contract", "delimiter", "said"),
    [
        (CONTRACT, ",", "columns separated by commas | columns separated by tabs"),
        (COMMAS, "\t", "columns separated by tabs | columns separated by commas"),
        (CONTRACT, ";", "columns separated by semicolons"),
    ],
    ids=["commas for tabs", "tabs for commas", "semicolons"],
)
def test_a_file_in_another_dialect_is_told_which(contract: Contract, delimiter: str, said: str, partnership: Partnership) -> None:
    message = refused(staged(with_delimiter(ROWS, delimiter), contract, partnership))
    assert said in message
    assert "mend `delimiter` under `layout` in the contract claims" in message


QUOTES = {
    "a name that begins with a quote": ('"Other" provinces', '"Other" provinces'),
    "a quote inside a name": ('L"Isle', 'L"Isle'),
    "a cell in quotes": ('"Ontario, the province"', "Ontario, the province"),
    "quotes in quotes": ('"the ""Soo"" area"', 'the "Soo" area'),
    "a quote alone": ('"', '"'),
}


@pytest.mark.parametrize("case", QUOTES)
def test_quotes_between_tabs_are_characters(case: str, partnership: Partnership) -> None:
    """A quote at the start of a name must not swallow the rows after it."""
    printed, read_as = QUOTES[case]
    contract = parse(CLAIMS.replace(', one_of: [Ontario, "Côte d\'Or", Province/territory not stated]', ""), name="claims")
    rows = [[*ROWS[0][:6], printed, "x", "5"], *ROWS[2:]]
    made = staged(ircc_file(rows, header=HEADER), contract, partnership)
    assert {row[1] for row in numbered(made)} == {read_as, "Ontario", "Côte d'Or"}


FREQUENCIES = {
    "quarterly": ("source: [EN_YEAR, EN_QUARTER]", "Q3", "2025-Q3", "a year and a quarter such as 2025 Q1"),
    "annual": ("source: [EN_YEAR]", "", "2025", "a year such as 2025"),
}


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_files_of_quarters_and_of_years(frequency: str, partnership: Partnership) -> None:
    source, quarter, code, expected = FREQUENCIES[frequency]
    text = CLAIMS.replace("source: [EN_YEAR, EN_MONTH]", source).replace("monthly}", f"{frequency}}}")
    text = text.replace(
        "[EN_QUARTER, FR_ANNEÉ, FR_TRIMESTRE, FR_MOIS,", "[FR_ANNEÉ," if frequency == "annual" else "[FR_ANNEÉ, FR_TRIMESTRE,"
    )
    header = ["EN_YEAR", *(["EN_QUARTER"] if quarter else []), "FR_ANNEÉ", *(["FR_TRIMESTRE"] if quarter else []), *HEADER[6:]]
    rows = [
        [year, *([part] if quarter else []), year, *([part] if quarter else []), "Ontario", "Ontario", "5"]
        for year, part in (("2025", quarter), ("25", "Q5"))
    ]
    made = staged(ircc_file(rows, header=header), parse(text, name="claims"), partnership)
    assert [row[2] for row in numbered(made)] == [code]
    assert query(made, "select row, rule, expected from unread") == [(3, "period", expected)]


def test_total_before_the_dimensions_and_a_misspelt_column_without_a_pair(partnership: Partnership) -> None:
    """S04: the files of designated learning institutions."""
    contract = parse(
        CLAIMS.replace("grain: [place, province, period]", "grain: [place, institution, admin_type, period]")
        .replace(
            '  province: {source: EN_PROVINCE_TERRITORY, one_of: [Ontario, "Côte d\'Or", Province/territory not stated]}',
            "  institution: {source: EN_DESIGNATED_LEARNING_INSTITUION}\n  admin_type: {source: EN_ADMIN_TYPE}",
        )
        .replace("constant: 2021A000011124, type: place", "source: EN_DLI_PROVINCE_TERRITORY, type: place, labels: ircc")
        .replace("resource: x.csv", "resource: x.csv, places: partnership")
        .replace("FR_PROVINCE_TERRITOIRE", "FR_EED_PROVINCE_TERRITOIRE, FR_TYPE_ADMIN"),
        name="institutions",
    )
    header = [
        *TIME,
        "TOTAL",
        "EN_DLI_PROVINCE_TERRITORY",
        "FR_EED_PROVINCE_TERRITOIRE",
        "EN_DESIGNATED_LEARNING_INSTITUION",
        "EN_ADMIN_TYPE",
        "FR_TYPE_ADMIN",
    ]
    rows = [
        [*ROWS[0][:6], "35", "Ontario", "Ontario", "Trent University", "Public", "Public"],
        [*ROWS[0][:6], "--", "Ontario", "Ontario", "Collège Boréal d'arts appliqués, etc.", "Public", "Public"],
        [*ROWS[0][:6], "45", "Quebec", "Québec", "McGill University", "Public", "Public"],
    ]
    made = staged(ircc_file(rows, header=header), contract, partnership)
    assert [row[:6] for row in numbered(made)] == [
        (ONTARIO, "Trent University", "Public", "2025-01", 35.0, 0),
        (ONTARIO, "Collège Boréal d'arts appliqués, etc.", "Public", "2025-01", None, 5),
    ]
    assert faults(made) == []


# What is refused


def row_of(**cells: str) -> list[str]:
    return [cells.get(name, cell) for name, cell in zip(HEADER, ROWS[0], strict=True)]


BROKEN: dict[str, tuple[Callable[[], bytes], str]] = {
    "half a file": (lambda: ircc_file(ROWS, header=HEADER)[:-30], "a last line that breaks off after 6 of 9 cells | a whole file"),
    "half a character": (
        lambda: ircc_file(ROWS[1:2], header=HEADER).split("é(e)".encode())[0] + b"\xc3",
        "bytes that are not utf-8 at byte",
    ),
    "a header only": (lambda: ircc_file([], header=HEADER), "a header and no rows"),
    "a dimension more": (lambda: ircc_file([[*ROWS[0], "Women"]], header=[*HEADER, "EN_GENDER"]), "a column more: 'EN_GENDER'"),
    "a column renamed": (lambda: ircc_file(ROWS, header=[*HEADER[:-1], "NUMBER"]), "no column 'TOTAL'; a column more: 'NUMBER'"),
    "windows-1252": (lambda: ircc_file(ROWS, header=HEADER).decode().encode("cp1252"), "bytes that are not utf-8"),
    "a page": (lambda: b"<!DOCTYPE html>\n<html><body>Sorry</body></html>", "a column more: '<!DOCTYPE html>'"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_whole_table_is_refused_in_a_sentence(case: str, partnership: Partnership) -> None:
    body, said = BROKEN[case]
    assert said in refused(staged(body(), CONTRACT, partnership))


@pytest.mark.parametrize(
    ("cells", "column", "rule"),
    [
        ({"EN_MONTH": "Smarch"}, "period", "period"),
        ({"TOTAL": "12.5"}, "persons", "integer"),
        ({"TOTAL": "1 205"}, "persons", "integer"),
    ],
    ids=["no month", "half a person", "a blank inside"],
)
def test_a_row_that_cannot_be_read_waits_in_words(cells: dict[str, str], column: str, rule: str, partnership: Partnership) -> None:
    made = staged(ircc_file([row_of(**cells), *ROWS[2:]], header=HEADER), CONTRACT, partnership)
    assert faults(made) == [(2, column, rule)]
    assert all(len(text) > 3 for text in query(made, "select found || expected, fix from unread")[0])


def test_an_unknown_member_is_named_by_the_checks(partnership: Partnership) -> None:
    """S06: spelling is forgiven, another name is not; without it nothing is lost of the others."""
    verdict = world.judged(ircc_file([*ROWS, row_of(EN_PROVINCE_TERRITORY="Ontarioo")], header=HEADER), CONTRACT, partnership)
    assert (verdict.outcome, [(f.rule, f.found) for f in verdict.findings if f.severity == "critical"]) == (
        "held",
        [("one_of_province", "Ontarioo")],
    )


def test_both_spellings_of_a_member_in_one_file_are_one_series(partnership: Partnership) -> None:
    """S06: they are the same member, so one month has one cell; two would be refused."""
    rows = [*ROWS, [*ROWS[2][:6], "Province/Territory not stated", "x", "15"]]
    made = staged(ircc_file(rows, header=HEADER), CONTRACT, partnership)
    assert [row[1:3] for row in facts(made) if row[0] == NOT_STATED] == [("2025-01", None), ("2025-02", 15.0)]
    twice = ircc_file([*ROWS, row_of(EN_PROVINCE_TERRITORY="Province/Territory not stated")], header=HEADER)
    assert {finding.rule for finding in world.judged(twice, CONTRACT, partnership).findings if finding.severity == "critical"} == {"key"}


# Finding the file on the portal


def searched(publishers: Publishers) -> int:
    return len([seen for seen in publishers.log if "package_search" in seen.path])


def move(publishers: Publishers, file: str, package: str) -> None:
    """List a file in another package than before."""
    packages = publishers._ircc._ckan["packages"]
    (resource,) = [one for item in packages for one in item["resources"] if one["file"] == file]
    for item in packages:
        item["resources"] = [one for one in item["resources"] if one is not resource] + ([resource] if item["id"] == package else [])


ASYLUM = "b6cbcf4d-f763-4924-a2fb-8cc4a06e3de4"


def test_a_file_that_moved_is_told_where(publishers: Publishers, partnership: Partnership) -> None:
    """It is not taken from there by itself; two tables of one run that moved ask the search once."""
    for name in ("ircc_pr_cma", "ircc_pr_citizenship"):
        move(publishers, read(name).source.resource, ASYLUM)
    transport = Transport()
    for name in ("ircc_pr_cma", "ircc_pr_citizenship"):
        with pytest.raises(
            NotData, match=rf"lists no file .* now in package {ASYLUM} \(Asylum.*\): mend `package` in the contract {name}\."
        ):
            fetch(read(name), partnership, transport)
    assert searched(publishers) == 1


def test_a_package_that_is_gone_is_told_where_its_file_is(publishers: Publishers, partnership: Partnership) -> None:
    contract = world.changed("ircc_pr_cma", ("f7e5498e", "00000000"))
    with pytest.raises(NotData, match=r"answered 404: .* The file is now in package f7e5498e-.*mend `package`"):
        fetch(contract, partnership, Transport())


def test_a_search_that_fails_leaves_the_first_word(publishers: Publishers, partnership: Partnership) -> None:
    publishers.always("package_search", "html200")
    contract = world.changed("ircc_pr_cma", ("ODP-PR-PT_CMA.csv", "ODP-PR-CMA.csv"))
    with pytest.raises(NotData, match=r"lists no file ODP-PR-CMA\.csv\. Check `resource` in the contract\."):
        fetch(contract, partnership, Transport())


def test_a_file_that_is_listed_is_not_searched_for(publishers: Publishers, partnership: Partnership) -> None:
    assert len(fetch(read("ircc_pr_cma"), partnership, Transport())) == 1
    assert searched(publishers) == 0


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        ("ODP-PR-PT_CMA*.csv", "ODP-PR-PT_CMA-2026.csv"),
        ("ODP-PR-*MA.csv", "ODP-PR-PT_CMA.csv"),
        ("*P-PR-PT_CMA-2025.csv", "ODP-PR-PT_CMA-2025.csv"),
    ],
)
def test_a_star_stands_for_any_text_and_the_newest_is_taken(
    wanted: str, taken: str, publishers: Publishers, partnership: Partnership
) -> None:
    """Newest by last_modified, not by place in the list; a star spans no other characters than it has to."""
    ircc = publishers._ircc
    for year, month in (("2026", 12), ("2025", 1)):
        file = f"ODP-PR-PT_CMA-{year}.csv"
        ircc.files[file] = ircc.files["ODP-PR-PT_CMA.csv"]
        ircc.modified[file] = ircc.modified["ODP-PR-PT_CMA.csv"].replace(month=month)
        ircc._ckan["packages"][0]["resources"].insert(0, {"file": file, "en": "x", "fr": "x"})
    contract = world.changed("ircc_pr_cma", ("resource: ODP-PR-PT_CMA.csv", f'resource: "{wanted}"'))
    (snapshot,) = fetch(contract, partnership, Transport())
    assert snapshot.url.rsplit("/", 1)[-1] == taken


def test_the_title_of_a_file_is_not_its_name(publishers: Publishers, partnership: Partnership) -> None:
    """S12: titles begin with "[rounded - not for calculations]"; the name stands in the address."""
    contract = world.changed("ircc_pr_cma", ("resource: ODP-PR-PT_CMA.csv", 'resource: "[rounded*"'))
    with pytest.raises(NotData, match="lists no file"):
        fetch(contract, partnership, Transport())


def test_another_portal_is_asked_where_ckan_itself_answers(publishers: Publishers, partnership: Partnership) -> None:
    contract = world.changed("ircc_pr_cma", ("{fetch: ckan,", "{fetch: ckan, host: data.ontario.ca,"))
    with pytest.raises(NotData):
        fetch(contract, partnership, Transport())
    assert [seen.path.split("?")[0] for seen in publishers.log] == ["/data.ontario.ca/api/3/action/package_show"]


@pytest.mark.parametrize(("fault", "error"), [("html200", NotData), ("html503", SourceUnavailable)])
def test_a_page_is_never_stored_as_data(fault: str, error: type[Exception], publishers: Publishers, partnership: Partnership) -> None:
    """S15: with 200 it is refused by its first bytes, with 503 the source is away; nothing is searched for."""
    publishers.always("package_show", fault)
    with pytest.raises(error):
        fetch(read("ircc_asylum_claimants"), partnership, Transport())
    assert searched(publishers) == 0
