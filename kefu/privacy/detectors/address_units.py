"""Addresses in English letters that begin with a flat, floor or building, and numbered country roads.

Block C, 4th floor, Sunrise Apartments, MG Road, Pune has no house number, and 8/F, Kai Tak Tower one late: a unit
and at least one named part behind commas are an address. 2290 County Road 14 and Rural Route 2 Box 118 have no
street's name. Written as names only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors.base import Found

_UNIT = (
    r"(?:(?:Flat|Unit|Block|Building|Bldg\.?|Tower|Floor|Apt\.?|Apartment|Room|Rm|Suite|House|Shop|Villa|Level|Plot|Door)"
    r"\s(?:No\.?\s?)?#?[A-Z0-9][A-Za-z0-9/-]{0,5}|\d{1,3}(?:st|nd|rd|th)\s[Ff]loor|\d{1,3}/F|[A-Z]?\d{1,4}[A-Z]?(?=,\s[A-Z]))"
)
_CAPITALS = r"[A-ZÀ-Þ][\w'’.-]{0,20}(?:\s(?:of\s|the\s|de\s)?[A-ZÀ-Þ0-9][\w'’.-]{0,20}){0,4}"
_NAMED = rf"(?:No\.?\s)?(?:\d{{1,5}}[A-Za-z]?(?:[-/]\d{{1,4}})?\s)?{_CAPITALS}"
_PLACE = (
    r"(?:Apartments?|Residency|Residences?|Towers?|Estate|Heights|Court|House|Mansions?|Villas?|Gardens?|Plaza|Centre|Center|Park"
    r"|Building|Road|Street|Avenue|Lane|Drive|District|Square|Place|Close|Terrace|Block|Complex|Nagar|Colony|Enclave|Quay|Wharf|Yard|Mews|Parade)"
)
_UNITS = re.compile(
    rf"(?<![\w$£€/-]){_UNIT}(?:,?\s{_UNIT}){{0,2}}(?:,\s(?:{_UNIT}|{_NAMED})){{1,6}}(?:\s\d{{4,6}})?(?![\w])"
)
_ROADS = re.compile(
    r"(?<![\w$£€-])(?:\d{1,6}\s(?:County|State|Forest|Ranch|Farm)\s(?:Road|Rd|Route|Highway|Hwy)\s\d{1,5}[A-Z]?"
    r"|(?:Rural\sRoute|RR|HC)\s\d{1,3},?\s[Bb]ox\s\d{1,5}"
    r"|\d{1,5}[A-Za-z]?\s(?:[A-Z][a-z'’]{2,15}\s){1,3}(?:Parade|Yard|Wharf|Esplanade|Promenade|Alley|Approach|Pike|Turnpike|Bypass|Crossing)"
    r"|\d{1,5}\s[A-Z][a-z]{3,18},\s(?:unit|flat|apt|apartment|suite)\s\w{1,5})"
    r"(?:,\s[A-Z][a-z]{2,18}(?:\s[A-Z][a-z]{2,18})?){0,2}(?![\w])"
)
_KIND = re.compile(rf"(?<![A-Za-z]){_PLACE}(?![A-Za-z])")
_HINT = re.compile(r"(?:[0-9A-Z]|[Ff]loor|/F),\s(?:[A-Z0-9])|(?:Road|Rd|Route|RR|Highway|Hwy|HC)\s\d|\d\w?\s[A-Z][a-z]")


def find(text: str) -> Iterator[Found]:
    """Addresses of folded text."""
    if not _HINT.search(text):
        return
    for match in _UNITS.finditer(text):
        if _KIND.search(text, match.start(), match.end()):
            yield Found(match.start(), match.end(), "ADDRESS")
    for match in _ROADS.finditer(text):
        yield Found(match.start(), match.end(), "ADDRESS")
