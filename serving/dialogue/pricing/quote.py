"""Prices a basket by the pack's offers: the cheapest combination that the rules allow, exact to the cent.

Every subset of the day's offers, with each choice among the customer's coupons, is applied in the order of
``kefu.shop.promotions.KINDS``. The lowest total wins; of equal totals, the one with fewer offers, so no coupon
or point is spent in vain. The cost doubles with each offer that meets the basket on that day.

The total holds no fee of delivery: which one applies depends on the address, so a hint names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations
from typing import Any

from kefu.shop.pack import Pack
from kefu.shop.part import Lang, PackError
from kefu.shop.promotions import (
    KINDS,
    REDUCING_KINDS,
    CouponUse,
    FlashSale,
    GiftRule,
    Kind,
    MemberDay,
    PointsUse,
    Promotion,
)
from kefu.shop.quotes import AnswerKind
from serving.dialogue.pricing.basket import Basket, ProductMention, read_basket
from serving.dialogue.pricing.hints import hints_for
from serving.dialogue.pricing.questions import SumQuestions
from serving.dialogue.pricing.records import (
    ZERO,
    Coupon,
    Gift,
    Line,
    PricingError,
    Product,
    Quote,
    Refusal,
    Step,
)
from serving.dialogue.pricing.reductions import Customer, OpenLines, Reduction, reduce
from serving.dialogue.pricing.say import say_quote


@dataclass(frozen=True, eq=False)
class Offer:
    """A promotion of the day; for kind coupon, with one coupon of the customer."""

    promotion: Promotion
    coupon: Coupon | None = None

    @property
    def kind(self) -> Kind:
        assert self.promotion.rule is not None
        return self.promotion.rule.kind


@dataclass
class Trial:
    """One combination of offers, applied: what each line comes to, and who took money off it."""

    amounts: dict[str, Decimal]
    pieces: Mapping[str, int]
    applied: list[tuple[Offer, OpenLines, Reduction]] = field(default_factory=list)
    missed: list[tuple[Offer, OpenLines, Reduction]] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return sum(self.amounts.values(), ZERO)

    def blockers(self, offer: Offer, sku: str) -> list[Offer]:
        """Applied offers that took money off this product and do not stack with ``offer``."""
        stacks_with = offer.promotion.stacks_with
        return [o for o, _, reduction in self.applied if sku in reduction.off and o.kind not in stacks_with]

    def open_lines(self, offer: Offer) -> OpenLines:
        """The lines that the offer is about and may still reduce."""
        skus = [s for s in self.amounts if offer.promotion.includes(s) and not self.blockers(offer, s)]
        return OpenLines({s: self.amounts[s] for s in skus}, {s: self.pieces[s] for s in skus})


class Pricing:
    """Quotes of one shop.

    Args:
        pack: the shop's pack, for its promotions.
        products: rows with sku, name_zh, name_en, price and stock.

    Raises:
        PackError: a promotion names a product that is not among ``products``.
    """

    def __init__(self, pack: Pack, products: Iterable[Mapping[str, Any]]) -> None:
        self.products = {row["sku"]: Product.from_row(row) for row in products}
        self._promotions = pack.promotions
        self._words = pack.conversation.quote
        self._questions = SumQuestions(self._words) if self._words else None
        for promotion in pack.promotions:
            rule = promotion.rule
            named = {*promotion.products, *(rule.prices if isinstance(rule, FlashSale) else ())}
            named |= {rule.gift} if isinstance(rule, GiftRule) else set()
            if unknown := sorted(named - set(self.products)):
                raise PackError(
                    f"promotions.yaml: {promotion.id}: no such product: {', '.join(unknown)}: "
                    f"write SKUs of the shop's products"
                )

    def quote(
        self,
        basket: Sequence[tuple[str, int]],
        day: str,
        level: str | None = None,
        coupons: Sequence[Coupon] = (),
        use_points: int = 0,
    ) -> Quote:
        """Returns the price of a basket.

        Args:
            basket: (SKU, pieces); a product may come twice.
            day: YYYY-MM-DD in the shop's time zone.
            level: the customer's level; None: a stranger.
            coupons: the customer's, used and expired ones included.
            use_points: points that the customer wants to use, at most.

        Raises:
            PricingError: an unknown product, a number of pieces below 1, or an empty basket.
        """
        pieces = self._checked(basket)
        running = [p for p in self._promotions if p.is_running(day) and any(p.includes(sku) for sku in pieces)]
        customer = Customer(level, use_points)
        held = sorted({c for c in coupons if not c.is_used and c.expires_on >= day[:10]})
        best = self._best(pieces, running, held, customer)
        steps = tuple(_step(*entry) for entry in best.applied)
        return Quote(
            day=day[:10],
            lines=tuple(self._line(sku, pieces[sku], best.amounts[sku]) for sku in pieces),
            steps=steps,
            refusals=tuple(_refusals(best, running, customer, coupons, day[:10])),
            gifts=tuple(self._gifts(best, running)),
            hints=hints_for(
                missed=[(o.promotion, o.coupon, lines) for o, lines, reduction in best.missed if not reduction.off],
                applied=[(o.promotion, o.coupon, lines) for o, lines, _ in best.applied],
                products=[(self.products[sku], n) for sku, n in pieces.items()],
                running=running,
                total=best.total,
            ),
            list_total=sum((self.products[sku].price * n for sku, n in pieces.items()), ZERO),
            total=best.total,
        )

    def read_basket(self, text: str, links: Sequence[ProductMention], previous: Basket | None = None) -> Basket | None:
        """Returns what a message wants priced; None when not sure (``basket.read_basket``)."""
        return read_basket(text, links, self.products, previous)

    def is_sum_question(self, text: str, links: Sequence[ProductMention] = ()) -> bool:
        """Whether a message asks for a sum (``questions.SumQuestions``); False when the pack has no words for it."""
        return self._questions is not None and self._questions.is_sum_question(text, links)

    @property
    def questions(self) -> SumQuestions | None:
        """How customers ask for sums; None when the pack has no words for it."""
        return self._questions

    def say_quote(self, quote: Quote, lang: Lang, answer: AnswerKind | None = None, coupons: bool = False) -> str:
        """Returns the quote in the pack's words. Raises PackError when the pack has none.

        Args:
            answer: what is said first, to a question that the sum decides.
            coupons: the customer speaks of coupons, so that those that expired are told.
        """
        if self._words is None:
            raise PackError("conversation.yaml: quote: it is missing: write how a sum is told")
        return say_quote(quote, lang, self._words, answer, coupons)

    def _checked(self, basket: Sequence[tuple[str, int]]) -> dict[str, int]:
        """The basket as SKU → pieces, in the order of the catalogue."""
        if not basket:
            raise PricingError("basket: it is empty: name at least one product")
        pieces: Counter[str] = Counter()
        for sku, number in basket:
            if sku not in self.products:
                raise PricingError(f"basket: no such product: {sku!r}: name an SKU of the shop")
            if number < 1:
                raise PricingError(f"basket: {sku}: {number} pieces: at least 1 is needed")
            pieces[sku] += number
        return {sku: pieces[sku] for sku in self.products if sku in pieces}

    def _best(
        self, pieces: Mapping[str, int], running: Sequence[Promotion], held: Sequence[Coupon], customer: Customer
    ) -> Trial:
        """The cheapest of all combinations; of equal ones, that with the fewest offers, then the first."""
        offers = [
            Offer(promotion, coupon)
            for promotion in sorted((p for p in running if _takes_money_off(p)), key=lambda p: KINDS.index(p.kind))  # type: ignore[arg-type]
            for coupon in (held if isinstance(promotion.rule, CouponUse) else (None,))
        ]
        amounts = {sku: self.products[sku].price * n for sku, n in pieces.items()}
        trials = (_tried(amounts, pieces, offers, chosen, customer) for chosen in _combinations(offers))
        return min(trials, key=lambda trial: (trial.total, len(trial.applied)))

    def _line(self, sku: str, pieces: int, paid: Decimal) -> Line:
        product = self.products[sku]
        return Line(sku, product.name, pieces, product.price, product.price * pieces, paid)

    def _gifts(self, best: Trial, running: Sequence[Promotion]) -> Iterator[Gift]:
        for promotion in running:
            if isinstance(rule := promotion.rule, GiftRule):
                product = self.products[rule.gift]
                left = product.stock - best.pieces.get(rule.gift, 0)
                number = min(best.open_lines(Offer(promotion)).count, left, rule.max_pieces or left)
                if number > 0:
                    yield Gift(promotion.id, promotion.title, rule.gift, product.name, number)


def _takes_money_off(promotion: Promotion) -> bool:
    return promotion.kind in REDUCING_KINDS


def _combinations(offers: Sequence[Offer]) -> Iterator[frozenset[Offer]]:
    """Every subset of the offers with no more coupons than an order may have."""
    others = [offer for offer in offers if offer.coupon is None]
    with_coupon = [offer for offer in offers if offer.coupon is not None]
    most = max(
        (o.promotion.rule.max_per_order for o in with_coupon if isinstance(o.promotion.rule, CouponUse)), default=0
    )
    for size in range(len(others) + 1):
        for chosen in combinations(others, size):
            for number in range(min(most, len(with_coupon)) + 1):
                for used in combinations(with_coupon, number):
                    yield frozenset((*chosen, *used))


def _tried(
    amounts: Mapping[str, Decimal],
    pieces: Mapping[str, int],
    offers: Sequence[Offer],
    chosen: frozenset[Offer],
    customer: Customer,
) -> Trial:
    """Applies the chosen offers in order. Of the others, keeps what they would have met at their turn."""
    trial = Trial(dict(amounts), pieces)
    # Of one kind, those left out come first: a coupon left out is told what it missed before another one was used.
    for offer in sorted(offers, key=lambda offer: (KINDS.index(offer.kind), offer in chosen)):
        lines = trial.open_lines(offer)
        reduction = reduce(offer.promotion, offer.coupon, lines, customer)
        if offer in chosen and reduction.off:
            trial.applied.append((offer, lines, reduction))
            for sku, off in reduction.off.items():
                trial.amounts[sku] -= off
        else:
            trial.missed.append((offer, lines, reduction))
    return trial


def _step(offer: Offer, lines: OpenLines, reduction: Reduction) -> Step:
    promotion = offer.promotion
    pieces = sum(lines.pieces[sku] for sku in reduction.off)
    return Step(promotion.id, offer.kind, promotion.title, lines.total, reduction.total, pieces, **reduction.facts)


def _refusals(
    best: Trial, running: Sequence[Promotion], customer: Customer, coupons: Sequence[Coupon], day: str
) -> Iterator[Refusal]:
    """Why the other offers of the day do not apply. What is just out of reach is a hint instead."""
    for offer, lines, reduction in best.missed:
        promotion, coupon = offer.promotion, offer.coupon
        facts = {"spend": coupon.spend, "amount_off": coupon.amount_off} if coupon else {}
        kind, title = offer.kind, promotion.title
        if isinstance(promotion.rule, PointsUse) and not customer.use_points:
            continue
        if isinstance(promotion.rule, MemberDay) and (customer.level or "") not in promotion.rule.percent_off:
            yield Refusal(promotion.id, kind, title, "level" if customer.level else "sign_in")
        elif reduction.off or not lines.amounts:
            skus = [sku for sku in best.amounts if promotion.includes(sku)]
            by = _titles(
                o
                for o, _, taken in best.applied
                if o.kind not in promotion.stacks_with
                and o.promotion.id != promotion.id
                and any(sku in taken.off for sku in skus)
            )
            used = coupon is not None and any(o.coupon for o, _, _ in best.applied)
            reason = "one_an_order" if used else "excluded" if by else "dearer"
            yield Refusal(promotion.id, kind, title, reason, by, **facts)  # type: ignore[arg-type]
    rule = next((p for p in running if isinstance(p.rule, CouponUse)), None)
    for coupon in sorted(coupons):
        if rule and not coupon.is_used and coupon.expires_on < day:
            facts = {"spend": coupon.spend, "amount_off": coupon.amount_off}
            yield Refusal(rule.id, "coupon", rule.title, "expired", (), expires_on=coupon.expires_on, **facts)
    for promotion in running:
        if promotion.rule is None:
            yield Refusal(promotion.id, None, promotion.title, "not_counted")


def _titles(offers: Iterable[Offer]) -> tuple[Any, ...]:
    return tuple({offer.promotion.id: offer.promotion.title for offer in offers}.values())
