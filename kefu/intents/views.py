"""What a classifier sees of a dialogue, as named texts ("fields").

There are two views. The router answers a customer now, so it sees only what came before the turn.
The labeler works a day later, so it also sees the answer and what followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from kefu.schema import Turn

# Field → weight: the length of its vector. Chosen by cross-validation on real conversations.
ROUTER_FIELDS = {"text": 1.0, "previous": 0.5, "earlier": 0.5}
LABELER_FIELDS = ROUTER_FIELDS | {"answer": 0.5, "later": 0.4}

LATER_TURNS = 6


def router_view(text: str, context: Sequence[Turn]) -> dict[str, str]:
    """Returns the fields of ROUTER_FIELDS.

    Args:
        text: the turn itself.
        context: the turns before it, oldest first.
    """
    previous = list(takewhile(lambda turn: turn.role != "customer", reversed(context)))
    return {
        "text": text,
        "previous": " ".join(turn.text for turn in reversed(previous)),
        "earlier": " ".join(turn.text for turn in context if turn.role == "customer"),
    }


def router_views(text: str, context: Sequence[Turn]) -> list[dict[str, str]]:
    """Returns views of the customer's turns in ``context``, oldest first, then that of ``text``.

    Each view contains only what came before its own turn.
    """
    places = [index for index, turn in enumerate(context) if turn.role == "customer"]
    return [router_view(context[index].text, context[:index]) for index in places] + [router_view(text, context)]


def labeler_view(turns: Sequence[Turn], index: int, context_turns: int) -> dict[str, str]:
    """Returns the fields of LABELER_FIELDS for ``turns[index]``, with ``context_turns`` turns before it."""
    after = turns[index + 1 : index + 1 + LATER_TURNS]
    answer = list(takewhile(lambda turn: turn.role != "customer", after))
    view = router_view(turns[index].text, turns[max(0, index - context_turns) : index])
    return view | {
        "answer": " ".join(turn.text for turn in answer),
        "later": " ".join(turn.text for turn in after if turn.role == "customer"),
    }
