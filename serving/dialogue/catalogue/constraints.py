"""What a message says of the product that is wanted: a budget, kinds, uses, materials and attributes, aspects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from kefu.shop.catalogue import Catalogue, Tag
from serving.dialogue.catalogue.budget import read_about, read_budget
from serving.dialogue.reading.word_rules import WordSet, plain, search_words

IN_STOCK = re.compile(r"现货|有货|不缺货|\bin\s+stock\b|\bavailable\s+now\b", re.IGNORECASE)
CHEAPEST = re.compile(r"最(?:便宜|实惠)|\b(?:cheapest|least expensive)\b(?: ones?\b)?", re.IGNORECASE)
NEGATION = re.compile(
    r"(?:不要|不想要|不喜欢|除了|不是|不含|不带|不用|别推荐?|非)[^，。！？,.!?]{0,2}$"
    r"|\b(?:not|no|without|except|other\s+than|free\s+of|allergic\s+to|(?:don't|cannot|can't)\s+(?:want|like|stand|use))"
    r"\s+(?:(?:a|an|the|any|made\s+of)\s+)?$",
    re.IGNORECASE,
)
NEGATION_AFTER = re.compile(r"[^，。！？,.!?]{0,2}过敏|[\s-]*free\b|\s+allergy\b", re.IGNORECASE)


@dataclass(frozen=True)
class Constraints:
    """What a customer wants: names of the catalogue's kinds (any of them) and features (all of them).

    least, most: the budget in yuan; None is open. about: the price that he named as nearly his.
    without: features that he does not want. refused: SKUs that he was shown and does not want.
    cheapest: only the least dear of what fits.
    """

    least: int | None = None
    most: int | None = None
    kinds: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    in_stock: bool = False
    refused: tuple[str, ...] = ()
    about: int | None = None
    cheapest: bool = False

    def __bool__(self) -> bool:
        values = asdict(self)
        return any(values[name] not in (None, False, (), []) for name in values if name not in ("refused", "cheapest"))

    def after(self, earlier: Constraints) -> Constraints:
        """These with what was said before: a new budget or kind replaces the old one, features add up."""
        has_budget = self.least is not None or self.most is not None
        return replace(
            self,
            least=self.least if has_budget else earlier.least,
            most=self.most if has_budget else earlier.most,
            about=self.about if has_budget else earlier.about,
            kinds=self.kinds or earlier.kinds,
            features=tuple(dict.fromkeys(f for f in (*earlier.features, *self.features) if f not in self.without)),
            without=tuple(dict.fromkeys(f for f in (*earlier.without, *self.without) if f not in self.features)),
            in_stock=self.in_stock or earlier.in_stock,
            refused=tuple(dict.fromkeys((*earlier.refused, *self.refused))),
        )


class ConstraintReader:
    """Reads constraints in one pack's words.

    narrower: kind → the kinds whose products are a real part of its own.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.narrower = _narrower(catalogue)
        self._kinds = WordSet({name: tag.words for name, tag in catalogue.kinds.items()})
        self._features = WordSet({name: tag.words for name, tag in catalogue.features.items()})

    def read(self, text: str) -> Constraints:
        """What the text says of the product that is wanted. Words of both languages count."""
        message = plain(text)
        least, most = read_budget(message)
        tags = self._catalogue
        places = {name: _found(tags.kinds[name], message) for name in self._kinds.find(message)}
        kinds = {name for name, at in places.items() if at is not None and not _is_denied(message, *at)}
        found = {name: _found(tags.features[name], message) for name in self._features.find(message)}
        named = {name: _is_denied(message, *at) for name, at in found.items() if at is not None}
        return Constraints(
            least=least,
            most=most,
            kinds=tuple(sorted(kind for kind in kinds if not kinds & self.narrower[kind])),
            features=tuple(name for name, negated in named.items() if not negated),
            without=tuple(name for name, negated in named.items() if negated),
            in_stock=bool(IN_STOCK.search(message)),
            about=read_about(message),
            cheapest=bool(CHEAPEST.search(message)),
        )

    def has_budget(self, text: str) -> bool:
        """Whether a text names what a product may cost."""
        return read_budget(plain(text)) != (None, None)

    def is_present(self, constraints: Constraints) -> bool:
        """Whether anything in a budget may do: a present for 200 yuan is a wish for advice."""
        choice = any(self._catalogue.features[name].open for name in constraints.features)
        return choice and (constraints.least is not None or constraints.most is not None)

    def read_measures(self, text: str) -> list[tuple[str, bool]]:
        """The aspects of which more (True) or less (False) is wanted than a product has: a lighter one, 大一点的."""
        message = plain(text)
        wishes = ((name, aspect) for name, aspect in self._catalogue.aspects.items())
        return [
            (name, more)
            for name, aspect in wishes
            for more, words in ((True, aspect.higher), (False, aspect.lower))
            if search_words(message, words, aspect.not_words)
        ]

    def read_aspect(self, text: str) -> str | None:
        """The first aspect of the catalogue that the text speaks of: 哪个更轻 is weight."""
        return next(iter(self.read_aspects(text)), None)

    def read_aspects(self, text: str) -> list[str]:
        """All aspects of the catalogue that the text speaks of, in the order of the catalogue."""
        message = plain(text)
        return [n for n, aspect in self._catalogue.aspects.items() if _found(aspect, message) is not None]


def _found(tag: Tag, message: str) -> tuple[int, int] | None:
    """Where the message names the tag."""
    match = search_words(message, tag.words, tag.not_words)
    return None if match is None else match.span()


def _is_denied(message: str, start: int, end: int) -> bool:
    """Whether the message does not want what it names: no down, 对羽毛过敏."""
    return bool(NEGATION.search(message[:start]) or NEGATION_AFTER.match(message, end))


def _narrower(catalogue: Catalogue) -> Mapping[str, set[str]]:
    """Kind → the kinds whose products are a real part of its own: bedding → pillow, throw …"""
    of = {kind: {sku for sku, p in catalogue.products.items() if kind in p.kinds} for kind in catalogue.kinds}
    return {kind: {other for other in of if of[other] and of[other] < of[kind]} for kind in of}


def price_distance(price: float, constraints: Constraints) -> float:
    """How far a price is outside the budget, in yuan."""
    above = price - constraints.most if constraints.most is not None else 0
    below = constraints.least - price if constraints.least is not None else 0
    return max(above, below, 0)
