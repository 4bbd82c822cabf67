"""What `openlip serve` asks the Prefect server on this machine, in plain requests: no Prefect is loaded to start one."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any

POOL = "openlip"
# Seconds. A machine that is busy, or whose disk is, holds the server up; to give it up for gone would stop the runs of others.
PATIENCE = 120
UNDER_WAY = ("PENDING", "RUNNING", "CANCELLING")


@dataclass(frozen=True, slots=True)
class ServerApi:
    """The API of the server at a port of 127.0.0.1."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def is_up(self) -> bool:
        """True when the server says that it is well."""
        try:
            return bool(self.ask("GET", "/health") is True)
        except (OSError, HTTPException, ValueError):
            return False

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The decoded answer, or None when there is no such thing; `OSError` when the server does not answer or refuses."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, f"/api{path}", json.dumps(body) if body is not None else None, _headers())
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status == 404:
            return None
        if answer.status >= 400:
            raise OSError(f"the Prefect server answered {answer.status} to {method} {path}: {text[:300]!r}")
        return json.loads(text) if text else {}

    def has_pool(self) -> bool:
        """True when the work pool is there."""
        return self.ask("GET", f"/work_pools/{POOL}") is not None

    def pause(self, paused: bool) -> None:
        """Let the worker take up no new run (or let it again)."""
        if self.has_pool():
            self.ask("PATCH", f"/work_pools/{POOL}", {"is_paused": paused})

    def under_way(self) -> list[dict[str, Any]]:
        """The runs of the pool that a worker has in hand."""
        wanted = {"work_pools": {"name": {"any_": [POOL]}}, "flow_runs": {"state": {"type": {"any_": list(UNDER_WAY)}}}}
        found: list[dict[str, Any]] = self.ask("POST", "/flow_runs/filter", wanted) or []
        return found

    def give_up(self, why: str) -> None:
        """Say of the runs under way that they crashed, when their processes are gone: Prefect would call them Running for ever."""
        for run in self.under_way():
            state = {"type": "CRASHED", "name": "Crashed", "message": why}
            self.ask("POST", f"/flow_runs/{run['id']}/set_state", {"state": state})


def _headers() -> dict[str, str]:
    headers = {"content-type": "application/json"}
    if secret := os.environ.get("PREFECT_API_AUTH_STRING"):
        headers["authorization"] = "Basic " + base64.b64encode(secret.encode()).decode()
    return headers
