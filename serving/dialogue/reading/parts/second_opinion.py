"""What the classifier takes a whole message for, where the rules read nothing in it, or a question in a plain wish.

Rules of words and of the conversation go before the classifier, and part by part: what was just settled, or one word
of a topic, may win over a wish. A question that replaced what rules had read was as often wrong as right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kefu.acts import (
    Act,
    Ask,
    Cancel,
    Choose,
    Complaint,
    Danger,
    Hesitate,
    OutOfScope,
    Person,
    Refuse,
    Resume,
    SmallTalk,
    Start,
    Unclear,
    target_of,
)
from kefu.intents.wishes import ASK, ScoredWish
from kefu.shop.pack import Pack
from serving.dialogue.reading.guesses import WishGuesser
from serving.dialogue.reading.message import Message, Reading
from serving.dialogue.reading.parts.asides import QUESTION
from serving.dialogue.reading.parts.reader import PartReader
from serving.dialogue.reading.wishes.flows import DECIDES
from serving.dialogue.reading.wishes.reader import WishReader
from serving.dialogue.reading.word_rules import evidence, plain

LIKELY = 0.5  # of a FAQ, where the classifier decides that a rule is asked for
# Acts that say what the message means; a courtesy asks for nothing.
LEFT = Cancel | Choose | Complaint | Danger | Hesitate | OutOfScope | Person | Refuse | Resume | SmallTalk


class SecondOpinion:
    """Compares the rules' reading of whole messages with the classifier's, for one pack."""

    def __init__(self, pack: Pack, guesser: WishGuesser, wishes: WishReader, parts: PartReader) -> None:
        self._pack, self._guesser, self._wishes, self._parts = pack, guesser, wishes, parts

    def instead(self, message: Message, acts: Sequence[Act], reading: Reading) -> list[Act]:
        """The acts of a message, its wish replaced where the classifier is sure of another one."""
        wishes = [act for act in acts if isinstance(act, Start | QUESTION)]
        if any(isinstance(act, LEFT) for act in acts) or len({target_of(act) for act in wishes}) > 1:
            return list(acts)
        guess = self._guesser.guess(message, message.text)
        if guess.probability < DECIDES or not self._is_other(message, guess, wishes):
            return list(acts)
        found = [act for act in self._of_guess(message, guess, reading) if target_of(act) not in message.rejected]
        if not found:
            return list(acts)
        return [*(act for act in acts if act not in wishes and not isinstance(act, Unclear)), *found]

    def _is_other(self, message: Message, guess: ScoredWish, wishes: Sequence[Act]) -> bool:
        """Whether a guess is a wish where nothing was read, or a flow where only a question was; none under way."""
        kind, _, name = guess.label.partition(":")
        if kind == "flow":
            return message.flow is None and not any(isinstance(act, Start) for act in wishes)
        of_data = kind == "query" and self._pack.queries[name].needs != "product"
        asks = evidence(plain(message.text), self._pack.acts.question) is not None  # cancel teh one: a wish
        return not wishes and (guess.label == ASK and asks or of_data)

    def _of_guess(self, message: Message, guess: ScoredWish, reading: Reading) -> Iterator[Act]:
        """What a guess comes to; of a question, the FAQ that likely answers it."""
        text, wishes = message.text, self._wishes
        if guess.label == ASK:
            for hit in wishes.entries.find(message, text)[:1]:
                if hit.entry.kind == "faq" and hit.probability >= LIKELY:
                    reading.hits[hit.entry.id] = hit
                    yield Ask(entry=hit.entry.id, probability=hit.probability, evidence=hit.entry.question)
            return
        links = self._parts.link_products(message, text, reading)
        if flow := wishes.flows.of_guess(guess):
            yield from wishes.flows.begin(message, text, flow, wishes.flows.slots_told(message, text, flow), guess)
        else:
            yield from wishes.queries.guessed(message, text, guess, guess.label, links)
