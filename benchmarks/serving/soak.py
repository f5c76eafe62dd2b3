"""A steady load for long: does memory grow, does anything fail?

Customers come at fixed times, whether the server keeps up or not (an open loop), at a share of what it gave in a closed
loop just before. The slope of memory is a line through the samples of its second half, for start-up is no leak.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp
import numpy as np
from rich.table import Table

from benchmarks.serving.traffic import TIMEOUT_S, NewHeaders, memory

SAMPLE_S = 5.0


@dataclass
class Soak:
    """What came of it. samples: (seconds since the beginning, MB by process group)."""

    rate: float
    seconds: float = 0
    latencies_ms: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    samples: list[tuple[float, dict[str, float]]] = field(default_factory=list)

    def slope_mb_per_hour(self, group: str) -> float:
        """Of a process group, over the second half; nan with fewer than three samples in it."""
        half = self.samples[len(self.samples) // 2 :]
        hours, sizes = [at / 3600 for at, _ in half], [mb.get(group, 0.0) for _, mb in half]
        return float(np.polyfit(hours, sizes, 1)[0]) if len(half) > 2 else float("nan")


def soak(url: str, conversation: Sequence[str], new_headers: NewHeaders, rate: float, seconds: float) -> Soak:
    """Sends ``rate`` messages a second for so long; each conversation goes on when its turn comes again."""
    return asyncio.run(_soak(url, conversation, new_headers, rate, seconds))


async def _soak(url: str, conversation: Sequence[str], new_headers: NewHeaders, rate: float, seconds: float) -> Soak:
    found, began = Soak(rate), time.monotonic()
    limits, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(TIMEOUT_S)
    async with aiohttp.ClientSession(connector=limits, timeout=timeout) as client:

        async def send(message: str, headers: dict[str, str]) -> None:
            sent = time.perf_counter()
            try:
                async with client.post(f"{url}/v1/chat", json={"message": message}, headers=headers) as answer:
                    await answer.read()
            except (aiohttp.ClientError, TimeoutError) as error:
                found.failures[type(error).__name__] += 1
                return
            if answer.status == 200:
                found.latencies_ms.append(1000 * (time.perf_counter() - sent))
            else:
                found.failures[str(answer.status)] += 1

        async def watch() -> None:
            while True:
                found.samples.append((time.monotonic() - began, await asyncio.to_thread(_rss_mb)))
                await asyncio.sleep(SAMPLE_S)

        watcher, sending, headers = asyncio.create_task(watch()), set[asyncio.Task[None]](), new_headers()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            if number % len(conversation) == 0:
                headers = new_headers()
            task = asyncio.create_task(send(conversation[number % len(conversation)], headers))
            sending.add(task)
            task.add_done_callback(sending.discard)
        await asyncio.gather(*sending)
        watcher.cancel()
        found.seconds = time.monotonic() - began
    return found


def _rss_mb() -> dict[str, float]:
    return {name: one.rss for name, one in memory().items()}


def table(found: Soak) -> Table:
    """Memory of each process group: first, last, most, and its slope; the title has the rest."""
    p50, p99 = (np.percentile(found.latencies_ms or [float("nan")], share) for share in (50, 99))
    title = (
        f"{len(found.latencies_ms)} answers in {found.seconds / 60:.1f} min at {found.rate:.1f}/s, p50 {p50:.0f} ms, "
        f"p99 {p99:.0f} ms, failed: {dict(found.failures) or 'none'}"
    )
    shown = Table("process", "first MB", "last MB", "most MB", "MB an hour (second half)", title=title)
    for group in sorted(found.samples[0][1]):
        series = [mb.get(group, 0.0) for _, mb in found.samples]
        slope = found.slope_mb_per_hour(group)
        shown.add_row(group, f"{series[0]:.0f}", f"{series[-1]:.0f}", f"{max(series):.0f}", f"{slope:+.0f}")
    return shown
