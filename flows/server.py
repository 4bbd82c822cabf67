"""The Prefect server behind one door: its UI may call no outside host, and the editions are served beside it.

`uvicorn --factory flows.server:application`
"""

from __future__ import annotations

import faulthandler
import os
import signal
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.patience import Patience

EDITIONS = "/editions"
# The V2 UI asks an analytics host for its settings on every page, even with analytics off; the browser does not let it.
# Inline styles, data:, blob: and eval are what its editor, icons and graphs are made of; all of it comes from this server.
UI_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# A document runs no script and loads nothing but what it holds.
DOCUMENT_POLICY = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; base-uri 'none'"


def application() -> ASGIApp:
    """The server of the home that `OPENLIP_HOME` names."""
    from prefect.server.api.server import create_app  # takes seconds, and the front is tested without it

    # `kill -USR1` of a server that does not answer writes to its log where each thread stands.
    faulthandler.register(signal.SIGUSR1)
    # The API has no users: a page of another site that points its own host name at this machine must not reach it.
    here = ["127.0.0.1", "localhost", urlsplit(os.environ.get("OPENLIP_SITE", "")).hostname or "127.0.0.1"]
    front = Front(Patience(create_app()), Path(os.environ["OPENLIP_HOME"]) / "editions")
    return TrustedHostMiddleware(front, allowed_hosts=here)


class Front:
    """Sends `/editions/` to the folder, everything else to Prefect, and gives every HTML page its policy."""

    def __init__(self, prefect: ASGIApp, editions: Path) -> None:
        self.prefect = prefect
        editions.mkdir(exist_ok=True)
        # Symbolic links are not followed and folders are not listed.
        self.editions = Starlette(routes=[Mount(EDITIONS, StaticFiles(directory=editions))])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the lifespan and web sockets are Prefect's."""
        if scope["type"] != "http":
            await self.prefect(scope, receive, send)
        elif scope["path"].startswith(f"{EDITIONS}/"):
            await self.editions(scope, receive, _with_policy(send, DOCUMENT_POLICY))
        else:
            await self.prefect(scope, receive, _with_policy(send, UI_POLICY))


def _with_policy(send: Send, policy: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith("text/html"):
                headers["content-security-policy"] = policy
            headers.setdefault("x-content-type-options", "nosniff")
            headers.setdefault("referrer-policy", "same-origin")
        await send(message)

    return sending
