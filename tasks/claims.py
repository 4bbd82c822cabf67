"""What documents state in numbers, against what the warehouse says: where a figure can recompute it, they agree or they conflict."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from expectations import places
from expectations.partnership import Partnership
from tasks import Misuse
from tasks.measure import Figure, measure

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
DECADES = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
TENS = {word: 10 * n for n, word in enumerate(DECADES, start=2)}


@dataclass(frozen=True, slots=True)
class Checked:
    """A stated number beside the recomputed one.

    `verdict`: `agrees`; `conflicts`; `bound` (the document gives a least number, which is no count and is never printed as one);
    `unknown` (nothing recomputes it). `base` is the numerator and denominator behind a share.
    """

    claim: str
    document: str
    says: str
    computed: str
    base: str
    verdict: str
    about: str


def claims(partnership: Partnership) -> list[Checked]:
    """Every row of the register of claims, judged. `Misuse` for a number that cannot be read or a figure that names no indicator."""
    path = partnership.home / "registers" / "claims.csv"
    rows = places.rows(path, "claim", "document", "says", "means", "figure", "about")
    wanted = {row["figure"].split("@")[0] for row in rows if row["figure"]}
    figures = {f"{figure.indicator}@{figure.place}@{figure.period}": figure for figure in measure(partnership, wanted)}
    return [_judge(row, figures) for row in rows]


def _judge(row: dict[str, str], figures: dict[str, Figure]) -> Checked:
    stated = number_of(row["says"], row["claim"])
    figure = figures.get(row["figure"])
    computed, base, verdict = "", "", "unknown"
    if row["means"] == "at_least":
        verdict = "bound"
    elif figure is not None and figure.value is not None:
        computed = str(rounded(figure.value, stated))
        if figure.numerator is not None and figure.denominator is not None:
            base = f"{figure.numerator:g} of {figure.denominator:g} = {figure.value:.1f} %"
        verdict = "agrees" if Decimal(computed) == stated else "conflicts"
    return Checked(row["claim"], row["document"], row["says"], computed, base, verdict, row["about"])


def rounded(value: float, stated: Decimal) -> Decimal:
    """The value to as many decimals as the stated number has, halves up.

    >>> rounded(100 * 207 / 314, Decimal("67")), rounded(95.0, Decimal("95"))
    (Decimal('66'), Decimal('95'))
    """
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(int(stated.as_tuple().exponent)), rounding=ROUND_HALF_UP)


def number_of(text: str, claim: str = "") -> Decimal:
    """The number that a text says, in digits or in an English number-word up to ninety-nine.

    >>> number_of("67%"), number_of("Thirteen"), number_of("over twenty-five"), number_of("1,300")
    (Decimal('67'), Decimal('13'), Decimal('25'), Decimal('1300'))
    """
    if found := re.search(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?", text):
        return Decimal(found[0].replace(",", ""))
    for word in re.findall(r"[a-z-]+", text.lower()):
        tens, _, ones = word.partition("-")
        if word in ONES:
            return Decimal(ONES.index(word))
        if tens in TENS and (not ones or ones in ONES[1:10]):
            return Decimal(TENS[tens] + (ONES.index(ones) if ones else 0))
    raise Misuse(f"registers/claims.csv, {claim}: {text!r} holds no number. Write it as the document does, in digits or in words.")
