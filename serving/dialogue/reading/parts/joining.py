"""Joins the acts of a message's parts: a later part that tells a slot of an earlier wish belongs to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from kefu.acts import (
    Act,
    Ask,
    Choose,
    Compare,
    Correct,
    Fill,
    OutOfScope,
    Person,
    Query,
    Quote,
    Recommend,
    SmallTalk,
    Start,
    Unclear,
    target_of,
)
from kefu.shop.pack import Pack
from kefu.shop.queries import NEEDED_SLOT
from kefu.shop.slots import extract
from serving.dialogue.queries import ASPECT
from serving.dialogue.reading.answers.items import statements
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.guesses import WishGuesser
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.parts.asides import SECOND, Asides, asks
from serving.dialogue.reading.wishes.flows import FlowReader
from serving.dialogue.reading.wishes.queries import QueryReader
from serving.dialogue.reading.word_rules import evidence, is_idiom, plain

CERTAIN = 0.99  # of a rule beside the flow that answers it for the order
RECOMMEND = "recommend"  # advice, among what a query covers


class ActJoiner:
    """Joins acts of one pack."""

    def __init__(
        self, pack: Pack, answers: AnswerReader, flows: FlowReader, queries: QueryReader, guesser: WishGuesser
    ) -> None:
        self._pack, self._answers, self._flows, self._queries = pack, answers, flows, queries
        self._asides = Asides(pack, answers, flows, guesser)
        self._flow_named = {flow.name: flow for flow in pack.flows}
        self._flow_of_rule = {f"faq:{faq.id}": faq.on_order for faq in pack.faq if faq.on_order}

    def join(self, message: Message, parts: Sequence[str], read: Sequence[list[Act]]) -> list[Act]:
        """The acts of all parts; a later part that tells a slot of an earlier wish belongs to it."""
        acts: list[Act] = []
        apart: list[Act] = []
        also = False
        read = self._asides.without(message, parts, read)
        for part, some in zip(parts, read, strict=True):
            also |= evidence(part, self._pack.acts.another) is not None
            begun = next((act for act in reversed(acts) if isinstance(act, Start)), None)
            for act in some:
                if isinstance(act, Start) and begun and not also and not _differs(act, begun):
                    filled = self._fills(message, part, begun)
                    answers = filled.keys() & set(self._flow_named[begun.flow].asked_slots)
                    if act.flow == begun.flow or answers or act.probability < SECOND:
                        begun.slots.update({k: v for k, v in {**act.slots, **filled}.items() if k not in begun.slots})
                        continue
                if isinstance(act, Query) and begun and not also and act.probability < SECOND:
                    continue  # My towel was due yesterday. What's going on: no offers
                if isinstance(act, Unclear) and begun:
                    begun.slots.update(
                        {k: v for k, v in self._fills(message, part, begun).items() if k not in begun.slots}
                    )
                acts.append(act)
                apart += [act] if also else []
            also = also and not any(map(asks, some))  # By the way, …: it stands for what follows
        if any(isinstance(act, Compare) for act in acts):  # products that are named need no advice for others
            acts = [act for act in acts if not isinstance(act, Recommend)]
        if any(asks(act) or isinstance(act, Fill | Choose) for act in acts):
            acts = [act for act in acts if not isinstance(act, Unclear | SmallTalk) or is_likely_question(act)]
        if any(asks(act) and not isinstance(act, OutOfScope) for act in acts):  # the rest only sounds strange
            acts = [act for act in acts if not (isinstance(act, OutOfScope) and act.probability < 1)]
        acts = self._without_refused(message, acts)
        self.share_order(acts, apart)
        self._share_product(acts)
        return list(_once(self._without_second_look(acts)))

    def _without_refused(self, message: Message, acts: Sequence[Act]) -> list[Act]:
        """Without flows that cannot be had for an order, beside one that tells of it: 我知道取消了，钱多久到账."""
        orders = self._answers.orders
        told = {(act.flow, act.slots[n]) for act in acts if isinstance(act, Start) for n in orders.names_in(act.slots)}
        known = {value: own for _, value in told if (own := orders.own(message, value))}
        telling = {v: {f.name for f in self._pack.flows if own.status in f.explains} for v, own in known.items()}

        def is_refused(act: Act) -> bool:
            names = orders.names_in(act.slots) if isinstance(act, Start) else []
            value = act.slots[names[0]] if isinstance(act, Start) and names else ""
            if not isinstance(act, Start) or value not in known or act.flow in telling[value]:
                return False
            beside = any((flow, value) in told for flow in telling[value])
            return beside and not self._flows.serves(self._flow_named[act.flow], known[value])

        return [act for act in acts if not is_refused(act)]

    def with_address(self, message: Message, acts: list[Act]) -> list[Act]:
        """The acts, with a change of the address of their order, or of the one spoken of, where the message puts a part
        of it right."""
        begun = {act.flow for act in acts if isinstance(act, Start)}
        orders, subject = self._answers.orders, message.session.subject.order
        told = [act.slots for act in acts if isinstance(act, Start | Query)]
        named = {slots[name] for slots in told for name in orders.names_in(slots)} or {subject or ""}
        own = orders.own(message, next(iter(named))) if len(named) == 1 else None
        for flow in self._pack.flows if own and message.session.customer and not message.flow else ():
            address = self._answers.addresses.corrected(message, flow, own.address) if own else {}
            if address and own and flow.name not in begun and self._flows.serves(flow, own):
                slots = {orders.slots_of(flow)[0]: message.placeholder(own.id), **address}
                left = [act for act in acts if not isinstance(act, Unclear)]
                return [*left, Start(flow=flow.name, slots=slots, evidence=message.text)]
        return acts

    def tell_whole(self, message: Message, acts: list[Act]) -> None:
        """Gives the only wish of a message what its other parts tell: the reason before it, the item after it.

        The order that the whole message means decides among those that fit one part: It's QM…. One of the bowls …
        """
        starts = [act for act in acts if isinstance(act, Start)]
        if len(starts) != 1 or starts[0].resumes or starts[0].evidence == message.text:
            return
        flow = self._flow_named[starts[0].flow]
        orders = self._answers.orders.slots_of(flow)
        told = self._flows.slots_told(message, statements(message.text, self._pack.acts.question), flow)
        whole = self._flows.slots_told(message, message.text, flow)  # where's my throw? ordered it on Saturday
        told |= {name: whole[name] for name in orders if len(told.get(name, ())) != 1 and len(whole.get(name, ())) == 1}
        decided = {name for name in orders if len(told.get(name, ())) == 1}
        for act in [act for act in acts if isinstance(act, Choose) and act.slot in decided]:
            acts.remove(act)
        several = {act.slot for act in acts if isinstance(act, Choose)}
        for name, values in told.items():
            if (
                len(values) == 1
                and name not in several
                and (name not in orders or not starts[0].slots.keys() & set(orders))
            ):
                starts[0].slots.setdefault(name, values[0])

    def doubt_number(self, message: Message, acts: list[Act]) -> list[Act]:
        """The acts, where an order that was given by number and holds nothing that the message names is asked for."""
        orders = self._answers.orders.unlike(message, message.text)
        corrects = evidence(plain(message.text), self._pack.acts.correct) is not None
        if not orders or corrects or orders[-1] in message.session.offered:
            return acts  # no, that's the steamers, my bad: QM…
        *_, given = orders
        starts = [act for act in acts if isinstance(act, Start)]
        slots = [n for act in starts for n in self._answers.orders.slots_of(self._flow_named[act.flow])]
        slots += [act.slot for act in acts if isinstance(act, Fill | Correct) and act.value == given]
        named = {flow.name for flow in self._flows.named(plain(message.text)) if self._flows.writes(flow)}
        if len(set(slots)) != 1 or len(starts) > 1 or named - {act.flow for act in starts}:
            return acts  # 取消QM…吧，水壶到哪了: of two orders
        for act in starts:
            act.slots.pop(slots[0], None)
        left = [act for act in acts if not (isinstance(act, Fill | Correct | Choose) and act.slot == slots[0])]
        return [*left, Choose(slot=slots[0], candidates=orders, unlike=given, evidence=message.text)]

    def without_covered(self, acts: Sequence[Act]) -> list[Act]:
        """Without what a query of the message covers, and rules about what a flow does for his order."""
        if any(isinstance(act, Quote) for act in acts):  # a total: of what is to be bought, of no order
            acts = [
                a
                for a in acts
                if not (isinstance(a, Query) and self._pack.queries[a.name].needs == "order" and a.probability < 1)
            ]
            quoted = {sku for act in acts if isinstance(act, Quote) for sku, _ in act.basket}
            acts = [a for a in acts if not (isinstance(a, Query) and self._is_price_of(a, quoted))]
        asked = {act.name for act in acts if isinstance(act, Query)}
        begun = {act.flow for act in acts if isinstance(act, Start)}
        ruled = {entry for entry, flow in self._flow_of_rule.items() if flow in begun}
        acts = [a for a in acts if not (isinstance(a, Ask) and target_of(a) in ruled and a.probability < CERTAIN)]
        covered = {name for query in asked for name in self._pack.queries[query].covers}
        if RECOMMEND in covered:
            acts = [act for act in acts if not isinstance(act, Recommend)]
        acts = [act for act in acts if not (isinstance(act, Start) and f"flow:{act.flow}" in covered)]
        return self._with_all_aspects([a for a in acts if not (isinstance(a, Query) and _names(a) & covered)])

    def _with_all_aspects(self, acts: Sequence[Act]) -> list[Act]:
        """The acts, where aspects that are asked of the same products are one question: 有多重，几瓦."""
        joined: list[Act] = []
        asked: dict[tuple[tuple[str, str], ...], Query] = {}
        for act in acts:
            if not (isinstance(act, Query) and ASPECT in act.slots):
                joined.append(act)
                continue
            key = (("query", act.name), *sorted((n, value) for n, value in act.slots.items() if n != ASPECT))
            if key not in asked:
                asked[key] = replace(act, slots=dict(act.slots))
                joined.append(asked[key])
            elif act.slots[ASPECT] not in asked[key].slots[ASPECT].split(","):
                asked[key].slots[ASPECT] += f",{act.slots[ASPECT]}"
        return joined

    def _is_price_of(self, act: Query, skus: Collection[str]) -> bool:
        """Whether a query asks for nothing but the price of products, which a sum over them tells."""
        named = act.slots.get(NEEDED_SLOT["product"], "").split(",")
        return self._queries.is_of_price(act.evidence) and set(named) <= set(skus)

    def without_orders_of_others(self, message: Message, acts: Sequence[Act]) -> list[Act]:
        """The acts without the order of another wish, which the open flow did not ask for: Invoice for QM… please."""
        asked = message.step.collect if message.step else None
        begun = [act for act in acts if isinstance(act, Start) and message.flow and act.flow != message.flow.name]
        orders = {act.slots[name] for act in begun for name in self._answers.orders.names_in(act.slots)}
        told = [
            act for act in acts if isinstance(act, Fill | Correct) and self._answers.orders.names_in({act.slot: ""})
        ]
        numbered = {act.value for act in told if act.value and act.value in message.text}
        weak = [act for act in told if numbered and act.value not in numbered]  # QM…. I did not receive it!
        return [
            act
            for act in acts
            if not (isinstance(act, Fill | Correct) and act.slot != asked and act.value in orders) and act not in weak
        ]

    def without_idioms(self, message: Message, acts: list[Act]) -> list[Act]:
        """Without flows that one part seems to ask for and the whole message does not: 取件那天我不在，能改到后天吗."""
        words = plain(message.text)
        rules = {flow.name: flow.asked_by for flow in self._pack.flows if is_idiom(words, flow.asked_by)}
        denied = {name for name, rule in rules.items() if evidence(words, rule) is None}
        left = [
            act
            for act in acts
            if not (isinstance(act, Start) and act.flow in denied)
            or evidence(act.evidence, self._pack.acts.another) is not None  # set apart: its words are its own
        ]
        return left if any(map(asks, left)) else acts

    def share_order(self, acts: Sequence[Act], apart: Sequence[Act]) -> None:
        """Gives the only order that a message speaks of to its wishes that name none: can it ship today? else cancel

        Args:
            apart: acts that a word for "also" sets apart: what they name is told of no wish before them.
        """
        starts = [act for act in acts if isinstance(act, Start)]
        slots = {flow.name: self._answers.orders.slots_of(flow) for flow in self._pack.flows}
        named = [
            (at, act.slots[name]) for at, act in enumerate(starts) for name in slots[act.flow] if name in act.slots
        ]
        if len({order for _, order in named}) != 1 or any(isinstance(act, Choose) for act in acts):
            return
        first, order = named[0]
        for act in starts[first if any(starts[first] is one for one in apart) else 0 :]:
            act.slots.update({name: order for name in slots[act.flow][:1] if name not in act.slots})

    def _share_product(self, acts: Sequence[Act]) -> None:
        """Gives the only product that a message names to its questions that name none: king size? warm, the quilt?"""
        slot = NEEDED_SLOT["product"]
        asked = [act for act in acts if isinstance(act, Query) and self._pack.queries[act.name].needs == "product"]
        named = {act.slots[slot] for act in asked if slot in act.slots}
        if len(named) == 1:
            for act in asked:
                act.slots.setdefault(slot, next(iter(named)))

    def _without_second_look(self, acts: Sequence[Act]) -> Iterator[Act]:
        """The acts, those that begin the same flow for the same order as one: it ships today then? and by when?"""
        begun: dict[tuple[str, str], Start] = {}
        for act in acts:
            orders = self._answers.orders.names_in(act.slots) if isinstance(act, Start) else ()
            if isinstance(act, Start) and orders:
                first = begun.setdefault((act.flow, act.slots[orders[0]]), act)
                if first is not act and all(first.slots.get(n, value) == value for n, value in act.slots.items()):
                    first.slots.update(act.slots)
                    continue
            yield act

    def _fills(self, message: Message, part: str, begun: Start) -> dict[str, str]:
        flow = self._flow_named[begun.flow]
        told = extract(part, {name: self._pack.slots[name] for name in flow.slots}, message.lang)
        orders = [begun.slots[name] for name in self._answers.orders.names_in(begun.slots)]
        order = orders[0] if orders else message.session.subject.order
        return told | self._flows.address_told(message, part, flow, order)


def is_certain(act: Act) -> bool:
    """Whether an act asks for something in words of a rule."""
    return asks(act) and act.probability == 1


def is_likely_question(act: Act) -> bool:
    """Whether an act is a question that was not understood for sure, with an entry that likely answers it."""
    return isinstance(act, Unclear) and act.asks and bool(act.candidates)


def _names(act: Query) -> set[str]:
    """The query, and the query with the aspect of a product that it tells."""
    return {act.name, *(f"{act.name}:{act.slots[name]}" for name in (ASPECT,) if name in act.slots)}


def subject_of(act: Act) -> tuple[str, str]:
    value = {Unclear: "asks", Start: "flow", Ask: "entry", Query: "name", SmallTalk: "kind", Person: ""}.get(
        type(act), ""
    )
    return type(act).__name__, str(getattr(act, value, ""))


def _differs(act: Start, begun: Start) -> bool:
    """Whether a wish is about something else than the one before it: another order."""
    return act.flow != begun.flow and any(begun.slots.get(name, value) != value for name, value in act.slots.items())


def _once(acts: Iterable[Act]) -> Iterator[Act]:
    """Each act once: two parts may say the same."""
    seen: list[tuple[object, ...]] = []
    for act in acts:
        key = (*subject_of(act), getattr(act, "slots", None) or getattr(act, "value", None))
        if key not in seen:
            seen.append(key)
            yield act
