"""What is known of a dialogue beyond its intents: was it resolved, was one of its answers bad.

People's word wins over the machine's, and both over what the channel reported. A machine's label that is
more often wrong than right (its confidence is measured) says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from kefu.schema import Dialogue, Label

QUALITY, RESOLVED = "quality:", "resolved"
PEOPLE = "review:"
LIKELY = 0.5


class Facts:
    """What labels say of whole dialogues: people's overrule machines'.

    Args:
        reviewed: labels by people.
        signals: labels by machines.
    """

    def __init__(self, reviewed: Iterable[Label], signals: Iterable[Label]) -> None:
        known: dict[tuple[str, int | None, str], str] = {}
        for label in (*_kept(signals), *_kept(reviewed)):  # of two the later wins
            known[label.dialogue_id, label.turn, label.what] = label.value
        self._resolved = {at[0]: value for at, value in known.items() if at[2] == RESOLVED}
        self._bad: dict[str, set[int | None]] = {}
        for (dialogue, turn, what), value in known.items():
            if what.startswith(QUALITY) and value == "yes":
                self._bad.setdefault(dialogue, set()).add(turn)

    def is_resolved(self, dialogue: Dialogue) -> bool:
        """Whether the customer's problem was solved; what nobody labelled is as the channel said."""
        said = self._resolved.get(dialogue.id)
        return dialogue.outcome == "resolved" if said is None else said == "yes"

    def bad(self, dialogue: Dialogue, start: int, end: int) -> bool:
        """Whether the answer in turns [start, end) has a quality problem.

        A problem of the whole dialogue taints each of its answers: nobody said which one it was.
        """
        turns = self._bad.get(dialogue.id, set())
        return None in turns or any(start - 1 <= turn < end for turn in turns if turn is not None)


def _kept(labels: Iterable[Label]) -> Iterable[Label]:
    named = (label for label in labels if label.what == RESOLVED or label.what.startswith(QUALITY))
    return (label for label in named if label.confidence >= LIKELY)
