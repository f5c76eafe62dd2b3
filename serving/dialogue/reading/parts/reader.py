"""Reads a message part by part: the values and the wishes of each, joined.

A part that only fills a slot of what was begun before it starts nothing.
"""

from __future__ import annotations

from dataclasses import replace

from kefu.acts import (
    Act,
    Ask,
    Choose,
    Compare,
    Complaint,
    Correct,
    Fill,
    Person,
    Query,
    Quote,
    Recommend,
    Resume,
    SmallTalk,
    Start,
    Unclear,
    target_of,
)
from kefu.intents.wishes import ASK
from kefu.knowledge.index import Hit
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from kefu.shop.slots import without_phrases
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.ordinals import find_pointing
from serving.dialogue.linking.records import ProductLink
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.guesses import WishGuesser
from serving.dialogue.reading.message import Message, Reading
from serving.dialogue.reading.parts.asides import INTERRUPTS, QUESTION, SECOND, asks
from serving.dialogue.reading.parts.joining import (
    ActJoiner,
    is_certain,
    is_likely_question,
    subject_of,
)
from serving.dialogue.reading.parts.pieces import PieceWishes
from serving.dialogue.reading.segments import answer_pieces, clauses, is_question, segments
from serving.dialogue.reading.wishes.reader import WishReader
from serving.dialogue.reading.word_rules import evidence, plain

SURE_ENTRY = 0.9  # probability of an entry that is asked for where free text was


class PartReader:
    """Reads parts of one pack's messages."""

    def __init__(
        self, pack: Pack, linker: Linker, answers: AnswerReader, wishes: WishReader, guesser: WishGuesser
    ) -> None:
        self._pack, self._linker, self._answers = pack, linker, answers
        self._wishes, self._guesser = wishes, guesser
        self._pieces = PieceWishes(pack, answers, wishes.flows)
        self.joiner = ActJoiner(pack, answers, wishes.flows, wishes.queries, guesser)

    def read(self, message: Message, reading: Reading) -> list[Act]:
        """The acts of all parts. Where a yes is open, what is only supposed begins nothing: what if I return it?"""
        acts = self._read(message, reading)
        if not (message.step and message.step.confirm and any(isinstance(act, Start) for act in acts)):
            return acts
        left = [act for act in acts if not (isinstance(act, Start) and self._is_supposed(message, act))]
        return left or [Unclear(asks=True, evidence=message.text)]

    def _is_supposed(self, message: Message, act: Start) -> bool:
        """Whether the words for a wish stand only where a message asks what would be."""
        cut = answer_pieces(act.evidence, self._pack.acts.another) if message.lang == "zh" else clauses(act.evidence)
        real = [piece for piece in cut if evidence(plain(piece), self._pack.acts.supposes) is None]
        flow = next(flow for flow in self._pack.flows if flow.name == act.flow)
        return len(real) < len(cut) and not any(evidence(plain(piece), flow.asked_by) for piece in real)

    def _read(self, message: Message, reading: Reading) -> list[Act]:
        if resumed := self._resumed(message):
            return resumed
        return self._of_two_pieces(message, reading) or self._by_sentences(message, reading)

    def _by_sentences(self, message: Message, reading: Reading) -> list[Act]:
        parts = segments(message.text, self._pack.acts.another, self._pack.acts.question)
        if len(parts) == 1:
            return self._part(message, message.text, reading)
        if carried := self._wishes.carried(message):
            self.link_products(message, message.text, reading)
            return carried
        read, subject, topic = [], message.session.subject, message.topic
        for part in parts:
            if reading.latest and message.session.customer and find_pointing(part):  # what about the set, can that go …
                subject.order = self._answers.orders.holding(message, reading.latest) or subject.order
            read.append(self._part(replace(message, topic=topic), part, reading))
            topic = next((name for act in reversed(read[-1]) if (name := target_of(act))), topic)
            subject.products = list(dict.fromkeys([*reading.products, *subject.products]))  # 毛巾有货吗，多少钱
            subject.latest = reading.latest or subject.latest
        told = self.joiner.without_idioms(message, self.joiner.join(message, parts, read))
        several = {
            (subject_of(act), *sorted(self._pieces.items([act])))
            for act in told
            if asks(act) or is_likely_question(act)
        }
        beside = (len(several) > 1 or self._is_beside_answer(message, told)) and any(map(asks, told))
        guessed = any(isinstance(act, Unclear) for act in told) and not any(map(is_certain, told))
        if beside and not guessed:
            self.link_products(message, message.text, reading)  # in the order of the whole message
            return told
        whole = self._part(message, message.text, reading)
        if beside and not any(map(is_certain, whole)):
            return told
        if all(isinstance(act, Resume | Unclear) for act in told) and any(map(_interrupts, whole)):
            return whole  # isn't that cheaper now? I paid 459
        if any(map(is_certain, told)) and not any(map(is_certain, whole)):  # a part in words of a rule, and guesses
            return [act for act in told if act.probability >= SECOND]
        return whole if any(map(asks, whole)) else told

    def _of_two_pieces(self, message: Message, reading: Reading) -> list[Act]:
        """The acts of two wishes for two items or pieces of one order; none where the message holds no such two."""
        texts = self._pieces.cut(message.text)
        if not texts:
            return []
        session, spoken_of = message.session, (list(reading.products), list(reading.latest))
        before = session.subject.model_copy(deep=True)
        read = [(text, self._by_sentences(replace(message, text=text), reading)) for text in texts]
        acts = self._pieces.joined(message, read, before.order)
        if not acts:
            session.subject, (reading.products, reading.latest) = before, spoken_of
        self.joiner.share_order(acts, ())
        return acts

    def _is_beside_answer(self, message: Message, told: list[Act]) -> bool:
        """Whether a wish that is set apart stands beside the answer to the open question: […]，对了那单帮我取消吧."""
        apart = (isinstance(act, Start) and evidence(act.evidence, self._pack.acts.another) is not None for act in told)
        return message.step is not None and any(isinstance(act, Fill) for act in told) and any(apart)

    def is_worded(self, act: Act) -> bool:
        """Whether an act is a wish for a flow in words of its own."""
        return isinstance(act, Start) and any(
            flow.name == act.flow for flow in self._wishes.flows.named(plain(act.evidence))
        )

    def names_write(self, text: str) -> bool:
        """Whether the words of a text ask for a flow that changes something."""
        return any(map(self._wishes.flows.writes, self._wishes.flows.named(plain(text))))

    def kinds(self, message: Message, text: str) -> frozenset[str]:
        """Names (``kefu.acts.target_of``) of the kinds of wishes that a few words name: 库存, the price."""
        flows = {f"flow:{flow.name}" for flow in self._wishes.flows.named(plain(text))}
        queries = {f"query:{name}" for name in self._wishes.queries.named(message, text)}
        guess = self._guesser.guess(message, text)
        guessed = {guess.label} if guess.probability >= INTERRUPTS and _is_kind(guess.label) else set()
        return frozenset(flows | queries | guessed)

    def _part(self, message: Message, text: str, reading: Reading) -> list[Act]:
        question = is_question(text, self._pack.acts.another, self._pack.acts.question)
        subject = message.session.subject  # what describes an order goes before what was spoken of until now
        subject.order = self._answers.orders.described(message, text) or subject.order
        spoken_of = list(reading.products), list(reading.latest)
        links = self.link_products(message, text, reading)
        values = self._values(message, text, question)
        wishes = self._wished(message, text, reading, links, question)
        if wishes and subject.products and not message.session.customer and all(isinstance(a, Start) for a in wishes):
            # What a guest has ordered is not what he looks at: where is my pot? And can it go into the oven?
            reading.products, reading.latest = spoken_of
        if question and (own := self._wished_already(message)) and {target_of(act) for act in wishes} <= own:
            # Asked of what is proposed or wished for, it is no wish for it: does it cost anything to cancel?
            asked = replace(message, rejected=message.rejected | own)
            again = self._wished(asked, text, reading, links, question)
            if message.step or any(isinstance(act, QUESTION) for act in again):
                wishes = again or wishes
        return self._settled(message, text, values, wishes, question)

    def _wished(
        self, message: Message, text: str, reading: Reading, links: list[ProductLink], question: bool
    ) -> list[Act]:
        """The wishes of a part; the entries that they name go into the reading."""
        wishes: list[Act] = []
        rules = self._pack.acts
        asks_of = question or evidence(plain(text), rules.supposed) is not None  # 退一床的话券退我不
        topic = self._guesser.topic(text) if asks_of or not self._wishes.flows.named(plain(text)) else ""
        guess = self._guesser.guess(message, text, topic)
        last = self._wishes.topics.told_last(message) if question and not topic else ""
        going_on = self._guesser.going_on(message, text, last)
        for found in self._wishes.read(message, text, guess, links, question, topic, going_on):
            if isinstance(found, Hit):
                reading.hits[found.entry.id] = found
            else:
                wishes.append(found)
        return wishes

    def _wished_already(self, message: Message) -> frozenset[str]:
        """The flow (``target_of``) for which a yes is open, or that an earlier part of the message begins."""
        if message.flow:
            return frozenset({f"flow:{message.flow.name}"} if message.step and message.step.confirm else ())
        return frozenset({message.topic} if message.topic.startswith("flow:") else ())

    def _values(self, message: Message, text: str, question: bool) -> list[Act]:
        """Values that a part tells; a question at a confirmation tells none that is only noted: 重新拍还是这个价吗."""
        if not (message.flow and message.session.flow):
            return []
        values = self._answers.values.part(message, text, question)
        noted = self._answers.yes.noted(message) if question and message.step and message.step.confirm else ()
        return [act for act in values if not (isinstance(act, Fill | Correct) and act.slot in noted)]

    def link_products(self, message: Message, text: str, reading: Reading) -> list[ProductLink]:
        """The products that a text names or points at; those that it names are what the message speaks of."""
        subject, words = message.session.subject, message.original(text)
        own = self._answers.orders.own(message, subject.order) if subject.order and message.session.customer else None
        ordered = own.skus if own else ()
        links = self._linker.link_products(words, subject.products, subject.latest, ordered)
        exact = [link for link in links if link.exact]
        if not exact or len({link.start for link in exact}) < len(
            exact
        ):  # the box, one of several: of what was spoken of
            links = self._linker.link_head(words, [*ordered, *subject.products]) or links
        if not any(link.exact for link in links) and (one := self._wishes.queries.one_of(message, text)):
            links = [one]
        if named := [link.sku for link in links if link.exact]:
            reading.products, reading.latest = [*named, *reading.products], list(dict.fromkeys(named))
        return links

    def _settled(self, message: Message, text: str, values: list[Act], wishes: list[Act], question: bool) -> list[Act]:
        """Values and wishes of one part, where the same words may be read as both."""
        flow = message.flow
        later = self._answers.agreement.hesitates(text) if flow and not question else []
        if not flow:
            return wishes
        if not question and (too := self._answers.orders.same_wish(message, text)):
            return [*values, too]
        # The router alone has to be sure to leave an open question for another flow.
        guessed = Start | Query | Quote | Recommend | Compare
        sure = [act for act in wishes if not (isinstance(act, guessed) and act.probability < INTERRUPTS)]
        own = [act for act in sure if not (isinstance(act, Start) and act.flow == flow.name)]
        again = next((act for act in wishes if isinstance(act, Start) and act.flow == flow.name), None)
        if again and self._is_of_another(message, flow, again, own):
            return [again, *(act for act in own if isinstance(act, Choose | Complaint | Person))]
        if again:  # what is named belongs to what is asked for, and is no other order of the same wish
            own = [act for act in own if not isinstance(act, Choose)]
        if not values and self._has_no_number(message, text):
            values = self._answers.orders.all_of(message)
        asks_order = message.step is not None and message.step.collect in self._answers.orders.slots_of(flow)
        asked_for = asks_order and not question and not self._cannot_serve(message, flow, values)
        if not asked_for and self._asks_of_another(values, own, flow):
            return own
        if beside := [act for act in own if isinstance(act, Start) and self.is_beside(message, act)]:
            return [*beside, *(act for act in own if isinstance(act, Complaint | Person))]
        if instead := [act for act in own if isinstance(act, Start) and self._is_told_apart(message, text, act)]:
            return [*instead, *(act for act in own if isinstance(act, Complaint | Person))]
        if values:
            if message.step and message.step.confirm:  # the flow tells that anew of its proposal
                own = [act for act in own if target_of(act) not in {f"faq:{name}" for name in flow.own_answers}]
            # A reason may sound like another wish (不想要了: cancel) or question (尺寸); it answers what was asked.
            # A question in the flow's own words (could I keep one and cancel the other?) asks for it, and for no rule.
            collect = message.step.collect if message.step else None
            answers = not collect or any(isinstance(v, Fill | Choose) and v.slot == collect for v in values)
            wished = evidence(plain(text), flow.asked_by) is not None and answers
            kept = (Ask | Query if not wished else Query) | Complaint | Person if question else Complaint | Person
            own = [act for act in own if not (isinstance(act, Person) and act.evidence == text)]  # the router's guess
            if any(isinstance(v, Fill | Correct) and v.slot in self._answers.orders.slots_of(flow) for v in values):
                # 那香薰机呢: the order with it, not its page
                page = self._wishes.queries.default
                own = [act for act in own if not (isinstance(act, Query) and act.name == page)]
            pauses = self._answers.agreement.hesitates(clauses(text)[-1]) if later else []  # 不想要了，不过让我想想
            return [*values, *pauses, *(act for act in own if isinstance(act, kept))]
        if later and not any(isinstance(act, Start | Ask | Query) for act in own):
            return later
        open_words = not question and text == message.text and all(map(self._is_weak, own))
        open_words = open_words and not self._is_sure_question(message, own)
        if open_words and (free := self._answers.values.free(message)):
            return free  # words that are no wish by themselves (就换同款新的吧) are what was asked for
        worded = again is not None and again.probability == 1  # asks what the flow has just told (which city is it in)
        goes_on = again and (worded or not question) or evidence(plain(text), self._pack.acts.resume) is not None
        if goes_on and all(isinstance(act, Unclear | SmallTalk) for act in own):
            return [Resume(evidence=text)]
        return own or ([Unclear(asks=question, evidence=text)] if again or wishes else [])

    def _is_of_another(self, message: Message, flow: Flow, again: Start, own: list[Act]) -> bool:
        """Whether a look-up that is under way is asked for once more, of another order: 那汤碗呢, my other parcels."""
        known = message.session.flow.slots if message.session.flow else {}
        orders = self._answers.orders.slots_of(flow)
        at_question = message.step is not None and message.step.confirm is not None
        several = [act for act in own if isinstance(act, Choose) and act.slot in orders]
        others = any(known.get(act.slot) not in act.candidates for act in several)
        others = others or any(again.slots.get(n, known.get(n)) != known.get(n) for n in orders)
        return at_question and bool(flow.item_among) and others

    def takes_place(self, message: Message, act: Start) -> bool:
        """Whether a wish in plain words can only mean that the flow under way is not wanted: an exchange, no return."""
        assert message.flow and message.session.flow
        flow, known = next(flow for flow in self._pack.flows if flow.name == act.flow), message.session.flow.slots
        other = any(
            known.get(name, act.slots.get(name)) != act.slots.get(name) for name in self._answers.orders.slots_of(flow)
        )
        other = other or self._pieces.is_other(message, act)
        return message.flow.name in flow.replaces and act.probability == 1 and not other

    def is_beside(self, message: Message, act: Start) -> bool:
        """Whether a wish that would take the place of the flow under way is for what that leaves of the order."""
        assert message.flow
        replaces = next(flow for flow in self._pack.flows if flow.name == act.flow).replaces
        return message.flow.name in replaces and act.probability == 1 and self._pieces.is_other(message, act)

    def _asks_of_another(self, values: list[Act], own: list[Act], flow: Flow) -> bool:
        """Whether an order is named for another flow (where is my order …? an invoice for …), not told for this one."""
        orders = {
            act.value
            for act in values
            if isinstance(act, Fill | Correct) and act.slot in self._answers.orders.slots_of(flow)
        }
        starts = [act for act in own if isinstance(act, Start) and act.flow != flow.name and act.probability == 1]
        return len(orders) == len(values) == 1 and any(orders & set(act.slots.values()) for act in starts)

    def _cannot_serve(self, message: Message, flow: Flow, values: list[Act]) -> bool:
        """Whether an order that a text tells is in no state for the flow under way: cancel the unpaid one too."""
        told = (act.value for act in values if isinstance(act, Fill) and act.value)
        own = (order for value in told if (order := self._answers.orders.own(message, value)))
        return any(not self._wishes.flows.serves(flow, order) for order in own)

    def _is_told_apart(self, message: Message, text: str, act: Start) -> bool:
        """Whether a wish that takes the place of the flow under way stands in other words than the answer it asks for.

        "不想要了" is a reason for a return, whatever else it sounds like; 我要换，坏了 is a reason and an exchange.
        """
        if not self.takes_place(message, act):
            return False
        asked = self._pack.slots[message.step.collect] if message.step and message.step.collect else None
        words = plain(without_phrases(text, asked) if asked else text)
        return any(flow.name == act.flow for flow in self._wishes.flows.named(words))

    def _is_weak(self, act: Act) -> bool:
        """Whether words that were asked for are rather that than this act: "a blue one", at "which one?", no query."""
        of_product = isinstance(act, Query) and self._pack.queries[act.name].needs == "product"
        return of_product or isinstance(act, Unclear | Ask) or (isinstance(act, Start) and act.probability < SECOND)

    def _is_sure_question(self, message: Message, own: list[Act]) -> bool:
        """Whether both the knowledge and the classifier take a message for a question: office hours of the agents."""
        found = any(isinstance(act, Ask) and act.probability >= SURE_ENTRY for act in own)
        return found and self._guesser.guess(message, message.text).label == ASK

    def _has_no_number(self, message: Message, text: str) -> bool:
        """Whether the customer says that he does not know the number that was asked for."""
        return evidence(plain(text), self._pack.acts.no_number) is not None

    def _resumed(self, message: Message) -> list[Act]:
        """还是取消吧, after a flow was left or refused: it goes on with what it knew."""
        session, found = message.session, evidence(plain(message.text), self._pack.acts.resume)
        told = not message.flow and any(past.said for past in session.past[-1:])
        if told and (done := evidence(plain(message.text), self._pack.acts.is_done)):
            return [Resume(evidence=done)]
        if found is None or message.flow:
            return []
        guess = self._guesser.guess(message, message.text)
        named = self._wishes.flows.of_guess(guess) if guess.probability >= self._guesser.min_confidence else None
        for past in reversed(session.past):
            if named and past.flow == named.name and past.outcome in ("refused", "abandoned"):
                return [Start(flow=past.flow, slots=dict(past.slots), resumes=True, evidence=found)]
        left = session.paused or session.wishes or session.asked or any(p.outcome == "abandoned" for p in session.past)
        if named is None and left:
            return [Resume(evidence=found)]
        return []


def _interrupts(act: Act) -> bool:
    return isinstance(act, Start) and act.probability >= INTERRUPTS


def _is_kind(label: str) -> bool:
    """Whether a class of the wish classifier is a flow, a query, a sum or the like."""
    return label.startswith(("flow:", "query:")) or label in ("sum", "recommend", "compare")
