"""Files as they are: from an address, from the registers, from the inbox."""

from __future__ import annotations

from expectations import Contract
from expectations.partnership import Partnership
from tasks.fetch import store
from tasks.fetch.store import Snapshot
from tasks.fetch.transport import NotData, Transport, is_sample


def download(contract: Contract, partnership: Partnership, transport: Transport) -> list[Snapshot]:
    return one_file(contract, partnership, transport, contract.source.url, None)


def one_file(contract: Contract, partnership: Partnership, transport: Transport, url: str, published: str | None) -> list[Snapshot]:
    before = store.last(partnership, contract)
    received = transport.download(url, store.folder(partnership.home), **store.validators(partnership, before, url))
    if received is None:
        assert before is not None
        store.note(partnership, contract, "unchanged", sha256=before["sha256"])
        return [store.from_row(before)]
    return [store.keep(partnership, contract, received, url=url, published_at=published, sample=is_sample())]


def register(contract: Contract, partnership: Partnership, _transport: Transport) -> list[Snapshot]:
    path = partnership.home / "registers" / contract.source.file
    if not path.is_file():
        raise NotData(f"{path}: the register is not there. Copy it from partnerships/peterborough/registers.")
    received = store.copy_in(path, partnership.home)
    return [store.keep(partnership, contract, received, url=f"registers/{contract.source.file}", sample=partnership.sample)]


def inbox(contract: Contract, partnership: Partnership, _transport: Transport) -> list[Snapshot]:
    folder = partnership.home / "inbox" / contract.name
    snapshots = []
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        if not path.is_file() or path.name.startswith((".", "~$")):
            continue
        received = store.copy_in(path, partnership.home)
        url = f"inbox/{contract.name}/{path.name}"
        snapshots.append(store.keep(partnership, contract, received, url=url, part=path.name, sample=partnership.sample))
    return snapshots
