"""`openlip serve`: the Prefect server, one worker and the deployments of prefect.yaml on this machine, until it is stopped."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from flows.environment import environment
from flows.processes import MARK, Child, alone, free_port, is_free, start, stop, sweep
from flows.server_api import POOL, ServerApi
from tasks import Misuse, Unreachable

ROOT = Path(__file__).parent.parent
SERVER = ["-m", "uvicorn", "--factory", "flows.server:application", "--host", "127.0.0.1", "--log-level", "warning"]
WORKER = ["-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process", "--limit", "2", "--name", "this machine"]
DEPLOY = ["-m", "prefect", "--no-prompt", "deploy", "--all"]
GATE_KEY = ["-m", "flows.secrets"]
WELCOME = """
OpenLIP is ready. Open this address in a browser on this machine:

    {site}/v2/deployments

Choose what to do there and press Run. Home: {home}
Ctrl-C stops everything; runs under way may end first.
"""


class ServiceStopped(Unreachable):
    """The server or the worker did not come up, or ended by itself."""


def serve(home: Path, *, port: int) -> None:
    """Serve a home until Ctrl-C (or SIGTERM); then let the runs under way end, and stop everything."""
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        _say("Starting the server, the worker and the deployments. This takes about half a minute.")
        with serving(home, port=port) as children:
            _say(WELCOME.format(site=f"http://127.0.0.1:{port}", home=home))
            while True:
                time.sleep(0.5)
                _all_alive(children)
    except KeyboardInterrupt:
        return
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def serving(home: Path, *, port: int, env: Mapping[str, str] | None = None) -> Iterator[list[Child]]:
    """Server, worker and deployments of a home; everything is stopped at the end, whatever happens."""
    world = environment(home, port=port, env=env)
    api = ServerApi(port)
    with _server(home, port, world) as server:
        # No worker is there yet, so what the server believes to be running was cut off when the machine stopped.
        api.give_up("This run was cut off when the machine or the worker stopped. Start it again.")
        api.pause(False)
        worker = start("worker", [sys.executable, *WORKER], env=world, log=_log(home, "worker"), cwd=ROOT)
        try:
            _until(api.has_pool, "The worker did not come up", [server, worker])
            _deploy(home, world)
            yield [server, worker]
        finally:
            try:
                _drain(api, [server, worker])
            finally:
                stop(worker)
                sweep(world[MARK], keep=server.process.pid)
                with suppress(OSError):  # when the server is gone, the next start says it of these runs
                    api.give_up("This run was stopped together with the worker. Start it again.")


@contextmanager
def running_server(home: Path, port: int = 0) -> Iterator[str]:
    """A server without a worker, for this process: its environment says where it is until the end. Gives the address of its API."""
    port = port or free_port()
    world, before = environment(home, port=port), dict(os.environ)
    with _server(home, port, world):
        os.environ.update(world)
        try:
            yield ServerApi(port).url
        finally:
            os.environ.clear()
            os.environ.update(before)


@contextmanager
def _server(home: Path, port: int, world: Mapping[str, str]) -> Iterator[Child]:
    if not (home / "partnership.yaml").is_file():
        raise Misuse(f"{home} holds no partnership.yaml. Make a home with: openlip init {home}")
    with alone(home / "prefect", world[MARK]) as is_ours:
        if not is_ours:
            raise Misuse(f"{home} is served already. Stop that one first, or open the address that it gave.")
        if not is_free(port):
            raise Misuse(f"Something on this machine listens at port {port} already. Choose another: openlip serve --port {port + 1}")
        server = start("server", [sys.executable, *SERVER, "--port", str(port)], env=world, log=_log(home, "server"), cwd=ROOT)
        try:
            _until(ServerApi(port).is_up, "The server did not come up", [server])
            yield server
        finally:
            stop(server)
            sweep(world[MARK])


def _deploy(home: Path, world: Mapping[str, str]) -> None:
    steps = {"prefect.yaml could not be deployed": DEPLOY, "the key of the gate could not be made": GATE_KEY}
    for complaint, command in steps.items():
        child = start("deployment", [sys.executable, *command], env=world, log=_log(home, "deploy"), cwd=ROOT)
        try:
            if child.process.wait(120):
                raise Misuse(f"{complaint} ({child.log}):\n{child.last_words()}")
        finally:
            stop(child)


def _drain(api: ServerApi, children: Sequence[Child]) -> None:
    """Take up nothing new and wait for what is under way. A second Ctrl-C does not wait."""
    try:
        api.pause(True)
        told = False
        while (runs := api.under_way()) and all(child.is_alive for child in children):
            if not told:
                _say(f"Waiting for the end of: {', '.join(run['name'] for run in runs)}. Ctrl-C again stops at once.")
            told = True
            time.sleep(0.5)
    except (KeyboardInterrupt, OSError):
        return


def _log(home: Path, name: str) -> Path:
    return home / "prefect" / "logs" / f"{name}.log"


def _until(holds: Callable[[], bool], complaint: str, children: Sequence[Child], *, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        _all_alive(children)
        if time.monotonic() > end:
            raise ServiceStopped(f"{complaint} within {seconds:g} seconds. Its log: {children[-1].log}")
        time.sleep(0.1)


def _all_alive(children: Sequence[Child]) -> None:
    for child in children:
        if not child.is_alive:
            raise ServiceStopped(
                f"The {child.name} ended by itself; everything was stopped. Its log ({child.log}) ends:\n{child.last_words()}"
            )


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
