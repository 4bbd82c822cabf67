"""The forms staff fill in: dates, choices and ticks, each with one sentence. Choices are filled from the content."""

from __future__ import annotations

import os
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

import briefs
import expectations
from expectations.partnership import Partnership, read_partnership
from flows.sentences import offices_of

LATEST = "what is known now"


def home_folder() -> Path:
    """The home folder: `OPENLIP_HOME`, or `.home` beside the code."""
    return Path(os.environ.get("OPENLIP_HOME") or Path(__file__).parent.parent / ".home").resolve()


def partnership() -> Partnership:
    """The partnership of the home folder."""
    return read_partnership(home_folder())


class _Choice:
    """A text that is one of the content's choices; the form shows what people call it."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        made = handler(schema)
        made["enum"] = list(choices(self.kind))
        return made


@lru_cache(maxsize=8)
def choices(kind: str) -> dict[str, str]:
    """What a form offers (in words) to what it means (a name): public tables, partners' tables, briefs or offices."""
    overlay = home_folder() / "expectations"
    if kind in ("public", "partner"):
        contracts = [c for c in expectations.read_all(overlay) if not c.is_register]
        wanted = [c for c in contracts if (c.source.fetch == "inbox") == (kind == "partner")]
        return {c.title["en"]: c.name for c in wanted}
    if kind == "brief":
        found = briefs.names(home_folder() / "briefs")
        return {briefs.read(name, home_folder() / "briefs")["en"].header.title: name for name in found}
    return {row["name_en"]: office for office, row in offices_of(home_folder()).items()} or {"(no register of offices yet)": ""}


def named(kind: str, said: str) -> str:
    """The name behind a choice; a name itself is taken too."""
    return choices(kind).get(said, said)


PublicTable = Annotated[str, _Choice("public")]
PartnerTable = Annotated[str, _Choice("partner")]
BriefChoice = Annotated[str, _Choice("brief")]
OfficeChoice = Annotated[str, _Choice("office")]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Refresh(_Form):
    """What to refresh."""

    tables: list[PublicTable] = Field(
        default=[],
        title="Tables",
        description="Which public tables to ask for. Leave empty for all of them.",
        json_schema_extra={"position": 0},
    )


class Collect(_Form):
    """What to collect."""

    tables: list[PartnerTable] = Field(
        default=[],
        title="Partner tables",
        description="Which partner tables to read. Leave empty for all.",
        json_schema_extra={"position": 0},
    )


class Publish(_Form):
    """Which brief, for whom, as known when."""

    brief: BriefChoice = Field(default="", title="Brief", description="Which brief to make.", json_schema_extra={"position": 0})
    office: OfficeChoice = Field(default="", title="For", description="The office it is addressed to.", json_schema_extra={"position": 1})
    english: bool = Field(default=True, title="English", description="Make the English document.", json_schema_extra={"position": 2})
    french: bool = Field(default=True, title="French", description="Make the French document.", json_schema_extra={"position": 3})
    use_date: bool = Field(
        default=False,
        title="As known on an earlier day",
        description="Tick to make the brief with what was known at the end of the day below. Otherwise it uses what is known now.",
        json_schema_extra={"position": 4},
    )
    day: date = Field(
        default=date(2026, 11, 22), title="Day", description="Used only when the tick above is set.", json_schema_extra={"position": 5}
    )
