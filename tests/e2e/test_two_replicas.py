"""Two replicas: one may die, the models may die in mid-answer, and a release is exchanged, while customers write."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.serving.faults.customers import (
    NEED_A_MODEL,
    Customer,
    Wrongs,
    longest_pause,
    message_id,
    new_customers,
    wrongs,
)
from benchmarks.serving.faults.own_server import CHAT, MODELS, OwnServer, own_server
from kefu.registry.seal import read_manifest, seal
from serving.deploy.client import open_session
from tests.fixtures import micro

pytestmark = pytest.mark.slow
CUSTOMERS = 6
PAUSE_S = 10  # of a loaded machine; with a replica that lives nobody waits for another to load
TWO: dict[str, Any] = {"num_replicas": 2, "num_cpus": 0.5, "model_patience_s": 10, "messages_per_minute": 10**6}


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same release with another hash."""
    folder = Path(shutil.copytree(micro.shared(), tmp_path_factory.mktemp("second") / "release"))
    with (folder / "pack/pack.yaml").open("a") as file:
        file.write("# one line more\n")
    seal(folder, "micro", read_manifest(folder).base, None)
    return folder


@pytest.fixture(scope="module")
def two(second: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    with own_server(micro.shared(), second, tmp_path_factory.mktemp("two"), **TWO) as server:
        yield server


@contextmanager
def talking(server: OwnServer, messages: int) -> Iterator[list[Customer]]:
    """Customers who write meanwhile; at the end they have all been answered."""
    customers = new_customers(server.url, CUSTOMERS)
    with ThreadPoolExecutor(CUSTOMERS) as pool:
        tasks: list[Future[None]] = [pool.submit(one.talk, messages) for one in customers]
        time.sleep(1)
        yield customers
        for task in tasks:
            task.result()


def test_a_sessions_messages_reach_one_replica(two: OwnServer) -> None:
    customers = new_customers(two.url, 2 * CUSTOMERS)
    for one in customers:
        one.talk(3)
    lines = {path: path.read_text() for path in two.raw.rglob("*.jsonl")}
    reached = [{path for path, text in lines.items() if one.session.id in text} for one in customers]
    assert {len(replicas) for replicas in reached} == {1} and len(set.union(*reached)) == 2


def test_one_of_two_replicas_dies_and_nobody_waits_for_another(two: OwnServer) -> None:
    with talking(two, messages=30) as customers:
        victim, _ = two.processes(CHAT)
        victim.kill()
        killed = time.monotonic()
    pause, tries = longest_pause(customers, killed), [status for one in customers for status in one.statuses]
    sys.stdout.write(f"one of two replicas: {tries.count(200)} answers of {len(tries)} tries, {pause:.1f} s without\n")
    assert wrongs(customers, two.raw, two.store_url) == Wrongs()
    assert pause < PAUSE_S


def test_models_that_die_in_mid_answer_cost_their_words_and_the_answer_comes_once(two: OwnServer) -> None:
    customer = Customer(open_session(two.url, None))
    (models,) = two.processes(MODELS)
    models.send_signal(signal.SIGSTOP)
    waiting = next((text for text in NEED_A_MODEL if customer.waits_for(text, message_id(text))), None)
    assert waiting, "none of the messages needs a model: put one here that does"
    models.kill()
    began = time.monotonic()
    reply = customer.say(waiting, message_id(waiting))
    sys.stdout.write(f"models in mid-answer: {time.monotonic() - began:.1f} s until the {reply['route']} answer\n")
    assert str(reply["text"]).strip() and customer.statuses.count(200) == 1
    assert customer.say(waiting, message_id(waiting)) == reply
    lines = [line for path in two.raw.rglob("*.jsonl") for line in path.read_text().splitlines()]
    assert sum(customer.sent[0] in line for line in lines) == 2  # one of the customer, one of the bot
    two.wait_until_ready(TWO["num_replicas"])


def test_an_update_fails_no_request(two: OwnServer, second: Path) -> None:
    before = httpx.get(f"{two.url}/readyz").json()["content_hash"]
    served: list[str] = []
    with talking(two, messages=60) as customers, ThreadPoolExecutor(1) as pool:
        update = pool.submit(two.update)
        while not update.done():
            served.append(httpx.get(f"{two.url}/v1/shop", timeout=20).json()["release"]["content_hash"])
            time.sleep(0.2)
        update.result()
    after = read_manifest(second).content_hash
    assert set(served) <= {before, after} and before != after
    assert httpx.get(f"{two.url}/readyz", timeout=20).json()["content_hash"] == after
    assert {status for one in customers for status in one.statuses} == {200}
    assert wrongs(customers, two.raw, two.store_url) == Wrongs()
