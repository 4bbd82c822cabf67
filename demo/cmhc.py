"""CMHC on the loopback: the export form of its Housing Market Information Portal."""

from __future__ import annotations

import csv
import re
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import yaml

from demo.answers import Answer, Request, page

EXPORT = "/hmip-pimh/en/TableMapChart/ExportTable"
CSV = "text/csv"
NOTHING = b"No data available"
FILTER = re.compile(r"AppliedFilters\[\d+\]\.(Key|Value)")


class Cmhc:
    """The tables of a folder, as www03.cmhc-schl.gc.ca would export them to whoever posts the form."""

    def __init__(self, folder: Path) -> None:
        """Read `cmhc.yaml` and the figures of every place and table beside it."""
        self._said: dict[str, Any] = yaml.safe_load((folder / "cmhc.yaml").read_text(encoding="utf-8"))
        self._figures = {path.stem.removeprefix("cmhc_"): path for path in folder.glob("cmhc_*.csv")}

    def answer(self, request: Request) -> Answer:
        """The export; 500 for a table that does not exist, "No data available" for whatever else is not understood."""
        if request.path != EXPORT:
            return page(404, "Page not found")
        form = dict(parse_qsl(request.body.decode()))
        if request.method != "POST" or "TableId" not in form:
            return page(500, "Runtime Error")
        if form["TableId"] not in self._said["tables"]:
            return page(500, "Runtime Error")
        figures = self._figures.get(f"{form.get('GeographyId')}_{form['TableId']}")
        chosen = self._chosen(form)
        if figures is None or chosen is None or (form.get("GeographyTypeId"), form.get("exportType")) != ("3", "csv"):
            return Answer(200, NOTHING, CSV)
        return Answer(200, self.export(form["TableId"], figures, chosen, form.get("GeograghyName", "")), CSV)

    def _chosen(self, form: dict[str, str]) -> list[str] | None:
        """What each filter is set to, all of it where it is not; None when a filter does not belong to the table, or its value."""
        chosen = {key: ",".join(values) for key, values in self._said["filters"].items()}
        keys = [key for key in form if FILTER.fullmatch(key) and key.endswith("Key")]
        for key in keys:
            name, value = form[key], form.get(key.replace("Key", "Value"), "")
            if value not in self._said["filters"].get(name, []):
                return None
            chosen[name] = value
        return list(chosen.values())

    def export(self, table: str, figures: Path, chosen: list[str], name: str = "") -> bytes:
        """The bytes of an export: CRLF, windows-1252, a letter after each cell. `name` is the publisher's misspelt GeograghyName."""
        with figures.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        years = f"{rows[0][0][:4]} to {rows[-1][0][:4]}"
        lines = [f"{name} — {self._said['tables'][table]}  ", f"{years} {' '.join(chosen)}"]
        lines.append("".join([",", *(f"{column},," for column in header[1:])]))
        lines += [",".join([row[0], *chain.from_iterable(map(_cell, row[1:]))]) + "," for row in rows]
        lines += ["", "Notes", *map(_quoted, self._said["notes"]), f"Source,{self._said['source']}"]
        return "".join(f"{line}\r\n" for line in lines).encode("cp1252")


def _cell(written: str) -> list[str]:
    """A figure and its letter with the blank the publisher prints behind it."""
    figure, _, letter = written.partition(" ")
    return [_quoted(figure), f"{letter} " if letter else ""]


def _quoted(text: str) -> str:
    return f'"{text}"' if "," in text else text
