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
from serving.dialogue.queries import Answer, numbered
from serving.dialogue.reading.word_rules import plain, search_words
from serving.tools.shop_db import ToolBox

MOST_MEASURED = 3
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

    def measured(
        self, skus: Sequence[str], measures: Sequence[tuple[str, bool]], kinds: Sequence[str], visit: Visit
    ) -> Answer:
        """The products of some kinds with more or less of an aspect than some products, or that there are none.

        Args:
            measures: aspects with whether more is wanted; the first that the products have a number of counts.
            kinds: empty: the kinds of the products.
        """
        every, texts, lang = self._rows.all(visit.now), self._rows.texts, visit.lang
        base = [row for row in every if row["sku"] in skus]
        numbers = {name: [n for row in base if (n := self._rows.number(row, name)) is not None] for name, _ in measures}
        name, more = next((m for m in measures if numbers[m[0]]), measures[0])
        aspect, limits = self._catalogue.aspects[name], numbers[name]
        kinds = kinds or self.kinds(skus)
        kin = [row for row in every if row["sku"] not in skus and self.of_kinds([row["sku"]], kinds)]
        told = {row["sku"]: number for row in kin if (number := self._rows.number(row, name)) is not None}
        known = told if limits else {}
        found = [
            row
            for row in kin
            if row["sku"] in known and (known[row["sku"]] > max(limits) if more else known[row["sku"]] < min(limits))
        ]
        title, than = aspect.title.in_(lang), aspect.more if more else aspect.less
        words = self._rows.render(than, visit) if than else title
        if not found and (known or not kin):
            kind = self._catalogue.kinds[kinds[0]].title.in_(lang)
            text = self._rows.render(texts.no_others, visit, than=words, kind=kind, row=base[0], only=not kin)
            return answer_about(text, base)
        shown = sorted(found or kin, key=lambda row: (row["stock"] <= 0, row["price"]))[:MOST_MEASURED]
        lines = [
            self._rows.render(
                texts.product,
                visit,
                row=row,
                missed=[],
                untold=[],
                reasons=list(filter(None, [self._rows.fact(row, name, visit)])),
            )
            for row in shown
        ]
        head = self._rows.render(texts.others, visit, names=[name_of(row, visit) for row in base], than=words)
        if not found:
            head = self._rows.render(texts.found, visit, wanted=[])
        return answer_about("\n".join([head, *numbered(lines)]), shown)

    def names(self, skus: Sequence[str], visit: Visit) -> list[str]:
        """Names of products that the shop has, in the given order."""
        names = {row["sku"]: name_of(row, visit) for row in self._rows.all(visit.now)}
        return [names[sku] for sku in skus if sku in names]

    def questions(self, skus: Sequence[str], visit: Visit) -> list[str]:
        """What a customer asks who picks one of some products by its place in a list."""
        names = {row["sku"]: name_of(row, visit) for row in self._rows.all(visit.now)}
        return [self._rows.render(self._rows.texts.choose, visit, name=names[sku]) for sku in skus if sku in names]
