"""The one way out to HTTP: pooled, patient, polite, and wary of error pages that say "OK"."""

from __future__ import annotations

import hashlib
import os
import random
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from json import loads
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import certifi
import requests
from requests.adapters import HTTPAdapter

from tasks import Problem, Refused, Unreachable

T = TypeVar("T")
USER_AGENT = "OpenLIP/0.1 (public statistics for Local Immigration Partnerships)"
TIMEOUTS = (10, 60)
SAMPLE_TIMEOUTS = (5, 20)
ATTEMPTS = 4
ATTEMPTS_AT_A_HANG = 2  # each costs a whole time-out
LONGEST_WAIT = 30.0
# Least seconds between two requests to a host: what its robots.txt or operators ask for (www150: 2 s for automated clients).
POLITENESS = {"www150.statcan.gc.ca": 2.0, "open.canada.ca": 20.0, "www.ircc.canada.ca": 2.0}


class SourceUnavailable(Unreachable):
    """The publisher could not be reached or did not answer with data; yesterday's figures stay."""


class NotYet(Problem):
    """The publisher says that the release is not out yet: nothing is wrong, ask again later."""


class NotData(Refused):
    """An answer that says OK but is not the data: an HTML page, an empty body."""


class _Context(ssl.SSLContext):
    """A TLS context that keeps its own ALPN list.

    urllib3 offers `http/1.1` alone, and some networks before www150 let such a hello hang (seen 2026-09); `OPENLIP_TLS_ALPN`
    sets another list, and `none` offers none.
    """

    def set_alpn_protocols(self, alpn_protocols: Any) -> None:
        chosen = os.environ.get("OPENLIP_TLS_ALPN", "")
        if chosen == "none":
            return
        super().set_alpn_protocols(chosen.split(",") if chosen else alpn_protocols)


def _tls() -> ssl.SSLContext:
    context = _Context(ssl.PROTOCOL_TLS_CLIENT)
    bundle = os.environ.get("OPENLIP_CA_BUNDLE") or certifi.where()
    context.load_verify_locations(cafile=bundle)
    return context


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=_tls(), **kwargs)


def rewrite(url: str) -> str:
    """Where the request really goes: `OPENLIP_PUBLISHERS` puts a server in the publishers' place, host by path prefix."""
    base = os.environ.get("OPENLIP_PUBLISHERS", "").rstrip("/")
    return f"{base}/{url.split('://', 1)[1]}" if base else url


def is_sample() -> bool:
    """True when what is fetched does not come from the publishers themselves."""
    return bool(os.environ.get("OPENLIP_PUBLISHERS"))


@dataclass(slots=True)
class Received:
    """A body on disk, not yet in the snapshot store."""

    path: Path
    sha256: str
    size: int
    headers: dict[str, str]


@dataclass(slots=True)
class Transport:
    """One per run: keeps connections, waits between requests to a host, remembers answers asked for twice."""

    session: requests.Session = field(default_factory=requests.Session)
    _last: dict[str, float] = field(default_factory=dict)
    _answers: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.session.headers.update({"User-Agent": USER_AGENT})
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, _Adapter(pool_maxsize=8))

    def json(self, url: str, *, body: Any = None, once: bool = False) -> Any:
        """GET (or POST `body`) and read JSON. With `once` the same question is asked only once a run."""
        key = f"{url} {body}"
        if once and key in self._answers:
            return self._answers[key]
        content = self._patiently(url, lambda: self._content(url, body))
        _refuse_page(content[:512], url)
        try:
            answer = loads(content)
        except ValueError as error:
            raise NotData(f"{url} answered {len(content)} bytes that are not JSON. Nothing was kept; try again later.") from error
        self._answers[key] = answer
        return answer

    def download(self, url: str, folder: Path, *, etag: str = "") -> Received | None:
        """Fetch a file into `folder`; None when the publisher says it has not changed. A broken transfer is tried again."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f".{os.getpid()}-{threading.get_ident()}.part"
        try:
            return self._patiently(url, lambda: self._download(url, path, etag))
        except Exception:
            path.unlink(missing_ok=True)
            raise

    def _patiently(self, url: str, transfer: Callable[[], T]) -> T:
        """A transfer that breaks off or meets a busy server is tried again, a bounded number of times."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return transfer()
            except (requests.RequestException, _Busy) as error:
                allowed = ATTEMPTS_AT_A_HANG if isinstance(error, requests.Timeout) else ATTEMPTS
                if attempt >= allowed:
                    raise SourceUnavailable(
                        f"{url} {_said(error)}, {attempt} times. The last good figures stay in force; try again later."
                    ) from error
                wait = error.wait if isinstance(error, _Busy) else 0.0
                backoff = (0.1 if is_sample() else 2.0) * attempt
                # Jitter, so that many offices that failed together do not all come back together.
                time.sleep(min(LONGEST_WAIT, max(wait, backoff) * random.uniform(1.0, 1.5)))

    def _content(self, url: str, body: Any) -> bytes:
        with self._send(url, body=body) as response:
            return response.content

    def _download(self, url: str, path: Path, etag: str) -> Received | None:
        with self._send(url, headers={"If-None-Match": etag} if etag else {}) as response:
            if response.status_code == 304:
                return None
            digest, size, head = hashlib.sha256(), 0, b""
            with path.open("wb") as out:
                for block in response.iter_content(1 << 20):
                    head = head or block[:512]
                    digest.update(block)
                    size += len(block)
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            _refuse_page(head, url)
            if not size:
                raise NotData(f"{url} answered 0 bytes. Nothing was kept; try again later.")
            return Received(path, digest.hexdigest(), size, {k.lower(): v for k, v in response.headers.items()})

    def _send(self, url: str, *, body: Any = None, headers: dict[str, str] | None = None) -> requests.Response:
        self._wait(urlsplit(url).hostname or "")
        method = "GET" if body is None else "POST"
        timeout = SAMPLE_TIMEOUTS if is_sample() else TIMEOUTS
        response = self.session.request(method, rewrite(url), json=body, headers=headers, timeout=timeout, stream=True)
        try:
            return _accepted(response, url)
        except Exception:
            response.close()
            raise

    def _wait(self, host: str) -> None:
        gap = 0.0 if is_sample() else POLITENESS.get(host, 1.0)
        with self._lock:
            now = time.monotonic()
            due = max(now, self._last[host] + gap) if host in self._last else now
            self._last[host] = due
        time.sleep(due - now)


class _Busy(Exception):
    """The server is there and says that it cannot answer now; `wait` is how long it asks us to wait, in seconds."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(f"answered {response.status_code}")
        asked = response.headers.get("Retry-After", "")
        self.wait = float(asked) if asked.isdecimal() else 0.0


def _said(error: Exception) -> str:
    """What went wrong, for a sentence that begins with the address."""
    if isinstance(error, _Busy):
        return str(error)
    if isinstance(error, requests.Timeout):
        return f"gave no answer in time ({type(error).__name__})"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return f"broke off ({type(error).__name__})"
    return f"could not be reached ({type(error).__name__})"


def _accepted(response: requests.Response, url: str) -> requests.Response:
    status = response.status_code
    if status in (200, 304):
        return response
    if status == 409:
        raise NotYet(f"{url}: the release is not out yet. It is asked for again at the next run.")
    if status == 429 or status >= 500:
        raise _Busy(response)
    text = response.content[:300].decode("utf-8", "replace").strip()
    said = "an error page" if text.startswith("<") else repr(text)
    raise NotData(f"{url} answered {status}: {said}. Check the address in the contract, or whether the publisher blocks scripts.")


def _refuse_page(head: bytes, url: str) -> None:
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml version")) or b"<html" in start[:400]:
        raise NotData(f"{url} answered with a web page, not with data. Nothing was kept; try again later.")
