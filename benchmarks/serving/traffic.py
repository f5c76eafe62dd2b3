"""Closed-loop customers: each sends a message, waits for its answer, and sends the next one, at once or after a pause.

With pauses, customers come at random (the times between two messages of one are exponential), so that now and then
several come at once. A message whose time has come waits for the answer before it.

The CPU of a measurement is that of this process and all its descendants: the load generator is part of the figure.
"""

from __future__ import annotations

import asyncio
import random
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import aiohttp
import numpy as np
import psutil

TIMEOUT_S = 60
SEED = 7
RAYS_OWN = (
    "gcs_server", "raylet", "log_monitor", "runtime_env", "dashboard", "ServeController", "HAProxyManager", "IDLE",
)  # fmt: skip
NewHeaders = Callable[[], dict[str, str]]  # of the next conversation


class Memory(NamedTuple):
    """MB of a process: all its resident pages, and the same with shared ones divided among those that share them."""

    rss: float
    pss: float


@dataclass
class Measured:
    """What some customers at once got: answers, seconds, CPU seconds by process group, memory by process."""

    sessions: int
    seconds: float = 0
    by_message_ms: dict[str, list[float]] = field(default_factory=dict)
    cpu_s: Counter[str] = field(default_factory=Counter)
    memory: dict[str, Memory] = field(default_factory=dict)
    failed: int = 0
    by_model: int = 0

    @property
    def latencies_ms(self) -> list[float]:
        """Of all answers."""
        return [one for some in self.by_message_ms.values() for one in some]

    @property
    def rss_mb(self) -> float:
        """Resident memory of all processes; pages that several share count for each."""
        return sum(one.rss for one in self.memory.values())

    @property
    def pss_mb(self) -> float:
        """Memory that all processes take together."""
        return sum(one.pss for one in self.memory.values())

    @property
    def answers_per_s(self) -> float:
        return len(self.latencies_ms) / self.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds an answer, all processes together."""
        return 1000 * self.cpu_s.total() / max(1, len(self.latencies_ms))

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share (0–100) of the answers came."""
        return percentile(self.latencies_ms, share)


def percentile(latencies_ms: Sequence[float], share: float) -> float:
    """Milliseconds within which this share (0–100) of them came; nan without any."""
    return float(np.percentile(latencies_ms, share)) if latencies_ms else float("nan")


def measure(
    url: str,
    conversation: Sequence[str],
    new_headers: NewHeaders,
    sessions: int,
    seconds: float,
    own_ids: bool,
    rate: float = 0,
) -> Measured:
    """Holds ``sessions`` conversations at once, over and over, for some seconds.

    Args:
        conversation: the messages of each.
        new_headers: HTTP headers of a new conversation.
        own_ids: send a message id, as clients of Kefu do.
        rate: answers a second that all sessions together ask for; 0: nobody pauses.
    """
    return asyncio.run(_measure(url, conversation, new_headers, sessions, seconds, own_ids, rate))


async def _measure(
    url: str,
    conversation: Sequence[str],
    new_headers: NewHeaders,
    sessions: int,
    seconds: float,
    own_ids: bool,
    rate: float,
) -> Measured:
    measured = Measured(sessions)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(TIMEOUT_S)
    ) as client:
        before, began = cpu_seconds(), time.monotonic()

        async def customer(number: int) -> None:
            times, due = random.Random(f"{SEED}-{number}"), began
            while time.monotonic() < began + seconds:
                headers = new_headers()
                for message in conversation:
                    if rate:
                        due += times.expovariate(rate / sessions)
                        if due > began + seconds:
                            return
                        await asyncio.sleep(max(0.0, due - time.monotonic()))
                    if time.monotonic() > began + seconds and measured.by_message_ms:
                        return
                    body = {"message": message} | ({"id": secrets.token_hex(8)} if own_ids else {})
                    sent = time.perf_counter()
                    async with client.post(f"{url}/v1/chat", json=body, headers=headers) as answer:
                        said = await answer.json()
                    if answer.status != 200:
                        measured.failed += 1
                        continue
                    measured.by_message_ms.setdefault(message, []).append(1000 * (time.perf_counter() - sent))
                    measured.by_model += said.get("reply", {}).get("route") == "model"

        await asyncio.gather(*map(customer, range(sessions)))
        measured.seconds = time.monotonic() - began
        measured.cpu_s = cpu_seconds() - before
        measured.memory = memory()
    return measured


def cpu_seconds() -> Counter[str]:
    """CPU seconds of this process and its descendants so far, by what they do."""
    spent: Counter[str] = Counter()
    for name, some in _groups().items():
        spent[name] = sum(sum(p.cpu_times()[:2]) for p in some)
    return spent


def rss_mb() -> float:
    """Resident memory of the descendants; pages that several share count for each."""
    return sum(one.rss for one in memory().values())


def memory() -> dict[str, Memory]:
    """Memory of the descendants by name; those of one name together."""
    found: dict[str, Memory] = {}
    for process in psutil.Process().children(recursive=True):
        try:
            name, now = _name(process), process.memory_full_info()
        except psutil.Error:
            continue
        known = found.get(name, Memory(0, 0))
        found[name] = Memory(known.rss + now.rss / 1e6, known.pss + now.pss / 1e6)
    return found


def _groups() -> dict[str, list[psutil.Process]]:
    own = psutil.Process()
    groups: dict[str, list[psutil.Process]] = {"load": [own]}
    for process in own.children(recursive=True):
        try:
            groups.setdefault(_group(process), []).append(process)
        except psutil.Error:
            continue
    return groups


def _group(process: psutil.Process) -> str:
    command = " ".join(process.cmdline())
    if replica := re.match(r"ray::ServeReplica:[^:]+:(\w+)", command):  # while it is called, its method follows
        return replica[1]
    if "ProxyActor" in command or "haproxy" in command.lower():
        return "proxy"
    if "benchmarks.serving." in command:
        return "server"
    return "store" if "valkey" in command else "ray"


def _name(process: psutil.Process) -> str:
    """The group of a process; of Ray's own, which one it is."""
    if (group := _group(process)) != "ray":
        return group
    command = " ".join(process.cmdline())
    return next((name for name in RAYS_OWN if name in command), process.name())
