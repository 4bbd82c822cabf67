"""Stage an answer of the Census Profile service: SDMX-JSON, in which everything is told by its position in a list.

A contract names dimensions and attributes by their ids: `source: REF_AREA`, `source: OBS_VALUE`. `members` are codes with the names of
the service's own list, which numbers some characteristics otherwise than the downloadable files do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from expectations import Contract
from expectations.partnership import Partnership
from tasks.fetch.census_profile import AREA, areas
from tasks.fetch.store import Snapshot
from tasks.stage.cells import Places, sources
from tasks.stage.census import Members, printed
from tasks.stage.gathered import Gathered
from tasks.stage.staging import ShapeChanged, Staging

TIME, VALUE, FLAG = "TIME_PERIOD", "OBS_VALUE", "FLAG"
# The service's list of flags. A flag is told by its own mark where the answer gives one, else by its number in this list.
FLAGS = {"1": "..", "2": "...", "3": "E", "4": "F", "5": "r", "6": "x", "7": "rE", "O": ".."}
LEVELS = ("dataSet", "dimensionGroup", "series", "observation")
AGAIN = "Nothing was loaded; the service is asked again at the next run."
Item = dict[str, Any]


def stage_census_profile(staging: Staging, source: Path, _snapshot: Snapshot, contract: Contract, partnership: Partnership) -> None:
    """Read every observation of the answer; rows are numbered from 2 in the order in which the answer gives them."""
    gathered = Gathered(staging, contract, Places(contract, partnership))
    cells = _Cells(contract, gathered)
    read = 0
    for row, told in enumerate(_observations(source, contract), start=2):
        read += 1
        cells.take(row, told)
    if not read:
        raise ShapeChanged("an answer without observations", "one for each place and characteristic", AGAIN)
    cells.say_missing(areas(contract, partnership))
    gathered.finish(rows_read=read)


class _Cells:
    """Hands the observations on that the contract keeps."""

    def __init__(self, contract: Contract, gathered: Gathered) -> None:
        self.contract, self.gathered = contract, gathered
        named = sources(contract)
        self.sources = {name: named[name][0] for name in contract.dimensions}
        self.members = {name: Members(contract, name) for name, column in contract.columns.items() if column.members}
        self.places: set[str] = set()

    def take(self, row: int, told: dict[str, Item]) -> None:
        labels = {name: _id(told[source]) for name, source in self.sources.items()}
        content = {name: _id(item) for name, item in told.items()}
        kept = [members.keeps(labels[name], str(told[self.sources[name]].get("name", ""))) for name, members in self.members.items()]
        if not all(kept):
            return
        self.places.add(content[AREA])
        try:
            span = self.gathered.period(content[TIME])
            value, quality = printed(content[VALUE], _mark(told.get(FLAG)), self.contract)
        except ValueError as error:
            self.gathered.aside(row, self.contract.measure or "", "cell", str(error), "a number, or a flag that says why not", content)
            return
        self.gathered.add(row, span, labels, value, quality=quality, content=content)

    def say_missing(self, asked: list[str]) -> None:
        for members in self.members.values():
            members.all_seen()
        if missing := [area for area in asked if area not in self.places]:
            fix = "Look whether the publisher has the area in this dataflow; the others are loaded."
            self.gathered.note("places", f"nothing about {', '.join(missing)}", "every place that was asked for", fix)


def _observations(source: Path, contract: Contract) -> Iterator[dict[str, Item]]:
    """Each observation as dimension or attribute to its item; the value is an item too."""
    try:
        answer = json.loads(source.read_bytes())
        document = answer.get("data", answer)
        structures = document.get("structures") or [document["structure"]]
        for data in document["dataSets"]:
            structure = structures[data.get("structure", 0)]
            _account_for(structure, contract)
            yield from _of(data, structure)
    except (ValueError, AttributeError, LookupError, TypeError) as error:
        raise ShapeChanged(f"an answer that cannot be read ({type(error).__name__}: {error})", "SDMX-JSON", AGAIN) from error


def _of(data: Item, structure: Item) -> Iterator[dict[str, Item]]:
    dimensions, attributes = structure["dimensions"], structure.get("attributes", {})
    common = {one["id"]: one["values"][0] for one in dimensions.get("dataSet") or []}
    # A data set without series keys its observations by all dimensions at once.
    series = data["series"] if "series" in data else {"": {"observations": data["observations"]}}
    for key, one in series.items():
        own = common | _at(dimensions.get("series") or [], _positions(key))
        own |= _at(attributes.get("series") or [], one.get("attributes") or [])
        for place, cells in one["observations"].items():
            seen = _at(dimensions["observation"], _positions(place)) | _at(attributes.get("observation") or [], cells[1:])
            yield own | seen | {VALUE: {"id": "" if cells[0] is None else str(cells[0])}}


def _positions(key: str) -> list[int]:
    return [int(part) for part in key.split(":")] if key else []


def _at(components: list[Item], positions: list[Any]) -> dict[str, Item]:
    """The items at these positions of the components' lists; nothing where no position is given."""
    found = {}
    for component, position in zip(components, positions, strict=False):
        if isinstance(position, bool) or position is None:
            continue
        values = component.get("values") or []
        found[component["id"]] = values[position] if isinstance(position, int) and values else {"id": str(position)}
    return found


def _account_for(structure: Item, contract: Contract) -> None:
    """Every dimension and attribute of the answer is ours, ignored by name, or an error; so is one that is missing."""
    dimensions = [one["id"] for level in structure["dimensions"].values() for one in level]
    levels = structure.get("attributes", {})
    attributes = [one["id"] for level in LEVELS for one in levels.get(level) or []]
    wanted = [group[0] for group in sources(contract).values()]
    missing = [name for name in wanted if name not in [*dimensions, VALUE]]
    strange = [name for name in [*dimensions, *attributes] if name not in [*wanted, *contract.ignore, FLAG]]
    if missing or strange:
        parts = [f"{word} {', '.join(names)}" for word, names in (("no dimension", missing), ("something more:", strange)) if names]
        fix = f"The publisher changed its service: look at the answer, then mend the contract {contract.name}."
        raise ShapeChanged("; ".join(parts), f"the dimensions {', '.join(wanted)}", fix)


def _id(item: Item) -> str:
    return str(item.get("id", item.get("value", "")))


def _mark(flag: Item | None) -> str:
    """The mark of a flag: what it is called if that is a mark, else what its number stands for."""
    if flag is None:
        return ""
    marks = set(FLAGS.values())
    said = [str(flag.get(key, "")).split(" ")[0] for key in ("id", "name", "value")]
    return next((text for text in said if text in marks), FLAGS.get(_id(flag), _id(flag)))
