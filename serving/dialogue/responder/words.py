"""What the moves share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kefu.shop.part import Text
from serving.dialogue.expressions import render
from serving.dialogue.turn import TurnState
from serving.sessions.session import FlowState

Handlers = dict[type, Callable[[TurnState, Any], Iterator[str]]]  # by the type of move that they carry out


def fill_in(turn: TurnState, text: Text, **values: Any) -> str:
    """A text of the pack in the conversation's language, with values."""
    return render(text.in_(turn.visit.lang), values)


def blank(turn: TurnState) -> str:
    """What stands between two sentences of one line."""
    return "" if turn.visit.lang == "zh" else " "


def open_flow(turn: TurnState) -> FlowState:
    """The flow under way; the policy plans no move about a flow where there is none."""
    assert turn.session.flow
    return turn.session.flow
