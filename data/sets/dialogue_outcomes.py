"""What is known of a dialogue beyond its intents: was it resolved, was one of its answers bad.

People's word wins over the machine's, and both over what the channel reported. A machine's label that is
more often wrong than right (its confidence is measured) says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from kefu.schema import Dialogue, EndState, Label

QUALITY, RESOLVED = "quality:", "resolved"
PEOPLE = "review:"
LIKELY = 0.5


class End(NamedTuple):
    """How a dialogue ended, and whose word that is."""

    state: EndState
    by: Literal["review", "machine", "channel"]


# All that may be, in a fixed order: who remembers millions remembers a number.
ENDS = (
    *(End(state, by) for state in ("resolved", "unresolved") for by in ("review", "machine", "channel")),
    End("handoff", "channel"),
    End("unknown", "channel"),
)


class Facts:
    """What labels say of whole dialogues: people's overrule machines'.

    Args:
        reviewed: labels by people.
        signals: labels by machines.
    """

    def __init__(self, reviewed: Iterable[Label], signals: Iterable[Label]) -> None:
        known: dict[tuple[str, int | None, str], Label] = {}
        for label in (*_kept(signals), *_kept(reviewed)):  # of two the later wins
            known[label.dialogue_id, label.turn, label.what] = label
        self._resolved = {at[0]: label for at, label in known.items() if at[2] == RESOLVED}
        self._bad: dict[str, set[int | None]] = {}
        for (dialogue, turn, what), label in known.items():
            if what.startswith(QUALITY) and label.value == "yes":
                self._bad.setdefault(dialogue, set()).add(turn)

    def end(self, dialogue: Dialogue) -> End:
        """How a dialogue ended; what nobody labelled is as the channel said."""
        label = self._resolved.get(dialogue.id)
        if label is not None:
            by: Literal["review", "machine"] = "review" if label.source.startswith(PEOPLE) else "machine"
            return End("resolved" if label.value == "yes" else "unresolved", by)
        return End("unresolved" if dialogue.outcome == "abandoned" else dialogue.outcome, "channel")

    def bad(self, dialogue: Dialogue, start: int, end: int) -> bool:
        """Whether the answer in turns [start, end) has a quality problem.

        A problem of the whole dialogue taints each of its answers: nobody said which one it was.
        """
        turns = self._bad.get(dialogue.id, set())
        return None in turns or any(start - 1 <= turn < end for turn in turns if turn is not None)


def _kept(labels: Iterable[Label]) -> Iterable[Label]:
    named = (label for label in labels if label.what == RESOLVED or label.what.startswith(QUALITY))
    return (label for label in named if label.confidence >= LIKELY)
