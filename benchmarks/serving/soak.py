"""A steady load for long: does memory grow, does anything fail?

Customers come at fixed times, whether the server keeps up or not (an open loop), at a share of what it gave in a closed
loop just before. The slope of memory is a line through the samples of its second half, for start-up is no leak. At a
share of what an idle machine gave, other programs make the load too high: the hardest minutes stand beside their CPU.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp
import numpy as np
import psutil
from rich.table import Table

from benchmarks.serving.traffic import TIMEOUT_S, NewHeaders, cpu_seconds, memory

SAMPLE_S = 5.0
MINUTE_S = 60
HARDEST = 5  # minutes that are shown


@dataclass
class Minute:
    """What came of the messages of one minute, and how much of the machine other programs took."""

    number: int
    latencies_ms: list[float] = field(default_factory=list)
    failed: int = 0
    others_cpu_s: float = 0.0

    @property
    def p99_ms(self) -> float:
        return _percentile(self.latencies_ms, 99)


@dataclass
class Soak:
    """What came of it; each moment in seconds since the beginning.

    answers: (moment of the message, milliseconds). failures: (moment of the message, what it got).
    samples: (moment, MB by process group). others_cpu_s: (moment, CPU seconds of other programs since the one before).
    """

    rate: float
    seconds: float = 0
    answers: list[tuple[float, float]] = field(default_factory=list)
    failures: list[tuple[float, str]] = field(default_factory=list)
    samples: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    others_cpu_s: list[tuple[float, float]] = field(default_factory=list)

    def minutes(self) -> list[Minute]:
        """The minutes in which messages came, in order."""
        found = [Minute(number) for number in range(int(self.seconds // MINUTE_S) + 1)]
        for at, ms in self.answers:
            found[int(at // MINUTE_S)].latencies_ms.append(ms)
        for at, _ in self.failures:
            found[int(at // MINUTE_S)].failed += 1
        for at, spent in self.others_cpu_s:
            found[int(at // MINUTE_S)].others_cpu_s += spent
        return [minute for minute in found if minute.latencies_ms or minute.failed]

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
            sent, at = time.perf_counter(), time.monotonic() - began
            try:
                async with client.post(f"{url}/v1/chat", json={"message": message}, headers=headers) as answer:
                    await answer.read()
            except (aiohttp.ClientError, TimeoutError) as error:
                found.failures.append((at, type(error).__name__))
                return
            if answer.status == 200:
                found.answers.append((at, 1000 * (time.perf_counter() - sent)))
            else:
                found.failures.append((at, str(answer.status)))

        async def watch() -> None:
            before = None
            while True:
                at, now = time.monotonic() - began, await asyncio.to_thread(_others_cpu_s)
                found.samples.append((at, await asyncio.to_thread(_rss_mb)))
                found.others_cpu_s.append((at, now - before if before is not None else 0.0))
                before = now
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


def _others_cpu_s() -> float:
    """CPU seconds so far of all programs but this one and its descendants."""
    spent = psutil.cpu_times()
    return spent.user + spent.nice + spent.system - sum(cpu_seconds().values())


def _percentile(latencies_ms: Sequence[float], share: float) -> float:
    return float(np.percentile(latencies_ms or [float("nan")], share))


def table(found: Soak) -> Table:
    """Memory of each process group: first, last, most, and its slope; the title has the rest."""
    latencies = [ms for _, ms in found.answers]
    title = (
        f"{len(latencies)} answers in {found.seconds / 60:.1f} min at {found.rate:.1f}/s, "
        f"p50 {_percentile(latencies, 50):.0f} ms, p99 {_percentile(latencies, 99):.0f} ms, "
        f"failed: {dict(Counter(what for _, what in found.failures)) or 'none'}"
    )
    shown = Table("process", "first MB", "last MB", "most MB", "MB an hour (second half)", title=title)
    for group in sorted(found.samples[0][1]):
        series = [mb.get(group, 0.0) for _, mb in found.samples]
        slope = found.slope_mb_per_hour(group)
        shown.add_row(group, f"{series[0]:.0f}", f"{series[-1]:.0f}", f"{max(series):.0f}", f"{slope:+.0f}")
    return shown


def hardest(found: Soak) -> Table:
    """The minutes with the most failures, then the slowest, and what other programs took of the machine in them."""
    shown = Table("minute", "answers", "failed", "p99 ms", "other programs, CPU s", title="The hardest minutes")
    for minute in sorted(found.minutes(), key=lambda minute: (-minute.failed, -minute.p99_ms))[:HARDEST]:
        answered, others = str(len(minute.latencies_ms)), f"{minute.others_cpu_s:.1f}"
        shown.add_row(str(minute.number), answered, str(minute.failed), f"{minute.p99_ms:.0f}", others)
    return shown
