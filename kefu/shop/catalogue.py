"""The catalogue: what products are for and made of, in words that customers use (``catalogue.yaml``).

Prices, stock and pages live in the shop's database; this file says what can be asked of them. A product
has kinds (pillow), tags (a use, a material, an attribute) with the words that prove each, and facts by aspect
(size, washing) that quote its page. ``serving/dialogue/catalogue/`` recommends and compares with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from kefu.shop.part import DataText, Part, Text, read_part
from kefu.text.regexes import check_re2


class Tag(Part):
    """A kind, use, material or attribute, and the words by which customers ask for it."""

    title: Text
    words: tuple[str, ...] = Field(min_length=1, description="regexes of RE2, both languages")
    not_words: tuple[str, ...] = Field((), description="regexes taken out of the message first")

    @field_validator("words", "not_words", "lowest", "highest", "lower", "higher", check_fields=False)
    @classmethod
    def _are_regexes(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            check_re2(pattern)
        return patterns


class Kind(Tag):
    """What products are, or a place that they are for."""

    place: bool = Field(False, description="a room (bedroom): searched for, but no kind of goods by itself")


class Feature(Tag):
    """A tag that products have besides their kind."""

    group: Literal["use", "material", "attribute"]
    open: bool = Field(False, description="any product may do (a gift); those that the shop names for it come first")
    unfit: tuple[str, ...] = Field((), description="SKUs that do not do, where any other may")


class Aspect(Tag):
    """What products can be compared by: a column of their rows, or a fact of the catalogue.

    more, less: what a product with the higher (lower) number is: heavier, lighter; Jinja2 over ``difference``.
    None: never compared.
    """

    column: str | None = Field(None, description="column of the products' rows that holds the number")
    say: Text | None = Field(None, description="that column in words; Jinja2 over ``row``")
    more: Text | None = None
    less: Text | None = None
    lowest: tuple[str, ...] = Field((), description="regexes that pick the one with the lowest number: the cheaper one")
    highest: tuple[str, ...] = Field((), description="regexes that pick the one with the highest number")
    lower: tuple[str, ...] = Field((), description="regexes that wish for less of it than a product has: a lighter one")
    higher: tuple[str, ...] = Field((), description="regexes that wish for more of it than a product has")
    features: tuple[str, ...] = Field(
        (), description="features whose words tell it where a product has no such fact, the first that it has"
    )
    near: tuple[str, ...] = Field(
        (), description="aspects whose facts bear on it, told where a product has no such fact: capacity, for how many"
    )
    same_kind: bool = Field(False, description="numbers can only be compared within a kind: pans by their diameter")

    @model_validator(mode="after")
    def _column_is_said(self) -> Aspect:
        if (self.column is None) != (self.say is None):
            raise ValueError("`column` and `say` need each other")
        if (self.more is None) != (self.less is None):
            raise ValueError("`more` and `less` need each other")
        return self


class Fact(DataText):
    """Words of the product's page; ``value`` is their number, in the same unit for all products of the aspect."""

    value: float | None = None


class BodySize(Part):
    """One of the sizes of a garment, and the heights in cm that it is for."""

    name: DataText
    least: int
    most: int


class CatalogueProduct(Part):
    kinds: tuple[str, ...] = Field(min_length=1)
    sizes: tuple[BodySize, ...] = Field((), description="sizes by height; their numbers stand in the fact `fit`")
    features: dict[str, DataText] = Field({}, description="feature → the shop's words that say so, in both languages")
    facts: dict[str, Fact] = Field({}, description="aspect → what the page says")


class CatalogueTexts(Part):
    """What is said; Jinja2.

    Over ``rows`` (products), ``row``, ``reasons`` (the shop's words for what was wanted), ``missed`` and ``wanted``
    (titles, the budget among them), ``names``, ``title`` (of an aspect), ``more``, ``less``, ``highest``, ``lowest``.
    """

    found: Text = Field(description="before the products that fit")
    nearest: Text = Field(description="before the nearest ones, when none fits")
    none: Text = Field(description="when there is nothing near, either")
    product: Text = Field(description="a product and why it is recommended")
    budget: Text = Field(description="the budget as a title; over ``least`` and ``most``, None when open")
    without: Text = Field(description="a feature that is not wanted, as a title; over ``title``")
    in_stock: Text = Field(description="being in stock, as a title")
    ask: Text = Field(description="when the customer named no wish; over ``kinds``, what the shop sells")
    ask_kind: Text = Field(description="when he named nothing but a budget, or being in stock")
    compared: Text = Field(description="a product in a comparison without an aspect")
    fact: Text = Field(description="a product in a comparison of an aspect; over ``name`` and ``fact``")
    verdict: Text = Field(description="which of them is more and which is less")
    same: Text = Field(description="when all have the same number")
    unknown: Text = Field(description="when the facts do not tell")
    no_fact: Text = Field(description="in place of a fact that the page does not have")
    more: Text = Field(
        Text(
            zh="还有 {{ more }} 件，想看哪种告诉我。",
            en="There {{ 'is' if more == 1 else 'are' }} {{ more }} more; tell me what you would like to see.",
        ),
        description="after the products that fit, when more of them do; over ``more``",
    )
    better: Text = Field(
        Text(
            zh="{{ title }}：{{ names | join('、') }}更合适。", en="{{ title }}: the {{ names | join(' and the ') }}."
        ),
        description="which of compared products has what is wanted; over ``title``, ``names`` and ``reasons``",
    )
    choose: Text = Field(
        Text(zh="介绍{{ name }}", en="tell me about the {{ name }}"),
        description="what a customer asks who picks a product from a list; over ``name``",
    )
    cheapest: Text = Field(
        Text(
            zh="没有更便宜的了，{{ row.name_zh }}（{{ row.price | money }} 元）就是最便宜的{{ kind }}。",
            en="No, the {{ row.name_en }} at {{ row.price | money }} yuan is the cheapest we have of this kind"
            " ({{ kind }}).",
        ),
        description="when none of its kind is cheaper than a product; over ``row`` and ``kind``, a title",
    )
    others: Text = Field(
        Text(
            zh="比{{ names | join('、') }}{{ than }}的：",
            en="{{ than | capitalize }} than the {{ names | join(' and the ') }}:",
        ),
        description="before the products with more or less of an aspect than some have; over ``names`` and ``than``",
    )
    no_others: Text = Field(
        Text(
            zh="{% if only %}没有{{ than }}的{{ kind }}了，{{ row.name_zh }}（{{ row.spec_zh }}）是我们唯一的一款"
            "{% else %}没有能确定比{{ row.name_zh }}{{ than }}的{{ kind }}：{{ row.spec_zh }}，"
            "页面没有别的尺寸{% endif %}。",
            en="No, {% if only %}the {{ row.name_en }} is the only one of its kind ({{ kind }}) that we have"
            "{% else %}we have nothing that is certainly {{ than }} than the {{ row.name_en }}"
            "{% endif %}: {{ row.spec_en }}{% if not only %}; its page names no other size{% endif %}.",
        ),
        description="when there are none; over ``than``, ``kind`` (titles), ``row``, ``only`` (none else is of it)",
    )
    ask_other: Text = Field(description="when there is nothing to compare with")


class Catalogue(Part):
    tool: str | None = Field(default=None, description="public tool without arguments: a row a product, with `sku`")
    texts: CatalogueTexts | None = None
    kinds: dict[str, Kind] = {}
    features: dict[str, Feature] = {}
    aspects: dict[str, Aspect] = {}
    products: dict[str, CatalogueProduct] = Field(default={}, description="by SKU")

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Catalogue:
        problems = ["products need `tool` and `texts`"] if self.products and not (self.tool and self.texts) else []
        for sku, product in self.products.items():
            problems += [f"product {sku}: unknown kind {k}" for k in product.kinds if k not in self.kinds]
            problems += [f"product {sku}: unknown feature {f}" for f in product.features if f not in self.features]
            for aspect in product.facts:
                if aspect not in self.aspects or self.aspects[aspect].column:
                    problems.append(f"product {sku}: {aspect} is no aspect, or one with a column")
        for name, aspect_tag in self.aspects.items():
            problems += [f"aspect {name}: near: unknown aspect {a}" for a in aspect_tag.near if a not in self.aspects]
        for name, feature in self.features.items():
            problems += [f"feature {name}: unfit: unknown product {s}" for s in feature.unfit if s not in self.products]
        if problems:
            raise ValueError("; ".join(problems))
        return self


def load_catalogue(folder: Path) -> Catalogue:
    """The pack's catalogue; an empty one without ``catalogue.yaml``. Raises PackError."""
    path = folder / "catalogue.yaml"
    return read_part(path, Catalogue) if path.is_file() else Catalogue()
