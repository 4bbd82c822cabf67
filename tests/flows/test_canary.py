"""The versions installed work together: a real Prefect server answers, and its scheduler really creates a scheduled run.

With SQLAlchemy 2.1 the server of Prefect 3.8.8 starts and answers, and never creates one; only its log says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from flows.processes import free_port
from flows.serve import running_server
from flows.server_api import ServerApi

pytestmark = pytest.mark.slow
EVERY_FIVE_MINUTES = {"schedule": {"cron": "*/5 * * * *", "timezone": "America/Toronto"}, "active": True}


@pytest.fixture(scope="module")
def server(_sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerApi]:
    """A real server with a new database."""
    home = tmp_path_factory.mktemp("canary")
    (home / "partnership.yaml").write_bytes((_sample_home / "partnership.yaml").read_bytes())
    port = free_port()
    with running_server(home, port) as url:
        assert url == f"http://127.0.0.1:{port}/api"
        yield ServerApi(port)


def test_the_server_answers(server: ServerApi) -> None:
    versions = {name: version(name) for name in ("prefect", "fastapi", "starlette", "uvicorn", "sqlalchemy", "pydantic")}
    print("\n" + ", ".join(f"{name} {number}" for name, number in versions.items()))
    assert server.ask("GET", "/health") is True
    assert server.ask("GET", "/admin/version") == versions["prefect"]


def test_the_scheduler_creates_runs(server: ServerApi) -> None:
    flow = server.ask("POST", "/flows/", {"name": "canary"})
    wanted = {"name": "every five minutes", "flow_id": flow["id"], "schedules": [EVERY_FIVE_MINUTES]}
    deployment = server.ask("POST", "/deployments/", wanted)
    runs = _runs(server, deployment["id"], seconds=60)
    assert {run["state_type"] for run in runs} == {"SCHEDULED"}
    assert all(run["expected_start_time"][14:16] in {f"{minute:02d}" for minute in range(0, 60, 5)} for run in runs)


def _runs(server: ServerApi, deployment: str, *, seconds: float) -> list[dict[str, Any]]:
    """The runs that the scheduler makes of a deployment; it looks every few seconds for new ones."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        runs: list[dict[str, Any]] = server.ask("POST", "/flow_runs/filter", {"deployments": {"id": {"any_": [deployment]}}})
        if runs:
            return runs
        time.sleep(0.3)
    raise AssertionError(f"after {seconds} s the scheduler has created no run: fastapi and sqlalchemy do not fit this Prefect")
