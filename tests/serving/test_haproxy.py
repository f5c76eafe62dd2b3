"""What HAProxy is told beside what Ray tells it: each edit has to meet Ray's template as it is installed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import httpx
import psutil
import pytest
from ray.serve._private.haproxy_templates import HAPROXY_CONFIG_TEMPLATE

from kefu.paths import ROOT
from serving.deploy import haproxy
from serving.params import Serving
from tests.e2e.conftest import free_port


def edited(params: Serving, folder: Path, commands: list[str]) -> str:
    (folder / "cfg").write_text(HAPROXY_CONFIG_TEMPLATE)
    arguments = [part for command in commands for part in ("-e", command)]
    subprocess.run(["sed", "-i", *arguments, str(folder / "cfg")], check=True)
    return (folder / "cfg").read_text()


def test_every_edit_meets_rays_template(params: Serving, tmp_path: Path) -> None:
    for command in haproxy.edits(params, Path("/there/503.http")):
        assert edited(params, tmp_path, [command]) != HAPROXY_CONFIG_TEMPLATE, command


def test_strangers_get_no_page_of_haproxy_and_their_address_is_not_logged(params: Serving, tmp_path: Path) -> None:
    lines = edited(params, tmp_path, haproxy.edits(params, Path("/there/503.http"))).splitlines()
    bound = [line.split()[1] for line in lines if line.strip().startswith("bind ") and "frontend" not in line]
    assert [place.split(":")[0] for place in bound] == ["127.0.0.1"] * 2  # figures, and figures for Prometheus
    assert "    option forwardfor except 127.0.0.0/8" in lines and "    timeout http-request 10s" in lines
    assert not any(line.endswith(("local0 info", "option httplog", " check backup")) for line in lines)
    assert {line.split()[2] for line in lines if line.strip().startswith("errorfile")} == {"/there/503.http"}


def test_haproxy_takes_the_configuration(params: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script that Ray starts edits the file that it is given, and the binary finds nothing wrong with it."""
    monkeypatch.setattr(os, "environ", {**os.environ, haproxy.SWITCH: "1"})
    folder = haproxy.prepare(params)
    assert folder is not None
    config = tmp_path / "haproxy.cfg"
    config.write_text(
        "defaults\n    mode http\n    log 127.0.0.1:514 local0 info\n    option httplog\n"
        "    timeout connect 5s\n    timeout client 5s\n    timeout server 5s\n    errorfile 503 /old\n"
        "frontend http_frontend\n    bind *:8000\nlisten stats\n  bind *:8404\n  stats enable\n"
    )
    checked = subprocess.run([folder / "haproxy", "-c", "-f", config], capture_output=True, text=True, cwd=ROOT)
    assert checked.returncode == 0, checked.stderr
    assert "    bind *:8000\n" in config.read_text()  # where customers are to reach it
    response = (folder / "503.http").read_bytes()
    head, _, body = response.partition(b"\r\n\r\n")
    assert b"Retry-After: " in head and json.loads(body)["error"]["code"] == "unavailable"
    assert folder.stat().st_mode & 0o077 == 0


CONFIG = """defaults
    mode http
    retries 0
    timeout connect 1s
    timeout client 5s
    timeout server 5s
    errorfile 503 /old
frontend http_frontend
    bind 127.0.0.1:{port}
    default_backend replicas
backend replicas
    server dead 127.0.0.1:1
"""
NO_REPLICAS = CONFIG.replace("    server dead 127.0.0.1:1\n", "    http-request return status 418\n")


def answers(port: int) -> bool:
    """Whether a HAProxy listens, which finds no replica."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).json()["error"]["code"] == "unavailable"
    except httpx.TransportError:
        return False


def wait_until(is_so: Callable[[], bool]) -> float:
    """Seconds that it took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() < began + 20
        time.sleep(0.02)
    return time.monotonic() - began


def test_a_haproxy_that_is_killed_has_a_stand_in_until_another_knows_the_replicas(
    params: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, haproxy.SWITCH: "1"})
    folder, port, config = haproxy.prepare(params), free_port(), tmp_path / "haproxy.cfg"
    assert folder is not None

    def start(text: str = CONFIG) -> subprocess.Popen[bytes]:
        config.write_text(text.format(port=port))
        return subprocess.Popen([folder / "haproxy", "-db", "-f", config, "-dR"], start_new_session=True)

    def stand_ins() -> int:
        """Not counting the shells that watch, which have the script's name."""
        running = [one.info["cmdline"] or [] for one in psutil.process_iter(["cmdline"])]
        return sum(line[1:2] == ["-db"] and line[-1].startswith(str(folder)) for line in running)

    first = start()
    wait_until(lambda: answers(port))
    os.killpg(first.pid, signal.SIGKILL)  # as Ray does with all that its keeper has started
    first.wait()
    pause = wait_until(lambda: answers(port))
    sys.stdout.write(f"HAProxy: {pause:.1f} s without any answer\n")
    assert stand_ins() == 1
    new = start(NO_REPLICAS)  # Ray's, which knows no replica yet
    wait_until((folder / "nobody").exists)
    assert all(answers(port) for _ in range(30)) and stand_ins() == 1
    new.kill()
    new.wait()
    second = start()
    wait_until(lambda: stand_ins() == 0)
    assert answers(port)
    second.kill()
    second.wait()
    wait_until(lambda: answers(port))
    shutil.rmtree(folder)  # as ``Server.stop`` does
    wait_until(lambda: stand_ins() == 0)
    assert not answers(port)


WAITS = """global
    nbthread 2
defaults
    mode http
    timeout connect 1s
    timeout client 20s
    timeout server 20s
    option redispatch 1
    errorfile 503 /old
frontend http_frontend
    bind *:{port}
    # Per-backend path ACLs
    acl is_kefu path_beg /
    acl is_kefu path /
    # Static routing based on path prefixes
    use_backend kefu if is_kefu
    default_backend default_backend
backend default_backend
    http-request return status 404 content-type text/plain string ""
backend kefu
    default-server fastinter 50ms downinter 50ms inter 50ms fall 1 rise 1
    # Servers in this backend
    server replica 127.0.0.1:{replica} check
"""
KNOWS_NONE = "".join(line for line in WAITS.split("backend kefu\n")[0].splitlines(True) if "is_kefu" not in line)


class Replica(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"answered")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def replica(port: int) -> Iterator[None]:
    with HTTPServer(("127.0.0.1", port), Replica) as server:
        Thread(target=server.serve_forever, args=[0.02]).start()
        try:
            yield
        finally:
            server.shutdown()


def test_a_request_waits_for_the_next_replica_through_two_other_haproxies_and_a_probe_does_not(
    params: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the only one dies: Ray starts a HAProxy that knows none, and another that knows the new one."""
    monkeypatch.setattr(os, "environ", {**os.environ, haproxy.SWITCH: "1"})
    folder, port, old, new = haproxy.prepare(params), free_port(), free_port(), free_port()
    assert folder is not None
    running: list[subprocess.Popen[bytes]] = []

    def start(text: str, replica_port: int) -> None:
        config = tmp_path / f"{len(running)}.cfg"
        config.write_text(text.format(port=port, replica=replica_port))
        replaced = ["-sf", str(running[-1].pid)] if running else []
        running.append(subprocess.Popen([folder / "haproxy", "-db", "-f", config, *replaced]))

    def get(path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=20)

    with ThreadPoolExecutor(3) as customers:
        start(WAITS, old)
        with replica(old):
            wait_until(lambda: reached(get))
        wait_until(lambda: get("/readyz").status_code == 503)
        waiting = [customers.submit(get, "/v1/shop")]
        for text, replica_port in ((KNOWS_NONE, old), (WAITS, new)):
            time.sleep(0.5)  # one waits in each of the three
            start(text, replica_port)
            waiting.append(customers.submit(get, "/v1/shop"))
        assert not any(one.done() for one in waiting)
        with replica(new):
            assert [one.result().text for one in waiting] == ["answered"] * 3
    shutil.rmtree(folder)
    for one in running:
        one.kill()
        one.wait()


def test_a_request_for_which_no_replica_comes_gets_our_error(
    params: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, haproxy.SWITCH: "1"})
    monkeypatch.setattr(haproxy, "PATIENCE_S", 1)
    folder, port, config = haproxy.prepare(params), free_port(), tmp_path / "haproxy.cfg"
    assert folder is not None
    config.write_text(KNOWS_NONE.format(port=port))
    with subprocess.Popen([folder / "haproxy", "-db", "-f", config]) as running:
        wait_until(lambda: answers(port))
        refused = httpx.get(f"http://127.0.0.1:{port}/v1/shop", timeout=20)
        running.terminate()
    assert refused.status_code == 503 and refused.json()["error"]["code"] == "unavailable"
    shutil.rmtree(folder)


def reached(get: Callable[[str], httpx.Response]) -> bool:
    try:
        return get("/readyz").text == "answered"
    except httpx.TransportError:
        return False
