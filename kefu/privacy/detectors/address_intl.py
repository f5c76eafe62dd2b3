"""Addresses known by their postcode, and by the words for streets of other countries.

A British, American, Canadian or Australian postcode is a border that nothing else has: the written words and
numbers right before it, back to the house number, are the address, whatever the street is called. German,
French, Spanish, Italian, Malay and Japanese streets are known by their own words. Written as names only.
Not found: a street of another language without a postcode (``Nygatan 12, Stockholm``, ``ulica Nowa 5``).
Found: ``Calle Mayor 12, 28013 Madrid``, ``Rosebank Cottage, Mill Lane, Ashford TN25 4AB``. Left: ``London``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors.base import PiiSpan

_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR"
    "|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC|PR"
)
_CODE = re.compile(
    rf"""
    (?<![A-Za-z0-9])
    (?:
        [A-Z]{{1,2}}\d[A-Z\d]?\s\d[A-Z]{{2}}|(?:{_STATES}),?\s\d{{5}}(?:-\d{{4}})?
      | [A-Z]\d[A-Z]\s\d[A-Z]\d
      | (?:NSW|VIC|QLD|SA|WA|TAS|ACT|NT),?\s\d{{4}}
    )
    (?![A-Za-z0-9])
    """,
    re.VERBOSE,
)
_HOUSE = re.compile(r"#?\d{1,5}[A-Za-z]?(?:[-/]\d{1,4})?")
_SMALL = frozenset(("de", "la", "le", "du", "des", "the", "of", "on", "upon", "van", "der", "st.", "#"))
_ROOM = frozenset(("flat", "unit", "apt", "apartment", "room", "suite", "no.", "no", "box", "house"))
_LONGEST = 14  # words before a postcode
_LATIN = re.compile("[^\u3000-\u9fff\uff00-\uffef]*$")
_CAPITAL = re.compile("[A-Z]")
_DIGIT = re.compile(r"\d")
_TOKEN = re.compile(r"[^\s\"'“‘(\[]\S*")

_WORD = r"[A-ZÀ-Ý][\wÀ-ÿ.'’-]{1,24}"
_TAIL = rf"(?:,?\s(?:\d{{4,6}}\s)?{_WORD}){{0,4}}"
_PLACE = rf"""
    (?:(?:de\x20la|de\x20las|de\x20los|del|des|du|de|della|di|da|la|le)\s|[dl]['’])?
    {_WORD}(?:\s{_WORD}){{0,2}}
"""
_STREETS = re.compile(
    rf"""
    (?:
        (?:\b(?:Unit|Flat|No\.?)\s\d{{1,5}},\s)?(?:{_WORD}\s)?\b[A-ZÄÖÜ][\wäöüß-]{{1,24}}
        (?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|damm)
        \s\d{{1,4}}[a-z]?
      | (?<!\d)\d{{1,5}}(?:\s?(?:bis|ter))?,?\s
        (?i:rue|avenue|boulevard|place|chemin|allée|impasse|quai)
        \s{_PLACE}
      | (?:\bNo\.?\s?\d{{1,5}},?\s)?\b
        (?:Calle|Avenida|Avda\.|Carrer|Via|Viale|Piazza|Corso|Rua|Jalan|Jl\.|Lorong)
        \s{_PLACE}(?:,?\s(?:No\.?\s?)?\d{{1,4}}(?!\d))
      | (?<!\d)\d{{1,2}}[- ]?[Cc]home[- ]\d{{1,3}}(?:-\d{{1,3}})?
    )
    {_TAIL}
    """,
    re.VERBOSE,
)
_FOREIGN = re.compile(
    r"""
      stra(?:ß|ss)e|str\.|weg[ ]|platz|allee|gasse|damm[ ]
    | (?i:rue|avenue|boulevard|place|chemin|allée|impasse|quai)[ ]
    | Calle|Avenida|Avda|Carrer|Via|Piazza|Corso|Rua|Jalan|Jl\.|Lorong|[Cc]home
    """,
    re.VERBOSE,
)


def _belongs(word: str) -> bool:
    """Whether a word can stand in an address that is written as one."""
    return (word[0].isupper() or word[0].isdecimal() or word[0] == "#" or word in _SMALL) and word[-1] not in ".:;!?"


def _start(text: str, code: int) -> int:
    """Where the address begins that ends in the postcode at ``code``; the postcode itself if there is none."""
    latin = code - len(_LATIN.search(text, max(0, code - 140), code)[0])  # type: ignore[index]  # may be empty
    words = list(_TOKEN.finditer(text, latin, code))[-_LONGEST:]
    begin, first = code, code
    for at in range(len(words) - 1, -1, -1):
        word, before = words[at][0], words[at - 1][0].lower() if at else ""
        if not _belongs(word):
            break
        first = words[at].start()
        if _HOUSE.fullmatch(word.rstrip(",")) and (word[-1] != "," or before in _ROOM):
            begin = words[at - 1 - (before == "box" and at > 1)].start() if before in _ROOM else first
    named = text[first:code]  # a house with a name: Rosebank Cottage, Mill Lane, Ashford
    return first if begin == code and named.count(",") >= 2 and not any(c.isdecimal() for c in named) else begin


def find(text: str) -> Iterator[PiiSpan]:
    """Addresses of folded text."""
    if not (_CAPITAL.search(text) and _DIGIT.search(text)):
        return
    for match in _CODE.finditer(text):
        start = _start(text, match.start())
        if start < match.start():
            yield PiiSpan(start, match.end(), "ADDRESS")
    if _FOREIGN.search(text):
        for match in _STREETS.finditer(text):
            yield PiiSpan(match.start(), match.end(), "ADDRESS")
