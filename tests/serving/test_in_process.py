"""The backend of one process: who waits for whom. The assistant is a stand-in that is slow when it is told to be."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from serving.api.backend import Event
from serving.api.schemas import ReleaseInfo
from serving.deploy.in_process import InProcessBackend
from serving.dialogue.assistant import Assistant
from serving.params import Serving

RELEASE = ReleaseInfo(version="1", content_hash="0", profile="micro")


class Slow:
    """Answers at once, but "wait" only when ``go`` is set."""

    def __init__(self) -> None:
        self.go, self.said = threading.Event(), list[str]()
        self.sessions = SimpleNamespace(feed=None)  # messages without an id cannot be stopped

    def stream(
        self,
        session: str,
        customer: None,
        text: str,
        lang: None,
        message: None,
        issued: None,
        stop: threading.Event,
        channel: None,
        sleep: Callable[[float], None],
    ) -> Iterator[str]:
        if text == "wait":
            assert self.go.wait(60)
        while text == "held elsewhere" and not self.go.is_set():
            sleep(0.01)
        self.said.append(f"{session}:{text}")
        yield text


def backend(slow: Slow, params: Serving, **limits: int) -> InProcessBackend:
    return InProcessBackend(cast(Assistant, slow), RELEASE, params.model_copy(update=limits))


async def answer(backend: InProcessBackend, session: str, text: str) -> Event:
    return [event async for event in backend.chat(session, None, text)][-1]


def test_two_hundred_customers_at_once_are_all_answered_by_default(params: Serving) -> None:
    slow = Slow()
    one = backend(slow, params)

    async def crowd() -> list[Event]:
        tasks = [asyncio.create_task(answer(one, str(number), "wait")) for number in range(200)]
        await asyncio.sleep(0.1)
        slow.go.set()
        return await asyncio.gather(*tasks)

    assert {event.type for event in asyncio.run(crowd())} == {"delta"}


def test_a_session_keeps_its_order_and_holds_nobody_else_up(params: Serving) -> None:
    slow = Slow()
    one = backend(slow, params, num_threads=2)

    async def crowd() -> None:
        texts = ["wait", *(str(number) for number in range(20))]
        tasks = [asyncio.create_task(answer(one, "a", text)) for text in texts]
        await asyncio.sleep(0)
        assert (await answer(one, "b", "hello")).text == "hello"  # all of a's messages take one thread of two
        assert slow.said == ["b:hello"]
        slow.go.set()
        await asyncio.gather(*tasks)
        assert slow.said[1:] == [f"a:{text}" for text in texts]

    asyncio.run(crowd())


def test_a_session_that_another_replica_holds_holds_nobody_else_up(params: Serving) -> None:
    slow = Slow()
    one = backend(slow, params, num_threads=1)

    async def crowd() -> None:
        waiting = asyncio.create_task(answer(one, "a", "held elsewhere"))
        await asyncio.sleep(0.05)
        assert (await answer(one, "b", "hello")).text == "hello"
        assert slow.said == ["b:hello"]
        slow.go.set()
        assert (await waiting).text == "held elsewhere"

    asyncio.run(crowd())


def test_one_message_too_many_is_refused_at_once(params: Serving) -> None:
    slow = Slow()
    one = backend(slow, params, max_ongoing_requests=2)

    async def crowd() -> None:
        tasks = [asyncio.create_task(answer(one, session, "wait")) for session in "ab"]
        await asyncio.sleep(0)
        refused = await answer(one, "c", "hello")
        assert (refused.type, refused.status, refused.code) == ("error", 503, "overloaded")
        slow.go.set()
        await asyncio.gather(*tasks)
        assert (await answer(one, "c", "hello")).text == "hello"

    asyncio.run(crowd())


def test_all_messages_are_answered_in_the_order_of_their_arrival(params: Serving) -> None:
    slow = Slow()
    one = backend(slow, params, num_threads=1)
    names = [str(number) for number in range(20)]

    async def crowd() -> None:
        first = asyncio.create_task(answer(one, "a", "wait"))
        others = [asyncio.create_task(answer(one, name, "hello")) for name in names]
        await asyncio.sleep(0.05)
        slow.go.set()
        await asyncio.gather(first, *others)

    asyncio.run(crowd())
    assert slow.said == ["a:wait", *(f"{name}:hello" for name in names)]


@pytest.mark.parametrize("pieces", [True, False])
def test_who_leaves_is_answered_and_his_next_message_waits_for_it(pieces: bool, params: Serving) -> None:
    slow = Slow()
    one = backend(slow, params, num_threads=2, max_ongoing_requests=2)

    async def leave_and_come_back() -> None:
        async def listen() -> None:
            async for _ in one.chat("a", None, "wait", pieces=pieces):
                pass

        left = asyncio.create_task(listen())
        await asyncio.sleep(0.05)
        left.cancel()
        await asyncio.gather(left, return_exceptions=True)
        again = asyncio.create_task(answer(one, "a", "again"))
        await asyncio.sleep(0.05)
        assert slow.said == []
        assert (await answer(one, "b", "hello")).code == "overloaded"  # both are still to be answered
        slow.go.set()
        await again
        assert slow.said == ["a:wait", "a:again"]

    asyncio.run(leave_and_come_back())
