"""What a yes repeats of the proposal that it answers: yes cancel the wok order; the plates too? Yes please.

The order under way and the goods that the open question tells are taken out of the message, so that a yes with them is
read like the yes without them; so is what says that another order stays as it is (取消，枕头那单照常发).
All other words about another order, a part of the order, or a number of pieces stay.
A yes whose verb asks for something else than the open question (yes cancel it, where a person is offered) is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from kefu.shop.pack import Pack
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.records import Order
from serving.dialogue.reading.answers.order_items import ItemReader
from serving.dialogue.reading.answers.orders.reader import OrderReader
from serving.dialogue.reading.answers.yes_no import after_clear_yes, goes_ahead, is_clear_yes, leaves, yes_or_no
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.segments import answer_pieces
from serving.dialogue.reading.word_rules import evidence, plain

NAME = "\x00"  # stands for an item's name or an order's number
ALL_NAMES = rf"{NAME}(?:(?:\s*(?:,|、|和|跟)\s*|\s+and\s+)(?:the\s+|my\s+)?{NAME})*"
BEFORE, OF_ORDER = (
    r"(?:(?<![a-z])(?:the|my|that|this)\s+|把|订单号?|order\s+)*",
    r"(?:的?(?:[那这]?[个笔]?)?订?单子?|\s+order)",
)
ORDER, ITEM = re.compile(rf"{BEFORE}{ALL_NAMES}{OF_ORDER}", re.I), re.compile(rf"{BEFORE}{ALL_NAMES}", re.I)
# Beside the names of goods, all that a question says which asks whether they are meant too.
TOO = re.compile(
    r"(?:\b(?:oh|wow|nice|great|cool|good|perfect|lovely|really|so|and|even|is that|are|the|my|both|too|as well|"
    r"included|for)\b|[哦噢啊哇诶咦呀嘛吗么呢]|真的|那|连|也|都|有|算|包括|在内|一起|[^\w\x00])+",
    re.IGNORECASE,
)
APART = re.compile(r"\W|(?:but|and|if|when)\b", re.IGNORECASE)  # what follows a yes is no verb of it


class EchoReader:
    """Finds echoes in answers to one pack's flows."""

    def __init__(self, pack: Pack, linker: Linker, orders: OrderReader, items: ItemReader) -> None:
        self._pack, self._linker, self._orders, self._items = pack, linker, orders, items

    def short(self, message: Message) -> Message:
        """A message at an open confirmation without what its yes repeats of the proposal."""
        own = self._order(message)
        if own is None:
            return message
        pieces = answer_pieces(message.text, self._pack.acts.another)
        left = [piece for piece in pieces if not self._keeps_another(message, piece, own)]
        pieces = left if any(self._is_clear(message, piece) for piece in left) else pieces
        said = [self._yes(message, piece, own) for piece in pieces]
        last = said[-1] or pieces[-1]
        if len(pieces) > 1 and self._is_clear(message, last) and self._asks_the_proposal(message, pieces[:-1], own):
            return replace(message, text=last)
        return replace(message, text="".join(yes or piece for yes, piece in zip(said, pieces, strict=True)))

    def other_wish(self, message: Message) -> tuple[str, Sequence[str]]:
        """A message without the yes that begins it, and the names of the flows for which its verb asks: others than the
        open question, of which the last answer told as well (just tell me if I shall cancel it). Empty without such."""
        words, step, flow = self._pack.conversation, message.step, message.flow
        first = answer_pieces(message.text, self._pack.acts.another)[0]
        wish = after_clear_yes(first, words, step)
        if flow is None or not wish or yes_or_no(first, words, step) or APART.match(wish):
            return "", ()
        asked = {other.name: other.asked_by for other in self._pack.flows if evidence(plain(wish), other.asked_by)}
        gives_up = leaves(wish, words, in_flow=True)
        told = [name for name, rule in asked.items() if gives_up or evidence(plain(message.last_answer), rule)]
        return (message.text[message.text.find(wish) :], told) if told and flow.name not in asked else ("", ())

    def _order(self, message: Message) -> Order | None:
        """The order under way at an open confirmation."""
        flow, state = message.flow, message.session.flow
        if not (flow and state and message.step and message.step.confirm and message.session.customer):
            return None
        here = next((state.slots[name] for name in self._orders.slots_of(flow) if name in state.slots), None)
        return self._orders.own(message, here) if here else None

    def _is_clear(self, message: Message, text: str) -> bool:
        words, step = self._pack.conversation, message.step
        return step is not None and (is_clear_yes(text, words, step) or goes_ahead(text, words, step))

    def _yes(self, message: Message, piece: str, own: Order) -> str:
        """The clear yes that a piece is without the order that it names; empty where it is none."""
        if yes_or_no(piece, self._pack.conversation, message.step) is not None:
            return ""
        named = self._without_names(message, piece, own)
        if NAME not in named or self._orders.names_else(message, piece, own):
            return ""
        if any(order != message.placeholder(own.id) for order in self._orders.meant(message, piece, asked=True)):
            return ""  # may be another one
        whole = not self._items.under_way(message)
        if whole and ORDER.search(named):
            echo = ORDER
        elif (whole and PLACEHOLDER.search(piece)) or self._orders.names_all(message, piece):
            echo = ITEM
        else:
            return ""
        found = (echo.sub(verb, named) for verb in ("", " it "))
        return next((text for text in found if NAME not in text and self._is_clear(message, text)), "")

    def _keeps_another(self, message: Message, piece: str, own: Order) -> bool:
        """Whether a piece only says that another order stays as it is: 枕头那单照常发."""
        rules, words = self._pack.acts, plain(piece)
        if evidence(words, rules.keep) is None or evidence(words, rules.question) is not None:
            return False
        orders = self._orders.meant(message, piece, asked=True) if self._orders.refers(message, piece) else ()
        return bool(orders) and message.placeholder(own.id) not in orders

    def _without_names(self, message: Message, text: str, own: Order) -> str:
        """A text with a mark for each item and number of an order that it names."""
        links = self._linker.link_items(message.original(text), [own])
        for word in sorted({link.evidence for link in links if link.sku in own.skus}, key=len, reverse=True):
            text = text.replace(word, NAME)
        return text.replace(message.placeholder(own.id), NAME)

    def _asks_the_proposal(self, message: Message, pieces: Sequence[str], own: Order) -> bool:
        """Whether pieces only ask whether some goods are meant too that the open question tells."""
        text = "".join(pieces)
        if evidence(plain(text), self._pack.acts.question) is None or self._orders.names_else(message, text, own):
            return False
        named = {link.sku for link in self._linker.link_items(message.original(text), [own])}
        told = {link.sku for link in self._linker.link_products(message.question)}
        rest = self._without_names(message, text, own)
        return bool(named) and named <= told and TOO.fullmatch(rest.replace(NAME, " ")) is not None
