"""The shop's rows and the pack's facts of products, and the pack's texts about them."""

from __future__ import annotations

from typing import Any

from kefu.shop.catalogue import CatalogueTexts
from kefu.shop.pack import Pack
from kefu.shop.part import PackError, Text
from serving.dialogue.expressions import ExpressionError, render
from serving.dialogue.flow import Visit
from serving.dialogue.queries import Answer
from serving.tools.shop_db import ToolBox


class CatalogueRows:
    """Products of one pack, with the rows of one tool box."""

    def __init__(self, pack: Pack, tools: ToolBox) -> None:
        self.catalogue, self._tools = pack.catalogue, tools

    @property
    def texts(self) -> CatalogueTexts:
        if self.catalogue.texts is None:
            raise PackError("catalogue.yaml: there is no catalogue: add one to recommend and compare products")
        return self.catalogue.texts

    def all(self, now: str) -> list[dict[str, Any]]:
        assert self.catalogue.tool
        return self._tools.call(self.catalogue.tool, {}, None, now).rows

    def number(self, row: dict[str, Any], name: str) -> float | None:
        if column := self.catalogue.aspects[name].column:
            return None if row[column] is None else float(row[column])
        product = self.catalogue.products.get(row["sku"])
        return product.facts[name].value if product and name in product.facts else None

    def fact(self, row: dict[str, Any], name: str, visit: Visit) -> str | None:
        aspect = self.catalogue.aspects[name]
        if aspect.say:
            return self.render(aspect.say, visit, row=row)
        product = self.catalogue.products.get(row["sku"])
        return product.facts[name].in_(visit.lang) if product and name in product.facts else None

    def render(self, text: Text, visit: Visit, **values: Any) -> str:
        try:
            return render(text.in_(visit.lang), {**values, "lang": visit.lang, "now": visit.now})
        except ExpressionError as error:
            raise PackError(f"catalogue.yaml: {error}") from error


def name_of(row: dict[str, Any], visit: Visit) -> str:
    return str(row[f"name_{visit.lang}"])


def answer_about(text: str, rows: list[dict[str, Any]], found: bool = True) -> Answer:
    facts = tuple("; ".join(f"{k}: {v}" for k, v in row.items() if v not in (None, "")) for row in rows)
    return Answer(text, tuple(f"product:{row['sku']}" for row in rows), facts, found=found)
