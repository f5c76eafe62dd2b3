"""What one client may do to everybody else: connections that only wait, a crowd of messages, nonsense."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import aiohttp
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from serving.deploy.client import open_session

WAIT_S = 60  # for a loaded machine; a server that is stopped never answers
HALF_BODY = b'POST /v1/chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"mess'
HALF_HEAD = b"POST /v1/chat HTTP/1.1\r\nHost: x\r\nContent-Ty"
HELD_S = 8
MANY = 1000
CROWD = 64
ROUNDS = 10
DEEP = b"[" * 60_000
BODIES = (DEEP, b'{"message": "\\ud800 hi"}', b'{"message": "' + b"x" * 1_000_000 + b'"}')
FRAMES: tuple[str | bytes, ...] = ("x" * 10_000_000, b"\x00\x01", DEEP.decode())


@contextmanager
def half_sent(url: str, start: bytes, many: int) -> Iterator[list[socket.socket]]:
    """So many connections of which each has sent ``start``."""
    place, (allowed, most) = urlsplit(url), resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(allowed, many + 1000), most), most))
    with ExitStack() as stack:
        opened = [stack.enter_context(socket.create_connection((place.hostname, place.port))) for _ in range(many)]
        for one in opened:
            one.settimeout(WAIT_S)
            one.sendall(start)
        yield opened


def half_open(url: str) -> str:
    """Twice MANY connections that are half open for some seconds, with a half head or a half body."""
    with half_sent(url, HALF_HEAD, MANY), half_sent(url, HALF_BODY, MANY):
        time.sleep(HELD_S)
    return f"{2 * MANY} for {HELD_S} s"


def crowd(url: str) -> str:
    """CROWD messages of one session at once."""
    return asyncio.run(_crowd(url))


async def _crowd(url: str) -> str:
    headers = {"Authorization": f"Bearer {open_session(url, 'C1001').token}"}
    began = time.monotonic()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as client:

        async def send(number: int) -> int:
            async with client.post(f"{url}/v1/chat", json={"message": "你好", "id": f"c-{number}"}) as answer:
                return answer.status

        statuses = Counter(await asyncio.gather(*map(send, range(CROWD))))
    return f"{dict(statuses)} in {time.monotonic() - began:.1f} s"


def nonsense(url: str) -> str:
    """Bodies and frames that are too long, too deep, binary, or no text, one after the other."""
    refused = Counter(asyncio.run(_bodies(url)))
    for frame in FRAMES * ROUNDS:
        with connect(url.replace("http", "ws", 1) + "/v1/chat/ws", open_timeout=WAIT_S) as one:
            try:
                one.send(frame)
                while json.loads(one.recv(WAIT_S))["type"] != "error":
                    pass
                one.recv(WAIT_S)
            except ConnectionClosed as closed:
                refused[closed.rcvd.code if closed.rcvd else 0] += 1
    return ", ".join(f"{code}: {count}" for code, count in sorted(refused.items()))


async def _bodies(url: str) -> list[int]:
    statuses = []
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as client:
        for body in BODIES * ROUNDS:
            try:
                async with client.post(f"{url}/v1/chat", data=body) as answer:
                    statuses.append(answer.status)
            except aiohttp.ClientError:  # closed before the body was sent
                statuses.append(0)
    return statuses
