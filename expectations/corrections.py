"""Known errors of publishers: `<contract>.corrections.yaml`, a list of cells with what was published and what is right.

Each entry is a guard too: it applies only while the file still says what it said when the entry was written.

- cell: {place: 2021A000235, period: 2024-Q3}
  published: 161241160
  corrected: 16124116
  reason: {en: A digit too many., fr: Un chiffre de trop.}
  source: https://www150.statcan.gc.ca/...
  status: reported
  by: A. Person
  on: 2026-10-02
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

SUFFIX = ".corrections.yaml"
FETCHED_ONLY = "corrections are for a table that is fetched: mend the file itself and collect it again"
Written = float | str


class Correction(BaseModel):
    """One cell, by our column names and codes. `published` and `corrected` are numbers in the table's unit, or marks.

    `status`: `reported` to the publisher, `confirmed` by the publisher, or `rejected` by the publisher, which is kept to be read and
    no longer applied. `where` names the file and the entry.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    cell: dict[str, str] = Field(min_length=1)
    published: Written
    corrected: Written
    reason: dict[str, str]
    source: str = Field(min_length=1)
    status: Literal["reported", "confirmed", "rejected"]
    by: str = Field(min_length=1)
    on: date
    where: str

    @field_validator("cell", mode="before")
    @classmethod
    def _as_text(cls, cell: Any) -> Any:
        """A year in YAML is a number, and a code of digits too."""
        if not isinstance(cell, dict):
            return cell
        return {key: str(value) if isinstance(value, int) and not isinstance(value, bool) else value for key, value in cell.items()}

    @field_validator("published", "corrected", mode="before")
    @classmethod
    def _number_or_mark(cls, written: Any) -> Any:
        if isinstance(written, bool) or not isinstance(written, int | float | str):
            raise ValueError("write a number, or a mark in quotes")
        if isinstance(written, float) and not math.isfinite(written):
            raise ValueError("write a number with an end")
        return float(written) if isinstance(written, int) else written

    @field_validator("reason")
    @classmethod
    def _in_both_languages(cls, reason: dict[str, str]) -> dict[str, str]:
        if set(reason) != {"en", "fr"} or not all(text.strip() for text in reason.values()):
            raise ValueError("reason needs en and fr")
        return reason

    @property
    def applies(self) -> bool:
        return self.status != "rejected"


def entries(data: Any, file: str) -> list[dict[str, Any]]:
    """The entries of a corrections file as read by YAML, each with `where`; `ValueError` when it is no list of mappings."""
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise ValueError("is not a list of entries that begin with `- cell:`")
    # YAML 1.1 reads the bare key `on` as true.
    return [
        {("on" if key is True else str(key)): value for key, value in entry.items()} | {"where": f"{file} entry {number}"}
        for number, entry in enumerate(data, start=1)
    ]


def refuse_strange(corrections: Iterable[Correction], grain: Collection[str], marks: Collection[str]) -> None:
    """`ValueError` unless each names one cell by the whole grain, says numbers or known marks, and no two are about one cell."""
    cells: dict[frozenset[tuple[str, str]], str] = {}
    for correction in corrections:
        where = correction.where
        if set(correction.cell) != set(grain):
            raise ValueError(f"{where}: cell names {sorted(correction.cell)}; the grain of the table is {sorted(grain)}")
        for written in (correction.published, correction.corrected):
            if isinstance(written, str) and written not in marks:
                raise ValueError(f"{where}: {written!r} is neither a number nor a mark of the table ({', '.join(marks)})")
        if correction.published == correction.corrected:
            raise ValueError(f"{where}: published and corrected are the same")
        cell = frozenset(correction.cell.items())
        if cell in cells:
            raise ValueError(f"{where} is about the same cell as {cells[cell]}: keep one of them")
        cells[cell] = where
