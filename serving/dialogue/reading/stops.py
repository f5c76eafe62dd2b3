"""What gives up, declines or puts off the open question, and what stands beside it (a yes: ``confirmed.py``).

Words decide first, then the answer classifier. A no changes nothing in the shop, so that its company may be anything;
what is asked beside it is answered as if the flow were over.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from kefu.acts import (
    Act,
    Ask,
    Cancel,
    Compare,
    Complaint,
    Deny,
    Hesitate,
    Person,
    Query,
    Quote,
    Recommend,
    SmallTalk,
    Start,
    Unclear,
)
from kefu.shop.pack import Pack
from serving.dialogue.reading.answers.agreed import MOST_PIECES
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.answers.yes_no import leaves, yes_or_no
from serving.dialogue.reading.message import Message, Reading
from serving.dialogue.reading.parts.asides import INTERRUPTS, QUESTION
from serving.dialogue.reading.parts.joining import is_likely_question
from serving.dialogue.reading.parts.reader import PartReader
from serving.dialogue.reading.segments import answer_pieces
from serving.dialogue.reading.whole import Whole
from serving.dialogue.reading.word_rules import evidence, plain

SURE_ALONE = 0.75  # of a no before a question, which the classifier does not see


class StopReader:
    """Reads what stops one pack's flows, or puts them off."""

    def __init__(self, pack: Pack, answers: AnswerReader, parts: PartReader, whole: Whole) -> None:
        self._pack, self._answers, self._parts, self._whole = pack, answers, parts, whole

    def left(self, message: Message, reading: Reading) -> list[Act]:
        """What gives up the open question, with what stands beside it."""
        rest = self._answers.agreement.after_leave(message) if message.step else None
        if not rest:
            return []
        unclear = leaves(rest, self._pack.conversation, in_flow=True)  # never mind, cancel it: the order, or this?
        if not unclear and (going := self._whole.goes_on(message, rest, reading)):
            return going
        return [Cancel(evidence=message.text), *self._whole.beside_end(message, rest, reading)]

    def waits(self, message: Message, reading: Reading) -> list[Act]:
        """What a message asks behind words that only put off the open question: wait first, when does it expire?"""
        parts = answer_pieces(message.text, self._pack.acts.another) if message.step else []
        words, step = self._pack.conversation, message.step
        ahead = list(
            takewhile(lambda p: self._answers.agreement.hesitates(p) or yes_or_no(p, words, step) is False, parts)
        )
        rest = "".join(parts[len(ahead) :])
        asks_more = evidence(plain(rest), self._pack.acts.question) is not None
        if not asks_more or not any(map(self._answers.agreement.hesitates, ahead)) or any(map(self._asks, ahead)):
            return []
        acts = self._whole.by_parts(replace(message, text=rest), reading)
        asked = [act for act in acts if isinstance(act, QUESTION | Start) or is_likely_question(act)]
        return [Hesitate(evidence="".join(ahead)), *asked] if asked else []

    def likely(self, message: Message, reading: Reading) -> list[Act]:
        """What the answer classifier reads where no rule does, with what the message asks beside it."""
        agreement = self._answers.agreement
        if not message.step:
            return []
        if not (said := agreement.likely(message, agreement.scores(message))):
            return self._likely_first(message, reading)
        beside = self._beside(message, reading)
        if message.step.later and any(isinstance(act, Hesitate) for act in said):  # can I send it later? asks no rule
            beside = [a for a in beside if not isinstance(a, Ask | Unclear) and a.evidence != message.text]
        return [*said, *beside]

    def _likely_first(self, message: Message, reading: Reading) -> list[Act]:
        """A no by itself, of which the classifier is sure, before a question: 那算了不去了 你就告诉我今天能不能发."""
        agreement, pieces = self._answers.agreement, answer_pieces(message.text, self._pack.acts.another)
        stated = list(takewhile(lambda piece: not self._asks(piece), pieces))[:MOST_PIECES]
        for end in range(len(stated) if len(stated) < len(pieces) else 0, 0, -1):
            first = replace(message, text="".join(pieces[:end]))
            said = agreement.likely(first, agreement.scores(first))
            if sure := [a for a in said if isinstance(a, Cancel | Deny) and a.probability >= SURE_ALONE]:
                return [*sure, *self._whole.beside_end(message, "".join(pieces[end:]), reading)]
        return []

    def _beside(self, message: Message, reading: Reading) -> list[Act]:
        """Questions and other wishes beside an answer: of the answer's own words, only what is sure."""
        own = message.flow.name if message.flow else ""
        acts, asks_rule = self._parts.read(replace(message, flow=None), reading), self._pack.acts.question
        question = evidence(plain(message.text), asks_rule) is not None
        plain_wish = Query | Quote | Recommend | Compare | Start | Person | Complaint  # keep the return: asks nothing
        asked = [act for act in acts if isinstance(act, plain_wish) or (question and isinstance(act, QUESTION))]
        sure: list[Act] = [
            a for a in asked if a.probability >= INTERRUPTS and not (isinstance(a, Start) and a.flow == own)
        ]
        return sure or [a for a in acts if isinstance(a, Unclear) and a.asks and evidence(plain(a.evidence), asks_rule)]

    def denied(self, message: Message, rest: str, whole: list[Act], reading: Reading) -> list[Act]:
        """A no with company: what follows it was not asked for, so that it need not be understood."""
        assert message.step
        acts = self._parts.read(replace(message, text=rest), reading)
        if message.step.confirm:
            asked = [a for a in acts if not isinstance(a, Unclear | SmallTalk) or (isinstance(a, Unclear) and a.asks)]
            return [Deny(evidence=message.text), *asked]
        other = any(isinstance(act, Start) and message.flow and act.flow != message.flow.name for act in acts)
        return [Cancel(evidence=message.text), *acts] if other else whole

    def _asks(self, text: str) -> bool:
        return evidence(plain(text), self._pack.acts.question) is not None
