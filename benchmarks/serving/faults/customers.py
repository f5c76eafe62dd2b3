"""Customers who send messages one after the other, each again until it is answered; and what must be true of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import httpx

from serving.deploy.client import Session, open_session
from serving.sessions.keys import message_key
from serving.sessions.store import Sessions

MESSAGES = 12
PAUSE_S = 0.3
PATIENCE_S = 120  # until a replica is loaded again, on a loaded machine
TRY_AGAIN = {409, 500, 503}
AGAIN_S = 0.25
SAID = ("你们支持七天无理由退货吗", "你好")
NEED_A_MODEL = ("这种面料会不会掉色起毛球", "跟上次那家比起来呢", "夏天盖会不会太厚", "你觉得哪个更好看")  # one does
SILENT_S = 3  # so long, a message that needs no model never waits
HISTORY = 200  # turns that a customer can read again


class Exchange(NamedTuple):
    """A message, when it was first sent, when it was answered, and the statuses of its tries; 0: the connection broke.

    failed: when its last try that brought no answer had ended; None: there was none.
    """

    key: str
    sent: float
    answered: float
    statuses: tuple[int, ...]
    failed: float | None

    @property
    def ms(self) -> float:
        """Milliseconds that its customer waited."""
        return 1000 * (self.answered - self.sent)


@dataclass
class Customer:
    """One of them."""

    session: Session
    exchanges: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.session.token}"}
        self._client = httpx.Client(base_url=self.session.base_url, headers=headers, timeout=30)

    @property
    def sent(self) -> list[str]:
        """The messages that were answered, as log and store name them."""
        return [one.key for one in self.exchanges]

    @property
    def statuses(self) -> list[int]:
        """Of all tries."""
        return [status for one in self.exchanges for status in one.statuses]

    def talk(self, messages: int = MESSAGES) -> None:
        """Sends some messages with a pause after each answer."""
        for number in range(messages):
            self.say(SAID[number % 2], f"m-{number}")
            time.sleep(PAUSE_S)

    def talk_until(self, end: float, first: float, every_s: float) -> None:
        """Sends a message at ``first`` and then at fixed times, or as soon as the one before is answered."""
        due, number = first, 0
        while due < end:
            time.sleep(max(0.0, due - time.monotonic()))
            self.say(SAID[number % 2], f"m-{number}")
            due, number = due + every_s, number + 1

    def say(self, text: str, message: str) -> dict[str, object]:
        """The reply."""
        began, statuses, failed = time.monotonic(), list[int](), None
        while (answer := self._send({"message": text, "id": message}, statuses)) is None:
            failed = time.monotonic()
            assert failed < began + PATIENCE_S, f"message {message} got no answer within {PATIENCE_S} s"
            time.sleep(AGAIN_S)
        key = message_key(self.session.id, message)
        self.exchanges.append(Exchange(key, began, time.monotonic(), tuple(statuses), failed))
        reply: dict[str, object] = answer["reply"]
        return reply

    def waits_for(self, text: str, message: str) -> bool:
        """Whether a message gets no answer within SILENT_S: it waits for models that stand still."""
        try:
            self._client.post("/v1/chat", json={"message": text, "id": message}, timeout=SILENT_S)
        except httpx.ReadTimeout:
            return True
        return False

    def history(self) -> list[dict[str, str]]:
        """What the server says was said."""
        answer = self._client.get("/v1/messages", params={"limit": HISTORY})
        answer.raise_for_status()
        turns: list[dict[str, str]] = answer.json()["messages"]
        return turns

    def _send(self, body: dict[str, str], statuses: list[int]) -> dict[str, dict[str, object]] | None:
        try:
            answer = self._client.post("/v1/chat", json=body)
        except httpx.TransportError:
            statuses.append(0)
            return None
        statuses.append(answer.status_code)
        assert answer.status_code in {200, *TRY_AGAIN}, answer.text
        found: dict[str, dict[str, object]] | None = answer.json() if answer.status_code == 200 else None
        return found


def message_id(text: str) -> str:
    """An id for a message that is sent once."""
    return text.encode().hex()[:40]


def new_customers(url: str, count: int) -> list[Customer]:
    """So many, each in a session of a SAMPLE customer."""
    return [Customer(open_session(url, "C1001")) for _ in range(count)]


def longest_pause(customers: Sequence[Customer], since: float) -> float:
    """Seconds after ``since`` in which nobody was answered."""
    later = [at for one in customers for exchange in one.exchanges if (at := exchange.answered) > since]
    moments = sorted([since, *later])
    return max((after - before for before, after in zip(moments, moments[1:], strict=False)), default=0.0)


class Wrongs(NamedTuple):
    """Acknowledged messages that are not in log and history as they should be; unknown: there, but never answered."""

    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    unknown: int = 0


def wrongs(customers: Sequence[Customer], raw: Path, store_url: str) -> Wrongs:
    """Looks whether every acknowledged message has one answer, in the order in which they were sent, and no more."""
    lines, lost, doubled, out_of_order, unknown = list(_logged(raw, store_url)), 0, 0, 0, 0
    lines.sort(key=lambda line: line["time"])
    for one in customers:
        own = [line for line in lines if line["message"] in set(one.sent)]
        place = {key: number for number, key in enumerate(one.sent)}
        for role in ("customer", "bot"):
            said: dict[str, set[str]] = {}  # a line may be there twice; its reader keeps the first
            for line in own:
                if line["role"] == role:
                    said.setdefault(line["message"], set()).add(json.dumps(line, sort_keys=True))
            lost += len(place.keys() - said.keys())
            doubled += sum(len(different) > 1 for different in said.values())
            order = [place[key] for key in said]
            out_of_order += sum(before > after for before, after in zip(order, order[1:], strict=False))
        unknown += len({line["message"] for line in lines if line["session"] == one.session.id} - set(one.sent))
        roles = [turn["role"] for turn in one.history()]
        if len(one.sent) * 2 < HISTORY * 0.9:
            lost += max(0, len(one.sent) - roles.count("bot"))
            doubled += max(0, roles.count("bot") - len(one.sent))
            out_of_order += roles != ["customer", "bot"] * (len(roles) // 2)
    return Wrongs(lost, doubled, out_of_order, unknown)


def _logged(raw: Path, store_url: str) -> Iterator[dict[str, str]]:
    """Lines of the conversation log, with those that are still in the outbox."""
    for path in sorted(raw.rglob("*.jsonl")):
        yield from map(json.loads, path.read_text().splitlines())
    for lines in Sessions(store_url, 60).unlogged().values():
        yield from map(json.loads, filter(None, lines.split("\n")))
