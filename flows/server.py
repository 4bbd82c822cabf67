"""The Prefect server behind one door: its UI may call no outside host, and the editions are served beside it.

`uvicorn --factory flows.server:application`
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from prefect.server.api.server import create_app
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EDITIONS = "/editions"
# The V2 UI asks an analytics host for its settings on every page, even with analytics off; the browser does not let it.
# Inline styles, data: and blob: are what its editor, icons and graphs are made of.
UI_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
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
    # The API has no users: a page of another site that points its own host name at this machine must not reach it.
    here = ["127.0.0.1", "localhost", urlsplit(os.environ.get("OPENLIP_SITE", "")).hostname or "127.0.0.1"]
    return TrustedHostMiddleware(Front(create_app(), Path(os.environ["OPENLIP_HOME"]) / "editions"), allowed_hosts=here)


class Front:
    """Sends `/editions/` to the folder, everything else to Prefect, and gives every HTML page its policy."""

    def __init__(self, prefect: ASGIApp, editions: Path) -> None:
        self.prefect = prefect
        # The folder appears with the first brief. Symbolic links are not followed and folders are not listed.
        self.editions = StaticFiles(directory=editions, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the lifespan and web sockets are Prefect's."""
        if scope["type"] != "http":
            await self.prefect(scope, receive, send)
        elif scope["path"].startswith(f"{EDITIONS}/"):
            inside = {**scope, "root_path": scope.get("root_path", "") + EDITIONS}
            await self.editions(inside, receive, _with_policy(send, DOCUMENT_POLICY))
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
