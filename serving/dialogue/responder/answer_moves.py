"""Moves that answer a question, or say that there is no answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kefu.acts import Ask, Compare, OutOfScope, Query, Quote, Recommend, SmallTalk, entry_target, target_of
from kefu.knowledge.entries import faq_id
from kefu.shop.pack import Pack
from kefu.shop.part import LANGUAGES, Text
from serving.dialogue.expressions import render
from serving.dialogue.model_answer import ModelAnswer
from serving.dialogue.order_choice import OrderChoice
from serving.dialogue.policy import moves
from serving.dialogue.responder.offers import Offers
from serving.dialogue.responder.question_moves import QuestionMoves
from serving.dialogue.responder.words import Handlers, fill_in
from serving.dialogue.shop_answers import ShopAnswers
from serving.dialogue.turn import TurnState
from serving.sessions.session import Told

LONGEST_REMARK = 48  # bytes: about eight English words, or sixteen Chinese characters


class AnswerMoves:
    """Answers from the pack's texts, the shop's data, or a model."""

    def __init__(
        self,
        pack: Pack,
        orders: OrderChoice,
        shop_answers: ShopAnswers,
        model: ModelAnswer,
        questions: QuestionMoves,
        offers: Offers,
    ) -> None:
        self._pack, self._orders, self._shop_answers, self._model = pack, orders, shop_answers, model
        self._questions, self._offers = questions, offers
        self._order_known = {
            faq_id(f, lang): f.order_known.in_(lang) for f in pack.faq if f.order_known for lang in LANGUAGES
        }
        self._again = {faq_id(f, lang): f.again.in_(lang) for f in pack.faq if f.again for lang in LANGUAGES}
        self.handlers: Handlers = {
            moves.AdmitMiss: self._admit_miss,
            moves.Apologise: self._apologise,
            moves.Improvise: self._improvise,
            moves.Tell: self._tell,
            moves.TellLikely: self._tell_alone,
        }

    def _tell(self, turn: TurnState, move: moves.Tell) -> Iterator[str]:
        act, lang = move.act, turn.visit.lang
        if name := target_of(act):
            turn.session.told.append(Told(name=name, slots=act.slots if isinstance(act, Query) else {}))
        if isinstance(act, Ask):
            entry = turn.reading.hits[act.entry].entry
            turn.draft.sources.append(entry.id)
            known = self._order_known.get(entry.id) if self._orders.spoken_of(turn) else None
            told = self._questions.own_answer(turn, entry) or known or entry.answer
            again = self._again.get(entry.id, "") if told == entry.answer else ""
            yield turn.tell("faq", told, guessed=act.probability < 1, again=again)
        elif isinstance(act, SmallTalk):
            talk = self._pack.acts.small_talk.get(act.kind)
            reply = talk.reply if talk else self._reply_of_intent(act.kind)
            yield turn.say("chitchat", (reply or self._pack.shop.greeting).in_(lang))
        elif isinstance(act, OutOfScope):
            yield turn.say("chitchat", self._pack.conversation.out_of_scope.in_(lang))
        elif isinstance(act, Query | Quote | Recommend | Compare):
            yield from self._shop_answers.tell(turn, act)
            if isinstance(act, Query):
                self._offers.keep(turn, act)
        if turn.session.flow is None:
            turn.session.misses = 0

    def _reply_of_intent(self, name: str) -> Text | None:
        return self._pack.taxonomy[name].reply if name in self._pack.taxonomy.names else None

    def _apologise(self, turn: TurnState, move: moves.Apologise) -> Iterator[str]:
        turn.session.apologised = True
        words = self._pack.conversation
        yield turn.say("chitchat", (words.apology_asks if move.asks else words.apology).in_(turn.visit.lang))

    def _improvise(self, turn: TurnState, move: moves.Improvise) -> Iterator[str]:
        """What may be meant, told as that; else a model's words; else a person is offered, or the pack's fallback."""
        if not move.candidates:
            yield from self._ask_model(turn, move)
        elif self._pack.conversation.likely:
            yield from self._tell_likely(turn, move.candidates, self._pack.conversation.likely)
        else:
            turn.session.misses += 1
            questions = [turn.reading.hits[name].entry.question for name in move.candidates]
            yield turn.choose(self._choice_lead(turn, len(questions)), questions)

    def _tell_alone(self, turn: TurnState, move: moves.TellLikely) -> Iterator[str]:
        entry, likely = turn.reading.hits[move.entry].entry, self._pack.conversation.likely
        turn.draft.sources.append(entry.id)
        turn.session.told.append(Told(name=entry_target(entry.id)))
        told = fill_in(turn, likely, question=entry.question, answer=entry.answer) if likely else entry.answer
        if own := self._questions.own_answer(turn, entry):  # of what is proposed, as nearly all that is asked there
            yield turn.tell("faq", own)
            return
        yield turn.tell("faq", told, entry.answer)

    def _tell_likely(self, turn: TurnState, candidates: Sequence[str], likely: Text) -> Iterator[str]:
        """Answers of entries that may be meant, each with the question that it answers."""
        entries = [turn.reading.hits[name].entry for name in candidates]
        turn.draft.sources += [entry.id for entry in entries]
        turn.session.told += [Told(name=entry_target(entry.id)) for entry in entries]
        turn.session.misses = 0
        for entry in entries:
            told = fill_in(turn, likely, question=entry.question, answer=entry.answer)
            yield turn.tell("faq", told, entry.answer)
        end = self._pack.conversation.likely_end
        if end and turn.draft.text and not turn.session.no_person:
            yield turn.say("faq", end.in_(turn.visit.lang))

    def _ask_model(self, turn: TurnState, move: moves.Improvise) -> Iterator[str]:
        session, lang, words = turn.session, turn.visit.lang, self._pack.conversation
        said = ""
        for piece in self._model.stream(turn):
            yield turn.say("model", piece, before="" if said else "\n")
            said += piece
        if said.strip():
            session.misses = 0
            return
        if turn.stopped:
            turn.draft.route = turn.draft.route or "model"
            return
        session.misses += 1
        turn.draft.route, turn.draft.engine, turn.draft.sources = None, None, []
        if move.asks and words.no_answer:
            names = self._shop_answers.names(move.skus, turn.visit)
            yield turn.say("fallback", render(words.no_answer.in_(lang), {"names": names}))
            yield self._questions.offer_person(turn)
            return
        yield turn.say("fallback", (self._remarked(turn) or self._pack.shop.fallback).in_(lang))

    def _remarked(self, turn: TurnState) -> Text | None:
        """What is said to a first short statement behind an answer, which may be a remark that wants nothing."""
        short = len(turn.message.text.encode()) <= LONGEST_REMARK
        return self._pack.conversation.remarked if short and turn.session.answers and turn.session.misses == 1 else None

    def _choice_lead(self, turn: TurnState, count: int) -> str:
        words = self._pack.conversation
        return (words.clarify if count > 1 else words.clarify_one or words.clarify).in_(turn.visit.lang)

    def _admit_miss(self, turn: TurnState, move: moves.AdmitMiss) -> Iterator[str]:
        """Says that the last answer missed, with what else may be meant to choose from, or a person."""
        words, lang = self._pack.conversation, turn.visit.lang
        if not move.candidates:
            yield turn.say("fallback", words.missed_alone.in_(lang))
            return
        offered = [turn.reading.hits[name].entry.question for name in move.candidates]
        offered += [words.ask_person.in_(lang)] if words.ask_person else []
        turn.session.told += [Told(name=entry_target(name)) for name in move.candidates]
        yield turn.choose(f"{words.missed.in_(lang)}\n{self._choice_lead(turn, len(offered))}", offered)
