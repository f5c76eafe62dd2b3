"""Names the order that a flow took, and offers the customer's orders as a numbered list when one has to be chosen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime

from kefu.acts import Choose, Fill
from kefu.privacy.redact import restore
from kefu.shop.flows import Step
from kefu.shop.pack import Pack
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.expressions import evaluate, render
from serving.dialogue.linking.records import Order
from serving.dialogue.turn import TurnState
from serving.sessions.session import FlowState

MOST_OFFERED = 5


def meant_unnamed(orders: Sequence[Order], step: Step, slots: Mapping[str, str | None]) -> list[Order]:
    """The orders of which one is meant where none is named, or all of ``orders``, by the step's ``likely``.

    Args:
        slots: all of the flow, with what was told.
    """
    for rule in step.likely:
        if not rule.when or evaluate(rule.when, slots):
            for fits in (rule.mark,) if rule.mark else rule.states:
                if found := [order for order in orders if fits in (order.status, *order.marks)]:
                    return found
    return []


def marked_orders(orders: Sequence[Order], step: Step) -> list[Order]:
    """The orders with the first mark of the step's ``only`` that any has."""
    having = ([order for order in orders if mark in order.marks] for mark in step.only)
    return next(filter(None, having), [])


def likely_orders(orders: Sequence[Order], step: Step, now: str) -> list[Order]:
    """The orders that a question for one may mean, the likeliest first: all when none fits.

    Args:
        orders: of the customer, newest first.
        now: ISO 8601.
    """
    fit = [order for order in orders if not step.among or order.status in step.among]
    fit = marked_orders(fit, step) or fit
    today = datetime.fromisoformat(now).date()
    recent = [order for order in fit if step.within_days is None or _age_days(order, today) <= step.within_days]
    return [*recent, *(order for order in orders if order.status in step.also)] or fit or list(orders)


def _age_days(order: Order, today: date) -> int:
    """Days since an order's last event."""
    return (today - max(order.days.values())).days if order.days else 0


class OrderChoice:
    """Speaks of orders for one pack."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        entity = pack.entities.order
        self._slots = {name for name, slot in pack.slots.items() if entity and slot.pii == entity.pii}

    def of(self, state: FlowState) -> str | None:
        """The order (its placeholder) that a flow is about."""
        return self.of_slots(state.slots)

    def of_slots(self, slots: Mapping[str, str]) -> str | None:
        """The order (its placeholder) among some slots."""
        return next((value for name, value in slots.items() if name in self._slots), None)

    def spoken_of(self, turn: TurnState) -> str | None:
        """The customer's own order that a message names or picks beside what it asks, or that was spoken of before."""
        picked = (act.value for act in turn.reading.acts if isinstance(act, Fill) and act.slot in self._slots)
        named = (match[0] for match in PLACEHOLDER.finditer(turn.message.text))
        subject = turn.session.subject
        subject.order = next((value for value in (*picked, *named) if self._order(turn, value)), subject.order)
        return subject.order

    def took(self, turn: TurnState, slots: Mapping[str, str], always: bool = False) -> str:
        """Names an order that the message did not name by its number; "" when there is nothing to say."""
        value = next((value for name, value in slots.items() if name in self._slots), None)
        if value is None or (value in turn.message.text and not always) or value in turn.draft.text:
            return ""
        order = self._order(turn, value)
        if order is None:
            return ""
        label = order.label.in_(turn.visit.lang)
        return render(self._pack.conversation.took.in_(turn.visit.lang), {"order": value, "label": label})

    def to_list(self, turn: TurnState, state: FlowState, step: Step) -> list[Order]:
        """The customer's orders that a question for one offers, which they answer better than its own words."""
        if step.collect not in self._slots or not turn.session.customer:
            return []
        if turn.candidates:
            return self._own(turn, turn.candidates)
        if turn.session.offered:  # asked once more: the places of the list stay what they were
            return self._own(turn, turn.session.offered)
        first = meant_unnamed(turn.message.orders, step, dict.fromkeys(self._pack.slots) | state.slots)
        likely = likely_orders(turn.message.orders, step, turn.visit.now)
        return [*first, *(order for order in likely if order not in first)][:MOST_OFFERED]

    def ask_which(self, turn: TurnState, orders: Sequence[Order]) -> Iterator[str]:
        """Asks which of these orders is meant."""
        if turn.candidates:
            yield from self.offer(turn, turn.candidates)
            return
        yield turn.say("flow", self._pack.conversation.pick.in_(turn.visit.lang))
        yield from self._list(turn, orders)

    def offer(self, turn: TurnState, candidates: Collection[str]) -> Iterator[str]:
        """The orders that a message may mean."""
        orders = self._own(turn, candidates)
        words, lang = self._pack.conversation, turn.visit.lang
        unlike = next((act.unlike for act in turn.reading.acts if isinstance(act, Choose) and act.unlike), "")
        unlike = unlike if unlike in candidates else ""
        odd = render(words.choose_unlike.in_(lang), {"order": unlike}) if words.choose_unlike and unlike else ""
        yield turn.say("flow", odd or words.choose.in_(lang))
        yield from self._list(turn, orders)

    def _own(self, turn: TurnState, values: Collection[str]) -> list[Order]:
        return [order for value in values if (order := self._order(turn, value))][:MOST_OFFERED]

    def _list(self, turn: TurnState, orders: Sequence[Order]) -> Iterator[str]:
        lang = turn.visit.lang
        turn.session.offered = [turn.message.placeholder(order.id) for order in orders]
        turn.draft.options = [order.label.in_(lang) for order in orders]
        labels = zip(turn.session.offered, turn.draft.options, strict=True)
        lines = [f"{n}. {order} {label}" for n, (order, label) in enumerate(labels, 1)]
        yield turn.say("flow", "\n".join(lines))

    def _order(self, turn: TurnState, value: str) -> Order | None:
        if not turn.session.customer:
            return None
        number = restore(value, turn.session.vault)
        return next((order for order in turn.message.orders if order.id == number), None)
