"""What a part of a message asks for: a flow, a query, a sum, advice, an entry of the knowledge, a person, or nothing.

Rules of the pack's words come first, for they are precise; then the wish classifier and the knowledge, by their
calibrated probabilities. A question that the knowledge answers starts no flow, unless it names an order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, partial

from kefu.acts import (
    ACKNOWLEDGE,
    Act,
    Ask,
    Compare,
    Complaint,
    OutOfScope,
    Person,
    Recommend,
    SmallTalk,
    Start,
    Unclear,
    entry_target,
)
from kefu.intents.wishes import ASK, ScoredWish
from kefu.knowledge.index import Hit
from kefu.knowledge.search import candidates
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from kefu.shop.wordings.labelled import OUTSIDE
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.catalogue.advisor import ProductAdvisor
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.records import ProductLink
from serving.dialogue.pricing.quote import Pricing
from serving.dialogue.queries import Queries
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.answers.yes_no import leaves, yes_or_no
from serving.dialogue.reading.message import MOST_LATEST, Message
from serving.dialogue.reading.wishes.entries import SHORT_NAME, EntryReader
from serving.dialogue.reading.wishes.flows import DECIDES, SURE, FlowReader
from serving.dialogue.reading.wishes.follow_ups import MISTAKEN, FollowUpReader
from serving.dialogue.reading.wishes.implied_flows import ImpliedFlowReader
from serving.dialogue.reading.wishes.meant_acts import MeantActs
from serving.dialogue.reading.wishes.own_orders import OwnOrderReader
from serving.dialogue.reading.wishes.part import NOTHING, Part, small_talk
from serving.dialogue.reading.wishes.queries import QueryReader
from serving.dialogue.reading.wishes.topics import TopicReader
from serving.dialogue.reading.word_rules import evidence, is_idiom, plain
from serving.knowledge.static import StaticKnowledge
from serving.params import Serving

DOUBTFUL = 0.4  # below it, what the shop knows of the product that is named answers better than a choice of entries
CLEAR = 0.99  # of an entry, where the pack's words for a flow speak for the flow
# A question about a rule in a flow's words (取消按钮在哪): of 21 labelled messages with the first, 18 were questions;
# an entry of the second was right in two of three.
ASKS_RULE, LIKELY = 0.9, 0.75


class WishReader:
    """Reads wishes of one pack."""

    def __init__(
        self,
        pack: Pack,
        params: Serving,
        knowledge: StaticKnowledge,
        linker: Linker,
        queries: Queries,
        advisor: ProductAdvisor,
        pricing: Pricing | None,
        answers: AnswerReader,
    ) -> None:
        self._pack, self._params, self._answers, self._words = pack, params, answers, queries
        self.entries = EntryReader(pack, params, knowledge, linker, queries)
        self.flows = FlowReader(pack, params, answers)
        self._implied = ImpliedFlowReader(pack, linker, answers, self.flows)
        self.queries = QueryReader(pack, linker, queries, advisor, pricing, answers, self.entries, self.flows)
        self.topics = TopicReader(pack, answers, self.queries)
        self._meant = MeantActs(pack, self.flows, self.topics, OwnOrderReader(pack, linker, answers, self.entries))
        self._follow_ups = FollowUpReader(pack, linker, answers, self.flows, self.queries)

    def read(
        self,
        message: Message,
        text: str,
        guess: ScoredWish,
        links: list[ProductLink],
        question: bool,
        topic: str = "",
        going_on: ScoredWish = NOTHING,
    ) -> Iterator[Act | Hit]:
        """The acts of a part of the message, with the hits that they name.

        Args:
            guess: what the classifier takes the part for.
            links: products that the part names, or points at.
            question: whether the part asks something.
            topic: what it asks about, of the pack's topics: it begins no flow then, but one of a clause of its own.
            going_on: which query of the last answer's topic it may ask.
        """
        part = replace(self._part(message, text, guess, links, question), topic=topic, going_on=going_on)
        for read in (
            self._answer,
            self._of_topic,
            self._of_another,
            self._of_orders,
            self._follow_up,
            self._in_its_words,
            self._person,
        ):
            if found := self._meant.of(part, read(part)):
                yield from found
                return
        if anger := self._anger(part):
            yield Complaint(evidence=anger)
            part = replace(part, angry=True)
        for read in (self._outside, self._of_data, self._courtesy, self._flow_or_entry):
            if found := self._meant.of(part, read(part)):
                yield from found
                return
        if part.topic:  # what it supposes was all that was found: if I cancel it, would my coupon work?
            yield from self._unclear(part, part.find())

    def _part(self, message: Message, text: str, guess: ScoredWish, links: list[ProductLink], question: bool) -> Part:
        words, acts = plain(text), self._pack.acts
        spoken = any(character.isalnum() for character in PLACEHOLDER.sub("", words))  # a name alone asks nothing
        guess = self.flows.of_value(text, self.flows.of_order(message, text, guess)) if spoken else ScoredWish("", 0.0)
        return Part(
            message=message,
            text=text,
            words=words,
            links=links,
            guess=guess,
            label=guess.label if guess.probability >= self._params.wish_min_probability else "",
            question=question,
            person=evidence(words, acts.person),
            talk=small_talk(self._pack, words),
            flows=cache(partial(self.flows.named, words)),
            find=cache(partial(self.entries.find, message, text)) if spoken else list,
        )

    def _answer(self, part: Part) -> Iterator[Act]:
        """A yes, a no or a "never mind" that answers nothing."""
        text, phrases = part.text, self._pack.conversation
        if text == part.message.text and (yes_or_no(text, phrases) is not None or leaves(text, phrases)):
            yield SmallTalk(kind=ACKNOWLEDGE, evidence=text)

    def carried(self, message: Message) -> list[Act]:
        """What was told last, asked of something else that the whole message names: And the other one? The steamer."""
        return self._follow_ups.read(message, message.text) or self._corrected(message)

    def _corrected(self, message: Message) -> list[Act]:
        """The wish that was told of another order than is meant: No, not that one. The two benches. The late ones."""
        asks = evidence(plain(message.text), self._pack.acts.question) is not None
        again = None if asks else self._follow_ups.refused_again(message, message.text)
        return [again] if again and MISTAKEN.search(plain(message.text)) else []

    def _of_topic(self, part: Part) -> Iterator[Act | Hit]:
        """What a part asks of a topic; a question that names none may go on with that of the last answer."""
        if part.person:
            return
        if part.topic:
            named = part.message.session.customer or any(link.exact for link in part.links)
            if not named and (rule := list(self._rule(part))):
                yield from rule
                return
        found = list(self.topics.read(part) if part.topic else self.topics.unnamed(part))
        yield from self._to_guest(part, found) or found

    def _rule(self, part: Part) -> Iterator[Act | Hit]:
        """The rule about a topic that likely answers a guest: nothing of his own is known."""
        likely = self._params.candidate_min_probability
        for hit in part.find()[:1]:
            if hit.entry.kind == "faq" and hit.probability >= likely:
                yield from self._entry(part.message, hit, part.links)

    def _to_guest(self, part: Part, asked: Sequence[Act]) -> list[Act | Hit]:
        """The rule about what a guest asks of data that he has to sign in for."""
        if part.message.session.customer or not asked or not all(map(self.queries.needs_customer, asked)):
            return []
        if rule := self.entries.for_guests(part.message, asked):
            return list(self._entry(part.message, rule, part.links))
        return list(self._rule(part))

    def _of_another(self, part: Part) -> Iterator[Act]:
        if not part.person:
            found = self._follow_ups.read(part.message, part.text)
            found = found or ([] if part.flows() else self._follow_ups.of_day(part.message, part.text))
            yield from (a for a in found if not (isinstance(a, Start) and self._guesses_another(part, a.flow)))

    def _guesses_another(self, part: Part, flow: str) -> bool:
        """Whether the classifier is sure of another flow than one that words or the conversation tell."""
        label = part.guess.label
        return part.guess.probability >= DECIDES and label.startswith("flow:") and label != f"flow:{flow}"

    def _of_orders(self, part: Part) -> Iterator[Act]:
        if not part.person:
            again = self._follow_ups.refused_again(part.message, part.text)
            if again and MISTAKEN.search(part.words):
                yield again
            elif orders := self._implied.of_orders(part.message, part.text, part.links):
                if not any(self.flows.instead(part.message, part.guess, act.flow) for act in orders):
                    yield from orders
            elif again and not self._guesses_another(part, again.flow):
                yield again

    def _follow_up(self, part: Part) -> Iterator[Act]:
        """A query that was told before, asked of something else."""
        asked = None if part.person else self.queries.follow_up(part.message, part.text, part.links)
        if asked and not self.queries.is_asked_alone(part.message, part.text, part.links):
            yield self.queries.query(part.message, asked, part.text, part.links, part.text)

    def _in_its_words(self, part: Part) -> Iterator[Act | Hit]:
        if self.flows.decides(part.message, part.guess):
            return
        for known in self.entries.in_its_words(part.message, part.text, part.find, bool(part.person)):
            yield from self._entry(part.message, known, part.links)
        if rest := self.entries.beside_named(part.text):  # 登不上，那能告诉我几天到吗 上海
            yield from self.queries.in_words(part.message, rest, part.links, self._pack.queries)

    def _person(self, part: Part) -> Iterator[Act]:
        guessed = part.label == "person" and part.guess.probability >= DECIDES
        guessed = guessed and not is_idiom(part.words, self._pack.acts.person)
        if part.person or (guessed and not part.talk):
            yield Person(probability=1.0 if part.person else part.guess.probability, evidence=part.person or part.text)

    def _anger(self, part: Part) -> str:
        """The words of a complaint; empty when there is none."""
        guessed = part.label == "complaint" and part.guess.probability >= SURE
        return evidence(part.words, self._pack.acts.complaint) or (part.text if guessed else "")

    def _outside(self, part: Part) -> Iterator[Act]:
        """What is no business of the shop."""
        strange, guess = evidence(part.words, self._pack.acts.out_of_scope), part.guess
        guessed = part.label == OUTSIDE and not (part.links or part.talk)
        guessed = guessed and not self.queries.is_shopping(part.message, part.text)
        guessed = guessed and evidence(part.words, self._pack.acts.of_shop) is None
        best = self.entries.best(part.find()) if guessed and not strange else None
        if strange or (guessed and (not best or guess.probability > best.probability)):
            yield OutOfScope(probability=1.0 if strange else guess.probability, evidence=strange or part.text)

    def _of_data(self, part: Part) -> Iterator[Act | Hit]:
        """What the shop's data answers exactly; to a guest rather the rule about it, where there is one."""
        message, text = part.message, part.text
        exact = list(self.queries.exactly(message, text, part.links, part.guess))
        if told := self._to_guest(part, exact):
            yield from told
            return
        of_page = [self.queries.is_of_product(act) or isinstance(act, Compare | Recommend) for act in exact]
        if any(of_page) and self._tells_own(part):
            exact = [act for act, told in zip(exact, of_page, strict=True) if not told]
        if part.flows() and self._answers.orders.meant(message, text, asked=False):
            exact = [act for act in exact if not self.queries.asks_price(act)]  # my pot of yesterday, cheaper now?
        if any(not flow.item_among and self.flows.writes(flow) for flow in part.flows()):
            # can you stop the one going to Xi'an: how long it takes to there is not asked
            exact = [act for act in exact if not self.queries.is_on_order(act)]
        # Words are precise, the classifier guesses.
        if exact or (part.talk and not part.angry) or part.flows():
            yield from exact
        elif not self._is_surer(part):
            yield from self.queries.guessed(message, text, part.guess, part.label, part.links)

    def _is_surer(self, part: Part) -> bool:
        """Whether the knowledge is surer of a rule than the classifier of its guess, and that is not sure itself."""
        best = self.entries.best(part.find()) if part.question and part.guess.probability < SURE else None
        return best is not None and best.entry.kind == "faq" and best.probability > part.guess.probability

    def _tells_own(self, part: Part) -> bool:
        """Whether a part tells what is to be done with an own thing (exchange it for the plus size), or what is wrong
        with it (洗了一次就掉色; the colour isn't right, I'd like to send it back), and asks for nothing on a page."""
        if self._implied.of_trouble(part.message, part.text) is not None:
            return True
        named = [*part.flows(), *self.flows.named(plain(part.message.text))]
        told = any(map(self.flows.writes, named)) or self._implied.of_subject(part.message, part.text) is not None
        return told and not part.question

    def _courtesy(self, part: Part) -> Iterator[Act]:
        if part.talk and not part.angry:
            yield part.talk

    def _flow_or_entry(self, part: Part) -> Iterator[Act | Hit]:
        """A flow, or the entry that answers a question about it; else what is left to say."""
        message, text = part.message, part.text
        if not (part.flows() or part.question) and (alone := self._follow_ups.described_alone(message, text)):
            yield alone
            return
        flow = self.flows.chosen(message, text, part.flows(), part.guess, surely=part.angry)
        slots = self.flows.slots_told(message, text, flow) if flow else {}
        # Can you redirect it to [ADDRESS_1]? An order, an address or a tax number: no question about a rule.
        names_order = any(self._pack.slots[name].pii for name in slots)
        asks = part.question and not names_order
        hits = part.find() if not flow or asks else []  # most wishes need no search
        known = message.session.flow.slots if message.session.flow else {}
        told = any(known.get(name) not in values for name, values in slots.items())
        flow, best, clear = self._weigh(part, flow, hits, names_order, told)
        two = () if best or flow in part.flows() else self.flows.rivals(message, part.guess)
        surer = best is not None and flow not in part.flows() and best.probability > part.guess.probability
        if best and clear and asks and (surer or best.entry.kind != "query"):
            yield from self._entry(message, best, part.links)
        elif flow and flow not in part.flows() and (begun := self._implied.beside(message, text, part.guess, flow)):
            yield begun
        elif two and not part.angry:
            yield Unclear(asks=part.question, flows=two, evidence=part.words)
        elif flow:
            yield from self.flows.begin(message, text, flow, slots, part.guess)
        elif best and not part.angry:
            yield from self._entry(message, best, part.links)
        elif not part.angry:
            yield from self._otherwise(part, hits)

    def _weigh(
        self, part: Part, flow: Flow | None, hits: Sequence[Hit], names_order: bool, told: bool
    ) -> tuple[Flow | None, Hit | None, bool]:
        """The flow and the entry that are left of those found, and whether the entry goes before the flow.

        told: whether the part tells the flow something new; then it is no question about a rule.
        """
        worded = flow is not None and evidence(part.words, flow.asked_by) is not None
        asks = part.question and not names_order
        sure_question = asks and part.label == ASK and part.guess.probability >= ASKS_RULE
        about_rule = worded and sure_question and not told and flow is not None and self.flows.writes(flow)
        named = worded and bool(part.message.session.customer) and not about_rule
        best = self.entries.best(hits)
        if flow and part.question and not best and (about_rule or not worded):
            least = LIKELY if about_rule else max(LIKELY, part.guess.probability)
            best = hits[0] if hits and hits[0].entry.kind == "faq" and hits[0].probability >= least else None
        decided = flow == self.flows.of_guess(part.guess) and self.flows.decides(part.message, part.guess)
        clear = best is not None and not decided and best.probability >= (CLEAR if named else 0)
        if evidence(plain(part.message.text), self._pack.acts.in_general) is not None and not names_order:
            likely = self._params.candidate_min_probability
            best = best or next((hit for hit in hits if hit.entry.kind == "faq" and hit.probability >= likely), None)
            flow = None if best or not part.question else flow
        elif flow and asks and not part.message.session.customer and self.flows.helps_rule(part, flow):
            best = None if worded and best and best.entry.kind == "query" else best  # a page is no rule
            best = best or self.entries.of_intents(hits, flow.intents)  # a rule helps before he buys, no sign-in
            flow, clear = None if best else flow, best is not None or clear
        return flow, best, clear

    def _otherwise(self, part: Part, hits: Sequence[Hit]) -> Iterator[Act | Hit]:
        """Small talk, an order without a wish, a reason for a wish that was not told, or nothing that is understood."""
        message, text = part.message, part.text
        if alone := self._implied.of_order_alone(part):
            yield alone
        elif begin := self._implied_by(part):
            yield begin
        elif part.label.startswith("talk:"):
            kind = part.label.removeprefix("talk:")
            yield SmallTalk(kind=kind, probability=part.guess.probability, evidence=part.words)
        elif listed := self.entries.listed(message, text):
            for hit in listed:
                yield from self._entry(message, hit, [])
        elif part.question and (begun := self._implied.of_described(message, text)):
            yield begun
        else:
            yield from self._unclear(part, hits)

    def _implied_by(self, part: Part) -> Act | None:
        """The flow that a reason or a trouble tells; a question tells none (can I call the courier myself?).

        Not where a person may be asked for: get the person again.
        """
        if part.label == "person":
            return Person(probability=part.guess.probability, evidence=part.text)
        of_subject = self._implied.of_subject(part.message, part.text)
        begun = None if part.question and part.label == ASK else of_subject
        return begun or self._implied.of_trouble(part.message, part.text)

    def _unclear(self, part: Part, hits: Sequence[Hit]) -> Iterator[Act | Hit]:
        """What the page says of a product that is named; else that nothing was understood, with the nearest entries."""
        message, text = part.message, part.text
        near = [hit for hit in candidates(hits) if hit.entry.kind == "faq"] if hits else []
        near = near if near and near[0].probability >= self._params.candidate_min_probability else []
        just_told = {told.name for told in message.session.told}  # said once more, it would not answer better
        near = [hit for hit in near if entry_target(hit.entry.id) not in just_told]
        about = tuple(dict.fromkeys(link.sku for link in part.links if part.question or link.exact))
        # A product's name in a question asks for what the question says, which was not understood.
        wanted = not part.question and len(text) <= SHORT_NAME
        wanted = wanted or evidence(part.words, self._pack.acts.assortment) is not None
        if part.topic and message.session.customer and (asked := self.topics.last_resort(message, part.topic)):
            yield self.queries.query(message, asked, text, part.links, text)
            return
        doubtful = len(near) < 2 or near[0].probability < DOUBTFUL
        few = 0 < len(about) <= MOST_LATEST
        default = self.queries.default if wanted and few and doubtful and not message.flow else None
        if default and not self._words.excludes(default, text):
            yield self.queries.query(message, default, text, part.links, text)
            return
        yield from near
        asks, skus = part.question or part.label == ASK, about if few else ()
        yield Unclear(candidates=tuple(hit.entry.id for hit in near), asks=asks, skus=skus, evidence=part.words)

    def _entry(self, message: Message, hit: Hit, links: list[ProductLink]) -> Iterator[Act | Hit]:
        yield hit
        if hit.entry.kind == "query":
            name = hit.entry.id.split(":")[1]
            yield self.queries.query(message, name, message.text, links, hit.entry.question, hit.probability)
        else:
            yield Ask(entry=hit.entry.id, probability=hit.probability, evidence=hit.entry.question)
