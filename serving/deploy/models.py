"""The models of a release in a process of their own, and the engines through which a dialogue asks them.

A dialogue that waits for a model takes no slot of its replica, so everybody else is answered meanwhile. A model that
dies, or is silent for too long, is an ``EngineError``: the customer gets the pack's fallback, and Ray starts another.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle

from kefu.llm.engine import Engine, EngineError, GrammarEngine, Step
from kefu.registry.seal import verify
from kefu.schema import Message
from serving.deploy.plan import Plan
from serving.deploy.ray_processes import without
from serving.deploy.slots import Slots
from serving.engines.load import MODELS, keeps_grammar, load_engines
from serving.engines.settings import engine_settings
from serving.engines.threads import in_thread

T = TypeVar("T")
READY_S = 2.0
JOIN_S = 0.2  # the replica holds a sentence back until it is whole: nobody reads single tokens


class Models:
    """The deployment: both models of a release, loaded once. Each chat is a stream of pieces."""

    def __init__(self, plan: Plan) -> None:
        verify(plan.release, plan.content_hash)
        without("scipy")
        self._engines = load_engines(plan.release, engine_settings(plan.params))
        self._pool = ThreadPoolExecutor(plan.params.model_threads, thread_name_prefix="model")

    async def loaded(self) -> list[str]:
        """The names of the models."""
        return sorted(self._engines)

    async def stream(self, name: str, messages: Sequence[Message], max_new_tokens: int) -> AsyncIterator[str]:
        """See ``Engine.stream``."""
        async for piece in self._pieces(lambda: self._engines[name].stream(messages, max_new_tokens)):
            yield piece

    async def complete(self, name: str, messages: Sequence[Message], max_new_tokens: int) -> AsyncIterator[Step]:
        """See ``CountingEngine.complete``."""
        async for step in self._pieces(lambda: self._engines[name].complete(messages, max_new_tokens)):
            yield step

    async def stream_in_grammar(
        self, name: str, messages: Sequence[Message], max_new_tokens: int, grammar: str
    ) -> AsyncIterator[str]:
        """See ``GrammarEngine.stream_in_grammar``."""
        engine: Engine = self._engines[name]
        assert isinstance(engine, GrammarEngine)
        async for piece in self._pieces(lambda: engine.stream_in_grammar(messages, max_new_tokens, grammar)):
            yield piece

    async def loss(self, name: str, messages: Sequence[Message]) -> tuple[float, int]:
        """See ``Engine.loss``."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._engines[name].loss, messages)

    async def _pieces(self, make: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
        """What ``make()`` yields, until nobody listens any more."""
        left = threading.Event()

        def until_left() -> Iterator[T]:
            for piece in make():
                yield piece
                if left.is_set():
                    return

        try:
            start = partial(asyncio.get_running_loop().run_in_executor, self._pool)
            async for pieces in _joined(in_thread(start, until_left)):
                yield pieces
        finally:
            left.set()


class RemoteEngine:
    """``kefu.llm.engine.CountingEngine`` over the deployment, for threads of a replica.

    Args:
        slots: of the replica; the caller holds one, and it is lent to others while the model works.
        patience_s: for which a model may be silent.
    """

    def __init__(self, name: str, handle: DeploymentHandle, slots: Slots, patience_s: float) -> None:
        self.name, self._slots, self._patience_s = name, slots, patience_s
        self._handle: Any = handle  # its methods are those of the remote class: nothing static knows them
        self._stream: Any = handle.options(stream=True)
        self._loop = asyncio.get_running_loop()

    def stream(self, messages: Sequence[Message], max_new_tokens: int) -> Iterator[str]:
        """See ``Engine.stream``."""
        return self._pieces(lambda: self._stream.stream.remote(self.name, list(messages), max_new_tokens))

    def complete(self, messages: Sequence[Message], max_new_tokens: int) -> Generator[Step]:
        """See ``CountingEngine.complete``."""
        return self._pieces(lambda: self._stream.complete.remote(self.name, list(messages), max_new_tokens))

    def loss(self, messages: Sequence[Message]) -> tuple[float, int]:
        """See ``Engine.loss``."""

        async def call() -> tuple[float, int]:
            found: tuple[float, int] = await self._handle.loss.remote(self.name, list(messages))
            return found

        return self._wait(call())

    def _pieces(self, call: Callable[[], Any]) -> Generator[Any]:
        async def begin() -> Any:
            return call()

        pieces = self._wait(begin())
        try:
            while (piece := self._wait(_next(pieces))) is not None:
                yield piece
        finally:
            self._loop.call_soon_threadsafe(pieces.cancel)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine in the replica's loop. Raises EngineError."""
        try:
            lent = self._slots.lend(asyncio.wait_for(work, self._patience_s))
            return asyncio.run_coroutine_threadsafe(lent, self._loop).result()
        except EngineError:  # the model's own, which Ray raises as one of its class
            raise
        except TimeoutError as error:
            raise EngineError(f"{self.name}: no word within {self._patience_s:g} s") from error
        except (RayError, RayServeException) as error:
            raise EngineError(f"{self.name}: {type(error).__name__}: {error}") from error


class RemoteGrammarEngine(RemoteEngine):
    """``kefu.llm.engine.GrammarEngine`` over the deployment."""

    def stream_in_grammar(self, messages: Sequence[Message], max_new_tokens: int, grammar: str) -> Iterator[str]:
        """See ``GrammarEngine.stream_in_grammar``."""
        return self._pieces(
            lambda: self._stream.stream_in_grammar.remote(self.name, list(messages), max_new_tokens, grammar)
        )


def remote_engines(plan: Plan, handle: DeploymentHandle, slots: Slots) -> dict[str, RemoteEngine]:
    """The engines of a release by name; each keeps a grammar if the engine in the deployment does.

    Args:
        slots: of the replica.
    """
    patience_s = plan.params.model_patience_s
    return {
        name: (RemoteGrammarEngine if keeps_grammar(plan.release / name) else RemoteEngine)(
            name, handle, slots, patience_s
        )
        for name in MODELS
    }


async def models_problem(handle: DeploymentHandle) -> str | None:
    """Why no model can be asked now; None when one can."""
    remote: Any = handle
    try:
        await asyncio.wait_for(remote.loaded.remote(), READY_S)
    except (TimeoutError, RayError, RayServeException) as error:
        return f"models: do not answer ({type(error).__name__}): they are loading, overloaded or dead"
    return None


async def _joined(pieces: AsyncIterator[T]) -> AsyncIterator[T]:
    """The first piece at once, then the sum of what has come in ``JOIN_S``: each message costs two processes time."""
    waiting: Any = None
    sent = 0.0
    async for piece in pieces:
        waiting = piece if waiting is None else waiting + piece
        if time.monotonic() - sent >= JOIN_S:
            yield waiting
            waiting, sent = None, time.monotonic()
    if waiting is not None:
        yield waiting


async def _next(pieces: AsyncIterator[T]) -> T | None:
    return await anext(pieces, None)
