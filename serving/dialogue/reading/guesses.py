"""What the classifier takes a part of a message for; without one, what the router's intent comes to."""

from __future__ import annotations

from kefu.intents.router import Router, ScoredIntent
from kefu.intents.wishes import ASK, Said, ScoredWish, WishClassifier
from kefu.shop.pack import Pack
from kefu.shop.wordings.labelled import SUM, TO_A_PERSON
from serving.dialogue.reading.message import Message, said_before
from serving.dialogue.reading.word_rules import evidence, plain

ASKS = 0.8  # of a question that no word tells
TOPIC_SHARE = 0.15  # share of a topic's queries from which a question right after one of them goes on with the topic


class WishGuesser:
    """Guesses wishes of one pack.

    Args:
        classifier: None for a release without one.
        min_confidence: below it, the router's intent tells nothing.
    """

    def __init__(self, pack: Pack, router: Router, classifier: WishClassifier | None, min_confidence: float) -> None:
        self._pack, self._router, self.classifier = pack, router, classifier
        self.min_confidence = min_confidence
        self._of_topic = {
            name: {f"query:{q}" for q, query in pack.queries.items() if query.topic == name}
            for name in pack.acts.topics
        }

    def top(self, message: Message) -> ScoredIntent:
        """The router's first intent of a whole message."""
        return self._router.top(message.text, message.session.turns)

    def topic(self, part: str) -> str:
        """The topic of which a part speaks; empty when of none."""
        words, topics = plain(part), self._pack.acts.topics
        return next((name for name, rule in topics.items() if evidence(words, rule) is not None), "")

    def guess(self, message: Message, part: str, topic: str = "") -> ScoredWish:
        """What the classifier takes a part for, after what was said last.

        Args:
            topic: what the part is known to ask about: only what tells of it is guessed.
        """
        if self.classifier is None:
            return self._routed(self._router.top(part, message.session.turns))
        said = self._said(message, part)
        if topic:
            among = {ASK, SUM, *TO_A_PERSON, *self._of_topic[topic]}
            return self.classifier.predict(said, message.rejected, among)
        wish = self.classifier.predict(said, message.rejected)
        if wish.probability < self.min_confidence and wish.label.startswith("flow:"):
            routed = self._routed(self._router.top(part, message.session.turns))
            return routed if routed.label == wish.label else wish  # two opinions that agree
        return wish

    def asks(self, message: Message, part: str) -> bool:
        """Whether the classifier is sure that a part asks something, whatever its words: any coupons for new members"""
        wish = self.guess(message, part)
        return wish.label == ASK and wish.probability >= ASKS

    def going_on(self, message: Message, part: str, topic: str) -> ScoredWish:
        """Which query of the last answer's topic a part asks that does not name the topic, if it goes on with it."""
        if self.classifier is None or not topic:
            return ScoredWish("", 0.0)
        return self.classifier.predict(self._said(message, part), message.rejected, self._of_topic[topic], TOPIC_SHARE)

    def _said(self, message: Message, part: str) -> Said:
        return Said(part, said_before(message), asked=message.step is not None)

    def _routed(self, top: ScoredIntent) -> ScoredWish:
        """The class that an intent of the router comes to, if that is sure enough."""
        if top.confidence < self.min_confidence:
            return ScoredWish("", top.confidence)
        intent, flow = self._pack.taxonomy[top.intent], self._pack.flow_for(top.intent)
        talk = f"talk:{top.intent}" if intent.reply else ""
        labels = {"flow": f"flow:{flow.name}" if flow else "", "human": "person", "complaint": "complaint"}
        return ScoredWish((labels | {"chitchat": talk}).get(intent.route or "", ""), top.confidence)
