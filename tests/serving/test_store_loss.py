"""The store is lost: what is said meanwhile, and that everything goes on by itself."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from fastapi.testclient import TestClient
from redis.exceptions import RedisError

from kefu.paths import ROOT
from kefu.shop.part import Text
from serving.api.app import build_web
from serving.api.schemas import ReleaseInfo
from serving.api.site import Front, Site
from serving.deploy.in_process import InProcessBackend
from serving.dialogue.assistant import Assistant
from serving.params import Serving
from serving.sessions import valkey
from serving.sessions.store import Sessions
from serving.sessions.valkey import Store, embedded_store
from serving.tools.demo_database import build
from tests.fixtures.desk import open_desk

PATIENCE_S = 30  # on a loaded machine; it takes a second


@pytest.fixture
def own_store() -> Iterator[Store]:
    with closing(embedded_store()) as store:
        yield store


def folder_of(store: Store) -> Path:
    return Path(store.url.removeprefix("unix://")).parent


def server_of(store: Store) -> psutil.Process:
    found = [p for p in psutil.Process().children() if str(folder_of(store)) in " ".join(p.cmdline())]
    (server,) = [process for process in found if "valkey-server" in process.cmdline()[0]]
    return server


def wait_for(sessions: Sessions) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            sessions.ping()
        except RedisError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the store did not come back")


def test_an_embedded_store_that_is_killed_comes_back_with_what_it_knew(own_store: Store) -> None:
    sessions = Sessions(own_store.url, 60)
    with sessions.hold("s1", "C1001", "m1") as held:
        held.session.misses = 2
        sessions.commit(held, answer="first", log="")
    died = server_of(own_store)
    died.kill()
    wait_for(sessions)
    assert server_of(own_store).pid != died.pid
    assert sessions.load("s1", "C1001").misses == 2
    with sessions.hold("s1", "C1001", "m1") as again:
        assert again.answered == "first"


def test_closing_leaves_no_process_and_no_file() -> None:
    store = embedded_store()
    server, folder = server_of(store), folder_of(store)
    assert folder.stat().st_mode & 0o077 == 0
    store.close()
    assert not server.is_running() and not folder.exists()


def test_a_process_that_is_killed_leaves_no_store() -> None:
    code = "from serving.sessions.valkey import embedded_store\nprint(embedded_store().url, flush=True)\ninput()"
    opener = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert opener.stdout
    folder = Path(opener.stdout.readline().strip().removeprefix("unix://")).parent
    family = psutil.Process(opener.pid).children(recursive=True)
    assert any("valkey" in one.name() for one in family) and folder.exists()
    opener.kill()
    opener.wait()
    _, alive = psutil.wait_procs(family, timeout=PATIENCE_S)
    assert not alive and not folder.exists()


def test_what_a_killed_process_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "_parent", lambda: tmp_path)
    left, new = tmp_path / "kefu-store-left", tmp_path / "kefu-store-new"
    for folder in (left, new):
        folder.mkdir()
        (folder / "appendonly.aof").write_text("personal data")
    hours_ago = time.time() - 7200
    os.utime(left, (hours_ago, hours_ago))
    with closing(embedded_store()) as living:
        os.utime(folder_of(living), (hours_ago, hours_ago))
        with closing(embedded_store()):
            assert not left.exists() and new.exists() and server_of(living).is_running()


def test_short_memory_takes_silent_sessions_and_no_hand_over(own_store: Store) -> None:
    sessions = Sessions(own_store.url, 600)
    sessions.client.config_set("maxmemory", "8mb")
    sessions.client.hset("kefu:waiting", "s0 c_0", "a hand-over")
    for number in range(300):
        sessions.client.set(f"kefu:session:{number}", "x" * 50_000, ex=600)
    assert sessions.client.hget("kefu:waiting", "s0 c_0") == "a hand-over"
    assert 0 < len(list(sessions.client.scan_iter("kefu:session:*"))) < 300


@pytest.fixture
def desk(tmp_path: Path, release: Path) -> Iterator[Assistant]:
    build(release / "pack", tmp_path / "shop.db")
    with open_desk(tmp_path / "shop.db") as assistant:
        yield assistant


def test_ready_names_what_an_answer_lacks(desk: Assistant, store: Store, own_store: Store, params: Serving) -> None:
    title = Text(zh="店", en="shop")
    front = Front(name=title, greeting=title, sample=False, demo_customers=(), questions=())
    backend = InProcessBackend(desk, ReleaseInfo(version="7", content_hash="0", profile="micro"), params)

    def ready(web: TestClient) -> tuple[int, str]:
        answer = web.get("/readyz")
        assert (answer.status_code == 503) == ("Retry-After" in answer.headers)
        return answer.status_code, answer.json().get("error", {}).get("message", "")

    web = TestClient(build_web(Site(backend, Sessions(store.url, 60), params, front, False)))
    assert ready(web) == (503, "models: centre, edge not loaded")
    desk.engines = dict.fromkeys(("centre", "edge"))  # type: ignore[assignment]
    assert ready(web) == (200, "")
    shop = desk.tools.db.rename(desk.tools.db.with_suffix(".away"))
    assert ready(web)[0] == 503 and ready(web)[1].startswith("shop: ")
    shop.rename(desk.tools.db)
    assert ready(web) == (200, "")

    lost = TestClient(build_web(Site(backend, Sessions(own_store.url, 60), params, front, False)))
    own_store.close()
    assert ready(lost)[0] == 503 and ready(lost)[1].startswith("store: does not answer: ")
    answer = lost.post("/v1/session")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
