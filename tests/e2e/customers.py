"""Customers who send messages one after the other, each again until it is answered; and what must be true of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from serving.deploy.client import Session
from serving.sessions.keys import message_key
from serving.sessions.store import Sessions

MESSAGES = 12
PATIENCE_S = 120  # until a replica is loaded again, on a loaded machine
TRY_AGAIN = {409, 500, 503}


@dataclass
class Customer:
    """One of them. statuses: of all tries; 0 for a connection that broke."""

    session: Session
    sent: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)

    def talk(self, messages: int = MESSAGES) -> None:
        for number in range(messages):
            self.say("你好" if number % 2 else "你们支持七天无理由退货吗", f"m-{number}")
            time.sleep(0.3)

    def say(self, text: str, message: str) -> dict[str, object]:
        """The reply."""
        end = time.monotonic() + PATIENCE_S
        while (answer := self._send({"message": text, "id": message})) is None:
            assert time.monotonic() < end, f"message {message} got no answer within {PATIENCE_S} s"
            time.sleep(0.25)
        self.sent.append(message_key(self.session.id, message))
        self.acknowledged.append(time.monotonic())
        reply: dict[str, object] = answer["reply"]
        return reply

    def _send(self, body: dict[str, str]) -> dict[str, dict[str, object]] | None:
        headers = {"Authorization": f"Bearer {self.session.token}"}
        try:
            answer = httpx.post(f"{self.session.base_url}/v1/chat", json=body, headers=headers, timeout=30)
        except httpx.TransportError:
            self.statuses.append(0)
            return None
        self.statuses.append(answer.status_code)
        assert answer.status_code in {200, *TRY_AGAIN}, answer.text
        found: dict[str, dict[str, object]] | None = answer.json() if answer.status_code == 200 else None
        return found


def processes(parent: int, command: str) -> list[psutil.Process]:
    """Descendants of a process; other servers may run on the machine."""
    family = psutil.Process(parent).children(recursive=True)
    return [one for one in family if command in " ".join(one.cmdline())]


def longest_pause(customers: Sequence[Customer], since: float) -> float:
    """Seconds after ``since`` in which nobody was answered."""
    later = [moment for one in customers for moment in one.acknowledged if moment > since]
    moments = sorted([since, *later])
    return max((after - before for before, after in zip(moments, moments[1:], strict=False)), default=0.0)


def check_log(customers: Sequence[Customer], raw: Path, store_url: str) -> None:
    """Every acknowledged message has one answer, in the order in which they were sent, and nothing else is there."""
    lines = sorted(_logged(raw, store_url), key=lambda line: line["time"])
    for one in customers:
        for role in ("customer", "bot"):
            said = [line["message"] for line in lines if line["message"] in one.sent and line["role"] == role]
            assert list(dict.fromkeys(said)) == one.sent  # a line may be there twice; its reader keeps the first
        kept = {line["message"] for line in lines if line["session"] == one.session.id}
        assert kept == set(one.sent)


def _logged(raw: Path, store_url: str) -> Iterator[dict[str, str]]:
    """Lines of the conversation log, with those that are still in the outbox."""
    for path in sorted(raw.rglob("*.jsonl")):
        yield from map(json.loads, path.read_text().splitlines())
    for lines in Sessions(store_url, 60).unlogged().values():
        yield from map(json.loads, filter(None, lines.split("\n")))
