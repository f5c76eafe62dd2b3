"""Compares products by what the catalogue and the shop's rows say; says so when the facts do not tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from serving.dialogue.catalogue.constraints import ConstraintReader, price_distance
from serving.dialogue.catalogue.rows import CatalogueRows, answer_about, name_of
from serving.dialogue.flow import Visit
from serving.dialogue.queries import Answer, numbered

LEAST_COMPARED = 2


class Comparer:
    """Compares products of one pack."""

    def __init__(self, rows: CatalogueRows, reader: ConstraintReader) -> None:
        self._rows, self._catalogue, self._reader = rows, rows.catalogue, reader

    def compare(self, skus: Sequence[str], aspect: str | None, visit: Visit, words: str = "") -> Answer:
        """What the facts say of products side by side, then which of them has what is wanted.

        Args:
            aspect: a name of the catalogue's aspects (``read_aspect``); None: price and specification.
            words: the message; a use that it names (for sleeping on my side) speaks for the product that has it.
        """
        skus = self._suitable(skus, words, visit) if words and len(set(skus)) > LEAST_COMPARED else skus
        answer = self._compared(skus, aspect, visit)
        others = [name for name in self._reader.read_aspects(words) if name != aspect] if aspect else []
        more = [self._compared(skus, name, visit).text for name in others]
        better = self._better(skus, words, visit) if words else []
        return replace(answer, text="\n".join([answer.text, *more, *better]), found=answer.found or bool(better))

    def _suitable(self, skus: Sequence[str], words: str, visit: Visit) -> Sequence[str]:
        """Of many products, those that have all that is wanted (for induction), when two or more have it."""
        wanted = self._reader.read(words).features
        products = self._catalogue.products
        having = [sku for sku in skus if sku in products and set(wanted) <= products[sku].features.keys()]
        rows = {row["sku"]: row for row in self._rows.all(visit.now)}
        limits = self._reader.read(words)
        having = [sku for sku in having if not price_distance(rows[sku]["price"], limits)] or having
        return having if len(set(having)) >= LEAST_COMPARED else skus

    def _better(self, skus: Sequence[str], words: str, visit: Visit) -> list[str]:
        """For each feature that is wanted, the products that have it, when some of them do not."""
        rows = [
            row for row in self._rows.all(visit.now) if row["sku"] in skus and row["sku"] in self._catalogue.products
        ]
        features = self._catalogue.features
        of_names = {f for row in rows for f in self._reader.read(name_of(row, visit)).features}
        read = self._reader.read(words).features
        wanted = [f for f in read if f not in of_names and features[f].group != "material"]  # "the wool throw"
        lines = []
        for name in wanted:
            has = {
                r["sku"]: f.in_(visit.lang)
                for r in rows
                if (f := self._catalogue.products[r["sku"]].features.get(name))
            }
            if 0 < len(has) < len(rows):
                title = self._catalogue.features[name].title.in_(visit.lang)
                names = [name_of(row, visit) for row in rows if row["sku"] in has]
                reasons = [reason for reason in dict.fromkeys(has.values()) if reason not in names]
                lines.append(
                    self._rows.render(self._rows.texts.better, visit, title=title, names=names, reasons=reasons)
                )
        return lines

    def _compared(self, skus: Sequence[str], aspect: str | None, visit: Visit) -> Answer:
        texts, known = self._rows.texts, {row["sku"]: row for row in self._rows.all(visit.now)}
        rows = [known[sku] for sku in dict.fromkeys(skus) if sku in known]
        if len(rows) < 2:
            return Answer(self._rows.render(texts.ask_other, visit), missing="product", found=False)
        if aspect is None:
            lines = [self._rows.render(texts.compared, visit, row=row) for row in rows]
            return answer_about("\n".join([*numbered(lines), *self._verdict(rows, "price", visit)]), rows)
        facts = [self._rows.fact(row, aspect, visit) for row in rows]
        title = self._catalogue.aspects[aspect].title.in_(visit.lang)
        missing = [name_of(row, visit) for row, fact in zip(rows, facts, strict=True) if fact is None]
        no_fact = self._rows.render(texts.no_fact, visit)
        lines = [
            self._rows.render(texts.fact, visit, name=name_of(row, visit), fact=fact or no_fact)
            for row, fact in zip(rows, facts, strict=True)
        ]
        if missing:
            unknown = self._rows.render(texts.unknown, visit, names=missing, title=title)
            if len(missing) == len(rows):
                lines = [self._rows.render(texts.compared, visit, row=row) for row in rows]
            return answer_about("\n".join([*numbered(lines), unknown]), rows, found=False)
        return answer_about("\n".join([*numbered(lines), *self._verdict(rows, aspect, visit)]), rows)

    def _verdict(self, rows: list[dict[str, Any]], name: str, visit: Visit) -> list[str]:
        """Who has most and who has least, when numbers tell; nothing otherwise."""
        aspect = self._catalogue.aspects.get(name)
        if aspect is None or aspect.more is None or aspect.less is None:
            return []
        kinds = [
            set(self._catalogue.products[row["sku"]].kinds) for row in rows if row["sku"] in self._catalogue.products
        ]
        if aspect.same_kind and (len(kinds) < len(rows) or not set.intersection(*kinds)):
            return []
        numbers = [self._rows.number(row, name) for row in rows]
        values = [number for number in numbers if number is not None]
        if len(values) < len(rows):
            return []
        texts, lang = self._rows.texts, visit.lang
        if min(values) == max(values):
            return [self._rows.render(texts.same, visit, title=aspect.title.in_(lang))]
        named = [(name_of(row, visit), number) for row, number in zip(rows, values, strict=True)]
        return [
            self._rows.render(
                texts.verdict,
                visit,
                lowest=[product for product, number in named if number == min(values)],
                highest=[product for product, number in named if number == max(values)],
                more=self._rows.render(aspect.more, visit, difference=max(values) - min(values)),
                less=self._rows.render(aspect.less, visit, difference=max(values) - min(values)),
            )
        ]
