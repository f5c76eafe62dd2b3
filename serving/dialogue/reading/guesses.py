"""What the classifier takes a part of a message for; without one, what the router's intent comes to."""

from __future__ import annotations

from kefu.intents.router import Router, ScoredIntent
from kefu.intents.wishes import Said, ScoredWish, WishClassifier
from kefu.shop.pack import Pack
from serving.dialogue.reading.message import Message


class WishGuesser:
    """Guesses wishes of one pack.

    Args:
        classifier: None for a release without one.
        min_confidence: below it, the router's intent tells nothing.
    """

    def __init__(self, pack: Pack, router: Router, classifier: WishClassifier | None, min_confidence: float) -> None:
        self._pack, self._router, self.classifier = pack, router, classifier
        self.min_confidence = min_confidence

    def top(self, message: Message) -> ScoredIntent:
        """The router's first intent of a whole message."""
        return self._router.top(message.text, message.session.turns)

    def guess(self, message: Message, part: str) -> ScoredWish:
        """What the classifier takes a part for, after what was said last."""
        if self.classifier is None:
            return self._routed(self._router.top(part, message.session.turns))
        last = message.session.turns[-1:]
        previous = " ".join(turn.text for turn in last if turn.role == "bot")
        wish = self.classifier.predict(Said(part, previous, asked=message.step is not None), message.rejected)
        if wish.probability < self.min_confidence and wish.label.startswith("flow:"):
            routed = self._routed(self._router.top(part, message.session.turns))
            return routed if routed.label == wish.label else wish  # two opinions that agree
        return wish

    def _routed(self, top: ScoredIntent) -> ScoredWish:
        """The class that an intent of the router comes to, if that is sure enough."""
        if top.confidence < self.min_confidence:
            return ScoredWish("", top.confidence)
        intent, flow = self._pack.taxonomy[top.intent], self._pack.flow_for(top.intent)
        talk = f"talk:{top.intent}" if intent.reply else ""
        labels = {"flow": f"flow:{flow.name}" if flow else "", "human": "person", "complaint": "complaint"}
        return ScoredWish((labels | {"chitchat": talk}).get(intent.route or "", ""), top.confidence)
