"""Fetch what a publisher or a partner sent: bytes in, a snapshot out. Unchanged bytes cost nothing."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

from expectations import Contract
from expectations.partnership import Partnership
from tasks.fetch import store
from tasks.fetch.census_profile import census_profile
from tasks.fetch.ckan import ckan
from tasks.fetch.cmhc import cmhc
from tasks.fetch.files import download, inbox, register
from tasks.fetch.statcan import statcan
from tasks.fetch.store import Snapshot
from tasks.fetch.transport import NotData, NotKept, NotYet, SourceUnavailable, Transport

__all__ = ["NotData", "NotKept", "NotYet", "Snapshot", "SourceUnavailable", "Transport", "fetch", "hosts"]

KINDS = {
    "statcan": statcan,
    "census_profile": census_profile,
    "ckan": ckan,
    "cmhc": cmhc,
    "download": download,
    "inbox": inbox,
    "register": register,
}
OUTCOMES = {NotYet: "not_yet", SourceUnavailable: "unreachable", NotData: "refused"}


def fetch(contract: Contract, partnership: Partnership, transport: Transport) -> list[Snapshot]:
    """The snapshots of this contract that still need work: new bytes, or bytes never judged by the contract as it reads now.

    An empty list means that nothing changed. Raises `SourceUnavailable` or `NotYet` (ask later), `NotData` (an answer that is not the
    data) or `NotKept` (no room on this machine). What the publisher did is noted in the ledger, and what was loaded before stays in
    force: `state_of` says how old that is, and whether the look is news.
    """
    kind = KINDS[contract.source.fetch]
    try:
        found = kind(contract, partnership, transport)
    except (NotYet, SourceUnavailable, NotData) as error:
        outcome = next(word for asked, word in OUTCOMES.items() if isinstance(error, asked))
        store.note(partnership, contract, outcome, message=str(error))
        raise
    return [snapshot for snapshot in found if not store.is_done(partnership, contract, snapshot)]


def hosts(contract: Contract) -> set[str]:
    """The publishers' hosts that a contract's source is asked at: those of its own address, and of its kind's."""
    source = contract.source
    kind = vars(sys.modules[KINDS[source.fetch].__module__]).values()
    urls = [source.url, *(said for said in kind if isinstance(said, str) and said.startswith("https://"))]
    named = {urlsplit(url).hostname or "" for url in urls} | ({source.host} if source.package else set())
    return {host for host in named if "." in host and "{" not in host}
