"""Carries out the policy's moves, in order: each adds a part to the answer, and changes the session if it must.

Texts carry placeholders: the assistant restores them for the customer's eyes. When a flow ends, the wish that
waits longest begins, and a flow that was set aside for another goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from kefu.acts import Ask, Compare, OutOfScope, Query, Quote, Recommend, Reject, SmallTalk, entry_target, target_of
from kefu.knowledge.entries import LANGUAGES, faq_id
from kefu.shop.pack import Pack
from kefu.shop.part import Text
from serving.dialogue import policy
from serving.dialogue.expressions import render
from serving.dialogue.flow import FlowEngine, FlowError, Progress
from serving.dialogue.handover_words import HandoverWords
from serving.dialogue.model_answer import ModelAnswer
from serving.dialogue.order_choice import OrderChoice
from serving.dialogue.shop_answers import ShopAnswers
from serving.dialogue.turn import TurnState, digest
from serving.sessions.session import FlowState, Told, Wish


class Responder:
    """Answers moves for one pack."""

    def __init__(
        self, pack: Pack, flows: FlowEngine, orders: OrderChoice, shop_answers: ShopAnswers, model: ModelAnswer
    ) -> None:
        self._pack, self._flows, self._orders = pack, flows, orders
        self._shop_answers, self._model = shop_answers, model
        self._handover = HandoverWords(pack)
        self._order_known = {
            faq_id(f, lang): f.order_known.in_(lang) for f in pack.faq if f.order_known for lang in LANGUAGES
        }
        self._moves: dict[type, Callable[[TurnState, Any], Iterator[str]]] = {
            policy.AdmitMiss: self._admit_miss,
            policy.AdmitUnsure: self._admit_unsure,
            policy.Apologise: self._apologise,
            policy.AskAgain: self._ask_again,
            policy.AskWhatIsWrong: self._ask_what_is_wrong,
            policy.AskWhichWish: self._ask_which_wish,
            policy.AskWish: self._ask_wish,
            policy.BackToBot: self._back_to_bot,
            policy.Begin: self._begin,
            policy.Confirm: self._confirm,
            policy.Exclude: self._exclude,
            policy.GoOn: self._go_on,
            policy.HandOver: self._hand_over,
            policy.Improvise: self._improvise,
            policy.KeepWaiting: self._keep_waiting,
            policy.Leave: self._leave,
            policy.Offer: self._offer,
            policy.Put: self._put,
            policy.Remind: self._remind,
            policy.Revise: self._revise,
            policy.SetAside: self._set_aside,
            policy.Tell: self._tell,
            policy.Wait: self._wait,
        }

    def stream(self, turn: TurnState, moves: list[policy.Move]) -> Iterator[str]:
        """Pieces of the answer, with placeholders."""
        session = turn.session
        session.told = []
        missed = any(isinstance(act, Reject) for act in turn.reading.acts)
        session.rejections = session.rejections + 1 if missed else 0
        for move in [self._told_again(turn, move) if isinstance(move, policy.Begin) else move for move in moves]:
            yield from self._moves[type(move)](turn, move)
        yield from self._same_again(turn)

    def _same_again(self, turn: TurnState) -> Iterator[str]:
        """Offers a person after an answer that was the last one, too: it did not help, or it was not understood."""
        session, words = turn.session, self._pack.conversation
        before, session.answers = session.answers, [digest(text) for text in turn.draft.answers]
        repeated = set(before) & set(session.answers)
        if repeated and words.same_again and words.ask_person and not (turn.draft.asks or turn.draft.options):
            session.questions = turn.draft.options = [words.ask_person.in_(turn.visit.lang)]
            yield turn.say("faq", words.same_again.in_(turn.visit.lang))

    def _told_again(self, turn: TurnState, move: policy.Begin) -> policy.Begin:
        """A wish that waits already and is told once more is one wish: with what was told of it before."""
        session, order = turn.session, self._orders.of_slots(move.slots)
        for wish in session.wishes:
            if wish.flow == move.flow and order in (None, self._orders.of_slots(wish.slots)) and not wish.needs_sign_in:
                session.wishes = [other for other in session.wishes if other is not wish]
                return replace(move, slots={**wish.slots, **move.slots})
        return move

    # Flows.

    def _begin(self, turn: TurnState, move: policy.Begin) -> Iterator[str]:
        session, flow = turn.session, self._flows.flows[move.flow]
        if session.customer:  # asked for again after signing in: one wish, not two
            session.wishes = [wish for wish in session.wishes if not (wish.needs_sign_in and wish.flow == flow.name)]
        if turn.draft.asks:  # this message has begun a flow already, and it asks something
            session.wishes.append(Wish(flow=flow.name, slots=move.slots))
            title, order = flow.title.in_(turn.visit.lang), self._orders.of_slots(move.slots) or ""
            yield turn.say("flow", self._text(turn, self._pack.conversation.queued, title=title, order=order))
            return
        if session.flow:
            session.paused = [*(s for s in session.paused if s.flow != flow.name), session.flow]
            session.flow, session.offered = None, []
        session.paused = [state for state in session.paused if state.flow != flow.name]
        session.denied = [name for name in session.denied if name != flow.name]
        session.past = [past for past in session.past if not (move.resumes and past.flow == flow.name)]
        session.misses = 0
        session.told.append(Told(name=f"flow:{flow.name}", slots=move.slots, guessed=move.guessed))
        if named := self._orders.took(turn, move.slots):
            yield turn.say("flow", named)
        turn.candidates = move.candidates
        state, progress = self._flows.start(flow, move.slots, turn.visit)
        yield from self._progressed(turn, state, progress)

    def _put(self, turn: TurnState, move: policy.Put) -> Iterator[str]:
        state = self._state(turn)
        if named := self._orders.took(turn, move.slots):
            yield turn.say("flow", named)
        new = {
            name: value for name, value in move.slots.items() if name not in state.slots or name == self._asked(state)
        }
        asked = self._asked(state)
        if asked and asked not in new:  # told early, or told again: kept, and the question stays open
            if self._flows.is_behind(state, new):  # it may lead elsewhere: a faulty item needs no "exchange for what?"
                yield from self._progressed(turn, state, self._flows.correct(state, new, turn.visit))
                return
            state.slots.update(new)
            yield from self._question(turn, "")
            return
        yield from self._progressed(turn, state, self._flows.fill(state, new, turn.visit))

    def _revise(self, turn: TurnState, move: policy.Revise) -> Iterator[str]:
        state = self._state(turn)
        yield turn.say("flow", self._pack.conversation.corrected.in_(turn.visit.lang))
        told = {slot: value for slot, value in move.slots.items() if value is not None}
        if named := self._orders.took(turn, told, always=True):
            yield turn.say("flow", named)
        try:
            progress = self._flows.correct(state, move.slots, turn.visit)
        except FlowError:
            progress = Progress(outcome="handoff")
        yield from self._progressed(turn, state, progress)

    def _confirm(self, turn: TurnState, move: policy.Confirm) -> Iterator[str]:
        state = self._state(turn)
        progress = self._flows.confirm(state, move.yes, turn.visit)
        yield from self._progressed(turn, state, progress, refused=not move.yes)

    def _progressed(
        self, turn: TurnState, state: FlowState, progress: Progress, refused: bool = False
    ) -> Iterator[str]:
        session, draft = turn.session, turn.draft
        if session.customer is None and turn.visit.customer:
            session.customer, session.identified = turn.visit.customer, True
        session.flow, session.misses, session.offered = state, 0, []
        if progress.outcome == "handoff" and (not progress.says or not self._handover.is_open(turn.visit)):
            progress.says.append(self._handover.asked(turn.visit))  # a flow's own words may promise somebody at once
        yield turn.say("flow", "\n".join(progress.says))
        if progress.outcome == "resolved":
            draft.answers += progress.says
        draft.flow, draft.asks, draft.slots = state.flow, progress.asks, dict(state.slots)
        if order := self._orders.of(state):
            session.subject.order = order
        if progress.signed_out:
            wish = Wish(flow=state.flow, slots=state.slots, needs_sign_in=True)
            session.wishes = [wish, *(other for other in session.wishes if other.flow != wish.flow)]
            session.flow = None
            if self._pack.shop.identify:
                yield from self._begin(turn, policy.Begin(self._pack.shop.identify))
        elif progress.outcome:
            draft.outcome, draft.reason = progress.outcome, "flow"
            session.close_flow("refused" if refused and progress.outcome == "resolved" else progress.outcome)
            if progress.outcome != "handoff":
                yield from self._next(turn)
        elif progress.asks != "confirm":
            yield from self._orders.listed(turn, state, self._flows.waiting_at(state))

    def _next(self, turn: TurnState) -> Iterator[str]:
        """What waits: the next wish, else the flow that was set aside last."""
        session, words = turn.session, self._pack.conversation
        if session.customer is None and self._pack.shop.identify:  # he did not say who he is: nothing can go on
            session.wishes = [wish for wish in session.wishes if not wish.needs_sign_in]
        if session.wishes:
            wish, *session.wishes = session.wishes
            if wish.flow in self._flows.flows:
                title = self._flows.flows[wish.flow].title.in_(turn.visit.lang)
                yield turn.say("flow", self._text(turn, words.next, title=title))
                yield from self._begin(turn, policy.Begin(wish.flow, self._shared(turn, wish) | wish.slots))
        elif session.paused:
            session.flow = session.paused.pop()
            if self._is_outdated(turn, session.flow):
                yield from self._begin_anew(turn, session.flow)
            else:
                yield from self._question(turn, words.back.in_(turn.visit.lang))

    def _is_outdated(self, turn: TurnState, state: FlowState) -> bool:
        """Whether another flow has just changed the order that a flow speaks of: its question may be answered."""
        last, order = turn.session.past[-1] if turn.session.past else None, self._orders.of(state)
        return bool(last and order and last.written and self._orders.of_slots(last.slots) == order)

    def _begin_anew(self, turn: TurnState, state: FlowState) -> Iterator[str]:
        """Walks a flow from its start, for what it knew has changed. It ends without a word when it asks nothing."""
        started, progress = self._flows.start(self._flows.flows[state.flow], state.slots, turn.visit)
        turn.session.flow = started
        if progress.outcome != "resolved":
            yield turn.say("flow", self._pack.conversation.back.in_(turn.visit.lang))
            yield from self._progressed(turn, started, progress)
            return
        turn.session.close_flow("resolved")
        yield from self._next(turn)

    def _shared(self, turn: TurnState, wish: Wish) -> dict[str, str]:
        """What the same flow was told for another order and that holds for this one too: the title of an invoice."""
        past = next((p for p in reversed(turn.session.past) if p.flow == wish.flow and p.outcome == "resolved"), None)
        return {name: value for name, value in past.slots.items() if self._pack.slots[name].shared} if past else {}

    def _exclude(self, turn: TurnState, move: policy.Exclude) -> Iterator[str]:
        turn.session.deny(*move.flows)
        yield from ()

    def _leave(self, turn: TurnState, move: policy.Leave) -> Iterator[str]:
        name = turn.session.flow.flow if turn.session.flow else None
        turn.session.close_flow("abandoned")
        turn.session.deny(*filter(None, [name]))
        turn.session.misses = 0
        if move.replaced:
            return
        yield turn.say("flow", self._pack.conversation.left.in_(turn.visit.lang))
        turn.draft.flow, turn.draft.outcome = name, "abandoned"
        yield from self._next(turn)

    def _go_on(self, turn: TurnState, move: policy.GoOn) -> Iterator[str]:
        session = turn.session
        if session.flow:
            state, asked = session.flow, self._asked(session.flow)
            if asked in state.slots:  # told while the customer was thinking
                yield from self._progressed(turn, state, self._flows.fill(state, {}, turn.visit))
            else:
                yield from self._question(turn, "")
            return
        known = (past for past in session.past if past.flow in self._flows.flows)  # the pack may have changed
        left = [past for past in known if past.outcome == "abandoned"]
        waiting = session.asked if session.customer else {}
        for name, slots in dict(waiting).items():
            yield from self._shop_answers.tell(turn, Query(name=name, slots=slots | move.slots))
        if session.wishes:
            session.wishes[0].slots |= move.slots
        if session.wishes or session.paused:
            yield from self._next(turn)
        elif turn.draft.text:
            return  # a query that waited, or one of this message
        elif left:
            session.past.remove(left[-1])
            yield from self._begin(turn, policy.Begin(left[-1].flow, left[-1].slots, resumes=True))
        else:
            yield turn.say("chitchat", self._pack.conversation.nothing_open.in_(turn.visit.lang))

    def _offer(self, turn: TurnState, move: policy.Offer) -> Iterator[str]:
        state = self._state(turn)
        state.slots.update(move.slots)
        turn.draft.flow, turn.draft.asks, turn.draft.slots = state.flow, move.slot, dict(state.slots)
        yield from self._orders.offer(turn, move.candidates)

    def _ask_wish(self, turn: TurnState, move: policy.AskWish) -> Iterator[str]:
        if len(move.candidates) > 1:
            yield from self._orders.offer(turn, move.candidates)
            return
        turn.session.subject.order = move.candidates[0]
        named = self._orders.took(turn, {move.slot: move.candidates[0]}, always=True)
        yield turn.say("chitchat", " ".join(filter(None, [named, self._pack.conversation.wish.in_(turn.visit.lang)])))

    def _ask_what_is_wrong(self, turn: TurnState, move: policy.AskWhatIsWrong) -> Iterator[str]:
        turn.session.misses += 1
        yield turn.say("flow", self._pack.conversation.what_is_wrong.in_(turn.visit.lang))
        self._still_open(turn)

    def _ask_which_wish(self, turn: TurnState, move: policy.AskWhichWish) -> Iterator[str]:
        self._orders.spoken_of(turn)
        turn.session.misses += 1
        lang = turn.visit.lang
        yield self._choice(turn, self._pack.conversation.clarify.in_(lang), [self._title(turn, f) for f in move.flows])

    def _choice(self, turn: TurnState, lead: str, questions: list[str]) -> str:
        """A numbered list of what may be meant; the customer's next message may pick from it."""
        turn.session.questions = turn.draft.options = questions
        return turn.say("faq", "\n".join([lead, *(f"{n}. {question}" for n, question in enumerate(questions, 1))]))

    def _title(self, turn: TurnState, flow: str) -> str:
        return self._flows.flows[flow].title.in_(turn.visit.lang)

    def _wait(self, turn: TurnState, move: policy.Wait) -> Iterator[str]:
        self._state(turn).slots.update(move.slots)
        yield turn.say("flow", self._pack.conversation.no_hurry.in_(turn.visit.lang))
        self._still_open(turn)

    def _remind(self, turn: TurnState, move: policy.Remind) -> Iterator[str]:
        self._state(turn).reminders += 1
        yield from self._question(turn, self._pack.conversation.back.in_(turn.visit.lang))

    def _ask_again(self, turn: TurnState, move: policy.AskAgain) -> Iterator[str]:
        turn.session.misses += 1
        words = self._pack.conversation
        yield turn.say("flow", (words.unsure if move.unsure else words.again).in_(turn.visit.lang))
        yield from self._question(turn, words.back.in_(turn.visit.lang) if move.unsure else "", before=" ")

    def _admit_unsure(self, turn: TurnState, move: policy.AdmitUnsure) -> Iterator[str]:
        yield turn.say("flow", self._pack.conversation.unsure.in_(turn.visit.lang))

    def _set_aside(self, turn: TurnState, move: policy.SetAside) -> Iterator[str]:
        session, state = turn.session, self._state(turn)
        session.flow, session.paused = None, [*session.paused, state]
        title = self._flows.flows[state.flow].title.in_(turn.visit.lang)
        yield turn.say("flow", self._text(turn, self._pack.conversation.set_aside, title=title))

    def _question(self, turn: TurnState, lead: str, before: str = "\n") -> Iterator[str]:
        """The open question once more."""
        state = self._state(turn)
        question = self._flows.question(state, turn.visit)
        yield turn.say("flow", f"{lead} {question}" if lead else question, before)
        self._still_open(turn)
        yield from self._orders.listed(turn, state, self._flows.waiting_at(state))

    def _still_open(self, turn: TurnState) -> None:
        state = self._state(turn)
        turn.draft.flow, turn.draft.slots = state.flow, dict(state.slots)
        turn.draft.asks = self._asked(state) or "confirm"

    def _asked(self, state: FlowState) -> str | None:
        return self._flows.waiting_at(state).collect

    def _state(self, turn: TurnState) -> FlowState:
        assert turn.session.flow
        return turn.session.flow

    # Words.

    def _tell(self, turn: TurnState, move: policy.Tell) -> Iterator[str]:
        act, lang = move.act, turn.visit.lang
        if name := target_of(act):
            turn.session.told.append(Told(name=name, slots=act.slots if isinstance(act, Query) else {}))
        if isinstance(act, Ask):
            entry = turn.reading.hits[act.entry].entry
            turn.draft.sources.append(entry.id)
            known = self._order_known.get(entry.id) if self._orders.spoken_of(turn) else None
            turn.draft.answers.append(known or entry.answer)
            yield turn.say("faq", known or entry.answer)
        elif isinstance(act, SmallTalk):
            talk = self._pack.acts.small_talk.get(act.kind)
            reply = talk.reply if talk else self._reply_of_intent(act.kind)
            yield turn.say("chitchat", (reply or self._pack.shop.greeting).in_(lang))
        elif isinstance(act, OutOfScope):
            yield turn.say("chitchat", self._pack.conversation.out_of_scope.in_(lang))
        elif isinstance(act, Query | Quote | Recommend | Compare):
            yield from self._shop_answers.tell(turn, act)
        if turn.session.flow is None:
            turn.session.misses = 0

    def _reply_of_intent(self, name: str) -> Text | None:
        return self._pack.taxonomy[name].reply if name in self._pack.taxonomy.names else None

    def _apologise(self, turn: TurnState, move: policy.Apologise) -> Iterator[str]:
        turn.session.apologised = True
        words = self._pack.conversation
        yield turn.say("chitchat", (words.apology_asks if move.asks else words.apology).in_(turn.visit.lang))

    def _improvise(self, turn: TurnState, move: policy.Improvise) -> Iterator[str]:
        """What may be meant, told as that; else a model's words; else a person is offered, or the pack's fallback."""
        session, lang, words = turn.session, turn.visit.lang, self._pack.conversation
        if move.candidates and words.likely:
            entries = [turn.reading.hits[name].entry for name in move.candidates]
            told = [self._text(turn, words.likely, question=e.question, answer=e.answer) for e in entries]
            turn.draft.sources += [entry.id for entry in entries]
            session.told += [Told(name=entry_target(entry.id)) for entry in entries]
            turn.draft.answers += [entry.answer for entry in entries]
            session.misses = 0
            yield turn.say("faq", "\n".join([*told, words.likely_end.in_(lang)] if words.likely_end else told))
            return
        if move.candidates:
            questions = [turn.reading.hits[name].entry.question for name in move.candidates]
            lead = words.clarify if len(questions) > 1 else words.clarify_one or words.clarify
            session.misses += 1
            yield self._choice(turn, lead.in_(lang), questions)
            return
        said = ""
        for piece in self._model.stream(turn):
            yield turn.say("model", piece, before="" if said else "\n")
            said += piece
        if said.strip():
            session.misses = 0
            return
        session.misses += 1
        turn.draft.route, turn.draft.engine, turn.draft.sources = None, None, []
        if move.asks and words.no_answer:
            names = self._shop_answers.names(move.skus, turn.visit)
            if words.ask_person:  # a yes to the offer asks for a person
                session.questions = turn.draft.options = [words.ask_person.in_(lang)]
            yield turn.say("fallback", render(words.no_answer.in_(lang), {"names": names}))
            return
        yield turn.say("fallback", self._pack.shop.fallback.in_(lang))

    def _admit_miss(self, turn: TurnState, move: policy.AdmitMiss) -> Iterator[str]:
        """Says that the last answer missed, with what else may be meant to choose from, or a person."""
        words, lang = self._pack.conversation, turn.visit.lang
        if not move.candidates:
            yield turn.say("fallback", words.missed_alone.in_(lang))
            return
        offered = [turn.reading.hits[name].entry.question for name in move.candidates]
        offered += [words.ask_person.in_(lang)] if words.ask_person else []
        turn.session.told += [Told(name=entry_target(name)) for name in move.candidates]
        lead = words.clarify if len(offered) > 1 else words.clarify_one or words.clarify
        yield self._choice(turn, f"{words.missed.in_(lang)}\n{lead.in_(lang)}", offered)

    # A person.

    def _hand_over(self, turn: TurnState, move: policy.HandOver) -> Iterator[str]:
        if move.danger:
            yield turn.say("human", self._pack.danger[move.danger].reply.in_(turn.visit.lang))
        yield turn.say("human", self._handover.asked(turn.visit))
        turn.draft.route, turn.draft.outcome = "human", "handoff"
        turn.draft.danger, turn.draft.reason = move.danger, move.reason
        if move.reason == "asked":
            yield from self._note_supervisor(turn)

    def _keep_waiting(self, turn: TurnState, move: policy.KeepWaiting) -> Iterator[str]:
        yield turn.say("human", self._handover.waiting(turn.visit, turn.session.status))
        turn.draft.outcome = "handoff"
        yield from self._note_supervisor(turn)

    def _note_supervisor(self, turn: TurnState) -> Iterator[str]:
        if noted := self._handover.supervisor(turn.message.text, turn.visit.lang):
            yield turn.say("human", noted)
            turn.draft.reason = "supervisor"

    def _back_to_bot(self, turn: TurnState, move: policy.BackToBot) -> Iterator[str]:
        words = self._pack.conversation
        text = words.resumed_first if move.asks_more else words.resumed
        text = text or self._pack.shop.greeting
        yield turn.say("chitchat", text.in_(turn.visit.lang))
        turn.draft.resumed = True

    def _text(self, turn: TurnState, text: Text, **values: str) -> str:
        return render(text.in_(turn.visit.lang), values)
