"""What the tests share: publishers on the loopback, a sample home, and both warehouses, all thrown away afterwards."""

from __future__ import annotations

import argparse
import copy
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from demo.publishers import FOLDER, Publishers
from expectations.partnership import Partnership, read_partnership
from flows import answers
from sql import warehouse as engines
from tests.scheduling import OneServer, long_ones_first

NOW = "2026-11-22T17:00:00+00:00"


def pytest_configure(config: pytest.Config) -> None:
    """Warnings are errors, but for what Great Expectations does while it is imported."""
    config.addinivalue_line("filterwarnings", "ignore:module 'sre_.*' is deprecated:DeprecationWarning")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneServer:
    """How the files of tests are shared out."""
    return OneServer(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first."""
    long_ones_first(items)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No OPENLIP_ setting and no Prefect server of whoever runs the tests; the clock stands at NOW."""
    for name in [name for name in os.environ if name.startswith("OPENLIP_") or name == "PREFECT_API_URL"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPENLIP_NOW", NOW)
    monkeypatch.setenv("OPENLIP_SECRET_GATE_KEY", "a key of the tests")
    return monkeypatch


# Publishers


@pytest.fixture(scope="session")
def _first_edition() -> Publishers:
    """The files of the sample world, built once."""
    return Publishers(FOLDER)


@pytest.fixture
def publishers(_first_edition: Publishers, environment: pytest.MonkeyPatch) -> Iterator[Publishers]:
    """The publishers of the sample, of this test alone, in the place of the real ones."""
    world = copy.deepcopy(_first_edition, {id(_first_edition._lock): threading.Lock()})
    with world:
        environment.setenv("OPENLIP_PUBLISHERS", world.url)
        yield world


# A home


@pytest.fixture(scope="session")
def _sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `openlip init DIR --sample` makes, made once."""
    folder = tmp_path_factory.mktemp("sample") / "home"
    answers.init(argparse.Namespace(source="peterborough", folder=folder, sample=True))
    return folder


@pytest.fixture
def home(_sample_home: Path, tmp_path: Path, environment: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a sample partnership, of this test alone, with OPENLIP_HOME set to it."""
    folder = tmp_path / "home"
    shutil.copytree(_sample_home, folder)
    environment.setenv("OPENLIP_HOME", str(folder))
    yield folder
    close_engines(f"sqlite:///{folder / 'warehouse.db'}")


@pytest.fixture
def partnership(home: Path) -> Partnership:
    """The partnership of `home`."""
    return read_partnership(home)


def close_engines(url: str) -> None:
    """Close the connections that the engines of this process hold to a warehouse."""
    for writes in (True, False):
        engines._engine(url, writes).dispose()


# Warehouses


@pytest.fixture(params=["sqlite", "postgres"])
def warehouse(request: pytest.FixtureRequest, environment: pytest.MonkeyPatch) -> str:
    """The kind of warehouse: the SQLite file in the home, or a fresh database on a real PostgreSQL server."""
    kind: str = request.param
    if kind == "postgres":
        environment.setenv("OPENLIP_WAREHOUSE", request.getfixturevalue("postgres"))
    return kind


@pytest.fixture
def postgres(_cluster: Cluster) -> Iterator[str]:
    """The address of a fresh database; it is dropped afterwards."""
    name = _cluster.create()
    url = f"{_cluster.url}/{name}"
    yield url
    close_engines(url.replace("postgresql://", "postgresql+psycopg://"))
    _cluster.drop(name)


@pytest.fixture(scope="session")
def _cluster() -> Iterator[Cluster]:
    """A PostgreSQL server of these tests alone, started from the machine's own binaries."""
    binaries = _postgres_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server programs (initdb, pg_ctl): install postgresql-15 or later to run these tests on it too")
    cluster = Cluster(binaries)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


class Cluster:
    """A PostgreSQL server in a folder of its own: loopback only, no socket file, nothing flushed to disk."""

    def __init__(self, binaries: Path) -> None:
        self.binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="openlip-postgres-"))
        self.port = _free_port()
        self.made = 0
        # The server refuses to run as root.
        self.prefix: list[str] = []
        if os.geteuid() == 0:
            user = _ordinary_user()
            os.chown(self.folder, pwd.getpwnam(user).pw_uid, -1)
            self.prefix = ["runuser", "-u", user, "--"]

    @property
    def url(self) -> str:
        return f"postgresql://openlip@127.0.0.1:{self.port}"

    def start(self) -> None:
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-A", "trust", "-U", "openlip", "--no-sync", "-E", "UTF8", "--locale=C")
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "max_connections": "50",
        }
        with (self.folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self._run("pg_ctl", "-D", data, "-w", "-l", str(self.folder / "log"), "start")

    def stop(self) -> None:
        if (self.folder / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def create(self) -> str:
        self.made += 1
        name = f"test_{self.made}"
        self._say(f"create database {name}")
        return name

    def drop(self, name: str) -> None:
        self._say(f"drop database {name} with (force)")

    def _say(self, statement: str) -> None:
        with psycopg.connect(f"{self.url}/postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self.prefix, str(self.binaries / program), *arguments]
        done = subprocess.run(
            command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr}")


def _postgres_binaries() -> Path | None:
    """The folder of initdb and pg_ctl: on the path, where pg_config says, or where Debian keeps them; the newest version."""
    places = [Path(found).parent for found in [shutil.which("pg_ctl")] if found]
    if shutil.which("pg_config"):
        said = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        places.append(Path(said.stdout.strip()))
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").is_file() and (place / "pg_ctl").is_file()), None)


def _ordinary_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
