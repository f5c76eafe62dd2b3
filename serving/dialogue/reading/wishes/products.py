"""Which products a comparison is about, by their places in a text and what was spoken of before."""

from __future__ import annotations

import re

from serving.dialogue.linking.records import ProductLink
from serving.sessions.session import Subject

EITHER = re.compile(r"(?:or|vs\.?|还是|或者?是?)(?: (?:the|a|an|your))?", re.IGNORECASE)


def compared(links: list[ProductLink], subject: Subject) -> tuple[str, ...]:
    """Products that a comparison is about: those named, else those of the last list, else all that were spoken of.

    One that is named is compared with the others of the list.
    """
    named = tuple(dict.fromkeys(link.sku for link in links))
    if len(named) >= 2:
        return named
    others = subject.latest if len(subject.latest) >= 2 else subject.products
    return tuple(dict.fromkeys([*named, *others]))


def either(text: str, links: list[ProductLink]) -> tuple[str, ...]:
    """The two products between which a text has the word "or": silk quilt or wool throw."""
    alone = named_alone(links)
    if len(alone) != 2:
        return ()
    first, second = (next(link for link in links if link.sku == sku) for sku in alone)
    first, second = sorted((first, second), key=lambda link: link.start)
    return alone if EITHER.fullmatch(text[first.end : second.start].strip()) else ()


def named_alone(links: list[ProductLink]) -> tuple[str, ...]:
    """Products whose words mean no other one: "the wool throw", not "a blanket"."""
    skus_of: dict[tuple[int, int], list[str]] = {}
    for link in links:
        skus_of.setdefault((link.start, link.end), []).append(link.sku)
    return tuple(dict.fromkeys(skus[0] for skus in skus_of.values() if len(skus) == 1))
