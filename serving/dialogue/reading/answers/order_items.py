"""Which item of an order a text means, how many pieces of it, and for which coming day, as a flow's slots."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from kefu.shop.part import LANGUAGES
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.records import Order, ProductLink
from serving.dialogue.reading.answers.items import (
    NamedItems,
    means_order,
    named_items,
    only_item,
    pieces,
    statements,
    told_pieces,
)
from serving.dialogue.reading.answers.orders.reader import OrderReader
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.segments import affirmed
from serving.dialogue.reading.word_rules import evidence, plain

ALL_PIECES = re.compile(r"都|全|俩|所有|\b(?:all|both|every)\b", re.IGNORECASE)
# At the question how many: the faulty one of several is one.
THAT_ONE = re.compile(
    r"(?:坏|歪|破|裂|碎|漏|瑕疵|问题|不[亮热转好])了?的?那?一?[个件只条台把盏]|\bthe \w+ one\b|退[1一]留",
    re.IGNORECASE,
)
# Beside a wish: of several, the one with the fault, or without.
ONE_PIECE = re.compile(
    r"(?:坏|歪|破|裂|碎|漏|瑕疵|好|不[亮热转好])了?的那一?[个件只条台把盏口张床]"
    r"|\bthe (?:broken|faulty|defective|cracked|leak\w+|chipped|dented|damaged|smelly|wobbly|stained|torn|bad|good"
    r"|other|working) one\b",
    re.IGNORECASE,
)
POINTS_AT_ONE = re.compile(
    r"[那这一1][个件只条台把盏套瓶床]|新的|\b(?:it|(?:new|other|another) one|a replacement)\b", re.IGNORECASE
)  # 那给我换一台新的
BOTH_OF = re.compile(
    r"(?:[两二2]\s*[个件只条台把盏套瓶床]|俩)[^，,。；;]{0,12}都|\bboth (?:of )?(?:the |my )?(?=[a-z])", re.IGNORECASE
)
PART = "part"  # the choice of a slot for all or a part of an order that means a part


class ItemReader:
    """Reads items of one pack's orders."""

    def __init__(self, pack: Pack, linker: Linker, orders: OrderReader) -> None:
        self._pack, self._linker, self._orders = pack, linker, orders

    def slots(self, message: Message, text: str, flow: Flow, order: str | None) -> dict[str, str]:
        """The item of the order that a text means, at a confirmation how many pieces, and a coming day, for the flow.

        Args:
            order: its placeholder; None: not known yet, and the item is told in the customer's word for it.
        """
        days = self.days(message, text, flow)
        slots = [name for name in flow.slots if self._pack.slots[name].item]
        asked = message.step.collect if message.step and message.flow is flow else None
        words, keep = message.original(text), self._pack.acts.keep
        # "The order with the box" names an order, not what is to be returned of it.
        part = evidence(plain(text), keep) is not None or bool(slots and self._pieces(flow, words))
        known = message.session.flow.slots if message.flow is flow and message.session.flow else {}
        part = part or self._tells_fault(known)
        if not slots or not message.session.customer or (asked in self._orders.slots_of(flow) and not part):
            return days
        links = self._linker.link_products(words)
        found = dict(days)
        if order is None:
            names = list(dict.fromkeys(link.evidence for link in links if link.exact))
            return found | (dict.fromkeys(slots, names[0]) if len(names) == 1 else {}) | self._pieces(flow, words)
        own = self._orders.own(message, order)
        if own is None:
            return found
        before = [known[name] for name in slots if name in known]
        items = named_items(words, own.skus, list(map(self._linker.product_names, LANGUAGES)), links, keep)
        named, sku = self._item(own, words, items, [*before, *(self.under_way(message) if before else ())])
        if sku is None and not items.kept and POINTS_AT_ONE.search(words) and set(slots) & set(flow.asked_slots):
            sku = self._spoken_of(message, own)
            named = sku is not None
        found |= dict.fromkeys(slots, sku) if named and sku else {}
        bought_of_it = dict(zip(own.skus, own.quantities, strict=False)).get(sku or "")
        found |= self._pieces(flow, words, bought_of_it)
        if named and bought_of_it == 2 and len(own.skus) > 1 and BOTH_OF.search(words):  # of the item, not of the order
            found |= {name: PART for name in flow.slots if self._pack.slots[name].otherwise in slots}
            found |= {name: "2" for name in flow.slots if self._pack.slots[name].number}
        if len(own.skus) > 1 and (items.kept or self._is_object(flow, words, links, own, items)):
            found |= {name: PART for name in flow.slots if self._pack.slots[name].otherwise in slots}
        elif found.keys() - days.keys():  # an item named after "all of it": no longer all of it
            found |= {
                name: PART
                for name in flow.slots
                if self._pack.slots[name].otherwise in slots and known.get(name, PART) != PART
            }
        if asked and self._pack.slots[asked].number and asked not in found and THAT_ONE.search(words):
            found[asked] = "1"
        if ONE_PIECE.search(words) and not ALL_PIECES.search(words):
            found = {name: "1" for name in flow.slots if self._pack.slots[name].number} | found
        if (
            asked
            and self._pack.slots[asked].number
            and ALL_PIECES.search(words)
            and (bought := self._bought(message, own))
        ):
            found[asked] = str(bought)
        if message.step and message.step.confirm and (count := pieces(words, links)):
            found |= {name: count for name in flow.slots if self._pack.slots[name].number}
        return found

    def _tells_fault(self, known: Mapping[str, str]) -> bool:
        """Whether something went wrong with what a flow is about: then the name of a product names just that."""
        faults = [one for flow in self._pack.flows for one in flow.told_by.items()]
        return any(known.get(name) in values for name, values in faults)

    def _spoken_of(self, message: Message, own: Order) -> str | None:
        """The item of an order that the last exchanges were about: 吐司机一边焦，能换吗？那给我换一台新的."""
        lately = self._orders.product_lately(message)
        return lately if lately in own.skus else None

    def _is_object(self, flow: Flow, words: str, links: Sequence[ProductLink], own: Order, items: NamedItems) -> bool:
        """Whether a text names an item beside the one that names the order (四件套那单 便当盒别发了), or in the very
        words of the wish: drop the lunch box from it, 把多士炉去掉."""
        wish = evidence(plain(words), flow.asked_by) or ""
        of_order = [link for link in links if link.sku in own.skus and means_order(words, link.start, link.end)]
        named = [link for link in links if link.sku in items.wanted and link.sku not in {one.sku for one in of_order}]
        after = any(link.start > of_order[0].end for link in named) if of_order else False
        return after or any(plain(link.evidence) in wish for link in named)

    def _item(self, own: Order, words: str, items: NamedItems, known: Sequence[str]) -> tuple[bool, str | None]:
        """Whether a text tells an item of an order, and the one that it means: told, known before, or the only one."""
        keep = self._pack.acts.keep
        if len(own.skus) == 1:
            return False, own.skus[0]
        if sku := only_item(items, own.skus):
            return True, sku
        if before := next((value for value in known if value in own.skus), None):
            return False, before
        of_each = dict(zip(own.skus, own.quantities, strict=False))
        several = [one for one, count in of_each.items() if count > 1]
        if len(several) == 1 and not told_pieces(words, keep) and told_pieces(words, keep, of_each[several[0]]):
            return True, several[0]  # one is enough
        return False, None

    def _bought(self, message: Message, own: Order) -> int | None:
        """How many pieces there are of the item that the flow under way has found in an order."""
        of_each = dict(zip(own.skus, own.quantities, strict=False))
        return next((of_each[sku] for sku in self.under_way(message) if sku in of_each), None)

    def under_way(self, message: Message) -> list[str]:
        """SKUs of the items that the flow under way has found in its order: one at most, as flows go."""
        product, state = self._pack.entities.product, message.session.flow
        rows = [row for row in state.results.values() if isinstance(row, dict)] if state and product else []
        return [row[product.id] for row in rows if product and product.id in row]

    def days(self, message: Message, text: str, flow: Flow) -> dict[str, str]:
        """The coming day that a text names, for the flow's slots for one."""
        names = [name for name in flow.slots if self._pack.slots[name].day]
        day = self._linker.coming_day(text, message.now) if names else None
        return dict.fromkeys(names, day.isoformat()) if day else {}

    def _pieces(self, flow: Flow, words: str, bought: int | None = None) -> dict[str, str]:
        """The count of pieces that a text tells, for the flow's slots for one. bought: how many of the item."""
        count = told_pieces(statements(affirmed(words), self._pack.acts.question), self._pack.acts.keep, bought)
        return {name: str(count) for name in flow.slots if self._pack.slots[name].number} if count else {}
