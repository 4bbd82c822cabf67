"""Statistics Canada's Web Data Service: which table changed, when it was released, and its full-table zip."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from expectations import Contract
from expectations.partnership import Partnership
from sql import clock
from tasks.fetch import store
from tasks.fetch.store import Snapshot
from tasks.fetch.transport import NotData, NotYet, Transport, is_sample

WDS = "https://www150.statcan.gc.ca/t1/wds/rest"
# After this many days without a look at the table itself, the lists of changes are not trusted alone.
TRUST_CHANGE_LISTS = 7
BEING_PUBLISHED = "Table {} is being published right now. It is asked for again at the next run."


def statcan(contract: Contract, partnership: Partnership, transport: Transport) -> list[Snapshot]:
    product = contract.source.table.replace("-", "")[:8]
    before = store.trusted(partnership, contract)
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
