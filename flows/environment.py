"""The environment of a served home: where the server is, what it keeps, and that it tells nobody outside anything."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from pathlib import Path

from flows.processes import MARK

SIXTY_DAYS = 60 * 24 * 3600


def environment(home: Path, *, port: int, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment (or `env`) for a server, a worker or a program that belongs to the home.

    Its database is SQLite in the home unless `PREFECT_SERVER_DATABASE_CONNECTION_URL` is set.
    """
    given = dict(os.environ if env is None else env)
    return _unless_set(port) | given | _always(home, port, site=given.get("OPENLIP_SITE", _site(port)))


def _site(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _unless_set(port: int) -> dict[str, str]:
    return {
        "OPENLIP_SITE": _site(port),
        # A press of the button is taken up within two seconds instead of ten.
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        # Runs are records of the machinery; what has to stay lies in the ledger.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(SIXTY_DAYS),
    }


def _always(home: Path, port: int, *, site: str) -> dict[str, str]:
    return {
        MARK: uuid.uuid4().hex,
        "OPENLIP_HOME": str(home),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_API_URL": f"{_site(port)}/api",
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),
        # Relative, so that the pages work under every name of this machine and behind a proxy.
        "PREFECT_SERVER_UI_API_URL": "/api",
        # Pages of other sites, open in the same browser, may not use the API.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": site,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "DO_NOT_TRACK": "1",
    }
