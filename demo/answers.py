"""What a publisher is asked and what it answers, and the ways an answer goes wrong on its way."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

HTML = "text/html; charset=UTF-8"
JSON = "application/json;charset=UTF-8"

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

type_of_suffix = {"zip": "application/zip", "csv": "text/csv", "html": HTML, "json": JSON, "xlsx": XLSX}


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `host` is the first part of the address on the loopback, `path` starts behind it; headers in lower case."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    With `cut` the connection drops after half the body, with `hang` nothing is ever sent (with both, nothing after half the body),
    with `trickle` a few bytes come every so many seconds. `length` is a Content-Length that is not true, or -1 for none at all;
    without `ranges` a wish for a piece is not heard.
    """

    status: int
    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False
    hang: bool = False
    trickle: float = 0.0
    length: int | None = None
    ranges: bool = True


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


def unchanged(answer: Answer, if_none_match: str | None, if_modified_since: str | None = None) -> bool:
    """Whether the client already holds the bytes of this answer; its ETag has the last word."""
    headers = dict(answer.headers)
    etag, modified = headers.get("ETag"), headers.get("Last-Modified")
    if if_none_match and etag:
        return etag in [part.strip() for part in if_none_match.split(",")]
    if not (if_modified_since and modified):
        return False
    return parsedate_to_datetime(modified) <= parsedate_to_datetime(if_modified_since)


def piece(answer: Answer, wanted: str | None, if_range: str | None) -> Answer:
    """The piece of a file from `bytes=N-` on, if the client's version is still the one; else the whole file."""
    headers = dict(answer.headers)
    asked = re.fullmatch(r"bytes=(\d+)-", wanted or "")
    same = if_range in (None, headers.get("ETag", ""), headers.get("Last-Modified", ""))
    if answer.status != 200 or not (answer.ranges and asked and same and answer.headers):
        return answer
    start, size = int(asked[1]), len(answer.body)
    if start >= size:
        return Answer(416, b"", HTML, (("Content-Range", f"bytes */{size}"),))
    said = (*answer.headers, ("Content-Range", f"bytes {start}-{size - 1}/{size}"))
    return replace(answer, status=206, body=answer.body[start:], headers=said)


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


def _first_failed(answer: Answer, request: Request) -> Answer:
    """One item of a batch is not known; the others are answered."""
    envelopes = json.loads(answer.body)
    asked = json.loads(request.body)[0]["productId"]
    return as_json([{"status": "FAILED", "object": f"The cube product ID {asked} does not exist"}, *envelopes[1:]])


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
    "406": lambda _, __: as_json({"message": "ProductId value must be 8 numbers long"}, 406),
    "first_failed": _first_failed,
    "trickle": lambda answer, _: replace(answer, trickle=0.02),
    "no_ranges": lambda answer, _: replace(answer, ranges=False),
    "half_then_nothing": lambda answer, _: replace(answer, cut=True, hang=True),
    "too_long": lambda answer, _: replace(answer, length=len(answer.body) + 1000),
    "too_short": lambda answer, _: replace(answer, length=len(answer.body) // 2),
    "no_length": lambda answer, _: replace(answer, length=-1),
}
