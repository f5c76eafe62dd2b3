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

from kefu.acts import Quote
from kefu.shop.pack import Pack
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.records import ProductLink
from serving.dialogue.pricing.basket import BLANK, BOUGHT, Basket, blank_mentions
from serving.dialogue.pricing.quantities import MEASURES, NUMERALS, WORDS, find_quantities, plain
from serving.dialogue.pricing.quote import Pricing
from serving.dialogue.queries import search_words
from serving.dialogue.reading.message import Message
from serving.sessions.session import Session

MAX_CHOICES = 5
_ONE_OF = "|".join(WORDS)
ADDS = re.compile(
    r"再(?:加|来|要|买|添|算)|加上|还要|还有|算上|连上|忘了|漏了|没算|少算|另外加"
    r"|\b(?:add(?:ing)?|plus|as well|also|too|forgot(?:ten)?|missed|left out|missing)\b",
    re.IGNORECASE,
)
# Another number of what is in the sum: 浴巾改成三条, make it three towels. What is denied is no number to read.
CHANGES = re.compile(
    rf"(?:要|来)\s*[{NUMERALS}\d]+\s*[{MEASURES}](?:$|[吧啊呀，,。！!])|改(?:成|为|到|要|买)?|(?:变|调)(?:成|为)|不是\s*[{NUMERALS}\d]+\s*[{MEASURES}]"
    rf"|\b(?:make (?:it|that|them)|change|instead of (?:the )?(?:{_ONE_OF}|\d+)|not (?:{_ONE_OF}|\d+)"
    r"|still (?:want|need|take))\b",
    re.IGNORECASE,
)
# A list of what is to be bought, each with its number, asks for a sum.
BUYS = re.compile(
    rf"[想要](?:买|買|购|购买|订|拍|下单)|(?:打算|准备)(?:买|買|订|拍|下单)|我要\s*[{NUMERALS}\d]"
    r"|\b(?:want|like|going|plan(?:ning)?) to (?:buy|order|get)\b"
    r"|\bi(?:'ll| will| want|'d like| would like) (?:take |buy |have )?(?:an?|\d+)\b",
    re.IGNORECASE,
)
DENIED = re.compile(
    rf"[，,]?\s*(?:而)?不是\s*[{NUMERALS}\d]+\s*[{MEASURES}]"
    rf"|,?\s*\b(?:and )?(?:not|instead of) (?:the )?(?:{_ONE_OF}|\d+)\b"
    r"|^\W*no,?\s",
    re.IGNORECASE,
)
ONLY = re.compile(r"[就只]|\b(?:only|just)\b", re.IGNORECASE)
# What stands before these words is not wanted any more.
DROPPED_BEFORE = re.compile(r"(?:就|先|那|都)*(?:不要|不买|不用|不加|去掉|拿掉)(?:了|吧)")
DROPPED_AFTER = re.compile(
    rf"(?:去掉|拿掉|不要|不算|leave out|take out|drop|skip|remove|without)\s*(?:the|那个?|这个?)?\s*(?={BLANK})"
    rf"|\b(?:leave|take)\s+(?:the\s+)?(?={BLANK}+\s+out\b)",
    re.IGNORECASE,
)
# What stands before the name of a kind when it is something to buy, not something to know.
WANTED = re.compile(
    rf"(?:[{NUMERALS}\d][{MEASURES}]|[加和跟与及、，,+就那这买要]|(?:^|\s|,)(?:the|a|an|my|one|two|three|four|\d+|and|plus|with|just|only|that|this)\s)\s*$",
    re.IGNORECASE,
)
NUMBER_ONLY = re.compile(r"\W*(?:第|no\.?|number|the)?\s*(\d)\s*(?:个|款|号)?\W*", re.IGNORECASE)


class SumReader:
    """Reads sums of one pack."""

    def __init__(self, pack: Pack, linker: Linker, pricing: Pricing) -> None:
        self._linker, self._pricing = linker, pricing
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
        spoken_of = [*(sku for sku, _ in session.basket), *subject]
        mentions = self._mentions(words, links, spoken_of)
        changes = bool(session.basket) and (
            ADDS.search(words) is not None or CHANGES.search(words) is not None or self._drops(words, mentions)
        )
        if not (chosen or asked or self._asks(words, mentions, links) or (changes and mentions)):
            return None
        for span in mentions:
            if len(span) > 1 and span[0].exact:
                blanked = words[: span[0].start] + BLANK + words[span[0].end :]
                choices = tuple(link.sku for link in span)[:MAX_CHOICES]
                return Quote(basket=(), choices=choices, words=blanked, evidence=span[0].evidence)
        basket = self._basket(words, [link for span in mentions for link in span], session)
        return Quote(basket=basket, evidence=text) if basket else None

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
        named = dict.fromkeys(link.sku for link in links if link.sku in session.sum_choices)
        rest = blank_mentions(words, links).replace(BLANK, "")
        return next(iter(named)) if len(named) == 1 and len(re.findall(r"\w", rest)) <= 12 else None

    def _mentions(
        self, words: str, links: Sequence[ProductLink], spoken_of: Sequence[str]
    ) -> list[tuple[ProductLink, ...]]:
        """Of each place in the text, the products that it may mean: those named, and kinds that no name covers."""
        spans = [tuple(some) for _, some in groupby(sorted(links, key=_place), key=_place)]
        masked = blank_mentions(plain(words), links)
        for tag, skus in self._kinds.values():
            found = search_words(masked, tag.words, tag.not_words)
            if found and WANTED.search(masked[: found.start()]) and not _overlaps(found.span(), spans):
                spans.append(tuple(ProductLink(sku, found[0], found.start(), found.end(), True) for sku in skus))
        return sorted((_narrowed(span, spoken_of) for span in spans), key=lambda span: span[0].start)

    def _drops(self, words: str, mentions: Sequence[Sequence[ProductLink]]) -> bool:
        masked = blank_mentions(plain(words), (link for span in mentions for link in span))
        return bool(DROPPED_BEFORE.search(masked) or DROPPED_AFTER.search(masked))

    def _basket(self, words: str, links: Sequence[ProductLink], session: Session) -> Basket | None:
        before: Basket = tuple((sku, pieces) for sku, pieces in session.basket)
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
            return self._pricing.read_basket(words, [], previous=self._last(before, session))
        changes = before and CHANGES.search(words)
        if changes:  # as long as the words, so that places stay
            words = DENIED.sub(lambda match: " " * len(match[0]), words)
        named = self._pricing.read_basket(words, links, previous=before or None)
        if not before or named is None or not (changes or ADDS.search(words)):
            return named
        if not changes and self._pricing.is_sum_question(words, links) and len(named) > 1:
            return named  # a list of its own: 两条毯子加上一个枕头一共多少
        return _changed(before, named, words, links)

    def _last(self, before: Basket, session: Session) -> Basket | None:
        """What a number alone counts (两条一共多少): the sum before, or one piece of what was spoken of last."""
        spoken_of = session.subject.products[:1]
        if len(before) == 1 and spoken_of in ([], [before[0][0]]):
            return before
        return ((spoken_of[0], 1),) if spoken_of and not before else None


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
