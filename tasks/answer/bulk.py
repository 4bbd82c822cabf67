"""Write the many rows of a large sheet that need no look of their own straight into its XML: the library takes a second for 10,000."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from tasks.answer.sent import Row
from tasks.template.look import LONGEST_CELL

_ROW = re.compile(rb'<row r="(\d+)"[^>]*?(?:/>|>.*?</row>)', re.DOTALL)
_STYLED = re.compile(rb'<c r="([A-Z]+)\d+" s="(\d+)"')
_DATA = re.compile(rb"<sheetData>.*</sheetData>|<sheetData ?/>", re.DOTALL)
_DIMENSION = re.compile(rb'(<dimension ref="[A-Z]+\d+:[A-Z]+)\d+(")')


@dataclass(frozen=True, slots=True)
class Bulk:
    """The rows to be written (number to values), each like one of the `patterns`: rows that the library wrote."""

    letters: Mapping[str, str]
    rows: Mapping[int, Row]
    pattern_of: Mapping[int, int]
    heights: Mapping[int, float]

    def spliced(self, part: bytes) -> bytes:
        """The XML of the sheet with the rows in their places."""
        written = {int(match[1]): match[0] for match in _ROW.finditer(part)}
        styles = {row: _styles(written[row]) for row in set(self.pattern_of.values())}
        for number, row in self.rows.items():
            written[number] = self._row(number, row, styles[self.pattern_of[number]])
        body = b"<sheetData>" + b"".join(written[number] for number in sorted(written)) + b"</sheetData>"
        last = str(max(written)).encode()
        return _DATA.sub(lambda _: body, _DIMENSION.sub(lambda match: match[1] + last + match[2], part))

    def _row(self, number: int, row: Row, styles: dict[str, str]) -> bytes:
        cells = "".join(_cell(f"{letter}{number}", row.get(name), styles.get(letter, "0")) for name, letter in self.letters.items())
        return f'<row r="{number}" ht="{self.heights[number]:g}" customHeight="1">{cells}</row>'.encode()


def _styles(row: bytes) -> dict[str, str]:
    return {match[1].decode(): match[2].decode() for match in _STYLED.finditer(row)}


def _cell(place: str, value: object, style: str) -> str:
    if value is None or value == "":
        return f'<c r="{place}" s="{style}"/>'
    if isinstance(value, int):
        return f'<c r="{place}" s="{style}"><v>{value}</v></c>'
    text = escape(ILLEGAL_CHARACTERS_RE.sub("\ufffd", str(value))[:LONGEST_CELL])
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
