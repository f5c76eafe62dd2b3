"""What a classifier is shown of a dialogue, as named texts ("fields").

Two views, and the difference is the point: the router answers a customer now, so it sees only what
came before; the labeler works the day after, so it also sees the answer and what followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from kefu.schema import Turn

# Field → weight: the length of its vector. Measured on real conversations by cross-validation; the
# turn's own words count most.
ROUTER_FIELDS = {"text": 1.0, "previous": 0.5, "earlier": 0.5}
LABELER_FIELDS = ROUTER_FIELDS | {"answer": 0.5, "later": 0.4}

LATER_TURNS = 6


def router_view(text: str, context: Sequence[Turn]) -> dict[str, str]:
    """The fields of ROUTER_FIELDS.

    Args:
        text: the turn itself.
        context: the turns before it, oldest first.
    """
    spoken = list(takewhile(lambda turn: turn.role != "customer", reversed(context)))
    return {
        "text": text,
        "previous": " ".join(turn.text for turn in reversed(spoken)),
        "earlier": " ".join(turn.text for turn in context if turn.role == "customer"),
    }


def router_run(text: str, context: Sequence[Turn]) -> list[dict[str, str]]:
    """Views of the customer's turns in ``context``, oldest first, and of ``text`` as the last.

    Each view, like the last, is of what came before that turn and no more.
    """
    spoken = [index for index, turn in enumerate(context) if turn.role == "customer"]
    return [router_view(context[index].text, context[:index]) for index in spoken] + [router_view(text, context)]


def labeler_view(turns: Sequence[Turn], index: int, context_turns: int) -> dict[str, str]:
    """The fields of LABELER_FIELDS for ``turns[index]``; ``context_turns`` turns before it are seen."""
    after = turns[index + 1 : index + 1 + LATER_TURNS]
    answer = list(takewhile(lambda turn: turn.role != "customer", after))
    view = router_view(turns[index].text, turns[max(0, index - context_turns) : index])
    return view | {
        "answer": " ".join(turn.text for turn in answer),
        "later": " ".join(turn.text for turn in after if turn.role == "customer"),
    }
