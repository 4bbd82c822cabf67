"""Read an Excel workbook, whoever made it and whatever happened to it on its way."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from tasks.stage.staging import ShapeChanged

# What openpyxl and what it stands on raise over a damaged file: of the container (an odd method of compression, a password that is
# asked for, a size beyond all memory), of its compression, of the XML (SyntaxError), of an encoding that nobody knows (LookupError),
# of dates and numbers beyond all bounds (ArithmeticError), and of what is not there.
BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, MemoryError, SyntaxError, LookupError, ValueError,
    TypeError, AttributeError, ArithmeticError, AssertionError,
)  # fmt: skip
TEMPLATE = "Use the template as it was sent."
SAVE_AGAIN = "Open the file, save it again as an Excel workbook (.xlsx) or as CSV UTF-8, and send that."


def workbook_rows(
    body: bytes, sheet: str, largest: int, *, fix: str = SAVE_AGAIN, no_sheet: str = TEMPLATE
) -> Iterator[tuple[int, list[Any]]]:
    """The rows of a sheet (the first where none is named) with their numbers, from 1; whatever is damaged is a sentence.

    `fix` says what to do with a workbook that cannot be read, `no_sheet` with one that has no such sheet.
    """
    try:
        rows = _rows(body, sheet, largest, fix, no_sheet)
    except BROKEN as error:
        raise ShapeChanged("a workbook that cannot be opened", "an Excel workbook (.xlsx)", fix) from error
    yield from enumerate(rows, start=1)


def _rows(body: bytes, sheet: str, largest: int, fix: str, no_sheet: str) -> list[list[Any]]:
    from openpyxl import load_workbook  # 0.2 s, wanted only here

    with zipfile.ZipFile(io.BytesIO(body)) as container:
        if sum(entry.file_size for entry in container.infolist()) > largest:
            expected = "a workbook of some pages"
            raise ShapeChanged(f"a workbook of over {largest // 1_000_000} MB", expected, fix)
    with warnings.catch_warnings():
        # It warns of what it leaves out (styles, pictures, validations); the figures are all we read.
        warnings.simplefilter("ignore")
        book = load_workbook(io.BytesIO(body), read_only=True, data_only=False)
        if sheet and sheet not in book.sheetnames:
            raise ShapeChanged(f"the sheets {', '.join(book.sheetnames)}", f"a sheet named {sheet}", no_sheet)
        # The sheet itself is read only now, so what is broken in it shows here.
        return [list(cells) for cells in book[sheet or book.sheetnames[0]].iter_rows(values_only=True)]
