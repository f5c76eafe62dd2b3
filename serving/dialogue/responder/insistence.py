"""What it means to a flow that a customer says a wish, or what he has told, once more."""

from __future__ import annotations

from kefu.shop.pack import Pack
from kefu.shop.slots import extract
from serving.dialogue.flow import FlowEngine
from serving.dialogue.reading.answers.yes_no import yes_or_no
from serving.dialogue.reading.segments import answer_pieces
from serving.dialogue.reading.word_rules import evidence, plain
from serving.dialogue.turn import TurnState
from serving.sessions.session import FlowState


class Insistence:
    """Reads it for the flows of one pack."""

    def __init__(self, pack: Pack, flows: FlowEngine) -> None:
        self._pack, self._flows = pack, flows

    def value(self, turn: TurnState, state: FlowState, asked: str | None) -> dict[str, str]:
        """What is taken for the slot that is asked for where a statement only says the wish once more, or yes."""
        value, text = self._pack.slots[asked].if_insisted if asked else None, turn.message.text
        again = evidence(plain(text), self._flows.flows[state.flow].asked_by) is not None
        again = again or yes_or_no(text, self._pack.conversation) is True
        return {asked: value} if asked and value and again and not self._asks(turn) else {}

    def agrees(self, turn: TurnState, state: FlowState) -> bool:
        """Whether who says a wish once more agrees to the person that is offered for it.

        A question agrees to none, nor does a message that begins with a no.
        """
        text, rules = turn.message.text, self._pack.acts
        denies = yes_or_no(answer_pieces(text, rules.another)[0], self._pack.conversation) is False
        return not (self._asks(turn) or denies) and self._flows.hands_over(state)

    def is_missing_still(self, turn: TurnState, state: FlowState) -> bool:
        """Whether who says his trouble once more answers no to a question whose no calls a person: it never arrived!"""
        flow = self._flows.flows[state.flow]
        return flow.calls_person_unless(state.step) and not self._asks(turn) and self.tells_again(turn, state)

    def tells_again(self, turn: TurnState, state: FlowState) -> bool:
        """Whether a message tells once more what a flow knows, and nothing else."""
        slots = {name: self._pack.slots[name] for name in self._flows.flows[state.flow].slots}
        told = extract(turn.message.text, slots, turn.visit.lang)
        return bool(told) and told.items() <= state.slots.items()

    def _asks(self, turn: TurnState) -> bool:
        return evidence(plain(turn.message.text), self._pack.acts.question) is not None
