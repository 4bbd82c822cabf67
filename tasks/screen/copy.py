"""Keep what passed the gate: a CSV file of our columns and codes alone, each row where the partner sees it."""

from __future__ import annotations

import csv
import hashlib
import io
import os

from expectations.partnership import Partnership
from tasks.fetch.partial import Received, own_path
from tasks.fetch.problems import not_kept
from tasks.fetch.store import Snapshot, keep
from tasks.receive.parcel import Parcel
from tasks.screen.judge import Judged
from tasks.screen.lists import source_of


def canonical(judged: Judged) -> bytes:
    """The kept copy: the headings and rows of the table in the rows where they stood, in our columns, with blank lines between."""
    columns = [name for name in judged.contract.columns if name in judged.letters]
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    out.write("\n" * (judged.header_row - 1))
    write([source_of(name, judged.contract.columns[name]) for name in columns])
    at = judged.header_row
    for row, line in judged.rows.items():
        out.write("\n" * (row - at - 1))
        write([line.get(name, "") for name in columns])
        at = row
    return out.getvalue().encode()


def keep_copy(judged: Judged, parcel: Parcel, partner: str, partnership: Partnership) -> Snapshot:
    """Put the kept copy into the snapshot store. Its address is the channel and the partner, never the name of the file."""
    body = canonical(judged)
    path = own_path(partnership.home)
    url = f"{parcel.channel}/{partner}/{judged.contract.name}.csv"
    try:
        with path.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        received = Received(path, hashlib.sha256(body).hexdigest(), len(body), {})
        facts = {"digest": parcel.digest, "sheet": judged.sheet, "header_row": judged.header_row, "letters": judged.letters}
        return keep(partnership, judged.contract, received, url=url, part=partner, sample=partnership.sample, facts=facts)
    except OSError as error:
        raise not_kept(url, path.parent, error) from error
    finally:
        path.unlink(missing_ok=True)
