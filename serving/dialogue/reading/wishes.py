"""What a part of a message asks for: a flow, a query, a sum, advice, an entry of the knowledge, a person, or nothing.

Rules of the pack's words come first, for they are precise; then the wish classifier and the knowledge, by their
calibrated probabilities. A question that the knowledge answers starts no flow, unless it names an order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial

from kefu.acts import (
    ACKNOWLEDGE,
    Act,
    Ask,
    Choose,
    Compare,
    Complaint,
    Fill,
    OutOfScope,
    Person,
    Query,
    Recommend,
    SmallTalk,
    Start,
    Unclear,
)
from kefu.intents.wishes import ASK, ScoredWish
from kefu.knowledge.entries import LANGUAGES, faq_id
from kefu.knowledge.index import Hit
from kefu.knowledge.search import candidates
from kefu.shop.flows import Flow, Slot
from kefu.shop.pack import Pack
from kefu.shop.queries import NEEDED_SLOT
from kefu.shop.slots import extract
from kefu.shop.wordings.labelled import OUTSIDE, SUM
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.catalogue import ProductAdvisor
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.records import ProductLink
from serving.dialogue.order_choice import likely_orders
from serving.dialogue.pricing.quote import Pricing
from serving.dialogue.queries import Queries
from serving.dialogue.reading.answers import AnswerReader
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.sums import SumReader
from serving.dialogue.reading.word_rules import evidence, is_idiom, plain
from serving.dialogue.reading.yes_no import leaves, yes_or_no
from serving.knowledge.static import EXACT, StaticKnowledge
from serving.params import Serving
from serving.sessions.session import Subject

BARE = re.compile(r"[\W_]+|(?i:my|the|order|number|is|it|here)|订单号?|单号|是|[这那](?:单|个|笔)|的")
COMPARED_ONE = re.compile(r"\b\w+(?:er|est) ones?\b|最.的", re.IGNORECASE)
DOUBTFUL = 0.4  # below it, what the shop knows of the product that is named answers better than a choice of entries
SHORT_NAME = 12  # characters of a message that names a product and hardly more: 那养生壶呢
SHORT = 6  # characters beside an order that say no wish
SURE = 0.8  # of the classifier: a wish in an angry message, a person whom no word asks for, "which product?"
LIST = re.compile(r"[，,、；;。]|\b(?:and|or|plus)\b|以及|还有|[和跟]", re.IGNORECASE)
LEAD = re.compile(
    r"^(?:那|哦|嗯)?(?:请问|我?(?:就|还)?想(?:请)?(?:问|咨询|了解|知道)|(?:请教|咨询|问)(?:一?下|个|你们)|麻烦问)"
    r"(?:一?下|个)?[，,：:]?|^\W*(?:(?:hi|hello|hey)\W+)?(?:(?:\w+ )?(?:quick )?questions?:"
    r"|i (?:just |only )?(?:want|wanted|would like|need) to (?:know|ask)(?: about)?:?|(?:can|could) you tell me"
    r"|(?:yes|sure|ok(?:ay)?|alright|fine|good)\W+but(?: then)?,?)\s*"
    r"|^(?:好的?|行|可以|嗯+)[，,]?(?:但是?|不过|可是)[，,]?",
    re.IGNORECASE,
)
EITHER = re.compile(r"(?:or|vs\.?|还是|或者?是?)(?: (?:the|a|an|your))?", re.IGNORECASE)
ONE = re.compile(
    r"[的得](?:这|那)?一?(?:个|條|条|款|种|套|件|只|床)|\bones?\b|(?:那|这)(?:个|条|款|套|床)[^，。？！,.?!]{0,4}的",
    re.IGNORECASE,
)
MOST_LATEST = 3  # of more products than these, a question without a name means the first
LEAST_ITEM, MOST_ITEMS = 2, 8  # characters of an item of a list; items
CLEAR = 0.99  # of an entry, where the pack's words for a flow speak for the flow
# A question about a rule in a flow's words (取消按钮在哪): of 21 labelled messages with the first, 18 were questions;
# an entry of the second was right in two of three.
ASKS_RULE, LIKELY = 0.9, 0.5
GUESSED = 0.6  # of a query, sum or advice that no word asks for: between 0.4 and that, 10 of 38 guesses were right


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
        self._pack, self._params, self._knowledge, self._linker = pack, params, knowledge, linker
        self._queries, self._advisor, self._answers = queries, advisor, answers
        self._sums = SumReader(pack, linker, pricing) if pricing else None
        self._default = next((name for name, query in pack.queries.items() if query.default), None)
        self._faqs = {faq_id(faq, lang): faq for faq in pack.faq for lang in LANGUAGES}

    def read(self, message: Message, text: str, guess: ScoredWish, links: list[ProductLink]) -> Iterator[Act | Hit]:
        """The acts of a part of the message, with the hits that they name.

        Args:
            guess: what the classifier takes the part for.
            links: products that the part names, or points at.
        """
        words, acts = plain(text), self._pack.acts
        phrases = self._pack.conversation
        if text == message.text and (yes_or_no(text, phrases) is not None or leaves(text, phrases)):
            yield SmallTalk(kind=ACKNOWLEDGE, evidence=text)
            return
        person, talk = evidence(words, acts.person), self._small_talk(words)
        if not person and (served := self._of_orders(message, text, links)):
            yield from served
            return
        question = evidence(words, acts.question) is not None
        asked = None if person else self._follow_up_query(message, text, links)
        if asked and not self._queries.named(text, message.lang):
            yield self._query(message, asked, text, links, text)
            return
        spoken = any(character.isalnum() for character in PLACEHOLDER.sub("", words))  # a name alone asks nothing
        guess = guess if spoken else ScoredWish("", 0.0)
        label = guess.label if guess.probability >= self._params.wish_min_probability else ""
        find: Callable[[], list[Hit]] = cache(partial(self._found, message, text)) if spoken else list
        if known := self._in_its_words(message, text, find, bool(person)):
            yield from self._entry(message, known, links)
            return
        guessed = label == "person" and guess.probability >= SURE and not is_idiom(words, acts.person)
        if person or (guessed and not talk):
            yield Person(probability=guess.probability, evidence=person or text)
            return
        angry = evidence(words, acts.complaint) or (text if label == "complaint" and guess.probability >= SURE else "")
        if angry:
            yield Complaint(evidence=angry)
        strange = evidence(words, acts.out_of_scope)
        guessed = label == OUTSIDE and not (links or talk or self._is_shopping(message, text))
        if strange or (guessed and (not (best := self._best(find())) or guess.probability > best.probability)):
            yield OutOfScope(probability=1.0 if strange else guess.probability, evidence=strange or text)
            return
        exact = list(self._exactly(message, text, links, guess))
        if exact and not message.session.customer and all(map(self._needs_customer, exact)):
            rule = self._best(find())  # where there is one, a guest hears it before he is asked to sign in
            if rule and rule.entry.kind == "faq":
                yield from self._entry(message, rule, links)
                return
        worded = (talk and not angry) or self.named(words)  # words are precise, the classifier guesses
        if found := exact or ([] if worded else list(self._guessed(message, text, guess, label, links))):
            yield from found
            return
        if not angry and talk:
            yield talk
            return
        flow = self._flow(message, words, guess, surely=bool(angry))
        slots = self.slots_told(message, text, flow) if flow else {}
        names_order = any(name in slots for name in self._order_slots(flow)) if flow else False
        worded_flow = flow is not None and evidence(words, flow.asked_by) is not None
        sure_question = question and not names_order and label == ASK and guess.probability >= ASKS_RULE
        about_rule = worded_flow and sure_question and flow is not None and self._writes(flow)
        named = worded_flow and bool(message.session.customer) and not about_rule
        hits = find() if not flow or (question and not names_order) else []  # most wishes need no search
        best = self._best(hits)
        if flow and question and not best and (about_rule or not worded_flow):
            least = LIKELY if about_rule else max(LIKELY, guess.probability)
            best = hits[0] if hits and hits[0].entry.kind == "faq" and hits[0].probability >= least else None
        clear = best is not None and best.probability >= (CLEAR if named else 0)
        if evidence(plain(message.text), acts.in_general) is not None and not names_order:
            likely = self._params.candidate_min_probability
            best = best or next((hit for hit in hits if hit.entry.kind == "faq" and hit.probability >= likely), None)
            flow = None if best or not question else flow
        if best and clear and question and not names_order and best.entry.kind != "query":
            yield from self._entry(message, best, links)
        elif flow and flow not in self.named(words) and (begun := self._of_subject(message, text)):
            yield begun
        elif flow:
            yield from self._start(message, text, flow, slots, guess)
        elif best and not angry:
            yield from self._entry(message, best, links)
        elif not angry:
            yield from self._otherwise(message, text, words, guess, label, hits, links)

    def _in_its_words(self, message: Message, text: str, find: Callable[[], list[Hit]], person: bool) -> Hit | None:
        """The entry that a part asks for in the very words of one, or in words that the pack keeps for a FAQ.

        Not where the short words are a query about what was spoken of (还有货吗), nor, for a FAQ's rule of words, where
        a person is asked for.
        """
        short = len(text) <= SHORT_NAME and bool(self._spoken_of(message)) and not message.flow
        of_subject = short and bool(self._queries.named_of_subject(text))
        hits = find() if not of_subject and self._knowledge.is_exact(self._bare(text), message.lang) else []
        if hits and hits[0].probability >= EXACT:
            return hits[0]
        asked = (faq for faq in self._pack.faq if evidence(plain(text), faq.asked_by) is not None)
        faq = None if person else next(asked, None)
        return self._knowledge.hit(faq_id(faq, message.lang)) if faq else None

    def _best(self, hits: Sequence[Hit]) -> Hit | None:
        """The first entry, if it is sure enough to answer."""
        return hits[0] if hits and hits[0].probability >= self._params.faq_min_probability else None

    def _is_shopping(self, message: Message, text: str) -> bool:
        """Whether words of the pack ask what is for sale, or for a query."""
        rules = (self._pack.acts.browse, self._pack.acts.assortment)
        browses = any(evidence(plain(text), rule) is not None for rule in rules)
        return browses or bool(self._queries.named(text, message.lang))

    def _needs_customer(self, act: Act) -> bool:
        return isinstance(act, Query) and self._queries.needs_customer(act.name)

    def _of_orders(self, message: Message, text: str, links: list[ProductLink]) -> list[Start]:
        """Wishes about items on order, or about the order that has just been served."""
        if on_order := list(self._on_order(message, text, links)):
            return on_order
        follow_up = self._follow_up(message, plain(text)) or self._of_another(message, text, links)
        return [follow_up] if follow_up else []

    def _of_another(self, message: Message, text: str, links: list[ProductLink]) -> Start | None:
        """The wish that was just refused for one order, when another own order is named in its place.

        Not the clock. The bedding set, QM…; that one came on the 11th, can it go back? A wish of its own, in plain
        words, or a question that no word connects with the wish, is read as ever.
        """
        past = message.session.past[-1] if message.session.past else None
        if past is None or past.written or past.outcome != "resolved" or message.flow or not message.session.customer:
            return None
        flow = next((flow for flow in self._pack.flows if flow.name == past.flow), None)
        slot = next(iter(self._order_slots(flow)), None)
        if flow is None or slot is None or slot not in past.slots or self.named(plain(text)):
            return None
        orders = self._answers.order(message, text, asked=True)
        orders = self._answers.fitting(message, flow, orders) if len(orders) > 1 else orders
        connected = evidence(plain(text), flow.asked_again) is not None
        numbered = PLACEHOLDER.search(text) is not None and evidence(plain(text), self._pack.acts.question) is None
        if len(orders) != 1 or orders[0] == past.slots[slot] or not (numbered or connected):
            return None
        slots = {**extract(text, self._choices(flow), message.lang), slot: orders[0]}
        slots |= self._answers.items(message, text, flow, orders[0])
        carried = {n: v for n, v in past.slots.items() if n in flow.slots and self._pack.slots[n].carried}
        return Start(flow=flow.name, slots=carried | slots, evidence=text)

    def _found(self, message: Message, text: str) -> list[Hit]:
        """What the knowledge has for a part, without answers about somebody else that would be untrue."""
        hits = self._knowledge.search(self._bare(text), message.lang, self._subject_words(message))
        return [hit for hit in hits if self._is_true(message, hit)]

    def _is_true(self, message: Message, hit: Hit) -> bool:
        faq = self._faqs.get(hit.entry.id)
        if faq is None or faq.others is None:
            return True
        own = {order.id for order in message.orders} if message.session.customer else set()
        named = {message.original(match[0]) for match in PLACEHOLDER.finditer(message.text)}
        return not own & named and evidence(plain(message.text), faq.others) is not None

    def _on_order(self, message: Message, text: str, links: list[ProductLink]) -> Iterator[Start]:
        """The flow for items that the customer waits for, when words like "where" and "sent" stand beside them.

        The words may stand in another sentence: Where are my two parcels? The glasses and the humidifier.
        """
        skus = {link.sku for link in links if link.exact}
        if not skus or message.flow or not message.session.customer:
            return
        words, asks = plain(text), self._pack.acts.question
        here = evidence(words, asks) is not None or text == message.text
        for flow in self._pack.flows:
            said = words if here else plain(message.text)
            if evidence(said, flow.asked_of_item) is None and not (here and self._tells_trouble(message, text, flow)):
                continue
            slot = next(iter(self._order_slots(flow)), None)
            orders = [o for o in message.orders if o.status in flow.item_among and skus & set(o.skus)]
            asks_order = next((step for step in flow.steps if step.collect == slot), None)
            if asks_order and (recent := [o for o in likely_orders(orders, asks_order, message.now) if o in orders]):
                orders = recent
            numbered = PLACEHOLDER.search(text) is not None  # an order named by its number is read as ever
            if slot and orders and not numbered and len(orders) <= len({link.evidence for link in links}):
                told = extract(text, self._choices(flow), message.lang)
                for order in reversed(orders):
                    number = message.placeholder(order.id)
                    slots = {**told, **self._answers.items(message, text, flow, number), slot: number}
                    yield Start(flow=flow.name, slots=slots, evidence=text)
                return

    def _follow_up(self, message: Message, words: str) -> Start | None:
        """A question about the order that a flow has just served: 哪天退的, after its refund was told.

        Words that name another order or a product are read as ever.
        """
        past = message.session.past[-1] if message.session.past else None
        last = next((turn for turn in reversed(message.session.turns) if turn.role == "bot"), None)
        if past is None or last is None or message.flow or PLACEHOLDER.search(words):
            return None
        if self._linker.link_products(words):
            return None
        for flow in self._pack.flows:
            if past.flow in flow.follows and evidence(words, flow.asked_after) is not None:
                orders = {name: past.slots[name] for name in self._order_slots(flow) if name in past.slots}
                slots = extract(words, {name: self._pack.slots[name] for name in flow.slots}, message.lang) | orders
                slots |= self._answers.items(message, words, flow, next(iter(orders.values()), None))
                slots = self._told_before(message, flow, slots) | slots
                return Start(flow=flow.name, slots=slots, evidence=words) if orders else None
        return None

    def _bare(self, text: str) -> str:
        """A question without the words that only lead to it: 等下，发票怎么开？"""
        words = LEAD.sub("", plain(text)) or plain(text)
        for rule in (self._pack.acts.hesitate, self._pack.acts.another):
            lead = evidence(words, rule)
            rest = words.removeprefix(lead).lstrip("，,。.：: ") if lead and words.startswith(lead) else ""
            words = rest if any(character.isalnum() for character in rest) else words
        return words

    def _flow(self, message: Message, words: str, guess: ScoredWish, surely: bool) -> Flow | None:
        """The flow that a part asks for: by its words, the classifier's choice first, else by the classifier alone.

        One that the customer has refused begins by words alone.
        """
        guessed = self.flow_of(guess)
        if named := self.named(words):
            return guessed if guessed in named else named[0]
        if guessed and guessed.name in message.session.denied:
            return None
        if guessed and is_idiom(words, guessed.asked_by):
            return None  # a question about it (几天内可以换货), whatever the classifier thinks
        least = SURE if surely or self._tells_data(words) else 0
        return guessed if guess.probability >= max(self._params.wish_min_probability, least) else None

    def _tells_data(self, words: str) -> bool:
        """Whether a part tells personal data, but no order: a telephone number alone asks for nothing."""
        return any(found[1] != self._answers.order_pii for found in PLACEHOLDER.finditer(words))

    def flow_of(self, guess: ScoredWish) -> Flow | None:
        """The flow that a class names, if it names one."""
        kind, _, name = guess.label.partition(":")
        return next((flow for flow in self._pack.flows if flow.name == name), None) if kind == "flow" else None

    def _writes(self, flow: Flow) -> bool:
        """Whether a flow changes something; one that only looks up answers a question about it."""
        return any(self._pack.tools[step.call].write for step in flow.steps if step.call)

    def named(self, words: str) -> list[Flow]:
        """Flows that plain words ask for."""
        return [flow for flow in self._pack.flows if evidence(words, flow.asked_by) is not None]

    def _exactly(self, message: Message, text: str, links: list[ProductLink], guess: ScoredWish) -> Iterator[Act]:
        """Sums, comparisons, queries and advice, by their words."""
        words, session = plain(text), message.session
        sure = guess.label == SUM and guess.probability >= SURE  # before the words of a query: 连运费一共多少
        if self._sums and (quote := self._sums.read(message, text, links, asked=sure)):
            yield quote
            return
        skus = _compared(links, session.subject)
        picked = len(links) == 1 and ONE.fullmatch(links[0].evidence) is not None  # the price of the bigger one
        named = [link for link in links if link.exact]
        if session.wanted and not named and evidence(words, self._pack.acts.others) is not None:
            yield Recommend(words=text, evidence=text)
            return
        if evidence(words, self._pack.acts.compare) and len(skus) >= 2 and not picked:
            skus = _named_alone(links) if len(_named_alone(links)) >= 2 else skus
            yield Compare(skus=skus[:3], aspect=self._advisor.read_aspect(text, message.lang), evidence=text)
            return
        matches = self._queries.named(text, message.lang)
        cheaper = evidence(words, self._pack.acts.cheaper) is not None
        if session.wanted and not (matches or named) and cheaper:
            yield Recommend(words=text, evidence=text)
            return
        if not matches and len(either := _either(text, links)) == 2:
            aspect = self._advisor.read_aspect(text, message.lang)
            yield Compare(skus=either, aspect=aspect, evidence=text)
            return
        if not matches and skus:
            matches = self._queries.named_of_subject(COMPARED_ONE.sub(" ", text) if picked else text)
            asked = guess.label == ASK or guess.label.startswith("query:")  # 重不重 has no word of a question
            asks = (asked and links) or evidence(words, self._pack.acts.question) is not None
            asks = asks and self.flow_of(guess) is None
            matches = matches or (self._queries.named_by_aspect(text) if asks else [])
        if matches:
            for match in matches:
                yield self._query(message, match.name, text, links, match.evidence)
            return
        constraints = self._advisor.read_constraints(text, message.lang)
        asks = evidence(words, self._pack.acts.recommend) is not None
        browses = evidence(words, self._pack.acts.browse) is not None
        kind = evidence(words, self._pack.acts.assortment) is not None and len(_named_alone(named)) != 1
        asks = asks or kind or (not named and self._advisor.is_present(constraints))
        if (browses or asks) and named and not (constraints.kinds or constraints.features) and self._default:
            yield self._query(message, self._default, text, named, text)
        elif browses or (asks and constraints) or (session.wanted and constraints.most is not None):
            yield Recommend(words=text, anew=browses and not asks, evidence=text)

    def _guessed(
        self, message: Message, text: str, guess: ScoredWish, label: str, links: list[ProductLink]
    ) -> Iterator[Act]:
        """Sums, comparisons, queries and advice that no rule reads, where the classifier is sure enough."""
        kind, _, name = label.partition(":")
        skus = _compared(links, message.session.subject)
        of_account = name in self._pack.queries and self._pack.queries[name].needs == "none"
        if guess.probability < GUESSED and kind != "compare" and not of_account:
            yield from self._told_by_page(message, text, guess, links)
            return
        if kind == "query" and name in self._pack.queries:
            named = self._pack.queries[name].needs != "product" or links or self._spoken_of(message)
            if not self._queries.excludes(name, text) and (named or guess.probability >= SURE):
                yield self._query(message, name, text, links, text, guess.probability)
        elif kind == SUM and self._sums:
            if quote := self._sums.read(message, text, links, asked=True):
                yield replace(quote, probability=guess.probability)
        elif kind == "compare" and len(skus) >= 2:
            aspect = self._advisor.read_aspect(text, message.lang)
            yield Compare(skus=skus[:3], aspect=aspect, probability=guess.probability, evidence=text)
        elif kind == "recommend":
            yield Recommend(words=text, probability=guess.probability, evidence=text)

    def _told_by_page(
        self, message: Message, text: str, guess: ScoredWish, links: list[ProductLink]
    ) -> Iterator[Query]:
        """What the page says of a product, where a guess that is not sure enough takes a question to be about one."""
        kind, _, name = guess.label.partition(":")
        of_product = name in self._pack.queries and self._pack.queries[name].needs == "product"
        page = next((n for n, query in self._pack.queries.items() if query.aspects), None)
        few = 0 < len({link.sku for link in links}) <= MOST_LATEST
        asks = evidence(plain(text), self._pack.acts.question) is not None
        if page and few and asks and (of_product or kind == SUM) and not self._best(self._found(message, text)):
            yield self._query(message, page, text, links, text, guess.probability)

    def _entry(self, message: Message, hit: Hit, links: list[ProductLink]) -> Iterator[Act | Hit]:
        yield hit
        if hit.entry.kind == "query":
            name = hit.entry.id.split(":")[1]
            yield self._query(message, name, message.text, links, hit.entry.question, hit.probability)
        else:
            yield Ask(entry=hit.entry.id, probability=hit.probability, evidence=hit.entry.question)

    def _query(
        self, message: Message, name: str, text: str, links: list[ProductLink], found: str, probability: float = 1.0
    ) -> Query:
        needs = self._pack.queries[name].needs
        slots = self._queries.told(name, text, message.lang)
        if self._pack.queries[name].takes_product and (sku := self._single_piece(message, text, links)):
            slots[NEEDED_SLOT["product"]] = sku
        if needs == "order" and (orders := self._answers.order(message, text, asked=True)):
            every = self._answers.means_all(text, len(orders))
            slots[NEEDED_SLOT["order"]] = ",".join(orders if every else orders[:1])
        elif (
            needs == "order" and (served := self._served_orders(message)) and self._answers.means_all(text, len(served))
        ):
            slots[NEEDED_SLOT["order"]] = ",".join(served)
        elif needs == "order" and message.session.subject.order:
            slots[NEEDED_SLOT["order"]] = message.session.subject.order
        elif needs == "product" and (skus := [link.sku for link in links] or self._spoken_of(message)):
            slots[NEEDED_SLOT["product"]] = ",".join(dict.fromkeys(skus))
        return Query(name=name, slots=slots, probability=probability, evidence=found)

    def _single_piece(self, message: Message, text: str, links: list[ProductLink]) -> str | None:
        """The product that a text is about, when it is one piece of one product."""
        skus = list(dict.fromkeys(link.sku for link in links)) or self._spoken_of(message)
        quote = self._sums.read(message, text, links, asked=True) if self._sums and links else None
        several = quote is not None and sum(pieces for _, pieces in quote.basket) > 1
        return skus[0] if len(skus) == 1 and not several else None

    def _served_orders(self, message: Message) -> list[str]:
        """Orders that flows of this conversation were about, each once (两单都改好了吗)."""
        orders = [p.slots[n] for p in message.session.past for n in self._answers.order_slots_of(p.slots)]
        return list(dict.fromkeys(orders))

    def slots_told(self, message: Message, text: str, flow: Flow) -> dict[str, tuple[str, ...]]:
        """Values that a text tells for a flow that it begins; several where an order may be one of some."""
        found = extract(text, {name: self._pack.slots[name] for name in flow.slots}, message.lang)
        slots: dict[str, tuple[str, ...]] = {name: (value,) for name, value in found.items()}
        for name in self._order_slots(flow):
            subject = self._subject(message, flow, name)
            if orders := self._answers.order(message, text, asked=False, focus=subject):
                slots[name] = self._answers.fitting(message, flow, orders)
        known = [slots[name] for name in self._order_slots(flow) if name in slots]
        order = known[0][0] if known and len(known[0]) == 1 else None if known else message.session.subject.order
        slots |= {name: (value,) for name, value in self._answers.items(message, text, flow, order).items()}
        return slots

    def _subject(self, message: Message, flow: Flow, slot: str) -> str | None:
        """The order that the conversation is about, if a wish may mean it without naming it.

        A flow that says which orders it offers means none of the others, nor one that it has changed already.
        """
        subject = message.session.subject.order
        if marked := self._answers.marked(message, flow):
            paid = self._answers.of_amount(message, message.text)
            if len(marked) == 1 or paid in marked:
                return message.placeholder((paid if paid and paid in marked else marked[0]).id)
            told = (past.slots.get(slot) for past in reversed(message.session.past) if past.flow == flow.name)
            own = [value for value in (subject, *told) if value]
            return next((v for v in own if message.original(v) in {order.id for order in marked}), None)
        among = next((step.among for step in flow.steps if step.collect == slot), ())
        if subject is None or not among:
            return subject
        past = message.session.past
        if any(one.written and one.flow == flow.name and one.slots.get(slot) == subject for one in past):
            return None
        if past and past[-1].flow == flow.name and past[-1].slots.get(slot) == subject:
            return subject  # it was told why this order cannot be served; the customer goes on about it
        number = message.original(subject)
        return subject if any(o.id == number and o.status in among for o in message.orders) else None

    def _start(
        self, message: Message, text: str, flow: Flow, slots: dict[str, tuple[str, ...]], guess: ScoredWish
    ) -> Iterator[Act]:
        every = {n: v for n, v in slots.items() if len(v) > 1 and self._answers.means_all(text, len(v))}
        slots = {name: values[:1] if name in every else values for name, values in slots.items()}
        certain = {name: values[0] for name, values in slots.items() if len(values) == 1}
        for name in self._order_slots(flow):
            if name not in slots and (subject := self._subject(message, flow, name)):
                certain[name] = subject
        certain = self._told_before(message, flow, certain) | certain
        named = flow in self.named(plain(text))
        yield Start(flow=flow.name, slots=certain, probability=1.0 if named else guess.probability, evidence=text)
        for name, values in every.items():
            for other in values[1:]:
                yield Start(flow=flow.name, slots={**certain, name: other}, evidence=text)
        for name, values in slots.items():
            if len(values) > 1:
                yield Choose(slot=name, candidates=values, evidence=text)

    def _told_before(self, message: Message, flow: Flow, slots: dict[str, str]) -> dict[str, str]:
        """What the flow under way, or the one just before, was told about the same order and holds for this one too.

        The item and how many of it, whatever the flows call these slots, and what the pack carries over.
        """
        before = message.session.flow or (message.session.past[-1] if message.session.past else None)
        same = before and any(before.slots.get(name, "") == slots.get(name) for name in self._order_slots(flow))
        if not before or not same or before.flow == flow.name:
            return {}
        kept = {
            name: before.slots[name] for name in flow.slots if self._pack.slots[name].carried and name in before.slots
        }
        known = {name: self._pack.slots[name] for name in before.slots if name in self._pack.slots}
        for name in flow.slots:
            slot = self._pack.slots[name]
            alike = [n for n, other in known.items() if (slot.item and other.item) or (slot.number and other.number)]
            kept |= {name: before.slots[alike[0]]} if alike else {}
        return kept

    def _otherwise(
        self,
        message: Message,
        text: str,
        words: str,
        guess: ScoredWish,
        label: str,
        hits: list[Hit],
        links: list[ProductLink],
    ) -> Iterator[Act | Hit]:
        """Small talk, an order without a wish, a reason for a wish that was not told, or nothing that is understood."""
        bare = len(BARE.sub("", PLACEHOLDER.sub("", words))) <= SHORT and not evidence(words, self._pack.acts.question)
        if not message.flow and bare and (orders := self._answers.order(message, text, asked=True)):
            slot = next(name for name in self._pack.slots if self._pack.slots[name].pii == self._answers.order_pii)
            known = {slot: orders[0]} if len(orders) == 1 else {}
            begun = self._implied(message, text)
            if begun and known:
                yield Start(flow=begun[0], slots={**begun[1], **known}, evidence=text)
            elif known:
                yield Fill(slot=slot, value=orders[0], evidence=text)
            else:
                yield Choose(slot=slot, candidates=orders, evidence=text)
            return
        if begin := self._of_subject(message, text) or self._of_trouble(message, text):
            yield begin
            return
        kind, _, name = label.partition(":")
        if kind == "talk":
            yield SmallTalk(kind=name, probability=guess.probability, evidence=words)
            return
        if listed := self._listed(message, text):
            for hit in listed:
                yield from self._entry(message, hit, [])
            return
        near = [hit for hit in candidates(hits) if hit.entry.kind == "faq"] if hits else []
        near = near if sum(hit.probability for hit in near) >= self._params.candidate_min_probability else []
        asks = evidence(words, self._pack.acts.question) is not None
        about = tuple(dict.fromkeys(link.sku for link in links if asks or link.exact))
        # A product's name in a question asks for what the question says, which was not understood.
        wanted = (not asks and len(text) <= SHORT_NAME) or evidence(words, self._pack.acts.assortment) is not None
        doubtful = len(near) < 2 or near[0].probability < DOUBTFUL
        few = 0 < len(about) <= MOST_LATEST
        default = self._default if wanted and few and doubtful and not message.flow else None
        if default and not self._queries.excludes(default, text):
            yield self._query(message, default, text, links, text)
            return
        yield from near
        asks = asks or label == ASK
        yield Unclear(
            candidates=tuple(hit.entry.id for hit in near), asks=asks, skus=about if few else (), evidence=words
        )

    def _listed(self, message: Message, text: str) -> list[Hit]:
        """Entries that items of a list ask for (运费、发票和退货期限), when the text as a whole finds none."""
        items = [item for item in LIST.split(text) if sum(map(str.isalnum, item)) >= LEAST_ITEM]
        if not 2 <= len(items) <= MOST_ITEMS:
            return []
        found = [self._found(message, item) for item in items]
        sure = [some[0] for some in found if some and some[0].probability >= self._params.faq_min_probability]
        return list({hit.entry.id: hit for hit in sure if hit.entry.kind == "faq"}.values())

    def _of_subject(self, message: Message, text: str) -> Start | None:
        """The wish that a reason tells ("it's too small"), about the order that the conversation speaks of."""
        order = message.session.subject.order
        if message.flow or not order or not (begun := self._implied(message, text)):
            return None
        flow = next(flow for flow in self._pack.flows if flow.name == begun[0])
        slots = {**begun[1], self._order_slots(flow)[0]: order}
        slots |= self._answers.items(message, text, flow, order)
        return Start(flow=flow.name, slots=self._told_before(message, flow, slots) | slots, evidence=text)

    def _of_trouble(self, message: Message, text: str) -> Start | None:
        """The flow for what went wrong, where a customer tells it and asks for nothing: 拉链拉两下就卡住了."""
        if message.flow:
            return None
        for flow in self._pack.flows:
            if self._tells_trouble(message, text, flow):
                slots = {
                    name: values[0] for name, values in self.slots_told(message, text, flow).items() if len(values) == 1
                }
                return Start(flow=flow.name, slots=slots, evidence=text)
        return None

    def _follow_up_query(self, message: Message, text: str, links: list[ProductLink]) -> str | None:
        """The query that a text without a subject asks of what was told just before (到几号, after the coupons)."""
        if message.flow or PLACEHOLDER.search(text) or any(link.exact for link in links):
            return None
        return self._queries.follow_up(text, message.session.told)

    def _tells_trouble(self, message: Message, text: str, flow: Flow) -> bool:
        """Whether a text tells a value that begins the flow, and asks for nothing else."""
        words = plain(text)
        if evidence(words, self._pack.acts.question) is not None or is_idiom(words, flow.asked_of_item):
            return False
        told = extract(text, {name: self._pack.slots[name] for name in flow.told_by}, message.lang)
        return any(value in flow.told_by[name] for name, value in told.items())

    def _small_talk(self, words: str) -> SmallTalk | None:
        for name, talk in self._pack.acts.small_talk.items():
            if (found := evidence(words, talk)) is not None:
                return SmallTalk(kind=name, evidence=found)
        return None

    def _implied(self, message: Message, text: str) -> tuple[str, dict[str, str]] | None:
        """The only flow that asks for what the text tells ("it's too small"), with these slots."""
        over = {past.flow for past in message.session.past}
        found = [
            (flow.name, slots)
            for flow in self._pack.flows
            if self._order_slots(flow)
            and flow.name not in {*over, *message.session.denied}
            and (
                slots := extract(
                    text,
                    {n: self._pack.slots[n] for n in flow.asked_slots if self._pack.slots[n].choices},
                    message.lang,
                )
            )
        ]
        return found[0] if len(found) == 1 else None

    def _choices(self, flow: Flow) -> dict[str, Slot]:
        return {name: self._pack.slots[name] for name in flow.slots if self._pack.slots[name].choices}

    def _spoken_of(self, message: Message) -> list[str]:
        """What a product's query without a name is about (有货吗): what was spoken of last, when that is few."""
        subject = message.session.subject
        return subject.latest if 0 < len(subject.latest) <= MOST_LATEST else subject.products[:1]

    def one_of(self, message: Message, text: str) -> ProductLink | None:
        """The product of those spoken of that a text tells from the others: the folding one, 亚麻的那个."""
        subject = message.session.subject
        among = subject.latest if len(subject.latest) >= 2 else subject.products
        if len(among) < 2 or not (one := ONE.search(text)):
            return None
        sku = self._advisor.one_with(text, among, message.lang, message.now)
        return ProductLink(sku, one[0], one.start(), one.end(), True) if sku else None

    def _subject_words(self, message: Message) -> tuple[str, ...]:
        names = self._linker.product_names(message.lang)
        return tuple(names[sku] for sku in message.session.subject.products[:1] if sku in names)

    def _order_slots(self, flow: Flow | None) -> list[str]:
        entity = self._pack.entities.order
        return [name for name in flow.slots if entity and self._pack.slots[name].pii == entity.pii] if flow else []


def _compared(links: list[ProductLink], subject: Subject) -> tuple[str, ...]:
    """Products that a comparison is about: those named, else those of the last list, else all that were spoken of.

    One that is named is compared with the others of the list.
    """
    named = tuple(dict.fromkeys(link.sku for link in links))
    if len(named) >= 2:
        return named
    others = subject.latest if len(subject.latest) >= 2 else subject.products
    return tuple(dict.fromkeys([*named, *others]))


def _either(text: str, links: list[ProductLink]) -> tuple[str, ...]:
    """The two products between which a text has the word "or": silk quilt or wool throw."""
    alone = _named_alone(links)
    if len(alone) != 2:
        return ()
    first, second = (next(link for link in links if link.sku == sku) for sku in alone)
    first, second = sorted((first, second), key=lambda link: link.start)
    return alone if EITHER.fullmatch(text[first.end : second.start].strip()) else ()


def _named_alone(links: list[ProductLink]) -> tuple[str, ...]:
    """Products whose words mean no other one: "the wool throw", not "a blanket"."""
    skus_of: dict[tuple[int, int], list[str]] = {}
    for link in links:
        skus_of.setdefault((link.start, link.end), []).append(link.sku)
    return tuple(dict.fromkeys(skus[0] for skus in skus_of.values() if len(skus) == 1))
