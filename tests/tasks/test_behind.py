"""Who stands behind a partner total: how many were on time, and how the partners of two periods changed without telling of one."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import expectations
from expectations.partnership import Partnership
from sql import submissions
from sql import warehouse as engines
from tasks.behind import Matched, _match
from tasks.compose import Draft
from tasks.compose.annex import as_dict
from tasks.compose.breaks import PartnersDiffer
from tasks.compose.draft import Prose
from tasks.compose.text import StrayNumber
from tasks.measure import Figure, measure
from tasks.protect import ProtectedChange, ProtectedFigure, claim_of, classes, protect
from tests.tasks.test_breaks import made
from tests.tasks.test_compose import figure as printed
from tests.tasks.test_protect import OF_CLASS, PARTNERSHIP, figure
from tests.world import later, loaded, partner_file, succeeds

__all__ = ["made"]
Numbers = Mapping[str, float]
THEN, NOW = "2026-Q2", "2026-Q3"


def figures_of(then: Numbers, now: Numbers, indicator: str = "clients_served") -> list[Figure]:
    """A partner total of two quarters, of these numbers."""
    matched = _match(THEN, then, now)
    made_ = []
    for period, end, numbers in ((THEN, "2026-06-30", then), (NOW, "2026-09-30", now)):
        counts = {"reporters": len(numbers), "expected": len(numbers), "contributors": sum(value > 0 for value in numbers.values())}
        of = {"period": period, "period_end": end, "matched": (matched,) if period == NOW else ()}
        made_.append(figure(indicator, sum(numbers.values()), **counts, **of))
    return made_


def change(then: Numbers, now: Numbers, indicator: str = "clients_served") -> ProtectedChange:
    (found,) = protect(figures_of(then, now, indicator), PARTNERSHIP)[1].matched
    return found


def partners(count: int, value: float, first: int = 1) -> dict[str, float]:
    return {f"p{number:02}": value for number in range(first, first + count)}


# Measured


def _world(partnership: Partnership, numbers: Mapping[str, Numbers]) -> None:
    names = sorted({name for of in numbers.values() for name in of})
    register = "partner,metric,from,to\n" + "".join(f"{name},clients_served,2024-07-01,\n" for name in names)
    loaded(register.encode(), expectations.read("reporting"), partnership)
    for name in names:
        rows = [(name, period, "clients_served", f"{of[name]:g}") for period, of in numbers.items() if name in of]
        loaded(partner_file(*rows), expectations.read("partner_metrics"), partnership, part=name)


def _sent(
    partnership: Partnership, number: int, partner: str, *states: tuple[str, str, bool | None], due: str | None = "2026-10-15"
) -> None:
    """A submission: its states with their moment and, but for a withdrawal, whether it came on time."""
    part, state = submissions.submission_part, submissions.submission_state
    with engines.writer(partnership.home).begin() as connection:
        for index, (name, at, is_on_time) in enumerate(states, start=1):
            said = {"submission": number, "number": index, "at": at, "state": name, "by": "", "why": ""}
            connection.execute(state.insert(), said)
            if name != "withdrawn":
                one = {"submission": number, "judgement": index, "contract": "partner_metrics", "period": NOW, "partner": partner}
                more = {"version": number, "sha256": "a" * 64, "content": "b" * 64, "rows": 1, "waiting": 0, "due_on": due}
                taken = 0 if name == "pending" else 1
                connection.execute(part.insert(), one | more | {"taken": taken, "is_on_time": is_on_time if due else None})


EARLY, LATE = "2026-10-10T12:00:00Z", "2026-11-20T12:00:00Z"


def test_who_was_on_time_is_known_as_of_a_moment(warehouse: str, partnership: Partnership) -> None:
    _world(partnership, {NOW: partners(3, 10)})
    _sent(partnership, 1, "p01", ("accepted", EARLY, True))
    _sent(partnership, 2, "p02", ("pending", EARLY, True), ("accepted", LATE, False))
    _sent(partnership, 3, "p03", ("accepted", EARLY, True), ("withdrawn", LATE, None))
    _sent(partnership, 4, "p04", ("accepted", EARLY, None), due=None)
    with engines.reader(partnership.home).connect() as connection:
        assert submissions.punctual(connection) == {("p01", NOW): True, ("p02", NOW): False}
        assert submissions.punctual(connection, "2026-10-12T00:00:00Z") == {("p01", NOW): True, ("p03", NOW): True}
        assert submissions.punctual(connection, "2026-10-01T00:00:00Z") == {}


def test_coverage_travels_with_a_total(warehouse: str, partnership: Partnership) -> None:
    """D11: "3 of 3, 2 on time"; a partner of whom nothing is known leaves it unsaid."""
    _world(partnership, {THEN: partners(3, 10), NOW: partners(3, 12)})
    _sent(partnership, 1, "p01", ("accepted", EARLY, True))
    _sent(partnership, 2, "p02", ("accepted", LATE, False))
    assert [found.on_time for found in measure(partnership, ["clients_served"])] == [None, None]
    _sent(partnership, 3, "p03", ("accepted", EARLY, True))
    then, now = protect(measure(partnership, ["clients_served"]), partnership)
    assert (then.on_time, now.reporters, now.expected, now.on_time) == (None, 3, 3, 2)
    assert as_dict(now)["on_time"] == 2


def test_a_total_that_grew_because_a_partner_joined(warehouse: str, partnership: Partnership) -> None:
    """D10."""
    before, year = {"p01": 10, "p02": 20, "p03": 30}, {"p01": 1, "p02": 2, "p05": 3}
    _world(partnership, {"2025-Q3": year, THEN: before, NOW: {"p01": 11, "p02": 21, "p03": 0, "p04": 100}})
    old, then, now = measure(partnership, ["clients_served"])
    assert (then.value, now.value, old.matched) == (60, 132, ())
    assert now.matched == (
        Matched(THEN, 60, 32, 3, (3, 2), (0, 1), (0, 1)),
        Matched("2025-Q3", 3, 32, 2, (2, 2), (1, 2), (1, 1)),
    )
    assert len({old.group, then.group, now.group}) == 3
    assert "p0" not in now.group


def test_a_partner_and_its_successor_are_the_same_partner(
    warehouse: str, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a change of hands would stand outside of what is matched, and tell the number of the one that left."""
    numbers = {THEN: {"p01": 10, "p02": 20, "p03": 30, "p04": 5}, NOW: {"p01": 11, "p02": 21, "p03": 31, "p05": 9}}
    _world(partnership, numbers)
    _, now = measure(partnership, ["clients_served"])
    assert now.matched == (Matched(THEN, 60, 63, 3, (3, 3), (1, 1), (1, 1)),)
    later(monkeypatch, "2026-11-23T12:00:00")
    succeeds(partnership, p04="p05")
    loaded((partnership.home / "registers" / "members.csv").read_bytes(), expectations.read("members"), partnership)
    then, now = measure(partnership, ["clients_served"])
    assert now.matched == (Matched(THEN, 65, 72, 4, (4, 4), (0, 0), (0, 0)),)
    assert then.group == now.group
    (_, as_before) = measure(partnership, ["clients_served"], known_at="2026-11-22T18:00:00Z")
    assert as_before.matched == (Matched(THEN, 60, 63, 3, (3, 3), (1, 1), (1, 1)),)


# Protected


@pytest.mark.parametrize(("matched", "reason"), [(2, "contributors"), (3, ""), (4, "")])
def test_three_partners_stand_behind_a_matched_total(matched: int, reason: str) -> None:
    found = change(partners(matched, 20), partners(matched, 30) | partners(3, 50, 11))
    assert found.reason == reason
    if not reason:
        assert (found.partners, found.then, found.now, found.is_same) == (matched, matched * 20, matched * 30, False)


@pytest.mark.parametrize(("outside", "reason"), [(0, ""), (1, "contributors"), (2, "contributors"), (3, "")])
@pytest.mark.parametrize("is_then", [True, False])
def test_nobody_or_three_partners_stand_outside(outside: int, reason: str, is_then: bool) -> None:
    more, both = partners(outside, 40, 11), partners(4, 20)
    found = change(both | more, both) if is_then else change(both, both | more)
    assert (found.reason, found.is_same, found.partners) == (reason, outside == 0, None if reason else 4)


def test_two_that_left_and_one_that_joined_are_not_three() -> None:
    """Then and now each have a total of their own to take the matched one from."""
    both = partners(4, 20)
    assert change(both | partners(2, 40, 11), both | partners(1, 40, 21)).reason == "contributors"


def test_a_partner_outside_that_reported_nothing_counts_for_nobody() -> None:
    assert change(partners(4, 20), partners(4, 20) | {"p11": 0, "p12": 30, "p13": 30}).reason == "contributors"


def test_small_matched_counts_are_withheld() -> None:
    found = change(partners(3, 1) | partners(3, 9, 11), partners(3, 30))
    assert found == ProtectedChange(THEN, False, None, None, None, "small")


def test_a_total_that_is_withheld_is_not_told_by_the_matched_one() -> None:
    then, now = figures_of(partners(4, 20), partners(4, 30))
    for figures in ([replace(then, expected=20), now], [then, replace(now, expected=20)]):
        (found,) = protect(figures, PARTNERSHIP)[1].matched
        assert (found.reason, found.then, found.now) == ("coverage", None, None)
    assert protect([now], PARTNERSHIP)[0].matched[0].reason == "publisher", "the other total is not known here"


def test_what_is_never_printed_with_a_count_has_no_matched_change() -> None:
    assert change(partners(4, 2000), partners(4, 3000), "kitchen_proceeds").reason == "pair"


def test_open_counts_are_matched_whoever_stands_outside() -> None:
    found = change(partners(2, 3) | {"p11": 1}, partners(2, 4), OF_CLASS["open"])
    assert (found.partners, found.then, found.now, found.reason) == (2, 6, 8, "")


amounts = st.dictionaries(st.sampled_from([f"p{n:02}" for n in range(1, 10)]), st.integers(0, 12) | st.integers(0, 60), min_size=1)


@pytest.mark.parametrize("name", ["persons", "persons_sensitive"])
@settings(max_examples=60, deadline=None)
@given(then=amounts, now=amounts)
def test_no_print_bounds_a_partner_more_narrowly_than_its_class(name: str, then: dict[str, float], now: dict[str, float]) -> None:
    """The attacker knows who reported when, both printed totals and both matched ones, and solves for each partner."""
    rule = classes()[name]
    totals = protect(figures_of(then, now, OF_CLASS[name]), PARTNERSHIP)
    (told,) = totals[1].matched
    if not told.is_shown or told.then is None or told.now is None:
        return
    for numbers, total, printed_ in ((then, totals[0], told.then), (now, totals[1], told.now)):
        names = sorted(numbers)
        low, high = claim_of(int(printed_), rule)
        both = [1.0 if one in then and one in now else 0.0 for one in names]
        rows = [[1.0] * len(names), [-1.0] * len(names), both, [-one for one in both]]
        assert total.upper is not None
        assert total.lower is not None
        limits = [total.upper, -total.lower, high, -low]
        for target in range(len(names)):
            cost = [float(index == target) for index in range(len(names))]
            least = linprog(cost, A_ub=rows, b_ub=limits)
            most = linprog([-one for one in cost], A_ub=rows, b_ub=limits)
            assert (least.status, most.status) == (0, 0)
            assert -most.fun - least.fun >= max(rule.hide, rule.round - 1) - 1e-6


# Printed

Made = Callable[..., list[Draft]]


def two(*changes: ProtectedChange, on_time: int | None = 6) -> list[ProtectedFigure]:
    covered = {"reporters": 7, "expected": 8}
    return [
        printed("clients_served", THEN, 1445, **covered, group="a"),
        printed(
            "clients_served", NOW, 1440, **covered, group="a" if changes and changes[0].is_same else "b", matched=changes, on_time=on_time
        ),
    ]


SHOWN = ProtectedChange(THEN, False, 6, 1205, 1215, "")
UNTOLD = ProtectedChange(THEN, False, None, None, None, "contributors")
SAME = ProtectedChange(THEN, True, 7, 1445, 1440, "")
TEXT = "{{ clients_served#-1 }} to {{ clients_served }}, {{ clients_served#-1 | matched }}."


def said(draft: Draft) -> str:
    block = draft.sheets[0].rows[0].columns[0][0]
    assert isinstance(block, Prose)
    return re.sub(r"<[^>]+>", "", block.paragraphs[0]).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("told", "english", "french"),
    [
        (
            SHOWN,
            "among the 6 partners that reported both times: 1,205 then, 1,215 now",
            "chez les 6 ayant répondu les deux fois : 1 205, puis 1 215",
        ),
        (UNTOLD, "not the same partners", "pas les mêmes partenaires"),
        (SAME, "the same 7 partners", "les mêmes 7 partenaires"),
    ],
)
def test_a_matched_change_is_told_in_words_beside_the_totals(made: Made, told: ProtectedChange, english: str, french: str) -> None:
    """D10."""
    drafts = made(TEXT, figures=two(told))
    assert [said(draft).split(", ", 1)[1] for draft in drafts] == [f"{english}.", f"{french}."]


def test_every_number_of_a_matched_change_is_a_claim(made: Made) -> None:
    claims = [(claim.shown, claim.figure.split("@")[2]) for claim in made(TEXT, figures=two(SHOWN))[0].claims]
    assert {("6", NOW), ("1,205", THEN), ("1,215", NOW)} <= set(claims)
    assert not {"6", "1,205"} & {shown for shown, _ in ((c.shown, c.figure) for c in made(TEXT, figures=two(UNTOLD))[0].claims)}


@pytest.mark.parametrize(
    "text", ["{{ clients_served#-1 }} to {{ clients_served }}.", "It was {{ clients_served#-1 }}.\n\nIt is {{ clients_served }}."]
)
def test_totals_of_other_partners_do_not_stand_together_alone(made: Made, text: str) -> None:
    with pytest.raises(PartnersDiffer, match=r"of 2026-Q2 and of 2026-Q3 are not of the same partners.*clients_served#-1 \| matched"):
        made(text, figures=two(SHOWN))
    assert made(text, figures=two(SAME))


def test_there_is_no_matched_change_of_a_period_that_is_not_compared(made: Made) -> None:
    with pytest.raises(StrayNumber, match="no 'matched' change since 2026-Q2"):
        made("{{ clients_served#-1 | matched }}", figures=two())


def test_coverage_says_who_was_on_time(made: Made) -> None:
    """D11."""
    text = "We served {{ clients_served }}, {{ clients_served | coverage }}."
    english, french = made(text, figures=two(SAME))
    assert "from 7 of 8 partners, 6 on time" in said(english)
    assert "selon 7 partenaires sur 8, dont 6 à temps" in said(french)
    assert said(made(text, figures=two(SAME, on_time=None))[0]).endswith("from 7 of 8 partners.")
    rows = list(csv.DictReader(io.StringIO(english.attachments[0].text)))
    assert [(row["reporters"], row["on_time"]) for row in rows] == [("7", "6")]
