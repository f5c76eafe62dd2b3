"""A model in vLLM: continuous batching on GPUs, behind vLLM's OpenAI server.

The server runs the safetensors of the release, as the transformers engine does. Its name for a model is the content
hash of the model's files, so a server that holds another release, or another adapter, is found out at the start.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from kefu.llm.engine import EngineError, EngineStats
from kefu.schema import Message
from serving.engines.chat_engine import ChatEngine, EngineSettings, Token
from serving.engines.vllm.client import VLLMClient
from serving.engines.vllm.server import GivenServer, OwnServer, Server
from serving.engines.vllm.settings import serve_command

KEY = "KEFU_VLLM_KEY"  # of a server that somebody else runs


class VLLMEngine(ChatEngine):
    """See the module's description; arguments as of ``ChatEngine``.

    Args:
        model: what the server calls it.

    Raises:
        EngineError: the server cannot be started, or does not have the model.
    """

    def __init__(self, name: str, folder: Path, model_name: str, settings: EngineSettings, model: str) -> None:
        super().__init__(name, folder, model_name, settings)
        if settings.vllm is None:
            raise EngineError(f"{name}: no settings for vLLM: set serving.centre_engine to vllm")
        self._client = VLLMClient(name, model, os.environ.get(KEY))
        self.server: Server
        if settings.vllm.url:
            self.server = GivenServer(settings.vllm.url)
        else:
            command = partial(serve_command, folder, model, settings.vllm, settings.chats)
            self.server = OwnServer(name, command, settings.vllm.start_timeout_s)
        try:
            self._longest = min(self._longest, self._client.max_model_len(self._url(self._deadline())))
        except EngineError:
            self.close()
            raise

    def stream_in_grammar(self, messages: Sequence[Message], max_new_tokens: int, grammar: str) -> Iterator[str]:
        """See ``GrammarEngine.stream_in_grammar``; a grammar that is not valid is refused with the first piece."""
        ids, deadline = self.renderer.prompt(messages), self._deadline()
        return self._texts(
            self._steps(ids, max_new_tokens, deadline, self._ask(ids, max_new_tokens, grammar, deadline))
        )

    def loss(self, messages: Sequence[Message]) -> tuple[float, int]:
        """See ``Engine.loss``."""
        rendered, deadline = self.renderer.render(messages), self._deadline()
        self._check(rendered.ids, 1)  # vLLM writes at least one token
        scores = self._client.log_probs(self._url(deadline), rendered.ids, deadline)
        learned = [score for score, is_learned in zip(scores, rendered.mask[1:], strict=True) if is_learned]
        return -sum(learned), len(learned)

    def stats(self) -> EngineStats:
        """See ``LoadedEngine.stats``."""
        try:
            usage = self._client.cache_usage(self._url(time.monotonic()))
        except EngineError:  # it is started anew
            usage = 0.0
        return replace(super().stats(), restarts=self.server.restarts, cache_usage=usage)

    def close(self) -> None:
        """See ``LoadedEngine.close``."""
        self.server.close()
        self._client.close()

    def _continue(self, ids: list[int], limit: int, deadline: float) -> Generator[Token]:
        return self._ask(ids, limit, None, deadline)

    def _ask(self, ids: list[int], limit: int, grammar: str | None, deadline: float) -> Generator[Token]:
        yield from self._client.tokens(self._url(deadline), ids, limit, self._stops, grammar, deadline)

    def _deadline(self) -> float:
        return time.monotonic() + self.settings.timeout_s

    def _url(self, deadline: float) -> str:
        return self.server.url(deadline)
