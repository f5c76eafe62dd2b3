"""A model in OpenVINO: continuous batching on a CPU, in a process of its own, with 8-bit weights or others.

Chats share each step and, block by block, the keys and values of prompts that begin alike. What differs from the
transformers engine: no adapter, and answers whose last bits depend on which other chats are in the batch, as sums are
rounded in another order. Grammars are kept by xgrammar, which is part of the library.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kefu.llm.engine import EngineError, EngineStats
from kefu.schema import Message
from serving.engines.chat_engine import ChatEngine, EngineSettings, Token
from serving.engines.openvino.ebnf import to_ebnf
from serving.engines.openvino.messages import Setup
from serving.engines.openvino.process import EngineProcess

if TYPE_CHECKING:
    from serving.engines.openvino.scorer import Scorer

WEIGHTS = "openvino"  # folder inside a model's, with the graph and its weights
GRAPH = "openvino_model.xml"
DETOKENIZER = "openvino_detokenizer.xml"  # of which grammars take the bytes of tokens


def has_weights(folder: Path) -> bool:
    """Whether a model folder has weights for this engine."""
    return (folder / WEIGHTS / GRAPH).is_file()


class OpenVINOEngine(ChatEngine):
    """See the module's description; arguments as of ``ChatEngine``.

    Raises:
        EngineError: the folder has no weights for OpenVINO, or they cannot be loaded.
    """

    def __init__(self, name: str, folder: Path, model_name: str = "", settings: EngineSettings | None = None) -> None:
        super().__init__(name, folder, model_name, settings or EngineSettings())
        if not has_weights(folder):
            raise EngineError(
                f"{name}: {folder / WEIGHTS} has no {GRAPH}: set export.engine_weights.{name} to int8 and run "
                "`dvc repro export`"
            )
        setup = Setup(str(folder / WEIGHTS), self.settings.chats, self.settings.cache_gb, self._properties)
        self._process = EngineProcess(name, setup)

    @property
    def pid(self) -> int:
        """Of the process that holds the model."""
        return self._process.pid

    @property
    def _properties(self) -> dict[str, Any]:
        # float32: elsewhere the processor decides, and an answer evaluated on one machine is not that of another.
        return {
            "INFERENCE_NUM_THREADS": self.settings.threads or os.cpu_count() or 1,
            "INFERENCE_PRECISION_HINT": "f32",
            "KV_CACHE_PRECISION": "u8",
        }

    def stream_in_grammar(self, messages: Sequence[Message], max_new_tokens: int, grammar: str) -> Iterator[str]:
        """See ``GrammarEngine.stream_in_grammar``."""
        if not (self.folder / WEIGHTS / DETOKENIZER).is_file():
            raise EngineError(f"{self.name}: its weights were made before grammars: run `dvc repro -f export`")
        try:
            ebnf = to_ebnf(grammar)
        except ValueError as error:
            raise EngineError(f"{self.name}: {error}") from error
        ids, deadline = self.renderer.prompt(messages), time.monotonic() + self.settings.timeout_s
        tokens = self._ask(ids, max_new_tokens, deadline, ebnf)
        return self._texts(self._steps(ids, max_new_tokens, deadline, tokens))

    def loss(self, messages: Sequence[Message]) -> tuple[float, int]:
        """See ``Engine.loss``; the first call loads the model a second time, into this process."""
        rendered = self.renderer.render(messages)
        self._check(rendered.ids, 0)
        return self.scorer.loss(rendered)

    def stats(self) -> EngineStats:
        """See ``LoadedEngine.stats``."""
        found, process = super().stats(), self._process
        age = time.monotonic() - process.last_report if found.in_flight else 0.0
        return replace(found, last_step_age_s=age, restarts=process.restarts, cache_usage=process.cache_usage)

    def close(self) -> None:
        """See ``LoadedEngine.close``."""
        self._process.close()

    @cached_property
    def scorer(self) -> Scorer:
        """The model without the pipeline, for the probabilities of given texts."""
        from serving.engines.openvino.scorer import Scorer  # OpenVINO itself, which serving alone does not load here

        return Scorer(self.folder / WEIGHTS / GRAPH, self._properties)

    def _continue(self, ids: list[int], limit: int, deadline: float) -> Generator[Token]:
        return self._ask(ids, limit, deadline, None)

    def _ask(self, ids: list[int], limit: int, deadline: float, ebnf: str | None) -> Generator[Token]:
        answer = self._process.answer(ids, limit, self._stops, deadline, ebnf)
        try:
            for progress in answer:
                yield from map(Token, progress.ids, progress.log_probs)
        finally:
            answer.close()
