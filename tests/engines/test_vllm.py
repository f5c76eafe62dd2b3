"""vLLM's engine beyond the contract: its server is started, watched and ended; another server's model is refused.

vLLM itself is not here: ``vllm_stand_in.py`` stands for it. Nothing of this ran on a GPU.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from fastapi import FastAPI
from tokenizers import Tokenizer

from kefu.llm.engine import EngineBusy, EngineError
from kefu.paths import ROOT
from kefu.registry.seal import Manifest
from kefu.schema import Message
from pipelines.params import load_params
from serving.engines.chat_engine import EngineSettings
from serving.engines.load import served_name
from serving.engines.settings import engine_settings
from serving.engines.vllm.engine import VLLMEngine
from serving.engines.vllm.server import GUARD, OwnServer
from tests.engines.vllm_stand_in import build, counting, running

STAND_IN = f"{sys.executable} -m tests.engines.vllm_stand_in"
CHAT = [Message(role="user", content="怎么退货？")]
MODEL = "centre-0123456789ab"


@pytest.fixture
def settings() -> EngineSettings:
    found = engine_settings(load_params(profile="qwen3-8b").serving)
    assert found.vllm
    return replace(found, vllm=replace(found.vllm, program=STAND_IN, max_model_len=512))


@pytest.fixture
def app(folders: dict[str, Path]) -> FastAPI:
    return build(counting, Tokenizer.from_file(str(folders["qwen3"] / "tokenizer.json")), MODEL, 300)


@pytest.fixture
def engine(app: FastAPI, folders: dict[str, Path], settings: EngineSettings) -> Iterator[VLLMEngine]:
    assert settings.vllm
    with running(app) as url:
        given = replace(settings, vllm=replace(settings.vllm, url=f"{url}/"))
        with closing(VLLMEngine("centre", folders["qwen3"], "", given, MODEL)) as opened:
            yield opened


def wait(holds: Callable[[], bool]) -> None:
    """Returns when it holds."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_chat_that_is_closed_ends_in_the_server(engine: VLLMEngine, app: FastAPI) -> None:
    chat = engine.generate(engine.renderer.prompt(CHAT), 200)
    next(chat)
    assert app.state.running == 1 and engine.stats().cache_usage == 0.25
    chat.close()
    wait(lambda: not app.state.running)
    assert engine.stats().cache_usage == 0


def test_a_full_server_is_busy(engine: VLLMEngine, app: FastAPI) -> None:
    app.state.is_full = True
    with pytest.raises(EngineBusy, match="centre: vLLM answers 503: overloaded"):
        next(engine.stream(CHAT, 8))


def test_the_servers_limit_of_tokens_is_kept(engine: VLLMEngine) -> None:
    with pytest.raises(EngineError, match="more than the model's 300"):
        next(engine.generate([5] * 290, 20))


def test_a_server_with_another_model_is_refused(
    app: FastAPI, folders: dict[str, Path], settings: EngineSettings
) -> None:
    assert settings.vllm
    with running(app) as url:
        given = replace(settings, vllm=replace(settings.vllm, url=url))
        with pytest.raises(EngineError, match=f"centre: .* serves {MODEL}, not centre-ffff"):
            VLLMEngine("centre", folders["qwen3"], "", given, "centre-ffff")


def test_a_killed_vllm_ends_its_chats_and_comes_back(folders: dict[str, Path], settings: EngineSettings) -> None:
    with closing(VLLMEngine("centre", folders["qwen3"], "", settings, MODEL)) as engine:
        assert isinstance(engine.server, OwnServer)
        ids, (vllm,) = engine.renderer.prompt(CHAT), psutil.Process(engine.server.pid).children()
        chat = engine.generate(ids, 300)
        next(chat)
        vllm.kill()
        with pytest.raises(EngineError, match="centre: the connection .* was lost .*: send the request again"):
            list(chat)
        wait(lambda: engine.stats().restarts == 1)
        assert len(list(engine.generate(ids, 4))) == 5  # waits for the new one
        (new,) = psutil.Process(engine.server.pid).children()
    assert not new.is_running()
    with pytest.raises(EngineError, match="was closed"):
        next(engine.generate(ids, 4))


def test_vllm_ends_with_its_parent() -> None:
    command = [sys.executable, "-m", GUARD, sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as guard:
        assert guard.stdin and guard.stdout
        guard.stdout.readline()
        (child,) = psutil.Process(guard.pid).children()
        guard.stdin.close()  # as when the parent is killed
        assert guard.wait(60) and not child.is_running()


@pytest.mark.parametrize("program", ["no-such-vllm", f"{STAND_IN} --no-such-argument"])
def test_a_server_that_does_not_start_is_told(program: str, folders: dict[str, Path], settings: EngineSettings) -> None:
    assert settings.vllm
    wrong = replace(settings, vllm=replace(settings.vllm, program=program))
    with pytest.raises(EngineError, match=r"centre: .* did not serve .*serving\.vllm\.program"):
        VLLMEngine("centre", folders["qwen3"], "", wrong, MODEL)


def test_equal_files_have_equal_names() -> None:
    def manifest(**files: str) -> Manifest:
        return Manifest(profile="x", base={}, content_hash="0", files=files, git_commit=None)

    one = manifest(**{"centre/a": "1", "edge/a": "2"})
    assert served_name(one, "centre") == served_name(manifest(**{"centre/a": "1", "edge/a": "3"}), "centre")
    assert served_name(one, "centre") != served_name(manifest(**{"centre/a": "2"}), "centre")
