"""Wishes for a flow that no words of it name: about items on order, an order just served, a reason, a trouble."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kefu.acts import Act, Start
from kefu.intents.wishes import ScoredWish
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from kefu.shop.slots import extract
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.records import Order, ProductLink
from serving.dialogue.order_choice import likely_orders
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.wishes.flows import DECIDES, FlowReader
from serving.dialogue.reading.wishes.part import Part
from serving.dialogue.reading.word_rules import evidence, is_idiom, plain, without
from serving.sessions.session import PastFlow

BARE = re.compile(r"[\W_]+|(?i:my|the|order|number|is|it|here)|订单号?|单号|是|[这那](?:单|个|笔)|的")
SHORT = 6  # characters beside an order that say no wish


class ImpliedFlowReader:
    """Reads wishes for one pack's flows that stand in no words of theirs."""

    def __init__(self, pack: Pack, linker: Linker, answers: AnswerReader, flows: FlowReader) -> None:
        self._pack, self._linker, self._answers, self._flows = pack, linker, answers, flows

    def of_orders(self, message: Message, text: str, links: list[ProductLink]) -> list[Start]:
        """Wishes about items on order, or about the order that has just been served."""
        if evidence(plain(text), self._pack.acts.in_general) is not None:  # what if it breaks in a few months?
            return []
        if on_order := list(self._on_order(message, text, links)):
            return on_order
        follow_up = self._follow_up(message, plain(text))
        return [follow_up] if follow_up else []

    def of_subject(self, message: Message, text: str) -> Start | None:
        """The wish that a reason tells ("it's too small"), about the order that it names, or that was spoken of."""
        named = self._answers.orders.meant(message, text, asked=False)
        if len(named) > 1 and self._answers.orders.words.means_all(text, len(named)):
            return None  # 奶锅和养生壶都要，抬头个人
        order = named[0] if len(named) == 1 else message.session.subject.order
        own = self._answers.orders.own(message, order) if order and message.session.customer else None
        if message.flow or not order or not (begun := self.of_reason(message, text, own)):
            return None
        name = self._of_fault(begun[1]) or begun[0]
        flow = next(flow for flow in self._pack.flows if flow.name == name)
        slots = {**self._told(message, text, flow), **begun[1], self._answers.orders.slots_of(flow)[0]: order}
        slots |= self._answers.items.slots(message, text, flow, order)
        return Start(flow=flow.name, slots=self._flows.told_before(message, text, flow, slots) | slots, evidence=text)

    def _of_fault(self, told: Mapping[str, str]) -> str | None:
        """The flow for what went wrong, where a value tells that: it leaves open what the customer wants done."""
        flows = (flow for flow in self._pack.flows if flow.told_by)
        return next((f.name for f in flows if any(told.get(n) in values for n, values in f.told_by.items())), None)

    def of_described(self, message: Message, text: str) -> Start | None:
        """The flow that tells of an own order which a question describes, whatever it asks: the scale I cancelled."""
        described = self._answers.orders.described(message, text) if not message.flow else None
        own = self._answers.orders.own(message, described) if described else None
        known = {own.status, *own.marks} if own else set()
        flow = next((flow for flow in self._pack.flows if known & set(flow.explains)), None)
        if flow is None or described is None or flow.name in message.session.denied:
            return None
        return Start(flow=flow.name, slots={self._answers.orders.slots_of(flow)[0]: described}, evidence=text)

    def of_trouble(self, message: Message, text: str) -> Start | None:
        """The flow for what went wrong, where a customer tells it and asks for nothing: 拉链拉两下就卡住了."""
        if message.flow or self._flows.is_of_goods(message, text):
            return None
        for flow in self._pack.flows:
            if self._tells_trouble(message, text, flow):
                slots, subject = self._told(message, text, flow), message.session.subject.order
                named = any(link.exact for link in self._linker.link_products(message.original(text)))
                if subject and not named:
                    slots = {self._answers.orders.slots_of(flow)[0]: subject} | slots
                return Start(flow=flow.name, slots=slots, evidence=text)
        return None

    def beside(self, message: Message, text: str, guess: ScoredWish, guessed: Flow) -> Start | None:
        """The flow that a reason tells, or a trouble, where the guessed one neither answers such a trouble nor takes
        the reason."""
        trouble = None if guess.probability >= DECIDES else self.of_trouble(message, text)
        trouble = None if trouble and trouble.flow in {guessed.name, *guessed.replaces} else trouble
        begun = trouble or self.of_subject(message, text)
        if begun is None or any(self._pack.slots[name].carried and name in guessed.slots for name in begun.slots):
            return None
        return None if self._flows.instead(message, guess, begun.flow) else begun

    def of_reason(self, message: Message, text: str, own: Order | None = None) -> tuple[str, dict[str, str]] | None:
        """The only flow that asks for what the text tells ("it's too small"), with these slots; of several the one that
        serves the order."""
        over = {past.flow for past in message.session.past}
        found = [
            (flow.name, slots)
            for flow in self._pack.flows
            if self._answers.orders.slots_of(flow)
            and flow.name not in {*over, *message.session.denied}
            and (
                slots := extract(
                    text,
                    {n: self._pack.slots[n] for n in flow.asked_slots if self._tells_reason(n)},
                    message.lang,
                )
            )
        ]
        if own and len(found) > 1:
            serve = {flow.name for flow in self._pack.flows if self._flows.serves(flow, own)}
            found = [one for one in found if one[0] in serve]
        return found[0] if len(found) == 1 else None

    def of_order_alone(self, part: Part) -> Act | None:
        """An order and hardly another word: what to do with it is open, or told by a reason."""
        message, text = part.message, part.text
        bare = len(BARE.sub("", PLACEHOLDER.sub("", part.words))) <= SHORT and not part.question
        orders = self._answers.orders.meant(message, text, asked=True) if bare and not message.flow else ()
        if len(orders) == 1 and (begun := self.of_reason(message, text)):
            slot = next(name for name in self._pack.slots if self._pack.slots[name].pii == self._answers.orders.pii)
            return Start(flow=begun[0], slots={**begun[1], slot: orders[0]}, evidence=text)
        return self._answers.orders.alone(orders, text)

    def _tells_reason(self, name: str) -> bool:
        """Whether what a slot tells may begin a flow: how much of an order is meant does not (one of the two mugs)."""
        slot = self._pack.slots[name]
        return bool(slot.choices) and slot.otherwise is None

    def _told(self, message: Message, text: str, flow: Flow) -> dict[str, str]:
        """What a text tells for a flow, where it can only be one value."""
        told = self._flows.slots_told(message, text, flow)
        return {name: values[0] for name, values in told.items() if len(values) == 1}

    def _on_order(self, message: Message, text: str, links: list[ProductLink]) -> Iterator[Start]:
        """The flow for items that the customer waits for, when words like "where" and "sent" stand beside them.

        The words may stand in another sentence: Where are my two parcels? The glasses and the humidifier.
        """
        if not any(link.exact for link in links) or not message.session.customer:
            return
        links = self._linker.link_items(message.original(text), message.orders)
        skus = {link.sku for link in links}
        if not skus or (message.flow and not self._is_aside(message, text, skus)):
            return
        words, asks = plain(text), self._pack.acts.question
        here = evidence(words, asks) is not None or text == message.text
        named = self._flows.named(words)
        if named and (not here or (any(map(self._flows.writes, named)) and evidence(words, asks) is None)):
            return  # 养生壶到哪了，顺便奶锅取消; the one not shipped yet, drop the pot from it: a wish of its own
        for flow in self._pack.flows:
            said = words if here else plain(message.text)
            if evidence(said, flow.asked_of_item) is None and not (here and self._tells_trouble(message, text, flow)):
                continue
            slot = next(iter(self._answers.orders.slots_of(flow)), None)
            orders = [o for o in message.orders if o.status in flow.item_among and skus & set(o.skus)]
            described = {message.original(value) for value in self._answers.orders.meant(message, text, asked=False)}
            orders = [order for order in orders if order.id in described] or orders
            asks_order = next((step for step in flow.steps if step.collect == slot), None)
            if asks_order and (recent := [o for o in likely_orders(orders, asks_order, message.now) if o in orders]):
                orders = recent
            numbered = PLACEHOLDER.search(text) is not None  # an order named by its number is read as ever
            if slot and orders and not numbered and len(orders) <= len({link.evidence for link in links}):
                told = extract(text, self._flows.choices(flow), message.lang)
                for order in reversed(orders):
                    number = message.placeholder(order.id)
                    slots = {**told, **self._answers.items.slots(message, text, flow, number), slot: number}
                    yield Start(flow=flow.name, slots=slots, evidence=text)
                return

    def _is_aside(self, message: Message, text: str, skus: set[str]) -> bool:
        """Whether a question at an open flow's question is about products that its order does not have."""
        assert message.flow and message.session.flow
        orders = self._answers.orders
        slots = message.session.flow.slots
        own = next((order for name in orders.names_in(slots) if (order := orders.own(message, slots[name]))), None)
        asks_order = message.step is not None and message.step.collect in orders.slots_of(message.flow)
        asks = evidence(plain(text), self._pack.acts.question) is not None
        return asks and not asks_order and own is not None and not skus & set(own.skus)

    def _follow_up(self, message: Message, words: str) -> Start | None:
        """A question about the order that a flow has just served: 哪天退的, after its refund was told.

        Words that name a product are read as ever; those that tell another order (西安那单) ask it of that one.
        """
        last = next((turn for turn in reversed(message.session.turns) if turn.role == "bot"), None)
        if last is None or message.flow or PLACEHOLDER.search(words):
            return None
        if self._linker.link_products(words) or self._linker.link_items(words, message.orders):
            return None
        paid = self._answers.orders.of_amount(message, words)  # the 67 that come back: of that order
        if paid and message.placeholder(paid.id) not in self._answers.orders.served(message)[-1:]:
            return None
        for flow in self._pack.flows:
            past = self._before(message, flow)
            if past and self._goes_on(message, words, flow):
                orders = {name: past.slots[name] for name in self._answers.orders.slots_of(flow) if name in past.slots}
                if len(told := self._answers.orders.meant(message, words, asked=False)) == 1:
                    orders = dict.fromkeys(orders, told[0])
                slots = extract(words, {name: self._pack.slots[name] for name in flow.slots}, message.lang) | orders
                slots |= self._answers.items.slots(message, words, flow, next(iter(orders.values()), None))
                kept = self._flows.told_before(message, words, flow, slots)
                if past.flow == flow.name:  # did you pass the name on?
                    kept |= {n: value for n, value in past.slots.items() if self._pack.slots[n].shared}
                return Start(flow=flow.name, slots=kept | slots, evidence=words) if orders else None
        return None

    def _before(self, message: Message, flow: Flow) -> PastFlow | None:
        """What a flow may go on with: what was told last, or the same that a person was asked to see to."""
        last, done = message.session.past[-1:], () if flow.item_among else reversed(message.session.past)
        left = (past for past in done if past.flow == flow.name and past.outcome == "handoff")
        return next((past for past in (*last, *left) if past.flow in flow.follows), None)

    def _goes_on(self, message: Message, words: str, flow: Flow) -> bool:
        """Whether a text asks for a flow about the order just served, by words of its own or one of its questions."""
        asked = evidence(words, self._pack.acts.question) is not None
        slots = {name: self._pack.slots[name] for name in flow.follow_up_slots} if asked else {}
        return evidence(words, flow.asked_after) is not None or bool(slots and extract(words, slots, message.lang))

    def _tells_trouble(self, message: Message, text: str, flow: Flow) -> bool:
        """Whether a text tells a value that begins the flow, and asks for nothing else."""
        help_words = self._pack.acts.asks_help
        words = without(plain(text), help_words.words) if help_words else plain(text)
        if evidence(words, self._pack.acts.question) is not None or is_idiom(words, flow.asked_of_item):
            return False
        told = extract(text, {name: self._pack.slots[name] for name in flow.told_by}, message.lang)
        return any(value in flow.told_by[name] for name, value in told.items())
