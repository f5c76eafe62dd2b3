"""Chats that only a model answers: the same prompts for every server, in a closed loop or at a given rate.

A prompt is a shop's rules (some 200 tokens of Qwen) and one question.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
from tokenizers import Tokenizer

from benchmarks.serving.traffic import cpu_seconds, rss_mb
from kefu.shop.pack import Pack

TIMEOUT_S = 900
RULES_CHARS = 260


class Door(Protocol):
    """How a server is asked."""

    url: str
    headers: dict[str, str]

    def body(self, system: str, message: str) -> dict[str, Any]:
        """The JSON of a request."""
        ...

    def text(self, answered: bytes) -> str:
        """What the model said, of the whole response."""
        ...


class PlainDoor:
    """The servers of this package: a system message and a message in, text out."""

    def __init__(self, base_url: str) -> None:
        self.url, self.headers = f"{base_url}/v1/chat", dict[str, str]()

    def body(self, system: str, message: str) -> dict[str, Any]:
        """See ``Door.body``."""
        return {"system": system, "message": message}

    def text(self, answered: bytes) -> str:
        """See ``Door.text``."""
        return answered.decode()


class OpenAIDoor:
    """Kefu's OpenAI-compatible interface, streamed.

    Args:
        token: of a session.
        model: e.g. 'kefu-edge', the bare model.
    """

    def __init__(self, base_url: str, token: str, model: str) -> None:
        self.url, self.headers = f"{base_url}/v1/chat/completions", {"Authorization": f"Bearer {token}"}
        self._model = model

    def body(self, system: str, message: str) -> dict[str, Any]:
        """See ``Door.body``."""
        messages = [{"role": "system", "content": system}, {"role": "user", "content": message}]
        return {"model": self._model, "messages": messages, "stream": True}

    def text(self, answered: bytes) -> str:
        """See ``Door.text``."""
        lines = [line.removeprefix("data: ") for line in answered.decode().splitlines() if line.startswith("data: {")]
        return "".join(json.loads(line)["choices"][0]["delta"].get("content", "") for line in lines)


class Prompts:
    """System message and question of each chat, the same sequence for every server.

    Args:
        shared: the rules come first, for all chats the same; else every chat's begin in another way.
    """

    def __init__(self, pack: Pack, shared: bool) -> None:
        self._rules = "".join(faq.answer.zh for faq in pack.faq)[:RULES_CHARS]
        self._questions = itertools.cycle([faq.question.zh for faq in pack.faq])
        self.shared, self._numbers = shared, itertools.count(1)

    def next(self) -> tuple[str, str]:
        """System message and message."""
        head = "" if self.shared else f"{next(self._numbers) * 7919 % 10007} 号对话。"
        return f"{head}你是网店客服，按下面的店规回答。{self._rules}", next(self._questions)


@dataclass
class Answers:
    """What some chats at once got. first_s, whole_s: seconds to the first piece and to the end of each answer."""

    chats: int
    shared: bool
    seconds: float = 0
    first_s: list[float] = field(default_factory=list)
    whole_s: list[float] = field(default_factory=list)
    tokens: int = 0
    cpu_s: float = 0
    rss_mb: float = 0

    @property
    def per_s(self) -> float:
        return len(self.whole_s) / self.seconds

    @property
    def cpu_each_s(self) -> float:
        """CPU seconds an answer."""
        return self.cpu_s / len(self.whole_s)


def measure(door: Door, prompts: Prompts, chats: int, seconds: float, tokenizer: Tokenizer) -> Answers:
    """Keeps so many chats going for some seconds, and lets the last ones end."""
    return asyncio.run(_measure(door, prompts, Answers(chats, prompts.shared), seconds, tokenizer))


async def _measure(door: Door, prompts: Prompts, found: Answers, seconds: float, tokenizer: Tokenizer) -> Answers:
    texts: list[str] = []
    async with client(door) as session:
        before, began = cpu_seconds().total(), time.monotonic()

        async def customer() -> None:
            while time.monotonic() < began + seconds:
                first_s, whole_s, text = await ask(session, door, prompts)
                found.first_s.append(first_s)
                found.whole_s.append(whole_s)
                texts.append(text)

        await asyncio.gather(*(customer() for _ in range(found.chats)))
        found.seconds = time.monotonic() - began
        found.cpu_s, found.rss_mb = cpu_seconds().total() - before, rss_mb()
    found.tokens = sum(len(tokenizer.encode(text).ids) for text in texts)
    return found


@asynccontextmanager
async def client(door: Door) -> AsyncIterator[aiohttp.ClientSession]:
    """A client for many chats at once."""
    timeout, connector = aiohttp.ClientTimeout(TIMEOUT_S), aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, headers=door.headers) as session:
        yield session


async def ask(session: aiohttp.ClientSession, door: Door, prompts: Prompts) -> tuple[float, float, str]:
    """Seconds to the first piece and to the end of one answer, and its text.

    Raises:
        aiohttp.ClientError: the server refused it, or died.
    """
    sent, first, pieces = time.monotonic(), 0.0, b""
    async with session.post(door.url, json=door.body(*prompts.next())) as answer:
        if not answer.ok:
            told = (await answer.text())[:300]
            raise aiohttp.ClientResponseError(answer.request_info, answer.history, status=answer.status, message=told)
        async for piece in answer.content.iter_any():
            first = first or time.monotonic() - sent
            pieces += piece
    return first, time.monotonic() - sent, door.text(pieces)


def answered(found: Sequence[tuple[str, Answers]], name: str, chats: int, shared: bool) -> Answers | None:
    """The measurement of one server, if there is one."""
    return next((one for who, one in found if (who, one.chats, one.shared) == (name, chats, shared)), None)
