"""`openlip serve` from beginning to end: a real server, a real worker, the deployments, the runs that staff start, and their pages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from flows.forms import SCHEDULED
from flows.processes import free_port
from flows.server_api import PATIENCE
from tests.flows.conftest import ROOT, Served
from tests.flows.test_prefect_yaml import NAMES

pytestmark = pytest.mark.slow
Runs = dict[str, dict[str, Any]]


def test_the_deployments_are_there_with_their_forms(served: Served) -> None:
    found = served.deployments()
    assert sorted(found) == sorted(NAMES)
    (form,) = found["Make a brief"]["parameter_openapi_schema"]["definitions"].values()
    assert "City Council, City of Peterborough" in form["properties"]["office"]["enum"]
    assert [one["schedule"]["timezone"] for one in found["Collect partner data"]["schedules"]] == ["America/Toronto"]
    assert all(one["enforce_parameter_schema"] and one["global_concurrency_limit"]["limit"] == 1 for one in found.values())


def test_an_order_that_the_form_does_not_offer_is_refused(served: Served) -> None:
    with pytest.raises(OSError, match="is not one of"):
        served.start("Make a brief", brief="Newcomers and the City", office="Somebody")


def test_the_scheduler_makes_the_coming_runs(served: Served) -> None:
    wanted = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    minutes: set[str] = set()
    tags: set[str] = set()
    expected = {"10", "15", "20", "45", "50"}
    limit = time.monotonic() + 60
    served.schedules(active=True)
    while minutes != expected and time.monotonic() < limit:
        runs = served.api.ask("POST", "/flow_runs/filter", wanted)
        runs = [run for run in runs if run["auto_scheduled"]]
        minutes = {run["expected_start_time"][14:16] for run in runs}
        tags = set.intersection(*(set(run["tags"]) for run in runs)) if runs else set()
        time.sleep(0.3)
    served.schedules(active=False)
    assert minutes == expected
    assert tags == {SCHEDULED}  # by it a run knows that it is to do its work, not only to look


def test_one_bad_source_leaves_the_others_done_and_is_named(served: Served, runs: Runs) -> None:
    run = runs["one source down"]
    assert (run["state_type"], run["name"]) == ("FAILED", "Refresh all public tables")
    said = run["state"]["message"]
    assert re.match(r"\d\d tables or files: .*, 1 could not be reached\. statcan_components_cma: https://www150", said), said
    page = served.artifact(run["id"])["data"]
    assert "| Permanent residents by census metropolitan area | Loaded: 372 rows, 372 new |" in page
    assert (
        "| Components of population change by census metropolitan area, 2021 boundaries (17-10-0149-01) | **Could not be reached** |"
        in page
    )
    assert "[www150.statcan.gc.ca](https://www150.statcan.gc.ca/t1/wds/rest/getFullTableDownloadCSV/17100149/en) answered 503" in page


def test_no_task_is_run_again_over_the_patience_of_the_transport(served: Served, runs: Runs) -> None:
    asked = {"flow_runs": {"id": {"any_": [runs["one source down"]["id"]]}}}
    assert {run["run_count"] for run in _tasks(served, asked)} == {1}


def test_the_source_that_is_back_is_loaded(served: Served, runs: Runs) -> None:
    run = runs["refresh"]
    assert (run["state_type"], run["state"]["message"]) == ("COMPLETED", "1 table or file: 1 loaded.")
    assert run["name"].startswith("Refresh Components of population change")
    assert "Loaded: 5,400 rows, 5,400 new" in served.artifact(run["id"])["data"]


def test_the_brief_links_to_documents_that_the_server_serves(served: Served, runs: Runs) -> None:
    run = runs["publish"]
    assert (run["state_type"], run["state"]["message"]) == ("COMPLETED", "2 documents wait for approval.")
    assert run["name"] == "Newcomers and the City, for City Council, City of Peterborough"
    links = re.findall(r"\]\((\S+)\)", served.artifact(run["id"])["data"])
    assert [link.rsplit(".", 2)[-2:] for link in links] == [["en", "pdf"], ["en", "html"], ["fr", "pdf"], ["fr", "html"]]
    for link in links:
        answer, body = _get(served, link.removeprefix(served.site))
        kind = "application/pdf" if link.endswith("pdf") else "text/html; charset=utf-8"
        assert (answer.status, answer.headers["content-type"]) == (200, kind)
        assert body.startswith(b"%PDF-" if link.endswith("pdf") else b"<!")


@pytest.mark.parametrize("path", ["/editions/", "/editions/../warehouse.db", "/editions/%2e%2e/warehouse.db", "/editions//etc/passwd"])
def test_nothing_but_editions_is_served(served: Served, path: str) -> None:
    answer, body = _get(served, path)
    assert answer.status == 404, body[:200]


def test_another_host_name_is_refused(served: Served) -> None:
    answer, _ = _get(served, "/api/health", host="partners.example")
    assert answer.status == 400


def test_what_cannot_be_served_is_one_message(served: Served, home: Path) -> None:
    port = str(served.port)
    taken = _serve("--home", str(home), "--port", port)
    assert (
        _last(taken) == f"Something on this machine listens at port {port} already. Choose another: openlip serve --port {served.port + 1}"
    )
    twice = _serve("--home", str(served.home), "--port", str(free_port()))
    assert _last(twice) == f"{served.home} is served already. Stop that one first, or open the address that it gave."
    missing = _serve("--home", str(home / "nowhere"))
    assert "Make a home with: openlip init" in _last(missing)


def _last(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2
    return done.stderr.splitlines()[-1]


def _serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    command = [sys.executable, "-m", "flows", "serve", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def _tasks(served: Served, asked: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = served.api.ask("POST", "/task_runs/filter", asked)
    return found


def _get(served: Served, path: str, *, host: str = "") -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"host": host} if host else {})
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()
