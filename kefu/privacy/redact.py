"""Takes personal data out of text, for training and serving alike, and puts it back for tools.

``Redactor`` replaces what the detectors of ``kefu/privacy/detectors`` and the shop pack's own patterns find by typed
placeholders, ``[PHONE_1]``: numbered within a vault (one a dialogue), the same person's number getting
the same placeholder every time. Models and logs see the placeholder, the vault alone knows the rest.

Existing placeholders and masks like ``[订单x]`` stay. Photographs and links are not covered;
``docs/reference/pii.md`` says what is found and what stays.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from kefu.errors import Unusable
from kefu.privacy.detectors import dialogue_context, registry
from kefu.privacy.detectors.base import PiiSpan, fold, without_overlaps
from kefu.text.placeholders import PLACEHOLDER, TYPE_NAME

_NOT_COMPARED = re.compile(r"[-\s.·—–()]|^\+?(?:00)?86(?=[-\s]?1)")


_ALL_COMPARED = ("EMAIL", "ADDRESS")  # a dash or a dot makes another one: a@b-c.com, 3-502


def _same(value: str, kind: str) -> str:
    """Two spellings of one value (spaces, dashes, width, case, country code) compare equal."""
    return (re.sub(r"\s", "", fold(value)) if kind in _ALL_COMPARED else _NOT_COMPARED.sub("", fold(value))).upper()


class Redactor:
    """Finds and replaces personal data.

    Args:
        extra: the pack's own patterns, placeholder type → regex. They take precedence, ignore case,
            and no digit may touch a match (a letter may: people type "order" and its number as one word).
        things: what the pack's products are called: 华夫格 (waffle) looks like a name, and is none.

    Raises:
        Unusable: a type that is not a placeholder name, or a regex that does not compile.
    """

    def __init__(self, extra: Mapping[str, str], things: Collection[str] = ()) -> None:
        self._things = re.compile("|".join(map(re.escape, sorted(map(fold, things), key=len, reverse=True))))
        self._extra: list[tuple[str, re.Pattern[str]]] = []
        self._exact: dict[str, re.Pattern[str]] = {}
        for kind, pattern in extra.items():
            if not TYPE_NAME.fullmatch(kind):
                raise Unusable(
                    f"pack.yaml: pii.{kind}: not a type name: use capital letters and underscores, e.g. ORDER"
                )
            try:
                whole = re.compile(rf"(?<!\d)(?:{pattern})(?!\d)", re.IGNORECASE)
            except re.error as error:
                raise Unusable(
                    f"pack.yaml: pii.{kind}: {pattern!r} is not a valid regex ({error}): correct it"
                ) from error
            self._extra.append((kind, whole))
            self._exact[kind] = re.compile(pattern)

    def find(self, text: str) -> list[PiiSpan]:
        """Personal data of a text in order of place, no two overlapping."""
        folded = fold(text)
        spans = [PiiSpan(m.start(), m.end(), kind) for kind, pattern in self._extra for m in pattern.finditer(folded)]
        spans += registry.find(folded)
        if self._things.pattern and any(span.kind == "NAME" for span in spans):
            things = [found.span() for found in self._things.finditer(folded)]
            spans = [s for s in spans if s.kind != "NAME" or not any(a <= s.start and s.end <= b for a, b in things)]
        return without_overlaps(spans, folded) if spans else spans

    def redact(self, text: str, vault: dict[str, str], question: str = "") -> str:
        """The text with placeholders; what they stand for is added to ``vault`` (placeholder → original).

        A value of the pack's own types is kept as the shop writes it: tools look it up.
        Names that the vault knows go too. ``question`` is what the turn answers, if it does.
        """
        if "[" in text:
            for match in PLACEHOLDER.finditer(text):
                vault.setdefault(match[0], match[0])  # its number is taken: nobody else's data may get it
        found = self.find(text)
        if vault or question:
            more = [
                *dialogue_context.again(text, vault),
                *(dialogue_context.answer(fold(question), fold(text)) if question else ()),
            ]
            found = without_overlaps([*found, *more], text) if more else found
        return self._replaced(text, found, vault) if found else text

    def dialogue(self, turns: Sequence[tuple[bool, str]], vault: dict[str, str]) -> list[str]:
        """The texts of a whole dialogue, (whether the customer says it, text) each.

        A turn is read with the question before it, and once more when all names are known.
        """
        question, redacted = "", list[str]()
        for customer, text in turns:
            redacted.append(self.redact(text, vault, question if customer else ""))
            question = text if not customer and dialogue_context.asks(text) else ""
        if any(name.startswith("[NAME_") for name in vault):
            for at, text in enumerate(redacted):
                found = without_overlaps(list(dialogue_context.again(text, vault)), text)
                redacted[at] = self._replaced(text, found, vault)
        return redacted

    def _replaced(self, text: str, found: list[PiiSpan], vault: dict[str, str]) -> str:
        known = {(kind := name[1 : name.rindex("_")], _same(value, kind)): name for name, value in vault.items()}
        numbers_taken: dict[str, int] = {}
        pieces: list[str] = []
        last, folded = 0, fold(text)
        for start, end, kind in found:
            key = kind, _same(text[start:end], kind)
            if key not in known:
                known[key] = _next(kind, vault, numbers_taken)
                vault[known[key]] = self._as_the_shop_writes(text[start:end], folded[start:end], kind)
            pieces += text[last:start], known[key]
            last = end
        return "".join((*pieces, text[last:]))

    def _as_the_shop_writes(self, said: str, folded: str, kind: str) -> str:
        """Half width, upper case, no spaces, if the pack's pattern accepts that; else as said."""
        pattern = self._exact.get(kind)
        if pattern is None:
            return said
        plain = re.sub(r"\s", "", folded)
        return next((v for v in (plain, plain.upper(), plain.lower()) if pattern.fullmatch(v)), said)


def _next(kind: str, vault: Mapping[str, str], numbers_taken: dict[str, int]) -> str:
    number = numbers_taken.get(kind, 0) + 1
    while f"[{kind}_{number}]" in vault:
        number += 1
    numbers_taken[kind] = number
    return f"[{kind}_{number}]"


def restore(text: str, vault: Mapping[str, str]) -> str:
    """The text with the originals of its placeholders; those the vault does not know stay."""
    return PLACEHOLDER.sub(lambda match: vault.get(match[0], match[0]), text)
