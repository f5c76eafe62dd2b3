"""The clients that people use against the OpenAI-compatible interface, over a real socket."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import (
    APIError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    OpenAI,
    RateLimitError,
)

from kefu.llm.engine import EngineBusy, EngineError
from kefu.paths import ROOT
from serving.api.tokens import session_token
from serving.dialogue.assistant import Assistant
from serving.params import Serving
from tests.fixtures.web import open_web, serving_over_http
from tests.fixtures.words_engine import PROMPT_TOKENS, WORDS, WordsEngine

NPM = ROOT / "tests/fixtures/openai_npm"
HI: list[Any] = [{"role": "user", "content": "你好"}]
USAGE = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": len(WORDS), "total_tokens": PROMPT_TOKENS + len(WORDS)}


@pytest.fixture(scope="module")
def words() -> WordsEngine:
    return WordsEngine()


@pytest.fixture(scope="module")
def url(_one: Assistant, params: Serving, words: WordsEngine) -> Iterator[str]:
    """The whole assistant of the micro release; its edge model is exchanged, its centre is the release's."""
    own, _one.engines = _one.engines, {**_one.engines, "edge": words}
    with serving_over_http(open_web(_one, params)) as address:
        yield f"{address}/v1"
    _one.engines = own


@pytest.fixture
def client(url: str) -> OpenAI:
    return OpenAI(base_url=url, api_key=session_token("C1001", 600), max_retries=0, timeout=60)


def test_models_are_listed_and_found(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["kefu", "kefu-centre", "kefu-edge"]
    assert client.models.retrieve("kefu").owned_by == "kefu"
    with pytest.raises(NotFoundError):
        client.models.retrieve("gpt-4")


@pytest.mark.parametrize("model", ["kefu", "kefu-edge", "kefu-centre"])
def test_a_stream_says_what_a_whole_answer_says_under_one_id(client: OpenAI, model: str) -> None:
    asked: dict[str, Any] = {"model": model, "messages": HI, "max_completion_tokens": 8, "temperature": 0.7}
    whole = client.chat.completions.create(**asked, seed=1, user="u", top_p=0.9)
    chunks = list(client.chat.completions.create(**asked, stream=True))
    assert len({chunk.id for chunk in chunks}) == 1 and chunks[0].id.startswith("chatcmpl-")
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert said == whole.choices[0].message.content and said
    finishes = [chunk.choices[0].finish_reason for chunk in chunks]
    assert finishes == [None] * (len(chunks) - 1) + [whole.choices[0].finish_reason]
    assert {chunk.usage for chunk in chunks} == {None} and (whole.usage is None) == (model == "kefu")


def test_usage_comes_with_a_whole_answer_and_at_the_end_of_a_stream_that_asks_for_it(client: OpenAI) -> None:
    asked: dict[str, Any] = {"model": "kefu-edge", "messages": HI}
    whole = client.chat.completions.create(**asked)
    assert whole.usage and whole.usage.model_dump(exclude_none=True) == USAGE
    assert whole.choices[0].message.content == "".join(WORDS) and whole.choices[0].finish_reason == "stop"
    *chunks, last = client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    assert last.choices == [] and last.usage and last.usage.model_dump(exclude_none=True) == USAGE
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)
    kefu = client.chat.completions.create(
        model="kefu", messages=HI, stream=True, stream_options={"include_usage": True}
    )
    assert {chunk.usage for chunk in kefu} == {None}


@pytest.mark.parametrize("limit", [{"max_completion_tokens": 3}, {"max_tokens": 3}])
def test_a_limit_of_tokens_is_length(client: OpenAI, limit: dict[str, int]) -> None:
    cut = client.chat.completions.create(model="kefu-edge", messages=HI, **limit)  # type: ignore[call-overload]
    assert cut.choices[0].message.content == "".join(WORDS[:3])
    assert cut.choices[0].finish_reason == "length" and cut.usage.completion_tokens == 3


@pytest.mark.parametrize(
    ("stop", "said", "tokens"),
    [
        ("七天", "您好，我们", 4),
        (["购买", "们七"], "您好，我", 4),  # across two tokens; the first that comes counts
        (["。请放心"], "您好，我们七天内包退", 9),
        (["没有"], "".join(WORDS), len(WORDS)),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_ends_before_a_stop_word(
    client: OpenAI, words: WordsEngine, stop: str | list[str], said: str, tokens: int, stream: bool
) -> None:
    words.made = 0
    answer = client.chat.completions.create(model="kefu-edge", messages=HI, stop=stop, stream=stream)
    if stream:
        chunks = list(answer)
        text, finish = "".join(c.choices[0].delta.content or "" for c in chunks), chunks[-1].choices[0].finish_reason
    else:
        text, finish = answer.choices[0].message.content, answer.choices[0].finish_reason  # type: ignore[union-attr]
    assert (text, finish, words.made) == (said, "stop", tokens)  # and no token more is made


@pytest.mark.parametrize("stream", [False, True])
def test_the_assistants_answer_ends_before_a_stop_word_too(client: OpenAI, stream: bool) -> None:
    whole = client.chat.completions.create(model="kefu", messages=HI).choices[0].message.content
    assert whole and len(whole) > 4
    answer = client.chat.completions.create(model="kefu", messages=HI, stop=whole[2:4], stream=stream)
    text = (
        "".join(chunk.choices[0].delta.content or "" for chunk in answer)
        if stream
        else answer.choices[0].message.content  # type: ignore[union-attr]
    )
    assert text == whole[:2]


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"logprobs": True}, "logprobs"),
        ({"temperature": 3}, "temperature"),
        ({"max_completion_tokens": 0}, "max_completion_tokens"),
        ({"messages": []}, "messages"),
    ],
)
def test_what_is_not_offered_is_a_bad_request_that_names_it(client: OpenAI, more: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        client.chat.completions.create(**{"model": "kefu-edge", "messages": HI, **more})
    assert (refused.value.param, refused.value.type) == (param, "invalid_request_error")


def test_what_asks_for_nothing_more_is_taken(client: OpenAI) -> None:
    usual: dict[str, Any] = {
        "n": 1,
        "tools": [],
        "functions": None,
        "response_format": {"type": "text"},
        "logprobs": False,
        "stop": None,
    }
    assert client.chat.completions.create(model="kefu-edge", messages=HI, **usual).choices


def test_errors_are_the_clients_own(client: OpenAI, url: str, words: WordsEngine) -> None:
    stranger = OpenAI(base_url=url, api_key="sk-nobody", max_retries=0)
    with pytest.raises(AuthenticationError, match="not issued here"):
        stranger.chat.completions.create(model="kefu", messages=HI)
    with pytest.raises(NotFoundError) as unknown:
        client.chat.completions.create(model="gpt-4", messages=HI)
    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")
    for error, code in ((EngineError("edge: broke"), "model_failed"), (EngineBusy("edge: full"), "overloaded")):
        words.fails = (0, error)
        with pytest.raises(InternalServerError) as failed:
            client.chat.completions.create(model="kefu-edge", messages=HI)
        assert failed.value.code == code
    words.fails = (9, EngineError("edge: broke"))
    with pytest.raises(APIError, match="edge: broke"):
        list(client.chat.completions.create(model="kefu-edge", messages=HI, stream=True))
    words.fails = None
    assert client.chat.completions.create(model="kefu-edge", messages=HI).choices


def test_too_many_messages_are_the_clients_rate_limit(_one: Assistant, params: Serving) -> None:
    few = params.model_copy(update={"messages_per_minute": 1})
    with serving_over_http(open_web(_one, few)) as address:
        client = OpenAI(base_url=f"{address}/v1", api_key=session_token(None, 600), max_retries=0)
        with pytest.raises(RateLimitError) as limited:
            for _ in range(3):  # a minute may end in between
                client.chat.completions.create(model="kefu", messages=HI)
    assert 0 < int(limited.value.response.headers["Retry-After"]) <= 60


def test_langchain(url: str) -> None:
    from langchain_openai import ChatOpenAI  # a second of imports that most tests of this folder need not

    model: Any = ChatOpenAI(base_url=url, api_key=session_token(None, 600), model="kefu-edge", max_retries=0)
    whole = model.invoke("你好")
    assert whole.content == "".join(WORDS) and whole.usage_metadata["output_tokens"] == len(WORDS)
    chunks = list(model.stream("你好", stream_usage=True))
    assert "".join(chunk.content for chunk in chunks) == "".join(WORDS)
    assert sum(chunk.usage_metadata["total_tokens"] for chunk in chunks if chunk.usage_metadata) == sum((7, len(WORDS)))
    assert model.bind(stop=["七天"]).invoke("你好").content == "您好，我们"
    assistant: Any = ChatOpenAI(base_url=url, api_key=session_token("C1001", 600), model="kefu", max_retries=0)
    assert assistant.invoke([("system", "Be brief."), ("user", "你好")]).content
    with pytest.raises(BadRequestError, match="tools"):
        model.bind_tools([{"name": "f", "description": "d", "parameters": {}}]).invoke("你好")


def test_llama_index(url: str) -> None:
    from llama_index.core.llms import ChatMessage
    from llama_index.llms.openai_like import OpenAILike

    model: Any = OpenAILike(
        api_base=url, api_key=session_token(None, 600), model="kefu-edge", is_chat_model=True, max_retries=0
    )
    asked = [ChatMessage(role="user", content="你好")]
    assert model.chat(asked).message.content == "".join(WORDS)
    assert list(model.stream_chat(asked))[-1].message.content == "".join(WORDS)
    assert model.chat(asked, stop=["七天"]).message.content == "您好，我们"


@pytest.fixture(scope="module")
def node_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with OpenAI's client for Node, of the version and hash in its lock."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    folder = Path(shutil.copytree(NPM, tmp_path_factory.mktemp("npm") / "client"))
    install = ["npm", "ci", "--prefer-offline", "--no-audit", "--no-fund"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"npm cannot reach its registry: {done.stderr[-500:]}")
    return folder


def test_the_client_of_node(node_client: Path, url: str) -> None:
    asked = ["node", "ask.mjs", url, session_token("C1001", 600)]
    done = subprocess.run(asked, cwd=node_client, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["models"] == ["kefu", "kefu-centre", "kefu-edge"] and said["assistant"]
    assert said["whole"] == said["streamed"] == "".join(WORDS) and said["ids"] == 1 and said["usage"] == USAGE
    assert (said["cut"], said["stopped"]) == ("length", "您好，我们")
    assert said["many"] == {"kind": "BadRequestError", "status": 400, "param": "n"}
    assert (said["stranger"]["kind"], said["stranger"]["status"]) == ("AuthenticationError", 401)
