"""Takes personal data out of text, for training and serving alike, and puts it back for tools.

``Redactor`` replaces what the detectors of ``kefu/pii`` and the shop pack's own patterns find by typed
placeholders, ``[PHONE_1]``: numbered within a vault (one a dialogue), the same person's number getting
the same placeholder every time. Models and logs see the placeholder, the vault alone knows the rest.

Existing placeholders and masks like ``[订单x]`` stay. Names without a cue, photographs and links are
not covered; ``docs/data.md`` says what is found and what stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from kefu.pii import (
    address,
    address_abroad,
    address_around,
    address_en,
    address_units,
    contacts,
    names,
    names_en,
    names_en_free,
    names_free,
    names_spoken,
    numbers,
    pieces,
    spelled,
)
from kefu.pii.base import Found, fold

PLACEHOLDER = re.compile(r"\[([A-Z][A-Z_]{0,30})_(\d{1,6})\]")
_MASK = re.compile(r"\[[^\[\]]{1,20}x\]|\[[A-Z][A-Z_]{0,30}_\d{1,6}\]")
# They need Latin letters, and the next ones need others.
_LETTERED = frozenset(
    (spelled.find, address_units.find, address_abroad.find, address_en.find, names_en.find, names_en_free.find)
)
_HAN = frozenset((address.find, names.find, names_free.find, names_spoken.find))
_NAMES = (names, names_free, names_spoken)
_NUMBERS = (numbers.find, contacts.find, spelled.find, pieces.find)
_ADDRESSES = (address.find, address_units.find, address_abroad.find, address_en.find)
_DETECTORS = (*_NUMBERS, *_ADDRESSES, names.find, names_free.find, names_spoken.find, names_en.find, names_en_free.find)
_ASCII = tuple(detect for detect in _DETECTORS if detect not in _HAN)
_UNLETTERED = tuple(detect for detect in _DETECTORS if detect not in _LETTERED)
# Nearly all turns hold none of these: no digit, no @, no cue. A detector without digits lists its own here.
_CHARACTERS = re.compile(f"[0-9@{contacts.CHARACTERS}{address.CHARACTERS}{address_around.CHARACTERS}]")
_WORDS = re.compile("|".join((*contacts.WORDS, *names_en.WORDS)))
_LATIN = re.compile("[A-Za-z]")
_BETWEEN = " \t\n,，、:;.-"
_TYPE = re.compile(r"[A-Z][A-Z_]{0,30}")
_NOT_COMPARED = re.compile(r"[-\s.·—–()]|^\+?(?:00)?86(?=[-\s]?1)")


def _same(value: str) -> str:
    """Two spellings of one value (spaces, dashes, width, case, country code) compare equal."""
    return _NOT_COMPARED.sub("", fold(value)).upper()


class Redactor:
    """Finds and replaces personal data.

    Args:
        extra: the pack's own patterns, placeholder type → regex. They take precedence, ignore case,
            and no digit may touch a match (a letter may: people type "order" and its number as one word).

    Raises:
        ValueError: a type that is no placeholder name, or a regex that does not compile.
    """

    def __init__(self, extra: Mapping[str, str]) -> None:
        self._extra: list[tuple[str, re.Pattern[str]]] = []
        for kind, pattern in extra.items():
            if not _TYPE.fullmatch(kind):
                raise ValueError(f"pii type {kind!r}: use capital letters and underscores, e.g. ORDER")
            try:
                whole = re.compile(rf"(?<!\d)(?:{pattern})(?!\d)", re.IGNORECASE)
            except re.error as error:
                raise ValueError(f"pii pattern {kind}: {pattern!r} is no regular expression: {error}") from error
            self._extra.append((kind, whole))

    def find(self, text: str) -> list[Found]:
        """Personal data of a text in order of place, no two overlapping."""
        folded = fold(text)
        spans = [Found(m.start(), m.end(), kind) for kind, pattern in self._extra for m in pattern.finditer(folded)]
        if _possible(folded):
            lettered = _DETECTORS if _LATIN.search(folded) else _UNLETTERED
            for detect in _ASCII if folded.isascii() else lettered:
                spans += detect(folded)
        return _without_overlaps(spans, folded) if spans else spans

    def redact(self, text: str, vault: dict[str, str]) -> str:
        """The text with placeholders; what they stand for is added to ``vault`` (placeholder → original)."""
        if "[" in text:
            for match in PLACEHOLDER.finditer(text):
                vault.setdefault(match[0], match[0])  # its number is taken: nobody else's data may get it
        found = self.find(text)
        if not found:
            return text
        known = {(name[1 : name.rindex("_")], _same(value)): name for name, value in vault.items()}
        numbers_taken: dict[str, int] = {}
        pieces: list[str] = []
        last = 0
        for start, end, kind in found:
            key = kind, _same(text[start:end])
            if key not in known:
                known[key] = _next(kind, vault, numbers_taken)
                vault[known[key]] = text[start:end]
            pieces += text[last:start], known[key]
            last = end
        return "".join((*pieces, text[last:]))


def _possible(folded: str) -> bool:
    """Whether any detector can find something; most turns are done with here."""
    if _CHARACTERS.search(folded) or (not folded.isascii() and any(n.possible(folded) for n in _NAMES)):
        return True
    if not _LATIN.search(folded):
        return False
    if names_en_free.possible(folded):
        return True
    small = folded.lower()
    words = small.split()
    return spelled.possible(small, words) or _WORDS.search(small) is not None or names_en.possible(folded, words)


def _without_overlaps(spans: list[Found], text: str) -> list[Found]:
    """Earlier spans win, and nothing is taken out of a placeholder or mask."""
    taken = bytearray(len(text))
    for match in _MASK.finditer(text):
        taken[match.start() : match.end()] = b"\1" * len(match[0])
    kept: list[Found] = []
    for start, end, kind in spans:
        first = taken.find(1, start, end)
        if first > start and kind == "ADDRESS":  # its last number is part of something else
            end, first = start + len(text[start:first].rstrip(_BETWEEN)), -1
        if end > start and first < 0:
            taken[start:end] = b"\1" * (end - start)
            kept.append(Found(start, end, kind))
    return sorted(kept)


def _next(kind: str, vault: Mapping[str, str], numbers_taken: dict[str, int]) -> str:
    number = numbers_taken.get(kind, 0) + 1
    while f"[{kind}_{number}]" in vault:
        number += 1
    numbers_taken[kind] = number
    return f"[{kind}_{number}]"


def restore(text: str, vault: Mapping[str, str]) -> str:
    """The text with the originals of its placeholders; those the vault does not know stay."""
    return PLACEHOLDER.sub(lambda match: vault.get(match[0], match[0]), text)
