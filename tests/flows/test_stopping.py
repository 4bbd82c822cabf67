"""However it is stopped, `openlip serve` leaves nothing running and no run that is called Running for ever."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.inbox import write_inbox
from demo.publishers import Publishers
from flows.processes import free_port
from sql import warehouse as engines
from tests.flows.conftest import Served, programs_of, start_serve, until_said

pytestmark = pytest.mark.slow


@contextmanager
def _serving(home: Path, publishers: Publishers) -> Iterator[tuple[Served, Path]]:
    """The home served, and the file with what `openlip serve` says; whatever is left is ended."""
    said = home.parent / "said"
    port = free_port()
    with said.open("wb") as log:
        process = start_serve(home, port, publishers.url, log)
        try:
            until_said(said, "OpenLIP is ready", process)
            yield Served(home, port, publishers, process), said
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def test_a_serve_that_is_killed_and_one_that_is_stopped_during_a_run(home: Path, publishers: Publishers) -> None:
    write_inbox(home / "inbox", dirty=False, only=["p01", "p02", "p08"])
    sent = sorted(path.parent.name for path in (home / "inbox").rglob("*") if path.is_file())
    with _serving(home, publishers) as (served, _):
        cut_off = _running(served)
        served.process.kill()
        served.process.wait()
        assert programs_of(home) != []
    with _serving(home, publishers) as (served, said):
        found = served.api.ask("GET", f"/flow_runs/{cut_off}")
        assert (found["state_name"], found["state"]["message"][:20]) == ("Crashed", "This run was cut off")
        _running(served)
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(180) == 0
        assert "Waiting for the end of: Collect what partners sent." in said.read_text(encoding="utf-8")
        assert programs_of(home) == []
    # Wherever the first run was cut off: each file was concluded once and answered once.
    with engines.reader(home).connect() as connection:
        found = connection.exec_driver_sql("select partner from submission order by partner").scalars().all()
    assert (found, len(list((home / "outbox").glob("answer-*.eml")))) == (sent, len(sent))


def _running(served: Served) -> str:
    """Start a run and wait until its process runs."""
    run = served.start("Collect partner data", dry_run=False)
    limit = time.monotonic() + 60
    while served.api.ask("GET", f"/flow_runs/{run}")["state_name"] != "Running":
        assert time.monotonic() < limit
        time.sleep(0.1)
    return run
