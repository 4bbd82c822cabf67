"""IRCC on the loopback: monthly files of its open data and what the CKAN of open.canada.ca lists of them."""

from __future__ import annotations

import csv
import random
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from demo.answers import Answer, Request, as_json, download, page
from demo.ircc_workbook import twin

FILES = "/opendata-donneesouvertes/data/"
ACTION = "/data/api/3/action/"
EN_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
FR_MONTHS = ["janv.", "fév.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."]
# FR_ANNEÉ is the publisher's spelling.
TIME = ["EN_YEAR", "EN_QUARTER", "EN_MONTH", "FR_ANNEÉ", "FR_TRIMESTRE", "FR_MOIS"]
CMA = ["EN_CENSUS_METROPOLITAN_AREA", "FR_RÉGION_MÉTROPOLITAINE_DE_RECENSEMENT"]
PROVINCE = ["EN_PROVINCE_TERRITORY", "FR_PROVINCE_TERRITOIRE"]


class Ircc:
    """The monthly files declared in a folder, as www.ircc.canada.ca and open.canada.ca would serve them."""

    def __init__(self, folder: Path) -> None:
        """Build the first edition of every file of `ircc.yaml`."""
        self._folder = folder
        self._said = _yaml(folder / "ircc.yaml")
        self._ckan = _yaml(folder / "ckan.yaml")
        self.files: dict[str, bytes] = {}
        self.modified: dict[str, datetime] = {}
        for name, said in self._said["files"].items():
            self._publish(name, said["modified"], {})

    def restate(self) -> None:
        """Publish the next edition of every file that has one: the same months, some with other figures."""
        for name, said in self._said["files"].items():
            if next_edition := said.get("restated"):
                self._publish(name, next_edition["modified"], _spelled(self._folder / next_edition["cells"]))

    def _publish(self, name: str, modified: datetime, changed: dict[tuple[str, int, int], str]) -> None:
        file = self._said["files"][name]
        if "twin_of" in file:  # declared below its text
            self.files[name] = twin(file, self.files[file["twin_of"]].decode("utf-8-sig"))
        elif "members" in file:
            self.files[name] = _of_members(self._folder, self._said, name)
        else:
            self.files[name] = _of_places(self._folder, self._said, file, changed)
        self.modified[name] = modified.replace(tzinfo=UTC)

    def file(self, request: Request) -> Answer:
        """A file of www.ircc.canada.ca, or its page for one that does not exist."""
        name = request.path.removeprefix(FILES)
        if name not in self.files or not request.path.startswith(FILES):
            return page(404, "404 - File or directory not found")
        return download(name, self.files[name], self.modified[name])

    def ckan(self, request: Request) -> Answer:
        """An action of CKAN: package_search or package_show."""
        address = "https://open.canada.ca/data/api/3/action/help_show?name="
        action = request.path.removeprefix(ACTION)
        packages = [self._package(said) for said in self._ckan["packages"]]
        if action == "package_show":
            return _show(packages, request, address + action)
        if action == "package_search":
            if not all(request.query.get(name, "0").isdigit() for name in ("start", "rows")):
                error = {"__type": "Validation Error", "message": "Must be a natural number"}
                return as_json({"help": address + action, "success": False, "error": error}, 409)
            return as_json({"help": address + action, "success": True, "result": _search(packages, request)})
        return page(404, "Page not found")

    def _package(self, said: dict[str, Any]) -> dict[str, Any]:
        resources = [self._resource(said["id"], one) for one in said["resources"]]
        return {
            "id": said["id"],
            "name": said["id"],
            "title": said["title"]["en"],
            "title_translated": said["title"],
            "notes_translated": {"en": "SAMPLE of a listing.", "fr": "EXEMPLE de liste."},
            "organization": {"name": "cic", "title": "Immigration, Refugees and Citizenship Canada"},
            "license_id": "ca-ogl-lgo",
            "metadata_modified": max(one["last_modified"] for one in resources),
            "num_resources": len(resources),
            "resources": resources,
            "state": "active",
            "type": "dataset",
        }

    def _resource(self, package: str, said: dict[str, str]) -> dict[str, Any]:
        """One file of a package, under its true address."""
        url = self._ckan["base"] + said["file"]
        modified = self.modified.get(said["file"], self._ckan["modified"]).replace(tzinfo=None)
        names = {language: self._ckan["prefix"][language] + said[language] for language in ("en", "fr")}
        return {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, url)),
            "package_id": package,
            "name": names["en"],
            "name_translated": names,
            "url": url,
            "format": said["file"].rpartition(".")[2].upper(),
            "language": ["en", "fr"],
            "resource_type": "dataset",
            "last_modified": modified.isoformat(timespec="microseconds"),
        }


def _show(packages: list[dict[str, Any]], request: Request, help_: str) -> Answer:
    found = [package for package in packages if package["id"] == request.query.get("id")]
    if found:
        return as_json({"help": help_, "success": True, "result": found[0]})
    error = {"__type": "Not Found Error", "message": "Not found"}
    return as_json({"help": help_, "success": False, "error": error}, 404)


def _search(packages: list[dict[str, Any]], request: Request) -> dict[str, Any]:
    """The packages whose English title holds the phrase `title:"..."`, or every word of a plain question."""
    asked = request.query.get("q", "*:*")
    phrase = re.search(r'title:"([^"]*)"', asked)
    words = [phrase.group(1)] if phrase else [word for word in asked.split() if word != "*:*"]
    found = [package for package in packages if all(word.lower() in package["title"].lower() for word in words)]
    start, rows = (int(request.query.get(name, usual)) for name, usual in (("start", "0"), ("rows", "10")))
    return {"count": len(found), "sort": "score desc, metadata_modified desc", "results": found[start : start + rows]}


def _of_places(folder: Path, said: dict[str, Any], file: dict[str, Any], changed: dict[tuple[str, int, int], str]) -> bytes:
    """A file of metropolitan areas, from the cells written out and the typical months of all other places."""
    spelled = _spelled(folder / file["cells"]) | changed
    rows = []
    for place in _places(folder, said, file):
        for year, month, total in _totals(said, file, place, spelled):
            pairs = [place["names"], place["province"]] if file["cma_first"] else [place["province"], place["names"]]
            rows.append([*_time(year, month), *pairs[0], *pairs[1], total])
    return _file([*TIME, *(CMA + PROVINCE if file["cma_first"] else PROVINCE + CMA), "TOTAL"], rows, f"order of {file['scale']}")


def _of_members(folder: Path, said: dict[str, Any], name: str) -> bytes:
    """A file of other members, drawn from the typical persons a month of each."""
    file, rows = said["files"][name], []
    members = _rows(folder / file["members"])
    columns = [column for column in members[0] if column not in ("typical", "source")]
    for member in members:
        labels = [member[column] for column in columns]
        drawn = random.Random(f"{name} {labels}")
        for year, month in _months(file["first"], file["last"]):
            total = _printed(round(_persons(said, float(member["typical"]), year, month, drawn)))
            rows += [[*_time(year, month), *labels, total]] if total else []
    return (b"\xef\xbb\xbf" if file.get("bom") else b"") + _file([*TIME, *columns, "TOTAL"], rows, f"order of {name}")


def _file(header: list[str], rows: list[list[str]], order: str) -> bytes:
    """Tabs, CRLF, no quotes, rows in no order of time."""
    drawn = random.Random(order)
    shuffled = sorted((drawn.random(), row) for row in rows)
    return ("\r\n".join("\t".join(row) for row in [header, *(row for _, row in shuffled)]) + "\r\n").encode()


def _persons(said: dict[str, Any], typical: float, year: int, month: int, drawn: random.Random) -> float:
    return float(typical * said["years"][year] * said["months"][month - 1] * (0.6 + 0.8 * drawn.random()))


def _places(folder: Path, said: dict[str, Any], file: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for row in _rows(folder / "ircc_places.csv"):
        stated = row["province"] in said["provinces"]
        english = row["province"] if stated else file["not_stated"]["en"]
        french = said["provinces"][row["province"]] if stated else file["not_stated"]["fr"]
        names = [row["name_en"], row["name_fr"]]
        yield {"names": names, "province": [english, french], "typical": float(row[file["scale"]])}


def _totals(
    said: dict[str, Any], file: dict[str, Any], place: dict[str, Any], spelled: dict[tuple[str, int, int], str]
) -> Iterator[tuple[int, int, str]]:
    """What is printed for a place, month by month; a month of zero persons has no row."""
    name = place["names"][0]
    drawn = random.Random(f"{file['scale']} {name}")
    written = any(key[0] == name for key in spelled)
    for year, month in _months(file["first"], file["last"]):
        persons = _persons(said, place["typical"], year, month, drawn)
        total = spelled.get((name, year, month), "") if written else _printed(round(persons))
        if total:
            yield year, month, total


def _printed(persons: int) -> str:
    """One to four persons are hidden, more are rounded to the nearest five, none is nothing."""
    if persons < 5:
        return "--" if persons else ""
    return str(5 * round(persons / 5))


def _months(first: str, last: str) -> Iterator[tuple[int, int]]:
    year, month = map(int, first.split("-"))
    while f"{year}-{month:02d}" <= last:
        yield year, month
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _time(year: int, month: int) -> list[str]:
    quarter = (month + 2) // 3
    english = [str(year), f"Q{quarter}", EN_MONTHS[month - 1]]
    return [*english, str(year), f"T{quarter}", FR_MONTHS[month - 1]]


def _spelled(path: Path) -> dict[tuple[str, int, int], str]:
    return {(row["place"], int(row["year"]), int(row["month"])): row["total"] for row in _rows(path)}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _yaml(path: Path) -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return said
