"""Tables of Statistics Canada: which of them changed, when each was released, and its full-table zip.

The lists of changes of every day since the last good look say what to ask for. Once a week the release time of the table itself is
compared, so that a day whose list was never read is caught up with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from expectations import Contract
from expectations.partnership import Partnership
from sql import clock
from tasks.fetch import store
from tasks.fetch.partial import Received
from tasks.fetch.store import Snapshot
from tasks.fetch.transport import NotData, NotYet, SourceUnavailable, Transport, is_sample
from tasks.fetch.wds import WDS, Service

__all__ = ["WDS", "statcan"]

# The release time of a table is compared at least this often, whatever the lists of changes say.
COMPARE_DAYS = 7
COMPARED = "release time compared"
# Data are locked from midnight until now on working days; a zip is built in the night and may already hold what is not released.
OPENS = time(8, 30)
SATURDAY = 5
# A zip was seen to lag behind its release by one to three hours. Data that are the same so long after were released without a change.
LAGS = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Watched:
    """A table, what we hold of it, and when we last looked."""

    product: str
    before: dict[str, Any] | None
    looked_at: str | None
    compared_at: str | None

    @property
    def days(self) -> list[date]:
        """Every day since the last good look, that one included: the look may have been in the morning."""
        since = clock.day_of(self.looked_at) if self.looked_at else clock.today()
        return [since + timedelta(days=n) for n in range((clock.today() - since).days + 1)]


def statcan(contract: Contract, partnership: Partnership, transport: Transport) -> list[Snapshot]:
    """The table's zip when it has been released anew; nothing is asked for before half past eight of a release day."""
    service = transport.once("Web Data Service", lambda: Service(transport))
    table = _watched(contract, partnership)
    if not _is_wanted(table, service, asks=True):
        assert table.before is not None
        store.note(partnership, contract, "unchanged", sha256=table.before["sha256"])
        return [store.from_row(table.before)]
    cube = service.cube(table.product, lambda: _others(contract, partnership, transport))
    published = _release_time(cube, table.product)
    if published > clock.stamp():
        raise NotYet(f"{contract.name}: table {contract.source.table} is announced for {published}. It is asked for again then.")
    if table.before and table.before["published_at"] == published:
        store.note(partnership, contract, "unchanged", sha256=table.before["sha256"], message=COMPARED)
        return [store.from_row(table.before)]
    if _is_locked():
        raise NotYet(f"{contract.name}: Statistics Canada opens its tables at 08:30 Toronto time. It is asked for again at the next run.")
    return [_newest(contract, partnership, transport, table, cube, published)]


def _newest(
    contract: Contract, partnership: Partnership, transport: Transport, table: Watched, cube: dict[str, Any], published: str
) -> Snapshot:
    """The zip of a release as a snapshot; `NotYet` while the zip is still the one of the release before."""
    service = transport.once("Web Data Service", lambda: Service(transport))
    link = service.link(table.product, contract.source.language)
    held = store.last(partnership, contract)
    received = transport.download(link, store.folder(partnership.home), **store.validators(partnership, held, link))
    before = table.before
    if before is not None and _is_same(received, before, partnership):
        if received is not None:
            received.path.unlink()
        if clock.today() - clock.day_of(published) < LAGS and published > (before["published_at"] or ""):
            raise NotYet(
                f"{contract.name}: table {contract.source.table} is listed as released at {published}, but its file is not renewed yet. "
                "It is asked for again at the next run."
            )
        return store.renew(partnership, contract, before, published_at=published, message=COMPARED)
    if received is None:  # the bytes we hold were refused, and the publisher has no others
        assert held is not None
        return store.renew(partnership, contract, held, published_at=published, message=COMPARED)
    facts = {"datapoints": cube.get("nbDatapointsCube"), "title": cube.get("cubeTitleEn")}
    return store.keep(partnership, contract, received, url=link, published_at=published, sample=is_sample(), facts=facts)


def _watched(contract: Contract, partnership: Partnership) -> Watched:
    looked_at, compared_at = store.looked_at(partnership, contract), store.looked_at(partnership, contract, COMPARED)
    return Watched(contract.source.table.replace("-", "")[:8], store.trusted(partnership, contract), looked_at, compared_at)


def _others(contract: Contract, partnership: Partnership, transport: Transport) -> list[str]:
    """The other tables to ask with this one: those of this run, or that we hold, of which lists already known say that they are due."""
    service = transport.once("Web Data Service", lambda: Service(transport))
    others = [other for other in partnership.contracts() if other.source.fetch == "statcan" and other.name != contract.name]
    watched = [(other, _watched(other, partnership)) for other in others]
    wanted = [(other, table) for other, table in watched if _is_wanted(table, service, asks=False)]
    return [table.product for other, table in wanted if table.before or other.name in transport.about]


def _is_wanted(table: Watched, service: Service, *, asks: bool) -> bool:
    """True when the table itself must be asked. With `asks` the lists of changes that are not known yet are asked for."""
    if table.before is None or table.compared_at is None or _age(table.compared_at).days >= COMPARE_DAYS:
        return True
    days = [day for day in table.days if asks or service.has_asked(day)]
    # Every list is asked for, not only those up to the first that names the table: they serve the other tables too.
    listed = {day for day in days if _is_listed(table, day, service)}
    return bool(listed)


def _is_listed(table: Watched, day: date, service: Service) -> bool:
    try:
        listed = service.changed(day).get(table.product, "")
    except NotYet:
        return False  # before half past eight, or at a weekend: nothing is out
    except (NotData, SourceUnavailable):
        return True  # no list of that day: the table itself is asked
    assert table.before is not None
    return listed > (table.before["published_at"] or "")


def _age(moment: str) -> timedelta:
    return clock.now() - datetime.fromisoformat(moment)


def _release_time(cube: dict[str, Any], product: str) -> str:
    try:
        return clock.from_publisher(str(cube["releaseTime"]))
    except (KeyError, ValueError) as error:
        said = cube.get("releaseTime")
        raise NotData(f"Statistics Canada gives no release time for table {product}: {said!r}. Try again later.") from error


def _is_locked() -> bool:
    local = clock.now().astimezone(clock.TORONTO)
    return local.weekday() < SATURDAY and local.time() < OPENS


def _is_same(received: Received | None, before: dict[str, Any], partnership: Partnership) -> bool:
    """True when a zip holds the data we have, whether it was built again or not."""
    if received is None or received.sha256 == before["sha256"]:
        return True
    new = _data_in(received.path)
    return new is not None and new == _data_in(store.path_of(partnership, before))


def _data_in(path: Path) -> tuple[int, int] | None:
    """Checksum and size of the data file of a full-table zip, as its directory has them; None for anything else."""
    try:
        with ZipFile(path) as archive:
            found = [(item.CRC, item.file_size) for item in archive.infolist() if "MetaData" not in item.filename]
    except (BadZipFile, OSError):
        return None
    return found[0] if len(found) == 1 else None
