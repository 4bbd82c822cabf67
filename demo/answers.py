"""What a publisher is asked and what it answers, and the ways an answer goes wrong on its way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

HTML = "text/html; charset=UTF-8"
JSON = "application/json;charset=UTF-8"

type_of_suffix = {"zip": "application/zip", "csv": "text/csv", "html": HTML, "json": JSON}


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `host` is the first part of the address on the loopback, `path` starts behind it."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. With `cut` the connection drops after half the body, with `hang` nothing is ever sent."""

    status: int
    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False
    hang: bool = False


def as_json(value: Any, status: int = 200) -> Answer:
    """The value as JSON, accents spelled out."""
    return Answer(status, json.dumps(value, ensure_ascii=False).encode(), JSON)


def page(status: int, title: str) -> Answer:
    """An HTML page that says `title`."""
    text = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Answer(status, text.encode(), HTML)


def download(name: str, body: bytes, modified: datetime) -> Answer:
    """A file with ETag and Last-Modified; the ETag follows from the bytes."""
    kind = type_of_suffix.get(name.rpartition(".")[2], JSON)
    stamp = format_datetime(modified.astimezone(UTC), usegmt=True)
    return Answer(200, body, kind, (("ETag", _etag(body)), ("Last-Modified", stamp)))


def unchanged(answer: Answer, if_none_match: str | None) -> bool:
    """Whether the client already holds the bytes of this answer."""
    etag = dict(answer.headers).get("ETag")
    return bool(etag and if_none_match and etag in [part.strip() for part in if_none_match.split(",")])


def spoil(fault: str, answer: Answer, request: Request) -> Answer:
    """The answer as it arrives under a fault."""
    return FAULTS[fault](answer, request)


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _truncate(answer: Answer, _: Request) -> Answer:
    half = answer.body[: len(answer.body) // 2]
    headers = tuple((name, _etag(half) if name == "ETag" else value) for name, value in answer.headers)
    return replace(answer, body=half, headers=headers)


def _being_published(_: Answer, request: Request) -> Answer:
    try:
        asked = json.loads(request.body or b"null")
    except ValueError:
        asked = None
    if not isinstance(asked, list):
        return as_json({"status": "SUCCESS", "object": {"responseStatusCode": 6}})
    ids = [item.get("productId") for item in asked if isinstance(item, dict)]
    return as_json([{"status": "SUCCESS", "object": {"responseStatusCode": 6, "productId": one}} for one in ids])


def _cloudflare403(_: Answer, __: Request) -> Answer:
    return replace(page(403, "Just a moment..."), headers=(("cf-mitigated", "challenge"),))


def _too_many(_: Answer, __: Request) -> Answer:
    return replace(as_json({"message": "Too many requests"}, 429), headers=(("Retry-After", "1"),))


FAULTS: dict[str, Callable[[Answer, Request], Answer]] = {
    "truncate": _truncate,
    "cut": lambda answer, _: replace(answer, cut=True),
    "hang": lambda answer, _: replace(answer, hang=True),
    "empty": lambda answer, _: replace(answer, status=200, body=b"", headers=()),
    "html200": lambda _, __: page(200, "We are sorry, this service is not available"),
    "html503": lambda _, __: page(503, "Service unavailable"),
    "409": lambda _, __: as_json({"message": "The product is not released yet"}, 409),
    "429": _too_many,
    "500": lambda _, __: page(500, "Internal server error"),
    "being_published": _being_published,
    "cloudflare403": _cloudflare403,
}
