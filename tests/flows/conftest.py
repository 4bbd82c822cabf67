"""One served home for the slow tests: `openlip serve` as staff start it, with server, worker and deployments, on a free port."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from demo.inbox import write_inbox
from demo.publishers import Publishers
from flows.forms import SCHEDULED
from flows.processes import free_port
from flows.server_api import ServerApi
from tests.conftest import NOW

ROOT = Path(__file__).parents[2]
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
COMPONENTS = "Components of population change by census metropolitan area, 2021 boundaries (17-10-0149-01)"
COLLECT = "Collect partner data"
COUNCIL = {"brief": "Newcomers and the City", "office": "City Council, City of Peterborough"}


@dataclass
class Served:
    """A home under `openlip serve`."""

    home: Path
    port: int
    publishers: Publishers
    process: subprocess.Popen[bytes]

    @property
    def api(self) -> ServerApi:
        return ServerApi(self.port)

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def deployments(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self.api.ask("POST", "/deployments/filter", {})}

    def schedules(self, *, active: bool) -> None:
        """Switch every schedule on or off: a run of the clock in the midst of a test would take the files of the run that is tested."""
        for one in self.deployments().values():
            for schedule in one["schedules"]:
                self.api.ask("PATCH", f"/deployments/{one['id']}/schedules/{schedule['id']}", {"active": active})

    def start(self, deployment: str, **order: Any) -> str:
        """Press the button; gives the id of the run."""
        return self._create(deployment, {"parameters": {"order": order}})

    def start_by_itself(self, deployment: str) -> str:
        """What a schedule starts: the defaults, and the tag that `test_the_scheduler_makes_the_coming_runs` sees on such runs."""
        return self._create(deployment, {"tags": [SCHEDULED]})

    def _create(self, deployment: str, wanted: dict[str, Any]) -> str:
        wanted |= {"state": {"type": "SCHEDULED"}}
        run = self.api.ask("POST", f"/deployments/{self.deployments()[deployment]['id']}/create_flow_run", wanted)
        return str(run["id"])

    def ended(self, run_id: str, *, seconds: float = 300) -> dict[str, Any]:
        """The run, when it has ended."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            try:
                run: dict[str, Any] = self.api.ask("GET", f"/flow_runs/{run_id}")
            except TimeoutError as error:
                raise AssertionError(self.where_it_stands()) from error
            if run["state_type"] in ENDED:
                return run
            time.sleep(0.2)
        raise AssertionError(f"{run['name']} is still {run['state_name']} after {seconds} s")

    def where_it_stands(self) -> str:
        """The end of the log of a server that does not answer, after it was asked what its threads do."""
        for pid in programs_of(self.home):
            if b"flows.server:application" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGUSR1)
        time.sleep(1)
        return (self.home / "prefect" / "logs" / "server.log").read_text(encoding="utf-8", errors="replace")[-8000:]

    def artifacts(self, run_id: str) -> dict[str, dict[str, Any]]:
        """The artifacts of a run, by their keys; each key once."""
        found = self.api.ask("POST", "/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run_id]}}})
        by_key = {one["key"]: dict(one) for one in found}
        assert len(by_key) == len(found)
        return by_key

    def artifact(self, run_id: str, key: str = "") -> dict[str, Any]:
        """The artifact of a run with this key, or its only one."""
        found = self.artifacts(run_id)
        if key:
            return found[key]
        (only,) = found.values()
        return only


@pytest.fixture(scope="session")
def served(_sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A sample home with partners' files, good and faulty, under `openlip serve`; nothing may be left when it has stopped."""
    folder = tmp_path_factory.mktemp("served")
    home, port = folder / "home", free_port()
    shutil.copytree(_sample_home, home)
    write_inbox(home / "inbox")
    with Publishers() as publishers, (folder / "said").open("wb") as said:
        process = start_serve(home, port, publishers.url, said)
        world = Served(home, port, publishers, process)
        try:
            until_said(folder / "said", "OpenLIP is ready", process)
            world.schedules(active=False)
            yield world
        finally:
            # The end is itself a test: the worker dies, and everything else is stopped and told.
            for pid in programs_of(home):
                if b"worker\0start" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)
            code = process.wait(60)
            left = programs_of(home)
            for pid in left:
                os.kill(pid, signal.SIGKILL)
    told = (folder / "said").read_text(encoding="utf-8")
    assert (code, left) == (3, []), f"ended with {code}, left {left} running: {told}"
    assert "The worker ended by itself; everything was stopped." in told


def start_serve(home: Path, port: int, publishers: str, said: IO[bytes]) -> subprocess.Popen[bytes]:
    """`openlip serve`, as a process of its own."""
    command = [sys.executable, "-m", "flows", "serve", "--home", str(home), "--port", str(port)]
    return subprocess.Popen(command, cwd=ROOT, env=_clean(publishers), stdout=said, stderr=said)


def _clean(publishers: str) -> dict[str, str]:
    """The environment without settings of whoever runs the tests, in the sample's world."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENLIP_", "PREFECT_"))}
    # A schedule that is switched on shows its runs within seconds, not within a minute.
    return kept | {"OPENLIP_NOW": NOW, "OPENLIP_PUBLISHERS": publishers, "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5"}


def until_said(log: Path, words: str, process: subprocess.Popen[bytes], *, seconds: float = 120) -> None:
    limit = time.monotonic() + seconds
    while words not in (text := log.read_text(encoding="utf-8")):
        assert process.poll() is None, text
        assert time.monotonic() < limit, text
        time.sleep(0.1)


def programs_of(home: Path) -> list[int]:
    """The processes that belong to a home."""
    mark, found = f"OPENLIP_HOME={home}".encode(), []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


@pytest.fixture(scope="session")
def runs(served: Served) -> dict[str, dict[str, Any]]:
    """Runs that have ended, by what they are called here: two at a time, as many as the worker takes."""
    served.publishers.always("17100149", "html503")
    ended = _ended(served, {"one source down": served.start("Refresh public statistics"), "what lies there": served.start(COLLECT)})
    served.publishers.heal()
    refresh = served.start("Refresh public statistics", tables=[COMPONENTS])
    ended |= _ended(served, {"refresh": refresh, "collect": served.start_by_itself(COLLECT)})
    ended |= _ended(served, {"publish": served.start("Make a brief", **COUNCIL), "whom": served.start("Send reminders")})
    ended |= _ended(served, {"look": served.start("Send templates"), "collect again": served.start(COLLECT, dry_run=False)})
    sent = served.start("Send templates", dry_run=False)
    return ended | _ended(served, {"templates": sent, "reminders": served.start_by_itself("Send reminders")})


def _ended(served: Served, wanted: dict[str, str]) -> dict[str, dict[str, Any]]:
    return {name: served.ended(run) for name, run in wanted.items()}
