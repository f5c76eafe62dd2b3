"""All detectors in order of precedence, and which of them a text needs."""

from __future__ import annotations

import re

from kefu.privacy.detectors import (
    address_en,
    address_intl,
    address_zh,
    address_zh_edges,
    contacts,
    credentials,
    names_en_cued,
    names_en_uncued,
    names_zh_cued,
    names_zh_uncued,
    numbers,
    spelled_out,
    split_numbers,
)
from kefu.privacy.detectors.base import PiiSpan

# They need Latin letters, and the next ones need others.
_LETTERED = frozenset((spelled_out.find, address_en.find_units, address_intl.find, address_en.find, names_en_cued.find))
_HAN = frozenset((address_zh.find, address_zh_edges.find, names_zh_cued.find))
_NUMBERS = (
    numbers.find,
    contacts.find,
    spelled_out.find,
    split_numbers.find,
    credentials.find_numbers,
)
_ADDRESSES = (address_zh.find, address_zh_edges.find, address_en.find_units, address_intl.find, address_en.find)
_DETECTORS = (*_NUMBERS, *_ADDRESSES, names_zh_cued.find, names_en_cued.find)
_ASCII = tuple(detect for detect in _DETECTORS if detect not in _HAN)
_UNLETTERED = tuple(detect for detect in _DETECTORS if detect not in _LETTERED)
# Nearly all turns hold none of these: no digit, no @, no cue. A detector without digits lists its own here.
_CHARACTERS = re.compile(f"[0-9@{contacts.CHARACTERS}{address_zh.CHARACTERS}{address_zh_edges.CHARACTERS}]")
_WORDS = re.compile("|".join((*contacts.WORDS, *names_en_cued.WORDS)))
_LATIN = re.compile("[A-Za-z]")
_HIDDEN = "\ue000"  # no letter, no digit, no space


def find(folded: str) -> list[PiiSpan]:
    """What the detectors find in folded text, the first claim first."""
    found = list(credentials.find(folded))
    for start, end, _ in found:  # a password may hold anything, and a code look like a door
        folded = f"{folded[:start]}{_HIDDEN * (end - start)}{folded[end:]}"
    if possible(folded):
        lettered = _DETECTORS if _LATIN.search(folded) else _UNLETTERED
        for detect in _ASCII if folded.isascii() else lettered:
            found += detect(folded)
    if not folded.isascii():
        found += names_zh_uncued.find(folded)
    found += names_en_uncued.find(folded)
    return found


def possible(folded: str) -> bool:
    """Whether a detector with a cue can find something; most turns are done with here."""
    if (
        _CHARACTERS.search(folded)
        or credentials.possible(folded)
        or (not folded.isascii() and names_zh_cued.possible(folded))
    ):
        return True
    if not _LATIN.search(folded):
        return False
    small = folded.lower()
    words = small.split()
    return (
        spelled_out.possible(small, words) or _WORDS.search(small) is not None or names_en_cued.possible(folded, words)
    )
