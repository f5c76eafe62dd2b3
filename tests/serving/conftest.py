"""One micro release, one real key-value store and one shop for all tests of serving."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kefu.params import Serving, load
from serving.dialogue.assistant import Assistant
from serving.knowledge.sessions import Sessions
from serving.knowledge.valkey import Store, open_store
from serving.log import ConversationLog
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


@pytest.fixture(scope="session")
def params() -> Serving:
    return load().serving


@pytest.fixture
def open_assistant(release: Path, store: Store, params: Serving, tmp_path: Path) -> Iterator[Opener]:
    """Opens assistants on a fresh shop, with a conversation log below ``tmp_path / "raw"``."""
    opened: list[Assistant] = []

    def make(name: str = "runtime", **changes: object) -> Assistant:
        chosen = params.model_copy(update=changes)
        sessions, log = Sessions(store.url, chosen.session_ttl_s), ConversationLog(tmp_path / "raw", "r1")
        opened.append(Assistant.open(release, tmp_path / name, chosen, sessions=sessions, log=log))
        return opened[-1]

    yield make
    for assistant in opened:
        assistant.close()


@pytest.fixture
def assistant(open_assistant: Opener) -> Assistant:
    return open_assistant()
