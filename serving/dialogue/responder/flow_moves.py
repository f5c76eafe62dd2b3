"""Moves that begin, fill, correct, confirm, or leave a flow.

When a flow ends, the wish that waits longest begins, and a flow that was set aside for another goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kefu.acts import Complaint, Query, Refuse, Reject
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from kefu.shop.slots import extract
from serving.dialogue.flow import FlowEngine, FlowError, Progress
from serving.dialogue.handover_words import HandoverWords
from serving.dialogue.order_choice import OrderChoice
from serving.dialogue.policy import moves
from serving.dialogue.reading.word_rules import evidence, plain
from serving.dialogue.responder.insistence import Insistence
from serving.dialogue.responder.question_moves import QuestionMoves
from serving.dialogue.responder.words import Handlers, fill_in, open_flow
from serving.dialogue.shop_answers import ShopAnswers
from serving.dialogue.turn import TurnState
from serving.sessions.session import FlowState, Told, Wish

SOON = 3  # messages after which a flow that was set aside comes back of itself


class FlowMoves:
    """Walks the session's flows."""

    def __init__(
        self,
        pack: Pack,
        flows: FlowEngine,
        orders: OrderChoice,
        shop_answers: ShopAnswers,
        questions: QuestionMoves,
        handover: HandoverWords,
    ) -> None:
        self._pack, self._flows, self._orders = pack, flows, orders
        self._shop_answers, self._questions, self._handover = shop_answers, questions, handover
        self._insistence = Insistence(pack, flows)
        self.handlers: Handlers = {
            moves.Begin: self._begin,
            moves.Confirm: self._confirm,
            moves.Exclude: self._exclude,
            moves.GoOn: self._go_on,
            moves.Leave: self._leave,
            moves.LookUp: self._look_up,
            moves.Put: self._put,
            moves.Retract: self._retract,
            moves.Revise: self._revise,
        }

    def merge_wishes(self, turn: TurnState, planned: Sequence[moves.Move]) -> list[moves.Move]:
        """The moves, where a wish that waits already and is told once more begins with what was told of it before."""
        return [self._merge_wish(turn, move) if isinstance(move, moves.Begin) else move for move in planned]

    def _merge_wish(self, turn: TurnState, move: moves.Begin) -> moves.Begin:
        session, order = turn.session, self._orders.of_slots(move.slots)
        for wish in session.wishes:
            if wish.flow == move.flow and order in (None, self._orders.of_slots(wish.slots)) and not wish.needs_sign_in:
                session.wishes = [other for other in session.wishes if other is not wish]
                return replace(move, slots={**wish.slots, **move.slots})
        return move

    def _begin(self, turn: TurnState, move: moves.Begin) -> Iterator[str]:
        session, flow = turn.session, self._flows.flows[move.flow]
        if turn.draft.outcome == "handoff":  # the person does what has to be done
            yield from self._look_up(turn, moves.LookUp(move.flow, move.slots))
            return
        if session.customer:  # asked for again after signing in: one wish, not two
            session.wishes = [wish for wish in session.wishes if not (wish.needs_sign_in and wish.flow == flow.name)]
        if turn.draft.asks or self._is_beside(session.flow, move):
            session.wishes.append(Wish(flow=flow.name, slots=move.slots))
            title, number = flow.title.in_(turn.visit.lang), self._orders.of_slots(move.slots) or ""
            yield turn.say("flow", fill_in(turn, self._pack.conversation.queued, title=title, order=number))
            if not turn.draft.asks:
                yield from self._questions.ask(turn, "")
            return
        if session.flow:
            session.paused = [*(s for s in session.paused if s.flow != flow.name), session.flow]
            session.flow, session.offered = None, []
        slots = self._put_off(turn, flow, move.slots)
        session.paused = [state for state in session.paused if state.flow != flow.name]
        session.denied = [name for name in session.denied if name != flow.name]
        session.past = [past for past in session.past if not (move.resumes and past.flow == flow.name)]
        session.misses = 0
        session.told.append(Told(name=f"flow:{flow.name}", slots=move.slots, guessed=move.guessed))
        turn.candidates = move.candidates
        state, progress = self._flows.start(flow, slots, turn.visit)
        about = self._orders.of(state)
        guessed = move.guessed and (about is None or about not in turn.message.text)
        again = bool(progress.says) and progress.outcome == "resolved" and all(map(turn.was_told, progress.says))
        if not (again and guessed) and (named := self._orders.took(turn, slots)):
            yield turn.say("flow", named)
        yield from self._progressed(turn, state, progress, guessed=guessed)

    def _is_beside(self, state: FlowState | None, move: moves.Begin) -> bool:
        """Whether a wish in plain words that might take the place of the open flow is for another piece of its order.

        One for the same piece has ended that flow before.
        """
        replaces = () if move.guessed else self._flows.flows[move.flow].replaces
        same = state is not None and self._orders.of_slots(move.slots) == self._orders.of(state)
        return state is not None and state.flow in replaces and same

    def _look_up(self, turn: TurnState, move: moves.LookUp) -> Iterator[str]:
        state, progress = self._flows.start(self._flows.flows[move.flow], move.slots, turn.visit)
        if progress.outcome == "resolved" and not set(progress.says) <= set(turn.draft.answers):
            if named := self._orders.took(turn, move.slots):
                yield turn.say("flow", named)
            yield from (turn.tell("flow", text) for text in progress.says)

    def _put_off(self, turn: TurnState, flow: Flow, slots: dict[str, str]) -> dict[str, str]:
        """The slots of a wish, with those of the flow that was put off until what the message tells now was at hand.

        What it tells for an order that it does not name (here is the number) is for that one.
        """
        waiting = [state for state in turn.session.paused if state.flow == flow.name and state.put_off]
        known = waiting[-1].slots if waiting else {}
        order, before = self._orders.of_slots(slots), self._orders.of_slots(known)
        named = turn.reading.products or (order or "") in turn.message.text
        told = bool(waiting) and self._flows.waiting_at(waiting[-1]).collect in slots
        if not waiting or (order not in (None, before) and (named or not told)):
            return slots
        return {**known, **{name: value for name, value in slots.items() if value != order}}

    def _put(self, turn: TurnState, move: moves.Put) -> Iterator[str]:
        state = open_flow(turn)
        if named := self._orders.took(turn, move.slots):
            yield turn.say("flow", named)
        asked = self._questions.slot_asked(state)
        new = {name: value for name, value in move.slots.items() if name not in state.slots or name == asked}
        if asked and asked not in new:  # told early, or told again: kept, and the question stays open
            insisted = self._insistence.value(turn, state, asked)
            new |= insisted
            if self._flows.is_behind(state, new):  # it may lead elsewhere: a faulty item needs no "exchange for what?"
                yield from self._progressed(turn, state, self._flows.correct(state, new, turn.visit))
            elif insisted:
                yield from self._progressed(turn, state, self._flows.fill(state, new, turn.visit))
            else:
                state.slots.update(new)
                if not turn.begins_more:  # another wish interrupts the question
                    yield from self._questions.ask(turn, "")
            return
        beside = {name: value for name, value in new.items() if name != asked}
        if self._flows.is_behind(state, beside):  # 拍错了，只去掉锅: the reason, and that it is a part of the order
            yield from self._progressed(turn, state, self._flows.correct(state, new, turn.visit))
            return
        yield from self._progressed(turn, state, self._flows.fill(state, new, turn.visit))

    def _revise(self, turn: TurnState, move: moves.Revise) -> Iterator[str]:
        state = open_flow(turn)
        told = {slot: value for slot, value in move.slots.items() if value is not None}
        if state.origin in self._flows.flows and self._orders.of_slots(told):  # that one may be returned
            turn.session.close_flow("abandoned")
            slots = {name: value for name, value in told.items() if name in self._flows.flows[state.origin].slots}
            yield from self._begin(turn, moves.Begin(state.origin, slots))
            return
        before = self._flows.question(state, turn.visit)
        named = self._orders.took(turn, told, always=True)
        if self._orders.of_slots(told):
            self._forget_carried(turn, state)
        changed = any(slot in state.slots and state.slots[slot] != value for slot, value in move.slots.items())
        try:
            progress = self._flows.correct(state, move.slots, turn.visit)
        except FlowError:
            progress = Progress(outcome="handoff")
        same = progress.says[-1:] == [before]  # nothing that the customer can see has changed
        if same and progress.asks == "confirm":
            if move.agrees or self._insistence.agrees(turn, state):
                yield from self._confirm(turn, moves.Confirm(True))
            elif not turn.begins_more:  # another wish interrupts the question
                yield from self._questions.ask(turn, "")
            return
        if changed and not same and progress.asks:
            yield turn.say("flow", self._pack.conversation.corrected.in_(turn.visit.lang))
        if named:
            yield turn.say("flow", named)
        yield from self._progressed(turn, state, progress)

    def _forget_carried(self, turn: TurnState, state: FlowState) -> None:
        """Drops what the flow took over from the one before: that was said of another order."""
        before = turn.session.past[-1].slots if turn.session.past else {}
        told = {(self._carried_as(name), value) for name, value in before.items()}
        for name, value in list(state.slots.items()):
            if (carried := self._carried_as(name)) and (carried, value) in told:
                del state.slots[name]

    def _carried_as(self, name: str) -> str | None:
        """As what a slot's value goes from flow to flow: an item or a number under any name; None: it does not."""
        slot = self._pack.slots.get(name)
        if slot is None:
            return None
        return "item" if slot.item else "number" if slot.number else name if slot.carried else None

    def _confirm(self, turn: TurnState, move: moves.Confirm) -> Iterator[str]:
        state = open_flow(turn)
        progress = self._flows.confirm(state, move.yes, turn.visit)
        yield from self._progressed(turn, state, progress, refused=not move.yes)

    def _progressed(
        self, turn: TurnState, state: FlowState, progress: Progress, refused: bool = False, guessed: bool = False
    ) -> Iterator[str]:
        session, draft = turn.session, turn.draft
        if state.written:
            turn.message.forget_orders()
        if session.customer is None and turn.visit.customer:
            session.customer, session.identified = turn.visit.customer, True
        session.flow, session.misses, session.offered = state, 0, []
        if progress.signed_out:
            progress.says[-1:] = [turn.to_sign_in(self._pack.conversation)]
        if progress.outcome == "handoff" and (not progress.says or not self._handover.is_open(turn.visit)):
            progress.says.append(
                self._handover.asked(turn.visit, turn.before)
            )  # a flow's own words may promise somebody at once
        waits = bool(progress.asks) and progress.asks != "confirm"
        orders = self._orders.to_list(turn, state, self._flows.waiting_at(state)) if waits else []
        if progress.outcome == "resolved" and not (state.written or refused):
            protests, same = self._protests(turn), self._is_told_of(turn, state)
            for text in progress.says:
                again = progress.again.get(text, "") if protests or guessed else ""
                told = turn.new_in(text) if same and not turn.was_told(text) else text
                yield turn.tell("flow", told, text, guessed=guessed, again=again)
        else:
            yield turn.say("flow", "\n".join(progress.says[:-1] if orders else progress.says))
        draft.flow, draft.asks, draft.slots = state.flow, progress.asks, dict(state.slots)
        if order := self._orders.of(state):
            session.subject.order = order
        if progress.signed_out:
            wish = Wish(flow=state.flow, slots=state.slots, needs_sign_in=True)
            session.wishes = [wish, *(other for other in session.wishes if other.flow != wish.flow)]
            session.flow = None
            if self._pack.shop.identify:
                yield from self._begin(turn, moves.Begin(self._pack.shop.identify))
        elif progress.outcome:
            if draft.outcome != "handoff":  # what else this message does calls no person back
                draft.outcome, draft.reason = progress.outcome, "flow"
                draft.ended = state if progress.outcome == "handoff" else None
            outcome = "refused" if refused and progress.outcome == "resolved" else progress.outcome
            session.close_flow(outcome, said="".join(progress.says[-1:]))
            if progress.then:
                yield from self._go_over(turn, state, self._flows.flows[progress.then])
            elif progress.outcome != "handoff":
                yield from self._next(turn)
        elif orders:
            yield from self._orders.ask_which(turn, orders)

    def _protests(self, turn: TurnState) -> bool:
        """Whether a message protests against the last answer, or asks in anger or in so many words once more."""
        rules = self._pack.acts.reject
        restates = rules is not None and evidence(plain(turn.message.text), rules.restates) is not None
        return restates or any(isinstance(act, Complaint | Refuse | Reject) for act in turn.reading.acts)

    def _is_told_of(self, turn: TurnState, state: FlowState) -> bool:
        """Whether the last answer told of the same flow for the same order."""
        before, order = turn.session.past[-1:], self._orders.of(state)
        return any(past.flow == state.flow and self._orders.of_slots(past.slots) == order for past in before)

    def _go_over(self, turn: TurnState, state: FlowState, flow: Flow) -> Iterator[str]:
        """Begins the flow in which another one ends, with the order and what the message tells for it."""
        told = extract(turn.message.text, {name: self._pack.slots[name] for name in flow.slots}, turn.visit.lang)
        known = {name: value for name, value in state.slots.items() if name in flow.slots}
        turn.session.misses = 0
        started, progress = self._flows.start(flow, told | known, turn.visit)
        started.origin = state.origin or state.flow
        yield from self._progressed(turn, started, progress)

    def _next(self, turn: TurnState, anyway: bool = False) -> Iterator[str]:
        """What waits: the next wish, else the flow that was set aside last.

        Args:
            anyway: however long ago that was; else it waits until the customer comes back to it.
        """
        session, words = turn.session, self._pack.conversation
        if turn.begins_more:
            return
        if session.customer is None and self._pack.shop.identify:  # he did not say who he is: nothing can go on
            session.wishes = [wish for wish in session.wishes if not wish.needs_sign_in]
        if session.wishes:
            wish, *session.wishes = session.wishes
            if wish.flow in self._flows.flows:
                title = self._flows.flows[wish.flow].title.in_(turn.visit.lang)
                yield turn.say("flow", fill_in(turn, words.next, title=title))
                yield from self._begin(turn, moves.Begin(wish.flow, self._shared(turn, wish) | wish.slots))
        elif session.paused and (anyway or (session.paused[-1].waited <= SOON and not session.paused[-1].put_off)):
            session.flow = session.paused.pop()
            if self._is_superseded(turn, session.flow):
                session.close_flow("abandoned")
                yield from self._next(turn)
            elif self._is_outdated(turn, session.flow):
                yield from self._begin_anew(turn, session.flow)
            else:
                yield from self._questions.ask(turn, words.back.in_(turn.visit.lang))

    def _is_outdated(self, turn: TurnState, state: FlowState) -> bool:
        """Whether another flow has just changed the order that a flow speaks of: its question may be answered."""
        last, order = turn.session.past[-1] if turn.session.past else None, self._orders.of(state)
        return bool(last and order and last.written and self._orders.of_slots(last.slots) == order)

    def _is_superseded(self, turn: TurnState, state: FlowState) -> bool:
        """Whether what was just done with the order takes the place of a flow for it: returned, not exchanged."""
        last = turn.session.past[-1] if turn.session.past else None
        replaces = self._flows.flows[last.flow].replaces if last and last.flow in self._flows.flows else ()
        return state.flow in replaces and self._is_outdated(turn, state)

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

    def _exclude(self, turn: TurnState, move: moves.Exclude) -> Iterator[str]:
        turn.session.deny(*move.flows)
        yield from ()

    def _retract(self, turn: TurnState, move: moves.Retract) -> Iterator[str]:
        session, words, lang = turn.session, self._pack.conversation, turn.visit.lang
        if session.flow and session.flow.flow in move.flows:
            turn.draft.flow, turn.draft.outcome = session.flow.flow, "abandoned"
            session.close_flow("abandoned")
        session.deny(*move.flows)
        titles = [self._flows.flows[flow].title.in_(lang) for flow in move.flows]
        yield turn.say("flow", fill_in(turn, words.retracted, titles=titles, alone=move.alone))
        if not move.alone:
            turn.draft.route = None  # it is that of the answer

    def _leave(self, turn: TurnState, move: moves.Leave) -> Iterator[str]:
        state, words = turn.session.flow, self._pack.conversation
        name = state.flow if state else None
        own = self._flows.told_no(state, turn.visit) if state and move.refused else ""
        turn.session.close_flow("abandoned")
        turn.session.deny(*filter(None, [name]))
        turn.session.misses = 0
        if move.more and words.left_first:
            yield turn.say("flow", words.left_first.in_(turn.visit.lang))
        if move.replaced or move.more:
            return
        yield turn.say("flow", own or words.left.in_(turn.visit.lang))
        turn.draft.flow, turn.draft.outcome = name, "abandoned"
        if turn.session.wishes:
            yield from self._next(turn)

    def _told_again(self, turn: TurnState) -> str:
        """What the flow that was just done said of it, for who asks whether it is: 改好了没."""
        past = turn.session.past[-1:] if turn.session.flow is None else []
        return past[0].said if past and evidence(plain(turn.message.text), self._pack.acts.is_done) else ""

    def _go_on(self, turn: TurnState, move: moves.GoOn) -> Iterator[str]:
        session = turn.session
        if done := self._told_again(turn):
            yield turn.say("flow", done)
            return
        if session.flow:
            state, asked = session.flow, self._questions.slot_asked(session.flow)
            if self._insistence.agrees(turn, state) and self._insistence.tells_again(turn, state):
                yield from self._confirm(turn, moves.Confirm(True))
            elif self._insistence.is_missing_still(turn, state):
                yield from self._confirm(turn, moves.Confirm(False))
            elif asked in state.slots:  # told while the customer was thinking
                yield from self._progressed(turn, state, self._flows.fill(state, {}, turn.visit))
            elif insisted := self._insistence.value(turn, state, asked):
                yield from self._progressed(turn, state, self._flows.fill(state, insisted, turn.visit))
            else:
                yield from self._questions.ask(turn, "")
            return
        known = (past for past in session.past if past.flow in self._flows.flows)  # the pack may have changed
        left = [past for past in known if past.outcome == "abandoned"]
        waiting = session.asked if session.customer else {}
        for name, slots in dict(waiting).items():
            yield from self._shop_answers.tell(turn, Query(name=name, slots=slots | move.slots))
        if session.wishes:
            session.wishes[0].slots |= move.slots
        if session.wishes or session.paused:
            yield from self._next(turn, anyway=True)
        elif turn.draft.text:
            return  # a query that waited, or one of this message
        elif left:
            session.past.remove(left[-1])
            yield from self._begin(turn, moves.Begin(left[-1].flow, left[-1].slots, resumes=True))
        else:
            yield turn.say("chitchat", self._pack.conversation.nothing_open.in_(turn.visit.lang))
