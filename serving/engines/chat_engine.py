"""What all engines share: from messages to checked token ids, from tokens to whole characters, and how many at once.

A message ends at any control token, so that a model can never write one. Ids and lengths are checked here, because
an engine may not (OpenVINO answers nonsense to an id that the model does not have).
"""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tokenizers import Tokenizer

from kefu.llm.base_models import model_facts
from kefu.llm.chat import ChatRenderer
from kefu.llm.engine import DeadlineExceeded, EngineBusy, EngineError, EngineStats, Step, Usage
from kefu.schema import Message
from serving.engines.detokenizer import Detokenizer
from serving.engines.vllm.settings import VLLMSettings


class Token(NamedTuple):
    """A token that a model wrote, and its log-probability in nats."""

    id: int
    log_prob: float


@dataclass(frozen=True)
class EngineSettings:
    """How an engine runs (``serving.engine_*``). threads: 0 for all cores. chats: generated at once. waiting: further
    ones that it takes. vllm: how it runs there; None: it does not."""

    threads: int = 0
    chats: int = 32
    waiting: int = 16
    timeout_s: float = 120.0
    cache_gb: int = 1
    vllm: VLLMSettings | None = None


class ChatEngine(ABC):
    """One causal language model behind ``LoadedEngine``.

    Args:
        name: what replies and logs call it, e.g. 'centre' or 'edge'.
        folder: a Hugging Face folder with tokenizer.json and config.json.
        model_name: a key of ``kefu.llm.models.MODELS`` when known; else its architecture decides.
    """

    def __init__(self, name: str, folder: Path, model_name: str, settings: EngineSettings) -> None:
        self.name, self.folder, self.settings = name, folder, settings
        self.at_once = settings.chats
        config = json.loads((folder / "config.json").read_text(encoding="utf8"))
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.renderer = ChatRenderer(self.tokenizer, model_facts(model_name, folder).empty_think)
        self._stops = self.renderer.stop_ids
        self._vocab_size = int(config["vocab_size"])
        self._longest = int(config.get("max_position_embeddings", 1 << 20))
        self._lock = threading.Lock()
        self._in_flight = self._tokens_made = 0
        self._last_token = time.monotonic()

    def stream(self, messages: Sequence[Message], max_new_tokens: int) -> Iterator[str]:
        """See ``Engine.stream``. A prompt that does not fit the model is refused with EngineError."""
        return self._texts(self.generate(self.renderer.prompt(messages), max_new_tokens))

    def complete(self, messages: Sequence[Message], max_new_tokens: int) -> Generator[Step]:
        """See ``CountingEngine.complete``."""
        ids = self.renderer.prompt(messages)
        yield Step("", usage=Usage(len(ids), 0))
        yield from self.generate(ids, max_new_tokens)

    def generate(self, ids: Sequence[int], max_new_tokens: int, deadline_s: float | None = None) -> Generator[Step]:
        """See ``LoadedEngine.generate``."""
        deadline = time.monotonic() + (deadline_s or self.settings.timeout_s)
        return self._steps(ids, max_new_tokens, deadline, self._continue(list(ids), max_new_tokens, deadline))

    def stats(self) -> EngineStats:
        """See ``LoadedEngine.stats``."""
        with self._lock:
            age = time.monotonic() - self._last_token if self._in_flight else 0.0
            return EngineStats(self._in_flight, self._capacity, self._tokens_made, age)

    @abstractmethod
    def loss(self, messages: Sequence[Message]) -> tuple[float, int]:
        """See ``Engine.loss``."""

    @abstractmethod
    def close(self) -> None:
        """See ``LoadedEngine.close``."""

    @abstractmethod
    def _continue(self, ids: list[int], limit: int, deadline: float) -> Generator[Token]:
        """Greedy tokens, at most ``limit``; a control token may be the last. Closing it frees the model.

        Args:
            deadline: of ``time.monotonic``; an iterator that waits raises DeadlineExceeded then.
        """

    @property
    def _capacity(self) -> int:
        return self.settings.chats + self.settings.waiting

    @staticmethod
    def _texts(steps: Generator[Step]) -> Generator[str]:
        with closing(steps):
            for step in steps:
                if step.text:
                    yield step.text

    def _steps(self, ids: Sequence[int], limit: int, deadline: float, tokens: Generator[Token]) -> Generator[Step]:
        """Steps of checked ids; ``tokens`` begins to run here, when there is room."""
        self._check(ids, limit)
        detokenizer, count = Detokenizer(self.tokenizer), 0
        with self._room(), closing(tokens):
            for token in tokens:
                self._last_token = time.monotonic()
                if token.id in self._stops:
                    yield Step("", finish="stop", usage=Usage(len(ids), count))
                    return
                count += 1
                self._tokens_made += 1
                yield Step(detokenizer.add(token.id), (token.id,), (token.log_prob,))
                if time.monotonic() > deadline:
                    raise late(self.name)
            yield Step("", finish="length", usage=Usage(len(ids), count))

    def _check(self, ids: Sequence[int], limit: int) -> None:
        if not ids:
            raise EngineError(f"{self.name}: the prompt is empty: send at least one message")
        wrong = next((i for i in ids if not 0 <= i < self._vocab_size), None)
        if wrong is not None:
            raise EngineError(
                f"{self.name}: token {wrong} is none of the model's {self._vocab_size}: use the model's own tokenizer"
            )
        if len(ids) + limit > self._longest:
            raise EngineError(
                f"{self.name}: {len(ids)} prompt + {limit} new tokens are more than the model's "
                f"{self._longest}: lower serving.history_turns or max_new_tokens"
            )

    @contextmanager
    def _room(self) -> Iterator[None]:
        with self._lock:
            if self._in_flight >= self._capacity:
                raise EngineBusy(f"{self.name}: {self._in_flight} chats are in flight: try again in a moment")
            if not self._in_flight:
                self._last_token = time.monotonic()  # the age of a step counts from the first chat's beginning
            self._in_flight += 1
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1


def late(name: str) -> DeadlineExceeded:
    """The error of an engine whose answer was not finished at its deadline."""
    return DeadlineExceeded(
        f"{name}: the answer was not finished in time: raise serving.engine_timeout_s, or add machines"
    )
