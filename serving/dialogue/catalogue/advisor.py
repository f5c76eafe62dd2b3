"""Recommends and compares products by what the pack's catalogue and the shop's rows say, and by nothing else.

Which products a message names is the linker's matter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil

from kefu.shop.pack import Pack
from serving.dialogue.catalogue.comparison import Comparer
from serving.dialogue.catalogue.constraints import ConstraintReader, Constraints
from serving.dialogue.catalogue.recommendation import Recommender
from serving.dialogue.catalogue.rows import CatalogueRows, answer_about, name_of
from serving.dialogue.flow import Visit
from serving.dialogue.queries import Answer
from serving.dialogue.reading.word_rules import plain, search_words
from serving.tools.shop_db import ToolBox

WORD = re.compile(r"[a-z]{4,}")  # of a product's English name: waffle


class ProductAdvisor:
    """Speaks of the products of one pack, with the rows of one tool box."""

    def __init__(self, pack: Pack, tools: ToolBox) -> None:
        self._catalogue, self._rows = pack.catalogue, CatalogueRows(pack, tools)
        self.reader = ConstraintReader(pack.catalogue)
        self._recommender = Recommender(self._rows, self.reader)
        self._comparer = Comparer(self._rows, self.reader)

    def recommend(self, constraints: Constraints, visit: Visit) -> Answer:
        """Up to three products that fit, cheapest first, or the nearest ones, said to be so."""
        return self._recommender.recommend(constraints, visit)

    def compare(self, skus: Sequence[str], aspect: str | None, visit: Visit, words: str = "") -> Answer:
        """What the facts say of products side by side, then which of them has what is wanted.

        Args:
            aspect: a name of the catalogue's aspects (``ConstraintReader.read_aspect``); None: price and specification.
            words: the message; a use that it names (for sleeping on my side) speaks for the product that has it.
        """
        return self._comparer.compare(skus, aspect, visit, words)

    def one_with(self, text: str, skus: Sequence[str], now: str) -> str | None:
        """The only one of some products that has the features which a text names, or has most or least of something."""
        message, products = plain(text), self._catalogue.products
        rows = {row["sku"]: row for row in self._rows.all(now) if row["sku"] in skus}
        for name, aspect in self._catalogue.aspects.items():
            for words, choose in ((aspect.lowest, min), (aspect.highest, max)):
                if search_words(message, words, ()):
                    values = {
                        sku: number for sku, row in rows.items() if (number := self._rows.number(row, name)) is not None
                    }
                    best = [sku for sku, value in values.items() if value == choose(values.values())]
                    if len(values) == len(rows) and len(best) == 1:
                        return best[0]
        wanted = self.reader.read(text).features
        having = [sku for sku in skus if sku in products and set(wanted) <= set(products[sku].features)]
        if wanted:
            return having[0] if len(having) == 1 else None
        said = set(WORD.findall(message.lower()))
        named = [sku for sku, row in rows.items() if said & set(WORD.findall(str(row["name_en"]).lower()))]
        return named[0] if len(named) == 1 else None

    def below(self, skus: Sequence[str], visit: Visit) -> int | None:
        """The most, in yuan, that what is cheaper than all of some products costs; None without products."""
        prices = [row["price"] for row in self._rows.all(visit.now) if row["sku"] in skus]
        return ceil(min(prices)) - 1 if prices else None

    def of_kinds(self, skus: Sequence[str], kinds: Sequence[str]) -> list[str]:
        """Those of some products that are of one of some kinds; all where no kind is named."""
        known = self._catalogue.products
        return [sku for sku in skus if sku in known and (not kinds or set(kinds) & set(known[sku].kinds))]

    def kinds(self, skus: Sequence[str]) -> tuple[str, ...]:
        """What products are, by the first kind of each."""
        known = self._catalogue.products
        return tuple(dict.fromkeys(known[sku].kinds[0] for sku in skus if sku in known))

    def cheapest(self, skus: Sequence[str], visit: Visit) -> Answer:
        """That the least dear of some products is the cheapest of its kind."""
        row = min((row for row in self._rows.all(visit.now) if row["sku"] in skus), key=lambda row: float(row["price"]))
        kind = self._catalogue.kinds[self._catalogue.products[row["sku"]].kinds[0]].title.in_(visit.lang)
        return answer_about(self._rows.render(self._rows.texts.cheapest, visit, row=row, kind=kind), [row])

    def names(self, skus: Sequence[str], visit: Visit) -> list[str]:
        """Names of products that the shop has, in the given order."""
        names = {row["sku"]: name_of(row, visit) for row in self._rows.all(visit.now)}
        return [names[sku] for sku in skus if sku in names]

    def questions(self, skus: Sequence[str], visit: Visit) -> list[str]:
        """What a customer asks who picks one of some products by its place in a list."""
        names = {row["sku"]: name_of(row, visit) for row in self._rows.all(visit.now)}
        return [self._rows.render(self._rows.texts.choose, visit, name=names[sku]) for sku in skus if sku in names]
