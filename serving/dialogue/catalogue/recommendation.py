"""Recommends up to three products that fit, with the shop's own words as reasons; else says what is nearest."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from kefu.shop.part import Lang
from serving.dialogue.catalogue.constraints import ConstraintReader, Constraints, price_distance
from serving.dialogue.catalogue.rows import CatalogueRows, answer_about
from serving.dialogue.flow import Visit
from serving.dialogue.queries import Answer, numbered

MOST_PRODUCTS, MOST_NEAREST = 3, 2
FEW = 5  # products of a budget alone that are named at once; of more, the kind is asked for


class Recommender:
    """Recommends products of one pack."""

    def __init__(self, rows: CatalogueRows, reader: ConstraintReader) -> None:
        self._rows, self._catalogue, self._narrower = rows, rows.catalogue, reader.narrower

    def recommend(self, constraints: Constraints, visit: Visit) -> Answer:
        """Up to three products that fit, cheapest first, or the nearest ones, said to be so."""
        texts = self._rows.texts
        if not constraints:
            kinds = self._widest_kinds(visit.lang)
            return Answer(self._rows.render(texts.ask, visit, kinds=kinds), missing="product", found=False)
        of_kind = [row for row in self._rows.all(visit.now) if self._may_be_shown(row, constraints)]
        wanted = self._titles(constraints, visit)
        missed = {row["sku"]: self._missed(row, constraints, visit) for row in of_kind}
        untold = {row["sku"]: self._untold(row, constraints, visit) for row in of_kind}
        fitting = [row for row in of_kind if not missed[row["sku"]] and not untold[row["sku"]]]
        fitting = [row for row in fitting if row["stock"] > 0] or fitting
        is_open = not (constraints.kinds or constraints.features or constraints.without)
        has_budget = constraints.least is not None or constraints.most is not None
        if is_open and not (constraints.about or (has_budget and len(fitting) <= FEW)):  # nearly everything fits
            return Answer(
                self._rows.render(texts.ask_kind, visit, wanted=wanted, rows=fitting), missing="product", found=False
            )
        chosen = self._of_each_kind(fitting, constraints) if is_open else self._shown(fitting, constraints)
        if constraints.cheapest:
            fitting = chosen = sorted(fitting, key=lambda row: (row["price"], row["sku"]))[:1]
        nearest = [row for row in of_kind if self._is_near(row, constraints)]
        nearest = [row for row in nearest if not price_distance(row["price"], constraints)] or nearest
        if not chosen and not nearest:
            return Answer(self._rows.render(texts.none, visit, wanted=wanted), found=False)
        head = texts.found if chosen else texts.nearest
        rows = chosen or sorted(
            nearest, key=lambda row: self._distance(row, missed[row["sku"]] + untold[row["sku"]], constraints)
        )
        lines = [
            self._rows.render(
                texts.product,
                visit,
                row=row,
                missed=missed[row["sku"]],
                untold=untold[row["sku"]],
                reasons=self._reasons(row, constraints, visit.lang),
            )
            for row in rows[: MOST_PRODUCTS if chosen else MOST_NEAREST]
        ]
        more = len(fitting) - len(lines) if chosen else 0
        tail = [self._rows.render(texts.more, visit, more=more)] if more > 0 else []
        text = "\n".join([self._rows.render(head, visit, wanted=wanted), *numbered(lines), *tail])
        return answer_about(text, rows[: len(lines)], found=bool(chosen))

    def _shown(self, fitting: list[dict[str, Any]], constraints: Constraints) -> list[dict[str, Any]]:
        """The products that are shown of those that fit, cheapest first.

        Of a wide kind (for the kitchen), or of what may be any (a gift), each is of another kind, and of a usual price,
        not the cheapest of all; those that the shop names for it come first.
        """
        by_price = sorted(fitting, key=lambda row: (row["price"], row["sku"]))
        wide = [kind for kind in constraints.kinds if self._narrower[kind]]
        has_budget = constraints.least is not None or constraints.most is not None
        choice = [name for name in constraints.features if self._catalogue.features[name].open]
        needs = len(choice) < len(constraints.features) or (has_budget and not choice)
        if needs or not (wide or (choice and not constraints.kinds)):
            return by_price[:MOST_PRODUCTS]
        usual = float(median(row["price"] for row in by_price)) if by_price else 0.0
        shown: dict[str, dict[str, Any]] = {}
        for row in sorted(by_price, key=lambda row: (-self._named_for(row, choice), abs(row["price"] - usual))):
            shown.setdefault(self._catalogue.products[row["sku"]].kinds[0], row)
        chosen = list(shown.values())[:MOST_PRODUCTS]
        return sorted(chosen, key=lambda row: (-self._named_for(row, choice), row["price"], row["sku"]))

    def _of_each_kind(self, fitting: Sequence[dict[str, Any]], constraints: Constraints) -> list[dict[str, Any]]:
        """The products nearest to a price that is all that was told, each of another kind: he wants to spend it."""
        spent = constraints.about or constraints.most or constraints.least or 0
        shown: dict[str, dict[str, Any]] = {}
        for row in sorted(fitting, key=lambda row: (abs(row["price"] - spent), row["sku"])):
            shown.setdefault(self._catalogue.products[row["sku"]].kinds[0], row)
        return list(shown.values())[:MOST_PRODUCTS]

    def _widest_kinds(self, lang: Lang) -> list[str]:
        """Titles of the kinds that tell what the shop sells, the largest first: none whose products others hold."""
        held: dict[str, set[str]] = {name: set() for name, kind in self._catalogue.kinds.items() if not kind.place}
        for sku, product in self._catalogue.products.items():
            for kind in product.kinds:
                if kind in held:
                    held[kind].add(sku)
        told, seen = [], set[str]()
        for name in sorted(held, key=lambda name: -len(held[name])):
            if held[name] - seen:
                told.append(self._catalogue.kinds[name].title.in_(lang))
                seen |= held[name]
        return told

    def _may_be_shown(self, row: dict[str, Any], constraints: Constraints) -> bool:
        """Whether a product is of a kind that is wanted, was not refused, and does for what any may do for."""
        product = self._catalogue.products.get(row["sku"])
        unfit = (sku for name in constraints.features for sku in self._catalogue.features[name].unfit)
        if product is None or row["sku"] in (*constraints.refused, *unfit):
            return False
        return not constraints.kinds or bool(set(product.kinds) & set(constraints.kinds))

    def _named_for(self, row: dict[str, Any], features: Sequence[str]) -> int:
        """How many of the features the shop names a product for."""
        return len(self._catalogue.products[row["sku"]].features.keys() & set(features))

    def _missed(self, row: dict[str, Any], constraints: Constraints, visit: Visit) -> list[str]:
        """Titles of the constraints that a product does not meet."""
        has, lang = self._catalogue.products[row["sku"]].features, visit.lang
        missed = [self._without(f, visit) for f in constraints.without if f in has]
        if constraints.in_stock and row["stock"] <= 0:
            missed.append(self._rows.texts.in_stock.in_(lang))
        if price_distance(row["price"], constraints):
            missed.append(self._budget(constraints, visit))
        return missed

    def _untold(self, row: dict[str, Any], constraints: Constraints, visit: Visit) -> list[str]:
        """Titles of the features that the shop's words do not give a product: it may have them."""
        has, features = self._catalogue.products[row["sku"]].features, self._catalogue.features
        return [
            features[f].title.in_(visit.lang) for f in constraints.features if f not in has and not features[f].open
        ]

    def _is_near(self, row: dict[str, Any], constraints: Constraints) -> bool:
        """Whether a product is of the kind that was asked for, or at least has a wish for a feature met."""
        return bool(constraints.kinds) or bool(
            self._catalogue.products[row["sku"]].features.keys() & constraints.features
        )

    def _distance(self, row: dict[str, Any], missed: list[str], constraints: Constraints) -> tuple[float, ...]:
        """Fewest wishes missed, then nearest to the budget, then in stock, then cheapest."""
        return (len(missed), price_distance(row["price"], constraints), row["stock"] <= 0, row["price"])

    def _titles(self, constraints: Constraints, visit: Visit) -> list[str]:
        lang, catalogue = visit.lang, self._catalogue
        has_budget = constraints.least is not None or constraints.most is not None
        return [
            *([self._budget(constraints, visit)] if has_budget else []),
            *(catalogue.features[name].title.in_(lang) for name in self._without_wider(constraints.features)),
            *(self._without(name, visit) for name in constraints.without),
            *([self._rows.texts.in_stock.in_(lang)] if constraints.in_stock else []),
            *(catalogue.kinds[name].title.in_(lang) for name in constraints.kinds),
        ]

    def _without_wider(self, features: Sequence[str]) -> list[str]:
        """Features without those that a narrower one says as well: a gift, beside a gift for friends."""
        of = {name: {s for s, p in self._catalogue.products.items() if name in p.features} for name in features}
        is_open = {name: self._catalogue.features[name].open for name in features}
        return [n for n in features if not any(is_open[n] and is_open[o] and of[o] < of[n] for o in features)]

    def _without(self, feature: str, visit: Visit) -> str:
        title = self._catalogue.features[feature].title.in_(visit.lang)
        return self._rows.render(self._rows.texts.without, visit, title=title)

    def _budget(self, constraints: Constraints, visit: Visit) -> str:
        return self._rows.render(self._rows.texts.budget, visit, least=constraints.least, most=constraints.most)

    def _reasons(self, row: dict[str, Any], constraints: Constraints, lang: Lang) -> list[str]:
        has = self._catalogue.products[row["sku"]].features
        return list(dict.fromkeys(has[name].in_(lang) for name in constraints.features if name in has))
