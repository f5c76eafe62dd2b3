"""Reads questions for a sum: the basket, or the products among which the customer has to choose first.

A word that may mean several products (毯子, the pot) means the one that was spoken of; else it is asked back, never
left out. A message may change the sum before: add to it (and if I add …), or take something out of it (挂钟不要了).
How many of each is read by ``serving/dialogue/pricing/basket.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Literal, NamedTuple

from kefu.acts import Quote
from kefu.shop.pack import Pack
from kefu.shop.part import LANGUAGES
from serving.dialogue.catalogue.constraints import CHEAPEST
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.records import ProductLink
from serving.dialogue.pricing.basket import BLANK, BOUGHT, Basket, blank_mentions
from serving.dialogue.pricing.quantities import find_quantities, plain
from serving.dialogue.pricing.quote import Pricing
from serving.dialogue.queries import search_words
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.wishes.sum_words import (
    ADDED_IF,
    ADDS,
    ADDS_NO_PRODUCT,
    BARE_NUMBER,
    BUYS,
    CHANGES,
    DENIED,
    DROPPED_AFTER,
    DROPPED_BEFORE,
    FEE,
    FOLLOWING_NUMBER,
    IN_ORDER,
    MONEY,
    MORE_OF,
    NUMBER_ONLY,
    OF_BOUGHT,
    OF_ORDER,
    ONLY,
    POINTED_AT,
    ROUGHLY,
    SWAPS,
    WANTED,
)
from serving.sessions.session import Session

MAX_CHOICES = 5
MAX_BESIDE = 12  # letters beside what picks one of the choices
MAX_LATER = 24  # characters of a message that only adds points to a sum


class SumQuestion(NamedTuple):
    """What words ask of a sum besides its products.

    points: to be used; kept: not to be used. coupon: whether one applies. amount: the sum to be confirmed, in yuan.
    changes: the sum before. about: these of what was spoken of. counts: pieces of it. fee: of delivery.
    """

    points: bool
    kept: bool
    coupon: bool
    amount: int | None
    changes: bool
    about: bool
    counts: bool
    fee: bool


class SumReader:
    """Reads sums of one pack."""

    def __init__(self, pack: Pack, linker: Linker, pricing: Pricing) -> None:
        self._linker, self._pricing = linker, pricing
        account = pack.entities.account
        tool = account.coupons if account else None
        topics = {query.topic for query in pack.queries.values() if tool and query.tool == tool and query.topic}
        self._of_coupons = {f"query:{name}" for name, query in pack.queries.items() if query.topic in topics}
        catalogue = pack.catalogue
        of_kind = {k: tuple(s for s, p in catalogue.products.items() if k in p.kinds) for k in catalogue.kinds}
        wide = {k for k in of_kind if any(set(other) < set(of_kind[k]) for other in of_kind.values() if other)}
        self._kinds = {k: (catalogue.kinds[k], skus) for k, skus in of_kind.items() if skus and k not in wide}

    def read(self, message: Message, text: str, links: Sequence[ProductLink], asked: bool = False) -> Quote | None:
        """The sum that a text asks for; ``choices`` are set when it cannot be told before the customer chooses.

        Args:
            links: products that the text names or points at.
            asked: whether the text is known to ask for a sum; else its words tell.
        """
        session, words = message.session, message.original(text)
        if chosen := self._chosen(session, words, links):
            words = session.open_sum.replace(BLANK, self._linker.product_names(message.lang)[chosen], 1)
            links = self._linker.link_products(words)
        # What an open sum named as possible is no subject: it would decide for the customer.
        subject = [] if session.open_sum else session.subject.products
        basket = [sku for sku, _ in session.basket]
        mentions = self._mentions(words, links, basket, [*basket, *subject])
        question = self._question(message, words, mentions)
        asked = (
            (asked and (bool(mentions) or OF_ORDER.search(words) is None))
            or question.about
            or question.counts
            or question.fee
        )
        changes = question.changes and bool(mentions)
        if CHEAPEST.search(words):
            least = {self._least_dear([link.sku for link in span]) for span in mentions}
            mentions = [tuple(link for link in span if link.sku in least) for span in mentions]
            words = CHEAPEST.sub(lambda found: " " * len(found[0]), words)  # "one" is no number of pieces
        if not (chosen or asked or self._asks(words, mentions, links) or changes):
            return None
        ordered = self._ordered(message, text, mentions)
        for span in mentions if not ordered else ():
            if len(span) > 1 and span[0].exact:
                blanked = words[: span[0].start] + BLANK + words[span[0].end :]
                choices = tuple(link.sku for link in span)[:MAX_CHOICES]
                return Quote(basket=(), choices=choices, words=blanked, evidence=span[0].evidence)
        named = [link for span in mentions for link in span]
        return self._quote(session, text, words, named, question, ordered)

    def pieces(self, message: Message, text: str, links: Sequence[ProductLink]) -> int:
        """How many pieces of the products that a text names it speaks of, whatever was in the sum before."""
        return sum(pieces for _, pieces in self._pricing.read_basket(message.original(text), links) or ())

    def _question(self, message: Message, words: str, mentions: Sequence[Sequence[ProductLink]]) -> SumQuestion:
        """What words ask of a sum besides its products."""
        session, questions = message.session, self._pricing.questions
        told_sum = not session.told or any(told.name == "sum" for told in session.told)
        changes = (
            bool(session.basket)
            and told_sum
            and OF_ORDER.search(words) is None
            and (
                _adds(words)
                or any(rule.search(words) for rule in (CHANGES, SWAPS))
                or self._drops(words, mentions)
                or _counts_anew(words, [link for span in mentions for link in span], session)
            )
        )
        points, coupon, amount = self._checks(words)
        coupon = coupon or (self._told_coupons(message) and bool(questions and questions.goes_on_about_coupon(words)))
        kept = questions is not None and questions.keeps_points(words)
        known = not message.session.flow and bool(
            mentions or session.basket or 0 < len(session.subject.latest) <= MAX_CHOICES
        )
        about = known and (
            coupon or amount is not None or ((points or kept) and self._goes_on(session, words, mentions))
        )
        number = FOLLOWING_NUMBER.fullmatch(words) is not None and BARE_NUMBER.fullmatch(words) is None
        counts = known and not mentions and (number or FEE.search(words) is not None)
        fee = known and bool(mentions) and FEE.search(words) is not None and OF_ORDER.search(words) is None
        return SumQuestion(points, kept, coupon, amount, changes, about, counts, fee)

    def _quote(
        self,
        session: Session,
        text: str,
        words: str,
        named: Sequence[ProductLink],
        question: SumQuestion,
        ordered: Basket,
    ) -> Quote | None:
        """The sum of what is ordered, else of what is named, or of what was in the sum before."""
        if question.amount is not None:  # the sum that he names is no number of pieces
            words = words.replace(str(question.amount), " " * len(str(question.amount)))
        wanted = ordered or self._swapped(words, named, session) or self._basket(words, named, session)
        several = session.subject.latest if not (named or session.basket) else []
        if question.counts and 1 < len(several) <= MAX_CHOICES:  # which of the list is meant?
            return Quote(basket=(), choices=tuple(several), words=f"{BLANK} {words}", evidence=text)
        before = tuple((sku, pieces) for sku, pieces in session.basket)
        if not wanted and not named:  # 一共多少钱: of the sum before
            wanted = before
        if not wanted and (question.about or question.counts) and len({link.sku for link in named}) < 2:
            one = tuple((sku, 1) for sku in ([link.sku for link in named[:1]] or session.subject.latest[:1]))
            wanted = before if not named and before else one
        if not wanted:
            return None
        questions = self._pricing.questions
        again = session.points and not question.kept and (question.changes or question.about)
        check: Literal["total", "coupon"] | None = "total" if question.amount is not None else None
        return Quote(
            basket=wanted,
            points=question.points or again,
            coupons=questions is not None and questions.names_coupon(words),
            check="coupon" if question.coupon else check,
            amount=question.amount,
            roughly=ROUGHLY.search(words) is not None,
            told=bool(before) and wanted == before,
            evidence=text,
        )

    def _ordered(self, message: Message, text: str, mentions: Sequence[Sequence[ProductLink]]) -> Basket:
        """What is in the order that a text refers to, when all that it names is: the bath towel order."""
        if IN_ORDER.search(text) is None:
            return ()
        session, orders = message.session, message.orders
        found = self._linker.link_orders(text, orders, message.lang, message.now, vault=session.vault)
        order = next((order for order in orders if (order.id,) == found.ids), None)
        if order is None or not all(any(link.sku in order.skus for link in span) for span in mentions):
            return ()
        return tuple(zip(order.skus, order.quantities, strict=False))

    def _checks(self, words: str) -> tuple[bool, bool, int | None]:
        """Whether points are to be used, whether a coupon is asked about, and the sum to be confirmed."""
        if (questions := self._pricing.questions) is None:
            return False, False, None
        elsewhere = questions.is_excluded(words) or OF_BOUGHT.search(words)
        amount = None if elsewhere else questions.checked_amount(words)
        return questions.wants_points(words), questions.asks_for_coupon(words), amount

    def _told_coupons(self, message: Message) -> bool:
        """Whether the customer's coupons were told last, or are asked for in an earlier part of the message."""
        names = {message.topic, *(told.name for told in message.session.told)}
        return bool(names & self._of_coupons)

    def _goes_on(self, session: Session, words: str, mentions: Sequence[Sequence[ProductLink]]) -> bool:
        """Whether words about points belong to a sum: to the one before, or to a product that is named with them."""
        return bool(mentions) or (bool(session.basket) and len(words) <= MAX_LATER)

    def _swapped(self, words: str, links: Sequence[ProductLink], session: Session) -> Basket | None:
        """The basket with a product in place of another of its kind: 换成羊羔绒毯呢."""
        pieces = dict(session.basket)
        skus = list(dict.fromkeys(link.sku for link in links))
        if len(skus) == 2 and skus[0] in pieces and skus[1] not in pieces and SWAPS.search(words):
            return tuple((skus[1] if sku == skus[0] else sku, number) for sku, number in pieces.items())
        if not pieces or len(skus) != 1 or not SWAPS.search(words):
            return None
        new = skus[0]
        alike = [some for _, some in self._kinds.values() if new in some]
        old = [sku for sku, _ in session.basket if sku != new and any(sku in some for some in alike)]
        if len(old) > 1:
            return None
        number = pieces.pop(old[0], 1) if old else 1
        return tuple({**pieces, new: number}.items())

    def _asks(self, words: str, mentions: Sequence[Sequence[ProductLink]], links: Sequence[ProductLink]) -> bool:
        named = [span[0] for span in mentions]
        if len({link.sku for link in named}) > 1 and BUYS.search(words) and not BOUGHT.search(words):
            return bool(find_quantities(blank_mentions(plain(words), named)))
        return self._pricing.is_sum_question(words, named or links)

    def _chosen(self, session: Session, words: str, links: Sequence[ProductLink]) -> str | None:
        """The product that a message picks from those that the sum before asked for, and says nothing else."""
        if not session.open_sum:
            return None
        if (number := NUMBER_ONLY.fullmatch(words)) and 1 <= int(number[1]) <= len(session.sum_choices):
            return session.sum_choices[int(number[1]) - 1]
        if (least := CHEAPEST.search(words)) and len(re.findall(r"\w", words.replace(least[0], ""))) <= MAX_BESIDE:
            return self._least_dear(session.sum_choices)
        named = dict.fromkeys(link.sku for link in links if link.sku in session.sum_choices)
        rest = blank_mentions(words, links).replace(BLANK, "")
        return next(iter(named)) if len(named) == 1 and len(re.findall(r"\w", rest)) <= MAX_BESIDE else None

    def _least_dear(self, skus: Sequence[str]) -> str:
        """The cheapest of some products, of those in stock if there are any."""
        products = self._pricing.products
        return min(skus, key=lambda sku: (products[sku].stock <= 0, products[sku].price))

    def _mentions(
        self, words: str, links: Sequence[ProductLink], basket: Sequence[str], spoken_of: Sequence[str]
    ) -> list[tuple[ProductLink, ...]]:
        """Of each place in the text, the products that it may mean: those named, and kinds that no name covers."""
        spans = [tuple(some) for _, some in groupby(sorted(links, key=_place), key=_place)]
        masked = blank_mentions(plain(words), links)
        for tag, skus in self._kinds.values():
            found = search_words(masked, tag.words, tag.not_words)
            if found and WANTED.search(masked[: found.start()]) and not _overlaps(found.span(), spans):
                meant = self._called(found[0], spoken_of) or skus
                spans.append(tuple(ProductLink(sku, found[0], found.start(), found.end(), True) for sku in meant))
        spans += self._pointed_at(words, links, spans, spoken_of)
        narrowed = (_narrowed(_narrowed(span, basket), spoken_of) for span in spans)
        return sorted(narrowed, key=lambda span: span[0].start)

    def _pointed_at(
        self,
        words: str,
        links: Sequence[ProductLink],
        spans: Sequence[Sequence[ProductLink]],
        spoken_of: Sequence[str],
    ) -> list[tuple[ProductLink, ...]]:
        """Products that one word of their English names means, after "the" or a number: those spoken of (the lunch box
        + the bags), else the only one of all that is called so (1 oil)."""
        names = {sku: name.lower().split() for sku, name in self._linker.product_names("en").items()}
        masked = blank_mentions(plain(words), links)
        found: list[tuple[ProductLink, ...]] = []
        for match in POINTED_AT.finditer(masked):
            word = match[1].lower()
            held = [sku for sku in spoken_of if word in names.get(sku, ())]
            held = held or [sku for sku, name in names.items() if name[-1] in (word, word.removesuffix("s"))]
            taken = {link.sku for span in (*spans, *found) for link in span}
            if len(held) == 1 and held[0] not in taken and not _overlaps(match.span(1), [*spans, *found]):
                found.append((ProductLink(held[0], match[1], match.start(1), match.end(1), True),))
        return found

    def _called(self, word: str, spoken_of: Sequence[str]) -> list[str]:
        """The only product spoken of whose name holds a word: the pot, after the slow-brew health pot."""
        names = [self._linker.product_names(lang) for lang in LANGUAGES]
        held = re.compile(rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word), re.IGNORECASE)
        found = {sku for sku in spoken_of for some in names if held.search(some.get(sku, ""))}
        return list(found) if len(found) == 1 else []

    def _drops(self, words: str, mentions: Sequence[Sequence[ProductLink]]) -> bool:
        masked = blank_mentions(plain(words), (link for span in mentions for link in span))
        return bool(DROPPED_BEFORE.search(masked) or DROPPED_AFTER.search(masked))

    def _basket(self, words: str, links: Sequence[ProductLink], session: Session) -> Basket | None:
        before: Basket = tuple((sku, pieces) for sku, pieces in session.basket)
        if not before and ADDED_IF.search(words):  # to what was spoken of last: would my coupon do if I add a mug?
            others = [sku for sku in session.subject.latest if sku not in {link.sku for link in links}]
            before = tuple((sku, 1) for sku in others) if len(others) == 1 else ()
        masked = blank_mentions(plain(words), links)
        dropped = {link.sku for link in links if (m := DROPPED_AFTER.search(masked)) and m.end() == link.start}
        start = 0
        if (end := DROPPED_BEFORE.search(masked)) and any(link.end <= end.start() for link in links):
            dropped |= {link.sku for link in links if link.end <= end.start()}
            start = end.end()
        if dropped:
            kept = [
                replace(link, start=link.start - start, end=link.end - start) for link in links if link.start >= start
            ]
            kept = [link for link in kept if link.sku not in dropped]
            rest = tuple((sku, pieces) for sku, pieces in before if sku not in dropped)
            named = self._pricing.read_basket(words[start:], kept) if kept else rest or None
            return named if not named or ONLY.search(words[start:]) else _changed(rest, named, words[start:], kept)
        if not links:
            words = MONEY.sub(" ", words)
            return self._pricing.read_basket(words, [], previous=self._last(before, session))
        changes = before and (CHANGES.search(words) or _counts_anew(words, links, session))
        skus = {link.sku for link in links}
        again = len(skus) == 1 and skus <= {sku for sku, _ in before} and MORE_OF.search(words)
        more = dict(self._pricing.read_basket(words, links) or ()) if again else {}  # 枕头再加一个
        if more:
            return tuple((sku, pieces + more.get(sku, 0)) for sku, pieces in before)
        if changes:  # as long as the words, so that places stay
            words = DENIED.sub(lambda match: " " * len(match[0]), words)
        named = self._pricing.read_basket(words, links, previous=before or None)
        if not before or named is None or not (changes or _adds(words)):
            return named
        if not changes and self._pricing.is_sum_question(words, links) and len(named) > 1:
            return named  # a list of its own: 两条毯子加上一个枕头一共多少
        return _changed(before, named, words, links)

    def _last(self, before: Basket, session: Session) -> Basket | None:
        """What a number alone counts (两条一共多少): the sum before, or one piece of what was spoken of last."""
        subject = session.subject
        spoken_of = subject.latest[:1] or subject.products[:1]
        if len(before) == 1 and spoken_of in ([], [before[0][0]]):
            return before
        return ((spoken_of[0], 1),) if spoken_of and not before else None


def _adds(words: str) -> bool:
    """Whether the message adds to the sum before."""
    return ADDS.search(ADDS_NO_PRODUCT.sub(" ", words)) is not None


def _counts_anew(words: str, links: Sequence[ProductLink], session: Session) -> bool:
    """Whether a message right after a sum is only another number of something in it: two of the towels then."""
    in_sum = bool(links) and {link.sku for link in links} <= {sku for sku, _ in session.basket}
    rest = blank_mentions(plain(words), links).replace(BLANK, "")
    told_sum = bool(session.told) and session.told[-1].name == "sum"
    return in_sum and told_sum and FOLLOWING_NUMBER.fullmatch(rest) is not None


def _changed(before: Basket, named: Basket, words: str, links: Sequence[ProductLink]) -> Basket:
    """The basket with what a message names; what it names without a number stays as many as it was."""
    has_number = bool(find_quantities(blank_mentions(plain(words), links)))
    return tuple(({**dict(before), **dict(named)} if has_number else {**dict(named), **dict(before)}).items())


def _place(link: ProductLink) -> tuple[int, int]:
    return link.start, link.end


def _overlaps(place: tuple[int, int], spans: Sequence[Sequence[ProductLink]]) -> bool:
    return any(span[0].start < place[1] and place[0] < span[0].end for span in spans)


def _narrowed(span: tuple[ProductLink, ...], spoken_of: Sequence[str]) -> tuple[ProductLink, ...]:
    """Of products that one word may mean, the one that was spoken of, when it is one."""
    of_subject = [link for link in span if link.sku in spoken_of]
    return tuple(of_subject) if len(of_subject) == 1 else span
