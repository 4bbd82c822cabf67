"""Turn the parts of a brief into blocks of the page model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from briefs import BriefBroken, Part
from sql import periods
from tasks.compose.breaks import LEVELS, MARK, after_break, firsts, notes, one_boundary, refuse_changes, refuse_unmatched
from tasks.compose.draft import (
    Ask,
    Asks,
    Block,
    Cell,
    Change,
    Changes,
    Figure,
    KeyNumber,
    KeyNumbers,
    Multiple,
    Multiples,
    Prose,
    Row,
    Table,
)
from tasks.compose.figures import REFERENCE, Reference, one_period
from tasks.compose.sources import source_line
from tasks.compose.text import Text
from tasks.draw import ChartData, Point, Series
from tasks.measure import Broken
from tasks.protect import ProtectedFigure


@dataclass(frozen=True, slots=True)
class Setting:
    """What blocks need besides their own text: the address of the web version and the contact line."""

    link: str
    link_text: str
    contact: str


class Blocks:
    """Makes blocks, one method for each kind of part."""

    def __init__(self, text: Text, setting: Setting) -> None:
        self.text, self.setting = text, setting
        self.book, self.language = text.book, text.language

    def block(self, part: Part) -> Block:
        """The block of a part; `BriefBroken` for a kind or key there is not."""
        if part.kind not in KINDS:
            raise BriefBroken(f"{self.text.where(part.line)}: there is no block {part.kind!r}. There are: {', '.join(KINDS)}.")
        where = self.text.where(part.line, REFERENCE.sub("...", part.title))
        try:
            self._of_one_period(part, where)
            self._no_change_over_a_break(part, where)
            self._of_the_same_partners(part, where)
            made: Block = getattr(self, f"_{part.kind}")(part, where)
        except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
            raise BriefBroken(f"{where}: the block {part.kind} lacks or misplaces {error}") from error
        return made

    def _of_one_period(self, part: Part, where: str) -> None:
        """The numbers of a block are of one period; in a table those of a column are (`_columns_agree`)."""
        if part.kind == "table":
            return
        said = [part.title, part.subtitle, *part.text, *_strings(part.data)]
        together = [Reference.of(match) for text in said for match in REFERENCE.finditer(text)]
        lines: list[dict[str, Any]] = []
        if isinstance(part.data, dict):
            lines = part.data.get("lines") or part.data.get("items") or []
        drawn = [_drawn(line) for line in lines]
        one_period([(reference, self.book.find(reference, where)) for reference in [*together, *drawn]], where)

    def _no_change_over_a_break(self, part: Part, where: str) -> None:
        """What stands together is compared: the paragraphs of a text, each key number, each line of what changed."""
        groups = {"prose": [[part.title, *part.text]], "numbers": part.data, "changes": part.data}.get(part.kind, [])
        for group in groups:
            refuse_changes(self._pairs(group, where), self.book.partnership.gazetteer, where, always=part.kind == "changes")

    def _of_the_same_partners(self, part: Part, where: str) -> None:
        """So does what stands in one title, cell or request."""
        each = [*part.text, *_strings(part.data)]
        groups = {"prose": [[part.title, *part.text]], "numbers": part.data, "changes": part.data}.get(part.kind, each)
        for group in [part.title, part.subtitle, *groups]:
            refuse_unmatched(self._pairs(group, where), where)

    def _pairs(self, group: Any, where: str) -> list[tuple[Reference, ProtectedFigure]]:
        found = [Reference.of(match) for text in _strings(group) for match in REFERENCE.finditer(text)]
        return [(reference, self.book.find(reference, where)) for reference in found]

    def _title(self, part: Part, where: str) -> tuple[str, str]:
        return self.text.inline(part.title, where), self.text.inline(part.subtitle, where)

    def _prose(self, part: Part, where: str) -> Prose:
        return Prose(self._title(part, where)[0], tuple(self.text.inline(paragraph, where) for paragraph in part.text))

    def _numbers(self, part: Part, where: str) -> KeyNumbers:
        return KeyNumbers(tuple(self._number(item, where) for item in part.data))

    def _number(self, item: dict[str, Any], where: str) -> KeyNumber:
        made = {key: self.text.inline(str(item.get(key, "")), where) for key in ("number", "unit", "label", "comparison")}
        return KeyNumber(**made, worse=bool(item.get("worse", False)))

    def _series(self, line: dict[str, Any], count: int, where: str) -> tuple[Series, list[ProtectedFigure]]:
        figures = self.book.series(_drawn(line), count, where)
        points = tuple(
            Point(
                self._short(figure.period),
                figure.value,
                self.language.figure(figure),
                figure.lower,
                figure.upper,
                self.language.letters(figure),
            )
            for figure in figures
        )
        name = self.text.plain(line.get("name", ""), where)
        return Series(name, points, bool(line.get("focus", True)), tuple(firsts(figures))), figures

    def _short(self, code: str) -> str:
        """A period under an axis: the year, or year and month, quarter or span as its code."""
        span = periods.parse(code)
        return code if span.frequency != "span" else f"{code[2:4]}/{code[7:9]}"

    def _chart(self, part: Part, where: str, kind: str) -> Figure:
        title, subtitle = self._title(part, where)
        made = [self._series(line, int(part.data["last"]), where) for line in part.data["lines"]]
        for series, figures in made:
            printed = list(zip(series.points, figures, strict=True))
            for point, figure in printed if kind == "columns" else printed[-1:]:
                self.book.claim(point.shown, figure.key, where)
                self.book.ranged.add(figure.key)
        chart = ChartData(kind, tuple(series for series, _ in made), self._alternative(part.title, made, where), break_label=self._break)
        printed_from = [figure for _, figures in made for figure in figures]
        return Figure(title, subtitle, chart, _followed(source_line(printed_from, self.text), self._broken(printed_from)))

    @property
    def _break(self) -> str:
        return str(self.language.words["break"]["label"])

    def _broken(self, figures: list[ProtectedFigure]) -> list[str]:
        """The breaks that part figures shown together, in words."""
        return notes([broken for found in after_break(figures).values() for broken in found], self.language)

    def _alternative(self, title: str, made: list[tuple[Series, list[ProtectedFigure]]], where: str) -> str:
        """What a reader who does not see the chart is told: every series, first and last value, and its breaks."""
        everything = [figure for _, figures in made for figure in figures]
        one_boundary(everything, self.book.partnership.gazetteer, where)
        parts = []
        for series, figures in made:
            ends = [(figures[0], series.points[0]), (figures[-1], series.points[-1])]
            for figure, point in ends:
                self.book.claim(point.shown, figure.key, f"{where}, alternative text")
            told = ", ".join(f"{self.language.period(figure.period)}: {point.shown}{self._meant(point)}" for figure, point in ends)
            parts.append(f"{series.name}: {told}" if series.name not in ("", title) else told)
        return " ".join([f"{REFERENCE.sub('', title).strip()}. {'; '.join(parts)}.", *self._broken(everything)])

    def _meant(self, point: Point) -> str:
        return f" ({self.language.meanings(point.quality)})" if point.quality else ""

    def _trend(self, part: Part, where: str) -> Figure:
        return self._chart(part, where, "trend")

    def _columns(self, part: Part, where: str) -> Figure:
        return self._chart(part, where, "columns")

    def _multiples(self, part: Part, where: str) -> Multiples:
        title, subtitle = self._title(part, where)
        made = [self._series(item, int(part.data["last"]), where) for item in part.data["items"]]
        values = [point.value for series, _ in made for point in series.points if point.value is not None]
        top = None if part.data.get("scale") == "own" else max(values, default=1.0) * 1.12
        items = []
        for series, figures in made:
            shown = series.points[-1].shown
            identity = self.book.claim(shown, figures[-1].key, where)
            self.text.needs_range(figures[-1], where)
            told = self._alternative(series.name, [(series, figures)], where)
            chart = ChartData("multiple", (series,), told, top=top, break_label=self._break)
            number = f'<span class="figure" id="{identity}">{shown}</span>{self.text.raised(figures[-1])}'
            items.append(Multiple(number, series.name, chart))
        broken = self._broken([figure for _, figures in made for figure in figures])
        return Multiples(title, _followed(subtitle, broken), tuple(items))

    def _asks(self, part: Part, where: str) -> Asks:
        items = tuple(
            Ask(self.text.inline(item["decision"], where, editorial=True), self.text.plain(item["terms"], where, editorial=True))
            for item in part.data
        )
        setting = self.setting
        return Asks(self._title(part, where)[0], items, setting.contact, setting.link, setting.link_text)

    def _table(self, part: Part, where: str) -> Table:
        title, subtitle = self._title(part, where)
        data = part.data
        editorial = bool(data.get("editorial", False))
        bar, focus = data.get("bar"), data.get("focus")
        if not all(isinstance(row, list) for row in data["rows"]):
            raise BriefBroken(f"{where}: each of the rows is a list of cells, written [Area, ...]")
        tops = self._top(data["rows"], bar, where) if bar is not None else 0.0
        broken = after_break(self._whole_cells(data["rows"], where))
        rows = []
        for number, row in enumerate(data["rows"]):
            cells = [
                self._cell(str(cell), where, editorial=editorial, top=tops if index == bar else 0.0, broken=broken)
                for index, cell in enumerate(row)
            ]
            rows.append(Row(tuple(cells), focus=number == focus, rule=number == data.get("rule")))
        self._columns_agree(data["rows"], where)
        columns = tuple(self.text.plain(str(column), where) for column in data["columns"])
        if any(len(row.cells) != len(columns) for row in rows):
            raise BriefBroken(f"{where}: each row has as many cells as there are columns ({len(columns)})")
        note = self.text.inline(str(data.get("note", "")), where, marks=True)
        marked = [f"{MARK} {told}" for told in notes([b for found in broken.values() for b in found], self.language)]
        return Table(title, subtitle, columns, tuple(rows), " ".join(text for text in [note, *marked] if text))

    def _whole_cells(self, rows: list[list[Any]], where: str) -> list[ProtectedFigure]:
        """The figures that fill a cell of a table."""
        matches = [match for row in rows for cell in row if (match := REFERENCE.fullmatch(str(cell).strip()))]
        return [self.book.find(reference, where) for reference in map(Reference.of, matches) if reference.filter in LEVELS]

    def _columns_agree(self, rows: list[list[Any]], where: str) -> None:
        """Numbers under one heading are of one period."""
        for column in zip(*rows, strict=False):
            references = [Reference.of(m) for cell in column for m in REFERENCE.finditer(str(cell))]
            figures = [(r, self.book.find(r, where)) for r in references]
            one_period(figures, where)
            one_boundary([figure for _, figure in figures], self.book.partnership.gazetteer, where)
        for row in rows:
            one_boundary(self._whole_cells([row], where), self.book.partnership.gazetteer, where)

    def _top(self, rows: list[list[Any]], bar: int, where: str) -> float:
        values = [self._value(str(row[bar]), where) for row in rows]
        return max((value for value in values if value is not None), default=0.0)

    def _value(self, cell: str, where: str) -> float | None:
        match = REFERENCE.search(cell)
        return self.book.find(Reference.of(match), where).value if match else None

    def _cell(self, text: str, where: str, *, editorial: bool, top: float, broken: dict[str, list[Broken]]) -> Cell:
        match = REFERENCE.fullmatch(text.strip())
        shown = self.text.inline(text, where, editorial=editorial, marks=True)
        if not match:
            return Cell(shown)
        figure = self.book.find(Reference.of(match), where)
        if figure.key in broken and Reference.of(match).filter in LEVELS:
            shown += f'<sup class="quality">{MARK}</sup>'
        if Reference.of(match).filter in ("period", "coverage", "range", "break", "matched"):
            return Cell(shown)
        note = "" if figure.is_shown else self.language.reason(figure)
        bar = figure.value / top if top and figure.value is not None else None
        return Cell(shown, numeric=True, bar=bar, note=note)

    def _changes(self, part: Part, where: str) -> Changes:
        title, subtitle = self._title(part, where)
        items = tuple(Change(self.text.inline(item["lead"], where), self.text.inline(item["text"], where)) for item in part.data)
        return Changes(title, subtitle, items)


KINDS = ("asks", "changes", "columns", "multiples", "numbers", "prose", "table", "trend")


def _drawn(line: dict[str, Any]) -> Reference:
    """The last figure of a line of a chart."""
    return Reference(line["indicator"], line.get("place", "area"), "last", "number")


def _followed(line: str, sentences: list[str]) -> str:
    """A line under or over a chart, and sentences after it."""
    return " ".join([f"{line}." if line else "", *sentences]).strip() if sentences else line


def _strings(data: Any) -> Iterator[str]:
    """Every text in a block of YAML."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, list | tuple | dict):
        for item in data.values() if isinstance(data, dict) else data:
            yield from _strings(item)
