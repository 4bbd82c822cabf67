"""Disclosure control: what leaves `protect` says no more than its class allows, and the same figure always prints the same."""

from __future__ import annotations

import ast
import inspect
import math
from collections import defaultdict
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sql
from expectations.partnership import Partnership, read_partnership
from tasks import Misuse
from tasks.measure import Figure, Origin
from tasks.protect import DisclosureClass, ProtectedChange, ProtectedFigure, claim_of, classes, protect, round_half_up

ROOT = Path(__file__).parents[2]
PARTNERSHIP = read_partnership(ROOT / "partnerships" / "peterborough")
ENOUGH: dict[str, Any] = {"reporters": 5, "expected": 5, "contributors": 5}
# One indicator of each class, by its name in sql/indicators.
OF_CLASS = {
    "open": "trainings_delivered",
    "persons": "clients_served",
    "persons_sensitive": "racism_reports",
    "public_source": "pgwp_month",
    "money": "kitchen_proceeds",
}


def figure(indicator: str, value: float | None = None, **more: Any) -> Figure:
    """A figure of an indicator, of five partners unless told otherwise."""
    said: dict[str, Any] = {
        "indicator": indicator,
        "place": PARTNERSHIP.place,
        "period": "2026-Q3",
        "period_end": "2026-09-30",
        "value": value,
        "lower": value,
        "upper": value,
        "numerator": None,
        "denominator": None,
        "mark": "",
        "origins": (Origin("partner_metrics", 1, 2),),
        "snapshots": ("a" * 64,),
        "released_at": "2026-10-15T09:00:00Z",
        "is_sample": True,
        **ENOUGH,
    }
    return Figure(**said | more)


def shown(indicator: str, value: float | None = None, **more: Any) -> ProtectedFigure:
    return protect([figure(indicator, value, **more)], PARTNERSHIP)[0]


def text(protected: ProtectedFigure) -> str:
    return protected.mark if protected.value is None else f"{protected.value:g}"


# Counts, class by class


def test_each_class_has_an_indicator() -> None:
    queries = sql.read_all()
    assert {name: queries[indicator].indicator.class_ for name, indicator in OF_CLASS.items()} == {name: name for name in classes()}


@pytest.mark.parametrize(
    ("name", "value", "printed"),
    [
        *[("persons", value, "--") for value in range(6)],
        *[("persons", 6, "5"), ("persons", 7, "5"), ("persons", 8, "10"), ("persons", 12, "10"), ("persons", 13, "15")],
        *[("persons", 1437, "1435"), ("persons", 1438, "1440")],
        *[("persons_sensitive", value, "--") for value in range(11)],
        # X13: a printed 10 means 11 to 14. X14: halves go up, 15 to 20 and 25 to 30.
        *[("persons_sensitive", value, "10") for value in range(11, 15)],
        *[("persons_sensitive", 15, "20"), ("persons_sensitive", 24, "20"), ("persons_sensitive", 25, "30")],
        *[("open", value, str(value)) for value in (0, 1, 3, 17)],
        *[
            ("money", 0, "--"),
            ("money", 49, "--"),
            ("money", 50, "100"),
            ("money", 149, "100"),
            ("money", 150, "200"),
            ("money", 9412, "9400"),
        ],
        *[("public_source", value, str(value)) for value in (0, 5, -641, 1205)],
    ],
)
def test_a_class_prints_its_counts_so(name: str, value: int, printed: str) -> None:
    assert text(shown(OF_CLASS[name], value)) == printed


@pytest.mark.parametrize("name", sorted(classes()))
@given(value=st.integers(min_value=0, max_value=100_000))
def test_a_claim_contains_the_truth(name: str, value: int) -> None:
    """What a reader can infer from the print is never wrong, so the ledger never contradicts itself."""
    protected = shown(OF_CLASS[name], value)
    assert protected.lower is not None
    assert protected.upper is not None
    assert protected.lower <= value <= protected.upper


@pytest.mark.parametrize("name", ["persons", "persons_sensitive"])
def test_a_claim_is_exactly_the_counts_that_print_alike(name: str) -> None:
    """X14: the claim is derived from the print; brute force over every count finds no other."""
    rule = classes()[name]
    cells: dict[str, list[int]] = defaultdict(list)
    bounds: dict[str, set[tuple[float | None, float | None]]] = defaultdict(set)
    for value, protected in enumerate(protect([figure(OF_CLASS[name], value) for value in range(400)], PARTNERSHIP)):
        cells[text(protected)].append(value)
        bounds[text(protected)].add((protected.lower, protected.upper))
    for print_, counts in list(cells.items())[:-1]:
        assert bounds[print_] == {(counts[0], counts[-1])}
        if print_ != "--":
            assert claim_of(int(print_), rule) == (counts[0], counts[-1])
    assert cells["--"] == list(range(rule.hide + 1))


@given(value=st.integers(min_value=0, max_value=10**9), base=st.integers(min_value=1, max_value=100))
def test_rounding_is_to_the_nearest_and_halves_go_up(value: int, base: int) -> None:
    rounded = round_half_up(value, base)
    assert rounded % base == 0
    assert -base < 2 * (value - rounded) <= base or 2 * (rounded - value) == base
    assert 2 * (value - rounded) != base, "a half went down"


def test_the_same_figure_prints_the_same_every_time() -> None:
    """X06: no draw of chance, so twelve editions tell no more than one."""
    asked = [figure("clients_served", value) for value in range(200)]
    first = protect(asked, PARTNERSHIP)
    for _ in range(12):
        assert protect(asked, PARTNERSHIP) == first
    assert protect(asked[::-1], PARTNERSHIP) == first[::-1], "and not of the order"


# Partners behind a total


@pytest.mark.parametrize(
    ("reporters", "contributors", "printed"),
    [
        pytest.param(5, 3, "40", id="three stand behind it"),
        pytest.param(5, 2, "x", id="two: each would know the other's number (X07)"),
        pytest.param(5, 1, "x", id="one"),
        pytest.param(5, 0, "40", id="nobody had any: says nothing of anybody"),
        pytest.param(2, 0, "x", id="nobody had any, of two that said so"),
    ],
)
def test_three_partners_stand_behind_a_total(reporters: int, contributors: int, printed: str) -> None:
    protected = shown("clients_served", 40, reporters=reporters, expected=reporters, contributors=contributors)
    assert text(protected) == printed
    if printed == "x":
        assert (protected.status, protected.reason, protected.lower, protected.upper) == ("withheld", "contributors", None, None)


def test_a_zero_of_all_partners_is_hidden_as_any_small_count() -> None:
    assert text(shown("clients_served", 0, contributors=0)) == "--"


def test_an_open_count_may_come_from_one_partner() -> None:
    assert text(shown("trainings_delivered", 3, contributors=1)) == "3"


@pytest.mark.parametrize("indicator", ["clients_served", "racism_reports", "welcome_pass_use"])
def test_a_class_that_asks_for_partners_is_told_how_many(indicator: str) -> None:
    """A query that forgets the column stops; it does not print."""
    with pytest.raises(Misuse, match=rf"sql/indicators/{indicator}\.sql .* 3 partners .* select the column contributors"):
        shown(indicator, 40, contributors=None)


@pytest.mark.parametrize(
    ("coverage", "reporters", "expected", "is_shown"),
    [
        (0.6, 6, 10, True),
        (0.6, 5, 10, False),
        (0.6, 3, 5, True),
        (0.6, 2, 5, False),
        # 0.55 * 20 is 11.000000000000002: eleven of twenty are 55 % all the same.
        (0.55, 11, 20, True),
        (0.0, 3, 9, True),
        (1.0, 8, 9, False),
        (1.0, 9, 9, True),
    ],
)
def test_a_total_below_the_coverage_does_not_print(coverage: float, reporters: int, expected: int, is_shown: bool) -> None:
    """D11."""
    of = PARTNERSHIP.model_copy(update={"thresholds": PARTNERSHIP.thresholds.model_copy(update={"coverage": coverage})})
    protected = protect([figure("clients_served", 400, reporters=reporters, expected=expected)], of)[0]
    assert protected.is_shown == is_shown
    if not is_shown:
        assert (protected.value, protected.mark, protected.reason) == (None, "x", "coverage")
    assert (protected.reporters, protected.expected) == (reporters, expected), "how many reported is said either way"


def test_coverage_withholds_an_open_count_too() -> None:
    assert text(shown("trainings_delivered", 10, reporters=1, expected=5)) == "x"


def test_how_many_partners_reported_is_printed_however_few_they_were() -> None:
    assert text(shown("partners_reporting", numerator=1, denominator=9, reporters=None, expected=None, contributors=None)) == "11"


# Shares


def share(numerator: float | None, denominator: float | None, **more: Any) -> ProtectedFigure:
    raw = 100 * numerator / denominator if numerator is not None and denominator else None
    return shown("welcome_pass_use", raw, numerator=numerator, denominator=denominator, **more)


@pytest.mark.parametrize("denominator", range(10, 201, 5))
def test_a_percentage_tells_no_more_than_its_rounded_parts(denominator: int) -> None:
    """X05, exhaustively: every numerator and denominator that round alike print the same percentage."""
    pairs = [(n, d) for d in range(max(6, denominator - 2), denominator + 3) for n in range(6, d + 1)]
    figures = [figure("welcome_pass_use", 100 * n / d, numerator=n, denominator=d) for n, d in pairs]
    printed: dict[tuple[int, int], set[ProtectedFigure]] = defaultdict(set)
    for (n, d), protected in zip(pairs, protect(figures, PARTNERSHIP), strict=True):
        printed[round_half_up(n, 5), round_half_up(d, 5)].add(protected)
    assert printed
    assert all(len(prints) == 1 for prints in printed.values()), printed


def test_a_percentage_is_that_of_the_rounded_parts() -> None:
    assert text(share(48, 118)) == "42"  # 50 of 120, where the true parts say 40.7
    assert text(share(52, 118)) == "42"
    assert share(48, 118).lower is None
    assert share(48, 118).upper is None


@pytest.mark.parametrize(
    ("numerator", "denominator", "mark"),
    [
        pytest.param(5, 100, "--", id="a hidden numerator"),
        pytest.param(0, 100, "--", id="a numerator of nothing"),
        pytest.param(3, 5, "--", id="both hidden"),
        pytest.param(0, 0, "--", id="nothing of nothing"),
        pytest.param(None, 100, "..", id="no numerator"),
        pytest.param(20, None, "..", id="no denominator"),
    ],
)
def test_a_hidden_part_hides_the_share(numerator: float | None, denominator: float | None, mark: str) -> None:
    """X21."""
    protected = share(numerator, denominator)
    assert (protected.value, protected.lower, protected.upper, protected.mark) == (None, None, None, mark)


def test_too_few_partners_withhold_the_share() -> None:
    assert text(share(50, 100, contributors=2)) == "x"
    assert text(share(50, 100, reporters=2, expected=5)) == "x"


# Publishers' marks


@pytest.mark.parametrize(
    ("mark", "lower", "upper", "status"),
    [
        ("--", 0.0, 5.0, "suppressed"),
        ("x", None, None, "suppressed"),
        ("..", None, None, "not_available"),
        ("...", None, None, "not_applicable"),
        ("F", None, None, "unreliable"),
    ],
)
def test_a_publishers_mark_is_kept_and_is_never_zero(mark: str, lower: float | None, upper: float | None, status: str) -> None:
    """S30."""
    protected = shown("pgwp_month", None, mark=mark, lower=lower, upper=upper, reporters=None, expected=None, contributors=None)
    assert (protected.value, protected.mark, protected.status) == (None, mark, status)
    assert (protected.lower, protected.upper) == (lower, upper)
    assert protected.reason == "publisher"


def test_a_zero_the_publisher_leaves_out_is_a_zero() -> None:
    protected = shown("pgwp_month", 0.0, mark="absent", reporters=None, expected=None, contributors=None)
    assert (protected.value, protected.status) == (0.0, "shown")


def test_bounds_of_a_published_sum_are_kept() -> None:
    protected = shown("pgwp_year", 45, lower=32.5, upper=92.5, reporters=None, expected=None, contributors=None)
    assert (protected.value, protected.lower, protected.upper) == (45, 32.5, 92.5)


# The type that leaves

LEAVES = {
    *["indicator", "place", "period", "period_end", "value", "lower", "upper", "status", "mark", "reason", "unit", "decimals"],
    *["reporters", "expected", "caveats", "vintage", "snapshots", "origins", "is_sample", "quality", "boundaries", "breaks"],
    *["on_time", "group", "matched"],
}


def test_the_type_that_leaves_has_no_raw_value() -> None:
    """X27: a new field is a decision, made here."""
    assert {field.name for field in fields(ProtectedFigure)} == LEAVES
    assert not {"numerator", "denominator", "contributors", "raw"} & LEAVES
    assert {field.name for field in fields(ProtectedChange)} == {"period", "is_same", "partners", "then", "now", "reason"}
    assert not hasattr(shown("clients_served", 1437), "__dict__"), "slots: nothing can be hung on it"


@pytest.mark.parametrize("name", ["persons", "persons_sensitive"])
def test_counts_that_print_alike_leave_alike(name: str) -> None:
    """Nothing of the count goes out by any field: whatever prints alike is equal in everything."""
    left = protect([figure(OF_CLASS[name], value) for value in range(500)], PARTNERSHIP)
    assert len(set(left)) == len({text(protected) for protected in left}) <= 101


def modules(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / "tasks").glob(f"{package}*") if path.suffix == ".py") + sorted(
        path for package in packages for path in (ROOT / "tasks" / package).glob("**/*.py")
    )


@pytest.mark.parametrize("path", modules("compose", "draw", "render", "record"), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_after_protect_knows_a_raw_figure(path: Path) -> None:
    """X27: not imported, not reached through the module, not named in a type."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            imported = {alias.name for alias in node.names}
            assert not (node.module == "tasks.measure" and imported & {"Figure", "measure"}), path
            assert not (node.module == "tasks" and imported & {"measure", "behind"}), path
            assert node.module != "tasks.behind", path
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith(("tasks.measure", "tasks.behind")) for alias in node.names), path


def test_there_are_modules_after_protect() -> None:
    assert len(modules("compose", "draw", "render", "record")) > 15


def test_only_figures_go_in_and_only_protected_ones_come_out() -> None:
    said = inspect.get_annotations(protect)
    assert said == {"figures": "Iterable[Figure]", "partnership": "Partnership", "return": "list[ProtectedFigure]"}


def test_an_unknown_class_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    query = sql.read_all()["clients_served"]
    strange = query.model_copy(update={"header": query.indicator.model_copy(update={"class_": "secret"})})
    monkeypatch.setattr(sql, "read_all", lambda _overlay: {"clients_served": strange})
    with pytest.raises(Misuse, match=r"class secret is not in expectations/classes\.yaml: open, persons"):
        shown("clients_served", 10)


def test_every_class_hides_what_it_would_round_to_nothing() -> None:
    """A count above the hidden ones is never printed as 0, and the narrowest claim of a class is known."""
    narrowest = {}
    for name, rule in classes().items():
        prints = [shown(OF_CLASS[name], value) for value in range(rule.hide + 1, rule.hide + 60)]
        assert all(protected.value for protected in prints)
        narrowest[name] = min((p.upper or math.inf) - (p.lower or -math.inf) for p in prints)
    # X13: a printed 5 means 6 or 7, a printed 10 means 11 to 14.
    assert narrowest == {"open": 0, "persons": 1, "persons_sensitive": 3, "public_source": 0, "money": 99}


def test_partnerships_are_the_readers_business_only(partnership: Partnership) -> None:
    """The same figure prints the same in a partnership's own home."""
    raw = figure("clients_served", 1437)
    assert protect([raw], partnership) == protect([raw], PARTNERSHIP)


def test_rules_read_from_the_file_are_those_of_the_design() -> None:
    assert classes() == {
        "open": DisclosureClass("open", 0, 1, 1),
        "persons": DisclosureClass("persons", 5, 5, 3),
        "persons_sensitive": DisclosureClass("persons_sensitive", 10, 10, 3, 1),
        "money": DisclosureClass("money", 49, 100, 3),
        "public_source": DisclosureClass("public_source", 0, 1, 1),
    }


# A number and the count of the few people it belongs to (C19, X24)


YEAR: dict[str, Any] = {"period": "2026", "period_end": "2026-12-31"}
BEFORE: dict[str, Any] = {"period": "2026-Q2", "period_end": "2026-06-30"}


def together(*figures: Figure) -> dict[str, str]:
    """What is printed of figures that are protected in one call, whatever their order: by indicator and period."""
    orders = [figures, figures[::-1]]
    printed = [{f"{p.indicator} {p.period}": text(p) for p in protect(order, PARTNERSHIP)} for order in orders]
    assert printed[0] == printed[1]
    return printed[0]


@pytest.mark.parametrize("cooks", range(12))
def test_proceeds_and_few_cooks_are_never_both_printed(cooks: int) -> None:
    """C19: each may be printed alone; together only where the proceeds are shared by more people than a count hides."""
    proceeds, count = figure("kitchen_proceeds", 9412), figure("kitchen_cooks", cooks)
    assert (text(shown("kitchen_proceeds", 9412)), text(shown("kitchen_cooks", cooks))) == (
        "9400",
        "--" if cooks < 6 else text(shown("kitchen_cooks", cooks)),
    )
    printed = together(proceeds, count)
    assert printed["kitchen_proceeds 2026-Q3"] == ("x" if cooks < 6 else "9400")
    withheld = protect([proceeds, count], PARTNERSHIP)[0]
    if cooks < 6:
        assert (withheld.status, withheld.reason, withheld.value, withheld.lower, withheld.upper) == ("withheld", "pair", None, None, None)
    else:
        # What a reader can work out is the mean of at least six people.
        assert (protect([count], PARTNERSHIP)[0].lower or 0) >= 6


def test_proceeds_of_an_unknown_number_of_cooks_are_withheld() -> None:
    assert together(figure("kitchen_proceeds", 9412), figure("kitchen_cooks"))["kitchen_proceeds 2026-Q3"] == "x"


def test_cooks_who_are_withheld_for_another_reason_count_all_the_same() -> None:
    """Too few partners cook: nobody is told how many people, but who knows the kitchen knows."""
    printed = together(figure("kitchen_proceeds", 9412), figure("kitchen_cooks", 4, contributors=1))
    assert printed == {"kitchen_proceeds 2026-Q3": "x", "kitchen_cooks 2026-Q3": "x"}


def test_cooks_of_another_place_or_period_say_nothing() -> None:
    elsewhere = figure("kitchen_cooks", 3, place="2021A00033515")
    earlier = figure("kitchen_cooks", 3, **BEFORE)
    assert together(figure("kitchen_proceeds", 9412), elsewhere, earlier)["kitchen_proceeds 2026-Q3"] == "9400"


def test_a_year_does_not_tell_what_its_quarter_may_not() -> None:
    """The year less the other quarters would be the quarter in which few people cooked."""
    printed = together(
        figure("kitchen_proceeds", 40123, **YEAR),
        figure("kitchen_proceeds", 9412),
        figure("kitchen_proceeds", 9020, **BEFORE),
        figure("kitchen_cooks", 3),
        figure("kitchen_cooks", 12, **BEFORE),
    )
    assert {name: text for name, text in printed.items() if name.startswith("kitchen_proceeds")} == {
        "kitchen_proceeds 2026": "x",
        "kitchen_proceeds 2026-Q3": "x",
        "kitchen_proceeds 2026-Q2": "9000",
    }


def test_proceeds_of_two_kitchens_are_withheld() -> None:
    """Money asks for three partners: of two, each would know the other's."""
    assert shown("kitchen_proceeds", 9412, contributors=2).reason == "contributors"


def test_a_pair_of_an_indicator_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    query = sql.read_all()["kitchen_proceeds"]
    strange = query.model_copy(update={"header": query.indicator.model_copy(update={"never_with": "cooks"})})
    monkeypatch.setattr(sql, "read_all", lambda _overlay: {"kitchen_proceeds": strange})
    with pytest.raises(Misuse, match="never_with cooks, which is no indicator"):
        shown("kitchen_proceeds", 9412)
