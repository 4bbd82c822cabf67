"""Statistics Canada on the loopback: the Web Data Service and the full-table zips, in the publisher's grammar."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from demo.answers import Answer, Request, as_json, download, page
from demo.statcan_tables import TORONTO, Table, build

WDS = "/t1/wds/rest/"
ZIP = re.compile(r"/n1/(?:en/)?tbl/csv/(\d+)-(eng|fra)\.zip")
SITE = "https://www150.statcan.gc.ca"
# A table that every day's list of changes holds and nobody here watches.
STRANGER = 18100004


class Metadata(dict[str, dict[str, Any]]):
    """What getCubeMetadata says of each table: what was set, else what the table says of itself when it is first asked."""

    def __init__(self, tables: dict[str, Table]) -> None:
        super().__init__()
        self.tables = tables

    def __missing__(self, pid: str) -> dict[str, Any]:
        if pid not in self.tables:
            raise KeyError(pid)
        self[pid] = self.tables[pid].metadata
        return self[pid]

    def released(self) -> dict[str, str]:
        """The time of release by table."""
        own = {pid: table.released for pid, table in self.tables.items()}
        return own | {pid: str(said.get("releaseTime") or "") for pid, said in self.items()}


class StatCan:
    """The tables declared in a folder, as www150.statcan.gc.ca would serve them on one day."""

    def __init__(self, folder: Path, today: date) -> None:
        """Build every `statcan_<pid>.yaml` of the folder."""
        self.today = today
        # Without a clock everything declared has been released.
        self.now: datetime | None = None
        tables = [build(declaration) for declaration in sorted(folder.glob("statcan_*.yaml"))]
        self.tables: dict[str, Table] = {table.pid: table for table in tables}
        self.metadata = Metadata(self.tables)

    def locked(self, path: str) -> Answer | None:
        """409 for the list of a day on which nothing is out yet, and for the zip of a table announced for later."""
        if self.now is None:
            return None
        local = self.now.astimezone(TORONTO)
        closed = local.weekday() > 4 or local.time() < time(8, 30)
        zipped = ZIP.fullmatch(path)
        later = zipped and self.metadata.released().get(zipped[1], "") > local.strftime("%Y-%m-%dT%H:%M")
        if later or (closed and path == f"{WDS}getChangedCubeList/{local.date()}"):
            return as_json({"message": "The product is not released yet"}, 409)
        return None

    def answer(self, request: Request) -> Answer:
        """What the publisher says to this request."""
        if found := ZIP.fullmatch(request.path):
            return self._zip(*found.groups())
        name, _, rest = request.path.removeprefix(WDS).partition("/")
        if not request.path.startswith(WDS):
            return page(404, "Page not found")
        if name == "getCubeMetadata":
            return self._metadata(request) if request.method == "POST" else page(405, "Method not allowed")
        if request.method == "GET" and name == "getChangedCubeList":
            return self._changed(rest)
        if request.method == "GET" and name == "getFullTableDownloadCSV":
            return _link(rest)
        return page(404, "Page not found")

    def _zip(self, pid: str, language: str) -> Answer:
        table = self.tables.get(pid)
        if table is None:
            return page(404, "Page not found")
        return download("zip", table.zip({"eng": "en", "fra": "fr"}[language]), table.zip_built)

    def _metadata(self, request: Request) -> Answer:
        """One envelope per product; ids that are not eight digits long refuse the whole call."""
        try:
            ids = [str(item["productId"]) for item in json.loads(request.body)]
        except (ValueError, TypeError, KeyError):
            return as_json({"message": "JSON syntax error"}, 406)
        if not all(re.fullmatch(r"\d{8}", pid) for pid in ids):
            return as_json({"message": "ProductId value must be 8 numbers long"}, 406)
        if len(ids) > 300:
            return as_json({"message": "The number of items is over 300"}, 406)
        return as_json([self._envelope(pid) for pid in ids])

    def _envelope(self, pid: str) -> dict[str, Any]:
        """The metadata, or one of the two ways to say that there is no such table: 9xxxxxxx FAILED, others code 5."""
        if pid in self.metadata.released():
            return {"status": "SUCCESS", "object": self.metadata[pid]}
        if pid.startswith("9"):
            return {"status": "FAILED", "object": f"The cube product ID {pid} does not exist"}
        return {"status": "SUCCESS", "object": {"responseStatusCode": 5, "productId": pid}}

    def _changed(self, day: str) -> Answer:
        """The tables released on a day, from today into the past; a day without a date is not found."""
        try:
            asked = date.fromisoformat(day) if re.fullmatch(r"\d{4}-\d\d-\d\d", day) else None
        except ValueError:
            asked = None
        if asked is None or asked > self.today:
            return page(404, "Page not found")
        ours = [(int(pid), at) for pid, at in self.metadata.released().items() if at.startswith(day)]
        weekday = [(STRANGER, f"{day}T08:30")] if asked.weekday() < 5 else []
        listed = [{"responseStatusCode": 0, "productId": pid, "releaseTime": at} for pid, at in ours + weekday]
        nested = any(t.changed_list == "nested" for t in self.tables.values() if t.released.startswith(day))
        return as_json({"status": "SUCCESS", "object": [listed] if nested else listed})


def _link(rest: str) -> Answer:
    """A link for any number at all, as the publisher gives it; only the link itself shows whether the table exists."""
    pid, _, language = rest.partition("/")
    if not pid.isdigit() or language not in ("en", "fr"):
        return page(404, "Page not found")
    suffix = {"en": "eng", "fr": "fra"}[language]
    return as_json({"status": "SUCCESS", "object": f"{SITE}/n1/tbl/csv/{pid}-{suffix}.zip"})
