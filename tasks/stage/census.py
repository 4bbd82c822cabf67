"""What the three ways to the census share: members asserted by id and name, and a cell with the symbol beside it."""

from __future__ import annotations

import re

from expectations import Contract
from sql.ledger import PUBLISHED_QUALITY
from tasks.stage.staging import ShapeChanged

QUALITY_LETTERS = {**PUBLISHED_QUALITY, "rE": PUBLISHED_QUALITY["r"] | PUBLISHED_QUALITY["E"]}
LISTED = 5
NO_MARK = "nothing, and no symbol that says why"


def plain(name: str) -> str:
    """A printed name without its indent and the number of its note.

    >>> plain("  Immigrants (81)"), plain("  % in core housing need  (63) ")
    ('Immigrants', '% in core housing need')
    """
    return " ".join(re.sub(r"\s*\(\d+\)\s*$", "", name).split())


def base(heading: str) -> str:
    """A dimension's name without the number of its members.

    >>> base("Age (8D)"), base("Gender")
    ('Age', 'Gender')
    """
    return re.sub(r"\s*\(\d+[A-Za-z]*\)\s*$", "", heading).strip()


class Members:
    """The members of one column of a contract. Ids are the key, and an id without its name proves nothing: publishers have given an
    id another meaning before. A name left empty in the contract is one that nobody has seen yet; it is taken as it comes."""

    def __init__(self, contract: Contract, column: str) -> None:
        self.names = contract.columns[column].members
        self._contract, self._column = contract.name, column
        self._seen: dict[str, str] = {}

    def keeps(self, code: str, name: str) -> bool:
        """True for a member of the contract, whose name is remembered; without members every code is kept."""
        if not self.names:
            return True
        if code not in self.names:
            return False
        if self._seen.get(code) != name:
            self._compare(code, name)
        return True

    def _compare(self, code: str, name: str) -> None:
        expected = plain(self.names[code])
        if expected and plain(name) != expected:
            raise ShapeChanged(
                f"{self._column} {code} is now called {plain(name)!r}",
                f"{expected!r}",
                "The publisher may have given the number another meaning: look it up in the publisher's list before "
                f"`members` is changed in the contract {self._contract}.",
            )
        self._seen[code] = name

    def all_seen(self) -> None:
        """Refuse a file that does not hold every member of the contract."""
        missing = [f"{code} {name!r}" for code, name in self.names.items() if code not in self._seen]
        if missing:
            more = f" and {len(missing) - LISTED} more" if len(missing) > LISTED else ""
            raise ShapeChanged(
                f"no {self._column} {', '.join(missing[:LISTED])}{more}",
                f"all {len(self.names)} members of the contract",
                f"The publisher may have numbered its list anew: compare it with `members` in the contract {self._contract}.",
            )


def printed(value: str, symbol: str, contract: Contract) -> tuple[str, int]:
    """What stands in a cell, as text for `number`, and its quality letters; `ValueError` says what cannot be read.

    A mark of a non-value counts before a number beside it; a quality letter stands beside a number.
    """
    value, symbol = value.strip(), symbol.strip()
    if symbol in contract.non_values:
        return symbol, 0
    if symbol and symbol not in QUALITY_LETTERS:
        raise ValueError(f"{value or 'nothing'} with the symbol {symbol}")
    if not value:
        raise ValueError(NO_MARK)
    return value, QUALITY_LETTERS.get(symbol, 0)
