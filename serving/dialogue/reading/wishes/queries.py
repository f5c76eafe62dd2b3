"""Sums, comparisons, queries and advice that a part of a message asks for, by its words or by the classifier."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from kefu.acts import Act, Compare, Query, Quote, Recommend
from kefu.intents.wishes import ASK, ScoredWish
from kefu.shop.pack import Pack
from kefu.shop.part import Lang
from kefu.shop.queries import NEEDED_SLOT
from kefu.shop.queries import Query as ShopQuery
from kefu.shop.wordings.labelled import RECOMMEND, SUM
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.catalogue.advisor import ProductAdvisor
from serving.dialogue.catalogue.constraints import CHEAPEST
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.records import ProductLink
from serving.dialogue.pricing.questions import price_words
from serving.dialogue.pricing.quote import Pricing
from serving.dialogue.queries import ASPECT, Queries, QueryMatch
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.message import MOST_LATEST, Message
from serving.dialogue.reading.wishes.entries import EntryReader
from serving.dialogue.reading.wishes.flows import DECIDES, SURE, FlowReader
from serving.dialogue.reading.wishes.products import compared, either, named_alone
from serving.dialogue.reading.wishes.sums import SumReader
from serving.dialogue.reading.word_rules import evidence, plain, search_words

LEAST_COMPARED = 2
COMPARED_ONE = re.compile(r"\b\w+(?:er|est) ones?\b|最.的", re.IGNORECASE)
ONE = re.compile(
    r"[的得](?:这|那)?一?(?:个|條|条|款|种|套|件|只|床)|\bones?\b|(?:那|这)(?:个|条|款|套|床)[^，。？！,.?!]{0,4}的",
    re.IGNORECASE,
)
GUESSED = 0.6  # of a query, sum or advice that no word asks for: between 0.4 and that, 10 of 38 guesses were right


class QueryReader:
    """Reads what one pack's data answers exactly."""

    def __init__(
        self,
        pack: Pack,
        linker: Linker,
        queries: Queries,
        advisor: ProductAdvisor,
        pricing: Pricing | None,
        answers: AnswerReader,
        entries: EntryReader,
        flows: FlowReader,
    ) -> None:
        self._pack, self._queries, self._advisor = pack, queries, advisor
        self._answers, self._entries, self._flows = answers, entries, flows
        self._price_words = price_words(pack)
        self._writing = {flow.name for flow in pack.flows if flows.writes(flow)}
        self._sums = SumReader(pack, linker, pricing) if pricing else None
        self.default = next((name for name, query in pack.queries.items() if query.default), None)

    def exactly(self, message: Message, text: str, links: list[ProductLink], guess: ScoredWish) -> Iterator[Act]:
        """Sums, comparisons, queries and advice, by their words."""
        words, wanted, acts = plain(text), message.session.wanted, self._pack.acts
        sure = guess.label == SUM and guess.probability >= SURE  # before the words of a query: 连运费一共多少
        named = [link for link in links if link.exact]
        picked = len(links) == 1 and ONE.fullmatch(links[0].evidence) is not None  # the price of the bigger one
        ahead = [m for m in self._queries.named(text, message.lang) if self._pack.queries[m.name].before_sums]
        quote = self._sums.read(message, text, links, asked=sure) if self._sums and not ahead else None
        of_order = quote is not None and self._are_of_order(message, tuple(sku for sku, _ in quote.basket))
        if ahead:
            yield from (self._matched(message, match, text, links) for match in ahead)
        elif quote and not (of_order and (self._flows.named(words) or (quote.check == "coupon" and not named))):
            yield quote
            yield from (self._beside(message, text, links) if quote.check == "coupon" and named else ())
        elif wanted and not named and evidence(words, acts.others) is not None:
            yield Recommend(words=text, evidence=text)
        elif guess.label == RECOMMEND and guess.probability >= DECIDES and self._advisor.reader.has_budget(text):
            yield Recommend(words=text, evidence=text)  # what is there for about 40: no sum of 40
        elif than := self._measured(message, words, named):
            yield Recommend(words=text, than=than, evidence=text)
        elif len(named_alone(named)) < LEAST_COMPARED and self._wants_cheaper(message, words, named):
            yield Recommend(words=text, evidence=text)
        elif not picked and len(skus := self._compared(message, words, links)) >= LEAST_COMPARED:
            yield Compare(skus=skus[:3], aspect=self._advisor.reader.read_aspect(text), evidence=text)
        elif matches := self._queries.named(text, message.lang):
            yield from (self._matched(message, match, text, links) for match in matches)
        elif wanted and self._goes_on_cheaper(words, picked, bool(named)):
            yield Recommend(words=text, evidence=text)
        elif len(two := either(text, links)) == LEAST_COMPARED and not self._are_of_order(message, two):
            yield Compare(skus=two, aspect=self._advisor.reader.read_aspect(text), evidence=text)
        elif matches := self._of_subject(message, text, links, guess, picked):
            yield from (self._matched(message, match, text, links) for match in matches)
        else:
            yield from self._advice(message, text, named)

    def _beside(self, message: Message, text: str, links: list[ProductLink]) -> Iterator[Query]:
        """What a text asks of a product beside whether a coupon applies to it: 有货吗我那张50的券能用不."""
        for match in self._queries.named_of_subject(text):
            of_product = self._pack.queries[match.name].needs == "product" and not self._queries.needs_customer(
                match.name
            )
            if of_product and not self.is_of_price(match.evidence):
                yield self._matched(message, match, text, links)

    def is_of_price(self, words: str) -> bool:
        """Whether some words ask for a price; a sum tells it."""
        return bool(self._price_words) and search_words(plain(words), self._price_words, ()) is not None

    def asks_price(self, act: Act) -> bool:
        """Whether an act tells what something costs now."""
        return isinstance(act, Quote) or (self.is_of_product(act) and self.is_of_price(act.evidence))

    def named(self, message: Message, text: str) -> list[str]:
        """Queries that a few words name, with a product's name or without one."""
        matches = [*self._queries.named(text, message.lang), *self._queries.named_of_subject(text)]
        return [match.name for match in matches or self._queries.named_by_aspect(text)]

    def _compared(self, message: Message, words: str, links: list[ProductLink]) -> tuple[str, ...]:
        """The products that a text asks to compare; none when it does not."""
        skus = compared(links, message.session.subject)
        if not evidence(words, self._pack.acts.compare) or self._speaks_of_order(message, links):
            return ()
        if self._are_of_order(message, skus):
            return ()
        alone = named_alone(links)
        return alone if len(skus) >= LEAST_COMPARED <= len(alone) else skus

    def _speaks_of_order(self, message: Message, links: list[ProductLink]) -> bool:
        """Whether the conversation is about an order, and compares nothing: none is named, no two were offered."""
        subject, named = message.session.subject, any(link.exact for link in links)
        return subject.order is not None and not named and len(subject.latest) < LEAST_COMPARED

    def _are_of_order(self, message: Message, skus: tuple[str, ...]) -> bool:
        """Whether products are items of the order that the conversation is about: they are not for sale."""
        order = message.session.subject.order
        own = self._answers.orders.own(message, order) if order and message.session.customer else None
        return own is not None and set(skus) <= set(own.skus)

    def _of_subject(
        self, message: Message, text: str, links: list[ProductLink], guess: ScoredWish, picked: bool
    ) -> list[QueryMatch]:
        """Queries that a text without their full words asks of the products that it is about."""
        if not compared(links, message.session.subject):
            return []
        asked = guess.label == ASK or guess.label.startswith("query:")  # 重不重 has no word of a question
        asked = asked and (bool(links) or guess.probability >= SURE)
        asks = asked or evidence(plain(text), self._pack.acts.question) is not None
        unsure = guess.probability < DECIDES and any(link.exact for link in links)
        asks = asks and (unsure or self._flows.of_guess(guess) is None)
        words = COMPARED_ONE.sub(" ", text) if picked else text
        return [*self._queries.named_of_subject(words), *(self._queries.named_by_aspect(words) if asks else [])]

    def _matched(self, message: Message, match: QueryMatch, text: str, links: list[ProductLink]) -> Query:
        asked = self.query(message, match.name, text, links, match.evidence)
        return replace(asked, slots={**asked.slots, ASPECT: match.aspect}) if match.aspect else asked

    def _advice(self, message: Message, text: str, named: list[ProductLink]) -> Iterator[Act]:
        """Advice, or what the page says of a product that is named with a word of advice."""
        words, acts, reader = plain(text), self._pack.acts, self._advisor.reader
        constraints = reader.read(text)
        browses = evidence(words, acts.browse) is not None
        kind = evidence(words, acts.assortment) is not None and len(named_alone(named)) != 1
        asks = evidence(words, acts.recommend) is not None or kind or (not named and reader.is_present(constraints))
        if (browses or asks) and named and not (constraints.kinds or constraints.features) and self.default:
            yield self.query(message, self.default, text, named, text)
        elif browses or (asks and constraints) or (message.session.wanted and constraints.most is not None):
            yield Recommend(words=text, anew=browses and not asks, evidence=text)

    def _wants_cheaper(self, message: Message, words: str, named: list[ProductLink]) -> bool:
        """Whether a text asks for something cheaper of the kind of what it names, or of what was spoken of."""
        acts = self._pack.acts
        asks = all(evidence(words, rule) is not None for rule in (acts.recommend, acts.cheaper))
        return asks and bool(named or message.spoken_of)

    def _measured(self, message: Message, words: str, named: list[ProductLink]) -> tuple[str, ...]:
        """The product than which a text wants a lighter, bigger or the like; none where it wants no such thing, or
        where the product itself comes in sizes."""
        if not self._advisor.reader.read_measures(words):
            return ()
        skus = named_alone(named) or tuple(message.spoken_of)
        return skus if len(skus) == 1 and not self._pack.catalogue.products[skus[0]].sizes else ()

    def _goes_on_cheaper(self, words: str, picked: bool, named: bool) -> bool:
        """Whether a text without a product wants what is cheaper, or the cheapest, of what was shown last."""
        if CHEAPEST.search(words):
            return picked or not named
        return not named and evidence(words, self._pack.acts.cheaper) is not None

    def guessed(
        self, message: Message, text: str, guess: ScoredWish, label: str, links: list[ProductLink]
    ) -> Iterator[Act]:
        """Sums, comparisons, queries and advice that no rule reads, where the classifier is sure enough."""
        kind, _, name = label.partition(":")
        skus = compared(links, message.session.subject)
        query = self._pack.queries.get(name)
        of_account = query is not None and query.needs == "none"
        if query and guess.probability < SURE and not self._has_such_order(message, text, query):
            return
        if guess.probability < GUESSED and kind != "compare" and not of_account:
            yield from self._told_by_page(message, text, guess, links)
            return
        if kind == "query" and name in self._pack.queries:
            named = self._pack.queries[name].needs != "product" or links or message.spoken_of
            general = evidence(plain(message.text), self._pack.acts.in_general) is not None
            kept = general and guess.probability >= SURE  # it breaks after a year: of one that is not bought yet
            if (kept or not self._queries.excludes(name, text)) and (named or guess.probability >= SURE):
                yield self.query(message, name, text, links, text, guess.probability)
        elif kind == SUM and self._sums:
            if quote := self._sums.read(message, text, links, asked=True):
                yield replace(quote, probability=guess.probability)
        elif kind == "compare" and self._speaks_of_order(message, links):
            return
        elif kind == "compare" and len(skus) >= 2 and not self._are_of_order(message, skus):
            aspect = self._advisor.reader.read_aspect(text)
            yield Compare(skus=skus[:3], aspect=aspect, probability=guess.probability, evidence=text)
        elif kind == RECOMMEND:
            yield Recommend(words=text, probability=guess.probability, evidence=text)

    def in_words(
        self, message: Message, text: str, links: list[ProductLink], among: Collection[str]
    ) -> Iterator[Query]:
        """Those of some queries that a text asks by their words."""
        for match in self._queries.named(text, message.lang):
            if match.name in among:
                yield self._matched(message, match, text, links)

    def to_be_bought(self, message: Message, text: str, links: list[ProductLink], asked: bool) -> Quote | None:
        """The sum that a text asks for of products that are not in the order spoken of.

        asked: whether it is known to ask for a sum; else its words tell.
        """
        quote = self._sums.read(message, text, links, asked=asked) if self._sums else None
        return quote if quote and not self._are_of_order(message, tuple(sku for sku, _ in quote.basket)) else None

    def may_tell(self, name: str, text: str, lang: Lang) -> dict[str, str]:
        """What a text tells of the slots that a query may read; nothing for a name that is no query."""
        return self._queries.may_tell(name, text, lang) if name in self._pack.queries else {}

    def _has_such_order(self, message: Message, text: str, query: ShopQuery) -> bool:
        """Whether a customer has an order for which a query can answer, or names one."""
        if not query.among or not message.session.customer:
            return True
        fits = any(order.status in query.among for order in message.orders)
        return fits or bool(self._answers.orders.meant(message, text, asked=False))

    def follow_up(self, message: Message, text: str, links: list[ProductLink]) -> str | None:
        """The query that a text without a subject asks of what was told just before (到几号, after the coupons), or of
        the case that was just settled (can they come after six?)."""
        if message.flow or PLACEHOLDER.search(text):
            return None
        last = [message.topic] if message.topic else self._told_last(message)
        told = [] if any(link.exact for link in links) else last
        if case := self._answers.settled.read(message, text):
            told.append(f"flow:{case.flow}")
        return next((query for name in told if (query := self._queries.follow_up(text, name))), None)

    def _told_last(self, message: Message) -> list[str]:
        """What was told last: by name, or the flow that has just told it."""
        session = message.session
        ended = [f"flow:{past.flow}" for past in session.past[-1:] if past.written or past.flow not in self._writing]
        return [told.name for told in session.told[-1:]] or ended

    def is_asked_alone(self, message: Message, text: str, links: list[ProductLink]) -> bool:
        """Whether the words of a query stand in a text, other than those of a product's where none is named."""
        named = (self._pack.queries[match.name] for match in self._queries.named(text, message.lang))
        return any(query.needs != "product" or links for query in named)

    def query(
        self, message: Message, name: str, text: str, links: list[ProductLink], found: str, probability: float = 1.0
    ) -> Query:
        if 0 < len({link.sku for link in links}) <= MOST_LATEST:
            name = self._pack.queries[name].on_product or name
        needs = self._pack.queries[name].needs
        of_message = self._queries.may_tell(name, message.text, message.lang)  # which size? I am 168 cm
        slots = of_message | self._queries.told(name, text, message.lang)
        if self._pack.queries[name].takes_product and (sku := self._single_piece(message, text, links)):
            slots[NEEDED_SLOT["product"]] = sku
        if needs == "order" and (order := self._answers.orders.of_other_piece(message, text)):
            slots[NEEDED_SLOT["order"]] = order
        elif needs == "order" and (orders := self._answers.orders.meant(message, text, asked=True)):
            every = self._answers.orders.words.means_all(text, len(orders))
            slots[NEEDED_SLOT["order"]] = ",".join(orders) if every else self._likeliest(message, name, orders)
        elif (
            needs == "order"
            and (served := self._answers.orders.served(message))
            and self._answers.orders.words.means_all(text, len(served))
        ):
            slots[NEEDED_SLOT["order"]] = ",".join(served)
        elif needs == "order" and (spoken_of := self._spoken_of(message, name)):
            slots[NEEDED_SLOT["order"]] = spoken_of
        elif needs == "product" and (skus := [link.sku for link in links] or self._of_kind(message, text)):
            slots[NEEDED_SLOT["product"]] = ",".join(dict.fromkeys(skus))
        return Query(name=name, slots=slots, probability=probability, evidence=found)

    def _likeliest(self, message: Message, name: str, orders: Sequence[str]) -> str:
        """The one of some own orders that a query is rather about: it can answer for it, and it was spoken of."""
        among, subject = self._pack.queries[name].among, message.session.subject.order
        own = {value: self._answers.orders.own(message, value) for value in orders}
        fit = [value for value, order in own.items() if order and order.status in among] or list(orders)
        return subject if subject in fit else fit[0]

    def _spoken_of(self, message: Message, name: str) -> str | None:
        """The order spoken of; where a query cannot answer for that one, the newest that it can, with the product
        spoken of: 最晚几号能退, of the fryer, after a cancelled throw. Without an order, the only such one."""
        among, subject, skus = self._pack.queries[name].among, message.session.subject.order, {*message.spoken_of}
        own = self._answers.orders.own(message, subject) if subject else None
        if own and (own.status in among or skus & {*own.skus}):
            return subject
        fit = [message.placeholder(o.id) for o in message.orders if o.status in among and skus & {*o.skus}]
        return fit[0] if fit and (subject or len(fit) == 1) else subject

    def _of_kind(self, message: Message, text: str) -> list[str]:
        """The products spoken of, or those of them whose kind a text names: what does the pot cost?"""
        catalogue, spoken_of = self._pack.catalogue, list(message.spoken_of)
        kinds = {k for k, tag in catalogue.kinds.items() if search_words(plain(text), tag.words, tag.not_words)}
        return [sku for sku in spoken_of if kinds & set(catalogue.products[sku].kinds)] or spoken_of

    def one_of(self, message: Message, text: str) -> ProductLink | None:
        """The product of those spoken of that a text tells from the others: the folding one, 亚麻的那个."""
        subject = message.session.subject
        among = subject.latest if len(subject.latest) >= 2 else subject.products
        if len(among) < 2 or not (one := ONE.search(text)):
            return None
        sku = self._advisor.one_with(text, among, message.now)
        return ProductLink(sku, one[0], one.start(), one.end(), True) if sku else None

    def is_shopping(self, message: Message, text: str) -> bool:
        """Whether words of the pack ask what is for sale, or for a query."""
        rules = (self._pack.acts.browse, self._pack.acts.assortment)
        browses = any(evidence(plain(text), rule) is not None for rule in rules)
        return browses or bool(self._queries.named(text, message.lang))

    def is_of_product(self, act: Act) -> bool:
        """Whether an act asks for a property of a product."""
        return isinstance(act, Query) and self._pack.queries[act.name].needs == "product"

    def is_on_order(self, act: Act) -> bool:
        """Whether a flow answers an act for who has ordered."""
        return isinstance(act, Query) and self._pack.queries[act.name].on_order is not None

    def needs_customer(self, act: Act) -> bool:
        return isinstance(act, Query) and self._queries.needs_customer(act.name)

    def _told_by_page(
        self, message: Message, text: str, guess: ScoredWish, links: list[ProductLink]
    ) -> Iterator[Query]:
        """What the page says of a product, where a guess that is not sure enough takes a question to be about one."""
        kind, _, name = guess.label.partition(":")
        of_product = name in self._pack.queries and self._pack.queries[name].needs == "product"
        page = next((n for n, query in self._pack.queries.items() if query.aspects), None)
        few = 0 < len({link.sku for link in links}) <= MOST_LATEST
        asks = evidence(plain(text), self._pack.acts.question) is not None
        if (
            page
            and few
            and asks
            and (of_product or kind == SUM)
            and not self._queries.excludes(page, text)
            and not self._entries.best(self._entries.find(message, text))
        ):
            yield self.query(message, page, text, links, text, guess.probability)

    def _single_piece(self, message: Message, text: str, links: list[ProductLink]) -> str | None:
        """The product that a text is about, when it is one piece of one product."""
        skus = list(dict.fromkeys(link.sku for link in links)) or message.spoken_of
        several = self._sums is not None and self._sums.pieces(message, text, links) > 1
        return skus[0] if len(skus) == 1 and not several else None
