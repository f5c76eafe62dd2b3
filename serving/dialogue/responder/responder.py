"""Carries out the policy's moves, in order: each adds a part to the answer, and changes the session if it must.

Texts carry placeholders: the assistant restores them for the customer's eyes. A mistake of the pack, or a shop that
cannot be asked, leads to a person, and is logged as an error: the customer can do nothing about it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from kefu.acts import Reject
from kefu.errors import KefuError
from kefu.shop.pack import Pack
from serving.dialogue.flow import FlowEngine
from serving.dialogue.handover_words import HandoverWords
from serving.dialogue.messages import digest
from serving.dialogue.model_answer import ModelAnswer
from serving.dialogue.order_choice import OrderChoice
from serving.dialogue.policy.moves import AdmitMiss, Apologise, Begin, HandOver, Move, Remind
from serving.dialogue.reading.word_rules import evidence, plain
from serving.dialogue.responder.answer_moves import AnswerMoves
from serving.dialogue.responder.flow_moves import FlowMoves
from serving.dialogue.responder.offers import Offers
from serving.dialogue.responder.person_moves import PersonMoves
from serving.dialogue.responder.question_moves import QuestionMoves
from serving.dialogue.responder.words import Handlers
from serving.dialogue.shop_answers import ShopAnswers
from serving.dialogue.turn import TurnState, sentences

logger = logging.getLogger(__name__)
KEPT_HEARD = 20  # answers and wishes of a conversation that are known again


class Responder:
    """Answers moves for one pack."""

    def __init__(
        self, pack: Pack, flows: FlowEngine, orders: OrderChoice, shop_answers: ShopAnswers, model: ModelAnswer
    ) -> None:
        self._pack = pack
        handover = HandoverWords(pack)
        questions = QuestionMoves(pack, flows, orders)
        self._flow_moves = FlowMoves(pack, flows, orders, shop_answers, questions, handover)
        self._answers = AnswerMoves(pack, orders, shop_answers, model, questions, Offers(pack, flows))
        self._questions = questions
        people = PersonMoves(pack, handover, orders)
        self._handlers: Handlers = {
            **self._flow_moves.handlers,
            **questions.handlers,
            **self._answers.handlers,
            **people.handlers,
        }

    def stream(self, turn: TurnState, moves: Sequence[Move]) -> Iterator[str]:
        """Pieces of the answer, with placeholders."""
        session = turn.session
        session.heard = [*session.heard, *session.told][-KEPT_HEARD:]
        session.told, session.offer = [], None
        if turn.failed:
            yield from self._fail(turn)
            return
        missed = any(isinstance(act, Reject) for act in turn.reading.acts)
        session.rejections = session.rejections + 1 if missed else 0
        turn.asks_on = self._questions.nothing_new_before(turn)
        planned = self._flow_moves.merge_wishes(turn, moves)
        for state in session.paused:
            state.waited += 1
        if evidence(plain(turn.message.text), self._pack.acts.no_person) is not None:
            session.no_person = True
        for at, move in enumerate(planned, 1):
            turn.begins_more = any(isinstance(later, Begin) for later in planned[at:])
            if isinstance(move, Remind):
                yield self._same_again(turn)
            try:
                yield from self._handlers[type(move)](turn, move)
            except KefuError:
                logger.exception("the pack or the shop failed at %s: a person is asked for", type(move).__name__)
                yield from self._fail(turn)
                return
        if said := self._same_again(turn):
            yield said
            yield self._questions.offer_person(turn)
        if turn.draft.answers or not any(isinstance(move, Apologise | AdmitMiss) for move in planned):
            session.answers = [digest(some) for text in turn.draft.answers for some in sentences(text)]

    def _fail(self, turn: TurnState) -> Iterator[str]:
        turn.draft.ended = turn.session.flow  # it stands where it cannot go on
        yield from self._handlers[HandOver](turn, HandOver("flow"))

    def _same_again(self, turn: TurnState) -> str:
        """Says that there is nothing new to tell, where all that would be told was told by the last answer."""
        draft = turn.draft
        goes_on = draft.asks or draft.options or draft.outcome == "handoff"
        if goes_on or not (turn.repeats and all(map(turn.was_told, draft.answers))):
            return ""
        turn.repeats = False
        return turn.say("faq", self._questions.same_again(turn))
