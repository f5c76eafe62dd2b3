"""The entity linker: which of the signed-in customer's orders, and which products, a message means.

``Linker`` is the door: it reads the pack's ``entities.yaml``, asks the shop's tools for orders and catalogue, and
hands the message to ``numbers``, ``orders`` and ``products``. It decides nothing: a product named in a general question
is linked as well, with its evidence, and the reader judges the use. A pack without entities links nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from kefu.shop.pack import Pack
from kefu.shop.part import Text
from kefu.shop.slots import language
from serving.dialogue.expressions import render
from serving.dialogue.linking.coming_days import find_coming_day
from serving.dialogue.linking.denial import is_denied
from serving.dialogue.linking.numbers import OrderNumbers
from serving.dialogue.linking.orders import OrderLinker
from serving.dialogue.linking.products import ProductIndex, link_products, pointed_head
from serving.dialogue.linking.records import Order, OrderLink, ProductLink
from serving.tools.shop_db import ToolBox


class Linker:
    """Links messages to orders and products.

    Args:
        pack: the shop's pack.
        tools: the shop's systems; the catalogue is read once, here.
    """

    def __init__(self, pack: Pack, tools: ToolBox) -> None:
        order, product = pack.entities.order, pack.entities.product
        self._order, self._tools = order, tools
        self._zone = ZoneInfo(pack.shop.timezone)
        rows = tools.call(product.tool, {}, None, "").rows if product else []
        self._products = ProductIndex(product, rows) if product else None
        columns = product.names.items() if product else ()
        self._names = {lang: {str(row[product.id]): str(row[c]) for row in rows} for lang, c in columns if product}
        self._numbers = OrderNumbers(pack.shop.pii[order.pii]) if order else None
        offers = {p.id: (date.fromisoformat(p.starts), date.fromisoformat(p.ends)) for p in pack.promotions}
        self._order_of = lru_cache(maxsize=1024)(self._read)  # a customer's rows are the same from message to message
        self._orders = OrderLinker(order, self._numbers, self._products, offers) if order and self._numbers else None

    def orders(self, customer: str | None, now: str) -> list[Order]:
        """The customer's orders, newest first; none for a stranger.

        Args:
            now: ISO 8601 with the shop's own offset.
        """
        if self._order is None or customer is None:
            return []
        rows = self._tools.call(self._order.tool, {}, customer, now).rows
        return [self._order_of(tuple(row.items())) for row in rows]

    def normalise(self, text: str, orders: Callable[[], Sequence[Order]]) -> str:
        """The text with order numbers as the shop writes them, before it is redacted.

        Args:
            orders: gives the customer's own; asked only when there are digits enough in the text.
        """
        if self._numbers is None or not self._numbers.may_find(text):
            return text
        return self._numbers.normalise(text, [order.id for order in orders()])

    def link_orders(
        self,
        text: str,
        orders: Sequence[Order],
        lang: str,
        now: str,
        focus: str | None = None,
        offered: Sequence[str] = (),
        vault: Mapping[str, str] | None = None,
    ) -> OrderLink:
        """Which orders a message means: one, several, or none.

        Args:
            text: the message, redacted (then with its ``vault``) or not.
            orders: the customer's own, newest first.
            lang: the conversation's language; words of both are read.
            now: ISO 8601 with the shop's own offset.
            focus: id of the order that the conversation is about.
            offered: ids of the list that was shown last, in its order.
            vault: placeholder → order number.
        """
        if self._orders is None:
            return OrderLink()
        today = self._day(now)
        return self._orders.link(_encodable(text), orders, today, focus, offered, vault)

    def link_products(
        self, text: str, focus: Sequence[str] = (), latest: Sequence[str] = (), ordered: Sequence[str] = ()
    ) -> list[ProductLink]:
        """The products that a message names, or points at when it names none.

        Args:
            focus: SKUs that the conversation is about, in the order in which they were named or offered.
            latest: those that were named or offered last, which "it" means; empty: all of ``focus``.
            ordered: SKUs of the order that the conversation is about: of 四件套, the set in it.
        """
        return link_products(_encodable(text), self._products, focus, latest, ordered) if self._products else []

    def link_head(self, text: str, skus: Sequence[str]) -> list[ProductLink]:
        """The only one of some products that a text calls by the last word of its name: the box, 这个杯子."""
        lang = language(text)
        heads = ((sku, pointed_head(self._names[lang][sku]).search(text)) for sku in dict.fromkeys(skus))
        found = [ProductLink(sku, m[0], m.start(), m.end(), False) for sku, m in heads if m]
        return found if len(found) == 1 else []

    def link_items(self, text: str, orders: Sequence[Order], denied: bool = False) -> list[ProductLink]:
        """The items of some own orders that a text names, also by a word that means one only among them (the pot).

        Args:
            denied: also those that it denies: 不是奶锅.
        """
        own = {sku for order in orders for sku in order.skus}
        hits = self._orders.find_items(_encodable(text), orders) if self._orders else []
        return [
            ProductLink(sku, text[hit.start : hit.end], hit.start, hit.end, hit.exact)
            for hit in hits
            for sku in hit.skus
            if sku in own and (denied or not is_denied(text, hit.start))
        ]

    def coming_day(self, text: str, now: str) -> date | None:
        """The coming day that a text names."""
        return find_coming_day(text, self._day(now))

    def product_names(self, lang: str) -> Mapping[str, str]:
        """SKU → the product's name."""
        return self._names.get("en" if lang == "en" else "zh", {})

    def _day(self, time: str) -> date:
        moment = datetime.fromisoformat(time)
        return (moment.astimezone(self._zone) if moment.tzinfo else moment).date()

    def _read(self, columns: tuple[tuple[str, Any], ...]) -> Order:
        row, entity = dict(columns), self._order
        assert entity
        fields = [field for time in entity.times for field in (time.field, time.expected) if field]
        times = {field: str(row[field]) for field in fields if row[field]}
        placed = entity.times[0].field
        days = {field: self._day(time) for field, time in times.items()}
        status = str(row[entity.status])
        day = f"{days[placed]:%m-%d}" if placed in days else ""

        def label(lang: str) -> str:
            state = entity.states[status].in_(lang) if status in entity.states else status
            return render(entity.label.in_(lang), {**row, "day": day, "state": state})

        return Order(
            id=str(row[entity.id]),
            status=status,
            created_at=times.get(placed, ""),
            names={lang: str(row[column] or "") for lang, column in entity.names.items()},
            label=Text(zh=label("zh"), en=label("en")),
            skus=tuple(str(row[entity.skus] or "").split(",")) if entity.skus else (),
            quantities=tuple(map(int, str(row[entity.quantities] or "").split(","))) if entity.quantities else (),
            prices=tuple(map(float, str(row[entity.prices] or "").split(","))) if entity.prices else (),
            days=days,
            marks=frozenset(mark for mark in entity.marks if row[mark]),
            region=str(row[entity.region] or "") if entity.region else "",
            address=str(row[entity.address] or "") if entity.address else "",
            total=float(row[entity.total]) if entity.total and row[entity.total] is not None else None,
        )


def _encodable(text: str) -> str:
    """The text with a ? for each lone surrogate, which RE2 refuses; its length stays the same."""
    return text.encode("utf8", "replace").decode("utf8")
