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

import httpx
import pytest

from kefu.registry.seal import read_manifest, seal
from serving.deploy.client import open_session
from tests.e2e.customers import Customer, check_log, longest_pause, processes
from tests.e2e.own_server import OwnServer, own_server
from tests.fixtures import micro

pytestmark = pytest.mark.slow
CUSTOMERS = 6
PAUSE_S = 10  # of a loaded machine; with a replica that lives nobody waits for another to load
TWO = {"num_replicas": 2, "num_cpus": 0.5, "model_patience_s": 10, "messages_per_minute": 10**6}


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
    customers = [Customer(open_session(server.url, "C1001")) for _ in range(CUSTOMERS)]
    with ThreadPoolExecutor(CUSTOMERS) as pool:
        tasks: list[Future[None]] = [pool.submit(one.talk, messages) for one in customers]
        time.sleep(1)
        yield customers
        for task in tasks:
            task.result()


def wait_until_ready(server: OwnServer) -> None:
    end = time.monotonic() + 120
    while httpx.get(f"{server.url}/readyz", timeout=20).status_code != 200:
        assert time.monotonic() < end
        time.sleep(0.5)


def test_one_of_two_replicas_dies_and_nobody_waits_for_another(two: OwnServer) -> None:
    with talking(two, messages=30) as customers:
        victim, _ = processes(two.process.pid, "ServeReplica:kefu:Chat")
        victim.kill()
        killed = time.monotonic()
    pause, tries = longest_pause(customers, killed), [status for one in customers for status in one.statuses]
    sys.stdout.write(f"one of two replicas: {tries.count(200)} answers of {len(tries)} tries, {pause:.1f} s without\n")
    check_log(customers, two.raw, two.store_url)
    assert pause < PAUSE_S


def needs_a_model(server: OwnServer, customer: Customer, text: str, message: str) -> bool:
    """Whether a message is not answered while the models are stopped."""
    body, headers = {"message": text, "id": message}, {"Authorization": f"Bearer {customer.session.token}"}
    try:
        httpx.post(f"{server.url}/v1/chat", json=body, headers=headers, timeout=3)
    except httpx.ReadTimeout:
        return True
    return False


def test_models_that_die_in_mid_answer_cost_their_words_and_the_answer_comes_once(two: OwnServer) -> None:
    customer = Customer(open_session(two.url, None))
    (models,) = processes(two.process.pid, "ServeReplica:kefu:Models")
    models.send_signal(signal.SIGSTOP)
    asked = ["这种面料会不会掉色起毛球", "跟上次那家比起来呢", "夏天盖会不会太厚", "你觉得哪个更好看"]
    waiting = next((text for text in asked if needs_a_model(two, customer, text, text.encode().hex()[:40])), None)
    assert waiting, "none of the messages needs a model: put one here that does"
    models.kill()
    began = time.monotonic()
    reply = customer.say(waiting, waiting.encode().hex()[:40])
    sys.stdout.write(f"models in mid-answer: {time.monotonic() - began:.1f} s until the {reply['route']} answer\n")
    assert str(reply["text"]).strip() and customer.statuses.count(200) == 1
    assert customer.say(waiting, waiting.encode().hex()[:40]) == reply
    lines = [line for path in two.raw.rglob("*.jsonl") for line in path.read_text().splitlines()]
    assert sum(customer.sent[0] in line for line in lines) == 2  # one of the customer, one of the bot
    wait_until_ready(two)


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
    check_log(customers, two.raw, two.store_url)
