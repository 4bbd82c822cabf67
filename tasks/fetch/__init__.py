"""Fetch what a publisher or a partner sent: bytes in, a snapshot out. Unchanged bytes cost nothing."""

from __future__ import annotations

from expectations import Contract
from expectations.partnership import Partnership
from tasks.fetch import store
from tasks.fetch.ckan import ckan
from tasks.fetch.files import download, inbox, register
from tasks.fetch.statcan import statcan
from tasks.fetch.store import Snapshot
from tasks.fetch.transport import NotData, NotYet, SourceUnavailable, Transport

__all__ = ["NotData", "NotYet", "Snapshot", "SourceUnavailable", "Transport", "fetch"]

KINDS = {"statcan": statcan, "ckan": ckan, "download": download, "inbox": inbox, "register": register}


def fetch(contract: Contract, partnership: Partnership, transport: Transport) -> list[Snapshot]:
    """The snapshots of this contract that still need work: new bytes, or bytes never judged by the contract as it reads now.

    An empty list means that nothing changed. Raises `SourceUnavailable` or `NotYet` (ask later) and `NotData` (an answer
    that is not the data); each is noted in the ledger, and what was loaded before stays in force.
    """
    kind = KINDS[contract.source.fetch]
    try:
        found = kind(contract, partnership, transport)
    except NotYet as error:
        store.note(partnership, contract, "not_yet", message=str(error))
        raise
    except SourceUnavailable as error:
        store.note(partnership, contract, "unreachable", message=str(error))
        raise
    except NotData as error:
        store.note(partnership, contract, "refused", message=str(error))
        raise
    return [snapshot for snapshot in found if not store.is_done(partnership, contract, snapshot)]
