"""What a question means for somebody who has ordered: of a parcel under way it asks no price and no delivery estimate,
and within an exchange "when will it come" is asked of the new item.

The pack says which flow answers a query or FAQ about what is on order (``on_order``), and what is meant while a flow is
under way or right after it (``asked_meanwhile``, ``asked_afterwards``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kefu.acts import Act, Ask, Query, Start, Unclear, entry_target, target_of
from kefu.knowledge.index import Hit
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from kefu.shop.queries import NEEDED_SLOT
from kefu.shop.queries import Query as ShopQuery
from kefu.shop.slots import extract
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.marks_of_orders import goes_to
from serving.dialogue.linking.records import Order, ProductLink
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.wishes.entries import EntryReader
from serving.dialogue.reading.word_rules import evidence, plain, search_words
from serving.sessions.session import PastFlow

MOST_NAMED = 2  # orders of a question; of more, it asks rather for a rule


class OwnOrderReader:
    """Reads questions of one pack that are about the customer's own orders."""

    def __init__(self, pack: Pack, linker: Linker, answers: AnswerReader, entries: EntryReader) -> None:
        self._pack, self._linker, self._answers, self._entries = pack, linker, answers, entries
        self._flows = {flow.name: flow for flow in pack.flows}
        self._on_order = {f"query:{name}": query.on_order for name, query in pack.queries.items() if query.on_order}
        self._on_order |= {f"faq:{faq.id}": faq.on_order for faq in pack.faq if faq.on_order}
        self._of_own = {f"faq:{faq.id}": faq.own_query for faq in pack.faq if faq.own_query}

    def meant(
        self, message: Message, text: str, links: Sequence[ProductLink], found: Sequence[Act | Hit]
    ) -> list[Act | Hit]:
        """The acts of a text, those about an own order in place of those about something to buy, or in general."""
        meant: list[Act | Hit] = []
        replaced: set[str] = set()
        for one in found:
            instead = None if isinstance(one, Hit) else self._instead(message, text, links, one)
            if instead is None or isinstance(one, Hit):
                meant.append(one)
            else:
                meant += instead
                replaced.add(target_of(one) or "")
        return [one for one in meant if not isinstance(one, Hit) or entry_target(one.entry.id) not in replaced]

    def _instead(
        self, message: Message, text: str, links: Sequence[ProductLink], act: Act
    ) -> Sequence[Act | Hit] | None:
        """What an act means instead; None: what it says."""
        likely = act.candidates[0] if isinstance(act, Unclear) and act.candidates else ""
        target = entry_target(likely) if likely else target_of(act)
        if not target:
            return None
        if known := self._of_flow_under_way(message, text, act, target):
            kind, _, told = known.rpartition(":")
            if kind:
                order = message.session.subject.order
                return [self._asked(message, text, told, order)]
            hit = self._entries.of_faq(message, told)
            return [hit, Ask(entry=hit.entry.id, evidence=hit.entry.question)]
        query = self._of_own.get(target)
        if query and self._pack.queries[query].needs == "none":
            return [self._asked(message, text, query)] if message.session.customer else None
        if query and (order := self._own_order(message, text, self._pack.queries[query], isinstance(act, Ask))):
            return [self._asked(message, text, query, order)]
        if (name := self._on_order.get(target)) is None:
            return None
        flow = self._flows[name]
        return (
            self._named(message, text, flow)
            if isinstance(act, Ask)
            else self._on_its_way(message, text, links, act, flow)
        )

    def _asked(self, message: Message, text: str, name: str, order: str | None = None) -> Query:
        """A query of an own order, or of no single one, with what a text tells of it: which coupon, a new order."""
        told = extract(plain(text), {n: self._pack.slots[n] for n in self._pack.queries[name].may_read}, message.lang)
        return Query(name=name, slots={**told, **({NEEDED_SLOT["order"]: order} if order else {})}, evidence=text)

    def _own_order(self, message: Message, text: str, query: ShopQuery, sure: bool) -> str | None:
        """The order (its placeholder) of which a query tells what a text asks; None where no single one may be meant.

        sure: whether the text is known to ask this; else it has to name the order.
        """
        if not message.session.customer or self._is_general(message, text):
            return None
        orders = self._answers.orders
        named = [
            (value, own) for value in orders.meant(message, text, asked=True) if (own := orders.own(message, value))
        ]
        fitting = [value for value, own in named if own.status in query.among] or [value for value, _ in named]
        if named or not sure:
            return fitting[0] if len(fitting) == 1 else None
        among = {message.placeholder(order.id) for order in message.orders if order.status in query.among}
        subject = message.session.subject.order
        return subject if subject in among else next(iter(among)) if len(among) == 1 else None

    def _named(self, message: Message, text: str, flow: Flow) -> list[Start] | None:
        """Wishes for a flow about the own orders that a question names; None when it names none: it asks for a rule."""
        slot = next(iter(self._answers.orders.slots_of(flow)), None)
        if slot is None or not message.session.customer or self._is_general(message, text):
            return None
        orders = self._answers.orders
        named = orders.meant(message, text, asked=False) or orders.meant(message, message.text, asked=False)
        state = message.session.flow
        subject, chosen = message.session.subject.order, next((step.only for step in flow.steps if step.only), ())
        if not named and state and state.flow != flow.name:  # asked beside what is being done with an order
            named = tuple(state.slots[name] for name in orders.names_in(state.slots))
        elif not named and chosen and subject:
            named = (subject,)
        if chosen and not orders.meant(message, message.text, asked=False):  # 多久到账: of a refund that is on its way
            marked = {order.id for order in message.orders if chosen[0] in order.marks}
            named = tuple(value for value in named if message.original(value) in marked)
        own = {value: order for value in named if (order := orders.own(message, value))}
        under_way = [value for value, order in own.items() if order.status in flow.item_among]
        fitting = orders.fitting(message, flow, tuple(under_way or own))
        if not fitting or len(fitting) > MOST_NAMED:
            return None
        if state and state.flow == flow.name and all(order in state.slots.values() for order in fitting):
            return None  # it has told of them what it knows: will you refund me if it is lost
        told = extract(text, {name: self._pack.slots[name] for name in flow.slots}, message.lang)
        return [Start(flow=flow.name, slots={**told, slot: order}, evidence=text) for order in fitting]

    def _on_its_way(
        self, message: Message, text: str, links: Sequence[ProductLink], act: Act, flow: Flow
    ) -> list[Start] | None:
        """Wishes for a flow about the own orders that a question means; None when it is about none.

        Empty: it is about an order, and about none that is under way. A question that tells where to or when means an
        order that is not named only if it goes there.
        """
        slot = next(iter(self._answers.orders.slots_of(flow)), None)
        if slot is None or not message.session.customer or self._is_general(message, text):
            return None
        orders = {order.id: order for order in message.orders if order.status in flow.item_among}
        named = self._answers.orders.meant(message, text, asked=False)
        subject = message.session.subject.order
        named = named or self._answers.orders.meant(message, message.text, asked=False)  # 毛巾那单到成都了，明天能到吗
        if not named and not links and subject and message.original(subject) in orders:
            named = (subject,)  # 今天不能送吗 tells when, and names no order of today
        named = named or self._answers.orders.meant(message, text, asked=True)
        under_way = [orders[number] for value in named if (number := message.original(value)) in orders]
        if not under_way and not named:
            under_way = self._spoken_of(message, links, list(orders.values()))
        words, tells_more = message.original(text), isinstance(act, Query) and bool(act.slots)
        if tells_more and (there := [order for order in under_way if goes_to(words, order)]):
            under_way = there
        elif tells_more and not self._answers.orders.refers(message, message.text):
            return None
        if not under_way:
            return [] if named else None
        told = extract(text, {name: self._pack.slots[name] for name in flow.slots}, message.lang)
        return [
            Start(flow=flow.name, slots={**told, slot: message.placeholder(order.id)}, evidence=text)
            for order in under_way[: 1 if not links else len(under_way)]
        ]

    def _is_general(self, message: Message, text: str) -> bool:
        """Whether a text asks of what is bought now, or in general; a part that names no order, as the whole does."""
        words, to_buy = plain(text), self._pack.acts.to_buy
        if evidence(words, to_buy) is not None:
            return True
        whole = evidence(plain(message.text), to_buy) is not None
        return whole and not self._answers.orders.meant(message, text, asked=False)

    def _spoken_of(self, message: Message, links: Sequence[ProductLink], orders: Sequence[Order]) -> list[Order]:
        """Orders under way with what a text or the conversation speaks of; else the order that was spoken of."""
        if skus := {link.sku for link in links} or set(
            message.spoken_of if message.session.subject.order is None else ()
        ):
            return [order for order in orders if skus & set(order.skus)]
        subject = message.session.subject.order
        return [order for order in orders if subject and order.id == message.original(subject)]

    def _of_flow_under_way(self, message: Message, text: str, act: Act, target: str) -> str | None:
        """The FAQ or query that a question means because of what is being, or was just, done with the same order."""
        state, case = message.session.flow, self._answers.settled.read(message, text)
        if state:
            if state.flow not in self._flows or f"flow:{state.flow}" in message.rejected:
                return None
            flow = self._flows[state.flow]
            agreed = message.flow is None and message.topic == f"flow:{state.flow}"  # asked beside a yes to it
            agreed = agreed and not isinstance(act, Start)  # 好，那我退两个呢 is no question about what is agreed
            slots, meant = state.slots, flow.asked_meanwhile | (flow.asked_afterwards if agreed else {})
        elif case:
            slots, meant = case.slots, self._flows[case.flow].asked_afterwards
            if self._answers.settled.is_new_wish(message, text, act) or self._asks_of_goods(message, text, case, act):
                return None
            if isinstance(act, Start) and self._answers.settled.names_other_item(message, case):
                return None
        elif begun := self._begun_before(message, text, act):
            return begun.asked_meanwhile.get(target)
        else:
            return None if isinstance(act, Start) else self._of_topic(message).get(target)
        orders = [slots[name] for name in self._answers.orders.names_in(slots)]
        told = act.slots if isinstance(act, Start | Query) else {}
        others = {told[name] for name in self._answers.orders.names_in(told)} - set(orders)
        other = bool(others & set(self._answers.orders.meant(message, text, asked=True)))  # 钱什么时候到账 names none
        return meant.get(target) if orders and not other else None

    def _begun_before(self, message: Message, text: str, act: Act) -> Flow | None:
        """The flow that an earlier part of the message begins, of whose order a text asks: 换吧，新的几天能到."""
        kind, _, name = message.topic.partition(":")
        orders, subject = self._answers.orders, message.session.subject.order
        named = set(orders.meant(message, text, asked=False))
        if isinstance(act, Start):  # a look-up may be of any order; of this one it tells nothing that is new
            named = {act.slots[slot] for slot in orders.names_in(act.slots)} or {""}
        if kind != "flow" or orders.described(message, text) or not named <= {subject}:
            return None
        return self._flows.get(name)

    def _asks_of_goods(self, message: Message, text: str, case: PastFlow, act: Act) -> bool:
        """Whether a text asks of goods, by name or by what happens to goods alone, and what was done took no item: an
        invoice is no pot, and a price difference does not ship."""
        if any(self._pack.slots[name].item for name in self._flows[case.flow].slots):
            return False
        rules = [self._pack.slots[name].of_goods for name in act.slots] if isinstance(act, Start) else []
        moves = any(rule and search_words(plain(text), rule, ()) for rule in rules)
        return moves or any(link.exact for link in self._linker.link_products(message.original(text)))

    def _of_topic(self, message: Message) -> Mapping[str, str]:
        """What is meant after a flow that did not begin, or a FAQ on what it does: can I send it back? the postage?"""
        kind, _, name = (message.session.told[-1].name if message.session.told else "").partition(":")
        flow = self._flows.get(name) if kind == "flow" else None
        if kind == "faq" and (intent := next((faq.intent for faq in self._pack.faq if faq.id == name), "")):
            flow = self._pack.flow_for(intent)
        return flow.asked_meanwhile if flow else {}
