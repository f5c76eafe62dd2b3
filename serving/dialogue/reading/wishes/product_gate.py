"""The gate of all readers of product pages, comparisons and advice: whether the property is what a part asks for.

A word for a property (yellow, size, price) also stands in what customers tell of their own things (a yellow stain)
and in what the desk shall do (swap it for a bigger size). Such a clause passes only when it speaks of no service, and
asks something or stands in a text that tells nothing of an own thing and wishes for nothing that the desk does.
A guess needs a question. Of sums, only amounts to be confirmed are kept out: which words belong to a purchase is known
to ``sums.py``.
"""

from __future__ import annotations

import re

from kefu.acts import Act, Compare, Query, Quote, Recommend
from kefu.shop.pack import Pack
from serving.dialogue.reading.segments import answer_pieces
from serving.dialogue.reading.word_rules import evidence, plain

NUMBER = re.compile(r"\d")


class ProductGate:
    """Keeps out what only looks like a question about a product, by one pack's words."""

    def __init__(self, pack: Pack) -> None:
        self._pack, self._acts = pack, pack.acts

    def lets_in(self, text: str, act: Act, wishes: bool = False) -> bool:
        """Whether a part of a message asks for what an act would tell; acts about no product always pass.

        wishes: whether words of the part ask for a flow that changes something: too warm, can I send it back?
        """
        if not isinstance(act, Quote | Compare | Recommend) and not self._is_of_product(act):
            return True
        own = evidence(plain(text), self._acts.own_item) is not None
        if isinstance(act, Quote):  # which products are bought, or were, is known to the reader of sums
            return not (own and act.check == "total")
        clause = self._clause_with(text, act.evidence)
        is_question = evidence(clause, self._acts.question) is not None
        if self._denies(clause):
            return False
        if evidence(clause, self._acts.service) is not None:
            of_another = isinstance(act, Recommend) and act.than and is_question  # a lighter one to exchange it for?
            return bool(of_another) or (isinstance(act, Query) and self._pack.queries[act.name].with_service)
        if not isinstance(act, Query):
            return not (isinstance(act, Compare) and act.probability < 1) or is_question
        with_service = self._pack.queries[act.name].with_service  # is it in stock, beside it
        if not with_service and any(evidence(clause, rule) is not None for rule in self._acts.topics.values()):
            return False  # would the coupon be enough: not how warm it is
        if not is_question and NUMBER.search(clause) and evidence(plain(text), self._acts.question) is not None:
            return False  # is it firm or soft, I weigh like 85 kg: a number that is told beside a question
        return is_question or not (own or wishes or act.probability < 1)

    def _is_of_product(self, act: Act) -> bool:
        """Whether an act asks what the page of a product says; what the customer has bought stands on no page."""
        if not isinstance(act, Query) or (query := self._pack.queries[act.name]).needs != "product":
            return False
        return query.tool is not None and self._pack.tools[query.tool].public

    def _clause_with(self, text: str, found: str) -> str:
        """The clause with the words that were found, as rules see it; the whole text when no single one has them."""
        pieces = map(plain, answer_pieces(text, self._acts.another))
        return next((piece for piece in pieces if found and found in piece), plain(text))

    def _denies(self, clause: str) -> bool:
        """Whether a clause only says that its property, or advice, was not asked for: 不是推荐啦, not the price."""
        words, question = self._acts.reject, evidence(clause, self._acts.question) is not None
        return words is not None and (
            evidence(clause, words.denies) is not None
            or (not question and evidence(clause, words.denies_kind) is not None)
        )
