"""Files that staff download by hand: the sample has one for each such contract, and each goes from the inbox into the warehouse."""

from __future__ import annotations

from pathlib import Path

from demo.downloads import PROFILE, write_downloads
from demo.publishers import Publishers
from expectations import read_all
from expectations.partnership import Partnership
from tasks.measure import measure
from tests import world

BY_HAND = [contract for contract in read_all() if contract.source.fetch == "inbox" and not contract.is_partner]


def written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_contract_of_a_file_by_hand_has_its_sample(tmp_path: Path) -> None:
    """A contract more of this kind is shown by `make demo` too, or this tells."""
    write_downloads(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {contract.name for contract in BY_HAND}
    assert len(BY_HAND) >= 3
    assert all("SAMPLE" in Path(name).name for name in written(tmp_path))


def test_the_same_bytes_are_written_every_time(tmp_path: Path) -> None:
    write_downloads(tmp_path / "a")
    write_downloads(tmp_path / "b")
    write_downloads(tmp_path / "b")
    assert written(tmp_path / "a") == written(tmp_path / "b")


def test_from_file_to_warehouse(publishers: Publishers, partnership: Partnership) -> None:
    """No publisher is asked; every file is loaded whole, and the same files are nothing new."""
    write_downloads(partnership.home / "inbox")
    names = [contract.name for contract in BY_HAND]
    lines = world.refresh(partnership, "places", "place_labels", *names)
    told = {name: (lines[name].outcome, lines[name].held, lines[name].findings) for name in names}
    assert told == dict.fromkeys(names, ("loaded", 0, ()))
    assert all(lines[name].new > 0 for name in names)
    assert publishers.log == []
    assert {line.outcome for line in world.refresh(partnership, *names).values()} == {"unchanged"}


def test_what_it_shows(publishers: Publishers, partnership: Partnership) -> None:
    """The index counts areas, the file of the census says what its service says."""
    write_downloads(partnership.home / "inbox")
    world.refresh(partnership, "places", "place_labels", *[contract.name for contract in BY_HAND])
    numbers = {f.indicator: f.value for f in measure(partnership, ["index_areas", "vulnerable_areas"])}
    assert numbers["index_areas"] == 38
    assert 0 < (numbers["vulnerable_areas"] or 0) < 38
    by_file = {(f.place, f.period): f.value for f in measure(partnership, ["recent_immigrants"])}
    world.refresh(partnership, "statcan_census_cma", "statcan_census_cd", "statcan_census_csd", "statcan_census_pr")
    assert {(f.place, f.period): f.value for f in measure(partnership, ["recent_immigrants"])} == by_file
    assert by_file["2021S0503529", "2021"] == 1300
    assert PROFILE.parent.name in {contract.name for contract in BY_HAND}
