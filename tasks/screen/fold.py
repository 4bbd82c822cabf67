"""One spelling for what is spelt in many: Unicode forms, hyphens, blanks, apostrophes, case."""

from __future__ import annotations

import re
import unicodedata

_SAME = str.maketrans(dict.fromkeys("‐‑‒–—―−﹘﹣－", "-") | dict.fromkeys("’‘ʼ′", "'"))


def smooth(text: str) -> str:
    """The text in one Unicode form (NFKC), with plain hyphens, apostrophes and single blanks, and nothing invisible.

    >>> smooth("2026‑Q3 "), smooth("１２")
    ('2026-Q3', '12')
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    seen = unicodedata.normalize("NFKC", text)
    if not seen.isprintable():
        seen = "".join(char for char in seen if unicodedata.category(char) != "Cf")
    return " ".join(seen.translate(_SAME).split())


def fold(text: str) -> str:
    """What two texts have in common that mean the same code: the smooth text without case.

    >>> fold("Non  Recueilli") == fold("non recueilli")
    True
    """
    return smooth(text).casefold()


def bare(text: str) -> str:
    """The folded text without accents, its words parted by single blanks: for looking words up in a heading.

    >>> bare("Prénom_du client")
    'prenom du client'
    """
    parted = unicodedata.normalize("NFD", fold(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)))
    return " ".join(re.sub(r"[^\w]|_", " ", "".join(char for char in parted if not unicodedata.combining(char))).split())


def set_apart(text: str) -> str:
    """The text with the digits of footnotes told from those of numbers: what is raised, lowered or ringed is not what it is marked on.

    >>> set_apart("45²"), set_apart("④"), set_apart("１２")
    ('45^2', '(4)', '１２')
    """
    return text if text.isascii() else "".join(map(_apart, text))


def without_marks(text: str) -> str:
    """The text without those digits.

    >>> without_marks("45²"), without_marks("④")
    ('45', '')
    """
    return "".join(char for char in text if _apart(char) == char)


def _apart(char: str) -> str:
    kind, _, _ = unicodedata.decomposition(char).partition(" ")
    plain = unicodedata.normalize("NFKC", char)
    if kind not in ("<super>", "<sub>", "<circle>") or not (plain.isascii() and plain.isdigit()):
        return char
    return f"({plain})" if kind == "<circle>" else f"^{plain}"


def has_foreign_digits(text: str) -> bool:
    """True for digits of another script, such as Arabic-Indic ones, which no Unicode form turns into ours."""
    return any(char.isdigit() and not char.isascii() for char in text)
