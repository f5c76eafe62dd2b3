"""Whether a dialogue was resolved: yes, no or unclear.

What the source says counts first (serving knows how its flows ended), unless the customer's last word
contradicts it; then it is unclear. Otherwise the pack's wordings at the end of the dialogue decide, and how the
customer sounds there. A closing formula of the shop ("anything else?") is passed over: what was said before it
counts. ``resolved`` means that the customer got what the shop can give, a refusal by the rules included; whether
the customer was happy with it is what sentiment and stars say. A dialogue that ends with the hand-over is not
resolved; where a person answered afterwards, that part decides. What happened after the last turn nobody knows.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from data.labeling.signals.sentiment import NEGATIVE, POSITIVE, SentimentRules
from kefu.schema import Dialogue, Turn
from kefu.shop.label_patterns import Outcome, matcher

YES, NO, UNCLEAR = "yes", "no", "unclear"
_MARKS = re.compile(r"[\W_]+")
_QUESTION = ("?", "？")


class ResolutionSignal(NamedTuple):
    value: str
    rule: str


class OutcomeRules:
    """The wordings of a pack, compiled.

    Args:
        sentiment: how customers sound; None: only the wordings of ``labels/outcome.yaml`` are heard.
    """

    def __init__(self, words: Outcome, sentiment: SentimentRules | None = None) -> None:
        self._done, self._content = matcher(words.done), matcher(words.content)
        self._unsolved, self._pending = matcher(words.unsolved), matcher(words.pending)
        self._closing, self._later = matcher(words.closing), matcher(words.later)
        self._refused, self._asking = matcher(words.refused), matcher(words.asking)
        self._sentiment = sentiment

    def classify(self, dialogue: Dialogue, handed_at: int | None) -> ResolutionSignal:
        """Args: handed_at: the turn in which a person took over (``handover.py``)."""
        heard = self._heard(dialogue.turns, handed_at)
        if dialogue.outcome == "resolved":
            return (
                ResolutionSignal(UNCLEAR, "contradicted")
                if heard == ResolutionSignal(NO, "unsolved")
                else ResolutionSignal(YES, "told")
            )
        if dialogue.outcome in ("handoff", "abandoned"):
            return ResolutionSignal(NO, "told")
        return heard

    def _heard(self, turns: tuple[Turn, ...], handed_at: int | None) -> ResolutionSignal:
        """From the words alone."""
        if handed_at is not None:
            by, turns = turns[handed_at], turns[handed_at + 1 :]
            if not any(self._goes_on(by, turn) for turn in turns):
                return ResolutionSignal(NO, "handed over")
        customer = next((turn.text for turn in reversed(turns) if turn.role == "customer"), "")
        shop = next((turn.text for turn in reversed(turns) if turn.role != "customer"), "")
        left = self._closing.sub(" ", shop)
        left = left if _MARKS.sub("", left) else ""
        if turns[-1].role == "customer":
            return self._customer_last(customer, shop, left)
        many = sum(turn.role == "customer" for turn in turns) > 1
        return self._shop_last(customer, left, many)

    def _goes_on(self, by: Turn, turn: Turn) -> bool:
        """Whether a turn after a hand-over shows that a person took it up."""
        came = by.role == "bot" and turn.role == "agent"
        return came or (turn.role != "customer" and self._done.search(self._closing.sub(" ", turn.text)) is not None)

    def _customer_last(self, text: str, shop: str, left: str) -> ResolutionSignal:
        mood = self._mood(text)
        if mood == NEGATIVE:
            return ResolutionSignal(NO, "unsolved")
        if self._later.search(text):
            return ResolutionSignal(UNCLEAR, "later")
        if shop and (mood == POSITIVE or (self._content.search(text) and not self._asking.search(text))):
            waits = self._pending.search(left) and not self._done.search(left)
            return ResolutionSignal(UNCLEAR, "pending") if waits else ResolutionSignal(YES, "content")
        return ResolutionSignal(NO, "left without an answer")

    def _shop_last(self, customer: str, left: str, many: bool) -> ResolutionSignal:
        """``many``: the customer has said more than one thing, so annoyance is about an answer."""
        mood = self._mood(customer)
        asks = self._asking.search(customer) is not None and self._felt(customer) != NEGATIVE
        if mood == NEGATIVE and many and not asks and not self._done.search(left):
            return ResolutionSignal(NO, "unsolved")
        if self._pending.search(left) or self._refused.search(left) or left.rstrip().endswith(_QUESTION):
            return ResolutionSignal(UNCLEAR, "pending")
        if self._done.search(left):
            return ResolutionSignal(YES, "done")
        if mood == POSITIVE or self._content.search(customer):
            return ResolutionSignal(YES, "content")
        if left and self._asking.search(customer):
            return ResolutionSignal(YES, "answered")
        return ResolutionSignal(UNCLEAR, "silent")

    def _mood(self, text: str) -> str:
        """How the customer's last words sound; what is not solved sounds negative."""
        if self._unsolved.search(text):
            return NEGATIVE
        return self._felt(text)

    def _felt(self, text: str) -> str:
        return self._sentiment.classify(text).value if self._sentiment else ""
