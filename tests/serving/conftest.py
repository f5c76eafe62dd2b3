"""One micro release, one real key-value store and one shop for all tests of serving."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kefu.paths import ROOT
from pipelines.params import load_params
from serving.conversation_log import ConversationLog
from serving.dialogue.assistant import Assistant
from serving.params import Serving
from serving.sessions.store import Sessions
from serving.sessions.valkey import Store, open_store
from serving.tools.demo_database import build, restore
from tests.fixtures import micro

Opener = Callable[..., Assistant]


@pytest.fixture(scope="session")
def release() -> Path:
    return micro.shared()


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    opened = open_store()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's shop as it begins, built once a module."""
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    build(ROOT / "shop", path)
    return path


@pytest.fixture(scope="session")
def params() -> Serving:
    """Clients of the tests have no address: they call the application by this name."""
    return load_params().serving.model_copy(update={"development_hosts": ("testserver",)})


@pytest.fixture(scope="session")
def open_assistant(
    release: Path, store: Store, params: Serving, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Opener]:
    """Opens assistants, each on a shop and an index of its own; they share the key-value store."""
    opened: list[Assistant] = []

    def make() -> Assistant:
        folder = tmp_path_factory.mktemp("assistant")
        sessions, log = Sessions(store.url, params.session_ttl_s), ConversationLog(folder / "raw", "r1", "a1b2")
        opened.append(Assistant.open(release, folder / "runtime", params, sessions=sessions, log=log))
        return opened[-1]

    yield make
    for assistant in opened:
        assistant.close()


@pytest.fixture(scope="session")
def _one(open_assistant: Opener) -> Assistant:
    return open_assistant()


@pytest.fixture(scope="session")
def _fresh_shop(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop of the release as it begins."""
    path = tmp_path_factory.mktemp("fresh") / "shop.db"
    build(release / "pack", path)
    return path


@pytest.fixture
def assistant(_one: Assistant, _fresh_shop: Path) -> Assistant:
    """One assistant for all tests; its shop begins anew for each."""
    restore(_fresh_shop, _one.tools.db)
    return _one
