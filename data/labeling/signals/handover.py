"""Whether a dialogue was handed to a person, and why: none, asked, unable, complaint or policy.

It was when the source says so or the shop's words do. The reason is looked for where it happened: the
customer asked for a person or complained in the last turns before (words, or the intent that was
recognised), or the shop said that only a person may do it; else the machine was unable. A person who
answers from the first turn on was not handed anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kefu.schema import Dialogue, Turn
from kefu.shop.label_patterns import Handover, matcher

NONE, ASKED, UNABLE, COMPLAINT, POLICY = "none", "asked", "unable", "complaint", "policy"
LOOK_BACK = 2  # customer turns before the hand-over in which the reason is looked for


class HandoverSignal(NamedTuple):
    """``turn``: in which the shop hands over; None where it does not, or only the source says so."""

    value: str
    rule: str
    turn: int | None = None


class HandoverRules:
    """The wordings of a pack, compiled."""

    def __init__(self, words: Handover) -> None:
        self._handed, self._policy = matcher(words.handed), matcher(words.policy)
        self._asked, self._complaint = matcher(words.asked), matcher(words.complaint)
        self._intents = words.intents

    def classify(self, dialogue: Dialogue, intents: Mapping[int, str]) -> HandoverSignal:
        """Args: intents: what was recognised of the dialogue's customer turns, by turn."""
        at = self._where(dialogue.turns)
        if at is None and dialogue.outcome != "handoff":
            return HandoverSignal(NONE, NONE)
        end = len(dialogue.turns) - 1 if at is None else at
        how = "told" if dialogue.outcome == "handoff" else "heard"
        return self._why(dialogue.turns, end, intents, how)._replace(turn=at)

    def _where(self, turns: tuple[Turn, ...]) -> int | None:
        """The turn in which the shop hands over; the last one if several do."""
        said = [i for i, turn in enumerate(turns) if turn.role != "customer" and self._handed.search(turn.text)]
        return said[-1] if said else None

    def _why(self, turns: tuple[Turn, ...], end: int, intents: Mapping[int, str], how: str) -> HandoverSignal:
        before = [i for i in range(end + 1) if turns[i].role == "customer"][-LOOK_BACK:]
        for i in reversed(before):  # the nearest words win, words before intents
            for value, words in ((ASKED, self._asked), (COMPLAINT, self._complaint)):
                if words.search(turns[i].text):
                    return HandoverSignal(value, f"{value}, {how}")
        if turns[end].role != "customer" and self._policy.search(turns[end].text):
            return HandoverSignal(POLICY, f"{POLICY}, {how}")
        named = self._intents.get(intents.get(before[-1], "")) if before else None
        return HandoverSignal(named or UNABLE, f"{named or UNABLE}, {how}")
