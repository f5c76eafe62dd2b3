"""One real server for all end-to-end tests: Ray Serve, Valkey, Milvus, a micro release."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.params import load_params
from serving.deploy.launch import Server, start
from tests.fixtures import micro


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="package")  # an idle Ray costs the tests after it a tenth of a core
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("server")
    # Short, so that the tests of what comes too late need not wait; clients of the other tests send at once.
    params = load_params().serving.model_copy(update={"port": free_port(), "body_timeout_s": 5, "token_timeout_s": 5})
    running = start(micro.shared(), params, runtime=folder / "runtime", raw=folder / "raw")
    yield running
    running.stop()


@pytest.fixture
def url(server: Server) -> str:
    return server.url
