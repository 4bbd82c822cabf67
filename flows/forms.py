"""The forms staff fill in: dates, choices and switches, each with one sentence. Choices are filled from the content."""

from __future__ import annotations

import os
from collections import defaultdict
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from babel import Locale
from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema

import briefs
import expectations
from expectations import places
from expectations.partnership import Partnership, read_partnership
from flows.sentences import offices_of
from tasks.due import current_period


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


def choices(kind: str) -> dict[str, str]:
    """What a form offers (in words) to what it means (a name): public tables, partners, periods, briefs, offices or languages."""
    return _choices(kind, home_folder())


@lru_cache(maxsize=32)
def _choices(kind: str, home: Path) -> dict[str, str]:
    if kind == "public":
        contracts = [c for c in expectations.read_all(home / "expectations") if not c.is_register]
        return {c.title["en"]: c.name for c in contracts if not c.is_partner}
    if kind == "member":
        rows = places.rows(home / "registers" / "members.csv", "partner", "name_en", "left")
        return {f"{row['name_en']} ({row['partner']})": row["partner"] for row in rows if not row["left"]} or {"(no members yet)": ""}
    if kind == "period":
        return {said: said for said in PERIODS}
    if kind == "brief":
        folder = home / "briefs"
        return {briefs.read(name, folder)["en"].header.title: name for name in briefs.names(folder)}
    if kind == "language":
        return {str(Locale.parse(code).get_display_name("en")): code for code in read_partnership(home).languages}
    return {row["name_en"]: office for office, row in offices_of(home).items()} or {"(no register of offices yet)": ""}


# Said by where they stand, not by name: the choices of a form are those of the day on which it was deployed.
PERIODS = {"The last quarter that is over": 0, "The quarter before it": -1, "The quarter under way": 1}


def period_meant(said: str) -> str:
    """The quarter behind a choice of PERIODS; a code such as 2026-Q3 is taken too, and nothing means the last one that is over."""
    if said and said not in PERIODS:
        return said
    year, quarter = current_period().split("-Q")
    index = int(year) * 4 + int(quarter) - 1 + PERIODS.get(said, 0)
    return f"{index // 4}-Q{index % 4 + 1}"


def named(kind: str, said: str) -> str:
    """The name behind a choice; a name itself is taken too."""
    return choices(kind).get(said, said)


def called(kind: str, name: str) -> str:
    """What people call the choice; the words themselves are taken too."""
    return {meant: said for said, meant in choices(kind).items()}.get(name, name)


def run_name(pattern: str, *, nothing: str) -> str:
    """The name of the run under way: the pattern filled from its form, a list said with commas, nothing chosen as `nothing`.

    A period is said by its code: `the last quarter that is over` would be another one in the list of runs next year.
    """
    said = {field: ", ".join(value) if isinstance(value, list) else str(value) for field, value in asked().items()}
    said |= {"period": period_meant(said.get("period", ""))}
    return pattern.format_map(defaultdict(lambda: nothing, {field: value for field, value in said.items() if value}))


# What Prefect tags a run with that its schedule started.
SCHEDULED = "auto-scheduled"


def only_looks(dry_run: bool) -> bool:
    """Whether the run under way only looks: what its form says, but never when its schedule started it.

    The schedule cannot say so in its parameters: Prefect empties them when somebody switches it off and on.
    """
    from prefect.runtime import flow_run

    return dry_run and SCHEDULED not in (flow_run.tags or [])


def asked() -> dict[str, Any]:
    """What the form of the run under way says; nothing when it was started with the defaults of its flow."""
    from prefect.runtime import flow_run

    order = flow_run.parameters.get("order") or {}
    return order if isinstance(order, dict) else dict(order.model_dump())


PublicTable = Annotated[str, _Choice("public")]
MemberChoice = Annotated[str, _Choice("member")]
PeriodChoice = Annotated[str, _Choice("period")]
BriefChoice = Annotated[str, _Choice("brief")]
OfficeChoice = Annotated[str, _Choice("office")]
LanguageChoice = Annotated[str, _Choice("language")]
# A day that may be left out: the form shows an empty date picker, where `date | None` would show a choice of types.
PerhapsDay = Annotated[date | None, WithJsonSchema({"type": "string", "format": "date"})]


def _at(position: int) -> dict[str, Any]:
    return {"position": position}


def _empty_at_5(schema: dict[str, Any]) -> None:
    """A default would be the same day for ever, the day of the deployment."""
    schema.pop("default", None)
    schema["position"] = 5


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Refresh(_Form):
    """What to refresh."""

    tables: list[PublicTable] = Field(
        default=[],
        title="Tables",
        description="Which public tables to ask for. Leave empty for all of them.",
        json_schema_extra=_at(0),
    )


class Accept(_Form):
    """Which table, and whether its waiting release is accepted or only looked at."""

    table: PublicTable = Field(title="Table", description="Whose waiting release to look at.", json_schema_extra=_at(0))
    accept: bool = Field(
        default=False,
        title="Accept it",
        description="Leave off to look first: what changed, which figures would move, which editions print them.",
        json_schema_extra=_at(1),
    )
    release: int = Field(
        default=0, title="Release", description="Needed to accept: the number of the release you looked at.", json_schema_extra=_at(2)
    )
    by: str = Field(default="", title="Your name", description="Needed to accept.", json_schema_extra=_at(3))
    why: str = Field(
        default="", title="Why", description="What the publisher says of the change, for the record.", json_schema_extra=_at(4)
    )


class Collect(_Form):
    """What to collect."""

    partners: list[MemberChoice] = Field(
        default=[],
        title="Partners",
        description="Whose files to read. Leave empty for everybody's.",
        json_schema_extra=_at(0),
    )
    dry_run: bool = Field(
        default=True,
        title="Only look",
        description="On: tells where new files lie. Switch off to take them in and answer them.",
        json_schema_extra=_at(1),
    )


class _OfPeriod(_Form):
    period: PeriodChoice = Field(
        default="The last quarter that is over", title="Period", description="For which quarter.", json_schema_extra=_at(0)
    )


class HandOut(_OfPeriod):
    """Which workbooks to make."""

    partners: list[MemberChoice] = Field(
        default=[],
        title="Partners",
        description="Whose workbooks. Leave empty for all who owe something of the period.",
        json_schema_extra=_at(1),
    )
    dry_run: bool = Field(
        default=True,
        title="Only make them",
        description="On: makes the workbooks and sends nothing. Switch off to put them into the outbox.",
        json_schema_extra=_at(2),
    )
    again: bool = Field(
        default=False,
        title="Send again",
        description="Switch on to send today also to those who got theirs already.",
        json_schema_extra=_at(3),
    )


class Remind(_OfPeriod):
    """Of which period to remind whom."""

    partners: list[MemberChoice] = Field(
        default=[],
        title="Partners",
        description="Whom to remind. Leave empty for all who owe something of the period.",
        json_schema_extra=_at(1),
    )

    dry_run: bool = Field(
        default=True,
        title="Only look",
        description="On: tells who would be reminded. Switch off to put the letters into the outbox.",
        json_schema_extra=_at(2),
    )


class Publish(_Form):
    """Which brief, for whom, in which languages, as known when."""

    brief: BriefChoice = Field(title="Brief", description="Which brief to make.", json_schema_extra=_at(0))
    office: OfficeChoice = Field(title="For", description="The office it is addressed to.", json_schema_extra=_at(1))
    languages: list[LanguageChoice] = Field(
        default=[],
        title="Languages",
        description="In which languages. Leave empty for every language the brief is written in.",
        json_schema_extra=_at(2),
    )
    use_date: bool = Field(
        default=False,
        title="As known on an earlier day",
        description="Switch on to make it with what was known at the end of the day below. Otherwise it uses what is known now.",
        json_schema_extra=_at(4),
    )
    day: PerhapsDay = Field(default=None, title="Day", description="Used only when the switch above is on.", json_schema_extra=_empty_at_5)
