"""The sample home with everything loaded, made once for all tests that only read it; others copy it."""

from __future__ import annotations

import argparse
import atexit
import shutil
import tempfile
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from demo.inbox import write_inbox
from demo.publishers import Publishers
from expectations.partnership import Partnership, read_partnership
from flows import answers
from flows.partners import collect_partners
from flows.sentences import publish_brief, refresh_tables
from flows.verbs import Verbs
from sql import warehouse as engines
from tests.world import PUBLIC, REGISTERS

NOW = "2026-11-22T17:00:00+00:00"
HERE = "2021S0503529"


@lru_cache(maxsize=1)
def filled_home() -> Path:
    """A sample home after init, refresh of the registers and of what the council brief reads, and collect of sound partners' files."""
    root = Path(tempfile.mkdtemp(prefix="openlip-sample-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    home = root / "home"
    answers.init(argparse.Namespace(source="peterborough", folder=home, sample=True))
    with pytest.MonkeyPatch.context() as patch, Publishers() as publishers:
        alone(patch)
        patch.setenv("OPENLIP_PUBLISHERS", publishers.url)
        partnership = read_partnership(home)
        lines = refresh_tables(partnership, [*REGISTERS, *PUBLIC], Verbs())
        write_inbox(home / "inbox", dirty=False)
        lines += collect_partners(partnership, [], Verbs()).lines
    assert not [line for line in lines if line.is_bad], lines
    close(home)
    return home


def alone(patch: pytest.MonkeyPatch) -> None:
    """The clock of the sample and no other setting of whoever runs the tests."""
    for name in ("OPENLIP_HOME", "OPENLIP_WAREHOUSE", "OPENLIP_PUBLISHERS", "PREFECT_API_URL"):
        patch.delenv(name, raising=False)
    patch.setenv("OPENLIP_NOW", NOW)
    patch.setenv("OPENLIP_SECRET_GATE_KEY", "a key of the tests")


def filled() -> Partnership:
    """The partnership of the loaded sample home, to be read only."""
    return read_partnership(filled_home())


def copy_to(folder: Path) -> Partnership:
    """The loaded sample home, copied for a test that changes it."""
    shutil.copytree(filled_home(), folder)
    return read_partnership(folder)


@lru_cache(maxsize=1)
def published_home() -> Path:
    """The loaded sample home with the council brief made, in English and French."""
    home = filled_home().parent / "published"
    with pytest.MonkeyPatch.context() as patch:
        alone(patch)
        publish_brief(copy_to(home), "council", "city_council", Verbs())
    close(home)
    return home


def close(home: Path) -> None:
    """Close the connections of this process to a home's warehouse."""
    for writes in (True, False):
        engines._engine(f"sqlite:///{home / 'warehouse.db'}", writes).dispose()


class _Twin(HTMLParser):
    """The text of the web page, its drawings' titles and its attributes that people are told, without styles."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.skip = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # The title of the page is its headline once more; that of a drawing is its alternative text.
        self.skip += tag in ("style", "head")
        self.said += [value or "" for name, value in attrs if name in ("aria-label", "alt", "title")]
        self.said.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.skip -= tag in ("style", "head")
        self.said.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.skip:
            self.said.append(data)


def twin_text(path: Path) -> str:
    reader = _Twin()
    reader.feed(path.read_text(encoding="utf-8"))
    return "".join(reader.said)
