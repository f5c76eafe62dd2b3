"""Answers that the shop's data gives exactly: queries, sums, advice and comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from kefu.acts import Compare, Query, Quote, Recommend
from kefu.shop.entities import ProductEntity
from kefu.shop.pack import Pack
from serving.dialogue.catalogue import Constraints, ProductAdvisor
from serving.dialogue.flow import Visit
from serving.dialogue.pricing.quote import Pricing
from serving.dialogue.pricing.records import Coupon
from serving.dialogue.queries import Answer, Option, Queries, numbered
from serving.dialogue.turn import TurnState
from serving.tools.shop_db import ToolBox


class ShopAnswers:
    """Answers for one pack and its tools."""

    def __init__(self, pack: Pack, tools: ToolBox, queries: Queries, advisor: ProductAdvisor) -> None:
        self._pack, self._tools, self._queries, self._advisor = pack, tools, queries, advisor

    def tell(self, turn: TurnState, act: Query | Quote | Recommend | Compare) -> Iterator[str]:
        """The answer to one act, as a part of the turn's."""
        answer = self._answer(turn, act)
        turn.draft.sources += answer.sources
        turn.draft.options = [option.label for option in answer.options] or turn.draft.options
        yield turn.say("query", answer.text)

    def _answer(self, turn: TurnState, act: Query | Quote | Recommend | Compare) -> Answer:
        session, visit = turn.session, turn.visit
        if isinstance(act, Query):
            slots = {name: value.split(",") if "," in value else value for name, value in act.slots.items()}
            answer = self._queries.answer(act.name, slots, visit)
            session.asked.pop(act.name, None)
            if answer.signed_out:
                session.asked[act.name] = act.slots
            return answer
        if isinstance(act, Quote):
            return self._quote(turn, act)
        if isinstance(act, Compare):
            return self._advisor.compare(act.skus, act.aspect, visit)
        wanted = self._advisor.read_constraints(act.words, visit.lang).after(Constraints(**session.wanted))
        session.wanted = asdict(wanted)
        answer = self._advisor.recommend(wanted, visit)
        named = [source.removeprefix("product:") for source in answer.sources if source.startswith("product:")]
        session.subject.products = list(dict.fromkeys([*named, *session.subject.products]))
        return answer

    def _quote(self, turn: TurnState, act: Quote) -> Answer:
        """A sum at today's offers, with the customer's level and coupons; or the question which product it is."""
        visit, product, session = turn.visit, self._pack.entities.product, turn.session
        assert product
        session.open_sum, session.sum_choices = act.words, list(act.choices)
        if act.choices:
            return self._choices(act, product, visit)
        session.basket = list(act.basket)
        rows = self._tools.call(product.tool, {}, None, visit.now).rows
        level, coupons = self._account(visit)
        pricing = Pricing(self._pack, rows)
        quote = pricing.quote(act.basket, visit.now[:10], level, coupons)
        sources = tuple(f"product:{sku}" for sku, _ in act.basket)
        return Answer(pricing.say_quote(quote, visit.lang), sources)

    def _choices(self, act: Quote, product: ProductEntity, visit: Visit) -> Answer:
        """Asks which of some products a word means."""
        words = self._pack.conversation.quote
        assert words
        rows = self._tools.call(product.tool, {}, None, visit.now).rows
        names = {row[product.id]: str(row[product.names[visit.lang]]) for row in rows}
        options = tuple(Option(sku, names[sku]) for sku in act.choices)
        text = "\n".join([words.which.in_(visit.lang), *numbered([option.label for option in options])])
        return Answer(text, missing="product", options=options, found=False)

    def _account(self, visit: Visit) -> tuple[str | None, list[Coupon]]:
        account = self._pack.entities.account
        if account is None or visit.customer is None:
            return None, []
        rows = self._tools.call(account.tool, {}, visit.customer, visit.now).rows
        level = str(rows[0][account.level]) if rows else None
        held = self._tools.call(account.coupons, {}, visit.customer, visit.now).rows if account.coupons else []
        return level, [Coupon.from_row(row) for row in held]
