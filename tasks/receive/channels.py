"""The places that partners' files come from: their folders, and what the registers and the contracts name besides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from expectations import ContractBroken, places
from expectations.contract import Source
from expectations.partnership import Partnership
from sql import clock
from tasks.receive.parcel import WHY, Left, Parcel, keyed

# The last second of the year 9999: the time of a file may be any number.
LATEST = 253_402_300_799.0
# What a member owes of its last period falls due after it left, and may come late.
LOOKED_INTO_AFTER_LEAVING = timedelta(days=365)
ELSEWHERE = ("link", "kobo", "odk", "remote")


@dataclass(frozen=True, slots=True)
class Channel:
    """One place to look into: whose it is (or ""), its kind, the table it is for (or ""), and a name for people that holds no secret."""

    partner: str
    fetch: str
    source: Source
    contract: str
    name: str

    def place(self, *further: str) -> str:
        """The keyed digest of a place of this channel. It stays the same when the secret is renewed."""
        source = self.source
        parts = [self.fetch, self.partner, self.contract, source.secret, source.url, source.form, *further]
        return keyed("\0".join(parts).encode("utf-8", "surrogateescape"))

    def parcel(self, body: bytes, place: str, *, partner: str = "", folder: Path | None = None, changed: float = 0.0) -> Parcel:
        """What came of this channel, as a parcel received now; `changed` in seconds since 1970, where it is known."""
        return Parcel(
            place=place,
            digest=keyed(body),
            partner=self.partner or partner,
            contract=self.contract,
            channel=self.fetch,
            received_at=clock.stamp(),
            body=body,
            folder=folder,
            changed_at=clock.stamp(datetime.fromtimestamp(min(changed, LATEST), UTC)) if changed > 0 else "",
        )

    def left(self, place: str, cause: str) -> Left:
        """What was left alone, and why."""
        return Left(place, self.partner, self.contract, self.fetch, cause, WHY[cause])


def channels(partnership: Partnership) -> list[Channel]:
    """Every place to look into today; `ContractBroken` names the row of a register that is wrong.

    A member that left is looked into for another year.
    """
    return [*_folders(partnership), *_listed(partnership), *_contracted(partnership)]


def _folders(partnership: Partnership) -> Iterator[Channel]:
    inbox = Source(fetch="inbox")
    for partner in _members(partnership):
        yield Channel(partner, "inbox", inbox, "", f"{partner}, inbox")
    for contract in partnership.contracts():
        if contract.is_partner and contract.source.fetch == "inbox":
            yield Channel("", "inbox", contract.source, contract.name, f"inbox of {contract.name}")


def _members(partnership: Partnership) -> list[str]:
    path, today = partnership.home / "registers" / "members.csv", clock.today()
    found = set()
    for number, row in enumerate(places.rows(path, "partner", "joined", "left"), 2):
        where = f"{path}: row {number}"
        if not re.fullmatch(r"[a-z][a-z0-9_]*", row["partner"]):
            raise ContractBroken(f"{where}: a partner's code is small letters, digits and _, because its folder bears it. Mend the code.")
        left = _day(row["left"], where)
        if (_day(row["joined"], where) or date.min) <= today and (left is None or today <= left + LOOKED_INTO_AFTER_LEAVING):
            found.add(row["partner"])
    return sorted(found)


def _listed(partnership: Partnership) -> Iterator[Channel]:
    path, today = partnership.home / "registers" / "channels.csv", clock.today()
    for number, row in enumerate(places.rows(path, "partner", "fetch", "url", "form", "secret", "from", "to"), 2):
        where = f"{path}: row {number}"
        first, last = _day(row["from"], where), _day(row["to"], where)
        if (first or date.min) <= today <= (last or date.max):
            source = _source(row, where)
            yield Channel(row["partner"], source.fetch, source, "", _name(row["partner"], source))


def _source(row: dict[str, str], where: str) -> Source:
    if row["fetch"] not in ELSEWHERE:
        raise ContractBroken(f"{where}: fetch is one of {', '.join(ELSEWHERE)}. Mend the row.")
    try:
        source = Source.model_validate({key: row[key] for key in ("fetch", "url", "form", "secret", "partner")})
    except ValidationError as error:
        raise ContractBroken(f"{where}: {error.errors(include_input=False, include_context=False)[0]['msg']}. Mend the row.") from None
    return _without_secrets(source, where)


def _without_secrets(source: Source, where: str) -> Source:
    """The source, if all that it says may be read by everybody; a message does not repeat what may not."""
    if not re.fullmatch(r"([a-z][a-z0-9_]*)?", source.secret):
        raise ContractBroken(f"{where}: secret is the name of a secret (small letters, digits and _), never the secret itself. Mend it.")
    if "@" in urlsplit(source.url).netloc:
        raise ContractBroken(f"{where}: url names a user or a password. Keep them as a secret, and write the secret's name.")
    return source


def _contracted(partnership: Partnership) -> Iterator[Channel]:
    for contract in partnership.contracts():
        source = contract.source
        if contract.is_partner and source.fetch in ELSEWHERE:
            _without_secrets(source, f"contract {contract.name}: source")
            yield Channel(source.partner, source.fetch, source, contract.name, _name(source.partner or contract.name, source))


def _name(whose: str, source: Source) -> str:
    return ", ".join([whose, f"{source.fetch} {source.secret}".rstrip()])


def _day(text: str, where: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ContractBroken(f"{where}: a day is written like 2026-11-22. Mend the row.") from error
