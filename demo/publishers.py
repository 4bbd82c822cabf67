"""The publishers on the loopback: every host is the first part of the path, `/www150.statcan.gc.ca/...`.

    with Publishers(folder) as publishers:
        publishers.fail("getCubeMetadata", "409", "html503")
        requests.get(publishers.url + "/open.canada.ca/data/api/3/action/package_search?q=x", timeout=5)
"""

from __future__ import annotations

import argparse
import select
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from demo.answers import FAULTS, Answer, Request, download, page, spoil, unchanged
from demo.ircc import Ircc
from demo.statcan import StatCan

FOLDER = Path(__file__).parents[1] / "partnerships/peterborough/sample/publishers"


class Seen(NamedTuple):
    """One request that was answered; status 0 is a request that was left hanging."""

    time: datetime
    method: str
    path: str
    status: int
    user_agent: str


class Publishers:
    """The publishers of a sample folder on one day, on a free port (or the one given) of 127.0.0.1."""

    def __init__(self, folder: Path = FOLDER, *, today: date = date(2026, 11, 22), port: int = 0) -> None:
        """Build every file; nothing is served before `with`."""
        self.today = today
        self.log: list[Seen] = []
        self.stopping = threading.Event()
        self._statcan = StatCan(folder, today)
        self._ircc = Ircc(folder)
        self._hosts: dict[str, Callable[[Request], Answer]] = {
            "www150.statcan.gc.ca": self._statcan.answer,
            "open.canada.ca": self._ircc.ckan,
            "www.ircc.canada.ca": self._ircc.file,
        }
        self._lock = threading.Lock()
        self._queued: dict[str, deque[str]] = {}
        self._always: dict[str, str] = {}
        self._replaced: dict[str, bytes] = {}
        self._port = port
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """Where the publishers are reached."""
        if self._server is None:
            raise RuntimeError("the publishers are served only inside `with`")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        """Serve from a daemon thread."""
        self.stopping.clear()
        self._server = _Server(("127.0.0.1", self._port), self)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and drop the connections that are still open."""
        self.stopping.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server.drop()
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

    def restate(self) -> None:
        """Publish the next edition of the monthly files: one month of ODP-PR-PT_CMA.csv has another figure."""
        self._ircc.restate()

    def answer(self, request: Request, address: str) -> Answer:
        """The answer to a request, spoiled if a fault waits for it."""
        fault = self._fault(address)
        answer = self._wholesome(request, address)
        return spoil(fault, answer, request) if fault else answer

    def _wholesome(self, request: Request, address: str) -> Answer:
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


class _Server(ThreadingHTTPServer):
    """A server that can drop what is open."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], publishers: Publishers) -> None:
        self.publishers = publishers
        self.connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server who we are."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def drop(self) -> None:
        for connection in list(self.connections):
            _close(connection)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "sample-publishers", ""
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError, ValueError):
            self.close_connection = True  # the client, or the server itself, has gone

    def do_GET(self) -> None:
        publishers = self.server.publishers
        answer = publishers.answer(self._request(), unquote(self.path))
        status = 304 if answer.status == 200 and unchanged(answer, self.headers["If-None-Match"]) else answer.status
        logged, agent = 0 if answer.hang else status, self.headers.get("User-Agent", "")
        publishers.log.append(Seen(datetime.now(UTC), self.command, self.path, logged, agent))
        if answer.hang:
            self._hang()
        else:
            self._send(answer, status)

    do_POST = do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing; `Publishers.log` has it."""

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        host, _, path = unquote(parts.path).lstrip("/").partition("/")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return Request(self.command, host, "/" + path, dict(parse_qsl(parts.query)), body)

    def _send(self, answer: Answer, status: int) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", answer.content_type), ("Content-Length", str(len(answer.body))), *answer.headers):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)
        if answer.cut:
            self._abandon()

    def _hang(self) -> None:
        """Wait until the client gives up or the publishers stop."""
        while not self.server.publishers.stopping.wait(0.05):
            if select.select([self.connection], [], [], 0)[0] and not self.connection.recv(1, socket.MSG_PEEK):
                break
        self._abandon()

    def _abandon(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        _close(self.connection)


def _close(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # already closed by the other side


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
