"""An address that is told by another order: 跟毛巾那单一样的地址, same address as my pot order, the same as the first.

The shop knows the address of each own order; the customer confirms it before anything is changed. An address that is
told beside it counts when it says something else (the same, but room 5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kefu.acts import Act, Correct, Fill
from kefu.privacy.redact import restore
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from kefu.text.postal_address import read_parts
from serving.dialogue.linking.records import Order
from serving.dialogue.reading.answers.orders.reader import OrderReader
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.segments import answer_pieces
from serving.dialogue.reading.word_rules import evidence, plain

MEANS_SAME = re.compile(r"一样|一致|相同|同[一个上]|一个地址|寄一起|\bsame\b", re.IGNORECASE)
# Words that make an order only a comparison: without them it is named like any other.
COMPARES = re.compile(
    rf"[跟和与同像]|{MEANS_SAME.pattern}|(?:收货)?地址|\b(?:as|like)\b|\baddress (?:of|on|from|in)\b",
    re.IGNORECASE,
)
ITS_ADDRESS = re.compile(r"地址(?!要|也|得|改|换)|\b(?:address|place)\b", re.IGNORECASE)
WRONG = re.compile(r"不对|不是|错|\b(?:wrong|not)\b", re.IGNORECASE)  # that another order is to be changed
NUMBER = re.compile(r"\d+")
LONGEST, SHORT = 60, 30  # characters of an address that is told by an order alone, or by "the same"


class SameAddressReader:
    """Reads addresses that are told by another own order, for one pack's slots with ``as_it_is``."""

    def __init__(self, pack: Pack, orders: OrderReader) -> None:
        self._orders, self._question = orders, pack.acts.question
        self._slots = {name for name, slot in pack.slots.items() if slot.as_it_is}

    def read(self, message: Message) -> list[Act]:
        """The address of the other order that a message names, for the flow under way; empty where it names none."""
        flow, state, asked = message.flow, message.session.flow, message.step.collect if message.step else None
        name = next((n for n in flow.slots if n in self._slots), None) if flow else None
        if name is None or flow is None or state is None or not (asked == name or name in state.slots):
            return []
        words = plain(self._of_address(message.text))
        same = MEANS_SAME.search(words) is not None
        if not same and not (asked == name and self._is_its_address(words)):
            return []
        under_way = [state.slots[slot] for slot in self._orders.slots_of(flow) if slot in state.slots]
        address = self._of_another(message, message.text, flow, under_way)
        if not address and same and name not in state.slots and len(words) <= SHORT:
            address = self._told_before(message, name)
        if not address or not _holds(address, message.original(message.text)):
            return []
        value = message.placeholder(address)
        if asked == name:
            return [Fill(slot=name, value=value, evidence=message.text)]
        return [Correct(slot=name, value=value, evidence=message.text)] if state.slots[name] != value else []

    def _is_its_address(self, words: str) -> bool:
        """Whether a text tells the address of something, and neither asks for it nor corrects the order."""
        told = len(words) <= LONGEST and ITS_ADDRESS.search(words) is not None
        return told and not WRONG.search(words) and evidence(words, self._question) is None

    def begun(self, message: Message, text: str, flow: Flow, order: str) -> dict[str, str]:
        """The address that a wish for an order tells by another order: 剩下那单改寄到刚取消那单的地址."""
        name = next((name for name in flow.slots if name in self._slots), None)
        if name is None or not ITS_ADDRESS.search(plain(text)):
            return {}
        named = self._orders.meant(message, text, asked=True, focus=None)  # not what is only compared
        address = self._of_another(message, text, flow, [order, *named])
        return {name: message.placeholder(address)} if address else {}

    def _of_another(self, message: Message, text: str, flow: Flow, under_way: Sequence[str]) -> str:
        """The address of the only own order that a text names beside those under way, one on its way before one that
        has arrived; empty: none."""
        words = COMPARES.sub(" ", self._of_address(text))
        others = self._orders.fitting(message, flow, self._orders.beside(message, words, under_way))
        return _address([order for value in others if (order := self._orders.own(message, value))])

    def _of_address(self, text: str) -> str:
        """The pieces of a text that tell an address by another order: 是奶锅那单 改成养生壶那个地址."""
        pieces = answer_pieces(text, None)
        return "".join(p for p in pieces if MEANS_SAME.search(p) or ITS_ADDRESS.search(p)) or text

    def _told_before(self, message: Message, name: str) -> str:
        """The address that was told last for another order in this conversation: the same as the first one."""
        told = (past.slots[name] for past in reversed(message.session.past) if name in past.slots)
        return restore(next(told, ""), message.session.vault)


def _address(orders: list[Order]) -> str:
    addresses = {order.address for order in orders}
    return addresses.pop() if len(addresses) == 1 else ""


def _holds(address: str, words: str) -> bool:
    """Whether an address has the numbers of the one that a message tells, if it tells one."""
    told = [part.text for part in read_parts(words) if NUMBER.search(part.text)]
    return len(told) < 2 or set(NUMBER.findall(" ".join(told))) <= set(NUMBER.findall(address))
