"""Write the rows of a data sheet straight into its XML: the library, which writes the rest, takes a second for 10,000 of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from tasks.answer.sent import Row
from tasks.template.look import LONGEST_CELL

_ROW = re.compile(rb'<row r="(\d+)"[^>]*?(?:/>|>(.*?)</row>)', re.DOTALL)
_CELL = re.compile(rb'<c r="([A-Z]+)\d+"[^>]*?(?:/>|>.*?</c>)', re.DOTALL)
_DATA = re.compile(rb"<sheetData>.*</sheetData>|<sheetData ?/>", re.DOTALL)
_DIMENSION = re.compile(rb'(<dimension ref="[A-Z]+\d+:[A-Z]+)\d+(")')


@dataclass(frozen=True, slots=True)
class Bulk:
    """Rows by number: what they say, how high they are, and by letter the number of the style of each cell.

    `letters` are our columns from left to right. A cell that the library wrote (one with a mark) stays as it is.
    """

    letters: Mapping[str, str]
    rows: Mapping[int, Row]
    heights: Mapping[int, float]
    styles: Mapping[int, Mapping[str, int]]

    def spliced(self, part: bytes) -> bytes:
        """The XML of the sheet with the rows in their places."""
        whole = {int(match[1]): (match[0], match[2] or b"") for match in _ROW.finditer(part)}
        written = {number: row for number, (row, _) in whole.items()}
        for number, row in self.rows.items():
            marked = {cell[1].decode(): cell[0].decode() for cell in _CELL.finditer(whole[number][1])} if number in whole else {}
            written[number] = self._row(number, row, marked)
        body = b"<sheetData>" + b"".join(written[number] for number in sorted(written)) + b"</sheetData>"
        last = str(max(written)).encode()
        return _DATA.sub(lambda _: body, _DIMENSION.sub(lambda match: match[1] + last + match[2], part))

    def _row(self, number: int, row: Row, marked: dict[str, str]) -> bytes:
        styles = self.styles[number]
        ours = self.letters.items()
        cells = [marked.pop(letter, "") or _cell(f"{letter}{number}", row.get(name), styles[letter]) for name, letter in ours]
        # What is marked right of our columns comes behind them.
        cells += [marked[letter] for letter in sorted(marked, key=lambda letter: (len(letter), letter))]
        return f'<row r="{number}" ht="{self.heights[number]:g}" customHeight="1">{"".join(cells)}</row>'.encode()


def _cell(place: str, value: object, style: int) -> str:
    if value is None or value == "":
        return f'<c r="{place}" s="{style}"/>'
    if isinstance(value, int):
        return f'<c r="{place}" s="{style}"><v>{value}</v></c>'
    text = escape(ILLEGAL_CHARACTERS_RE.sub("\ufffd", str(value))[:LONGEST_CELL])
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
