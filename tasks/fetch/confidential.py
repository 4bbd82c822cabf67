"""Addresses that are secrets themselves, or are asked with one: the answer stays in memory, and messages name the host alone.

A share link of a partner is such an address, and so is the door of a server that wants a token. So nothing here is written to disk, an
error bears neither the address nor the error it came from (which would hold it), and a server's own words are not passed on.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.cookies import extract_cookies_to_jar

from tasks import Misuse, Problem
from tasks.fetch import transport as way
from tasks.fetch.problems import NotData, SourceUnavailable
from tasks.fetch.transport import Transport, rewrite

REDIRECTS = 5
# Where an address leads that is not open to everybody who knows it.
SIGN_IN_HOSTS = ("accounts.google.com", "login.microsoftonline.com", "login.live.com")
SIGN_IN = re.compile(rb"sign[ -]?in|log[ -]?in|password|request access|se connecter|connexion|mot de passe|demander l.acc")
ADDRESS = re.compile(r"[!-~]+")
# The library's stubs give it no types.
_keep_cookies: Callable[..., None] = extract_cookies_to_jar


class TooLarge(Problem):
    """The answer is larger than anything that is expected there; nothing of it was kept."""


def ask(transport: Transport, url: str, *, limit: int, headers: Mapping[str, str] | None = None) -> bytes:
    """What lies at an https address, in memory. With `headers` (a token) no other host is asked, wherever the server sends us.

    `SourceUnavailable` says why there is no answer, or that it is a page to sign in; `TooLarge` that it is more than `limit` bytes.
    """
    start = _split(url)
    if start is None or start.scheme != "https" or not start.hostname or _is_this_machine(start.hostname):
        raise Misuse(
            "The address of a source does not begin with https:// and the name of a server. Mend it: that of a link is kept as its secret."
        )
    if not all(ADDRESS.fullmatch(text) for text in [url, *(part for value in (headers or {}).values() for part in value.split(" ", 1))]):
        raise Misuse(
            f"What is kept as the secret for {start.hostname} holds blanks or letters that no address or token has. Put it in again."
        )
    failed: Problem
    try:
        return transport._patiently(f"https://{start.hostname}", lambda: _followed(transport, url, headers, limit))
    except NotData:
        failed = TooLarge(f"https://{start.hostname} sends more than {limit:,} bytes.")
    except Problem as error:
        failed = type(error)(str(error))
    except ValueError:
        failed = SourceUnavailable(f"https://{start.hostname} sends us on to something that is no address.")
    raise failed  # outside of the handlers, so that it carries no error that holds the address


def _followed(transport: Transport, url: str, headers: Mapping[str, str] | None, limit: int) -> bytes:
    """The answer, each step looked at before it is taken. Cookies last as long as the steps: a share may need those it sets."""
    first = urlsplit(url).hostname or ""
    session = requests.Session()
    session.mount("https://", transport.session.get_adapter("https://"))
    session.mount("http://", transport.session.get_adapter("http://"))
    session.headers.update(transport.session.headers)
    for _ in range(REDIRECTS + 1):
        host = urlsplit(url).hostname or ""
        transport._wait(host)
        with _sent(session, url, headers) as response:
            if not response.is_redirect:
                return _body(response, host, limit)
            url = _next(urljoin(url, response.headers["Location"]), first, may_leave=not headers)
    raise SourceUnavailable(f"https://{first} sends us on and on, {REDIRECTS} times and more. Ask for a new address.")


def _sent(session: requests.Session, url: str, headers: Mapping[str, str] | None) -> requests.Response:
    """The beginning of the answer. Not by `session.get`, which reads the whole body of a redirect, however long it is."""
    asked = {"Accept-Encoding": "identity", **(headers or {})}
    # A function in the place of a login keeps a .netrc of this machine out.
    prepared = session.prepare_request(requests.Request("GET", rewrite(url), headers=asked, auth=lambda request: request))
    # The types that the library's stubs give these settings do not fit those of `send`.
    settings: dict[str, Any] = {**session.merge_environment_settings(prepared.url or "", {}, True, None, None)}
    timeout = way.SAMPLE_TIMEOUTS if way.is_sample() else way.TIMEOUTS
    response = session.get_adapter(prepared.url or "").send(prepared, timeout=timeout, **settings)
    _keep_cookies(session.cookies, prepared, response.raw)
    return response


def _body(response: requests.Response, host: str, limit: int) -> bytes:
    status = response.status_code
    if status == 429 or status >= 500:
        raise way._Busy(f"answered {status}", way._asked_wait(response))
    if status in (401, 403):
        raise SourceUnavailable(f"https://{host} does not let us in ({status}). Renew the token, or share with everybody who has the link.")
    if status in (404, 410):
        raise SourceUnavailable(
            f"https://{host} has nothing there ({status}): the link or the form was withdrawn or mistyped. Ask for another."
        )
    if status != 200:
        raise SourceUnavailable(f"https://{host} answered {status}, which is no answer to us. Look at the address in a browser.")
    body = b"".join(way._blocks(response, f"https://{host}", limit))
    if "html" in response.headers.get("Content-Type", "").lower() or _is_page(body):
        raise _page(host, is_sign_in=bool(SIGN_IN.search(body[:500_000].lower())))
    return body


def _is_page(body: bytes) -> bool:
    start = body[:512].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    return start.startswith((b"<!doctype", b"<html", b"<head")) or b"<html" in start


def _page(host: str, *, is_sign_in: bool) -> SourceUnavailable:
    if is_sign_in:
        return SourceUnavailable(f"https://{host} asks us to sign in: the file is not shared with everybody who has the link. Share it so.")
    return SourceUnavailable(f"https://{host} answered with a web page, not with a file. Take the address of the file itself.")


def _next(url: str, first: str, *, may_leave: bool) -> str:
    """Where a server sends us, if we go there: over TLS, out of our own network, and with a token nowhere else."""
    parts = _split(url)
    host = (parts.hostname or "") if parts else ""
    if parts is None or parts.scheme != "https" or not host or "@" in parts.netloc:
        raise SourceUnavailable(f"https://{first} sends us on to an address that is not safe. We did not go there; ask for a new address.")
    if host in SIGN_IN_HOSTS or re.search(r"/(login|signin|authenticate\.aspx)\b", parts.path.lower()):
        raise _page(first, is_sign_in=True)
    if host != first and not may_leave:
        raise SourceUnavailable(f"https://{first} sends us on to another server, which does not get our token. Write its address instead.")
    if host != first and is_inside(host):
        raise SourceUnavailable(f"https://{first} sends us on to a machine of our own network. We did not go there; ask for a new address.")
    return url


def is_inside(host: str) -> bool:
    """True for this machine and those of our own network, by name, by number, or by what the name stands for.

    >>> [is_inside(host) for host in ("localhost", "10.0.0.7", "169.254.169.254", "::1", "printer", "nas.local")]
    [True, True, True, True, True, True]
    """
    if ("." not in host.strip(".") and ":" not in host) or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return not way.is_sample() and _resolves_inside(host)


def _resolves_inside(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except OSError:
        return False  # the question itself says so, or the proxy knows the name
    return any(not ip_address(str(where[0]).split("%")[0]).is_global for *_, where in found)


def _is_this_machine(host: str) -> bool:
    try:
        number = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return number.is_loopback or number.is_link_local or number.is_unspecified


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None
