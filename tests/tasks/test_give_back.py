"""Give back: a partner's own numbers beside the group's, one page for it alone, from which nobody else's number can be worked out."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import expectations
from demo.inbox import FIGURES, _clean
from expectations.partnership import Partnership, read_partnership
from tasks import Misuse
from tasks.give_back import Leaf, give_back
from tasks.give_back.insider import beside
from tasks.measure import Figure, Origin
from tasks.protect import classes
from tests.tasks.test_conclude import submit
from tests.verapdf import verapdf
from tests.world import dump, later, loaded, partner_file, succeeds

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = read_partnership(ROOT / "partnerships" / "peterborough")
QUARTER = "2026-Q3"
METRIC = "clients_served"
Numbers = Mapping[str, object]


def register(partnership: Partnership, name: str, text: str) -> None:
    """A register, in its file and in the warehouse."""
    (partnership.home / "registers" / f"{name}.csv").write_text(text, encoding="utf-8")
    loaded(text.encode(), expectations.read(name), partnership)


def world(partnership: Partnership, *quarters: tuple[str, Numbers], metric: str = METRIC, asked: tuple[str, ...] = ()) -> None:
    """Partners with their numbers of one metric, quarter by quarter; all of them, and those `asked`, are asked for it."""
    partners = sorted({partner for _, numbers in quarters for partner in numbers} | set(asked))
    rows = "".join(f"{partner},{metric},2024-07-01,\n" for partner in partners)
    register(partnership, "reporting", f"partner,metric,from,to\n{rows}")
    sent = [(partner, code, metric, number) for code, numbers in quarters for partner, number in numbers.items()]
    loaded(partner_file(*sent), expectations.read("partner_metrics"), partnership, part="all")


class _Table(HTMLParser):
    """The cells of the table of numbers, row by row."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        self.inside = self.inside or tag in ("td", "th")
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.inside and self.rows:
            self.rows[-1][-1] += f" {data}"


def table(leaf: Leaf) -> list[list[str]]:
    return [[" ".join(cell.split()) for cell in row] for row in _Table(leaf.html).rows]


def own(leaf: Leaf) -> list[str]:
    """The partner's numbers in the first row of numbers."""
    return table(leaf)[1][2:-1]


def group(leaf: Leaf) -> list[str]:
    """The group's numbers beside them."""
    return table(leaf)[2][1:-1]


def told(leaf: Leaf) -> str:
    """What is said of the group's last number."""
    return table(leaf)[2][-1]


def pdf_text(leaf: Leaf) -> str:
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=leaf.pdf, capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


# The page


def test_own_numbers_are_exact_and_those_of_the_group_protected(warehouse: str, partnership: Partnership) -> None:
    numbers = {"p01": 101, "p02": 52, "p03": 63, "p04": 74}
    world(partnership, ("2026-Q2", {**numbers, "p01": 99}), (QUARTER, numbers))
    leaf = give_back(partnership, "p01", QUARTER)
    before = dump(partnership)
    assert give_back(partnership, "p01", QUARTER) == leaf
    assert table(leaf)[0][2:-1] == ["2026 Q2", "2026 Q3"]
    assert own(leaf) == ["99", "101"]
    assert group(leaf) == ["290", "290"], "288 and 290, to the nearest 5"
    assert told(leaf) == "4 of 4 partners"
    assert leaf.name == "give-back-p01-2026-Q3"
    assert dump(partnership) == before


def test_it_is_for_one_partner_and_names_no_other(partnership: Partnership) -> None:
    world(partnership, (QUARTER, {"p01": 101, "p02": 52, "p03": 63, "p04": 74}))
    leaf = give_back(partnership, "p02", QUARTER)
    names = [row["name_en"] for row in _members(partnership)]
    for text in (leaf.html, pdf_text(leaf)):
        assert "For Sample Public Library only" in text
        assert [name for name in names if name in text] == ["Sample Public Library"]
        assert not re.search(r"\b(?:p01|p03|p04)\b", text)
        assert not re.search(r"\b(?:101|63|74)\b", text)


def test_partners_that_agreed_are_named_if_they_reported(partnership: Partnership) -> None:
    world(partnership, (QUARTER, {"p01": 101, "p02": 52, "p03": 63, "p04": 74}), asked=("p05",))
    consents = [
        "p03,all,name,2026-01-01,,A",
        "p04,all,name,2026-01-01,2026-06-30,A",
        "p05,all,name,2026-01-01,,A",
        "p02,all,name,2026-01-01,,A",
    ]
    register(partnership, "consents", "\n".join(["partner,metric,shows,from,to,signed_by", *consents, ""]))
    leaf = give_back(partnership, "p02", QUARTER)
    assert "Partners that agreed to be named among those who reported: Sample College." in leaf.html
    assert "Adult Learning" not in leaf.html, "its consent has ended"


def test_zero_not_collected_not_sent_and_not_asked_are_four_things(partnership: Partnership) -> None:
    world(partnership, ("2025-Q4", {"p01": 0}), ("2026-Q1", {"p01": "not collected", "p02": 4}), (QUARTER, {"p01": 7, "p02": 6}))
    text = (
        "partner,metric,from,to\np01,clients_served,2025-10-01,2026-03-31\np01,clients_served,2026-07-01,\np02,clients_served,2024-07-01,\n"
    )
    register(partnership, "reporting", text)
    loaded(partner_file(("p02", "2026-Q2", METRIC, 5)), expectations.read("partner_metrics"), partnership, part="p02")
    leaf = give_back(partnership, "p01", QUARTER)
    assert own(leaf) == ["0", "n/c", "7"], "nothing was asked of 2026-Q2, so it is no column"
    assert "n/c = you said that it was not collected." in leaf.html
    register(partnership, "reporting", "partner,metric,from,to\np01,clients_served,2025-10-01,\np02,clients_served,2024-07-01,\n")
    assert own(give_back(partnership, "p01", QUARTER)) == ["0", "n/c", "–", "7"]


def test_a_metric_asked_for_later_is_marked_before(partnership: Partnership) -> None:
    world(partnership, ("2026-Q1", {"p01": 5}), ("2026-Q2", {"p01": 6}))
    text = "partner,metric,from,to\np01,clients_served,2026-01-01,\np01,job_placements,2026-04-01,\n"
    register(partnership, "reporting", text)
    page = table(give_back(partnership, "p01", "2026-Q2"))
    assert page[3][2:-1] == ["...", "–"]
    assert "... = it was not asked of you." in give_back(partnership, "p01", "2026-Q2").html


def test_a_period_for_which_there_is_no_total_is_not_available(partnership: Partnership) -> None:
    """The metric is asked from the second quarter on, so there is nothing to add up before."""
    world(partnership, ("2026-Q1", {"p01": 5}))
    register(partnership, "reporting", "partner,metric,from,to\np01,clients_served,2026-01-01,\np01,job_placements,2026-04-01,\n")
    loaded(partner_file(("p01", "2026-Q2", "job_placements", 6)), expectations.read("partner_metrics"), partnership, part="p01")
    leaf = give_back(partnership, "p01", "2026-Q2")
    assert [row[1] for row in table(leaf)[4:5]] == [".."]
    assert ".. = not available." in leaf.html


def test_at_most_eight_periods_up_to_the_one_named(partnership: Partnership) -> None:
    codes = [f"{year}-Q{quarter}" for year in (2024, 2025, 2026) for quarter in (1, 2, 3, 4)][2:11]
    world(partnership, *((code, {"p01": n + 1}) for n, code in enumerate(codes)))
    assert own(give_back(partnership, "p01", QUARTER)) == [str(n) for n in range(2, 10)]
    assert own(give_back(partnership, "p01", "2025-Q1")) == ["1", "2", "3"]


def test_who_sent_nothing_is_thanked_for_what_it_sent_before(partnership: Partnership) -> None:
    world(partnership, ("2026-Q2", {"p01": 5, "p02": 6}), (QUARTER, {"p02": 7}))
    text = pdf_text(give_back(partnership, "p01", QUARTER))
    assert "For July to September 2026 we have no number of yours yet" in text
    assert own(give_back(partnership, "p01", QUARTER)) == ["5", "–"]
    assert "you sent 1 of the 1 numbers we asked for" in pdf_text(give_back(partnership, "p02", QUARTER))


def test_a_number_without_a_total_says_so(partnership: Partnership) -> None:
    path = partnership.home / "registers" / "metrics.csv"
    text = path.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("volunteer_mentors,"))
    path.write_text(text + line.replace("volunteer_mentors,", "gardens_planted,") + "\n", encoding="utf-8")
    world(partnership, (QUARTER, {"p01": 5}), metric="gardens_planted")
    leaf = give_back(partnership, "p01", QUARTER)
    assert table(leaf)[2][1] == "The partnership makes no total of this number."


def test_a_new_definition_breaks_the_line_and_is_told(partnership: Partnership) -> None:
    path = partnership.home / "registers" / "metrics.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith(f"{METRIC},1,"))
    lines.insert(at + 1, lines[at].replace(f"{METRIC},1,", f"{METRIC},2,").replace("2024-07-01,", "2026-07-01,"))
    lines[at] = lines[at].removesuffix("2024-07-01,") + "2024-07-01,2026-06-30"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    world(partnership, ("2026-Q1", {"p01": 5}), ("2026-Q2", {"p01": 6}), (QUARTER, {"p01": 9}))
    leaf = give_back(partnership, "p01", QUARTER)
    assert "New definition from 2026 Q3: not to be compared with before." in told(leaf)
    assert 'stroke-dasharray=".5 .7"' in leaf.html, "the rule of a break"


def test_coverage_and_who_was_on_time_are_told_where_they_are_known(partnership: Partnership, environment: pytest.MonkeyPatch) -> None:
    world(partnership, ("2026-Q2", {"p01": 40, "p02": 41, "p03": 42, "p04": 43}), asked=("p05",))
    assert "In all, 4 of 5 partners reported for April to June 2026." in pdf_text(give_back(partnership, "p01", "2026-Q2"))
    for n, partner in enumerate(("p01", "p02", "p03", "p04")):
        received = "2026-10-20T15:00:00Z" if partner == "p03" else "2026-10-14T15:00:00Z"
        submit(partnership, [[partner, QUARTER, METRIC, 50 + n]], place=partner, digest=partner, received=received)
    later(environment, "2026-11-22T17:00:09")
    leaf = give_back(partnership, "p01", QUARTER)
    assert told(leaf) == "4 of 5 partners, 3 on time"
    assert "In all, 4 of 5 partners reported for July to September 2026, 3 of them on time." in pdf_text(leaf)


# What may stand beside one's own number


@pytest.mark.parametrize(
    ("numbers", "shown", "why"),
    [
        pytest.param((40, 33), None, "contributors", id="two contribute: too few for anybody"),
        pytest.param((40, 33, 25), None, "others", id="three contribute: two others"),
        pytest.param((40, 33, 25, 22), 120, "", id="four contribute: three others"),
        pytest.param((0, 33, 25, 22), 80, "", id="three others, and nothing of its own"),
        pytest.param((40, 33, 25, 0, 0), None, "others", id="who says 0 is nobody to hide behind"),
        pytest.param((1000, 2, 1, 2), None, "others", id="the rest would be a small count by itself"),
        pytest.param((1000, 2, 2, 2), 1005, "", id="the rest could be printed by itself"),
        pytest.param((4, 1000, 3, 2), None, "others", id="one other is nearly all of the rest"),
        pytest.param((4, 1000, 50, 49), None, "others", id="just under a tenth of it"),
        pytest.param((4, 1000, 50, 50), 1105, "", id="a tenth of it"),
        pytest.param((1000, 33, 25, 22), 1080, "", id="the dominant partner sees what three others leave of it"),
        pytest.param((1, 1, 1, 1), None, "small", id="a small count"),
    ],
)
def test_a_total_stands_beside_ones_own_number_only_where_it_tells_no_other(numbers: tuple[int, ...], shown: int | None, why: str) -> None:
    named = {f"p{n:02}": value for n, value in enumerate(numbers, start=1)}
    found = beside([_figure(named)], {(METRIC, QUARTER): named}, knows={"p01"}, open_handed=set(), partnership=SHIPPED)[METRIC, QUARTER]
    assert (found.figure.value if found.is_shown else None, found.why) == (shown, why)


@pytest.mark.parametrize(("numbers", "why"), [((4, 2, 3), "others"), ((4, 2, 3, 1), ""), ((4, 2, 3, 0), "others")])
def test_an_exact_total_is_withheld_from_insiders_too(numbers: tuple[int, ...], why: str) -> None:
    """Training sessions are of the open class, printed as they are from one partner on: two partners beside one's own would be told."""
    metric = "trainings_delivered"
    named = {f"p{n:02}": value for n, value in enumerate(numbers, start=1)}
    found = beside([_figure(named, metric)], {(metric, QUARTER): named}, knows={"p01"}, open_handed=set(), partnership=SHIPPED)
    assert found[metric, QUARTER].figure.is_shown
    assert found[metric, QUARTER].why == why


def test_who_counts_nothing_itself_still_has_three_others_before_it(partnership: Partnership) -> None:
    world(partnership, (QUARTER, {"p01": "not collected", "p02": 33, "p03": 25, "p04": 22}))
    leaf = give_back(partnership, "p01", QUARTER)
    assert (own(leaf), group(leaf)) == (["n/c"], ["80"])


def test_a_successor_knows_the_numbers_of_whom_it_goes_on_for(partnership: Partnership) -> None:
    """Of what is left, three others have to stand behind it, whatever the two gave."""
    world(partnership, ("2026-Q2", {"p01": 40, "p02": 33, "p03": 25, "p04": 22}), (QUARTER, {"p01": 41, "p02": 34, "p03": 26, "p04": 23}))
    assert group(give_back(partnership, "p01", QUARTER)) == ["120", "125"]
    succeeds(partnership, p04="p01")
    assert len(set(group(give_back(partnership, "p01", QUARTER)))) == 1
    assert told(give_back(partnership, "p01", QUARTER)).endswith("so that nobody else's number can be worked out")
    assert group(give_back(partnership, "p04", QUARTER)) == ["120", "125"]


def test_why_a_number_is_withheld_is_said_in_words(partnership: Partnership) -> None:
    world(partnership, (QUARTER, {"p01": 40, "p02": 33, "p03": 25}))
    assert told(give_back(partnership, "p01", QUARTER)) == "3 of 3 partners withheld, so that nobody else's number can be worked out"
    world(partnership, (QUARTER, {"p01": 1, "p02": 1, "p03": 1}))
    small = give_back(partnership, "p01", QUARTER)
    assert group(small) == ["--"]
    assert told(small) == "3 of 3 partners hidden: a small count"
    world(partnership, (QUARTER, {"p01": 40, "p02": 33}))
    assert told(give_back(partnership, "p01", QUARTER)).endswith("withheld: too few partners stand behind it")


def test_too_few_reports_withhold_a_total(partnership: Partnership) -> None:
    world(partnership, (QUARTER, {"p01": 40, "p02": 33, "p03": 25, "p04": 22}), asked=("p05", "p06", "p07", "p08"))
    leaf = give_back(partnership, "p01", QUARTER)
    assert group(leaf) == ["x"]
    assert told(leaf) == "4 of 8 partners withheld: too few partners reported"
    assert "x = withheld: too few partners reported." in leaf.html


def test_a_dominant_partner_that_agreed_does_not_hide_the_total(partnership: Partnership) -> None:
    world(partnership, (QUARTER, {"p01": 4, "p02": 1000, "p03": 30, "p04": 20}))
    assert group(give_back(partnership, "p01", QUARTER)) == ["x"]
    register(partnership, "consents", "partner,metric,shows,from,to,signed_by\np02,all,own_numbers,2026-01-01,,A\n")
    assert group(give_back(partnership, "p01", QUARTER)) == ["1,055"]
    assert "Sample Public Library" not in give_back(partnership, "p01", QUARTER).html
    register(partnership, "consents", "partner,metric,shows,from,to,signed_by\np02,all,own_numbers,2026-12-01,,A\n")
    assert group(give_back(partnership, "p01", QUARTER)) == ["x"], "not yet"


def _figure(numbers: Mapping[str, int], metric: str = METRIC) -> Figure:
    total = float(sum(numbers.values()))
    return Figure(
        metric,
        SHIPPED.place,
        QUARTER,
        "2026-09-30",
        total,
        total,
        total,
        None,
        None,
        len(numbers),
        len(numbers),
        sum(value > 0 for value in numbers.values()),
        "",
        (Origin("partner_metrics", 1, 2),),
        ("a" * 64,),
        "2026-10-15T09:00:00Z",
        True,
    )


@given(st.lists(st.integers(0, 400) | st.integers(0, 6), min_size=2, max_size=7))
def test_whatever_partners_report_the_rest_of_a_shown_total_is_printable_and_of_nobody(values: list[int]) -> None:
    numbers = {f"p{n:02}": value for n, value in enumerate(values)}
    key, hide = (METRIC, QUARTER), classes()["persons"].hide
    for partner, mine in numbers.items():
        found = beside([_figure(numbers)], {key: numbers}, knows={partner}, open_handed=set(), partnership=SHIPPED)[key]
        others = sorted(value for name, value in numbers.items() if name != partner and value)
        tells = len(others) < 3 or sum(others) <= hide or 10 * sum(others[:-1]) < others[-1]
        if found.figure.is_shown:
            assert found.is_shown == (not tells)
        if found.is_shown:
            # What an insider knows of the others: the printed total with its rounding, less its own number.
            assert found.figure.lower is not None
            assert found.figure.upper is not None
            assert found.figure.lower - mine <= sum(others) <= found.figure.upper - mine
            assert found.figure.upper - mine - others[-1] >= others[-1] / 10


# What is asked wrongly


@pytest.mark.parametrize(
    ("partner", "period", "language", "message"),
    [
        ("p99", QUARTER, "", r"There is no partner 'p99'.*There are: m10, "),
        ("p01", "2026-Q7", "", "write a period such as 2026-Q3"),
        ("p01", QUARTER, "de", "does not speak 'de'. It speaks: en, fr"),
        ("m10", QUARTER, "", "m10 has sent nothing up to 2026-Q3"),
        ("p01", "2020-Q1", "", "p01 has sent nothing up to 2020-Q1"),
    ],
)
def test_what_cannot_be_given_back_is_said(partner: str, period: str, language: str, message: str, partnership: Partnership) -> None:
    world(partnership, (QUARTER, {"p01": 5}))
    with pytest.raises(Misuse, match=message):
        give_back(partnership, partner, period, language=language)


def test_an_empty_warehouse_has_nothing_to_give_back(partnership: Partnership) -> None:
    with pytest.raises(Misuse, match="nothing to give back yet"):
        give_back(partnership, "p01", QUARTER)


# The sample


@pytest.fixture
def sample(partnership: Partnership) -> Partnership:
    """The sample partnership with all that its partners sent."""
    for name in ("members", "metrics", "reporting"):
        loaded((partnership.home / "registers" / f"{name}.csv").read_bytes(), expectations.read(name), partnership)
    for partner, rows in _clean().items():
        loaded(partner_file(*rows), expectations.read("partner_metrics"), partnership, part=partner)
    return partnership


def test_the_pages_of_the_sample_are_one_page_each_and_conform(sample: Partnership, tmp_path: Path) -> None:
    """Ten metrics of eight quarters (p01), French (p06, which sent nothing for the last), three quarters (p09)."""
    files = []
    for partner, language in (("p01", ""), ("p01", "fr"), ("p06", ""), ("p09", "")):
        leaf = give_back(sample, partner, QUARTER, language=language)
        files.append(tmp_path / f"{partner}{language}.pdf")
        files[-1].write_bytes(leaf.pdf)
        info = subprocess.run(["pdfinfo", str(files[-1])], capture_output=True, check=True).stdout.decode()
        assert "Pages:           1" in info
        flag = "EXEMPLE" if language or partner == "p06" else "SAMPLE"
        assert flag in pdf_text(leaf)
    assert [(v.file.name, v.flavour, v.failed) for v in verapdf(*files) if not v.compliant] == []
    lines = [line.split(",") for line in FIGURES.read_text(encoding="utf-8").splitlines()]
    page = table(give_back(sample, "p01", QUARTER))
    for line, row in zip([line for line in lines if line[0] == "p01"], page[1::2], strict=True):
        assert [number.replace(",", "") for number in row[2:-1]] == line[2:]
    assert give_back(sample, "p01", QUARTER) == give_back(sample, "p01", QUARTER)


def test_both_languages_have_the_same_words() -> None:
    def keys(value: Any) -> Any:
        return {key: keys(inner) for key, inner in value.items()} if isinstance(value, dict) else set(re.findall(r"\{\w+\}", str(value)))

    english, french = (expectations.words("give_back", language) for language in ("en", "fr"))
    assert keys(english) == keys(french)


def test_a_page_without_sample_says_nothing_of_one(partnership: Partnership) -> None:
    world(partnership, (QUARTER, {"p01": 5}))
    real = replace_sample(partnership)
    assert "SAMPLE" not in give_back(real, "p01", QUARTER).html


def replace_sample(partnership: Partnership) -> Partnership:
    return partnership.model_copy(update={"sample": False})


def _members(partnership: Partnership) -> list[dict[str, str]]:
    from tasks.voice import members

    return members(partnership)
