"""Answers the pack's queries: which are asked (by their words), and what the shop's tools say, exactly.

Nothing is written and nothing is generated: an answer is the pack's text over the rows of one tool. Whose rows
they are is the tool box's decision. Recognition by the knowledge index is not here (``kefu/knowledge``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from kefu.errors import KefuError
from kefu.privacy.redact import restore
from kefu.shop.pack import Pack
from kefu.shop.part import Lang, Text
from kefu.shop.queries import NEEDED_SLOT, Query
from kefu.shop.slots import extract
from serving.dialogue.catalogue.page import page_of
from serving.dialogue.expressions import ExpressionError, evaluate, render
from serving.dialogue.flow import Visit
from serving.dialogue.reading.word_rules import WordSet, plain, search_words, without
from serving.tools.shop_db import BUSY, SIGN_IN, ToolBox

Slots = Mapping[str, str | Sequence[str]]
ASPECT = "aspect"  # slot of a query that tells one of several aspects of a product


class QueryError(KefuError, RuntimeError):
    """A query of the pack is wrong, or its tool cannot be asked now; the message names the query."""


class QueryMatch(NamedTuple):
    """A query that a message asks, the words that say so, and the aspect of a product that it asks for, if any."""

    name: str
    evidence: str
    aspect: str = ""


class Option(NamedTuple):
    """One row to choose from: what fills the slot, and what the customer sees."""

    value: str
    label: str


@dataclass(frozen=True)
class Answer:
    """What is said, and what it rests on.

    text: with placeholders where the slots had them.
    sources: ids of what supports the text: ``query:<name>``, ``tool:<name>``, ``promotion:<id>``, ``product:<sku>``.
    facts: the rows behind it as texts, for the check of claims.
    missing: what has to be known first; ``options`` are then its possible values, already part of the text.
    found: False when the shop has nothing to tell (``empty``).
    order: the only order of the customer that is told of.
    """

    text: str
    sources: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    missing: Literal["order", "product"] | None = None
    options: tuple[Option, ...] = ()
    signed_out: bool = False
    found: bool = True
    order: str | None = None
    again: str = ""


class Queries:
    """The queries of one pack, asked of one tool box."""

    def __init__(self, pack: Pack, tools: ToolBox) -> None:
        self._pack, self._tools = pack, tools
        self._words = WordSet({name: query.words for name, query in pack.queries.items()})

    def named(self, text: str, lang: Lang) -> list[QueryMatch]:
        """The queries whose words are in the text, in the order in which they are asked.

        Words of both languages count: customers mix them.
        """
        message = plain(text)
        named = [(name, self._pack.queries[name]) for name in self._words.find(message)]
        found = [
            (match.start(), QueryMatch(name, match[0]))
            for name, query in named
            if (match := search_words(message, query.words, query.not_words))
            and (not query.reads or self.told(name, text, lang))
        ]
        return [match for _, match in sorted(found)]

    def told(self, name: str, text: str, lang: Lang) -> dict[str, str]:
        """What a message tells of the slots that a query reads, and which of its aspects it asks for first."""
        query, message = self._pack.queries[name], plain(text)
        aspects = self._aspects(name, message)
        told = {ASPECT: aspects[0].aspect} if aspects else {}
        told |= self.may_tell(name, text, lang)
        if not query.reads:
            return told
        words = without(message, query.not_words)
        return told | extract(words, {slot: self._pack.slots[slot] for slot in query.reads}, lang)

    def may_tell(self, name: str, text: str, lang: Lang) -> dict[str, str]:
        """What a message tells of the slots that a query may read."""
        slots = {slot: self._pack.slots[slot] for slot in self._pack.queries[name].may_read}
        return extract(plain(text), slots, lang) if slots else {}

    def named_of_subject(self, text: str) -> list[QueryMatch]:
        """The queries that a message asks of the product it speaks of, in the order of its words: 有货吗，多少钱."""
        message = plain(text)
        found = [
            (match.start(), QueryMatch(name, match[0]))
            for name, query in self._pack.queries.items()
            if (match := search_words(message, query.subject_words, query.subject_not_words))
        ]
        return [match for _, match in sorted(found)]

    def named_by_aspect(self, text: str) -> list[QueryMatch]:
        """The queries that tell the aspects of a product of which a message speaks, each once: 吵不吵，水箱多大."""
        message = plain(text)
        return [match for name in self._pack.queries for match in self._aspects(name, message)]

    def of_product(self, text: str) -> list[QueryMatch]:
        """The queries that a message asks of a product, in words of theirs or by an aspect."""
        return [*self.named_of_subject(text), *self.named_by_aspect(text)]

    def _aspects(self, name: str, message: str) -> list[QueryMatch]:
        """The aspects of a query that a plain message asks for, in the order of the query."""
        tags = ((aspect, self._pack.catalogue.aspects[aspect]) for aspect in self._pack.queries[name].aspects)
        found = ((aspect, search_words(message, tag.words, tag.not_words)) for aspect, tag in tags)
        return [QueryMatch(name, match[0], aspect) for aspect, match in found if match]

    def follow_up(self, text: str, told: str) -> str | None:
        """The query that a text asks of what was told just before; None when it asks none.

        Args:
            told: query:NAME, faq:ID or sum; empty when nothing of them was told.
        """
        message = plain(text)
        following = ((name, query) for name, query in self._pack.queries.items() if told and told in query.follows)
        asked = ((n, q) for n, q in following if not search_words(message, q.not_words, ()))
        return next((name for name, query in asked if search_words(message, query.follow_up_words, ())), None)

    def excludes(self, name: str, text: str) -> bool:
        """Whether a text holds words that a query's rules take out (拒收包裹要钱吗 asks no product's price)."""
        query = self._pack.queries[name]
        message = plain(text)
        return any(search_words(message, some, ()) for some in (query.not_words, query.subject_not_words) if some)

    def answer(self, name: str, slots: Slots, visit: Visit) -> Answer:
        """What the shop says to a query.

        Args:
            slots: ``order_number`` and ``sku`` as far as known; several values are answered one after the other.
            visit: who asks, in which language, and when.

        Raises:
            QueryError: the pack's texts or arguments are wrong, or the database is busy.
        """
        query = self._pack.queries[name]
        if visit.customer is None and self.needs_customer(name):
            return Answer(self._pack.conversation.sign_in.in_(visit.lang), signed_out=True)
        needed = NEEDED_SLOT.get(query.needs)
        if needed is None:
            return self._told(name, query, self._rows(name, query, slots, visit), visit, slots)
        if not (values := listed(slots.get(needed))):
            return self._asked(name, query, visit)
        told = [
            self._told(name, query, self._rows(name, query, one, visit), visit, one)
            for one in ({**slots, needed: value} for value in values)
        ]
        return told[0] if len(told) == 1 else joined(told)

    def options(self, name: str, visit: Visit, among: Sequence[str] = ()) -> tuple[Option, ...]:
        """The rows of a query to choose from, newest first as its tool gives them.

        Args:
            among: states of the orders that may be meant; empty: all.
        """
        query, order = self._pack.queries[name], self._pack.entities.order
        rows = self._rows(name, query, {}, visit)
        if among and order:
            rows = [row for row in rows if row[order.status] in among]
        assert query.pick
        return tuple(
            Option(str(row[query.pick]), self._render(name, query.say, visit, rows=rows, row=row)) for row in rows
        )

    def needs_customer(self, name: str) -> bool:
        """Whether a query is about what a customer has, so that nobody is answered who is not signed in."""
        tool = self._pack.queries[name].tool
        return tool is not None and not self._pack.tools[tool].public

    def _asked(self, name: str, query: Query, visit: Visit) -> Answer:
        """What is missing, with what it may be; the only possible one is taken."""
        assert query.ask and query.needs != "none"
        options = self.options(query.offer, visit, query.among) if query.offer else ()
        if query.none and not options:
            none = Answer(self._render(name, query.none, visit), (f"query:{name}",), found=False)
            return self._with_next(query, none, visit)
        if query.offer and not options:
            return self.answer(query.offer, {}, visit)  # says that there is none
        if len(options) == 1:
            return self.answer(name, {NEEDED_SLOT[query.needs]: options[0].value}, visit)
        text = "\n".join([self._render(name, query.ask, visit), *numbered([option.label for option in options])])
        return Answer(text, missing=query.needs, options=options, found=False)

    def _told(
        self, name: str, query: Query, rows: list[dict[str, Any]], visit: Visit, slots: Slots | None = None
    ) -> Answer:
        sources = (f"query:{name}", *([f"tool:{query.tool}"] if query.tool else [f"promotion:{r['id']}" for r in rows]))
        if not rows:
            empty = query.empty or self._pack.shop.fallback
            answer = Answer(self._render(name, empty, visit, slots, rows=rows), sources, found=False)
            return self._with_next(query, answer, visit)
        says = [self._render(name, query.say, visit, slots, rows=rows, row=row) for row in rows]
        head = [self._render(name, query.head, visit, slots, rows=rows, row=rows[0])] if query.head else []
        tail = [self._render(name, query.tail, visit, slots, rows=rows, row=rows[0])] if query.tail else []
        if len(says) == 1:
            text = "\n".join([("" if visit.lang == "zh" else " ").join([*head, *says]), *tail])
        else:
            text = "\n".join([*head, *numbered(says), *tail])
        skus = dict.fromkeys(str(row["sku"]) for row in rows if row.get("sku"))
        facts = tuple("; ".join(f"{k}: {v}" for k, v in row.items() if v not in (None, "")) for row in rows)
        orders = {str(row["order_id"]) for row in rows if row.get("order_id")}
        order = next(iter(orders)) if len(orders) == 1 else None
        again = self._render(name, query.again, visit, slots, rows=rows, row=rows[0]) if query.again else ""
        return Answer(text, (*sources, *(f"product:{sku}" for sku in skus)), facts, order=order, again=again)

    def _with_next(self, query: Query, answer: Answer, visit: Visit) -> Answer:
        """That there is nothing, with what the pack tells next, if there is any of that."""
        more = self.answer(query.empty_then, {}, visit) if query.empty_then else answer
        return joined([answer, more]) if more.found else answer

    def _rows(self, name: str, query: Query, slots: Slots, visit: Visit) -> list[dict[str, Any]]:
        if query.tool is None:
            day, all_of_them = visit.now[:10], self._pack.promotions
            named = [p for p in all_of_them if p.id in query.promotions]
            told = named or [p for p in all_of_them if p.starts <= day <= p.ends]
            state = {p.id: "coming" if day < p.starts else "over" if day > p.ends else "running" for p in told}
            return [{**p.model_dump(), "state": state[p.id]} for p in told][: query.most]
        known = {key: restore(value, visit.vault) if isinstance(value, str) else value for key, value in slots.items()}
        values = {
            **dict.fromkeys((*NEEDED_SLOT.values(), *query.reads, *query.may_read)),
            **known,
            "lang": visit.lang,
            "now": visit.now,
        }
        try:
            args = {arg: evaluate(source, values) for arg, source in query.args.items()}
        except ExpressionError as error:
            raise QueryError(f"query {name}: args: {error}") from error
        result = self._tools.call(query.tool, args, visit.customer, visit.now)
        if result.error in (BUSY, SIGN_IN):
            raise QueryError(f"query {name}: {query.tool}: {result.error}: ask again later")
        return result.rows[: query.most]

    def _render(self, name: str, text: Text, visit: Visit, slots: Slots | None = None, **values: Any) -> str:
        sku, asked = str((values.get("row") or {}).get("sku", "")), listed((slots or {}).get(ASPECT))
        unknown = dict.fromkeys(self._pack.queries[name].may_read)
        known = {**unknown, **(slots or {}), **values, "lang": visit.lang, "now": visit.now}
        known |= page_of(self._pack, sku, asked, visit.lang, visit.now[:10])
        try:
            return render(text.in_(visit.lang), known)
        except ExpressionError as error:
            raise QueryError(f"query {name}: {error}") from error


def joined(answers: Sequence[Answer]) -> Answer:
    """Several answers as one, a line or more each."""
    return Answer(
        text="\n".join(answer.text for answer in answers),
        sources=tuple(dict.fromkeys(source for answer in answers for source in answer.sources)),
        facts=tuple(fact for answer in answers for fact in answer.facts),
        found=any(answer.found for answer in answers),
    )


def listed(value: str | Sequence[str] | None) -> list[str]:
    """A slot's values without repeats, in order."""
    return list(dict.fromkeys([value] if isinstance(value, str) else value or []))


def numbered(lines: Sequence[str]) -> list[str]:
    """The lines as a list that customers can choose from by number."""
    return [f"{n}. {line}" for n, line in enumerate(lines, 1)]
