"""The catalogue: what products are for and made of, in words that customers use (``catalogue.yaml``).

Prices, stock and specifications live in the shop's database; this file says what can be asked of them. A product
has kinds (pillow), tags (a use, a material, an attribute) with the words that prove each, and facts by aspect
(size, washing) that quote its specification. ``serving/dialogue/catalogue.py`` recommends and compares with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from kefu.shop.part import Part, Text, read_part
from kefu.text.regexes import check_re2


class Tag(Part):
    """A kind, use, material or attribute, and the words by which customers ask for it."""

    title: Text
    words: tuple[str, ...] = Field(min_length=1, description="regexes of RE2, both languages")
    not_words: tuple[str, ...] = Field((), description="regexes taken out of the message first")

    @field_validator("words", "not_words")
    @classmethod
    def _are_regexes(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            check_re2(pattern)
        return patterns


class Feature(Tag):
    """A tag that products have besides their kind."""

    group: Literal["use", "material", "attribute"]


class Aspect(Tag):
    """What products can be compared by: a column of their rows, or a fact of the catalogue.

    more, less: what a product with the higher (lower) number is: heavier, lighter; None: never compared.
    """

    column: Literal["price", "stock", "warranty_months"] | None = None
    more: Text | None = None
    less: Text | None = None


class Fact(Text):
    """Words of the specification; ``value`` is their number, in the same unit for all products of the aspect."""

    value: float | None = None


class CatalogueProduct(Part):
    kinds: tuple[str, ...] = Field(min_length=1)
    features: dict[str, Text] = Field({}, description="feature → the shop's words that say so, in both languages")
    facts: dict[str, Fact] = Field({}, description="aspect → what the specification says")


class Catalogue(Part):
    kinds: dict[str, Tag] = {}
    features: dict[str, Feature] = {}
    aspects: dict[str, Aspect] = {}
    products: dict[str, CatalogueProduct] = Field({}, description="by SKU")

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Catalogue:
        problems = []
        for sku, product in self.products.items():
            problems += [f"product {sku}: unknown kind {k}" for k in product.kinds if k not in self.kinds]
            problems += [f"product {sku}: unknown feature {f}" for f in product.features if f not in self.features]
            for aspect in product.facts:
                if aspect not in self.aspects or self.aspects[aspect].column:
                    problems.append(f"product {sku}: {aspect} is no aspect, or one with a column")
        if problems:
            raise ValueError("; ".join(problems))
        return self


def load_catalogue(folder: Path) -> Catalogue:
    """The pack's catalogue; an empty one without ``catalogue.yaml``. Raises PackError."""
    path = folder / "catalogue.yaml"
    return read_part(path, Catalogue) if path.is_file() else Catalogue()
