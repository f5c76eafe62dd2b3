"""What a part asks of a topic of the pack, such as coupons: the topic is known, which of its queries is meant is read.

A word of the topic decides that much: words of a flow beside it (if I cancel, would my coupon work?) begin nothing. The
queries' own words go first, then the classifier and the knowledge among the topic's queries alone. Right after one of
them, a question without such a word may go on with the topic (那取消了还退给我吗).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kefu.acts import Query, Quote
from kefu.shop.pack import Pack
from kefu.shop.queries import NEEDED_SLOT
from kefu.shop.wordings.labelled import SUM
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.wishes.flows import SURE
from serving.dialogue.reading.wishes.part import Part
from serving.dialogue.reading.wishes.queries import GUESSED, QueryReader

GOES_ON, BESIDE = 0.15, 3  # of an entry that goes on with the topic; how many times surer another may be


class TopicReader:
    """Reads questions about one pack's topics."""

    def __init__(self, pack: Pack, answers: AnswerReader, queries: QueryReader) -> None:
        self._pack, self._answers, self._queries = pack, answers, queries
        self._own_query = {f"faq:{faq.id}": f"query:{faq.own_query}" for faq in pack.faq if faq.own_query}

    def read(self, part: Part) -> Iterator[Query | Quote]:
        """The queries of its topic that a part asks; or the sum of products to be bought: it tells what a coupon does.

        Nothing where another reader finds such a sum.
        """
        message, text, guess, links = part.message, part.text, part.guess, part.links
        own = {name for name, query in self._pack.queries.items() if query.topic == part.topic}
        if self._queries.to_be_bought(message, text, links, asked=guess.label == SUM):
            return
        if guess.label == SUM and guess.probability >= GUESSED:
            resort = None if links or message.session.basket else self.last_resort(message, part.topic, of_order=True)
            if resort:
                yield self._queries.query(message, resort, text, links, text, guess.probability)
            return
        if named := list(self._queries.in_words(message, text, links, own)):
            yield from named
            return
        asked = self._guessed(part) if guess.label.removeprefix("query:") in own else None
        for_sale = any(link.exact for link in links) and not (asked and self._is_among(message, asked))
        if for_sale and (quote := self._queries.to_be_bought(message, text, links, asked=True)):
            yield replace(quote, check="coupon")
        elif asked:
            yield asked

    def unnamed(self, part: Part) -> Iterator[Query]:
        """The query of a topic that a part asks without a word of it: surely, or because it goes on with the topic."""
        message, text, guess, links = part.message, part.text, part.guess, part.links
        known = self._pack.queries.get(guess.label.removeprefix("query:"))
        if known and known.topic and guess.probability >= SURE and message.session.customer:
            yield self._queries.query(message, guess.label.removeprefix("query:"), text, links, text, guess.probability)
        elif (
            part.question
            and (topic := self.told_last(message))
            and not self._queries.is_asked_alone(message, text, links)  # of its own: is it all in stock?
            and not self._queries.to_be_bought(message, text, links, asked=guess.label == SUM)
            and (name := self._going_on(part, topic))
        ):
            yield self._queries.query(message, name, text, links, text, SURE)

    def told_last(self, message: Message) -> str:
        """The topic of what an earlier part asks, or of what was told last; empty when of none."""
        told = [message.topic, *(told.name for told in reversed(message.session.told))]
        names = (self._own_query.get(name, name).removeprefix("query:") for name in told)
        queries = (self._pack.queries[name] for name in names if name in self._pack.queries)
        return next((query.topic for query in queries if query.topic), "")

    def last_resort(self, message: Message, topic: str, of_order: bool = False) -> str | None:
        """The query that tells of a topic whatever is asked of it, of the order that is spoken of where there is one.

        of_order: none but of an order.
        """
        subject = message.session.subject.order
        order = self._answers.orders.own(message, subject) if subject and message.session.customer else None
        telling = [(n, query) for n, query in self._pack.queries.items() if query.topic == topic and query.tells_topic]
        of_this = (n for n, query in telling if query.needs == "order" and order and order.status in query.among)
        of_all = (n for n, query in telling if query.needs == "none" and not of_order)
        return next(of_this, None) or next(of_all, None)

    def _guessed(self, part: Part) -> Query | None:
        """The query that the classifier takes a part for, if it is sure enough of it among those of the topic."""
        if part.guess.probability < GUESSED:
            return None
        name, probability = part.guess.label.removeprefix("query:"), max(part.guess.probability, SURE)
        return self._queries.query(part.message, name, part.text, part.links, part.text, probability)

    def _going_on(self, part: Part, topic: str) -> str | None:
        """The query of a topic that a part asks, by the classifier or the knowledge; none if that is sure of a rule."""
        hits = part.find()
        if hits and hits[0].entry.kind == "faq" and hits[0].probability >= SURE:
            return None
        if part.going_on.probability >= GUESSED:
            return part.going_on.label.removeprefix("query:")
        hits = hits if not any(link.exact for link in part.links) else []
        least = max(GOES_ON, hits[0].probability / BESIDE) if hits else 1.0
        near = (h.entry.id.split(":")[1] for h in hits if h.entry.kind == "query" and h.probability >= least)
        return next((name for name in near if self._pack.queries[name].topic == topic), None)

    def _is_among(self, message: Message, asked: Query) -> bool:
        """Whether a query is about no order, or about one in a state that it tells of."""
        query, number = self._pack.queries[asked.name], asked.slots.get(NEEDED_SLOT["order"])
        order = self._answers.orders.own(message, number) if number and message.session.customer else None
        return query.needs != "order" or (order is not None and order.status in query.among)
