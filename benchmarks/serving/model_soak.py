"""Chats at a steady rate for many minutes: does memory grow, do answers get slower, does any fail?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp
import numpy as np
from rich.table import Table

from benchmarks.serving.model_traffic import Door, Prompts, ask, client
from benchmarks.serving.servers import load
from benchmarks.serving.traffic import cpu_seconds, rss_mb

MINUTE_S = 60.0


@dataclass
class Minute:
    """What was asked in one minute. whole_s: seconds to the end of each answer. late: still unanswered at its end."""

    whole_s: list[float] = field(default_factory=list)
    failed: int = 0
    late: int = 0
    cpu_s: float = 0.0
    rss_mb: float = 0.0
    load: str = ""


def soak(door: Door, prompts: Prompts, per_s: float, minutes: int) -> list[Minute]:
    """Asks ``per_s`` times a second, whether the answers come or not."""
    return asyncio.run(_soak(door, prompts, per_s, minutes))


async def _soak(door: Door, prompts: Prompts, per_s: float, minutes: int) -> list[Minute]:
    found: list[Minute] = []
    async with client(door) as session:
        open_chats: set[asyncio.Task[None]] = set()
        for _ in range(minutes):
            minute, began, before = Minute(), time.monotonic(), cpu_seconds().total()
            while (left := began + MINUTE_S - time.monotonic()) > 0:
                chat = asyncio.create_task(_chat(session, door, prompts, minute))
                open_chats.add(chat)
                chat.add_done_callback(open_chats.discard)
                await asyncio.sleep(min(left, 1 / per_s))
            minute.late, minute.rss_mb, minute.load = len(open_chats), rss_mb(), load()
            minute.cpu_s = cpu_seconds().total() - before
            found.append(minute)
        await asyncio.gather(*open_chats)
    return found


async def _chat(session: aiohttp.ClientSession, door: Door, prompts: Prompts, minute: Minute) -> None:
    try:
        _, whole_s, _ = await ask(session, door, prompts)
    except aiohttp.ClientError:
        minute.failed += 1
    else:
        minute.whole_s.append(whole_s)


def table(name: str, per_s: float, found: Sequence[Minute]) -> Table:
    """A row a minute."""
    rows = Table(
        *("minute", "answers", "failed", "late", "whole p50 · p95 s", "CPU-s", "RSS MB", "load"),
        title=f"{name}: {per_s:.2f} chats/s",
    )
    for number, minute in enumerate(found, 1):
        shares = [np.percentile(minute.whole_s, share) if minute.whole_s else float("nan") for share in (50, 95)]
        rows.add_row(
            *(str(number), str(len(minute.whole_s)), str(minute.failed), str(minute.late)),
            " · ".join(f"{share:.2f}" for share in shares),
            *(f"{minute.cpu_s:.0f}", f"{minute.rss_mb:.0f}", minute.load),
        )
    return rows


def growth(found: Sequence[Minute]) -> str:
    """How much more memory the last quarter has than the second (the first one warms up)."""
    quarter = len(found) // 4
    if not quarter:
        return "too short to tell whether memory grows: 4 minutes at least"
    early, last = (np.mean([m.rss_mb for m in some]) for some in (found[quarter : 2 * quarter], found[-quarter:]))
    return f"memory of the last quarter: {last / early - 1:+.1%} of the second's"
