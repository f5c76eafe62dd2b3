"""What an answer offers to do, kept at its confirmation for the customer's next message."""

from __future__ import annotations

from kefu.acts import Query
from kefu.shop.pack import Pack
from kefu.shop.queries import NEEDED_SLOT
from serving.dialogue.flow import FlowEngine
from serving.dialogue.turn import TurnState


class Offers:
    """Offers of one pack's queries."""

    def __init__(self, pack: Pack, flows: FlowEngine) -> None:
        self._flows = flows
        self._offers = {name: query.offers for name, query in pack.queries.items() if query.offers}

    def keep(self, turn: TurnState, told: Query) -> None:
        """Keeps what a query's answer offers, where the flow would ask nothing but for a yes."""
        offer = self._offers.get(told.name)
        if offer is None or turn.session.flow or not turn.session.customer:
            return
        flow = self._flows.flows[offer.flow]
        spoken_of = {NEEDED_SLOT["order"]: turn.session.subject.order, **told.slots}
        known = {name: value for name, value in spoken_of.items() if value and name in flow.slots}
        state, progress = self._flows.start(flow, known | offer.slots, turn.visit)
        turn.session.offer = state if progress.asks == "confirm" else None
