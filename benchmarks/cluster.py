"""A throw-away PostgreSQL server with default-like settings: it flushes to disk, and only its shared buffers are larger."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Self


class Cluster:
    """A server in a folder of its own on a free port of 127.0.0.1; `with` starts it, and stops and deletes it afterwards."""

    def __init__(self, binaries: Path) -> None:
        self.binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="openlip-bench-"))
        self.port = _free_port()
        # The server refuses to run as root.
        self.prefix: list[str] = []
        if os.geteuid() == 0:
            names = {entry.pw_name for entry in pwd.getpwall()}
            user = "postgres" if "postgres" in names else "nobody"
            os.chown(self.folder, pwd.getpwnam(user).pw_uid, -1)
            self.prefix = ["runuser", "-u", user, "--"]

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def create(self, name: str) -> str:
        """Make an empty database, or make it anew; returns its address."""
        self.drop(name)
        self._run("createdb", *self._server(), name)
        return f"postgresql+psycopg://openlip@127.0.0.1:{self.port}/{name}"

    def drop(self, name: str) -> None:
        self._run("dropdb", *self._server(), "--if-exists", "--force", name)

    def _server(self) -> tuple[str, ...]:
        return "-h", "127.0.0.1", "-p", str(self.port), "-U", "openlip"

    def _start(self) -> None:
        data = self.folder / "data"
        self._run("initdb", "-D", str(data), "-A", "trust", "-U", "openlip", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "shared_buffers": "512MB"}
        with (data / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self._run("pg_ctl", "-D", str(data), "-w", "-l", str(self.folder / "log"), "start")

    def _stop(self) -> None:
        if (self.folder / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "fast", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self.prefix, str(self.binaries / program), *arguments]
        # No pipe: a server started by pg_ctl would keep it open.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False)
            said.seek(0)
            if done.returncode:
                raise RuntimeError(f"{program} ended with {done.returncode}: {said.read()}")


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl, on the path or where Debian keeps them, the newest first; None where there is none."""
    found = shutil.which("pg_ctl")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name), reverse=True)
    return next((place for place in places if (place / "initdb").is_file() and (place / "pg_ctl").is_file()), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
