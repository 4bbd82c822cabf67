"""One sheet of a partner's file as it was read, before anything is known of it; a CSV file is one sheet without a name."""

from __future__ import annotations

from dataclasses import dataclass

# A text, a number, a truth value, or what no text can say: ("formula",), ("date",), ("error", "#N/A").
Cell = str | int | float | bool | tuple[str, ...]
Rows = list[tuple[int, dict[int, Cell]]]


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of a cell; no letter and row where the file does not say of which."""

    author: str
    text: str
    letter: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """The cells that hold something, by row and column (both from 1), and what else the sheet holds.

    `position` counts the sheets from 1. `unseen` is a line for each hidden column with something in it, and one without
    a letter for the hidden rows: some of the rows, and how many they are. `linked` are the first of the
    cells with links, by column letter and row.
    """

    rows: Rows
    name: str = ""
    position: int = 1
    is_hidden: bool = False
    unseen: tuple[tuple[str, tuple[int, ...], int], ...] = ()
    comments: tuple[Comment, ...] = ()
    links: int = 0
    linked: tuple[tuple[str, int], ...] = ()

    @property
    def count(self) -> int:
        """How many cells hold something."""
        return sum(len(cells) for _, cells in self.rows)
