"""The engine through which a replica asks the models of another process. Ray's side of the handle is scripted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from ray.exceptions import RayActorError
from ray.serve.handle import DeploymentHandle

from kefu.llm.engine import EngineError
from serving.deploy.models import Models, RemoteEngine
from serving.deploy.slots import Slots


class Pieces:
    """What ``handle.stream.remote(…)`` returns: pieces, and then what ``then`` does."""

    def __init__(self, then: Callable[[], Any]) -> None:
        self._left, self._then, self.cancelled = ["well", "now"], then, threading.Event()

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        if self._left:
            return self._left.pop(0)
        await self._then()
        raise StopAsyncIteration

    def cancel(self) -> None:
        self.cancelled.set()


class Handle:
    """A ``DeploymentHandle`` whose model says ``Pieces``."""

    def __init__(self, then: Callable[[], Any]) -> None:
        self.pieces, self.stream = Pieces(then), self

    def options(self, stream: bool) -> Handle:
        return self

    def remote(self, *args: object) -> Pieces:
        return self.pieces


async def nothing() -> None:
    return None


async def silence() -> None:
    await asyncio.sleep(60)


async def death() -> None:
    raise RayActorError


def ask(then: Callable[[], Any], read: Callable[[Iterator[str]], Any], slots: Slots) -> tuple[Handle, Any]:
    """What ``read`` makes of the pieces of an engine, in a thread whose chat holds the only slot."""
    handle = Handle(then)

    async def run() -> Any:
        engine = RemoteEngine("edge", cast(DeploymentHandle, handle), slots, patience_s=0.3)
        async with slots:
            return await asyncio.to_thread(lambda: read(engine.stream([], 8)))

    return handle, asyncio.run(run())


def test_pieces_come_one_by_one_and_the_slot_comes_back() -> None:
    slots = Slots(1)
    assert ask(nothing, list, slots)[1] == ["well", "now"]
    assert not slots.locked()


def test_a_model_at_work_leaves_the_slot_to_others() -> None:
    slots, others = Slots(1), list[bool]()

    async def look() -> None:
        async with slots:
            others.append(True)

    assert ask(look, list, slots)[1] == ["well", "now"]
    assert others == [True]


@pytest.mark.parametrize(("then", "message"), [(silence, "edge: no word within 0.3 s"), (death, "edge: RayActorError")])
def test_a_silent_or_dead_model_is_an_engine_error(then: Callable[[], Any], message: str) -> None:
    slots = Slots(1)
    with pytest.raises(EngineError, match=message):
        ask(then, list, slots)
    assert not slots.locked()


def test_who_hears_enough_stops_the_model() -> None:
    def first(pieces: Iterator[str]) -> str:
        heard = next(pieces)
        cast(Any, pieces).close()
        return heard

    handle, heard = ask(nothing, first, Slots(1))
    assert heard == "well" and handle.pieces.cancelled.wait(5)


def test_a_model_that_nobody_listens_to_stops() -> None:
    said, go = list[int](), threading.Event()
    models = Models.__new__(Models)  # without loading a release
    models._pool = ThreadPoolExecutor(1)

    def endless() -> Iterator[str]:
        for number in range(1000):
            said.append(number)
            yield str(number)
            assert go.wait(5)

    async def listen() -> None:
        pieces = models._pieces(endless)
        assert await anext(pieces) == "0"
        await cast(Any, pieces).aclose()
        go.set()

    asyncio.run(listen())
    models._pool.shutdown()
    assert len(said) <= 2


def test_pieces_that_come_fast_travel_together() -> None:
    models, said = Models.__new__(Models), [f"{number} " for number in range(200)]
    models._pool = ThreadPoolExecutor(1)

    async def listen() -> list[str]:
        return [pieces async for pieces in models._pieces(lambda: iter(said))]

    first, *others = asyncio.run(listen())
    assert first == "0 " and first + "".join(others) == "".join(said) and len(others) < 100
