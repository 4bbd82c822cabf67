"""Servers on the loopback that partners' files are received from: one that replays web services, and one that speaks SFTP."""

from __future__ import annotations

import io
import os
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO, ClassVar, NamedTuple, TypeVar

import paramiko

from expectations.contract import Source
from tasks.receive import Channel

T = TypeVar("T")
Reply = tuple[int, dict[str, str], bytes]


class Asked(NamedTuple):
    """One request: the host it was meant for, path and query, and its headers."""

    host: str
    path: str
    headers: dict[str, str]


class Web:
    """Plays any host over http: `OPENLIP_PUBLISHERS` puts it in the place of all of them. `answers` are by host and path."""

    def __init__(self) -> None:
        self.answers: dict[str, Reply | Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[Asked] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                _, host, *rest = self.path.split("/", 2)
                path = "/" + "".join(rest)
                web.asked.append(Asked(host, path, {name.lower(): value for name, value in self.headers.items()}))
                reply = web.answers.get(host + path) or web.answers.get(host + path.split("?")[0]) or (404, {}, b"nothing here")
                if callable(reply):
                    reply(self)
                    return
                status, headers, body = reply
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def hosts(self) -> list[str]:
        return [one.host for one in self.asked]

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def channel(fetch: str, *, partner: str = "p03", contract: str = "", **source: str) -> Channel:
    """A channel as the register would give it."""
    whole = Source.model_validate({"fetch": fetch, **source})
    return Channel(partner, fetch, whole, contract, f"{partner or contract}, {fetch}")


@contextmanager
def appending(path: Path, *, every: float = 0.05) -> Iterator[None]:
    """Somebody who writes on and on to a file."""
    stop = threading.Event()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            while not stop.wait(every):
                file.write(b"p03,2026-Q3,clients_served,1\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


def old(path: Path, seconds: float = 600) -> Path:
    """The file as if it was last written so long ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def workbook() -> bytes:
    """The same bytes every time: a zip, as a workbook is."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("xl/workbook.xml"), "x" * 5000)
    return out.getvalue()


def as_stranger(work: Callable[[], T]) -> T:
    """Do it as an account that is not root, which may read anything."""
    if os.geteuid():
        return work()
    os.seteuid(65534)
    try:
        return work()
    finally:
        os.seteuid(0)


class _Login(paramiko.ServerInterface):
    """Lets `p03` in with the password, or with the key."""

    def __init__(self, password: str, key: paramiko.PKey) -> None:
        self.password, self.key = password, key

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_auth_password(self, username: str, password: str) -> int:
        good = (username, password) == ("p03", self.password)
        return paramiko.common.AUTH_SUCCESSFUL if good else paramiko.common.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        good = username == "p03" and key == self.key
        return paramiko.common.AUTH_SUCCESSFUL if good else paramiko.common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.common.OPEN_SUCCEEDED


class _Files(paramiko.SFTPServerInterface):
    """The files of a folder, to read; what anybody wanted to change is noted."""

    root: ClassVar[Path]
    tried: ClassVar[list[str]]

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        try:
            return [self._attributes(one) for one in self._real(path).iterdir()]
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        return self._stat(path, follow=True)

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        return self._stat(path, follow=False)

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            self.tried.append("open")
            return paramiko.sftp.SFTP_PERMISSION_DENIED
        handle = _Handle(flags)
        try:
            file = self._real(path).open("rb")
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        handle.readfile = file
        handle.filename = str(self._real(path))
        return handle

    def remove(self, path: str) -> int:
        self.tried.append("remove")
        return paramiko.sftp.SFTP_PERMISSION_DENIED

    def rename(self, oldpath: str, newpath: str) -> int:
        self.tried.append("rename")
        return paramiko.sftp.SFTP_PERMISSION_DENIED

    def _stat(self, path: str, *, follow: bool) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._real(path).stat(follow_symlinks=follow))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def _real(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def _attributes(self, path: Path) -> paramiko.SFTPAttributes:
        found = paramiko.SFTPAttributes.from_stat(path.lstat())
        found.filename = path.name
        return found


class _Handle(paramiko.SFTPHandle):
    filename = ""
    readfile: BinaryIO

    def stat(self) -> paramiko.SFTPAttributes | int:
        return paramiko.SFTPAttributes.from_stat(os.stat(self.filename))


class Sftp:
    """An SFTP server for the user p03 over a folder."""

    def __init__(self, root: Path, password: str) -> None:
        self.host_key, self.user_key = paramiko.ECDSAKey.generate(), paramiko.ECDSAKey.generate()
        self.password = password
        self.tried: list[str] = []
        self.files: type[_Files] = type("_Here", (_Files,), {"root": root, "tried": self.tried})
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.transports: list[paramiko.Transport] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def known_hosts(self) -> str:
        return f"[127.0.0.1]:{self.port} {self.host_key.get_name()} {self.host_key.get_base64()}"

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            transport = paramiko.Transport(client)
            transport.set_log_channel("tests.sftp")
            transport.add_server_key(self.host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, self.files)
            self.transports.append(transport)
            transport.start_server(event=threading.Event(), server=_Login(self.password, self.user_key))

    def stop(self) -> None:
        if self.socket.fileno() >= 0:
            self.socket.shutdown(socket.SHUT_RDWR)  # or the thread that waits in accept would take one more
            self.socket.close()
        for transport in self.transports:
            transport.close()
            transport.join(5)
