"""Ontario's data catalogue on the loopback: what its CKAN lists of one package, and the workbook of each school year."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from openpyxl import Workbook

from demo.answers import Answer, Request, as_json, download, page
from demo.inbox import timeless

SITE = "https://data.ontario.ca"
ACTION = "/api/3/action/"
FIRST = "Percentage of Students Whose First Language Is Not English"
NEW = "Percentage of Students Who Are New to Canada from a Non-English Speaking Country"
# The columns that the figures fill, by theirs.
FILLED = {
    "board_number": "Board Number",
    "board_name": "Board Name",
    "board_type": "Board Type",
    "school_number": "School Number",
    "school_name": "School Name",
    "level": "School Level",
    "grades": "Grade Range",
    "municipality": "Municipality",
    "enrolment": "Enrolment",
}
NUMBERS = ("Enrolment", FIRST, NEW)


class Ontario:
    """The package declared in `ontario.yaml`, as data.ontario.ca would list and serve it."""

    def __init__(self, folder: Path) -> None:
        """Build the workbook of every school year."""
        self._said: dict[str, Any] = yaml.safe_load((folder / "ontario.yaml").read_text(encoding="utf-8"))
        with (folder / "ontario_schools.csv").open(encoding="utf-8", newline="") as file:
            schools = list(csv.DictReader(file))
        self.files = {said["file"]: _workbook(self._said, said, schools) for said in self._said["files"]}
        self.modified = {said["file"]: said["modified"].replace(tzinfo=UTC) for said in self._said["files"]}

    def answer(self, request: Request) -> Answer:
        """What the publisher says to this request; a page for whatever it does not know."""
        if request.path == f"{ACTION}package_show":
            return self._show(request)
        name = request.path.rsplit("/", 1)[-1]
        known = name in self.files and request.path == _path(self._said, self._file(name))
        return download(name, self.files[name], self.modified[name]) if known else page(404, "Page not found")

    def again(self, name: str, modified: datetime) -> None:
        """Publish a file once more, with the same bytes."""
        self.modified[name] = modified

    def _file(self, name: str) -> dict[str, Any]:
        return next(said for said in self._said["files"] if said["file"] == name)

    def _show(self, request: Request) -> Answer:
        help_ = f"{SITE}{ACTION}help_show?name=package_show"
        if request.query.get("id") != self._said["package"]:
            return as_json({"help": help_, "success": False, "error": {"__type": "Not Found Error", "message": "Not found"}}, 404)
        package = {
            "id": self._said["package"],
            "title": self._said["title"]["en"],
            "title_translated": self._said["title"],
            "notes_translated": {"en": "SAMPLE of a listing.", "fr": "EXEMPLE de liste."},
            "license_id": "OGL-ON-1.0",
            "resources": [self._resource(said) for said in self._said["files"]],
        }
        return as_json({"help": help_, "success": True, "result": package})

    def _resource(self, said: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": said["resource"],
            "package_id": self._said["package"],
            "name": f"School year {said['year']}",
            "url": SITE + _path(self._said, said),
            "format": "XLSX",
            "last_modified": self.modified[said["file"]].replace(tzinfo=None).isoformat(timespec="microseconds"),
        }


def _path(package: dict[str, Any], said: dict[str, Any]) -> str:
    return f"/dataset/{package['package']}/resource/{said['resource']}/download/{said['file']}"


def _workbook(package: dict[str, Any], said: dict[str, Any], schools: list[dict[str, str]]) -> bytes:
    """The workbook of one school year: a header and a row for each school, SP where a share is hidden."""
    book = Workbook()
    book.properties.creator, book.properties.title = "SAMPLE", "SAMPLE"
    sheet = book.worksheets[0]
    sheet.title = said["sheet"]
    sheet.append(package["columns"])
    for school in schools:
        row = {**package["alike"], **{column: school[name] for name, column in FILLED.items()}}
        row |= {FIRST: school[f"first_language_{said['year']}"], NEW: school[f"new_to_canada_{said['year']}"]}
        row |= {name: int(row[name]) for name in NUMBERS if row[name].isdecimal()}
        sheet.append([row.get(column) for column in package["columns"]])
    out = io.BytesIO()
    book.save(out)
    return timeless(out.getvalue())
