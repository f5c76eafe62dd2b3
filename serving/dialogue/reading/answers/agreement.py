"""What a message says to the open question of a flow without a value: yes, no, leave it, wait, or a person.

A yes or no is a whole message (``yes_no.py``), or what the answer classifier is sure of. A yes changes the shop, so it
needs more than a no: a yes with company is read in ``agreed.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kefu.acts import Act, Affirm, Cancel, Correct, Deny, Fill, Hesitate, Person, Resume
from kefu.intents.answers import HESITATE, LEAVE, NO, PERSON, AnswerClassifier
from kefu.shop.pack import Pack
from kefu.shop.slots import CJK, ON_FILE, Slot, without_phrases
from serving.dialogue.linking.linker import Linker
from serving.dialogue.reading.answers.agreed import MOST_PIECES, NUMBER
from serving.dialogue.reading.answers.orders.reader import OrderReader
from serving.dialogue.reading.answers.values import ValueReader
from serving.dialogue.reading.answers.yes_no import leaves, yes_or_no
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.segments import WORD, answer_pieces, clauses
from serving.dialogue.reading.word_rules import evidence, is_idiom, plain

# Probabilities of the answer classifier, by benchmarks/wordings/answers.py: a false stop costs a message.
STOP, STOP_BESIDE_VALUE, PAUSE, TO_PERSON = 0.6, 0.9, 0.5, 0.4

SENTENCE_ENDS = (".", "。", "!", "！", ";", "；", "\n")
TWICE_DENIED = re.compile(
    r"(?:不是|并非|没说)不|\bnot that i (?:don'?t|do not)\b", re.IGNORECASE
)  # 不是不想退: no refusal
NO_FIRST = re.compile(
    rf"\s*([^，,。.!！;；\n]{{1,24}}?)(?:[，,。.!！;；\n…~]+|(?<={CJK.pattern})\s+(?={CJK.pattern}))\s*(.*\w.*)",
    re.DOTALL,
)


class AgreementReader:
    """Reads yes, no and the like, of one pack's flows."""

    def __init__(
        self,
        pack: Pack,
        linker: Linker,
        orders: OrderReader,
        values: ValueReader,
        classifier: AnswerClassifier | None = None,
    ) -> None:
        self._pack, self._linker, self._classifier = pack, linker, classifier
        self._orders, self._values = orders, values

    def whole(self, message: Message) -> list[Act]:
        """A message that is an answer and nothing else."""
        words, step = self._pack.conversation, message.step
        assert step
        if step.confirm:
            yes = yes_or_no(message.text, words, step)
            if yes is not None:
                corrects = not yes and self._corrects(message)
                return [Affirm(evidence=message.text) if yes else Deny(corrects=corrects, evidence=message.text)]
        elif step.collect and yes_or_no(message.text, words):
            slot = self._pack.slots[step.collect]
            if slot.if_insisted:
                return [Resume(evidence=message.text)]
            if slot.on_file:  # the question names it
                return [Fill(slot=step.collect, value=ON_FILE, evidence=message.text)]
        stops = leaves(message.text, words, message.may_cancel)
        refuses = bool(step.collect) and yes_or_no(message.text, words) is False
        told = self._values.slots(message, message.text) if step.collect and (stops or refuses) else {}
        if stops and step.collect not in told:  # "changed my mind" may be the reason asked for
            return [Cancel(evidence=message.text)]
        if refuses and not told:
            corrects = self._corrects(message)
            return [Deny(corrects=True, evidence=message.text) if corrects else Cancel(evidence=message.text)]
        return []

    def _corrects(self, message: Message) -> bool:
        """Whether a no says that something is wrong (不对), and gives up nothing."""
        return evidence(plain(message.text), self._pack.acts.correct) is not None

    def after_leave(self, message: Message) -> str | None:
        """What stands beside pieces that give up the open flow (算了，取消。什么时候发货？); None: there are none."""
        words, parts = self._pack.conversation, answer_pieces(message.text, self._pack.acts.another)[: 2 * MOST_PIECES]
        for start in range(min(len(parts) - 1, MOST_PIECES)):
            for end in range(min(len(parts) - 1, start + MOST_PIECES), start, -1):
                given_up, rest = "".join(parts[start:end]), parts[end:]
                if leaves(given_up, words, message.may_cancel) and not self._tells_value(message, given_up):
                    return None if self._is_wished_still(message, rest) else "".join(rest)
            if not parts[start].rstrip().endswith(SENTENCE_ENDS):
                return None
        return None

    def _is_wished_still(self, message: Message, rest: Sequence[str]) -> bool:
        """Whether pieces behind such words state the wish under way in another form: 算了 整单取消吧."""
        rules, wish = self._pack.acts, message.flow.asked_by if message.flow else None
        stated = [piece for piece in map(plain, rest) if evidence(piece, rules.question) is None]
        return any(evidence(piece, wish) is not None for piece in stated)

    def _tells_value(self, message: Message, text: str) -> bool:
        """Whether a text tells a choice that the flow does not know yet: "changed my mind" may be the reason."""
        known = message.session.flow.slots if message.session.flow else {}
        told = self._values.slots(message, text) if message.step and message.step.collect else {}
        return any(name not in known and self._pack.slots[name].choices for name in told)

    def scores(self, message: Message) -> dict[str, float]:
        """What the classifier takes the message for at the open question; empty without one."""
        if self._classifier is None or message.step is None or not message.last_answer:
            return {}
        return self._classifier.predict(message.text, message.last_answer)

    def likely(self, message: Message, scores: Mapping[str, float]) -> list[Act]:
        """A wish for a person, a no, "leave it" or "wait" that no rule reads and the classifier is sure of.

        A no stops what is under way as "leave it" does, but a question about a fact (did it arrive?) has an answer.
        """
        step, no, leave = message.step, scores.get(NO, 0.0), scores.get(LEAVE, 0.0)
        assert step
        if scores.get(PERSON, 0.0) >= TO_PERSON and not is_idiom(plain(message.text), self._pack.acts.person):
            return [Person(probability=scores[PERSON], evidence=message.text)]
        if no + leave < STOP and scores.get(HESITATE, 0.0) < PAUSE:
            return []
        if step.confirm and self._tells_other(message):
            return []  # no no, just one please, I keep the other: that is what it should be
        told = bool(step.collect) and (
            step.collect in self._values.slots(message, message.text) or NUMBER.search(message.text)
        )
        if told and (leaves(message.text, self._pack.conversation) or self._is_mostly_a_choice(message)):
            return []  # "changed my mind" and 不需要了 are the reason that was asked for
        told = told or self._orders.names_item(message, message.text)  # No, I'm keeping the mug: of an order of several
        if no + leave >= (STOP_BESIDE_VALUE if told else STOP) and not TWICE_DENIED.search(plain(message.text)):
            if waits := self.hesitates(message.text):  # 先别急，退了的话券还在吗: nothing is given up yet
                return waits
            if self._corrects(message) and not any(leaves(c, self._pack.conversation) for c in clauses(message.text)):
                return [Deny(corrects=True, probability=no + leave, evidence=message.text)]
            deny = step.confirm and (no > leave or self.after_no(message) is not None)
            return [(Deny if deny else Cancel)(probability=no + leave, evidence=message.text)]
        if scores.get(HESITATE, 0.0) >= PAUSE and not told:
            return [Hesitate(probability=scores[HESITATE], evidence=message.text)]
        return []

    def _tells_other(self, message: Message) -> bool:
        """Whether a message tells another item or number of pieces than the open question, or corrects a value."""
        assert message.flow and message.session.flow
        known, slots = message.session.flow.slots, self._pack.slots
        told = [act for act in self._values.part(message, message.text, False) if isinstance(act, Fill | Correct)]
        offers_person = message.step is not None and message.flow.calls_person(message.step.id)
        if not (offers_person or self._corrects(message)):  # no person, I cancel it myself: the other way
            told = [act for act in told if _may_be_meant(slots[act.slot])]
        return any(act.value != known.get(act.slot) for act in told)

    def _is_mostly_a_choice(self, message: Message) -> bool:
        """Whether more than half of the message's letters are a choice of the slot that is asked for."""
        assert message.step and message.step.collect
        beside = without_phrases(message.text, self._pack.slots[message.step.collect])
        return 2 * len(WORD.findall(beside)) < len(WORD.findall(message.text))

    def after_no(self, message: Message) -> str | None:
        """What follows a no that begins a message (没有啊，门口也看了); None when nothing of this kind does."""
        found = NO_FIRST.match(message.text)
        if found is None or message.step is None:
            return None
        step = message.step if message.step.confirm else None
        refused = yes_or_no(found[1], self._pack.conversation, step) is False and not self.hesitates(found[1])
        return found[2] if refused else None

    def names_day(self, message: Message, text: str) -> bool:
        """Whether a text names a coming day."""
        return self._linker.coming_day(text, message.now) is not None

    def hesitates(self, text: str) -> list[Act]:
        found = evidence(plain(text), self._pack.acts.hesitate)
        return [Hesitate(evidence=found)] if found else []


def _may_be_meant(slot: Slot) -> bool:
    """Whether a value of a slot may be all that is wrong with a proposal: which item, how many, what for."""
    return bool(slot.item or slot.number or slot.otherwise or (slot.free_text and slot.pii is None))
