"""Answers that the shop's data gives exactly: queries, sums, advice and comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from decimal import Decimal

from kefu.acts import Compare, Query, Quote, Recommend
from kefu.shop.entities import ProductEntity
from kefu.shop.pack import Pack
from kefu.shop.quotes import AnswerKind
from serving.dialogue.catalogue.advisor import ProductAdvisor
from serving.dialogue.catalogue.constraints import Constraints
from serving.dialogue.flow import Visit
from serving.dialogue.pricing.quote import Pricing
from serving.dialogue.pricing.records import Coupon
from serving.dialogue.pricing.records import Quote as PricedQuote
from serving.dialogue.queries import NEEDED_SLOT, Answer, Option, Queries, numbered
from serving.dialogue.reading.word_rules import evidence, plain
from serving.dialogue.turn import TurnState
from serving.sessions.session import Session, Subject
from serving.tools.shop_db import ToolBox

ROUGHLY = Decimal("0.05")  # of the total, when he says "around"
NEARLY = Decimal("0.005")  # a customer's rounded sum that differs by no more is right: 295 for 295.24


class ShopAnswers:
    """Answers for one pack and its tools."""

    def __init__(self, pack: Pack, tools: ToolBox, queries: Queries, advisor: ProductAdvisor) -> None:
        self._pack, self._tools, self._queries, self._advisor = pack, tools, queries, advisor

    def tell(self, turn: TurnState, act: Query | Quote | Recommend | Compare) -> Iterator[str]:
        """The answer to one act, as a part of the turn's."""
        answer = self._answer(turn, act)
        turn.draft.sources += answer.sources
        turn.draft.options = [option.label for option in answer.options] or turn.draft.options
        text = turn.to_sign_in(self._pack.conversation) if answer.signed_out else answer.text
        asks = answer.missing or answer.options or answer.signed_out
        yield turn.say("query", text) if asks else turn.tell("query", answer.text, guessed=False, again=answer.again)

    def names(self, skus: Sequence[str], visit: Visit) -> list[str]:
        """The products' names in the language of a visit."""
        return self._advisor.names(skus, visit)

    def _answer(self, turn: TurnState, act: Query | Quote | Recommend | Compare) -> Answer:
        session, visit = turn.session, turn.visit
        if isinstance(act, Query):
            slots = {name: value.split(",") if "," in value else value for name, value in act.slots.items()}
            answer = self._queries.answer(act.name, slots, visit)
            session.asked.pop(act.name, None)
            if answer.found and isinstance(order := slots.get(NEEDED_SLOT["order"]), str):
                session.subject.order = order
            elif answer.order and self._queries.needs_customer(act.name):
                session.subject.order = turn.message.placeholder(answer.order)
            if answer.signed_out:
                session.asked[act.name] = act.slots
            return answer
        if isinstance(act, Quote):
            return self._quote(turn, act)
        if isinstance(act, Compare):
            session.subject.latest = list(act.skus)
            return self._advisor.compare(act.skus, act.aspect, visit, act.evidence)
        new = self._advisor.reader.read(act.words)
        if session.wanted and not new.kinds and evidence(plain(act.words), self._pack.acts.others) is not None:
            new = replace(new, refused=tuple(session.subject.latest))
        if act.than:
            wanted = Constraints(kinds=new.kinds or self._advisor.kinds(act.than))
            measures = self._advisor.reader.read_measures(act.words)
            return self._shown(session, wanted, self._advisor.measured(act.than, measures, wanted.kinds, visit), visit)
        than = self._dearer(session.subject, act.words, new, visit)
        if than:
            new = replace(new, most=self._advisor.below(than, visit), about=None)
            if not session.wanted:
                new = replace(new, kinds=new.kinds or self._advisor.kinds(than), features=())
        wanted = new if act.anew else new.after(Constraints(**session.wanted))
        answer = self._advisor.recommend(wanted, visit)
        if than and not answer.found and not session.wanted:
            return self._advisor.cheapest(than, visit)
        if not answer.found and new.features and wanted.features != new.features:  # what is said last counts most
            wanted = replace(new, least=wanted.least, most=wanted.most, refused=wanted.refused)
            answer = self._advisor.recommend(wanted, visit)
        return self._shown(session, wanted, answer, visit)

    def _shown(self, session: Session, wanted: Constraints, answer: Answer, visit: Visit) -> Answer:
        """An answer that shows products: the conversation is about them from now on, and a place picks one."""
        session.wanted = asdict(wanted)
        named = [source.removeprefix("product:") for source in answer.sources if source.startswith("product:")]
        session.subject.products = list(dict.fromkeys([*named, *session.subject.products]))
        session.subject.latest = named or session.subject.latest
        session.questions = self._advisor.questions(named, visit)
        return answer

    def _dearer(self, subject: Subject, words: str, new: Constraints, visit: Visit) -> list[str]:
        """The products than which something cheaper is wanted: the one named of those shown last, or spoken of, or all
        of them; none where the words ask for no such thing."""
        said = evidence(plain(words), self._pack.acts.cheaper)
        if said is None or new.least is not None or new.most is not None:
            return []
        than = self._advisor.of_kinds(subject.latest or subject.products[:1], new.kinds)
        one = self._advisor.one_with(plain(words).replace(said, " "), than, visit.now)
        return [one] if one else than

    def _quote(self, turn: TurnState, act: Quote) -> Answer:
        """A sum at today's offers, with the customer's level and coupons; or the question which product it is."""
        visit, product, session = turn.visit, self._pack.entities.product, turn.session
        assert product
        session.open_sum, session.sum_choices = act.words, list(act.choices)
        if act.choices:
            return self._choices(act, product, visit)
        session.basket, session.points = list(act.basket), act.points
        session.subject.latest = [sku for sku, _ in act.basket]
        rows = self._tools.call(product.tool, {}, None, visit.now).rows
        level, coupons, points = self._account(visit)
        pricing = Pricing(self._pack, rows)
        quote = pricing.quote(act.basket, visit.now[:10], level, coupons, use_points=points if act.points else 0)
        sources = tuple(f"product:{sku}" for sku, _ in act.basket)
        answer = _answer_first(act, quote, visit, coupons, points)
        return Answer(pricing.say_quote(quote, visit.lang, answer, coupons=act.coupons), sources)

    def _choices(self, act: Quote, product: ProductEntity, visit: Visit) -> Answer:
        """Asks which of some products a word means."""
        words = self._pack.conversation.quote
        assert words
        rows = self._tools.call(product.tool, {}, None, visit.now).rows
        names = {row[product.id]: str(row[product.names[visit.lang]]) for row in rows}
        options = tuple(Option(sku, names[sku]) for sku in act.choices)
        text = "\n".join([words.which.in_(visit.lang), *numbered([option.label for option in options])])
        return Answer(text, missing="product", options=options, found=False)

    def _account(self, visit: Visit) -> tuple[str | None, list[Coupon], int]:
        """Level, coupons and points of the customer."""
        account = self._pack.entities.account
        if account is None or visit.customer is None:
            return None, [], 0
        rows = self._tools.call(account.tool, {}, visit.customer, visit.now).rows
        level = str(rows[0][account.level]) if rows else None
        held = self._tools.call(account.coupons, {}, visit.customer, visit.now).rows if account.coupons else []
        points = int(rows[0][account.points] or 0) if rows and account.points else 0
        return level, [Coupon.from_row(row) for row in held], points


def _answer_first(
    act: Quote, quote: PricedQuote, visit: Visit, coupons: Sequence[Coupon], points: int
) -> AnswerKind | None:
    """What a question is answered with that the sum decides; None for a plain question for the sum."""
    if visit.customer is None and (act.check == "coupon" or act.points):
        return "sign_in"
    if act.check == "coupon":
        usable = [c for c in coupons if not c.is_used and c.expires_on >= quote.day]
        applied = any(step.kind == "coupon" for step in quote.steps)
        return "coupon_applies" if applied else "coupon_misses" if usable else "no_coupon"
    if act.check == "total" and act.amount is not None:
        near = max(Decimal(1), quote.total * (ROUGHLY if act.roughly else NEARLY))
        if abs(quote.total - act.amount) <= near:
            return "right"
        if _is_price(act.amount, quote):
            return "price_right"
        return "wrong" if act.told else None
    if act.coupons and visit.customer and not any(not c.is_used and c.expires_on >= quote.day for c in coupons):
        return "no_coupon"
    return "no_points" if act.points and not points else None


def _is_price(amount: int, quote: PricedQuote) -> bool:
    """Whether a sum to be confirmed is the price of the one piece, before offers and coupons."""
    return len(quote.lines) == 1 and quote.lines[0].pieces == 1 and abs(quote.list_total - amount) < 1
