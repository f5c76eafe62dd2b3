"""A model's own words: asked when no flow, query or entry answers, and checked sentence by sentence."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from kefu.llm.engine import Engine, EngineError
from kefu.llm.prompt import answer_messages
from kefu.shop.pack import Pack
from serving.dialogue.output_guard import OutputGuard
from serving.dialogue.turn import TurnState
from serving.knowledge.live import LiveKnowledge
from serving.knowledge.static import StaticKnowledge
from serving.params import Serving

logger = logging.getLogger(__name__)


class ModelAnswer:
    """Asks the edge model when the router is sure, else the centre."""

    def __init__(
        self,
        pack: Pack,
        params: Serving,
        engines: Mapping[str, Engine],
        knowledge: StaticKnowledge,
        live: LiveKnowledge,
    ) -> None:
        self._pack, self._params, self._engines = pack, params, engines
        self._knowledge, self._live = knowledge, live

    def stream(self, turn: TurnState) -> Iterator[str]:
        """Sentences that may be said; none when the model failed or nothing it said may be."""
        text, visit = turn.message.text, turn.visit
        engine = self._engines["edge" if turn.reading.top.confidence >= self._params.edge_confidence else "centre"]
        hits = [hit.entry for hit in self._knowledge.search(text, visit.lang) if hit.entry.kind != "query"]
        known = [*hits, *self._live.entries(text, visit.lang, visit.now)]
        history = turn.session.turns[-self._params.history_turns :]
        messages = answer_messages(self._pack, visit.lang, known, history)
        turn.draft.engine, turn.draft.sources = engine.name, [entry.id for entry in known]
        shown = [f"{e.question}\n{e.answer}" for e in known] + [t.text for t in history if t.role != "customer"]
        asked = "\n".join(t.text for t in history if t.role == "customer")
        guard = OutputGuard(self._pack, turn.session.vault, visit.lang, shown, asked)
        try:
            yield from guard.stream(engine.stream(messages, self._params.max_new_tokens))
        except EngineError as error:
            logger.error("no answer from a model: %s", error)
