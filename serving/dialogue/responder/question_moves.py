"""Moves that ask: the open question of a flow, an order, a wish."""

from __future__ import annotations

from collections.abc import Iterator

from kefu.acts import entry_target
from kefu.knowledge.index import KnowledgeEntry
from kefu.shop.pack import Pack
from serving.dialogue.flow import FlowEngine
from serving.dialogue.order_choice import OrderChoice
from serving.dialogue.policy import moves
from serving.dialogue.reading.segments import answer_pieces
from serving.dialogue.reading.word_rules import evidence, plain
from serving.dialogue.responder.words import Handlers, blank, fill_in, open_flow
from serving.dialogue.turn import TurnState, sentences
from serving.sessions.session import FlowState

RECENT = 3  # answers; a question that they have put in full is put briefly
ASKS = ("？", "?")
GAP = "\0"  # where a question stands in a text
LONGEST_QUOTED = 40  # characters of a question that is named


class QuestionMoves:
    """Asks what a flow waits for, and what a customer wants."""

    def __init__(self, pack: Pack, flows: FlowEngine, orders: OrderChoice) -> None:
        self._pack, self._flows, self._orders = pack, flows, orders
        self.handlers: Handlers = {
            moves.AdmitUnsure: self._admit_unsure,
            moves.AskAgain: self._ask_again,
            moves.AskWhatIsWrong: self._ask_what_is_wrong,
            moves.AskWhichWish: self._ask_which_wish,
            moves.AskWish: self._ask_wish,
            moves.Offer: self._offer,
            moves.Remind: self._remind,
            moves.SetAside: self._set_aside,
            moves.Wait: self._wait,
        }

    def ask(self, turn: TurnState, lead: str, before: str = "\n") -> Iterator[str]:
        """The open question once more: in full once at most, and only where nothing else is told."""
        state = open_flow(turn)
        orders = self._orders.to_list(turn, state, self._flows.waiting_at(state))
        question = "" if orders else self._flows.question(state, turn.visit)
        if self.slot_asked(state) is None and self._is_put_briefly(turn, question):
            question, lead = briefly(question), self._lead(turn, lead)
        yield turn.say("flow", f"{lead} {question}".strip(), before)
        self._still_open(turn)
        if orders:
            yield from self._orders.ask_which(turn, orders)

    def _is_put_briefly(self, turn: TurnState, question: str) -> bool:
        """Whether a question was put in full lately; twice where this answer tells nothing else."""
        told = bool(turn.draft.answers) or (self._looks_up(turn) and self._asks(turn))
        told = told or self._flows.hands_over(open_flow(turn))  # what a person decides holds no answer
        return self._times_put(turn, question) > (0 if told else 1)

    def _lead(self, turn: TurnState, lead: str) -> str:
        """What stands before a question that is put briefly: what the flow is about, or that it knows no more."""
        words, lang = self._pack.conversation, turn.visit.lang
        if not lead and not turn.draft.answers and self._asks(turn) and self._looks_up(turn):
            return self.same_again(turn)
        title = self._flows.flows[open_flow(turn).flow].title.in_(lang)
        return fill_in(turn, words.back_to, title=title) if lead == words.back.in_(lang) else lead

    def _looks_up(self, turn: TurnState) -> bool:
        return bool(self._flows.flows[open_flow(turn).flow].item_among)

    def _asks(self, turn: TurnState) -> bool:
        return evidence(plain(turn.message.text), self._pack.acts.question) is not None

    def _times_put(self, turn: TurnState, question: str, recent: int = RECENT) -> int:
        """How often the last answers have put a question in full."""
        answers = [said.text for said in turn.session.turns if said.role == "bot"]
        return sum(question in text for text in answers[-recent:])

    def own_answer(self, turn: TurnState, entry: KnowledgeEntry) -> str:
        """What the flow under way tells of its own proposal in place of an entry; empty: nothing."""
        state, (kind, _, name) = turn.session.flow, entry_target(entry.id).partition(":")
        told = self._flows.own_answer(state, name, turn.visit) if state and kind == "faq" else ""
        turn.draft.asks_itself = told.endswith(ASKS)
        return told

    def slot_asked(self, state: FlowState) -> str | None:
        """The slot that a flow asks for; None at a confirmation."""
        return self._flows.waiting_at(state).collect

    def _still_open(self, turn: TurnState) -> None:
        state = open_flow(turn)
        turn.draft.flow, turn.draft.slots = state.flow, dict(state.slots)
        turn.draft.asks = self.slot_asked(state) or "confirm"

    def _offer(self, turn: TurnState, move: moves.Offer) -> Iterator[str]:
        state = open_flow(turn)
        state.slots.update(move.slots)
        turn.draft.flow, turn.draft.asks, turn.draft.slots = state.flow, move.slot, dict(state.slots)
        yield from self._orders.offer(turn, move.candidates)

    def _ask_wish(self, turn: TurnState, move: moves.AskWish) -> Iterator[str]:
        if len(move.candidates) > 1:
            yield from self._orders.offer(turn, move.candidates)
            return
        if turn.session.customer is None and self._pack.shop.identify is None:
            yield from self._number_of_stranger(turn, move)
            return
        turn.session.subject.order = move.candidates[0]
        named = self._orders.took(turn, {move.slot: move.candidates[0]}, always=True)
        yield turn.say("chitchat", " ".join(filter(None, [named, self._pack.conversation.wish.in_(turn.visit.lang)])))

    def _number_of_stranger(self, turn: TurnState, move: moves.AskWish) -> Iterator[str]:
        """Says that a number alone opens no order; what waits for the sign-in keeps it."""
        for wish in turn.session.wishes:
            if wish.needs_sign_in and move.slot in self._flows.flows[wish.flow].slots:
                wish.slots[move.slot] = move.candidates[0]
        for name, slots in turn.session.asked.items():
            if self._pack.queries[name].needs == "order":
                slots[move.slot] = move.candidates[0]
        yield turn.say("flow", turn.to_sign_in(self._pack.conversation, in_full=True))

    def _ask_what_is_wrong(self, turn: TurnState, move: moves.AskWhatIsWrong) -> Iterator[str]:
        turn.session.misses += 1
        yield turn.say("flow", self._pack.conversation.what_is_wrong.in_(turn.visit.lang))
        self._still_open(turn)

    def _ask_which_wish(self, turn: TurnState, move: moves.AskWhichWish) -> Iterator[str]:
        self._orders.spoken_of(turn)
        turn.session.misses += 1
        lang = turn.visit.lang
        titles = [self._flows.flows[flow].title.in_(lang) for flow in move.flows]
        yield turn.choose(self._pack.conversation.clarify.in_(lang), titles)

    def _wait(self, turn: TurnState, move: moves.Wait) -> Iterator[str]:
        """The question stays open; where the pack says until when it can be told, it is not put again of itself."""
        state = open_flow(turn)
        state.slots.update(move.slots)
        later = self._flows.put_off(state, turn.visit)
        state.put_off = bool(later)
        yield turn.say("flow", later or self._pack.conversation.no_hurry.in_(turn.visit.lang))
        self._still_open(turn)

    def _remind(self, turn: TurnState, move: moves.Remind) -> Iterator[str]:
        session, state = turn.session, open_flow(turn)
        state.reminders += 1
        if state.put_off:
            session.flow, session.paused = None, [*session.paused, state]
            return
        if turn.draft.asks_itself:
            self._still_open(turn)
            return
        yield from self.ask(turn, self._pack.conversation.back.in_(turn.visit.lang))

    def _ask_again(self, turn: TurnState, move: moves.AskAgain) -> Iterator[str]:
        turn.session.misses += 1
        words = self._pack.conversation
        yield turn.say("flow", (words.unsure if move.unsure else words.again).in_(turn.visit.lang))
        if move.unsure:
            yield self._hint_person(turn)
        yield from self.ask(turn, words.back.in_(turn.visit.lang) if move.unsure else "", before=" ")

    def _admit_unsure(self, turn: TurnState, move: moves.AdmitUnsure) -> Iterator[str]:
        if turn.draft.outcome == "handoff":
            return  # the person answers it
        yield turn.say("flow", self._pack.conversation.unsure.in_(turn.visit.lang))
        yield self._hint_person(turn)

    def _hint_person(self, turn: TurnState) -> str:
        """How a person is called, for who has not declined one."""
        hint = self._pack.conversation.person_hint
        if hint is None or turn.session.no_person:
            return ""
        return turn.say("flow", hint.in_(turn.visit.lang), before=blank(turn))

    def offer_person(self, turn: TurnState) -> str:
        """Offers a person to who has not declined one: a yes to the offer asks for one. Not twice in the same words."""
        words, lang = self._pack.conversation, turn.visit.lang
        if words.offer_person is None or words.ask_person is None or turn.session.no_person:
            return ""
        turn.session.questions = turn.draft.options = [words.ask_person.in_(lang)]
        if words.person_hint and self._times_put(turn, words.offer_person.in_(lang), 1):
            return self._hint_person(turn)
        return turn.say("fallback", words.offer_person.in_(lang), before=blank(turn))

    def same_again(self, turn: TurnState) -> str:
        """That all was told that is known, with the question that stays open where this answer tells nothing on it."""
        told = any(answer in turn.draft.text for answer in turn.draft.answers)
        return fill_in(turn, self._pack.conversation.same_again, question="" if told else self._open_point(turn))

    def nothing_new_before(self, turn: TurnState) -> bool:
        """Whether the last answer said that it had nothing new to tell: the same block is not told a third time."""
        last = next((said.text for said in reversed(turn.session.turns) if said.role == "bot"), "")
        kinds = (fill_in(turn, self._pack.conversation.same_again, question=asked) for asked in ("", GAP))
        return any(all(piece in last for piece in kind.split(GAP)) for kind in kinds)

    def _open_point(self, turn: TurnState) -> str:
        """The last short question of a message, as it was written; empty when it holds none."""
        asked = (
            piece.strip(" ,，。.、;；")
            for piece in reversed(answer_pieces(turn.message.text, self._pack.acts.another))
            if evidence(plain(piece), self._pack.acts.question) is not None
        )
        return next((piece for piece in asked if len(piece) <= LONGEST_QUOTED), "")

    def _set_aside(self, turn: TurnState, move: moves.SetAside) -> Iterator[str]:
        session, state = turn.session, open_flow(turn)
        session.flow, session.paused = None, [*session.paused, state]
        title = self._flows.flows[state.flow].title.in_(turn.visit.lang)
        yield turn.say("flow", fill_in(turn, self._pack.conversation.set_aside, title=title))


def briefly(question: str) -> str:
    """The last question of a text, without what stands before it: 确认提交退货申请吗？"""
    asked = [some for some in sentences(question) if some.endswith(ASKS)]
    return asked[-1].rpartition("，")[2] if asked else question
