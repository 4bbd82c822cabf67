"""Asks again for the browser: with SQLite, Prefect answers 503 to about one press of the button in seventy.

Prefect says so when another writer was quicker, and its own clients then ask again; its pages show an error instead.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAUSES = (0.05, 0.2, 0.8, 2.0)
BUSY = 503


class Patience:
    """Repeats a request that changes something for as long as the answer is 503, then gives that answer."""

    def __init__(self, inner: ASGIApp) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.inner(scope, receive, send)
            return
        asked = await _whole(receive)
        for pause in PAUSES:
            answer = _UnlessBusy(send)
            try:
                await self.inner(dict(scope), _said_again(asked, receive), answer)
            except Exception:  # after a 503 Prefect's application raises what was behind it, for the log
                if not answer.is_busy:
                    raise
            if not answer.is_busy:
                return
            await asyncio.sleep(pause)
        await self.inner(dict(scope), _said_again(asked, receive), send)


class _UnlessBusy:
    """Passes an answer on, unless it is 503."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.is_busy = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_busy = message["status"] == BUSY
        if not self.is_busy:
            await self.send(message)


async def _whole(receive: Receive) -> Message:
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return message
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return {"type": "http.request", "body": b"".join(parts), "more_body": False}


def _said_again(asked: Message, receive: Receive) -> Receive:
    waiting = [asked]

    async def saying() -> Message:
        return waiting.pop() if waiting else await receive()

    return saying
