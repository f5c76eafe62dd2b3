"""A release whose edge model has weights for OpenVINO: sealed, loaded, served, and busy when it is full."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from distill.openvino.convert import convert
from kefu.registry.seal import TamperedRelease, read_manifest, seal, verify
from kefu.schema import Message
from serving.api.backend import Event
from serving.api.schemas import ReleaseInfo
from serving.deploy.in_process import InProcessBackend
from serving.dialogue.assistant import Assistant
from serving.engines.load import close_engines, load_engines
from serving.engines.openvino.engine import WEIGHTS, OpenVINOEngine
from serving.engines.settings import engine_settings
from serving.engines.transformers import TransformersEngine
from serving.params import Serving
from serving.sessions.store import Sessions
from serving.sessions.valkey import Store

ASKED = [Message(role="user", content="你好")]


@pytest.fixture(scope="module")
def with_weights(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(shutil.copytree(release, tmp_path_factory.mktemp("release") / "release"))
    convert(folder / "edge", folder / "edge" / WEIGHTS, "int8")
    seal(folder, "micro", read_manifest(folder).base, None)
    return folder


@pytest.fixture
def assistant(with_weights: Path, params: Serving, store: Store, tmp_path: Path) -> Iterator[Assistant]:
    few = params.model_copy(update={"engine_chats": 1, "engine_waiting": 0, "engine_threads": 1})
    engines = load_engines(with_weights, engine_settings(few))
    sessions = Sessions(store.url, params.session_ttl_s)
    opened = Assistant.open(with_weights, tmp_path, few, sessions=sessions, engines=engines)
    yield opened
    opened.close()
    close_engines(engines)


def test_the_release_says_by_which_engine_each_model_runs(assistant: Assistant) -> None:
    assert isinstance(assistant.engines["edge"], OpenVINOEngine)
    assert isinstance(assistant.engines["centre"], TransformersEngine)


def test_the_seal_covers_the_engines_weights(with_weights: Path) -> None:
    verify(with_weights)
    weights = with_weights / "edge" / WEIGHTS / "openvino_model.bin"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(TamperedRelease, match=r"edge/openvino/openvino_model\.bin was changed"):
        verify(with_weights)
    weights.write_bytes(content)


def test_a_full_engine_is_a_503_and_room_is_used_again(assistant: Assistant, params: Serving) -> None:
    backend = InProcessBackend(assistant, ReleaseInfo(version="1", content_hash="0", profile="micro"), params)
    engine = assistant.engines["edge"]
    assert isinstance(engine, OpenVINOEngine)

    async def ask() -> list[Event]:
        return [event async for event in backend.complete("edge", ASKED, 8)]

    running = engine.generate(engine.renderer.prompt(ASKED), 64)
    next(running)
    (refused,) = asyncio.run(ask())
    assert (refused.type, refused.status, refused.code) == ("error", 503, "overloaded")
    running.close()
    assert asyncio.run(ask())[-1].type == "done" and asyncio.run(backend.problem()) is None
