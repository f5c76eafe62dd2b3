"""WebSockets that say nothing: what they cost in memory, and what everybody else notices of them."""

from __future__ import annotations

import asyncio
import json
import resource
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import aiohttp

AT_ONCE = 50
SPARE_FILES = 1000


def allow_files(count: int) -> None:
    """Lets this process, and those that it starts from now on, have so many files open, as far as it may."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(allowed, count + SPARE_FILES), most), most))


@contextmanager
def idle_sockets(url: str, token: str, count: int) -> Iterator[None]:
    """So many sockets with a token are open until the end of the block. Raises when the server refuses one."""
    opened: Future[None] = Future()
    loop, thread_is_done = asyncio.new_event_loop(), threading.Event()
    leave = asyncio.Event()

    async def hold() -> None:
        few = asyncio.Semaphore(AT_ONCE)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:

            async def connect() -> aiohttp.ClientWebSocketResponse:
                async with few:
                    socket = await client.ws_connect(url.replace("http", "ws", 1) + "/v1/chat/ws")
                    await socket.send_str(json.dumps({"token": token}))
                    return socket

            try:
                await asyncio.gather(*(connect() for _ in range(count)))
            except Exception as error:  # noqa: BLE001  raised in the caller's thread
                opened.set_exception(error)
                return
            opened.set_result(None)
            await leave.wait()

    def run() -> None:
        loop.run_until_complete(hold())
        thread_is_done.set()

    threading.Thread(target=run, daemon=True).start()
    opened.result()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(leave.set)
        thread_is_done.wait()
