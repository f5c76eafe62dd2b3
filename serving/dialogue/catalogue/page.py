"""What the texts of queries may say of one product: its facts, by what was asked, and the offers of the day for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kefu.shop.pack import Pack
from kefu.shop.part import Lang
from kefu.shop.promotions import Promotion


def page_of(pack: Pack, sku: str, asked: Sequence[str], lang: Lang, day: str) -> dict[str, Any]:
    """Variables of a query's text about a product; empty ones for an unknown product.

    facts: of all aspects, None where there is none. told, untold: of the aspects that are asked, title → fact, and the
    titles of those without a fact. near: title → fact of what bears on those. sizes: name, least and most height in cm
    of each size of a garment. offers: title, detail and last day of
    what runs on the day for this product, or gives it away.
    """
    aspects, product = pack.catalogue.aspects, pack.catalogue.products.get(sku)
    facts = {name: fact.in_(lang) for name, fact in product.facts.items()} if product else {}
    by_features = {
        name: product.features[feature].in_(lang)
        for name in asked
        for feature in reversed(aspects[name].features)
        if product and name not in facts and feature in product.features
    }
    known = facts | by_features
    missing = [name for name in asked if name not in known]
    near = dict.fromkeys(n for name in missing for n in aspects[name].near if n in known and n not in asked)
    title = {name: aspects[name].title.in_(lang) for name in (*asked, *near)}
    running = (p for p in pack.promotions if p.starts <= day <= p.ends and sku in (*p.products, _gift(p)))
    return {
        "facts": dict.fromkeys(aspects) | facts,
        "told": {title[name]: known[name] for name in asked if name in known},
        "untold": [title[name] for name in missing],
        "near": {title[name]: known[name] for name in near},
        "sizes": [(size.name.in_(lang), size.least, size.most) for size in (product.sizes if product else ())],
        "offers": [(p.title.in_(lang), p.detail.in_(lang), p.ends) for p in running],
    }


def _gift(promotion: Promotion) -> str | None:
    return promotion.rule.gift if promotion.rule and promotion.rule.kind == "gift" else None
