"""What linking gives: the customer's orders, and which order or product a message means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from kefu.shop.part import Text


@dataclass(frozen=True)
class Order:
    """One order of the signed-in customer.

    Args:
        names: language → what was bought.
        label: one line that names the order, in both languages.
        marks: the pack's `marks` that are true of it.
        days: column → day in the shop's time zone, for the pack's `times` that have one.
        quantities: how many of each SKU; empty: the shop does not tell.
        prices: what one piece of each SKU cost, in yuan; empty: the shop does not tell.
        region: province and city that it goes to, as the shop writes them; empty: not known.
        address: where it goes to, whole; empty: not known.
    """

    id: str
    status: str
    created_at: str
    names: Mapping[str, str]
    label: Text
    skus: tuple[str, ...] = ()
    quantities: tuple[int, ...] = ()
    prices: tuple[float, ...] = ()
    days: Mapping[str, date] = field(default_factory=dict)
    total: float | None = None
    marks: frozenset[str] = frozenset()
    region: str = ""
    address: str = ""


@dataclass(frozen=True)
class OrderLink:
    """Which orders a message means.

    Args:
        ids: all that match, newest first, or as written or offered. Empty: none.
        how: ways in which the message names them, in the order number, product, day, state, amount, place,
            ordinal; or pronoun.
        explicit: whether the message names an order; False when it only points ("that one") or says nothing.
        evidence: the words that say so, in order of place.
        refers: whether words for an order stand in the message ("那单", "I bought"). A product alone may be a question.
        denied: orders that the message excludes ("not that one, …").
    """

    ids: tuple[str, ...] = ()
    how: tuple[str, ...] = ()
    explicit: bool = False
    evidence: tuple[str, ...] = ()
    refers: bool = False
    denied: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProductLink:
    """A product that ``text[start:end]`` names; several of one span share an alias.

    Args:
        exact: False when a typo was mended, pinyin read, or a pronoun followed.
    """

    sku: str
    evidence: str
    start: int
    end: int
    exact: bool = True
