"""Reviewers' corrected answers: where they belong, and free of personal data.

A reviewer may type a name or a number that the redacted dialogue did not show, so a correction is
redacted like a customer's message before it is kept; the dialogue's own placeholders stay what they are.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping

from data.sets.dialogue_outcomes import PEOPLE
from data.sets.exchanges import Exchange, answer_after
from kefu.privacy.redact import Redactor
from kefu.schema import Dialogue, Label, Turn, TurnKey
from kefu.text.placeholders import PLACEHOLDER

logger = logging.getLogger(__name__)
WHAT = "answer"


class Corrections:
    """The corrected exchanges, in the order of dialogue and turn.

    Args:
        labels: by people; only those of ``what='answer'`` are read, and of one exchange the last.
        dialogues: by id.
        redactor: with the pack's patterns.

    Attributes:
        exchanges: with the correction as their ``answer``.
        refused: why a correction could not be used → how often.
    """

    def __init__(self, labels: Iterable[Label], dialogues: Mapping[str, Dialogue], redactor: Redactor) -> None:
        self._redactor = redactor
        self.refused: Counter[str] = Counter()
        found: dict[TurnKey, Exchange] = {}
        for label in labels:
            if label.what == WHAT and label.source.startswith(PEOPLE):
                exchange = self._place(label, dialogues.get(label.dialogue_id))
                if isinstance(exchange, Exchange):
                    found[TurnKey(exchange.dialogue.id, exchange.start)] = exchange
                else:
                    self.refused[exchange] += 1
        self.exchanges = [found[at] for at in sorted(found)]
        for reason, count in sorted(self.refused.items()):
            logger.warning("%d corrected answers left out: %s", count, reason)

    def _place(self, label: Label, dialogue: Dialogue | None) -> Exchange | str:
        """The corrected exchange, or why there is none."""
        if dialogue is None:
            return "no such dialogue (a duplicate, quarantined, or not ingested)"
        if label.turn is None or not 0 <= label.turn < len(dialogue.turns):
            return "no such turn"
        if dialogue.turns[label.turn].role != "customer":
            return "not a customer's turn"
        text = label.value.strip()
        if not text:
            return "empty"
        start, said = answer_after(dialogue, label.turn)
        answer = Turn(role="agent", text=self._redacted(text, dialogue), time=None)
        return Exchange(dialogue, start, said, (answer,), corrected=True)

    def _redacted(self, text: str, dialogue: Dialogue) -> str:
        taken = {match[0]: match[0] for turn in dialogue.turns for match in PLACEHOLDER.finditer(turn.text)}
        return self._redactor.redact(text, taken)
