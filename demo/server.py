"""An HTTP server on the loopback that sends what it is told, or breaks the connection in the way it is told."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from demo.answers import Answer, Request, piece, unchanged


class Seen(NamedTuple):
    """One request that was answered; status 0 is a request that was left hanging."""

    time: datetime
    method: str
    path: str
    status: int
    user_agent: str


class Server(ThreadingHTTPServer):
    """Asks `answer` what to send and writes `log`; it can leave a client hanging and drop what is open."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, answer: Callable[[Request, str], Answer], log: list[Seen]) -> None:
        """Listen on a port of 127.0.0.1; 0 is any free one."""
        self.answer, self.log = answer, log
        self.stopping = threading.Event()
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def start(self) -> None:
        """Serve from a daemon thread."""
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Stop, and drop the connections that are still open."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        for connection in list(self.connections):
            _close(connection)

    def server_bind(self) -> None:
        """Bind without asking a name server who we are."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    server: Server
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
        except (ConnectionError, TimeoutError):
            self.close_connection = True  # the client, or the server itself, has gone

    def do_GET(self) -> None:
        answer = self.server.answer(self._request(), unquote(self.path))
        held = unchanged(answer, self.headers["If-None-Match"], self.headers["If-Modified-Since"])
        answer = piece(answer, self.headers["Range"], self.headers["If-Range"])
        status = 304 if held and answer.status in (200, 206) else answer.status
        logged, agent = 0 if answer.hang and not answer.cut else status, self.headers.get("User-Agent", "")
        self.server.log.append(Seen(datetime.now(UTC), self.command, self.path, logged, agent))
        if not answer.hang or answer.cut:
            self._send(answer, status)
        if answer.hang:
            self._hang()

    do_POST = do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing; `Publishers.log` has it."""

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        host, _, path = unquote(parts.path).lstrip("/").partition("/")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, host, "/" + path, dict(parse_qsl(parts.query)), body, headers)

    def _send(self, answer: Answer, status: int) -> None:
        self.send_response(status)
        length = len(answer.body) if answer.length is None else answer.length
        size = () if length < 0 else (("Content-Length", str(length)),)
        for name, value in (("Content-Type", answer.content_type), *size, *answer.headers):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self._body(answer)
        if (answer.cut and not answer.hang) or answer.length is not None:
            self._abandon()

    def _body(self, answer: Answer) -> None:
        body = answer.body[: len(answer.body) // 2] if answer.cut else answer.body
        if not answer.trickle:
            self.wfile.write(body)
            return
        for start in range(0, len(body), 10):
            self.wfile.write(body[start : start + 10])
            if self.server.stopping.wait(answer.trickle):
                return

    def _hang(self) -> None:
        """Wait until the client gives up or the publishers stop."""
        while not self.server.stopping.wait(0.05):
            if select.select([self.connection], [], [], 0)[0] and not self.connection.recv(1, socket.MSG_PEEK):
                break
        self._abandon()

    def _abandon(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        _close(self.connection)


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side may have closed it
        connection.shutdown(socket.SHUT_RDWR)
