"""A model's own words: asked when no flow, query or entry answers, and checked sentence by sentence."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kefu.llm.cascade import Cascade, mean_log_prob
from kefu.llm.engine import Engine, EngineError
from kefu.llm.prompt import answer_messages
from kefu.schema import Message
from kefu.shop.pack import Pack
from serving.dialogue.output_guard import OutputGuard
from serving.dialogue.turn import TurnState
from serving.engines.stopping import Stopped, until_stopped
from serving.knowledge.live import LiveKnowledge
from serving.knowledge.relevance import Relevance
from serving.knowledge.static import StaticKnowledge
from serving.params import Serving

logger = logging.getLogger(__name__)


class ModelAnswer:
    """Asks the edge model when the router is sure, else the centre; with a cascade, the edge and, where its own
    answer is too unlikely, the centre."""

    def __init__(
        self,
        pack: Pack,
        params: Serving,
        engines: Mapping[str, Engine],
        knowledge: StaticKnowledge,
        live: LiveKnowledge,
        cascade: Cascade | None,
    ) -> None:
        self._pack, self._params, self._engines = pack, params, engines
        self._knowledge, self._live, self._cascade = knowledge, live, cascade

    def stream(self, turn: TurnState) -> Iterator[str]:
        """Sentences that may be said; none when the model failed, was stopped or nothing it said may be.

        Nor when the passages for the question are too improbable for anything to be said: then it is not asked.
        """
        text, visit = turn.message.text, turn.visit
        hits = [hit for hit in self._knowledge.search(text, visit.lang) if hit.entry.kind != "query"]
        relevance = Relevance(self._knowledge, hits, visit.lang, self._params.answer_min_probability)
        if not relevance.is_possible:
            return
        known = [*(hit.entry for hit in hits), *self._live.entries(text, visit.lang, visit.now)]
        history = turn.session.turns[-self._params.history_turns :]
        messages = answer_messages(self._pack, visit.lang, known, history)
        turn.draft.sources = [entry.id for entry in known]
        shown = [f"{e.question}\n{e.answer}" for e in known] + [t.text for t in history if t.role != "customer"]
        asked = "\n".join(t.text for t in history if t.role == "customer")
        guard = OutputGuard(self._pack, turn.session.vault, visit.lang, shown, asked, relevance)
        try:
            turn.draft.engine, pieces = self._answer(messages, turn.reading.top.confidence, turn.stop)
            yield from guard.stream(pieces)
        except Stopped:
            turn.stopped = True
        except EngineError as error:
            logger.error("no answer from a model: %s", error)

    def _answer(
        self, messages: Sequence[Message], router_confidence: float, stop: threading.Event | None = None
    ) -> tuple[str, Iterable[str]]:
        """The engine that answers, and pieces of its answer. The edge's is whole before a cascade can judge it."""
        edge, centre, limit = self._engines["edge"], self._engines["centre"], self._params.max_new_tokens
        if self._cascade is None:
            engine = edge if router_confidence >= self._params.edge_confidence else centre
            return engine.name, until_stopped(engine.stream(messages, limit), stop)
        try:
            text = "".join(until_stopped(edge.stream(messages, limit), stop))
            probability = self._cascade.probability(mean_log_prob(edge, messages, text))
        except EngineError as error:
            logger.error("the centre answers instead of the edge: %s", error)
            probability = 0.0
        if probability < self._params.edge_min_probability:
            return centre.name, until_stopped(centre.stream(messages, limit), stop)
        return edge.name, [text]
