"""One partnership: its home folder, its places by code, its thresholds, and the labels publishers give to its places."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from expectations import Contract, ContractBroken, is_place_code, load_yaml, places, read_all
from expectations.places import Gazetteer, Place


class Organisation(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: dict[str, str]
    short: str
    web: str
    contact: dict[str, str]


class Text(BaseModel):
    """A text that was in force from a day on, such as a vision."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    valid_from: date
    text: dict[str, str]


class Thresholds(BaseModel):
    """`coverage`: the least share of expected partners behind a total that is printed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    coverage: float = Field(ge=0, le=1)


class Reporting(BaseModel):
    """When partners report. A period is due on the `due_working_day`-th working day after its end and closes `closes_after_days` later;
    periods before `first_period` have no due day. Reminders go out `reminders` days from the due day (before it where negative).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    first_period: str = ""
    due_working_day: int = Field(default=10, ge=1, le=40)
    closes_after_days: int = Field(default=60, ge=1)
    reminders: list[int] = Field(default=[-7, 2, 9])
    sender: str = ""


class Partnership(BaseModel):
    """`partnership.yaml`, read strictly. `home` is the folder it was read from."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    organisation: Organisation
    vision: list[Text]
    mandate: list[Text]
    languages: list[str]
    time_zone: str
    place: str
    places: list[str]
    context: list[str]
    thresholds: Thresholds
    reporting: Reporting = Field(default_factory=Reporting)
    sample: bool = False
    home: Path

    @property
    def overlay(self) -> Path:
        return self.home / "expectations"

    def contracts(self) -> list[Contract]:
        """The contracts in force here: the shipped ones under this partnership's own."""
        return read_all(self.overlay)

    @property
    def kept_places(self) -> frozenset[str]:
        """The codes kept of a table with `places: partnership`: its own places and those it is compared with."""
        return frozenset([*self.places, *self.context])

    @property
    def gazetteer(self) -> Gazetteer:
        """The register of places and of what publishers call them."""
        return places.read(self.home)

    def place_at(self, code: str, day: date) -> Place:
        """The place of a code on a day; `PlaceUnknown` for a bare name, and for boundaries that were not in force then.

        The code may be a publisher's: `35529` is the metropolitan area, `35086-2023` a riding from 2024-04-23 on.
        """
        return self.gazetteer.at(code, day)

    def labels(self, publisher: str) -> dict[str, str]:
        """What this publisher prints for a place, mapped to its code (registers/place_labels.csv)."""
        found = places.read_labels(self.home / "registers" / "place_labels.csv")
        return {label: place for (by, label), place in found.items() if by == publisher}

    def place_names(self, language: str) -> dict[str, str]:
        """Code to name in that language (registers/places.csv)."""
        path = self.home / "registers" / "places.csv"
        return {row["place"]: row[f"name_{language}"] for row in places.rows(path, "place", f"name_{language}")}

    def register_codes(self, register: str, column: str) -> frozenset[str]:
        """The codes of one column of a register of this partnership."""
        return frozenset(row[column] for row in places.rows(self.home / "registers" / f"{register}.csv", column))


def read_partnership(home: Path) -> Partnership:
    """Read `partnership.yaml` of a home folder; `ContractBroken` names the key that is wrong."""
    path = home / "partnership.yaml"
    if not path.is_file():
        raise ContractBroken(f"{home} holds no partnership.yaml. Make a home with: openlip init {home}")
    try:
        data = load_yaml(path.read_text(encoding="utf-8"), str(path))
        partnership = Partnership(home=home, **data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ContractBroken(f"{path}: {key}: {first['msg']}") from error
    except (yaml.YAMLError, TypeError) as error:
        raise ContractBroken(f"{path} is not YAML with the keys of a partnership: {error}") from error
    bare = [code for code in [partnership.place, *partnership.places, *partnership.context] if not is_place_code(code)]
    if bare:
        raise ContractBroken(f"{path}: {bare} are not place codes; write the DGUID, such as 2021S0503529")
    return partnership
