"""The publishers on the loopback: every host is the first part of the path, `/www150.statcan.gc.ca/...`.

with Publishers(folder) as publishers:
    publishers.fail("getCubeMetadata", "409", "html503")
    requests.get(publishers.url + "/open.canada.ca/data/api/3/action/package_search?q=x", timeout=5)
"""

from __future__ import annotations

import argparse
import signal
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Self

from demo.answers import FAULTS, Answer, Request, download, page, spoil
from demo.census import Census
from demo.cmhc import Cmhc
from demo.ircc import Ircc
from demo.ontario import Ontario
from demo.server import Seen, Server
from demo.statcan import StatCan
from demo.statcan_tables import TORONTO

FOLDER = Path(__file__).parents[1] / "partnerships/peterborough/sample/publishers"


class Publishers:
    """The publishers of a sample folder on one day, on a free port (or the one given) of 127.0.0.1."""

    def __init__(self, folder: Path = FOLDER, *, today: date = date(2026, 11, 22), port: int = 0) -> None:
        """Build every file; nothing is served before `with`."""
        self.today = today
        self.log: list[Seen] = []
        self._statcan = StatCan(folder, today)
        self._census = Census(folder, self._statcan)
        self._ircc = Ircc(folder)
        self._ontario = Ontario(folder)
        self._hosts: dict[str, Callable[[Request], Answer]] = {
            "www150.statcan.gc.ca": self._statcan.answer,
            "open.canada.ca": self._ircc.ckan,
            "www.ircc.canada.ca": self._ircc.file,
            "www03.cmhc-schl.gc.ca": Cmhc(folder).answer,
            "data.ontario.ca": self._ontario.answer,
            "api.statcan.gc.ca": self._census.answer,
        }
        self._lock = threading.Lock()
        self._queued: dict[str, deque[str]] = {}
        self._always: dict[str, str] = {}
        self._replaced: dict[str, bytes] = {}
        self._port = port
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """Where the publishers are reached."""
        if self._server is None:
            raise RuntimeError("the publishers are served only inside `with`")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        """Serve from a daemon thread."""
        self._server = Server(self._port, self.answer, self.log)
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and drop the connections that are still open."""
        if self._server:
            self._server.stop()
        self._server = None

    def fail(self, path_part: str, *faults: str) -> None:
        """Spoil the next requests whose address contains `path_part`, one fault each; then all is well again."""
        _known(*faults)
        with self._lock:
            self._queued.setdefault(path_part, deque()).extend(faults)

    def always(self, path_part: str, fault: str) -> None:
        """Spoil every request whose address contains `path_part`, until `heal`."""
        _known(fault)
        with self._lock:
            self._always[path_part] = fault

    def heal(self) -> None:
        """End every fault, the queued ones too."""
        with self._lock:
            self._queued.clear()
            self._always.clear()

    def replace(self, path_part: str, body: bytes) -> None:
        """Serve these bytes, dated today, wherever the address contains `path_part`."""
        self._replaced[path_part] = body

    def metadata(self, pid: int | str, metadata: dict[str, Any]) -> None:
        """Set what getCubeMetadata gives as `object` for a table; its releaseTime also decides the lists of changes."""
        self._statcan.metadata[str(pid)] = metadata

    def release(self, pid: int | str, moment: str, body: bytes | None = None) -> None:
        """Release a table of Statistics Canada anew (`2026-11-23T08:30`, Toronto time); without a body its zip is still the old one."""
        self.metadata(pid, {**self._statcan.metadata[str(pid)], "releaseTime": moment})
        if body is not None:
            self.replace(f"{pid}-eng.zip", body)

    def clock(self, moment: datetime) -> None:
        """Give the publishers a clock: Statistics Canada answers 409 for what is not released by then."""
        self._statcan.now = moment
        self.today = self._statcan.today = moment.astimezone(TORONTO).date()

    def restate(self) -> None:
        """Publish the next edition of the monthly files: one month of ODP-PR-PT_CMA.csv has another figure."""
        self._ircc.restate()

    def answer(self, request: Request, address: str) -> Answer:
        """The answer to a request, spoiled if a fault waits for it."""
        fault = self._fault(address)
        answer = self._wholesome(request, address)
        return spoil(fault, answer, request) if fault else answer

    def _wholesome(self, request: Request, address: str) -> Answer:
        if request.host == "www150.statcan.gc.ca" and (locked := self._statcan.locked(request.path)):
            return locked
        for part, body in reversed(self._replaced.items()):
            if part in address:
                return download(request.path, body, datetime.combine(self.today, time(12), UTC))
        host = self._hosts.get(request.host)
        return host(request) if host else page(404, f"The sample plays no publisher {request.host}")

    def _fault(self, address: str) -> str | None:
        with self._lock:
            for part, queue in self._queued.items():
                if part in address and queue:
                    return queue.popleft()
            return next((fault for part, fault in self._always.items() if part in address), None)


def _known(*faults: str) -> None:
    if unknown := [fault for fault in faults if fault not in FAULTS]:
        raise ValueError(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}")


def main() -> None:
    """Print the address and serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m demo.publishers", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    wanted = parser.parse_args()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with Publishers(wanted.folder, port=wanted.port) as publishers:
        print(publishers.url, flush=True)
        stopped.wait()


if __name__ == "__main__":
    main()
