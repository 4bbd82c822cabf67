"""Fetch what a publisher or a partner sent: bytes in, a snapshot out. Unchanged bytes cost nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from expectations import Contract
from expectations.partnership import Partnership
from sql import clock
from tasks.fetch import store
from tasks.fetch.store import Snapshot
from tasks.fetch.transport import NotData, NotYet, SourceUnavailable, Transport, is_sample

__all__ = ["NotData", "NotYet", "Snapshot", "SourceUnavailable", "Transport", "fetch"]

WDS = "https://www150.statcan.gc.ca/t1/wds/rest"
CKAN = "https://open.canada.ca/data/api/3/action"
# After this many days without a look at the table itself, the lists of changes are not trusted alone.
TRUST_CHANGE_LISTS = 7
BEING_PUBLISHED = "Table {} is being published right now. It is asked for again at the next run."


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


def _statcan(contract: Contract, partnership: Partnership, transport: Transport) -> list[Snapshot]:
    product = contract.source.table.replace("-", "")[:8]
    before = _trusted(contract, partnership)
    if before and not _listed_as_changed(product, before, transport):
        store.note(partnership, contract, "unchanged", sha256=before["sha256"])
        return [store.from_row(before)]
    cube = _cube(product, transport)
    published = _release_time(cube, product)
    if published > clock.stamp():
        raise NotYet(f"{contract.name}: table {contract.source.table} is announced for {published}. It is asked for again then.")
    if before and before["published_at"] == published:
        store.note(partnership, contract, "unchanged", sha256=before["sha256"])
        return [store.from_row(before)]
    link = _link(product, transport)
    received = transport.download(link, store.folder(partnership.home))
    assert received is not None
    facts = {"datapoints": cube.get("nbDatapointsCube"), "title": cube.get("cubeTitleEn")}
    kept = store.keep(partnership, contract, received, url=link, published_at=published, sample=is_sample(), facts=facts)
    return [kept]


def _trusted(contract: Contract, partnership: Partnership) -> dict[str, Any] | None:
    """The newest snapshot, unless its bytes were refused: then the publisher is asked as if there were none."""
    before = store.last(partnership, contract)
    return None if before is None or store.is_broken(partnership, contract, before) else before


def _release_time(cube: dict[str, Any], product: str) -> str:
    try:
        return clock.from_publisher(str(cube["releaseTime"]))
    except (KeyError, ValueError) as error:
        said = cube.get("releaseTime")
        raise NotData(f"Statistics Canada gives no release time for table {product}: {said!r}. Try again later.") from error


def _link(product: str, transport: Transport) -> str:
    answer = transport.json(f"{WDS}/getFullTableDownloadCSV/{product}/en")
    link = answer.get("object") if isinstance(answer, dict) else None
    if isinstance(link, dict) and link.get("responseStatusCode") == 6:
        raise NotYet(BEING_PUBLISHED.format(product))
    if not isinstance(link, str) or not link.startswith("https://"):
        raise NotData(f"Statistics Canada gives no full table for {product}: {link}. Check `table` in the contract.")
    return link


def _listed_as_changed(product: str, before: dict[str, Any], transport: Transport) -> bool:
    last_look = clock.day_of(before["fetched_at"])
    days = (clock.today() - last_look).days
    if days > TRUST_CHANGE_LISTS:
        return True
    for back in range(days + 1):
        day = (clock.today() - timedelta(days=back)).isoformat()
        try:
            listed = transport.json(f"{WDS}/getChangedCubeList/{day}", once=True)
        except NotYet:
            continue
        except NotData:
            return True  # no list of that day: the table itself is asked
        if int(product) in {int(item.get("productId") or 0) for item in _flat(listed)}:
            return True
    return False


def _flat(answer: Any) -> list[dict[str, Any]]:
    """The items of a WDS list, which is documented as nested and answered flat."""
    if isinstance(answer, dict):
        return _flat(answer["object"]) if "object" in answer else [answer]
    items: list[dict[str, Any]] = []
    for item in answer if isinstance(answer, list) else []:
        items.extend(_flat(item))
    return items


def _cube(product: str, transport: Transport) -> dict[str, Any]:
    """The metadata of one table. Both not-found shapes are `NotData`; "being published" is `NotYet`."""
    answer = transport.json(f"{WDS}/getCubeMetadata", body=[{"productId": int(product)}])
    envelope = answer[0] if isinstance(answer, list) and answer else {}
    cube = envelope.get("object")
    if envelope.get("status") != "SUCCESS" or not isinstance(cube, dict):
        raise NotData(f"Statistics Canada knows no table {product}: {cube}. Check `table` in the contract.")
    code = cube.get("responseStatusCode", 0)
    if code == 6:
        raise NotYet(BEING_PUBLISHED.format(product))
    if code != 0:
        raise NotData(f"Statistics Canada answered code {code} for table {product}. Check `table` in the contract.")
    return cube


def _ckan(contract: Contract, partnership: Partnership, transport: Transport) -> list[Snapshot]:
    source = contract.source
    answer = transport.json(f"{CKAN}/package_show?id={source.package}", once=True)
    listed = isinstance(answer, dict) and answer.get("success")
    resources = (answer.get("result") or {}).get("resources", []) if listed else []
    matches = [item for item in resources if item.get("url", "").rsplit("/", 1)[-1] == source.resource]
    if not matches:
        raise NotData(f"{contract.name}: package {source.package} lists no file {source.resource}. Check `resource` in the contract.")
    published = matches[0].get("last_modified")
    when = clock.from_publisher(published + "+00:00" if "+" not in published and "Z" not in published else published) if published else None
    return _file(contract, partnership, transport, matches[0]["url"], when)


def _download(contract: Contract, partnership: Partnership, transport: Transport) -> list[Snapshot]:
    return _file(contract, partnership, transport, contract.source.url, None)


def _file(contract: Contract, partnership: Partnership, transport: Transport, url: str, published: str | None) -> list[Snapshot]:
    before = _trusted(contract, partnership)
    etag = store.etag_of(before)
    received = transport.download(url, store.folder(partnership.home), etag=etag)
    if received is None:
        assert before is not None
        store.note(partnership, contract, "unchanged", sha256=before["sha256"])
        return [store.from_row(before)]
    return [store.keep(partnership, contract, received, url=url, published_at=published, sample=is_sample())]


def _register(contract: Contract, partnership: Partnership, _transport: Transport) -> list[Snapshot]:
    path = partnership.home / "registers" / contract.source.file
    if not path.is_file():
        raise NotData(f"{path}: the register is not there. Copy it from partnerships/peterborough/registers.")
    received = store.copy_in(path, partnership.home)
    return [store.keep(partnership, contract, received, url=f"registers/{contract.source.file}", sample=partnership.sample)]


def _inbox(contract: Contract, partnership: Partnership, _transport: Transport) -> list[Snapshot]:
    folder = partnership.home / "inbox" / contract.name
    snapshots = []
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        if not path.is_file() or path.name.startswith((".", "~$")):
            continue
        received = store.copy_in(path, partnership.home)
        url = f"inbox/{contract.name}/{path.name}"
        snapshots.append(store.keep(partnership, contract, received, url=url, part=path.name, sample=partnership.sample))
    return snapshots


KINDS = {"statcan": _statcan, "ckan": _ckan, "download": _download, "inbox": _inbox, "register": _register}
