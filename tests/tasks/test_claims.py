"""The seeds against themselves (C01, D27): 66 % and not 67 %, 14 sessions and not thirteen; exactly these two conflict."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations.partnership import Partnership
from tasks import Misuse
from tasks.claims import claims
from tests import world

SEEDS = ("surveys", "survey_questions", "survey_counts", "engagement", "claims")


@pytest.fixture
def seeded(warehouse: str, partnership: Partnership) -> Partnership:
    assert {line.outcome for line in world.refresh(partnership, *SEEDS).values()} == {"loaded"}
    return partnership


def test_the_seeds_claims_raise_exactly_their_two_conflicts(seeded: Partnership) -> None:
    found = {one.claim: one for one in claims(seeded)}
    assert {name: one.verdict for name, one in found.items()} == {
        "survey_completion": "conflicts",
        "pip_branch_completion": "agrees",
        "survey_responses": "agrees",
        "focus_groups": "conflicts",
        "interviews": "agrees",
        "founders": "bound",
        "first_strategy": "bound",
    }
    assert (found["survey_completion"].computed, found["survey_completion"].base) == ("66", "207 of 314 = 65.9 %")
    assert (found["pip_branch_completion"].computed, found["pip_branch_completion"].base) == ("95", "19 of 20 = 95.0 %")
    assert found["focus_groups"].computed == "14"


def test_a_mended_document_no_longer_conflicts(seeded: Partnership) -> None:
    path = seeded.home / "registers" / "claims.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("67%", "66%").replace("thirteen", "fourteen"), encoding="utf-8")
    assert "conflicts" not in {one.verdict for one in claims(seeded)}


def test_a_text_without_a_number_is_told(seeded: Partnership) -> None:
    path = Path(seeded.home / "registers" / "claims.csv")
    path.write_text(path.read_text(encoding="utf-8").replace("thirteen", "many"), encoding="utf-8")
    with pytest.raises(Misuse, match="holds no number"):
        claims(seeded)
