"""What HAProxy is told beside what Ray tells it: each edit has to meet Ray's template as it is installed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

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
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=5).json()["error"]["code"] == "unavailable"
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
