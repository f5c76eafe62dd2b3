"""Starting, dying and stopping: what must not start does not, what dies comes back, what stops is gone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import httpx
import psutil
import pytest
import ray

from benchmarks.serving.faults.cluster import cluster
from benchmarks.serving.faults.own_server import own_server
from kefu.paths import ROOT
from kefu.registry.seal import TamperedRelease
from pipelines.params import load_params
from serving.deploy.client import CHANNELS, open_session
from serving.deploy.launch import CannotServe, Server, start
from serving.sessions.valkey import embedded_store
from tests.e2e.conftest import free_port
from tests.fixtures import micro


def test_a_tampered_release_does_not_start(tmp_path: Path) -> None:
    release = shutil.copytree(micro.shared(), tmp_path / "release")
    with (release / "pack/pack.yaml").open("a") as file:
        file.write("# one line more\n")
    params = load_params().serving.model_copy(update={"port": free_port()})
    with pytest.raises(TamperedRelease, match=r"pack/pack\.yaml was changed"):
        start(release, params, runtime=tmp_path, raw=tmp_path)
    with pytest.raises(TamperedRelease, match="the registry says"):
        start(micro.shared(), params, content_hash="0" * 64, runtime=tmp_path, raw=tmp_path)


def test_the_development_key_is_not_shown_to_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KEFU_SECRET", raising=False)
    params = load_params().serving.model_copy(update={"host": "0.0.0.0"})
    with pytest.raises(CannotServe, match="KEFU_SECRET"):
        start(micro.shared(), params, runtime=tmp_path, raw=tmp_path)


def test_a_taken_port_is_an_error(server: Server, tmp_path: Path) -> None:
    with pytest.raises(CannotServe, match=r"Set serving\.port"):
        start(micro.shared(), server.plan.params, runtime=tmp_path, raw=tmp_path)


def test_a_killed_replica_comes_back_and_sessions_go_on(server: Server) -> None:
    session = open_session(server.url, "C1001")
    assert CHANNELS["http"](session, "我要换货")["asks"] == "order_number"
    killed = [p for p in psutil.process_iter(["cmdline"]) if _is_replica(p)]
    assert len(killed) == 1
    killed[0].kill()
    _wait(server.url, 40)
    assert CHANNELS["http"](session, "QM2611140014")["flow"] == "exchange"


def _is_replica(process: psutil.Process) -> bool:
    """This server's inference replica; other Ray sessions may run on the machine."""
    mine = {p.pid for p in psutil.Process().children(recursive=True)}
    return process.pid in mine and "ServeReplica:kefu:Chat" in " ".join(process.info["cmdline"] or [])


def _wait(url: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    time.sleep(1)  # the death has to be noticed first
    while httpx.get(f"{url}/readyz", timeout=10).status_code != 200:
        assert time.monotonic() < end, "the replica did not come back"
        time.sleep(0.5)


def test_stopping_leaves_no_process(tmp_path: Path) -> None:
    """A server of its own, ended with SIGTERM."""
    code = (
        "import signal, sys; from pathlib import Path\n"
        "from pipelines.params import load_params; from serving.deploy.launch import start\n"
        "signal.signal(signal.SIGTERM, lambda *a: sys.exit())\n"
        f"s = start(Path({str(micro.shared())!r}), load_params().serving.model_copy(update={{'port': {free_port()}}}),"
        f" runtime=Path({str(tmp_path)!r}), raw=Path({str(tmp_path)!r}))\n"
        "try:\n    print('up', flush=True); signal.pause()\nfinally:\n    s.stop()\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout and child.stdout.readline() == "up\n"
    family = psutil.Process(child.pid).children(recursive=True)
    assert any("valkey-server" in p.name() for p in family)
    child.terminate()
    child.wait(60)
    _, alive = psutil.wait_procs(family, timeout=15)
    assert alive == []


@pytest.mark.slow
def test_a_server_that_is_killed_leaves_its_port_to_the_next_one(tmp_path: Path) -> None:
    """Its store is Redis here, as for customers: sessions go on."""
    with (
        closing(embedded_store()) as store,
        own_server(micro.shared(), micro.shared(), tmp_path, {"KEFU_REDIS_URL": store.url}) as server,
    ):
        session = open_session(server.url, "C1001")
        assert CHANNELS["http"](session, "我要换货")["asks"] == "order_number"
        family = psutil.Process(server.process.pid).children(recursive=True)
        server.process.kill()
        server.process.wait()
        _, alive = psutil.wait_procs(family, timeout=30)
        assert [one for one in alive if not one.name().startswith("ray::")] == []  # Ray's agents take their time
        assert server.restart() == 1
        assert CHANNELS["http"](session, "QM2611140014")["flow"] == "exchange"


@pytest.mark.slow
def test_a_cluster_answers_while_the_main_process_is_dead(tmp_path: Path) -> None:
    with (
        closing(embedded_store()) as store,
        cluster() as (process, settings),
        own_server(
            micro.shared(), micro.shared(), tmp_path, {**settings, "KEFU_REDIS_URL": store.url}, process
        ) as server,
    ):
        session = open_session(server.url, "C1001")
        assert CHANNELS["http"](session, "我要换货")["asks"] == "order_number"
        server.process.kill()
        server.process.wait()
        assert CHANNELS["http"](session, "QM2611140014")["flow"] == "exchange"
        assert server.restart() == 1
        assert CHANNELS["http"](session, "算了")["flow"] is None
        server.process.terminate()
        server.process.wait()
        with pytest.raises(httpx.HTTPStatusError, match="404"):  # only Ray's proxy is left
            open_session(server.url, "C1001")


def test_ray_is_small_and_local(server: Server) -> None:
    assert ray.cluster_resources()["object_store_memory"] <= 128 * 1024 * 1024


def test_nothing_runs_that_nobody_needs(server: Server) -> None:
    commands = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            commands.append(" ".join(process.cmdline()))
    assert any("ray::ServeController" in command for command in commands)
    needless = ("dashboard/dashboard.py", "autoscaler/_private/monitor.py", "log_monitor.py", "ray::ProxyActor")
    assert [command for command in commands if any(one in command for one in needless)] == []
