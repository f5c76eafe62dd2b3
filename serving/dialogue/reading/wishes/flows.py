"""Which flow a part of a message asks for, and what it tells for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kefu.acts import Act, Choose, Start
from kefu.intents.wishes import ScoredWish
from kefu.shop.flows import Flow, Slot
from kefu.shop.pack import Pack
from kefu.shop.slots import extract
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.expressions import evaluate
from serving.dialogue.linking.records import Order
from serving.dialogue.reading.answers.items import statements
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.answers.yes_no import leaves
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.wishes.part import Part
from serving.dialogue.reading.word_rules import evidence, is_idiom, plain
from serving.params import Serving

LEAST_RIVAL, DECIDES = 0.3, 0.7  # of a guess with a rival: below, both are noise; from there on, it decides alone
INSTEAD = 0.5  # of a guess that goes before words of another flow
THAT_ORDER = re.compile(
    r"(?:这|那)(?:一)?(?:单|笔|个?(?:订单|包裹|快递))|\b(?:this|that) (?:one|order|parcel)\b", re.IGNORECASE
)
MOST_BEFORE = 2  # messages before a wish of which its reason is taken
ANSWERS = {"fill", "correct", "affirm", "deny"}  # acts of a message that answered a question
SURE = 0.8  # of the classifier: a wish in an angry message, a person whom no word asks for, "which product?"


class FlowReader:
    """Reads wishes for one pack's flows."""

    def __init__(self, pack: Pack, params: Serving, answers: AnswerReader) -> None:
        self._pack, self._params, self._answers = pack, params, answers

    def named(self, words: str) -> list[Flow]:
        """Flows that plain words ask for, or name by their title."""
        return [
            flow
            for flow in self._pack.flows
            if evidence(words, flow.asked_by) is not None or words in (flow.title.zh, flow.title.en)
        ]

    def rivals(self, message: Message, guess: ScoredWish) -> tuple[str, ...]:
        """The two flows between which a guess does not decide; none when it does, or when a question is open."""
        two = [flow for label in (guess.label, guess.rival) if (flow := self.of_guess(ScoredWish(label, 1.0)))]
        names = tuple(flow.name for flow in two if flow.name not in message.session.denied)
        rejected = any(f"flow:{name}" in message.rejected for name in names)
        near = LEAST_RIVAL <= guess.probability < DECIDES and len(names) == 2
        return names if near and not rejected and not message.flow else ()

    def of_order(self, message: Message, text: str, guess: ScoredWish) -> ScoredWish:
        """The guess, between two flows for the one that can serve the order of which a text, or the conversation,
        speaks: where the money is, of a cancelled order, asks for no parcel."""
        two = self.rivals(message, guess)
        own = self._order_of(message, text) if two else None
        near = [flow for flow in self._pack.flows if flow.name in two and own]
        serve = [flow for flow in near if own and (self.serves(flow, own) or not self._looks_up(flow))]
        return guess._replace(label=f"flow:{serve[0].name}", rival="") if len(serve) == 1 else guess

    def of_value(self, text: str, guess: ScoredWish) -> ScoredWish:
        """The guess, of a flow that has no use for what a text tells the only one that has: here it is, [TAX_1]."""
        guessed, told = self.of_guess(guess), {match[1] for match in PLACEHOLDER.finditer(text)}
        if guessed is None or told & self._personal(guessed):
            return guess
        takes = [flow for flow in self._pack.flows if told & self._personal(flow)]
        return guess._replace(label=f"flow:{takes[0].name}", rival="") if len(takes) == 1 else guess

    def _personal(self, flow: Flow) -> set[str]:
        """The types of personal data that a flow asks for."""
        return {pii for name in flow.slots if (pii := self._pack.slots[name].pii)}

    def _serving(self, message: Message, text: str, first: Flow, others: Sequence[Flow]) -> Flow:
        """The first of some flows; where it cannot serve the order, one that only tells of it: 锅的429退到哪了."""
        own = self._order_of(message, text) if len(others) > 1 else None
        if own is None or self.serves(first, own):
            return first
        return next((flow for flow in others if not self.writes(flow) and self.serves(flow, own)), first)

    def _order_of(self, message: Message, text: str) -> Order | None:
        """The only own order that a text names, or whose sum it tells; else the one that was spoken of."""
        orders = self._answers.orders
        if not message.session.customer:
            return None
        if named := orders.meant(message, text, asked=False):
            return orders.own(message, named[0]) if len(named) == 1 else None
        subject = message.session.subject.order
        return orders.of_amount(message, text) or (orders.own(message, subject) if subject else None)

    def serves(self, flow: Flow, order: Order) -> bool:
        """Whether a flow can do something for an order, by its mark or its state."""
        asks = next((step for step in flow.steps if step.collect in self._answers.orders.slots_of(flow)), None)
        if asks and asks.only:
            return not order.marks.isdisjoint(asks.only)
        among = flow.item_among or (asks.among if asks else ())
        return not among or order.status in among

    def of_guess(self, guess: ScoredWish) -> Flow | None:
        """The flow that a class names, if it names one."""
        kind, _, name = guess.label.partition(":")
        return next((flow for flow in self._pack.flows if flow.name == name), None) if kind == "flow" else None

    def chosen(
        self, message: Message, text: str, named: Sequence[Flow], guess: ScoredWish, surely: bool
    ) -> Flow | None:
        """The flow that a part asks for: by its words, the classifier's choice first, else by the classifier alone.

        One that the customer has refused begins by words alone.

        Args:
            named: the flows that the words ask for.
        """
        guessed, words = self.of_guess(guess), plain(text)
        if guessed and f"flow:{guessed.name}" in message.rejected:
            guessed = None
        if named := [flow for flow in named if f"flow:{flow.name}" not in message.rejected]:
            # 能不能把没发货的那件退了: words of a look-up beside a wish that the classifier is sure of
            only_looks_up = not any(map(self.writes, named)) and guess.probability >= DECIDES
            wished = guessed is not None and only_looks_up and self.writes(guessed)
            given_up = guessed is None or guessed.name in message.session.denied
            if guessed in named or wished or (guess.probability >= SURE and not given_up):
                return guessed
            first = self.instead(message, guess, named[0].name) or named[0]
            near = [guessed] if guessed and guess.probability >= INSTEAD and not given_up else []
            return self._serving(message, text, first, [*named, *near])
        if guessed is None or guessed.name in message.session.denied or self.is_of_goods(message, text):
            return None
        if guess.probability < DECIDES and is_idiom(words, guessed.asked_by):
            return None  # a question about it: 几天内可以换货
        least = SURE if surely or self._tells_data(words) else 0
        return guessed if guess.probability >= max(self._params.wish_min_probability, least) else None

    def is_of_goods(self, message: Message, text: str) -> bool:
        """Whether a guest speaks of what the shop sells: he has named it, and no order (脏了咋办, of the quilt)."""
        orders = self._answers.orders
        named = any(match[1] == orders.pii for match in PLACEHOLDER.finditer(text)) or orders.refers(message, text)
        return not message.session.customer and bool(message.session.subject.products) and not named

    def decides(self, message: Message, guess: ScoredWish) -> bool:
        """Whether the classifier alone decides for a flow, which a customer has to be signed in for.

        What is told of an own order (收到就是坏的) also stands among the questions of a FAQ, which answers guests.
        """
        return guess.probability >= DECIDES and bool(message.session.customer) and self.of_guess(guess) is not None

    def instead(self, message: Message, guess: ScoredWish, name: str) -> Flow | None:
        """The guessed flow where it takes the place of one that words or a trouble tell, and changes nothing itself.

        The lid is cracked, could I get only a new lid: what is wrong is told as well, and no exchange is wanted.
        """
        guessed = self.of_guess(guess)
        if guessed is None or guess.probability < INSTEAD or self.writes(guessed):
            return None
        given_up = guessed.name in message.session.denied or f"flow:{guessed.name}" in message.rejected
        return None if given_up or name not in guessed.replaces else guessed

    def writes(self, flow: Flow) -> bool:
        """Whether a flow changes something; one that only looks up answers a question about it."""
        return any(self._pack.tools[step.call].write for step in flow.steps if step.call)

    def _looks_up(self, flow: Flow) -> bool:
        """Whether a flow tells of an order: it says nothing of one that it cannot serve, others why they cannot."""
        return bool(flow.item_among) or not self.writes(flow)

    def slots_told(self, message: Message, text: str, flow: Flow) -> dict[str, tuple[str, ...]]:
        """Values that a text tells for a flow that it begins; several where an order may be one of some."""
        found = extract(text, {name: self._pack.slots[name] for name in flow.slots}, message.lang)
        found = self._reason(message, text, flow) | found
        if self._answers.orders.tells_apart(message, text):  # 那个两口的取消，另一单留着: of orders, and of no pieces
            found = {n: v for n, v in found.items() if not self._tells_part(n)}
        slots: dict[str, tuple[str, ...]] = {name: (value,) for name, value in found.items()}
        for name in self._answers.orders.slots_of(flow):
            subject = self._subject(message, flow, name, found)
            if subject is None and THAT_ORDER.search(text):  # the flow says why this one cannot be served
                subject = message.session.subject.order
            if rest := self._with_rest(message, text, flow, name):
                slots[name] = (rest,)
            elif flow.item_among and (counted := self._answers.orders.only_counted(message, text, flow)):
                slots[name] = counted
            elif orders := self._answers.orders.meant(message, text, asked=False, focus=subject):
                slots[name] = self._answers.orders.fitting(message, flow, orders, found)
            elif counted := self._answers.orders.counted(message, text, flow):
                slots[name] = counted
            elif flow.item_among and self._answers.orders.words.means_all(
                text, len(served := self._answers.orders.served(message))
            ):
                slots |= {name: tuple(served)} if served else {}
        known = [slots[name] for name in self._answers.orders.slots_of(flow) if name in slots]
        order = known[0][0] if known and len(known[0]) == 1 else None if known else message.session.subject.order
        slots |= {name: (value,) for name, value in self._answers.items.slots(message, text, flow, order).items()}
        address = self.address_told(message, text, flow, order)
        return slots | {name: (value,) for name, value in address.items()}

    def address_told(self, message: Message, text: str, flow: Flow, order: str | None) -> dict[str, str]:
        """The address that a text tells for an order: by another own order, or by parts of the one that it has."""
        own = self._answers.orders.own(message, order) if order and message.session.customer else None
        if own is None or order is None:
            return {}
        address = self._answers.same_address.begun(message, text, flow, order)
        words = self._answers.orders.without_items(message, text)
        return address or self._answers.addresses.begun(message, words, flow, own.address)

    def _tells_part(self, name: str) -> bool:
        """Whether a slot tells which part of an order is meant."""
        slot = self._pack.slots[name]
        return slot.number or (slot.otherwise is not None and self._pack.slots[slot.otherwise].item)

    def _reason(self, message: Message, text: str, flow: Flow) -> dict[str, str]:
        """The reason that statements beside a wish tell: their words are read as if it had been asked for."""
        said = statements(text, self._pack.acts.question)
        slots = {n: self._pack.slots[n] for n in flow.asked_slots if self._pack.slots[n].carried}
        told = {name: extract(said, {name: slot}, message.lang, name).get(name) for name, slot in slots.items()}
        return {name: value for name, value in told.items() if value and value in slots[name].choices}

    def helps_rule(self, part: Part, flow: Flow) -> bool:
        """Whether a rule helps a guest more than another word on signing in: what a flow changes, or what he was told
        to sign in for and asks on, naming no thing of his own."""
        told = any(wish.needs_sign_in for wish in part.message.session.wishes)
        return self.writes(flow) or (told and evidence(part.words, self._pack.acts.own_item) is None)

    def begin(
        self, message: Message, text: str, flow: Flow, slots: dict[str, tuple[str, ...]], guess: ScoredWish
    ) -> Iterator[Act]:
        orders = self._answers.orders
        every = {n: v for n, v in slots.items() if len(v) > 1 and orders.words.means_all(text, len(v))}
        if flow.item_among:  # a look-up tells of each
            every |= {n: slots[n] for n in orders.names_in(slots) if orders.named_apart(message, text, slots[n])}
        slots = {name: values[:1] if name in every else values for name, values in slots.items()}
        certain = {name: values[0] for name, values in slots.items() if len(values) == 1}
        for name in self._answers.orders.slots_of(flow):
            if name not in slots and (subject := self._subject(message, flow, name, certain)):
                certain[name] = subject
                if message.session.subject.order is None and len(sku := message.session.subject.latest) == 1:
                    certain = {n: sku[0] for n in flow.slots if self._pack.slots[n].item} | certain
            elif name not in slots and (unnamed := self._answers.orders.unnamed(message, text, flow, certain)):
                certain[name] = unnamed
        certain = self.told_before(message, text, flow, certain) | certain
        if not self._answers.orders.words.wishes_for_other_piece(text):
            certain = self._reason_before(message, flow, certain) | certain
        named = flow in self.named(plain(text))
        yield Start(flow=flow.name, slots=certain, probability=1.0 if named else guess.probability, evidence=text)
        for name, values in every.items():
            for other in values[1:]:
                yield Start(flow=flow.name, slots={**certain, name: other}, evidence=text)
        for name, values in slots.items():
            if len(values) > 1:
                yield Choose(slot=name, candidates=values, evidence=text)

    def told_before(self, message: Message, text: str, flow: Flow, slots: dict[str, str]) -> dict[str, str]:
        """What the flow under way, or the one just before, was told about the same order and holds for this one too.

        The item and how many of it, whatever the flows call these slots, and what the pack carries over.
        """
        before = message.session.flow or (message.session.past[-1] if message.session.past else None)
        same = before and any(
            before.slots.get(name, "") == slots.get(name) for name in self._answers.orders.slots_of(flow)
        )
        if not before or not same or before.flow == flow.name:
            return {}
        # What is wrong with one piece is not with the other.
        other = self._answers.orders.words.wishes_for_other_piece(text)
        carried = [name for name in flow.slots if self._pack.slots[name].carried and not other]
        kept = {name: before.slots[name] for name in carried if name in before.slots}
        known = {name: self._pack.slots[name] for name in before.slots if name in self._pack.slots}
        for name in flow.slots:
            slot = self._pack.slots[name]
            alike = [n for n, other in known.items() if (slot.item and other.item) or (slot.number and other.number)]
            kept |= {name: before.slots[alike[0]]} if alike else {}
        return kept

    def _reason_before(self, message: Message, flow: Flow, slots: dict[str, str]) -> dict[str, str]:
        """The reason that the last messages tell of the same order: it is too big for my kitchen; can I return it?"""
        wanted = {n: self._pack.slots[n] for n in flow.slots if self._pack.slots[n].carried and n not in slots}
        order = next((slots[name] for name in self._answers.orders.slots_of(flow) if name in slots), None)
        given_up = flow.name in message.session.denied  # what was told for it then need not hold
        own = self._answers.orders.own(message, order) if order and wanted and not given_up else None
        before = [turn for turn in reversed(message.session.turns) if turn.role == "customer"][:MOST_BEFORE]
        last = message.session.past[-1] if message.session.past else None
        elsewhere = last and any(last.slots.get(n, order) != order for n in self._answers.orders.slots_of(flow))
        for turn in before:
            text = turn.text
            if leaves(text, self._pack.conversation):
                break  # "changed my mind" gave something else up
            if elsewhere and ANSWERS & set(turn.acts):
                break  # it told a flow of another order why that was not wanted
            if own and not self._answers.orders.names_else(message, text, own):
                told = extract(statements(text, self._pack.acts.question), wanted, message.lang)
                if told:
                    return told
        return {}

    def choices(self, flow: Flow) -> dict[str, Slot]:
        return {name: self._pack.slots[name] for name in flow.slots if self._pack.slots[name].choices}

    def _subject(self, message: Message, flow: Flow, slot: str, known: dict[str, str] | None = None) -> str | None:
        """The order that the conversation is about, if a wish may mean it without naming it.

        A flow that says which orders it offers means none of the others, nor one that it has changed already; a look-up
        none that is past what is known to be asked: when will it ship, of one that has arrived.
        """
        asks = next((step for step in flow.steps if step.collect == slot), None)
        among = asks.among if asks else ()
        subject = self._holding_lately(message, among) or message.session.subject.order
        if marked := self._answers.orders.marked(message, flow):
            paid = self._answers.orders.of_amount(message, message.text)
            if len(marked) == 1 or paid in marked:
                return message.placeholder((paid if paid and paid in marked else marked[0]).id)
            told = (past.slots.get(slot) for past in reversed(message.session.past) if past.flow == flow.name)
            own = [value for value in (subject, *told) if value]
            return next((v for v in own if message.original(v) in {order.id for order in marked}), None)
        if subject is None:
            return self._of_product(message, among)
        if not among:
            return subject
        past = message.session.past
        done = any(one.written and one.flow == flow.name and one.slots.get(slot) == subject for one in past)
        if done and not self._answers.orders.words.names_other_piece(message.text):
            return None
        if past and past[-1].flow == flow.name and past[-1].slots.get(slot) == subject:
            return subject  # it was told why this order cannot be served; the customer goes on about it
        number = message.original(subject)
        status = next((order.status for order in message.orders if order.id == number), "")
        if flow.item_among and asks and status not in flow.item_among:
            slots = dict.fromkeys(flow.slots) | (known or {})
            rules = [rule for rule in asks.likely if rule.when and evaluate(rule.when, slots)]
            if any(rule.states and status not in rule.states for rule in rules):
                return None
        served = (*among, *((*asks.also, *asks.spoken) if asks else ()))
        return subject if status in served else None

    def _holding_lately(self, message: Message, among: tuple[str, ...]) -> str | None:
        """The only own order, of those that a flow offers, with what was spoken of after the order of the conversation:
        the pillows are too hard, once the parcel with the blanket was told."""
        orders, subject = self._answers.orders, message.session.subject.order
        sku, own = orders.product_lately(message), orders.own(message, subject) if subject else None
        if sku is None or own is None or sku in own.skus:
            return None
        found = [o for o in message.orders if sku in o.skus and (not among or o.status in among)]
        return message.placeholder(found[0].id) if len(found) == 1 else None

    def _with_rest(self, message: Message, text: str, flow: Flow, slot: str) -> str | None:
        """The order of which a part was sent back in this conversation, where a text speaks of what is left of it."""
        takes_items = self._answers.orders.takes_items
        if not (takes_items(flow) and self._answers.orders.words.names_other_piece(text)):
            return None
        written = [past for past in message.session.past if past.written]
        of_items = {other.name for other in self._pack.flows if takes_items(other)}
        order = next((past.slots.get(slot) for past in reversed(written) if past.flow in of_items), None)
        own = self._answers.orders.own(message, order) if order else None
        return None if own and self._answers.orders.names_else(message, text, own) else order

    def _of_product(self, message: Message, among: tuple[str, ...]) -> str | None:
        """The only own order, of those that a flow offers, with the one product that the conversation is about."""
        latest = message.session.subject.latest
        if len(latest) != 1 or not message.session.customer:
            return None
        orders = [o for o in message.orders if latest[0] in o.skus and (not among or o.status in among)]
        return message.placeholder(orders[0].id) if len(orders) == 1 else None

    def _tells_data(self, words: str) -> bool:
        """Whether a part tells personal data, but no order: a telephone number alone asks for nothing."""
        return any(found[1] != self._answers.orders.pii for found in PLACEHOLDER.finditer(words))
