"""A yes to what the last answer offered to do (I can also have them hurried: yes please).

An offer names all that is done, so a yes to it is the yes that a change of the shop needs: no second question follows.
Only clear words take it up, or the wish for that very thing in a statement; "ok" may be to the rest of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kefu.acts import Act, Affirm, Resume, Start
from kefu.shop.pack import Pack
from kefu.shop.slots import extract
from serving.dialogue.reading.answers.yes_no import goes_ahead, is_clear_yes, yes_or_no
from serving.dialogue.reading.message import Message, Reading
from serving.dialogue.reading.segments import answer_pieces, is_question
from serving.dialogue.reading.word_rules import evidence, plain
from serving.sessions.session import FlowState

Read = Callable[[Message, Reading], Sequence[Act]]


class OfferReader:
    """Reads answers to the offers of one pack's flows.

    Args:
        acts_of: reads a message at an open confirmation. asked_in: what a message asks.
    """

    def __init__(self, pack: Pack, acts_of: Read, asked_in: Read) -> None:
        self._pack, self._acts_of, self._asked_in = pack, acts_of, asked_in
        self._flows = {flow.name: flow for flow in pack.flows}

    def read(self, message: Message, reading: Reading) -> list[Act]:
        """The acts of a message that takes the offer up, which is what the flow under way asks from then on."""
        session, offered = message.session, message.session.offer
        flow = self._flows.get(offered.flow) if offered else None
        if offered is None or flow is None or message.flow or all(step.id != offered.step for step in flow.steps):
            return []
        session.flow = offered
        acts = self._taken_up(replace(message, flow=flow, step=flow.step(offered.step)), reading, offered)
        session.flow = offered if acts else None
        return acts

    def _taken_up(self, message: Message, reading: Reading, offered: FlowState) -> list[Act]:
        words, step = self._pack.conversation, message.step
        assert step
        pieces, yes = answer_pieces(message.text, self._pack.acts.another), Affirm(clear=True, evidence=message.text)
        clear = [piece for piece in pieces if is_clear_yes(piece, words, step) or goes_ahead(piece, words, step)]
        rest = "".join(piece for piece in pieces if not yes_or_no(piece, words, step))
        if clear and (more := self._asked_in(replace(message, text=rest, flow=None, step=None), reading)):
            return [yes, *more]  # yeah chase them pls, also is the juicer shipped
        acts = list(self._acts_of(message, reading))
        if any(isinstance(act, Affirm) for act in acts):
            return acts if clear else []
        asks = is_question(message.text, None, self._pack.acts.question)
        goes_on = self._goes_on(message, offered)
        wished = [a for a in acts if (goes_on and isinstance(a, Resume)) or self._wishes_for(a, offered)]
        return [yes, *(act for act in acts if act not in wished)] if wished and not asks else []

    def _goes_on(self, message: Message, offered: FlowState) -> bool:
        """Whether a message names what was offered, or says to go on: 我要改电话 is of the same flow, and no hurry."""
        told = extract(message.text, {name: self._pack.slots[name] for name in offered.slots}, message.lang)
        same = bool(told) and all(offered.slots[name] == value for name, value in told.items())
        return same or (not told and evidence(plain(message.text), self._pack.acts.resume) is not None)

    def _wishes_for(self, act: Act, offered: FlowState) -> bool:
        """Whether an act asks for what was offered, and for nothing else of that flow."""
        if not isinstance(act, Start) or act.flow != offered.flow:
            return False
        return all(offered.slots.get(name) == value for name, value in act.slots.items())
