"""Whether a dialogue was resolved: yes, no or unclear.

What the source says counts first (serving knows how its flows ended), unless the customer's last word
contradicts it; then it is unclear. Otherwise the pack's wordings at the end of the dialogue decide.
``resolved`` means that the customer got what the shop can give, a refusal by the rules included; whether
the customer was happy with it is what sentiment and stars say. A dialogue handed to a person is not
resolved in itself. What happened after the last turn nobody knows.
"""

from __future__ import annotations

from typing import NamedTuple

from kefu.schema import Dialogue, Turn
from kefu.wordings import Outcome, matcher

YES, NO, UNCLEAR = "yes", "no", "unclear"
LAST = 4  # turns of the end in which the shop's words are searched


class Ended(NamedTuple):
    value: str
    rule: str


class OutcomeRules:
    """The wordings of a pack, compiled."""

    def __init__(self, words: Outcome) -> None:
        self._done, self._content = matcher(words.done), matcher(words.content)
        self._unsolved, self._pending = matcher(words.unsolved), matcher(words.pending)

    def of(self, dialogue: Dialogue, handed_over: bool) -> Ended:
        """Args: handed_over: whether a person took over (``data/label/handover.py``)."""
        heard = self._heard(dialogue.turns, handed_over)
        if dialogue.outcome == "resolved":
            return Ended(UNCLEAR, "contradicted") if heard == Ended(NO, "unsolved") else Ended(YES, "told")
        if dialogue.outcome in ("handoff", "abandoned"):
            return Ended(NO, "told")
        return heard

    def _heard(self, turns: tuple[Turn, ...], handed_over: bool) -> Ended:
        """From the words alone."""
        if handed_over:
            return Ended(NO, "handed over")
        last = turns[-1]
        shop = " ".join(turn.text for turn in turns[-LAST:] if turn.role != "customer")
        if last.role == "customer":
            if self._unsolved.search(last.text):
                return Ended(NO, "unsolved")
            if self._content.search(last.text) and shop:
                return Ended(YES, "content")
            return Ended(NO, "left without an answer")
        if self._pending.search(last.text):
            return Ended(UNCLEAR, "pending")
        return Ended(YES, "done") if self._done.search(last.text) else Ended(UNCLEAR, "silent")
