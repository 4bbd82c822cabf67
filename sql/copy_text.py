"""Rows as the text that PostgreSQL reads with COPY: tabs between cells, a backslash and N for null.

`more` is the last cell of every row, the number of the release.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def facts(block: list[tuple[Any, ...]], kept: Sequence[int], more: str) -> str:
    """Facts as COPY text: series number (kept for that of the file), period, value, status, quality, row, release."""
    end, null = f"\t{more}\n" if more else "\n", "\\N"
    return "".join(
        f"{kept[series]}\t{span}\t{null if value is None else repr(value)}\t{status}\t{quality}\t{null if row is None else row}{end}"
        for series, span, value, status, quality, row in block
    )


def rows(block: list[tuple[Any, ...]], more: str) -> str:
    """Register rows as COPY text."""
    end = f"\t{more}\n" if more else "\n"
    return "".join("\t".join(_escaped(cell) for cell in row) + end for row in block)


def _escaped(cell: Any) -> str:
    if cell is None:
        return "\\N"
    return str(cell).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
