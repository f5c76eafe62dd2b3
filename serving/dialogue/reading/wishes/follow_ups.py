"""What was told or begun last, asked of something else that a message names and hardly more: 那汤碗呢, and the pot?

One mechanism for flows and queries: the same act with the new order or product. A message that says itself what it
asks is read as ever. Nothing is written by it: a flow that changes the shop asks for its confirmation again.
"""

from __future__ import annotations

import re

from kefu.acts import Act, Choose, Query, Start
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from kefu.shop.slots import extract
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.records import ProductLink
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.segments import answer_pieces
from serving.dialogue.reading.wishes.flows import FlowReader
from serving.dialogue.reading.wishes.queries import QueryReader
from serving.dialogue.reading.word_rules import evidence, plain

# Words around what a follow-up names, which ask nothing by themselves.
_AROUND = re.compile(
    r"(?:那么?|还有|另外|另|其他|别的|剩下|对了|哦|噢|嗯|啊|呀|呢|吗|嘛|哈|的|也|都|一样|同样|订单|单|包裹|快递|东西|[这那]|[个笔件条套床口把只盏台]|跟|和|一起|我们?|你们?|买过?|拍|下|订|是"
    r"|就|再|帮|给|看|查|一|请问|怎么样|咋样|啥情况|什么情况|情况|如何|两|里|有|寄|好|行|知道|了|谢谢|亲|收到|签收|到|早上|上午|中午|下午|晚上|刚)"
    r"|(?:不是|不对|错了?|没|说|指|问|之前|应该|搞|看|弄|那件)"
    r"|\b(?:and|no|nope|not|wrong|sorry|actually|paid|one|what|whats|how|hows|about|the|my|our|a|an|other|another|ones?|orders?|parcels?|packages?|that|this|those|these|with|in|it|for|from"
    r"|of|to|also|too|then|so|ok|okay|oh|hm+|well|cool|great|good|nice|thanks?|thx|you|please|pls|plz|i|ordered|bought|got|have|received|came|arrived|morning"
    r"|is|are|was|were|same|question|mean|meant|lol|haha|s|m|or)\b",
    re.IGNORECASE,
)
# The order of the wish before was a mistake: 看错了，是另外一单.
MISTAKEN = re.compile(
    r"(?:看|弄|搞|记|说|发|写|报)错|是另(?:外)?(?:一|那)?(?:个|单|笔)|不是(?:这|那)一?(?:个|单|笔|个?(?:订单|包裹))"
    r"|\b(?:mixed (?:it|them|that) up|wrong (?:order|one)|my mistake|not (?:this|that) (?:one|order|parcel))\b",
    re.IGNORECASE,
)
BOUGHT = re.compile(r"[买拍订]了|下了?单|\b(?:bought|ordered)\b", re.IGNORECASE)
WHETHER = re.compile(r"\bor not\b", re.IGNORECASE)  # today or not: of the order that is spoken of
_SAID = re.compile(r"[a-z]+|\d+", re.IGNORECASE)
MOST_BESIDE = 1  # characters of other words that a follow-up may have


class FollowUpReader:
    """Reads follow-ups of one pack's flows and queries."""

    def __init__(
        self, pack: Pack, linker: Linker, answers: AnswerReader, flows: FlowReader, queries: QueryReader
    ) -> None:
        self._pack, self._linker, self._answers = pack, linker, answers
        self._flows, self._queries = flows, queries
        self._flow_named = {flow.name: flow for flow in pack.flows}
        self._chatter = {phrase for phrases in pack.conversation.around.values() for phrase in phrases}

    def read(self, message: Message, text: str) -> list[Act]:
        """The acts that a text carries over to what it names; none when it is no follow-up."""
        if message.step and message.step.collect:
            return []  # it tells what was asked for
        session = message.session
        last = session.told[-1] if session.told else None
        name = last.name if last else f"flow:{session.past[-1].flow}" if session.past else ""
        kind, _, named = name.partition(":")
        if last and kind == "query" and not message.flow and evidence(plain(text), self._pack.acts.yes_or_no):
            return [Query(name=named, slots=last.slots, evidence=text)] if named in self._pack.queries else []
        if not name or not self._is_bare(message, text):
            return []
        if kind == "flow" and named in self._flow_named:
            return self._flow_again(message, text, self._flow_named[named])
        if last and kind == "query" and named in self._pack.queries:
            return self._query_again(message, text, named, last.slots)
        return []

    def of_day(self, message: Message, text: str) -> list[Act]:
        """A look-up carried over to what the first words name, where the rest asks of a day: 那汤碗呢，也是18号吗？"""
        first, *rest = answer_pieces(text, None)
        if not rest or not first.rstrip(" ，,").endswith("呢"):
            return []
        acts = self.read(message, first)
        flows = [self._flow_named[act.flow] for act in acts if isinstance(act, Start)]
        asked = flows and all(flow.item_among and self._answers.items.days(message, text, flow) for flow in flows)
        return acts if asked else []

    def described_alone(self, message: Message, text: str) -> Act | None:
        """An own order that half a sentence describes, and no more: 今早收到的那个四件套.

        Those that may be meant, where it tells that something was bought: 我昨天买了个锅.
        """
        if message.flow or PLACEHOLDER.search(text):
            return None
        described = self._answers.orders.described(message, text)
        bought = BOUGHT.search(plain(text)) is not None and self._is_bare(message, text)
        meant = self._answers.orders.meant(message, text, asked=True) if bought else ()
        orders = (described,) if described and self._is_bare(message, text) else meant
        return self._answers.orders.alone(orders, text)

    def refused_again(self, message: Message, text: str) -> Start | None:
        """The wish that was just refused for one order, when another own order is named in its place.

        Not the clock. The bedding set, QM…; that one came on the 11th, can it go back? A wish of its own, in plain
        words, or a question that no word connects with the wish, is read as ever.
        """
        past = message.session.past[-1] if message.session.past else None
        if past is None or past.written or past.outcome != "resolved" or message.flow or not message.session.customer:
            return None
        flow = self._flow_named.get(past.flow)
        slot = next(iter(self._answers.orders.slots_of(flow)), None) if flow else None
        corrects = MISTAKEN.search(text) is not None
        named = [other for other in self._flows.named(plain(text)) if not corrects or not other.item_among]
        if flow is None or slot is None or slot not in past.slots or named:
            return None
        orders = self._answers.orders.meant(message, text, asked=True)
        orders = self._answers.orders.fitting(message, flow, orders) if len(orders) > 1 else orders
        connected = corrects or evidence(plain(text), flow.asked_again) is not None
        numbered = PLACEHOLDER.search(text) is not None and evidence(plain(text), self._pack.acts.question) is None
        if len(orders) != 1 or orders[0] == past.slots[slot] or not (numbered or connected):
            return None
        again = self._begun(message, text, flow, {slot: orders[0]})
        last = message.session.told[-1] if message.session.told else None
        if corrects and last and last.name == f"flow:{flow.name}":  # what was asked of the other order
            items = {name for name in flow.slots if self._pack.slots[name].item or self._pack.slots[name].number}
            again.slots.update({n: v for n, v in last.slots.items() if n not in again.slots and n not in items})
        return again

    def _flow_again(self, message: Message, text: str, flow: Flow) -> list[Act]:
        """The flow that was told last, for other own orders; one that is under way gives way only if it looks up."""
        slot = next(iter(self._answers.orders.slots_of(flow)), None)
        if slot is None or not message.session.customer:
            return []
        if message.session.flow and (message.session.flow.flow != flow.name or not flow.item_among):
            return []
        faults = [one for one in self._pack.flows if one.told_by and evidence(plain(text), one.asked_of_item)]
        if any(named is not flow for named in (*self._flows.named(plain(text)), *faults)):
            return []  # 催一下浴巾, after another wish for the plates; 昨天到的马克杯碎了一个
        orders = self._meant(message, text, flow)
        if not orders:
            return []
        if len(orders) == 1 or self._answers.orders.words.means_all(text, len(orders)):
            return [self._begun(message, text, flow, {slot: order}) for order in orders]
        return [Start(flow=flow.name, evidence=text), Choose(slot=slot, candidates=orders, evidence=text)]

    def _meant(self, message: Message, text: str, flow: Flow) -> tuple[str, ...]:
        """The own orders that a text means: others than the one just served, if there are any, and those under way.

        The same one is asked for again only where the flow looks up.
        """
        session = message.session
        state = session.flow or (session.past[-1] if session.past else None)
        served = {state.slots[name] for name in self._answers.orders.names_in(state.slots)} if state else set()
        known = {order.id: order.status for order in message.orders}
        meant = [o for o in self._answers.orders.meant(message, text, asked=True) if message.original(o) in known]
        orders = tuple(o for o in meant if o not in served) or tuple(
            meant if flow.item_among and not PLACEHOLDER.search(text) else ()
        )
        if len(orders) > 1:
            orders = self._answers.orders.fitting(message, flow, orders)
        if not flow.item_among:  # what it cannot serve is told of only where it is named
            return orders if len(orders) == 1 or PLACEHOLDER.search(text) else self._served_by(message, flow, orders)
        orders = tuple(o for o in orders if known[message.original(o)] in flow.item_among) or orders
        states = {known.get(message.original(value)) for value in served}
        alike = tuple(o for o in orders if known[message.original(o)] in states)
        return alike if len(alike) == 1 else orders  # when does it ship? And the throw? the one that has not shipped

    def _served_by(self, message: Message, flow: Flow, orders: tuple[str, ...]) -> tuple[str, ...]:
        own = ((value, self._answers.orders.own(message, value)) for value in orders)
        return tuple(value for value, order in own if order and self._flows.serves(flow, order))

    def _query_again(self, message: Message, text: str, name: str, told: dict[str, str]) -> list[Act]:
        """The query that was told last, of another product that a text names, or of another order."""
        needs = self._pack.queries[name].needs
        links: list[ProductLink] = [link for link in self._linker.link_products(message.original(text)) if link.exact]
        may_read = self._pack.queries[name].may_read
        if message.flow or (needs == "none" and not may_read) or (needs == "product" and not links):
            return []
        again = self._queries.query(message, name, text, links, text)
        new = {slot: value for slot, value in again.slots.items() if told.get(slot) != value}
        return [Query(name=name, slots={**told, **again.slots}, evidence=text)] if new else []

    def _begun(self, message: Message, text: str, flow: Flow, order: dict[str, str]) -> Start:
        """A wish for the flow about another order, with what was told of the one before and holds for this one too."""
        past = message.session.past[-1:]
        told = self._answers.values.without_correction(text)  # 发错了，是QM…: the number was, and no goods
        slots = {**extract(told, self._flows.choices(flow), message.lang), **order}
        slots |= self._answers.items.slots(message, text, flow, next(iter(order.values())))
        before = past[0].slots if past and past[0].flow == flow.name else {}
        kept = (n for n in before if n in flow.slots and (self._pack.slots[n].carried or self._pack.slots[n].shared))
        carried = {name: before[name] for name in kept}
        return Start(flow=flow.name, slots=carried | slots, evidence=text)

    def _is_bare(self, message: Message, text: str) -> bool:
        """Whether a text names something, and says hardly anything else."""
        words = message.original(text)
        if WHETHER.search(words):
            return False
        spans = {(link.start, link.end) for link in self._linker.link_items(words, message.orders, denied=True)}
        spans |= {(link.start, link.end) for link in self._linker.link_products(words) if link.exact}
        for start, end in sorted(spans, reverse=True):
            words = f"{words[:start]} {words[end:]}"
        for found in self._answers.orders.evidence(message, text):
            words = words.replace(found, " ")
        last = message.session.told[-1].name.removeprefix("query:") if message.session.told else ""
        for value in self._queries.may_tell(last, text, message.lang).values():  # and the 50 one?
            words = words.replace(value, " ")
        words = plain(_without_said(words, message))
        reject = self._pack.acts.reject
        restated = evidence(words, reject.restates) if reject else None  # I meant the pan lol
        rest = _AROUND.sub(" ", words.replace(restated, " ", 1) if restated else words)
        left = (word for word in rest.lower().split() if word not in self._chatter)
        return sum(sum(map(str.isalnum, word)) for word in left) <= MOST_BESIDE


def _without_said(words: str, message: Message) -> str:
    """Words without those that the customer used before: is it itchy? And the sherpa one, itchy or not?"""
    last = next((turn.text for turn in reversed(message.session.turns) if turn.role == "customer"), "")
    said = {word for word in _SAID.findall(plain(last).lower()) if len(word) > 1}
    return _SAID.sub(lambda word: " " if plain(word[0]).lower() in said else word[0], words)
