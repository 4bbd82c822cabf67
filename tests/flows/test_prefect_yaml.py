"""prefect.yaml says nothing that Prefect would pass over in silence, and every form is one that staff can fill in."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from flows.forms import PERIODS, SCHEDULED, called, named, period_meant

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "prefect.yaml").read_text(encoding="utf-8")
DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load(TEXT)["deployments"]
NAMES = ["Refresh public statistics", "Collect partner data", "Send templates", "Send reminders", "Make a brief", "Accept a revision"]
BY_HAND = ["Send templates", "Make a brief", "Accept a revision"]
# Every run of these counts: a second one waits. Of the others a run that is due while one runs still is left out.
WAITING = ["Send templates", "Send reminders", "Make a brief", "Accept a revision"]
PUBLIC = {
    "Components of population change by census metropolitan area, 2021 boundaries (17-10-0149-01)",
    "Permanent residents by census metropolitan area",
}


def unknown_keys(text: str) -> list[str]:
    """The keys of a prefect.yaml that Prefect ignores, and the values that it does not check."""
    from prefect.cli.deploy import _models as models

    data = yaml.safe_load(text)
    found = [f"{key}" for key in data if key not in {*models.PrefectYamlModel.model_fields, "prefect-version", "definitions"}]
    for one in data["deployments"]:
        limit = one.get("concurrency_limit")
        parts: list[tuple[str, Any, Any]] = [
            ("", one, models.DeploymentConfig),
            ("work_pool.", one.get("work_pool"), models.WorkPoolConfig),
        ]
        parts.append(("concurrency_limit.", limit, models.ConcurrencyLimitSpec))
        for prefix, part, model in parts:
            if isinstance(part, dict):
                found += [f"{one['name']}.{prefix}{key}" for key in part if key not in model.model_fields]
        if isinstance(limit, dict) and limit.get("collision_strategy", "ENQUEUE") not in ("ENQUEUE", "CANCEL_NEW"):
            found.append(f"{one['name']}.concurrency_limit.collision_strategy: {limit['collision_strategy']}")
        if isinstance(limit, dict) and not 60 <= limit.get("grace_period_seconds", 60) <= 86400:
            found.append(f"{one['name']}.concurrency_limit.grace_period_seconds: {limit['grace_period_seconds']}")
        models.DeploymentConfig(**one)
    return found


def test_every_key_is_known_to_prefect() -> None:
    assert unknown_keys(TEXT) == []


@pytest.mark.parametrize(
    ("piece", "instead", "found"),
    [
        ("name: openlip\n", "nmae: openlip\n", ["nmae"]),
        ("tags: [briefs]", "labels: [briefs]", ["Make a brief.labels"]),
        (
            "{limit: 1, collision_strategy: ENQUEUE}",
            "{limit: 1, strategy: ENQUEUE}",
            [f"{name}.concurrency_limit.strategy" for name in WAITING],
        ),
        ("strategy: ENQUEUE}", "strategy: WAIT}", [f"{name}.concurrency_limit.collision_strategy: WAIT" for name in WAITING]),
        ("work_pool: {name: openlip}", "work_pool: {pool: openlip}", [f"{name}.work_pool.pool" for name in NAMES]),
    ],
)
def test_an_invented_key_is_found(piece: str, instead: str, found: list[str]) -> None:
    assert piece in TEXT
    assert unknown_keys(TEXT.replace(piece, instead)) == found


def test_an_invented_key_of_a_schedule_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        unknown_keys(TEXT.replace("timezone: America/Toronto", "zone: America/Toronto"))


def test_staff_see_a_handful_of_deployments_in_their_words() -> None:
    assert [one["name"] for one in DEPLOYMENTS] == NAMES
    assert yaml.safe_load(TEXT)["pull"] == []  # else the folder of whoever deployed last is written into each deployment
    for one in DEPLOYMENTS:
        assert re.fullmatch(r"flows(\.[a-z_]+){2}", one["entrypoint"])  # a path would hide our packages behind flows/
        assert one["enforce_parameter_schema"] is True
        assert one["concurrency_limit"]["limit"] == 1
        assert one["work_pool"] == {"name": "openlip"}
        assert "paused" not in one


def test_schedules_keep_what_staff_chose_and_are_told_in_words() -> None:
    for one in DEPLOYMENTS:
        for schedule in one.get("schedules", []):
            assert schedule["slug"]
            assert "active" not in schedule  # else each deployment switches it on again
            assert ZoneInfo(schedule["timezone"]).key == "America/Toronto"
            assert "(America/Toronto)" in one["description"]  # the pages show a schedule without its zone
        assert one["concurrency_limit"]["collision_strategy"] == ("ENQUEUE" if one["name"] in WAITING else "CANCEL_NEW")
        assert "**By itself:**" in one["description"]
    crons = {one["name"]: [schedule["cron"] for schedule in one.get("schedules", [])] for one in DEPLOYMENTS}
    by_itself = {
        "Refresh public statistics": ["45 8 * * *", "15 12 * * 1-5"],
        "Collect partner data": ["20,50 * * * *"],
        "Send reminders": ["10 9 * * 1-5"],
    }
    assert crons == by_itself | {name: [] for name in BY_HAND}


@pytest.fixture
def schemas(home: Path) -> dict[str, dict[str, Any]]:
    """The parameter schema of each deployment, as the server gets it when this home is deployed."""
    from prefect.flows import load_flow_from_entrypoint
    from prefect.utilities.callables import parameter_schema

    flows: dict[str, Any] = {one["name"]: load_flow_from_entrypoint(one["entrypoint"], use_placeholder_flow=False) for one in DEPLOYMENTS}
    return {name: parameter_schema(flow).model_dump() for name, flow in flows.items()}


def test_every_field_has_a_title_a_sentence_and_one_type(schemas: dict[str, dict[str, Any]]) -> None:
    for name, schema in schemas.items():
        assert list(schema["properties"]) == ["order"], name  # labels survive only inside one model
        for field, said in _fields(schema):
            assert said["title"], field
            assert said["title"][0].isupper(), field
            assert said["description"].endswith("."), field
            assert not {"anyOf", "oneOf"} & set(said), f"{name}: {field} is shown as a choice of types"
            assert said["type"] in ("string", "boolean", "array", "integer"), field
            assert "position" in said, field


def test_choices_come_from_the_content(schemas: dict[str, dict[str, Any]]) -> None:
    tables = dict(_fields(schemas["Refresh public statistics"]))["tables"]["items"]["enum"]
    brief = dict(_fields(schemas["Make a brief"]))
    assert set(tables) >= PUBLIC
    for name in ("Collect partner data", "Send templates", "Send reminders"):
        members = dict(_fields(schemas[name]))["partners"]["items"]["enum"]
        assert len(members) == 20, name
        assert "Sample Settlement Agency (p01)" in members
        assert not [member for member in members if member.endswith("(m20)")], "it left in 2024"
    for name in ("Send templates", "Send reminders"):
        assert dict(_fields(schemas[name]))["period"]["enum"] == list(PERIODS)
    assert "Newcomers and the City" in brief["brief"]["enum"]
    assert "City Council, City of Peterborough" in brief["office"]["enum"]
    assert brief["languages"]["items"]["enum"] == ["English", "French"]


def test_a_form_left_alone_is_valid_but_a_brief_needs_a_brief_and_an_office(schemas: dict[str, dict[str, Any]]) -> None:
    required = {name: next(iter(schema["definitions"].values())).get("required", []) for name, schema in schemas.items()}
    assert required == {name: [] for name in NAMES} | {"Make a brief": ["brief", "office"], "Accept a revision": ["table"]}
    assert dict(_fields(schemas["Accept a revision"]))["accept"]["default"] is False  # a look comes first
    assert "default" not in dict(_fields(schemas["Make a brief"]))["day"]  # it would be the day of the deployment for ever


@pytest.mark.parametrize(
    ("name", "form", "period"),
    [
        ("Collect partner data", "Collect", None),
        ("Send templates", "HandOut", "The last quarter that is over"),
        ("Send reminders", "Remind", "The last quarter that is over"),
    ],
)
def test_what_writes_to_partners_only_looks_unless_the_switch_is_off(
    schemas: dict[str, dict[str, Any]], name: str, form: str, period: str | None
) -> None:
    fields = dict(_fields(schemas[name]))
    assert list(schemas[name]["definitions"]) == [form]
    assert fields["dry_run"]["default"] is True
    assert fields["dry_run"]["description"].startswith("On: ")
    assert fields.get("period", {}).get("default") == period
    # The form sends what it shows; the server fills in the default of the whole order when nothing was sent.
    assert schemas[name]["properties"]["order"]["default"]["dry_run"] is True


def test_what_the_server_puts_into_a_form_is_valid(schemas: dict[str, dict[str, Any]]) -> None:
    """`enforce_parameter_schema`: the defaults that the server fills in, and the parameters of a schedule, are among the choices."""
    from prefect.utilities.schema_tools.validation import ValidationError, validate

    for one in DEPLOYMENTS:
        schema: Any = schemas[one["name"]]
        orders = [default] if (default := schema["properties"]["order"].get("default")) is not None else []
        orders += [schedule["parameters"]["order"] for schedule in one.get("schedules", []) if "parameters" in schedule]
        for order in orders:
            validate({"order": order}, schema, raise_on_error=True)
    reminders: Any = schemas["Send reminders"]
    with pytest.raises(ValidationError, match="is not one of"):
        validate({"order": {"period": "2026-Q9"}}, reminders, raise_on_error=True)


@pytest.mark.parametrize("name", ["Collect partner data", "Send reminders"])
def test_a_schedule_says_nothing_of_looking_because_prefect_would_lose_it(name: str) -> None:
    """Prefect tags what a schedule starts; the parameters of a schedule are lost when it is switched off and on."""
    from prefect.server.models import deployments

    (schedule,) = next(one["schedules"] for one in DEPLOYMENTS if one["name"] == name)
    assert "parameters" not in schedule
    assert f'["{SCHEDULED}"]' in inspect.getsource(deployments)


@pytest.mark.parametrize(
    ("now", "said", "meant"),
    [
        ("2026-11-22T17:00:00+00:00", "The last quarter that is over", "2026-Q3"),
        ("2026-11-22T17:00:00+00:00", "The quarter before it", "2026-Q2"),
        ("2026-11-22T17:00:00+00:00", "The quarter under way", "2026-Q4"),
        ("2026-11-22T17:00:00+00:00", "", "2026-Q3"),
        ("2026-11-22T17:00:00+00:00", "2025-Q1", "2025-Q1"),
        ("2027-01-01T04:59:00+00:00", "The last quarter that is over", "2026-Q3"),  # still the old year in Peterborough
        ("2027-01-01T05:00:00+00:00", "The last quarter that is over", "2026-Q4"),
        ("2027-01-01T05:00:00+00:00", "The quarter before it", "2026-Q3"),
        ("2027-01-01T05:00:00+00:00", "The quarter under way", "2027-Q1"),
    ],
)
def test_a_period_is_chosen_by_where_it_stands(environment: pytest.MonkeyPatch, now: str, said: str, meant: str) -> None:
    """The choices of a form are those of the day of its deployment, so none of them is a date."""
    environment.setenv("OPENLIP_NOW", now)
    assert period_meant(said) == meant


def test_members_are_chosen_by_their_names(home: Path) -> None:
    assert named("member", "Sample College (p03)") == "p03"
    assert named("member", "p03") == "p03"
    assert called("member", "p03") == "Sample College (p03)"


def test_an_office_added_to_the_register_is_offered(home: Path) -> None:
    from flows.forms import Publish

    path = home / "registers" / "offices.csv"
    row = 'school_board,district,"Trustees, District School Board","Conseil scolaire",2021A00033515,en,\n'
    path.write_text(path.read_text(encoding="utf-8") + row, encoding="utf-8")
    assert "Trustees, District School Board" in Publish.model_json_schema()["properties"]["office"]["enum"]


def _fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    (form,) = schema["definitions"].values()
    yield from form["properties"].items()
