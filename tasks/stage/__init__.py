"""Stage a snapshot: our column names and types, typed non-values, every source column accounted for."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from expectations import Contract
from expectations.partnership import Partnership
from tasks.fetch.store import Snapshot, folder
from tasks.stage.census_bulk import stage_census_bulk
from tasks.stage.census_profile import stage_census_profile
from tasks.stage.census_wide import stage_census_wide
from tasks.stage.cmhc import stage_cmhc
from tasks.stage.corrections import correct
from tasks.stage.delimited import stage_delimited
from tasks.stage.pivot import stage_pivot
from tasks.stage.sheet import stage_sheet
from tasks.stage.staging import ShapeChanged, Staging
from tasks.stage.statcan import stage_statcan
from tasks.stage.wide import stage_wide

__all__ = ["ShapeChanged", "Staged", "stage"]

KEPT_SECONDS = 24 * 3600
LAYOUTS = {
    "statcan": stage_statcan,
    "delimited": stage_delimited,
    "pivot": stage_pivot,
    "sheet": stage_sheet,
    "cmhc": stage_cmhc,
    "wide": stage_wide,
    "census_profile": stage_census_profile,
    "census_bulk": stage_census_bulk,
    "census_wide": stage_census_wide,
}


@dataclass(frozen=True, slots=True)
class Staged:
    """A staging file made from a snapshot under a contract, or the reason why none could be made."""

    snapshot: Snapshot
    contract_digest: str
    path: str
    refusal: tuple[str, str, str] | None = None


def stage(snapshot: Snapshot, contract: Contract, partnership: Partnership) -> Staged:
    """Read the snapshot's bytes into a staging file.

    A cell that cannot be read sets its row aside; a file of another shape (a missing or foreign column, a broken zip, another
    encoding) is refused whole, with what was found, what was expected and what to do in `refusal`. Known errors of the publisher are
    corrected; one that the publisher changed since refuses the file too.
    """
    source = folder(partnership.home) / snapshot.file
    path = staging_path(partnership, contract, snapshot)
    _sweep(path.parent)
    try:
        with Staging(path, contract) as staging:
            LAYOUTS[contract.layout.kind](staging, source, snapshot, contract, partnership)
            correct(staging.db, contract)
    except ShapeChanged as error:
        return Staged(snapshot, contract.digest, "", (error.found, error.expected, error.fix))
    return Staged(snapshot, contract.digest, str(path))


def staging_path(partnership: Partnership, contract: Contract, snapshot: Snapshot) -> Path:
    """Where this thread puts the staging file of a snapshot: two runs at once, of one process or two, do not write into one file."""
    mine = f"{os.getpid()}-{threading.get_ident()}"
    return partnership.home / "staged" / f"{contract.name}-{snapshot.sha256[:16]}-{contract.digest[:8]}-{mine}.db"


def _sweep(folder: Path) -> None:
    """Remove what runs that were killed left behind a day ago or longer."""
    for path in folder.glob("*"):
        with suppress(FileNotFoundError):  # another run sweeps too
            if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                path.unlink()
