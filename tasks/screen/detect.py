"""What personal data look like. The closed lists refuse a file; these patterns only say why, so that the partner knows what to take out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from tasks.screen.fold import bare, smooth

_MONTHS = (
    "jan(?:uary|vier)?|feb(?:ruary)?|f[eé]v(?:rier)?|mar(?:ch|s)?|apr(?:il)?|avr(?:il)?|may|mai|june?|juin|july?|juil(?:let)?|aug(?:ust)?"
    "|ao[uû]t|sept?(?:ember|embre)?|oct(?:ober|obre)?|nov(?:ember|embre)?|dec(?:ember)?|d[eé]c(?:embre)?"
)
_STREETS = "street|st|avenue|ave|road|rd|drive|dr|boulevard|blvd|crescent|cres|lane|ln|way|court|crt|place|terrace|trail"
_RUES = "rue|chemin|ch|avenue|av|boulevard|boul|route|rang|place|all[eé]e"
_YEAR, _MONTH, _DAY = r"(?:19|20)\d{2}", r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
# The part before the @ is looked at once, from its first letter on: tried from every letter, a long text without an @ took minutes.
_EMAIL = re.compile(r"(?<![^\s@<>,;:()])[^\s@<>,;:()]++@[^\s@<>,;:()]+\.[^\W\d_]{2}")
# Nothing of the following is shorter than a postal code, or, in digits alone, than a social insurance number: most cells are.
SHORTEST, SHORTEST_OF_DIGITS = 6, 9
_DIGIT = re.compile(r"\d")
_PHONE = re.compile(
    r"(?<![\d.])(?:\+?1[-. ]{0,2})?\(?[2-9]\d{2}\)?[-. ]{0,2}[2-9]\d{2}[-. ]?\d{4}(?!\d)|\+\d{1,3}(?:[-. ()]{0,2}\d){7,12}(?!\d)"
)
_POSTAL = re.compile(r"(?<!\w)[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ -]?\d[ABCEGHJ-NPRSTV-Z]\d(?!\w)", re.IGNORECASE)
_SIN = re.compile(r"(?<!\d)(?<!\d[ -])[1-79]\d{2}[ -]?\d{3}[ -]?\d{3}(?![ -]?\d)")
_CARD = re.compile(r"(?<!\d)(?<!\d[ -])\d{4}([ -]?)\d{3}[ -]?\d{3}(?:[ -]?([A-Z]{2}))?(?!\w)(?![ -]\d)", re.IGNORECASE)
_CLIENT = re.compile(r"(?<![\d-])(?:\d{2}-\d{4}-\d{4}|(\d{4})-(\d{4})|11\d{8})(?![\d-])")
_DOCUMENT = re.compile(r"(?<!\w)(?:[EUWFVSBTG]\d{9}|RA\d{7,10}|[A-Z]{2}\d{6,7})(?!\w)", re.IGNORECASE)
_DATE = re.compile(
    rf"(?<!\d)(?:{_YEAR}([-/.]){_MONTH}\1{_DAY}|{_DAY}([-/.]){_MONTH}\2{_YEAR}|{_MONTH}([-/.]){_DAY}\3{_YEAR})(?!\d)"
    rf"|(?<!\w)(?:{_DAY}(?:st|nd|rd|th|er)?[- ](?:{_MONTHS})\.?,?[- ]{_YEAR}|(?:{_MONTHS})\.? {_DAY}(?:st|nd|rd|th)?,? {_YEAR})(?!\d)",
    re.IGNORECASE,
)
# No date is without its year; a text without one is spared the pattern that takes longest.
_ANY_YEAR = re.compile(_YEAR)
_ADDRESS = re.compile(
    rf"(?<![\w-])\d{{1,5}}[A-Z]?,? (?:(?:[\w.'-]+ ){{1,4}}(?:{_STREETS})(?!\w)|(?:{_RUES})\.? [\w.'-]+)",
    re.IGNORECASE,
)

# The kinds of headings that foretell personal data: whole words, without accents, in English, French and Spanish. The first that fits is
# told; the name of a person comes late, because "date of birth of client" has both.
_HEADINGS = [
    ("birth", "dob|d o b|birth|births|birthday|birthdate|born|naissance|nee|nacimiento|age|edad"),
    ("email", "email|emails|e mail|courriel|courriels|correo|mail"),
    ("phone", "phone|phones|telephone|telephones|tel|cell|cellular|mobile|whatsapp|fax|cellulaire|telefono|movil"),
    ("identifier", "uci|iuc|sin|nas|fosi|icare|oen|passport|passeport|pasaporte|pr card|carte rp|health card|carte sante|ohip|imm \\d{4}"
     "|imm\\d{4}|(?:client|student|case|file|permit|document|card|person|id) (?:id|no|nr|num|number|code)|id|ids|identifier|identifiant"
     "|numero (?:de )?(?:client|dossier|carte|passeport)|no (?:de )?(?:client|dossier)|matricule|dossier|ip address"),
    ("address", "address|addresses|adresse|adresses|direccion|postal|postcode|zip|unit no|apt|street|rue|domicile|city of residence"),
    ("free_text", "notes?|comments?|remarks?|story|stories|narrative|details?|description|commentaires?|remarques?|observations?|recit"
     "|temoignage|comentarios?|notas?|detalles|quotes?|testimonial|feedback|reason"),
    ("name", "name|names|first|last|given|family|surname|forename|client|clients|child|children|emergency|contact|participant|participants"
     "|nom|noms|prenom|prenoms|nombre|nombres|apellido|apellidos|enfant|enfants|person|persons|personne|beneficiary|student|learner|spouse"),
]  # fmt: skip
_KINDS = [(kind, re.compile(rf"(?<!\w)(?:{words})(?!\w)")) for kind, words in _HEADINGS]


def detect(text: str) -> str:
    """The kind of personal data a text looks like, such as `phone`; nothing when it looks like none.

    >>> detect("call (705) 555-0100"), detect("2026-2028"), detect("Census 2021: 1,300 recent immigrants")
    ('phone', '', '')
    """
    plain = smooth(text)
    if len(plain) < SHORTEST or (len(plain) < SHORTEST_OF_DIGITS and plain.isdigit()):
        return ""
    if "@" in plain and _EMAIL.search(plain):
        return "email"
    if not _DIGIT.search(plain):
        return ""
    return next((kind for kind, found in _DETECTORS if found(plain)), "")


def kind_of_heading(text: str) -> str:
    """What a heading that is none of ours foretells: `name`, `birth`, ... `free_text`; nothing when it says nothing.

    >>> kind_of_heading("Prénom"), kind_of_heading("DOB"), kind_of_heading("Total")
    ('name', 'birth', '')
    """
    written = (bare(text), bare(text.lower()))  # clientId is two words, WhatsApp is one
    return next((kind for kind, pattern in _KINDS if any(map(pattern.search, written))), "")


def luhn(digits: str) -> bool:
    """True when the last digit is the check digit of those before it."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 * (number > 9) for number in doubled) % 10 == 0


def _digits(match: re.Match[str]) -> str:
    return re.sub(r"\D", "", match[0])


def _is_sin(text: str) -> bool:
    return any(luhn(_digits(match)) for match in _SIN.finditer(text))


def _is_card(text: str) -> bool:
    """Ten digits of an Ontario health card are told from a count by version letters or separators."""
    return any(luhn(_digits(match)) and (match[1] or match[2]) for match in _CARD.finditer(text))


def _is_client(text: str) -> bool:
    """Two years such as 2026-2028 look like a client number of eight digits and are none."""
    return any(not (match[1] and _is_year(match[1]) and _is_year(match[2])) for match in _CLIENT.finditer(text))


def _is_date(text: str) -> bool:
    return _ANY_YEAR.search(text) is not None and _DATE.search(text) is not None


def _is_year(digits: str) -> bool:
    return digits[:2] in ("19", "20")


def _searching(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.search(text) is not None


# None of these is without a digit.
_DETECTORS: list[tuple[str, Callable[[str], bool]]] = [
    ("date", _is_date),
    ("client_number", _is_client),
    ("health_card", _is_card),
    ("sin", _is_sin),
    ("phone", _searching(_PHONE)),
    ("document_number", _searching(_DOCUMENT)),
    ("postal_code", _searching(_POSTAL)),
    ("address", _searching(_ADDRESS)),
]
IDENTIFIERS = frozenset({"client_number", "health_card", "sin", "document_number"})


def first_identifier(texts: Iterable[str]) -> str:
    """The kind of the first text that holds a number which stands for one person."""
    return next((kind for kind in map(detect, texts) if kind in IDENTIFIERS), "")
