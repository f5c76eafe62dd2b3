"""Postal addresses in English letters: US, British, and Chinese ones romanised.

A number, up to four words and a word for a street; before it a flat, after it a flat, towns, state and
postcode. Words that are not names (2 TB Portable Drive, 12 Pack) are refused; where the word for a street
has other meanings (drive, court, place), it must be written as a name or a town must follow.

``find_units``: Block C, 4th floor, Sunrise Apartments, MG Road, Pune has no house number, and 8/F, Kai Tak Tower
one late: a unit and at least one named part behind commas are an address. 2290 County Road 14 and Rural Route 2
Box 118 have no street's name.
Not found: a street without a number (``I live on Baker Street``), a town alone (``Springfield, IL``), and a place
that is described (``the flat above the bakery``).
Found: ``18 Baker Street, London``, ``Block C, 4th floor, Sunrise Apartments, MG Road, Pune``. Left: ``12 Pack``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors.base import PiiSpan

_UNIT = r"""
    (?:
        (?:
            Flat|Unit|Block|Building|Bldg\.?|Tower|Floor|Apt\.?|Apartment|Room|Rm|Suite|House
          | Shop|Villa|Level|Plot|Door
        )
        \s(?:No\.?\s?)?\#?[A-Z0-9][A-Za-z0-9/-]{0,5}
      | \d{1,3}(?:st|nd|rd|th)\s[Ff]loor|\d{1,3}/F|[A-Z]?\d{1,4}[A-Z]?(?=,\s[A-Z])
    )
"""
_CAPITALS = r"[A-ZÀ-Þ][\w'’.-]{0,20}(?:(?<![a-zß-ÿ]{3}\.)\s(?:of\s|the\s|de\s)?[A-ZÀ-Þ0-9][\w'’.-]{0,20}){0,4}"
_NAMED = rf"(?:No\.?\s)?(?:\d{{1,5}}[A-Za-z]?(?:[-/]\d{{1,4}})?\s)?{_CAPITALS}"
_PLACE = r"""
    (?:
        Apartments?|Residency|Residences?|Towers?|Estate|Heights|Court|House|Mansions?|Villas?
      | Gardens?|Plaza|Centre|Center|Park|Building|Road|Street|Avenue|Lane|Drive|District|Square
      | Place|Close|Terrace|Block|Complex|Nagar|Colony|Enclave|Quay|Wharf|Yard|Mews|Parade
    )
"""
_UNITS = re.compile(
    rf"""
    (?<![\w$£€/-]){_UNIT}(?:,?\s{_UNIT}){{0,2}}(?:,\s(?:{_UNIT}|{_NAMED})){{1,6}}(?:\s\d{{4,6}})?
    (?![\w])
    """,
    re.VERBOSE,
)
_ROADS = re.compile(
    r"""
    (?<![\w$£€-])
    (?:
        \d{1,6}\s(?:County|State|Forest|Ranch|Farm)\s(?:Road|Rd|Route|Highway|Hwy)\s\d{1,5}[A-Z]?
      | (?:Rural\sRoute|RR|HC)\s\d{1,3},?\s[Bb]ox\s\d{1,5}
      | \d{1,5}[A-Za-z]?\s(?:[A-Z][a-z'’]{2,15}\s){1,3}
        (?:Parade|Yard|Wharf|Esplanade|Promenade|Alley|Approach|Pike|Turnpike|Bypass|Crossing)
      | \d{1,5}\s[A-Z][a-z]{3,18},\s(?:unit|flat|apt|apartment|suite)\s\w{1,5}
    )
    (?:,\s[A-Z][a-z]{2,18}(?:\s[A-Z][a-z]{2,18})?){0,2}
    (?![\w])
    """,
    re.VERBOSE,
)
_KIND = re.compile(rf"(?<![A-Za-z]){_PLACE}(?![A-Za-z])", re.VERBOSE)
_UNITS_HINT = re.compile(
    r"(?:[0-9A-Z]|[Ff]loor|/F),\s(?:[A-Z0-9])|(?:Road|Rd|Route|RR|Highway|Hwy|HC)\s\d|\d\w?\s[A-Z][a-z]"
)

_CLEAR = "street|road|rd|avenue|ave|lane|boulevard|blvd|terrace|parkway|pkwy|crescent|highway|hwy|mews"
_VAGUE = r"""
      st|ln|drive|dr|court|ct|square|sq|way|place|pl|circle|close|gardens|grove|row|hill|walk|trail
    | plaza|quay
"""
_FLAT = r"(?:apt|apartment|suite|ste|unit|room|rm|flat|floor|building|block)"
_POSTCODE = r"(?:[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2})"
_NO_TOWN = r"""
    (?!
        (?:call|phone|tel|and|but|is|it|thanks|thx|please|pls|or|can|my|ring|[A-Z]{2}\s\d{5})\b
      | [A-Z]{1,2}\d
    )
"""
# A full stop that ends a sentence ends a town: Xuhui, Shanghai. Same phone.
_TOWN = rf"{_NO_TOWN}(?:St\.\s)?[A-Z](?:[A-Z'-]|\.(?=[A-Z])){{1,19}}(?:\s{_NO_TOWN}[A-Z][A-Z'-]{{2,19}}){{0,2}}"
_CODE = rf"(?:[A-Z]{{2}}\s\d{{5}}(?:-\d{{4}})?|{_POSTCODE})(?![A-Z\d])"
_TAIL = rf"""
    (?:,?\s(?:{_FLAT}\b\.?\s?|\#\s?)[A-Z0-9-]{{1,6}}(?![A-Z0-9]))?
    (?:(?:,\s?|\s(?={_TOWN},?\s{_CODE})){_TOWN}){{0,3}}
    (?P<code>,?\s{_CODE})?(?-i:,?\s[A-Z]{{2}}(?![A-Za-z\d]))?
"""
_STREET = re.compile(
    rf"""
    (?:(?<![A-Z]){_FLAT}\.?\s?[A-Z0-9-]{{1,6}},?\s){{0,3}}
    (?:(?<![A-Z])No\.?\s?)?(?<![\d.$£€¥-])(?:Lane\s)?\d{{1,5}}(?:[A-Z]|-\d{{1,4}})?(?:,\s(?!\d)|\s)
    (?P<words>(?:[A-Z0-9][A-Z0-9.'-]{{0,19}}\s){{1,4}}?)
    (?:(?P<clear>{_CLEAR})|(?P<vague>{_VAGUE}))(?![A-Z])\.?{_TAIL}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_BOX = re.compile(rf"(?<![A-Z])p\.?\s?o\.?\s?box\s\d{{1,6}}{_TAIL}", re.IGNORECASE | re.VERBOSE)
_HINT = re.compile(r"\d[A-Za-z]?,?\s[A-Za-z0-9]|(?i:box\s\d)")
_OTHER_WORDS = (
    "a am an and are at bag bags bedroom bit box boxes by bytes card cards cm count day days dollars each feet few "
    "for from ft g gb go hour hours hr hrs i in inch inches is it item items kg km left lot m mb me mile miles min "
    "mins minute minutes mm month months more my of off on one only or order orders oz pack packs pair pairs pc pcs "
    "people percent person pieces plus pm rest set sets star stars tb than that the times to two until up usb was "
    "watt way week weeks with x year years yes you your"
)
_OTHER = frozenset(_OTHER_WORDS.split())
_CUE = re.compile(r"(?i)address|live|ship|deliver|send|sent|drop|moved|relocat|office|house|home|went|(?:at|to)\s$")


def _street(match: re.Match[str], text: str) -> bool:
    """Whether the words can be a street's name."""
    words = match["words"].split()
    if any(word.lower() in _OTHER for word in words[:-1]):
        return False
    last = words[-1].lower()
    if last in _OTHER and not (last == "the" and match["clear"]):
        return False
    if not any(c.isalpha() for c in match["words"]):
        return False
    named = all(word[0].isupper() or word[0].isdecimal() for word in words) and match[0][0] != "0"
    if match["vague"]:
        named = named and match["vague"][0].isupper()
    alone = match["clear"] and text[max(0, match.start() - 2) : match.start()].strip(" ")[-1:] in "\n,，:：。"
    return (
        bool(named or match["code"] or alone)
        or _CUE.search(text, max(0, match.start() - 40), match.start()) is not None
    )


def find(text: str) -> Iterator[PiiSpan]:
    """Addresses of folded text."""
    if not _HINT.search(text):
        return
    for match in _STREET.finditer(text):
        if _street(match, text):
            yield PiiSpan(match.start(), match.end(), "ADDRESS")
    for match in _BOX.finditer(text):
        yield PiiSpan(match.start(), match.end(), "ADDRESS")


def find_units(text: str) -> Iterator[PiiSpan]:
    """Addresses of folded text that begin with a flat, floor or building, and numbered country roads."""
    if not _UNITS_HINT.search(text):
        return
    for match in _UNITS.finditer(text):
        if _KIND.search(text, match.start(), match.end()):
            yield PiiSpan(match.start(), match.start() + len(match[0].rstrip(".")), "ADDRESS")
    for match in _ROADS.finditer(text):
        yield PiiSpan(match.start(), match.end(), "ADDRESS")
