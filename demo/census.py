"""The census on the loopback: the Census Profile service (SDMX) of api.statcan.gc.ca, and its downloadable files.

The service answers in positions: every code is an index into a list, and the lists are in no order that a client should lean on.
`slow` makes it take its time, `called` gives characteristics other names, `nothing` empties its answers.
"""

from __future__ import annotations

import csv
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from demo.answers import Answer, Request, as_json
from demo.census_wide import Wide
from demo.statcan import StatCan

REST = "/census-recensement/profile/sdmx/rest/"
DATA = re.compile(REST + r"data/STC_CP,(DF_\w+)(?:,[\d.]+)?/A5\.([^./]*)\.([^./]*)\.([^./]*)\.([^./]*)")
CODES = re.compile(REST + r"codelist/STC_CP/(CL_\w+)(?:/[\w.]+)?")
STRUCTURE_JSON = "application/vnd.sdmx.structure+json;version=1.0"
DATA_TYPES = ("*/*", "application/json", "application/vnd.sdmx.data+json", "application/vnd.sdmx.data+json;version=2.0.0")
KNOWN = {"format", "detail"}
FIELD = re.compile(r"(-?\d+(?:\.\d+)?)?(E|rE|r|\.\.\.?|x|F|)")
SERIES = ("FREQ", "REF_AREA", "GENDER", "CHARACTERISTIC", "STATISTIC")
ABOUT = ("DECIMALS", "FLAG", "DATA_QUALITY_FLAG", "TNR_LF", "TNR_SF", "CI_LOW", "CI_HIGH")


@dataclass(frozen=True, slots=True)
class Row:
    """One characteristic: its number in the files and in the service, that of its whole, its printed name, its figures by area."""

    file: str
    service: str
    of: str
    name: str
    figures: dict[str, str]

    def cell(self, area: str) -> tuple[str, str]:
        """The number and the mark or letter of an area."""
        found = FIELD.fullmatch(self.figures[area])
        assert found is not None, self.figures[area]
        return found[1] or "", found[2]


@dataclass(slots=True)
class Census:
    """The service; the tables `census_<number>.yaml` of the folder go among those of `statcan`."""

    folder: Path
    statcan: StatCan
    slow: float = 0.0
    called: dict[str, str] = field(default_factory=dict)
    nothing: bool = False
    said: dict[str, Any] = field(init=False)
    rows: list[Row] = field(init=False)

    def __post_init__(self) -> None:
        self.said = yaml.safe_load((self.folder / "census_profile.yaml").read_text(encoding="utf-8"))
        self.rows = rows_of(self.folder, list(self.said["areas"]))
        for declaration in sorted(self.folder.glob("census_[0-9]*.yaml")):
            table: Any = Wide(declaration)
            self.statcan.tables[table.pid] = table

    def answer(self, request: Request) -> Answer:
        """What the service says to this request."""
        time.sleep(self.slow)
        if unknown := sorted(set(request.query) - KNOWN):
            return Answer(400, f"Unknown query parameter: {unknown[0]}".encode(), "text/plain")
        if found := CODES.fullmatch(request.path):
            return self._codes(found[1], request)
        if not (found := DATA.fullmatch(request.path)):
            return Answer(404, b"NoResultsFound", "text/plain")
        if request.query.get("format") != "jsondata" and request.headers.get("accept", "*/*") not in DATA_TYPES:
            return Answer(406, b"Not Acceptable", "text/plain")
        if self.nothing:
            return Answer(200, b"", "application/json")
        keys = [part.split("+") if part else [] for part in found.groups()[1:]]
        return self._data(found[1], keys, _language(request))

    def _codes(self, name: str, request: Request) -> Answer:
        """A list of codes as JSON for who accepts just that, else as XML."""
        if request.headers.get("accept") != STRUCTURE_JSON:
            return Answer(200, b'<?xml version="1.0" encoding="utf-8"?><mes:Structure/>', "application/xml")
        codes = [{"id": row.service, "name": self.called.get(row.service, row.name)} for row in self.rows]
        return as_json({"data": {"codelists": [{"id": name, "agencyID": "STC_CP", "codes": codes}]}})

    def _data(self, flow: str, keys: list[list[str]], language: str) -> Answer:
        areas = [area for area, said in self.said["areas"].items() if said["flow"] == flow and (not keys[0] or area in keys[0])]
        rows = [row for row in reversed(self.rows) if not keys[2] or row.service in keys[2]]
        genders = [code for code in self.said["genders"] if not keys[1] or code in keys[1]]
        statistics = [code for code in self.said["statistics"] if not keys[3] or code in keys[3]]
        if not (areas and rows and genders and statistics):
            return Answer(404, b"NoResultsFound", "text/plain")
        lists = self._lists(areas, rows, genders, statistics, language)
        items: dict[str, list[dict[str, str]]] = {name: [] for name in ABOUT}
        series = {}
        for a, area in enumerate(areas):
            for r, row in enumerate(rows):
                for g, gender in enumerate(genders):
                    for s, statistic in enumerate(statistics):
                        value, about = self._cell(row, area, gender, statistic)
                        cell = [value or None, *(_index(items[name], about.get(name)) for name in ABOUT)]
                        series[f"0:{a}:{g}:{r}:{s}"] = {"attributes": [0, None], "annotations": [], "observations": {"0": cell}}
        return as_json(self._document(lists, items, series))

    def _cell(self, row: Row, area: str, gender: str, statistic: str) -> tuple[str, dict[str, dict[str, str]]]:
        """What is printed for one key: a rate is a share of the whole, with its interval; the genders are drawn as halves."""
        value, mark = row.cell(area)
        flags = {called: number for number, called in self.said["flags"].items()}
        about = {name: {"id": "0", "name": "0"} for name in ("DECIMALS", "DATA_QUALITY_FLAG")}
        about |= {"TNR_LF": {"value": "3.1"}, "TNR_SF": {"value": "2.9"}}
        if statistic == "4":
            whole = next((one.cell(area)[0] for one in self.rows if one.file == row.of), "")
            share = 100 * float(value) / float(whole) if value and whole else None
            value, mark = (f"{share:.1f}", mark) if share is not None else ("", "...")
            about |= {n: {"value": f"{share * k:.1f}"} for n, k in (("CI_LOW", 0.9), ("CI_HIGH", 1.1))} if share is not None else {}
        elif value and gender != "1" and "%" not in row.name and "rate" not in row.name:
            value = str(5 * round(float(value) / 10))
        return value, about | ({"FLAG": {"id": flags[mark], "name": mark}} if mark else {})

    def _lists(self, areas: list[str], rows: list[Row], genders: list[str], statistics: list[str], language: str) -> dict[str, Any]:
        said = self.said
        return {
            "FREQ": [{"id": "A5", "name": "A5"}],
            "REF_AREA": [{"id": area, "name": said["areas"][area][language]} for area in areas],
            "GENDER": [{"id": code, "name": said["genders"][code][language]} for code in genders],
            "CHARACTERISTIC": [{"id": row.service, "name": self.called.get(row.service, row.name)} for row in rows],
            "STATISTIC": [{"id": code, "name": said["statistics"][code][language]} for code in statistics],
        }

    def _document(self, lists: dict[str, Any], items: dict[str, list[dict[str, str]]], series: dict[str, Any]) -> dict[str, Any]:
        year = str(self.said["census"])
        structure = {
            "name": "SAMPLE: not an answer of Statistics Canada",
            "dimensions": {
                "dataSet": [],
                "series": [{"id": name, "keyPosition": at, "values": lists[name]} for at, name in enumerate(SERIES)],
                "observation": [{"id": "TIME_PERIOD", "keyPosition": 5, "values": [{"id": year, "name": year}]}],
            },
            "attributes": {
                "dataSet": [],
                "dimensionGroup": [],
                "series": [{"id": "RELEASE_DATE", "values": [{"value": self.said["released"]}]}, {"id": "NOTE", "values": []}],
                "observation": [{"id": name, "values": items[name]} for name in ABOUT],
            },
            "annotations": [],
            "dataSets": [0],
        }
        data = {"structures": [structure], "dataSets": [{"structure": 0, "action": "Information", "series": series}]}
        return {"meta": {"id": "SAMPLE", "test": True, "contentLanguages": ["en"]}, "data": data}


def rows_of(folder: Path, areas: list[str]) -> list[Row]:
    """The characteristics of `census_profile.csv`."""
    with (folder / "census_profile.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    return [Row(one["file"], one["service"], one["of"], one["name"], {area: one[area] for area in areas}) for one in read]


def _language(request: Request) -> str:
    return "fr" if request.headers.get("accept-language", "en").lower().startswith("fr") else "en"


def _index(items: list[dict[str, str]], item: dict[str, str] | None) -> int | None:
    """The position of an item in its list, where it is put if it is not there."""
    if item is None:
        return None
    if item not in items:
        items.append(item)
    return items.index(item)
