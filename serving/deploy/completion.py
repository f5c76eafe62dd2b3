"""A bare model's answer to messages as they are sent: cut at stop words, checked, counted."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing

from kefu.llm.engine import CountingEngine, Usage
from kefu.privacy.redact import restore
from kefu.schema import Message
from kefu.shop.pack import Pack
from serving.api.openai.schemas import Finish
from serving.api.openai.stop_words import StopWords
from serving.dialogue.output_guard import OutputGuard
from serving.engines.stopping import until_stopped


class Completion:
    """One answer. Personal data is taken out before the model sees it, and put back into what it says.

    Args:
        limit: new tokens, at most.
        stops: the answer ends before the first of them.
        left: set when nobody reads on: the model is free then, and ``texts`` raises Stopped.

    After the last text, ``finish`` says what ended the answer ('content_filter': a fault of its words), and ``usage``
    counts all tokens that the model made.
    """

    def __init__(
        self,
        pack: Pack,
        engine: CountingEngine,
        messages: Sequence[Message],
        limit: int,
        stops: Sequence[str],
        left: threading.Event | None = None,
    ) -> None:
        self.finish: Finish = "content_filter"  # unless the model's words end before their reader stops
        self._vault: dict[str, str] = {}
        self._prompt_tokens = self._new_tokens = 0
        self._pack, self._engine, self._limit, self._words = pack, engine, limit, StopWords(stops)
        self._left = left
        redactor = pack.redactor()
        self._messages = [Message(role=m.role, content=redactor.redact(m.content, self._vault)) for m in messages]

    @property
    def usage(self) -> Usage:
        return Usage(self._prompt_tokens, self._new_tokens)

    def texts(self) -> Iterator[str]:
        """Sound sentences; the pack's fallback when there is none. Raises EngineError, Stopped."""
        guard, said = OutputGuard(self._pack, self._vault, "zh"), False
        with closing(self._until_stop()) as pieces:
            for text in guard.stream(pieces):
                said = True
                yield restore(text, self._vault)
        if not said:
            yield self._pack.shop.fallback.zh

    def _until_stop(self) -> Generator[str]:
        with closing(until_stopped(self._engine.complete(self._messages, self._limit), self._left)) as steps:
            for step in steps:
                if step.usage and not self._prompt_tokens:
                    self._prompt_tokens = step.usage.prompt_tokens
                self._new_tokens += len(step.ids)
                yield self._words.add(step.text)
                if self._words.met or step.finish:
                    self.finish = "stop" if self._words.met else step.finish or "stop"
                    break
        yield self._words.rest()
