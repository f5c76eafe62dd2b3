"""Moves that call a person, wait for one, or come back from one."""

from __future__ import annotations

from collections.abc import Iterator

from kefu.shop.pack import Pack
from serving.dialogue.handover_words import HandoverWords
from serving.dialogue.order_choice import OrderChoice
from serving.dialogue.policy import moves
from serving.dialogue.responder.words import Handlers, blank, fill_in
from serving.dialogue.turn import TurnState


class PersonMoves:
    """Says the truth about when a person will answer."""

    def __init__(self, pack: Pack, handover: HandoverWords, orders: OrderChoice) -> None:
        self._pack, self._handover, self._orders = pack, handover, orders
        self.handlers: Handlers = {
            moves.BackToBot: self._back_to_bot,
            moves.HandOver: self._hand_over,
            moves.KeepWaiting: self._keep_waiting,
            moves.PassOn: self._pass_on,
        }

    def _hand_over(self, turn: TurnState, move: moves.HandOver) -> Iterator[str]:
        if move.danger:
            yield turn.say("human", self._pack.danger[move.danger].reply.in_(turn.visit.lang))
        yield turn.say("human", self._handover.asked(turn.visit, None if move.danger else turn.before))
        turn.session.no_person = False
        turn.draft.route, turn.draft.outcome = "human", "handoff"
        turn.draft.danger, turn.draft.reason = move.danger, move.reason
        if move.reason == "asked":
            yield from self._note_supervisor(turn)

    def _keep_waiting(self, turn: TurnState, move: moves.KeepWaiting) -> Iterator[str]:
        yield turn.say("human", self._handover.waiting(turn.visit, turn.before, turn.in_danger))
        turn.draft.outcome = "handoff"
        yield from self._note_supervisor(turn)

    def _pass_on(self, turn: TurnState, move: moves.PassOn) -> Iterator[str]:
        turn.draft.route, turn.draft.danger = "human", move.danger
        yield from ()

    def _note_supervisor(self, turn: TurnState) -> Iterator[str]:
        if noted := self._handover.supervisor(turn.message.text, turn.visit.lang):
            yield turn.say("human", noted)
            turn.draft.reason = "supervisor"

    def _back_to_bot(self, turn: TurnState, move: moves.BackToBot) -> Iterator[str]:
        words, withdrawn = self._pack.conversation, self._withdrawn(turn)
        text = words.resumed_first if move.asks_more or withdrawn else words.resumed
        text = text or self._pack.shop.greeting
        yield turn.say("chitchat", text.in_(turn.visit.lang))
        if withdrawn:
            yield turn.say("chitchat", withdrawn, before=blank(turn))
        turn.session.resume()
        turn.draft.resumed = True

    def _withdrawn(self, turn: TurnState) -> str:
        """What becomes of what was under way when the person was asked for; empty where there was nothing."""
        under, text = turn.session.handed_over, self._pack.conversation.withdrawn
        flow = next((flow for flow in self._pack.flows if under and under.flow and flow.name == under.flow.flow), None)
        if under is None or under.flow is None or flow is None or text is None:
            return ""
        title, order = flow.title.in_(turn.visit.lang), self._orders.of(under.flow)
        return fill_in(turn, text, title=title, order=order, ended=under.ended)
