"""What a page that is given back is made of: whose it is, over which periods, and what is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import sql
from expectations import catalogue, places
from expectations.catalogue import Metric
from expectations.partnership import Partnership
from sql import clock, periods
from tasks import Misuse
from tasks.due import Standing, standings
from tasks.give_back.insider import Beside, Key, beside
from tasks.give_back.known import Known, known
from tasks.measure import measure
from tasks.succession import known_to
from tasks.voice import Voice, members, speak

MOST_PERIODS = 8
TOTAL = "partner_total"


class NothingToGive(Misuse):
    """A partner has reported nothing yet, so there is nothing to give back."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The page that is asked for: whose, up to which period, over which periods, and what is known."""

    partner: str
    codes: tuple[str, ...]
    metrics: tuple[str, ...]
    known: Known
    group: dict[Key, Beside]
    totals: frozenset[str]
    standings: dict[str, Standing]
    versions: dict[Key, Metric]
    voice: Voice

    @property
    def period(self) -> str:
        return self.codes[-1]


def ask(partnership: Partnership, partner: str, period: str, language: str) -> Asked:
    """Everything the page is made of, read once."""
    _check(partnership, partner, period, language)
    voice = speak("give_back", partnership, partner=partner, wished=language, insists=bool(language))
    found = known(partnership, partner)
    own = {key for key, names in found.asked.items() if partner in names} | {
        key for key, numbers in found.values.items() if partner in numbers
    }
    last = periods.parse(period)
    codes = sorted({code for _, code in own if periods.parse(code).end <= last.end} | {period}, key=lambda code: periods.parse(code).start)
    codes = [code for code in codes if periods.parse(code).frequency == last.frequency][-MOST_PERIODS:]
    metrics = [metric for metric in _order(partnership) if any((metric, code) in own for code in codes)]
    if not any(partner in found.values.get(key, {}) or key in found.not_collected for key in product(metrics, codes)):
        raise NothingToGive(f"{partner} has sent nothing up to {period}: there is nothing to give back yet.")
    totals = _totals(partnership) & set(metrics)
    figures = [figure for figure in measure(partnership, totals) if figure.place == partnership.place and figure.period in codes]
    return Asked(
        partner,
        tuple(codes),
        tuple(metrics),
        found,
        beside(figures, found.values, knows=known_to(partnership, partner), open_handed=_open_handed(partnership), partnership=partnership),
        frozenset(totals),
        {standing.owed.partner: standing for standing in standings(partnership, period)},
        _versions(partnership, codes),
        voice,
    )


def _check(partnership: Partnership, partner: str, period: str, language: str) -> None:
    if partner not in (there := sorted(row["partner"] for row in members(partnership))):
        raise Misuse(f"There is no partner {partner!r} in registers/members.csv. There are: {', '.join(there) or 'none'}.")
    if language and language not in partnership.languages:
        raise Misuse(f"The partnership does not speak {language!r}. It speaks: {', '.join(partnership.languages)}.")
    try:
        periods.parse(period)
    except ValueError as error:
        raise Misuse(f"{error}: write a period such as 2026-Q3.") from error


def _order(partnership: Partnership) -> list[str]:
    """The metrics in the order of the register, which is that of the workbook."""
    path = partnership.home / "registers" / "metrics.csv"
    return list(dict.fromkeys(row["metric"] for row in places.rows(path, "metric")))


def _totals(partnership: Partnership) -> frozenset[str]:
    """The metrics of which the partnership makes a total: those with an indicator of their name over the totals of partners."""
    queries = sql.read_all(partnership.home / "sql")
    return frozenset(
        name for name, query in queries.items() if query.is_indicator and TOTAL in query.reads and query.indicator.kind != "ratio"
    )


def _versions(partnership: Partnership, codes: Sequence[str]) -> dict[Key, Metric]:
    """By metric and period the definition in force at its end."""
    definitions = catalogue.read(partnership.home)
    found: dict[Key, Metric] = {}
    for code in codes:
        end = periods.parse(code).end
        found |= {(metric, code): one for metric, one in catalogue.in_force(definitions, end, end).items()}
    return found


def _open_handed(partnership: Partnership) -> set[Key]:
    """The metrics and partners that agreed today to have their own numbers shown."""
    agreed = consents(partnership, "own_numbers")
    return {(metric, row["partner"]) for row in agreed for metric in (_order(partnership) if row["metric"] == "all" else [row["metric"]])}


def consents(partnership: Partnership, shows: str) -> list[dict[str, str]]:
    path, today = partnership.home / "registers" / "consents.csv", clock.today().isoformat()
    rows = places.rows(path, "partner", "metric", "shows", "from", "to") if path.is_file() else []
    return [row for row in rows if row["shows"] == shows and row["from"] <= today and (not row["to"] or today <= row["to"])]
