"""What the machine says of one customer turn, before the acceptance rule is applied.

It holds no more of the dialogue than ranking the queue needs: a day of 100,000 dialogues has some
100,000 unsure turns, and they are all in memory when they are ranked.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from kefu.schema import Label, ReviewTask

SOURCE = "labeler"


class Proposal(NamedTuple):
    """An intent for turn ``index`` of a dialogue.

    day: the dialogue's.
    margin: lead of the best intent over the second best.
    draw: a number in [0, 1) that depends on the turn alone (``kefu.split.fraction``): below the audit
        share, the turn is in the audit sample.
    alternatives: the next best intents, the best first.
    """

    dialogue_id: str
    index: int  # type: ignore[assignment]  # a tuple has a method of this name
    day: str
    intent: str
    confidence: float
    margin: float
    draw: float = 1.0
    alternatives: tuple[str, ...] = ()

    def task(self, why: Literal["unsure", "audit"], priority: float = 0.0) -> ReviewTask:
        return ReviewTask(
            dialogue_id=self.dialogue_id,
            turn=self.index,
            proposal=self.intent,
            alternatives=self.alternatives,
            confidence=self.confidence,
            why=why,
            priority=priority,
        )

    def label(self, version: str) -> Label:
        return Label(
            dialogue_id=self.dialogue_id,
            turn=self.index,
            what="intent",
            value=self.intent,
            source=SOURCE,
            confidence=self.confidence,
            version=version,
        )
