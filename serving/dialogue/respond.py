"""The answers: one method a kind of decision, each giving the pieces of a reply as they come.

A method fills ``turn.draft`` (what the reply will say about itself) and keeps the flow's state in the
session. Texts carry placeholders: the assistant restores them for the customer's eyes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping

from kefu.llm.engine import Engine, EngineError
from kefu.llm.prompt import answer_messages
from kefu.shop.pack import Pack
from kefu.shop.part import Lang, PackError, Text
from serving.dialogue.decision import Decision
from serving.dialogue.expressions import ExpressionError, render
from serving.dialogue.flow import FlowEngine, Progress
from serving.dialogue.output_guard import OutputGuard
from serving.dialogue.reply import Route
from serving.dialogue.turn import Draft, TurnState
from serving.knowledge.live import LiveKnowledge
from serving.params import Serving
from serving.sessions.session import FlowState

logger = logging.getLogger(__name__)


class Responder:
    """Answers decisions for one pack."""

    def __init__(
        self, pack: Pack, params: Serving, engines: Mapping[str, Engine], flows: FlowEngine, live: LiveKnowledge
    ) -> None:
        self.pack, self.engines, self._params, self._flows, self._live = pack, engines, params, flows, live
        self._kinds: dict[str, Callable[[TurnState, Decision], Iterator[str]]] = {
            "again": self._again,
            "chitchat": self._chitchat,
            "confirm": self._go_on,
            "danger": self._danger,
            "faq": self._faq,
            "fill": self._go_on,
            "flow": self._start_flow,
            "human": self._human,
            "leave": self._leave,
            "model": self._model,
            "resume": self._resume,
            "waiting": self._waiting,
        }
        words = pack.conversation
        for text in (pack.shop.handoff, pack.shop.handoff_closed, words.waiting, words.waiting_closed):
            if text:  # a mistake in them has to show when the shop opens, not when somebody needs a person
                self._with_hours(text, "zh")
                self._with_hours(text, "en")

    def stream(self, turn: TurnState, decision: Decision) -> Iterator[str]:
        """Pieces of the answer, with placeholders."""
        yield from self._kinds[decision.kind](turn, decision)

    def _start_flow(self, turn: TurnState, decision: Decision) -> Iterator[str]:
        assert decision.flow
        state, progress = self._flows.start(decision.flow, decision.slots or {}, turn.visit)
        yield from self._progressed(turn, state, progress)

    def _go_on(self, turn: TurnState, decision: Decision) -> Iterator[str]:
        state = turn.session.flow
        assert state
        if decision.kind == "confirm":
            progress = self._flows.confirm(state, decision.yes, turn.visit)
        else:
            progress = self._flows.fill(state, decision.slots or {}, turn.visit)
        yield from self._progressed(turn, state, progress)

    def _progressed(self, turn: TurnState, state: FlowState, progress: Progress) -> Iterator[str]:
        ended = progress.outcome is not None or progress.signed_out
        if progress.outcome == "handoff" and (not progress.says or not self._open(turn)):
            progress.says.append(self._handoff(turn))  # a flow's own words may promise somebody at once
        turn.session.flow = None if ended else state
        yield from self._say(turn, "flow", "\n".join(progress.says))
        turn.draft.flow, turn.draft.asks, turn.draft.slots = state.flow, progress.asks, dict(state.slots)
        turn.draft.outcome = progress.outcome

    def _leave(self, turn: TurnState, decision: Decision) -> Iterator[str]:
        name, turn.session.flow = (turn.session.flow.flow if turn.session.flow else None), None
        yield from self._say(turn, "flow", self.pack.conversation.left.in_(turn.visit.lang))
        turn.draft.flow, turn.draft.outcome = name, "abandoned"

    def _human(self, turn: TurnState, decision: Decision) -> Iterator[str]:
        yield from self._say(turn, "human", self._handoff(turn))
        turn.draft.outcome = "handoff"

    def _danger(self, turn: TurnState, decision: Decision) -> Iterator[str]:
        assert decision.danger
        reply = self.pack.danger[decision.danger].reply.in_(turn.visit.lang)
        yield from self._say(turn, "human", f"{reply}\n{self._handoff(turn)}")
        turn.draft.outcome, turn.draft.danger = "handoff", decision.danger

    def _waiting(self, turn: TurnState, decision: Decision) -> Iterator[str]:
        """What the customer adds while a person is asked for: it is passed on, and that is said."""
        words = self.pack.conversation
        text = words.waiting if self._open(turn) else words.waiting_closed or words.waiting
        if text and turn.session.status == "waiting":  # after words of danger the bot is not offered
            yield from self._say(turn, "human", self._with_hours(text, turn.visit.lang))
        else:
            yield from self._say(turn, "human", self._handoff(turn))
        turn.draft.outcome = "handoff"

    def _resume(self, turn: TurnState, decision: Decision) -> Iterator[str]:
        text = self.pack.conversation.resumed or self.pack.shop.greeting
        yield from self._say(turn, "chitchat", text.in_(turn.visit.lang))
        turn.draft.resumed = True

    def _handoff(self, turn: TurnState) -> str:
        """That a person is asked for, and when there will be one."""
        shop = self.pack.shop
        text = shop.handoff if self._open(turn) else shop.handoff_closed or shop.handoff
        return self._with_hours(text, turn.visit.lang)

    def _open(self, turn: TurnState) -> bool:
        hours = self.pack.shop.office_hours
        return hours is None or hours.include(turn.visit.now[11:16])

    def _with_hours(self, text: Text, lang: Lang) -> str:
        hours = self.pack.shop.office_hours
        values = {"opens": hours.opens, "closes": hours.closes} if hours else {}
        try:
            return render(text.in_(lang), values)
        except ExpressionError as error:
            raise PackError(f"pack.yaml or conversation.yaml: {text.in_(lang)!r}: {error}") from error

    def _faq(self, turn: TurnState, decision: Decision) -> Iterator[str]:
        hit = turn.seen.hits[0]
        yield from self._say(turn, "faq", hit.entry.answer)
        turn.draft.sources = [hit.entry.id]
        yield from self._back_to_flow(turn)

    def _chitchat(self, turn: TurnState, decision: Decision) -> Iterator[str]:
        reply = self.pack.taxonomy[turn.seen.top.intent].reply
        assert reply
        yield from self._say(turn, "chitchat", reply.in_(turn.visit.lang))
        yield from self._back_to_flow(turn)

    def _again(self, turn: TurnState, decision: Decision) -> Iterator[str]:
        assert turn.session.flow
        turn.session.flow.misses += 1
        yield from self._say(turn, "flow", self.pack.conversation.again.in_(turn.visit.lang))
        yield from self._ask_again(turn, turn.session.flow, " ")

    def _back_to_flow(self, turn: TurnState) -> Iterator[str]:
        """After a digression, the flow's open question once more."""
        if state := turn.session.flow:
            back = self.pack.conversation.back.in_(turn.visit.lang)
            yield from self._ask_again(turn, state, f"\n{back} ")

    def _ask_again(self, turn: TurnState, state: FlowState, before: str) -> Iterator[str]:
        text = before + self._flows.question(state, turn.visit)
        turn.draft.text += text
        turn.draft.flow, turn.draft.slots = state.flow, dict(state.slots)
        turn.draft.asks = self._flows.waiting_at(state).collect or "confirm"
        yield text

    def _model(self, turn: TurnState, decision: Decision) -> Iterator[str]:
        """A model's words, checked; the pack's fallback when there are none."""
        seen, visit = turn.seen, turn.visit
        sure = seen.top.confidence >= self._params.edge_confidence
        engine = self.engines["edge" if sure else "centre"]
        known = [*(hit.entry for hit in seen.hits), *self._live.entries(seen.text, visit.lang, visit.now)]
        messages = answer_messages(self.pack, visit.lang, known, turn.session.turns[-self._params.history_turns :])
        draft = turn.draft = Draft("model", engine=engine.name, sources=[entry.id for entry in known])
        guard = OutputGuard(self.pack, turn.session.vault, visit.lang)
        try:
            for piece in guard.stream(engine.stream(messages, self._params.max_new_tokens)):
                draft.text += piece
                yield piece
        except EngineError as error:
            logger.error("no answer from a model: %s", error)
        if not draft.text.strip():
            yield from self._say(turn, "fallback", self.pack.shop.fallback.in_(visit.lang))

    def _say(self, turn: TurnState, route: Route, text: str) -> Iterator[str]:
        turn.draft = Draft(route, text=text)
        yield text
