"""The one way out to HTTP: pooled, patient, polite, and wary of error pages that say "OK"."""

from __future__ import annotations

import copy
import os
import random
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import chain
from json import loads
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from tasks import Problem
from tasks.fetch import tls
from tasks.fetch.partial import Partial, Received, claim
from tasks.fetch.problems import NotData, NotKept, NotYet, SourceUnavailable, first_of, not_json, not_kept, refuse_page, too_much

__all__ = ["NotData", "NotKept", "NotYet", "Received", "SourceUnavailable", "Transport", "is_sample", "rewrite", "said"]

T = TypeVar("T")
USER_AGENT = "OpenLIP/0.1 (public statistics for Local Immigration Partnerships)"
TIMEOUTS = (10, 60)
SAMPLE_TIMEOUTS = (5, 20)
ATTEMPTS = 4
ATTEMPTS_AT_A_HANG = 2  # each costs a whole time-out
LONGEST_WAIT = 30.0
LONGEST_ASKED_WAIT = 120.0  # a publisher that asks for more is asked again at the next run
# Questions to one host that ended without any answer, after which it is left alone for the rest of the run.
SILENT = 2
# Least seconds between two requests to a host: what its robots.txt or operators ask for (www150: 2 s for automated clients).
POLITENESS = {"www150.statcan.gc.ca": 2.0, "open.canada.ca": 20.0, "www.ircc.canada.ca": 2.0}
BLOCK = 1 << 20
# A transfer that brings less than this many bytes in this many seconds is cut; so is one that takes longer than the last number.
SLOWEST_BYTES, SLOWEST_SECONDS, LONGEST_TRANSFER = 60_000, 60.0, 3600.0
LARGEST_FILE = 8 << 30
LARGEST_ANSWER = 128 << 20


class _Adapter(HTTPAdapter):
    """Connections under our own TLS context, also through a proxy."""

    def __init__(self, context: tls.Context) -> None:
        self._tls = context
        super().__init__(pool_maxsize=8)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._tls, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._tls, **kwargs)


def rewrite(url: str) -> str:
    """Where the request really goes: `OPENLIP_PUBLISHERS` puts a server in the publishers' place, host by path prefix."""
    base = os.environ.get("OPENLIP_PUBLISHERS", "").rstrip("/")
    return f"{base}/{url.split('://', 1)[1]}" if base else url


def is_sample() -> bool:
    """True when what is fetched does not come from the publishers themselves."""
    return bool(os.environ.get("OPENLIP_PUBLISHERS"))


class Transport:
    """One per run: keeps connections, waits between requests to a host, remembers what was asked and who keeps silent.

    `about`: the contracts that this run fetches, so that one question can be for all of them. No dataclass, because Prefect looks
    through every field of one at every task, and the memory is large.
    """

    def __init__(self, context: tls.Context | None = None, *, about: Collection[str] = ()) -> None:
        self.about = frozenset(about)
        self.session = requests.Session()
        self.session.max_redirects = 5
        self.session.headers.update({"User-Agent": USER_AGENT})
        adapter = _Adapter(context or tls.context())
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, adapter)
        self._last: dict[str, float] = {}
        self._silent: dict[str, int] = {}
        self._memory: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._asking = threading.RLock()

    def once(self, key: str, ask: Callable[[], T]) -> T:
        """What `ask` gives, asked once a run: a failure is remembered too, and raised to everybody who asks again."""
        with self._asking:
            if key not in self._memory:
                try:
                    self._memory[key] = ask()
                except Problem as error:
                    self._memory[key] = error
            found: T | Problem = self._memory[key]
        if isinstance(found, Problem):
            raise copy.copy(found) from found
        return found

    def json(self, url: str, *, body: Any = None, once: bool = False, patience: float = 0) -> Any:
        """GET (or POST `body`) and read JSON. With `once` the same question is asked only once a run.

        `patience` is how many seconds an answer may let us wait, for services that take minutes; 0 is the usual time.
        """
        if once:
            return self.once(f"{url} {body}", lambda: self.json(url, body=body, patience=patience))
        content = self._patiently(url, lambda: self._content(url, body, patience))
        refuse_page(content[:512], url)
        try:
            return loads(content)
        except ValueError as error:
            raise not_json(url, len(content)) from error

    def download(
        self,
        url: str,
        folder: Path,
        *,
        etag: str = "",
        modified: str = "",
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        patience: float = 0,
    ) -> Received | None:
        """Fetch a file (or what a posted `form` is answered with) beside the store `folder`; None when `etag` or `modified` still hold.

        A transfer that breaks off is continued from what arrived, now or at the next run, as long as the publisher still has the same
        version. `patience` is how many seconds an answer may let us wait; 0 is the usual time.
        """
        asked = dict(headers or {})
        known = {name: value for name, value in (("If-None-Match", etag), ("If-Modified-Since", modified)) if value}
        beside = folder.parent / "partial"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with claim(beside, f"{url} {form} {asked}") as part:
                return self._kept(url, part, asked | known, form, patience)
        except OSError as error:
            raise not_kept(url, beside, error) from error

    def _kept(
        self, url: str, part: Partial, headers: Mapping[str, str], form: Mapping[str, str] | None, patience: float
    ) -> Received | None:
        try:
            return self._patiently(url, lambda: self._download(url, part, headers, form, patience))
        except SourceUnavailable:
            raise  # what arrived stays for the next run
        except Exception:
            part.drop()
            raise

    def _patiently(self, url: str, transfer: Callable[[], T]) -> T:
        """A transfer that breaks off or meets a busy server is tried again, a bounded number of times."""
        host = urlsplit(url).hostname or ""
        if self._silent.get(host, 0) >= SILENT:
            raise SourceUnavailable(
                f"{url} was not asked: {host} gave no answer to {SILENT} questions of this run. The last good figures stay in force; "
                "it is asked again at the next run."
            )
        attempt = 0
        while True:
            attempt += 1
            try:
                done = transfer()
            except (requests.RequestException, _Busy) as error:
                if attempt < _allowed(error):
                    self._pause(error, attempt)
                    continue
                silent = isinstance(error, requests.ConnectionError | requests.Timeout) and not isinstance(error, _Slow)
                self._silent[host] = self._silent.get(host, 0) + 1 if silent else 0
                times = f"{attempt} time{'s' if attempt > 1 else ''}"
                raise SourceUnavailable(f"{url} {said(error)}, {times}. The last good figures stay in force; try again later.") from error
            else:
                self._silent.pop(host, None)
                return done

    def _pause(self, error: Exception, attempt: int) -> None:
        """Wait before the next try; with jitter, so that many offices that failed together do not all come back together."""
        backoff = (0.1 if is_sample() else 2.0) * attempt
        time.sleep(min(LONGEST_WAIT, backoff * random.uniform(1.0, 1.5)) + getattr(error, "wait", 0.0))

    def _content(self, url: str, body: Any, patience: float) -> bytes:
        with self._send(url, body=body, patience=patience) as response:
            return b"".join(_blocks(response, url, LARGEST_ANSWER))

    def _download(
        self, url: str, part: Partial, headers: Mapping[str, str], form: Mapping[str, str] | None, patience: float
    ) -> Received | None:
        # As it lies on the publisher's disk: a piece of a compressed body could not be continued.
        asked = {"Accept-Encoding": "identity", **headers, **({} if form else part.conditions())}
        with self._send(url, headers=asked, form=form, patience=patience) as response:
            if response.status_code == 304:
                part.drop()
                return None
            blocks = _blocks(response, url, LARGEST_FILE - part.size)
            if response.status_code in (206, 416):
                if response.status_code == 416 or not part.goes_on(response.headers):
                    part.begin({})
                    raise _Busy("answered with another piece than was asked for")
            else:
                head = first_of(blocks, url)
                part.begin(response.headers)
                blocks = chain([head], blocks)
            for block in blocks:
                part.write(block)
            return part.finish(response.headers)

    def _send(
        self,
        url: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        patience: float = 0,
    ) -> requests.Response:
        self._wait(urlsplit(url).hostname or "")
        method = "GET" if body is None and form is None else "POST"
        connect, read = SAMPLE_TIMEOUTS if is_sample() else TIMEOUTS
        timeout = (connect, max(read, patience))
        response = self.session.request(method, rewrite(url), json=body, data=form, headers=headers, timeout=timeout, stream=True)
        try:
            if rewrite(url).startswith("https:") and not response.url.startswith("https:"):
                raise NotData(
                    f"{url} sends us on to {response.url}, which is not safe. Nothing was kept; check the address in the contract."
                )
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

    def __init__(self, said: str, wait: float = 0.0) -> None:
        super().__init__(said)
        self.wait = wait


class _Slow(requests.Timeout):
    """The server sends, but so little that the transfer would never end."""


def _allowed(error: Exception) -> int:
    """How often something that went wrong is worth trying in all."""
    if isinstance(error, requests.exceptions.SSLError) or getattr(error, "wait", 0.0) > LONGEST_ASKED_WAIT:
        return 1
    return ATTEMPTS_AT_A_HANG if isinstance(error, requests.Timeout) else ATTEMPTS


def said(error: Exception) -> str:
    """What went wrong, for a sentence that begins with the address."""
    if isinstance(error, _Busy | _Slow):
        return str(error)
    if isinstance(error, requests.exceptions.SSLError):
        return f"could not be asked safely ({tls.said(error)}): see `openlip doctor`"
    if isinstance(error, requests.Timeout):
        return f"gave no answer in time ({type(error).__name__})"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return f"broke off ({type(error).__name__})"
    return f"could not be reached ({type(error).__name__})"


def _accepted(response: requests.Response, url: str) -> requests.Response:
    """The response if it brings data (or says that they have not changed); else what its status means."""
    status = response.status_code
    conditions = {206: {"Range"}, 416: {"Range"}, 304: {"If-None-Match", "If-Modified-Since"}}.get(status, set())
    if status == 200 or conditions & set(response.request.headers if conditions else ()):
        return response
    if status == 409:
        raise NotYet(f"Nothing yet: {url} says that the release is not out yet. It is asked for again at the next run.")
    if status == 429 or status >= 500:
        raise _Busy(f"answered {status}", _asked_wait(response))
    error = NotData(f"{url} answered {status}: {_text(response)}. {_advice(response)}")
    error.status = status
    raise error


def _asked_wait(response: requests.Response) -> float:
    """How long the server asks us to wait, in seconds or as a date; 0 when it does not say."""
    try:
        return urllib3.Retry().parse_retry_after(response.headers.get("Retry-After", "0"))
    except urllib3.exceptions.InvalidHeader:
        return 0.0


def _text(response: requests.Response) -> str:
    """The publisher's own words: the message of a JSON answer, or that it was a page."""
    text = next(_blocks(response, response.url, LARGEST_ANSWER), b"")[:2000].decode("utf-8", "replace").strip()
    if text.startswith("<"):
        return "an error page"
    try:
        return str(loads(text)["message"])
    except (ValueError, TypeError, KeyError):
        return repr(text[:300])


def _advice(response: requests.Response) -> str:
    if "cf-mitigated" in response.headers:
        return "It is a check for robots, which no script passes: load the file in a browser and put it into the inbox of the table."
    return "Check the address in the contract, or whether the publisher blocks scripts."


def _blocks(response: requests.Response, url: str, limit: int) -> Iterator[bytes]:
    """The body as it arrives. A server that trickles is cut, and one that never ends is refused."""
    began = mark = time.monotonic()
    total = lately = 0
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise too_much(url, limit)
    while block := _read(response):
        total, lately, now = total + len(block), lately + len(block), time.monotonic()
        if total > limit:
            raise too_much(url, limit)
        if now - mark >= SLOWEST_SECONDS:
            if lately < SLOWEST_BYTES or now - began > LONGEST_TRANSFER:
                raise _Slow(f"sent only {total:,} bytes in {now - began:.0f} seconds")
            mark, lately = now, 0
        yield block


def _read(response: requests.Response) -> bytes:
    """What is there to read; the errors are those that `requests` would raise."""
    try:
        return response.raw.read1(BLOCK, decode_content=True) or b""
    except urllib3.exceptions.ReadTimeoutError as error:
        raise requests.ReadTimeout(error) from error
    except urllib3.exceptions.DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except urllib3.exceptions.HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
