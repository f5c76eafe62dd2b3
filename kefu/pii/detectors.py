"""All detectors in order of precedence, and which of them a text needs."""

from __future__ import annotations

import re

from kefu.pii import (
    address,
    address_abroad,
    address_around,
    address_en,
    address_units,
    contacts,
    credentials,
    names,
    names_en,
    names_en_free,
    names_free,
    names_spoken,
    numbers,
    pieces,
    spelled,
)
from kefu.pii.base import Found

# They need Latin letters, and the next ones need others.
_LETTERED = frozenset((spelled.find, address_units.find, address_abroad.find, address_en.find, names_en.find))
_HAN = frozenset((address.find, address_around.find, names.find, names_spoken.find))
_NAMES = (names, names_spoken)
_NUMBERS = (
    numbers.find,
    contacts.find,
    spelled.find,
    pieces.find,
    credentials.find_numbers,
)
_ADDRESSES = (address.find, address_around.find, address_units.find, address_abroad.find, address_en.find)
_DETECTORS = (*_NUMBERS, *_ADDRESSES, names.find, names_spoken.find, names_en.find)
_ASCII = tuple(detect for detect in _DETECTORS if detect not in _HAN)
_UNLETTERED = tuple(detect for detect in _DETECTORS if detect not in _LETTERED)
# Nearly all turns hold none of these: no digit, no @, no cue. A detector without digits lists its own here.
_CHARACTERS = re.compile(f"[0-9@{contacts.CHARACTERS}{address.CHARACTERS}{address_around.CHARACTERS}]")
_WORDS = re.compile("|".join((*contacts.WORDS, *names_en.WORDS)))
_LATIN = re.compile("[A-Za-z]")
_HIDDEN = "\ue000"  # no letter, no digit, no space


def find(folded: str) -> list[Found]:
    """What the detectors find in folded text, the first claim first."""
    found = list(credentials.find(folded))
    for start, end, _ in found:  # a password may hold anything, and a code look like a door
        folded = f"{folded[:start]}{_HIDDEN * (end - start)}{folded[end:]}"
    if possible(folded):
        lettered = _DETECTORS if _LATIN.search(folded) else _UNLETTERED
        for detect in _ASCII if folded.isascii() else lettered:
            found += detect(folded)
    if not folded.isascii():
        found += names_free.find(folded)
    found += names_en_free.find(folded)
    return found


def possible(folded: str) -> bool:
    """Whether a detector with a cue can find something; most turns are done with here."""
    if (
        _CHARACTERS.search(folded)
        or credentials.possible(folded)
        or (not folded.isascii() and any(n.possible(folded) for n in _NAMES))
    ):
        return True
    if not _LATIN.search(folded):
        return False
    small = folded.lower()
    words = small.split()
    return spelled.possible(small, words) or _WORDS.search(small) is not None or names_en.possible(folded, words)
