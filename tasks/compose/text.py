"""Inline text: references become numbers bound to figures; any other number stops the brief."""

from __future__ import annotations

import html
import re
from dataclasses import replace

from tasks import Refused
from tasks.compose.breaks import notes, refuse_changes, until
from tasks.compose.figures import REFERENCE, Book, FigureWithheld, Reference, one_period
from tasks.compose.language import Language
from tasks.protect import ProtectedFigure

LITERAL = re.compile(r"\[\[(.+?)\]\]")
PIECE = re.compile(f"{REFERENCE.pattern}|{LITERAL.pattern}")
# `One`, `un` and `une` are left out: they are articles far more often than numbers.
NUMBER_WORDS = {
    "en": "zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen "
    "twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion dozen half twice thrice "
    "double doubled triple tripled quadruple quadrupled",
    "fr": "zéro deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt trente quarante cinquante "
    "soixante cent mille million milliard dizaine douzaine quinzaine vingtaine trentaine centaine millier moitié double doublé triple "
    "triplé quadruple quadruplé",
}
SEASONS = {"en": "spring summer fall autumn winter", "fr": "printemps été automne hiver"}


def named(language: Language) -> re.Pattern[str]:
    """What may stand in [[...]] anywhere: dates, years, spans of years, sections of a plan. Counts may not."""
    words = [*language.month_names(), *SEASONS.get(language.code, "").split()]
    month = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    year = r"(?:19|20)\d\d"
    return re.compile(
        rf"(?:(?:\d{{1,2}}(?:er)? )?(?:{month}) )?{year}(?:(?:[-–/]| to | à ){year})?|\d{{1,2}}(?:er)? (?:{month})"
        r"|(?:section|goal|objective|article|but|objectif) \d+(?:\.\d+)*",
        re.IGNORECASE,
    )


class StrayNumber(Refused):
    """A number in a brief that is bound to nothing."""


class Text:
    """Turns the text of a brief into inline HTML, in one language, with the figures of one book."""

    def __init__(self, book: Book, language: Language, file: str) -> None:
        self.book, self.language, self.file = book, language, file
        self.literals: list[str] = []
        words = NUMBER_WORDS.get(language.code, "").split()
        self._words = re.compile(rf"\b({'|'.join(words)})s?\b", re.IGNORECASE) if words else None
        self._named = named(language)

    def where(self, line: int, what: str = "") -> str:
        """A place in the brief, for people."""
        return f"{self.file} line {line}{', ' + what if what else ''}"

    def inline(self, text: str, where: str, *, editorial: bool = False, marks: bool = False) -> str:
        """Text with references as safe HTML.

        With `marks` a figure that is not shown prints its mark (tables), else it stops the brief; with `editorial` (asks, plans)
        `[[...]]` may hold any quantity, since it asks for something and states no statistic.
        """
        together = [(Reference.of(m), self.book.find(Reference.of(m), where)) for m in REFERENCE.finditer(text)]
        one_period(together, where)
        refuse_changes(together, self.book.partnership.gazetteer, where)
        pieces: list[str] = []
        position = 0
        for match in PIECE.finditer(text):
            pieces.append(_escaped(self._words_only(text[position : match.start()], where)))
            is_literal = match[0].startswith("[[")
            pieces.append(_escaped(self._literal(match[0], where, editorial)) if is_literal else self._figure(match, where, marks))
            position = match.end()
        pieces.append(_escaped(self._words_only(text[position:], where)))
        joined = "".join(pieces)
        return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", joined)

    def plain(self, text: str, where: str, *, editorial: bool = False) -> str:
        """Text that the renderer escapes: words, `[[...]]` and the periods of figures, no other number."""
        pieces: list[str] = []
        position = 0
        for match in PIECE.finditer(text):
            pieces.append(self._words_only(text[position : match.start()], where))
            pieces.append(self._literal(match[0], where, editorial) if match[0].startswith("[[") else self._period(match, where))
            position = match.end()
        return "".join([*pieces, self._words_only(text[position:], where)])

    def _words_only(self, text: str, where: str) -> str:
        if "{{" in text or "}}" in text:
            raise StrayNumber(
                f"{where}: {text.strip()!r} is not a reference; write {{{{ indicator }}}} or {{{{ indicator@place#period | range }}}}"
            )
        # A digit of any script, a fraction or an exponent; a letter that means a number (as in Chinese) is a word.
        digits = next((word for word in text.split() if any(sign.isnumeric() and not sign.isalpha() for sign in word)), "")
        spelled = self._words.search(text) if self._words else None
        found = digits or (spelled[0] if spelled else "")
        if found:
            raise StrayNumber(
                f"{where}: the number {found!r} is bound to nothing. "
                "Write {{ indicator }} for a figure, or [[...]] around a date or a section."
            )
        return self.language.spaced(text)

    def _literal(self, marked: str, where: str, editorial: bool) -> str:
        text = marked[2:-2]
        if not editorial and not self._named.fullmatch(text):
            raise StrayNumber(f"{where}: [[{text}]] is neither a date nor a section; a statistic is written as {{{{ indicator }}}}")
        self.literals.append(text)
        return text

    def _period(self, match: re.Match[str], where: str) -> str:
        reference = Reference.of(match)
        if reference.filter != "period":
            raise StrayNumber(f"{where}: no figure may stand here, only its period: {{{{ {reference.indicator} | period }}}}")
        return self._shown(reference, self.book.find(reference, where), where)

    def _figure(self, match: re.Match[str], where: str, marks: bool) -> str:
        reference = Reference.of(match)
        figure = self.book.find(reference, where)
        if reference.filter == "matched":
            return self._matched(reference, figure, where)
        shown = self._shown(reference, figure, where)
        if reference.filter in ("period", "break"):
            return html.escape(shown)
        if not figure.is_shown and not marks and reference.filter != "coverage":
            reason = self.language.reason(figure) or figure.status
            raise FigureWithheld(
                f"{where}: {figure.key} may not be printed ({reason}). Take the sentence out, or put the number in a table."
            )
        if reference.filter == "number":
            self.needs_range(figure, where)
        if reference.filter == "range":
            self.book.ranged.add(figure.key)
        return self._span(shown, figure, where, is_said=reference.filter == "coverage") + (
            self.raised(figure) if reference.filter == "number" else ""
        )

    def _matched(self, reference: Reference, figure: ProtectedFigure, where: str) -> str:
        """How the partners that reported both an earlier period and the last one changed, in words; each number is a claim."""
        last = self.book.find(replace(reference, period="last"), where)
        change = next((change for change in last.matched if change.period == figure.period), None)
        if change is None:
            raise StrayNumber(
                f"{where}: {reference.indicator} has no 'matched' change since {figure.period}. A plain total of partners has it since the "
                f"period before its last ({last.period}) and since the one four before, written #-1 and #-4."
            )
        words = self.language.words["matched"]["same" if change.is_same else "shown" if change.is_shown else "withheld"]
        told = {"partners": (change.partners, last), "then": (change.then, figure), "now": (change.now, last)}
        pieces: list[str] = []
        for index, piece in enumerate(re.split(r"\{(\w+)\}", words)):
            value, of = told[piece] if index % 2 else (None, last)
            if value is None:
                pieces.append(_escaped(self.language.spaced(piece)))
            else:
                pieces.append(self._span(self.language.number(value, 0 if piece == "partners" else of.decimals), of, where))
        return "".join(pieces)

    def _span(self, shown: str, figure: ProtectedFigure, where: str, *, is_said: bool = False) -> str:
        """A number, which stays on one line, or a clause with numbers (`is_said`), which may go over two."""
        identity = self.book.claim(shown, figure.key, where)
        return f'<span class="figure{" said" if is_said else ""}" id="{identity}">{html.escape(shown)}</span>'

    def raised(self, figure: ProtectedFigure, mark: str = "") -> str:
        """The publisher's letters behind a number, and another mark, raised."""
        signs = self.language.letters(figure) + mark
        return f'<sup class="quality">{html.escape(signs)}</sup>' if signs else ""

    def needs_range(self, figure: ProtectedFigure, where: str) -> None:
        """Note that a number stands here which is printed with its range or not at all."""
        if figure.is_shown and self.book.queries[figure.indicator].indicator.interval:
            self.book.bare.setdefault(figure.key, where)

    def _shown(self, reference: Reference, figure: ProtectedFigure, where: str) -> str:
        rolling = reference.indicator.endswith("_12_months")
        if reference.filter == "number":
            return self.language.figure(figure)
        if reference.filter == "range" and figure.lower is not None and figure.upper is not None:
            return self.language.range(figure)
        if reference.filter == "range" and not figure.is_shown:
            return figure.mark
        if reference.filter == "period":
            return self.language.period(figure.period, rolling=rolling)
        if reference.filter == "coverage" and figure.expected is not None:
            return self.language.coverage(figure)
        if reference.filter == "break" and until(figure):
            return " ".join(notes(until(figure), self.language))
        raise StrayNumber(
            f"{where}: {reference.indicator} has no {reference.filter!r}; the filters are number, range, period, coverage, break, matched"
        )


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)
