"""Files of an SFTP server or an S3 bucket, through fsspec. Only listed and read; nothing is written or deleted there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from expectations.partnership import Partnership
from tasks import Misuse
from tasks.fetch.transport import SourceUnavailable, Transport
from tasks.receive.channels import Channel
from tasks.receive.parcel import LARGEST, Left, Received, secret
from tasks.receive.quiet import hush
from tasks.receive.still import PAUSE, Seen, ends_early, is_aside, locked, sorted_out

Login = dict[str, str]
SCHEMES = ("sftp", "s3")


@dataclass(frozen=True, slots=True)
class Store:
    """A kind of server: how to open it, the path of an address there, the errors it knows, and what one of them says."""

    opened: Callable[[str, Login], AbstractContextManager[Any]]
    path: Callable[[str], str]
    faults: tuple[type[Exception], ...]
    said: Callable[[Exception], str]


def remote(channel: Channel, _partnership: Partnership, _transport: Transport) -> Received:
    """The still files that the address names (`*` stands for any text within a name).

    The secret is `user:password`, or JSON: for sftp:// `username`, `password` or `private_key` (with `passphrase`), and `known_hosts`; for
    s3:// `key`, `secret`, and `endpoint_url` and `region` where the bucket is not Amazon's.
    """
    hush()
    source = channel.source
    store = _store(source.url)
    if not source.secret:
        raise Misuse(f"{channel.name}: the source names no secret, and nothing is read without a login of our own. Name one.")
    login = _login(secret(source.secret))
    try:
        with store.opened(source.url, login) as system:
            return _Look(channel, system, store.path(source.url), store.faults).received()
    except store.faults as error:
        said = store.said(error)
    raise SourceUnavailable(f"{channel.name}: the server {said}. It is asked again at the next run.")


def _store(url: str) -> Store:
    scheme = url.split("://", 1)[0]
    if scheme not in SCHEMES or not _is_whole(url):
        raise Misuse(
            "The address of a remote source is sftp://SERVER/FOLDER/*.xlsx or s3://BUCKET/FOLDER/*.xlsx, without user and password."
        )
    try:
        found: Store = import_module(f"tasks.receive.{scheme}").STORE
    except ModuleNotFoundError:
        pass
    else:
        return found
    raise Misuse(
        f"To read {scheme}:// the extra {scheme} is needed: run `.uv/bin/uv sync --locked --inexact --extra {scheme}` in the checkout."
    )


def _is_whole(url: str) -> bool:
    """True for an address with a server or bucket, a port that is a number (if any), and no user."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0) and "@" not in parts.netloc
    except ValueError:
        return False


def _login(kept: str) -> Login:
    try:
        found = json.loads(kept) if kept.lstrip().startswith("{") else None
    except ValueError:
        found = {}
    if found is None:
        user, colon, password = kept.strip().partition(":")
        found = {"username": user, "password": password} if colon else {}
    if not found or not all(isinstance(value, str) for value in found.values()):
        raise Misuse('The secret of a remote source is user:password, or JSON such as {"username": "...", "password": "..."}.')
    return found


class _Look:
    """One look at a server: two listings with a pause between, and only what both show alike is read."""

    def __init__(self, channel: Channel, system: Any, pattern: str, faults: tuple[type[Exception], ...]) -> None:
        self.channel, self.system, self.pattern, self.faults = channel, system, pattern, faults
        self.left: list[Left] = []

    def received(self) -> Received:
        before = {one.name: one.stamp for one in self._listed() if not is_aside(_file(one.name))}
        if not before:
            return Received()
        time.sleep(PAUSE)
        there = self._listed()
        locks = locked([Seen(_file(one.name), one.size, one.changed, ()) for one in there])
        files = [one for one in there if not is_aside(_file(one.name))]
        still = [one for one in files if before.get(one.name) == one.stamp and not one.is_young]
        for one in files:
            if one not in still:
                self._leave(one.name, "being_written")
        take, leave = sorted_out(still, frozenset(one.name for one in still if _file(one.name) in locks))
        for one, cause in leave:
            self._leave(one.name, cause)
        parcels = []
        for one in take:
            body, cause = self._read(one)
            if cause:
                self._leave(one.name, cause)
            elif body is not None:
                parcels.append(self.channel.parcel(body, self.channel.place(one.name), changed=one.changed))
        return Received(tuple(parcels), tuple(sorted(self.left, key=lambda left: left.place)))

    def _listed(self) -> list[Seen]:
        """The files that the pattern names; an unknown folder is told, because it would stay empty for ever."""
        folder = self.pattern.split("*")[0].rpartition("/")[0]
        self.system.invalidate_cache()
        found = self.system.glob(self.pattern, detail=True)
        if not found and folder and not self.system.isdir(folder):
            raise FileNotFoundError
        return [_seen(name, info) for name, info in sorted(found.items()) if info["type"] == "file"]

    def _read(self, one: Seen) -> tuple[bytes | None, str]:
        """What the file holds, or the cause to leave it; neither for one that was taken away meanwhile."""
        try:
            with self.system.open(one.name, "rb") as file:
                body: bytes = file.read(LARGEST + 1)
            self.system.invalidate_cache()
            is_same = _seen(one.name, self.system.info(one.name)).stamp == one.stamp
        except FileNotFoundError:
            return None, ""
        except PermissionError:
            return None, "unreadable"
        is_whole = is_same and len(body) == one.size and not ends_early(body, one)
        return (body, "") if is_whole else (None, "being_written")

    def _leave(self, name: str, cause: str) -> None:
        self.left.append(self.channel.left(self.channel.place(name), cause))


def _seen(name: str, info: dict[str, Any]) -> Seen:
    changed: datetime = info.get("mtime") or info["LastModified"]
    return Seen(name, int(info["size"]), changed.timestamp(), (info["size"], changed, info.get("ETag", "")))


def _file(name: str) -> str:
    return name.rpartition("/")[2]
