"""The case that was just settled: a return, an exchange, a change that a flow of the conversation has written.

What the customer says next is about it, unless the words name another order or another item: can they come after six?
"""

from __future__ import annotations

from kefu.acts import Act, Start
from kefu.shop.pack import Pack
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.linking.linker import Linker
from serving.dialogue.reading.answers.orders.reader import OrderReader
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.word_rules import evidence, plain
from serving.sessions.session import PastFlow


class SettledCaseReader:
    """Reads what is about the settled case, for one pack."""

    def __init__(self, pack: Pack, linker: Linker, orders: OrderReader) -> None:
        self._pack, self._linker, self._orders = pack, linker, orders
        self._flows = {flow.name: flow for flow in pack.flows}

    def read(self, message: Message, text: str) -> PastFlow | None:
        """The settled case that a text may be about; None when there is none, or another thing is named."""
        session = message.session
        case = next((past for past in reversed(session.past) if past.written), None)
        if case is None or message.flow or not session.customer or case.flow not in self._flows:
            return None
        order = next((case.slots[name] for name in self._orders.names_in(case.slots)), None)
        own = self._orders.own(message, order) if order else None
        later = session.past[session.past.index(case) + 1 :]
        if self._orders.words.counts_several(text) or self._orders.words.names_other_piece(text):  # 我还有两个包裹
            return None
        named = {m[0] for m in PLACEHOLDER.finditer(text) if m[1] == self._orders.pii}
        named |= {past.slots[name] for past in later for name in self._orders.names_in(past.slots)}
        if own is None or (described := self._orders.described(message, text) or order) != order or named - {described}:
            return None
        spoken = self._named(message, text)
        spoken = spoken or (self._items(later[-1]) if later else set())  # it: what was spoken of last
        return case if spoken <= (self._items(case) or set(own.skus)) else None

    def names_other_item(self, message: Message, case: PastFlow) -> bool:
        """Whether a message names an item that the case is not about: keeps the lunch box soup hot? Mine gets cold."""
        orders = (self._orders.own(message, case.slots[name]) for name in self._orders.names_in(case.slots))
        bought = {sku for order in orders if order for sku in order.skus}
        return not self._named(message, message.text) <= (self._items(case) or bought)

    def _named(self, message: Message, text: str) -> set[str]:
        """The products that a text names."""
        return {link.sku for link in self._linker.link_products(message.original(text)) if link.exact}

    def _items(self, case: PastFlow) -> set[str]:
        """The items that a flow was about."""
        slots = self._pack.slots
        return {value for name, value in case.slots.items() if name in slots and slots[name].item}

    def is_new_wish(self, message: Message, text: str, act: Act) -> bool:
        """Whether an act asks for something new of the case's order: in plain words, and where it can be had."""
        if not isinstance(act, Start):
            return False
        flow = self._flows[act.flow]
        settled = next((past for past in reversed(message.session.past) if past.written), None)
        if settled and flow.item_among and f"flow:{act.flow}" in self._flows[settled.flow].asked_afterwards:
            return False  # 新的啥时候能到, after an exchange: the look-up of the old parcel is not meant
        among = next((step.among for step in flow.steps if step.collect in self._orders.slots_of(flow)), ())
        orders = [self._orders.own(message, act.slots[name]) for name in self._orders.names_in(act.slots)]
        served = all(order is None or order.status in among for order in orders)
        return bool(among) and served and evidence(plain(text), flow.asked_by) is not None
