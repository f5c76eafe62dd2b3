"""What every engine does, each over the same model: transformers, OpenVINO in its process, vLLM's stand-in."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import psutil
import pytest
import torch
from tokenizers import Tokenizer

from distill.openvino.convert import convert
from kefu.knowledge.index import KnowledgeEntry
from kefu.llm.acts_format import acts_grammar, parse
from kefu.llm.chat import ChatRenderer
from kefu.llm.engine import DeadlineExceeded, EngineBusy, EngineError, GrammarEngine
from kefu.llm.many_answers import many_answers
from kefu.llm.prompt import answer_messages
from kefu.paths import ROOT
from kefu.schema import Message, Turn
from serving.engines.chat_engine import ChatEngine, EngineSettings
from serving.engines.openvino.engine import WEIGHTS, OpenVINOEngine
from serving.engines.openvino.messages import Setup
from serving.engines.openvino.process import START_S, EngineProcess
from serving.engines.transformers import TransformersEngine
from serving.engines.vllm.engine import VLLMEngine
from serving.engines.vllm.settings import VLLMSettings
from tests.engines.models import log_probs_of, logits
from tests.engines.vllm_stand_in import build, running
from tests.fixtures.demo_pack import PACK

logger = logging.getLogger(__name__)
SETTINGS = EngineSettings(threads=1, chats=2, waiting=1)
CHAT = [Message(role="system", content="你是客服。"), Message(role="user", content="怎么退货？")]
LONG = 300  # tokens that the random models write without an end

PARENT = """
import sys, time
from serving.engines.openvino.messages import Setup
from serving.engines.openvino.process import EngineProcess
print(EngineProcess("edge", Setup(sys.argv[1], 1, 1, {})).pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module", params=["transformers", "openvino", "vllm"])
def engine(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Iterator[ChatEngine]:
    folder = folders["qwen3"]
    if request.param == "transformers":
        yield TransformersEngine("edge", folder, settings=SETTINGS)
        return
    if request.param == "vllm":
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        with running(build(log_probs_of(folder), tokenizer, "edge-0", 512)) as url:
            settings = replace(SETTINGS, vllm=VLLMSettings("", url, 1, 512, 0.9, 60))
            with closing(VLLMEngine("edge", folder, "", settings, "edge-0")) as opened:
                yield opened
        return
    convert(folder, folder / WEIGHTS, "f16")
    with closing(OpenVINOEngine("edge", folder, settings=SETTINGS)) as opened:
        yield opened


def test_tokens_and_log_probabilities_are_those_of_the_model(engine: ChatEngine) -> None:
    ids = engine.renderer.prompt(CHAT)
    steps = list(engine.generate(ids, 8))
    tokens, told = [i for step in steps for i in step.ids], [p for step in steps for p in step.log_probs]
    by_model = logits(engine.folder, [ids + tokens])[0].log_softmax(-1)[len(ids) - 1 : -1]
    own = by_model.gather(-1, torch.tensor(tokens)[:, None])[:, 0]
    assert len(tokens) == 8
    # The likeliest, or one as likely: OpenVINO rounds keys and values to 8 bits.
    assert float((by_model.max(-1).values - own).max()) < 0.05
    assert told == pytest.approx(own.tolist(), abs=0.05)


def test_pieces_joined_are_the_message(engine: ChatEngine) -> None:
    *steps, last = engine.generate(engine.renderer.prompt(CHAT), 12)
    text = "".join(engine.stream(CHAT, 12))
    assert text == "".join(step.text for step in [*steps, last])
    assert engine.renderer.decode([i for step in steps for i in step.ids]).startswith(text)
    assert last.finish == "length" and last.usage is not None and last.usage.new_tokens == 12


def test_a_control_token_ends_the_message(engine: ChatEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = engine.renderer.prompt(CHAT)
    tokens = [i for step in engine.generate(ids, 8) for i in step.ids]
    stop = tokens[-1]
    monkeypatch.setattr(engine, "_stops", engine.renderer.stop_ids | {stop})
    *steps, last = engine.generate(ids, 8)
    assert [i for step in steps for i in step.ids] == tokens[: tokens.index(stop)]
    assert last.finish == "stop" and last.usage is not None
    assert (last.usage.prompt_tokens, last.usage.new_tokens) == (len(ids), tokens.index(stop))


def test_loss_is_the_models_own(engine: ChatEngine) -> None:
    chat = [*CHAT, Message(role="assistant", content="请在订单页申请退货。"), CHAT[1]]
    chat.append(Message(role="assistant", content="七天内可以。" * 60))  # more than one part of the scorer
    rendered = engine.renderer.render(chat)
    learned = [place for place, mask in enumerate(rendered.mask) if mask]
    scores = logits(engine.folder, [rendered.ids])[0].log_softmax(-1)
    own = -sum(float(scores[place - 1, rendered.ids[place]]) for place in learned)
    loss, count = engine.loss(chat)
    assert len(rendered.ids) > 260 and count == len(learned) and loss == pytest.approx(own, rel=0.01)


@pytest.mark.parametrize(
    ("ids", "wrong"),
    [
        ([], "prompt is empty"),
        ([5, 10**6], "token 1000000 is none of the model's"),
        ([-1], "token -1 is none"),
        ([5] * 600, "600 prompt .* more than the model's 512"),
    ],
)
def test_a_prompt_that_is_none_is_refused(engine: ChatEngine, ids: list[int], wrong: str) -> None:
    with pytest.raises(EngineError, match=f"edge: .*{wrong}"):
        next(engine.generate(ids, 8))
    assert engine.stats().in_flight == 0


def test_more_chats_than_it_takes_are_refused_at_once(engine: ChatEngine) -> None:
    ids = engine.renderer.prompt(CHAT)
    running = [engine.generate(ids, LONG) for _ in range(SETTINGS.chats)]
    assert [next(chat).ids for chat in running]
    waiting = threading.Thread(target=lambda: list(engine.generate(ids, LONG)))
    waiting.start()
    while engine.stats().in_flight < engine.stats().capacity:
        time.sleep(0.001)
    began = time.monotonic()
    with pytest.raises(EngineBusy, match="edge: 3 chats are in flight"):
        next(engine.generate(ids, 2))
    assert time.monotonic() - began < 1
    for chat in running:
        chat.close()
    waiting.join(30)
    assert engine.stats().in_flight == 0 and list(engine.generate(ids, 2))


def test_a_stream_that_is_closed_frees_its_place(engine: ChatEngine) -> None:
    ids = engine.renderer.prompt(CHAT)
    for _ in range(3 * engine.stats().capacity):
        with closing(engine.generate(ids, LONG)) as chat:
            next(chat)
    before = engine.stats().tokens
    time.sleep(0.3)
    assert engine.stats().in_flight == 0 and engine.stats().tokens == before
    assert len(list(engine.generate(ids, 4))) == 5


def test_an_answer_has_a_deadline(engine: ChatEngine) -> None:
    ids = engine.renderer.prompt(CHAT)
    with pytest.raises(DeadlineExceeded, match=r"edge: .* serving\.engine_timeout_s"):
        list(engine.generate(ids, LONG, deadline_s=0.001))
    assert engine.stats().in_flight == 0 and list(engine.generate(ids, 2))


def test_a_grammar_is_kept(engine: ChatEngine) -> None:
    assert isinstance(engine, GrammarEngine)
    text = "".join(engine.stream_in_grammar(CHAT, 8, 'start: "person" | "complaint"'))
    assert text in ("person", "complaint") and text != "".join(engine.stream(CHAT, 8))
    *complete, _ = "".join(engine.stream_in_grammar(CHAT, 48, acts_grammar(PACK))).split("\n")
    assert parse("\n".join(complete)) is not None  # the limit of tokens may cut the last line
    with pytest.raises(EngineError, match="edge: "):
        next(engine.stream_in_grammar(CHAT, 8, "start: nothing"))
    assert len(list(engine.generate(engine.renderer.prompt(CHAT), 4))) == 5  # and nobody else is harmed


def test_chats_at_once_get_their_own_answers(engine: ChatEngine) -> None:
    prompts = [engine.renderer.prompt([CHAT[0], Message(role="user", content=text)]) for text in ("退货", "发票怎么开")]
    alone = [[i for step in engine.generate(ids, 6) for i in step.ids] for ids in prompts]
    chats = [engine.generate(ids, 6) for ids in prompts]
    together: list[list[int]] = [[], []]
    for _ in range(7):
        for answer, chat in zip(together, chats, strict=True):
            answer += next(chat).ids
    for chat in chats:
        chat.close()
    assert together == alone and alone[0] != alone[1]


def test_many_answers_come_in_the_order_of_their_prompts_and_none_is_refused(engine: ChatEngine) -> None:
    prompts = [[Message(role="user", content=f"怎么退货？{number}")] for number in range(7)]
    assert len(prompts) > engine.at_once + SETTINGS.waiting
    answers = list(many_answers(engine, prompts, 8))
    assert answers == ["".join(engine.stream(prompt, 8)) for prompt in prompts]


def test_a_killed_process_ends_its_chats_and_comes_back(folders: dict[str, Path]) -> None:
    folder = folders["qwen3"]
    convert(folder, folder / WEIGHTS, "f16")
    with closing(OpenVINOEngine("edge", folder, settings=SETTINGS)) as engine:
        ids, before = engine.renderer.prompt(CHAT), engine.pid
        chat = engine.generate(ids, LONG)
        next(chat)
        os.kill(before, signal.SIGKILL)
        killed = time.monotonic()
        with pytest.raises(EngineError, match="edge: its process ended .*-9.*: send the request again"):
            list(chat)
        told = time.monotonic() - killed
        assert list(engine.generate(ids, 4))  # waits for the new process
        logger.info("the chat ended after %.2f s, the next answer came after %.2f s", told, time.monotonic() - killed)
        assert told < 10 and time.monotonic() - killed < START_S
        assert engine.pid != before and engine.stats().restarts == 1
    with pytest.raises(EngineError, match="was closed"):
        next(engine.generate(ids, 4))


def test_weights_that_are_missing_or_broken_are_told(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"edge: .*export\.engine_weights\.edge"):
        OpenVINOEngine("edge", folders["qwen2"])
    broken = tmp_path / "model"
    broken.symlink_to(folders["qwen2"], target_is_directory=True)
    (folders["qwen2"] / WEIGHTS).mkdir()
    (folders["qwen2"] / WEIGHTS / "openvino_model.xml").write_text("<net/>")
    with pytest.raises(EngineError, match="edge: the engine's process did not load"):
        OpenVINOEngine("edge", broken)


def test_the_process_ends_with_its_parent(folders: dict[str, Path]) -> None:
    convert(folders["qwen3"], folders["qwen3"] / WEIGHTS, "f16")
    command = [sys.executable, "-c", PARENT, str(folders["qwen3"] / WEIGHTS)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    end = time.monotonic() + 30
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_the_prompts_of_two_customers_share_is_read_once(folders: dict[str, Path]) -> None:
    """A step reads 256 tokens at most, so steps tell what was read anew, on a machine of any speed."""
    folder = folders["qwen3"]
    convert(folder, folder / WEIGHTS, "f16")
    renderer = ChatRenderer.from_folder(folder, empty_think=True)
    known = [KnowledgeEntry(id="x", kind="faq", lang="zh", question="退货", answer="七天内可退。" * 25, intent=None)]

    def prompt(text: str) -> list[int]:
        return renderer.prompt(answer_messages(PACK, "zh", known, [Turn(role="customer", text=text, time=None)]))

    with closing(EngineProcess("edge", Setup(str(folder / WEIGHTS), 1, 1, {}))) as process:

        def steps_to_first_token(ids: list[int]) -> int:
            answer = process.answer(ids, 1, frozenset({0}), time.monotonic() + 60)
            return sum(1 for _ in takewhile(lambda step: not step.ids, answer))

        first, second = prompt("怎么退货"), prompt("订单 [ORDER_1] 能退吗")
        assert 256 < len(first) < 512 and 256 < len(second) < 512
        assert steps_to_first_token(first) == 1 and steps_to_first_token(second) == 0
        assert steps_to_first_token([5, *second]) == 1  # nothing of it begins alike


def test_a_process_that_does_nothing_is_ended_and_one_that_works_is_not(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folders["qwen3"]
    convert(folder, folder / WEIGHTS, "f16")
    with closing(EngineProcess("edge", Setup(str(folder / WEIGHTS), 1, 1, {}))) as process:
        answer = process.answer([5, 17, 41], LONG, frozenset({0}), time.monotonic() + 60)
        next(answer)
        is_stuck = process._is_stuck
        with monkeypatch.context() as patch:
            patch.setattr(process, "_is_stuck", lambda: False)  # the supervisor does not look, too
            patch.setattr("serving.engines.openvino.process.STALLED_S", 0.0)
            patch.setattr("serving.engines.openvino.process.WORKS_CPU_S", 0.01)  # a tiny model loads in little more
            assert not is_stuck()  # it has worked since nobody looked
        os.kill(process.pid, signal.SIGSTOP)
        monkeypatch.setattr("serving.engines.openvino.process.STALLED_S", 0.0)
        with pytest.raises(EngineError, match="its process ended .* send the request again"):
            list(answer)
