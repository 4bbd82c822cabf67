"""An address that is the key itself: whoever knows it may read the file."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from expectations.partnership import Partnership
from tasks.fetch.confidential import TooLarge, ask
from tasks.fetch.transport import Transport
from tasks.receive.channels import Channel
from tasks.receive.parcel import LARGEST, Received, secret
from tasks.receive.quiet import hush


def link(channel: Channel, _partnership: Partnership, transport: Transport) -> Received:
    """The file at the address that the secret holds. The same bytes as before are given again: no mark of them is kept here."""
    hush()
    place = channel.place()
    try:
        body = ask(transport, file_of(secret(channel.source.secret).strip()), limit=LARGEST)
    except TooLarge:
        return Received(left=(channel.left(place, "too_large"),))
    return Received((channel.parcel(body, place),))


def file_of(url: str) -> str:
    """The address of the file behind the address that a person copies from the browser; others stay as they are.

    Google Sheets: /edit and /view become /export?format=csv of the same sheet (`gid`), /pubhtml the published CSV. Nextcloud and ownCloud:
    /s/TOKEN becomes /s/TOKEN/download. SharePoint and OneDrive for work: download=1 is added. These were tried against a server that
    replays their answers, not against the services themselves.

    >>> file_of("https://docs.google.com/spreadsheets/d/KEY/edit?gid=7#gid=7")
    'https://docs.google.com/spreadsheets/d/KEY/export?format=csv&gid=7'
    >>> file_of("https://cloud.example.org/index.php/s/aB3dE6fG9hJ2kLm")
    'https://cloud.example.org/index.php/s/aB3dE6fG9hJ2kLm/download'
    >>> file_of("https://office.sharepoint.com/:x:/s/partners/EabcDEF?e=Xy1")
    'https://office.sharepoint.com/:x:/s/partners/EabcDEF?e=Xy1&download=1'
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return url  # `ask` says what is wrong with it
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if host == "docs.google.com" and (
        sheet := re.fullmatch(r"(/spreadsheets/(?:u/\d+/)?d/[^/]+)(?:/(?:edit|view|htmlview))?/?", parts.path)
    ):
        gid = query.get("gid") or dict(parse_qsl(parts.fragment)).get("gid")
        return urlunsplit(("https", parts.netloc, f"{sheet[1]}/export", urlencode({"format": "csv"} | ({"gid": gid} if gid else {})), ""))
    if host == "docs.google.com" and parts.path.endswith("/pubhtml"):
        return urlunsplit(("https", parts.netloc, parts.path.removesuffix("html"), urlencode(query | {"output": "csv"}), ""))
    if host.endswith((".sharepoint.com", ".sharepoint.us")):
        kept = "&".join(part for part in parts.query.split("&") if part and not part.startswith(("web=", "download=")))
        return urlunsplit(parts._replace(query=f"{kept}&download=1" if kept else "download=1", fragment=""))
    if re.search(r"/s/[A-Za-z0-9]{6,64}/?$", parts.path):
        return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/download", fragment=""))
    return url
