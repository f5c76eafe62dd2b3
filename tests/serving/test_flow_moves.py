"""What a flow takes over from the one before is dropped when another order is meant."""

from __future__ import annotations

from typing import Any

import pytest

from serving.dialogue.responder.flow_moves import FlowMoves
from serving.sessions.session import FlowState, PastFlow, Session
from tests.fixtures.demo_pack import PACK


@pytest.mark.parametrize(
    ("slots", "left"),
    [
        ({"exchange_quantity": "1"}, {}),  # told as return_quantity
        ({"exchange_item": "[CW-301]", "return_reason": "quality"}, {}),
        ({"exchange_quantity": "2", "return_reason": "damaged", "exchange_for": "1"}, None),  # told in this flow
    ],
)
def test_what_was_told_of_another_order_is_dropped_under_any_name(
    slots: dict[str, str], left: dict[str, str] | None
) -> None:
    told = {"return_quantity": "1", "return_item": "[CW-301]", "return_reason": "quality"}
    past = PastFlow(flow="return", slots=told, outcome="abandoned")
    turn: Any = type("Turn", (), {"session": Session(id="s", past=[past])})
    collaborators: list[Any] = [None] * 5
    state = FlowState(flow="exchange", step="ask_order", slots=dict(slots))
    FlowMoves(PACK, *collaborators)._forget_carried(turn, state)
    assert state.slots == (slots if left is None else left)
