"""Say where numbers come from and how sure they are: source lines, grades, licences, caveats."""

from __future__ import annotations

from datetime import date

from expectations import LICENCES, Contract
from sql import periods
from tasks.compose.draft import About, Grade
from tasks.compose.text import Text
from tasks.protect import ProtectedFigure

FULL, GOOD = 1.0, 0.8
PLACE = "not_whole_area"
# What a publisher's letter says of how sure a number is; one it calls good is told by rounding and caveats as before.
BY_LETTER = {"E": "D_caution", "D": "C_acceptable", "p": "C_preliminary"}


def contracts_of(figures: list[ProtectedFigure], text: Text) -> list[Contract]:
    """The statistical tables behind figures, by name; registers are left out."""
    known = {contract.name: contract for contract in text.book.partnership.contracts()}
    touched = sorted({origin.contract for figure in figures for origin in figure.origins})
    return [known[name] for name in touched if name in known and not known[name].is_register]


def source_line(figures: list[ProtectedFigure], text: Text) -> str:
    """ "Source: publisher, title, release date" for the line under a chart."""
    language = text.language
    parts = [f"{contract.name_in(language.code)}, {_released(contract, figures, text)}" for contract in contracts_of(figures, text)]
    colon = " : " if language.code == "fr" else ": "
    return language.spaced(f"{language.words['about']['source']}{colon}{'; '.join(parts)}")


def about(text: Text, where: str, *, approver: str, name: str, edition: date) -> About:
    """The grey box: a row per indicator printed, the legend, caveats, licences, approval."""
    words = text.language.words["about"]
    last: dict[str, ProtectedFigure] = {}
    for figure in text.book.used.values():
        if figure.place != text.book.partnership.place and figure.indicator in last:
            continue
        known = last.get(figure.indicator)
        if known is None or figure.period_end > known.period_end or known.place != text.book.partnership.place:
            last[figure.indicator] = figure
    grades = _grouped([figure for _, figure in sorted(last.items())], text, where)
    figures = list(text.book.used.values())
    caveats = _caveats(figures, text)
    paragraphs = [
        " ".join([words["legend"], *_letters(figures, text)]),
        f"<strong>{words['caveats']}</strong> {' '.join(caveats)}" if caveats else "",
        words["licences"].format(lines=_licences(figures, text)),
        f"{words['approval'].format(approver=approver, name=name, date=text.language.day(edition))} {words['attached']}",
    ]
    columns = (words["measure"], words["source"], words["period"], words["sure"])
    return About(words["title"], columns, grades, tuple(paragraph for paragraph in paragraphs if paragraph))


def _grouped(figures: list[ProtectedFigure], text: Text, where: str) -> tuple[Grade, ...]:
    """One row per source and period: its measures together, with the least sure letter among them."""
    groups: dict[tuple[str, str], list[tuple[Grade, ProtectedFigure]]] = {}
    for figure in figures:
        grade = _grade(figure, text)
        groups.setdefault((grade.source, grade.period), []).append((grade, figure))
    rows = []
    for (source, period), members in groups.items():
        worst, figure = max(members, key=lambda member: member[0].letter)
        _claim(figure, text, where)
        rows.append(Grade("; ".join(grade.measure for grade, _ in members), source, period, worst.letter, worst.words))
    return tuple(rows)


def _claim(figure: ProtectedFigure, text: Text, where: str) -> None:
    """Bind the numbers that a grade prints to its figure."""
    if figure.is_shown and figure.expected:
        text.book.claim(text.language.coverage(figure), figure.key, where)
    elif figure.is_shown and _is_ranged(figure, text):
        text.book.claim(text.language.range(figure), figure.key, where)


def _is_ranged(figure: ProtectedFigure, text: Text) -> bool:
    return text.book.queries[figure.indicator].indicator.interval and _is_wide(figure)


def _is_wide(figure: ProtectedFigure) -> bool:
    return figure.lower is not None and figure.upper is not None and figure.lower < figure.upper


def _letters(figures: list[ProtectedFigure], text: Text) -> list[str]:
    """Each letter beside a number, explained once."""
    words, found = text.language.words, {letter for figure in figures for letter in text.language.letters(figure)}
    return [
        text.language.spaced(str(words["corrected_legend" if letter == "c" else "quality_legend"]).format(letter=letter, meaning=meaning))
        for letter, meaning in words["quality"].items()
        if letter in found
    ]


def _caveats(figures: list[ProtectedFigure], text: Text) -> list[str]:
    """What is to be read with care; a place that is not the whole area is named with how it differs."""
    words, names = text.language.words, sorted({caveat for figure in figures for caveat in figure.caveats})
    said = [str(words["caveats"][name]) for name in names if name != PLACE]
    places = text.book.partnership.gazetteer.places
    apart = sorted({figure.place for figure in figures if PLACE in figure.caveats})
    told = [
        text.language.spaced(str(words["places"][places[code].covers]).format(place=places[code].name(text.language.code)))
        for code in apart
        if code in places and places[code].covers in words["places"]
    ]
    return [*said, *(told or [str(words["caveats"][PLACE])] if apart else [])]


def _licences(figures: list[ProtectedFigure], text: Text) -> str:
    language, organisation = text.language.code, text.book.partnership.organisation.name
    products: dict[str, list[str]] = {}
    for contract in contracts_of(figures, text):
        released = _released(contract, figures, text)
        products.setdefault(contract.licence, []).append(f"{contract.source.table or contract.name_in(language)} ({released})")
    lines = [
        LICENCES[name][language].format(products=", ".join(found), organisation=organisation[language]) for name, found in products.items()
    ]
    return " ".join(lines)


def _released(contract: Contract, figures: list[ProtectedFigure], text: Text) -> str:
    """The day of the newest release among the figures that come from a table."""
    mine = [figure.vintage for figure in figures if any(origin.contract == contract.name for origin in figure.origins)]
    return text.language.day(date.fromisoformat(max(mine)[:10]))


def _grade(figure: ProtectedFigure, text: Text) -> Grade:
    query = text.book.queries[figure.indicator].indicator
    contracts = contracts_of([figure], text)
    named = dict.fromkeys(contract.name_in(text.language.code) for contract in contracts)
    # "Reports of partners, Newcomers Kitchen" says no more than "Reports of partners" beside it.
    source = "; ".join(name for name in named if not any(name.startswith(f"{other},") for other in named))
    source = source or text.book.partnership.organisation.short
    letter, words = _sure(figure, text)
    rolling = figure.indicator.endswith("_12_months")
    return Grade(query.title[text.language.code], source, text.language.period_short(figure.period, rolling=rolling), letter, words)


def _sure(figure: ProtectedFigure, text: Text) -> tuple[str, str]:
    """A letter and the words that say the same, from coverage, rounding and caveats."""
    sure, language = text.language.words["sure"], text.language
    if not figure.is_shown:
        return "F", sure["F"].format(reason=language.reason(figure))
    letters = language.letters(figure)
    if told := next((key for letter, key in BY_LETTER.items() if letter in letters), ""):
        return told[0], sure[told]
    if figure.expected:
        share = (figure.reporters or 0) / figure.expected
        coverage = language.coverage(figure)
        letter, key = ("A", "A") if share >= FULL else ("B", "B_partners") if share >= GOOD else ("C", "C_partners")
        return letter, sure[key].format(coverage=coverage)
    if _is_ranged(figure, text):
        return "B", sure["B_range"].format(range=language.range(figure))
    if _is_wide(figure):
        return "B", sure["B_rounded"]
    if "estimate" in figure.caveats:
        return "C", sure["C_estimate"]
    return "A", sure["A_exact"]


def period_order(figure: ProtectedFigure) -> tuple[str, str, int]:
    """Indicator, place, then time: the order of the attached data."""
    return figure.indicator, figure.place, periods.parse(figure.period).id
