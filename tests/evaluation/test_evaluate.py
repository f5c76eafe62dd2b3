"""The evaluate stage itself, on a real (micro) release with real conversations, against a real champion."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel
from transformers import PreTrainedModel

from evaluation.candidate import open_release
from evaluation.forgetting.frozen_sets import freeze_months
from evaluation.items import load_items
from evaluation.metrics import METRICS, TEXT
from evaluation.suites import answers
from kefu.io import read_json, read_jsonl, write_json, write_jsonl
from kefu.knowledge.entries import faq_id
from kefu.registry import releases, runs
from kefu.registry.evaluations import logged_model_id, version_tags
from kefu.registry.seal import read_manifest, seal
from kefu.schema import Example, IntentExample, Message, Prediction, Report, RetrievalExample
from pipelines import evaluate as stage_evaluate
from pipelines import stage as stages
from pipelines.params import load_params
from tests.fixtures import micro
from tests.fixtures.demo_pack import PACK

GOLDEN = {
    "title": "a return that needs order and reason",
    "customer": "C1001",
    "turns": [
        {"say": "我要退货", "expect": {"flow": "return", "asks": "order_number", "says": "订单号"}},
        {"say": "QM2611100011", "expect": {"asks": "return_reason"}},
        {"say": "质量问题", "expect": {"asks": "confirm", "slots": {"return_reason": "quality"}}},
        {"say": "是的", "expect": {"outcome": "resolved", "says_not": "confirm"}},
    ],
    "end": [{"sql": "SELECT status FROM returns WHERE order_id = 'QM2611100011'", "rows": [{"status": "requested"}]}],
}
CONSTANT = "您好，请提供一下<b>订单号</b>。"
CUSTOMERS = 8  # simulated
IMPOSSIBLE = {"title": "<b>expects what cannot be</b>", "turns": [{"say": "你好", "expect": {"says": "<i>no</i>"}}]}


def write_sets(folder: Path) -> None:
    """Held-out sets made of the pack's own words: enough to measure, and right answers are known."""
    pack, who = PACK, {"dialogue_id": "shop:2026-11-02:1", "customer": "c_1", "split": "eval"}
    intents = [(intent.name, text) for intent in pack.taxonomy.intents for text in intent.examples["zh"]]
    turns = [
        IntentExample.model_validate(
            {**who, "turn": n, "text": t, "context": (), "intent": i, "source": "review:1", "confidence": 1}
        )
        for n, (i, t) in enumerate(intents)
    ]
    questions = [
        RetrievalExample(question=faq.question.zh, entry_id=faq_id(faq, "zh"), split="eval", source="faq")
        for faq in pack.faq[:20]
    ]
    chats = [
        Example.model_validate({**who, "id": f"e{n}", "intent": "x", "messages": chat(faq.question.zh, faq.answer.zh)})
        for n, faq in enumerate(pack.faq[:4])
    ]
    chats += [
        Example.model_validate(
            {**who, "id": f"t{n}", "intent": "x", "split": "train", "messages": chat(faq.question.zh, CONSTANT)}
        )
        for n, faq in enumerate(pack.faq[4:8])
    ]
    records: dict[str, Sequence[BaseModel]] = {"router": turns, "retrieval": questions, "sft": chats}
    for name, rows in records.items():
        write_jsonl(folder / f"{name}.jsonl", rows)


def chat(question: str, answer: str) -> tuple[Message, ...]:
    return Message(role="user", content=question), Message(role="assistant", content=answer)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop, the sets and a micro release trained on them; both have two golden conversations."""
    folder = tmp_path_factory.mktemp("evaluated")
    release = shutil.copytree(micro.shared(), folder / "release")
    shutil.rmtree(release / "pack/golden")
    (release / "pack/golden").mkdir()
    for name, golden in {"return": GOLDEN, "impossible": IMPOSSIBLE}.items():
        (release / f"pack/golden/{name}.yaml").write_text(yaml.safe_dump(golden, allow_unicode=True))
    seal(release, "micro", read_manifest(release).base, None)
    shutil.copytree(release / "pack", folder / "shop")
    write_sets(folder / "sets")
    return folder


@pytest.fixture
def project(template: Path, registry: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(stages, "METRICS", tmp_path / "metrics")
    for name in ("EVALUATION", "PLOTS", "RELEASE", "SETS", "CHAMPION", "FROZEN"):
        monkeypatch.setattr(stage_evaluate, name, tmp_path / name.lower())
    monkeypatch.setattr(stages, "ROOT", tmp_path)
    monkeypatch.setattr(stage_evaluate, "load_items", lambda *of: replace(load_items(*of), conversations=CUSTOMERS))
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    write_json(tmp_path / "champion", {"version": None, "content_hash": None})
    return tmp_path


def results(project: Path) -> dict[str, Report]:
    return {r.model: r for r in (Report.model_validate(x) for x in read_json(project / "evaluation/reports.json"))}


def crippled(project: Path) -> None:
    """The challenger becomes a release whose two models have changed places: a difference that must be seen."""
    release, manifest = project / "release", read_manifest(project / "release")
    (release / "centre").rename(release / "was")
    (release / "edge").rename(release / "centre")
    (release / "was").rename(release / "edge")
    seal(release, "micro", manifest.base, None)


def test_challenger_and_champion(project: Path) -> None:
    stage_evaluate.main()
    alone = results(project)
    assert set(alone) == {"challenger"}
    suites = alone["challenger"].suites
    assert {metric for metrics in suites.values() for metric in metrics} <= METRICS.keys()
    assert suites["router"]["accuracy"] > 0.9  # it was trained on these very turns
    assert suites["retrieval"]["hit_at_1"] > 0.9
    assert suites["flows"]["success"] == 0.5  # the return goes well, the impossible does not
    assert suites["answers"]["loss"] > 2  # untrained weights know nothing
    # What needs no model stands beside the models: in the figures, the predictions and on the page.
    assert set(TEXT) == set(suites["constant"]) == set(suites["first_entry"])
    for suite in ("answers", "edge"):
        gain = suites[suite]["token_f1"] - suites["constant"]["token_f1"]
        assert suites[suite]["gain_over_constant"] == pytest.approx(gain)
        assert suites[suite]["gain_over_constant_low"] <= gain
    said = {p.suite: p.predicted for p in read_jsonl(project / "evaluation/predictions.jsonl", Prediction)}
    assert said["constant"] == CONSTANT and said["first_entry"] == ""  # these prompts show no knowledge
    assert "请提供一下&lt;b&gt;订单号" in (project / "evaluation/report.html").read_text()
    assert read_json(project / "metrics/evaluate.json")["router.accuracy"] == suites["router"]["accuracy"]

    assert suites["flows"]["asked_model"] == 0 and "simulator_edge" in suites and suites["simulator_edge"] == {}
    model = runs.client().get_logged_model(str(logged_model_id(alone["challenger"].version)))
    figures = {m.key: (m.dataset_name, m.value) for m in model.metrics or []}
    assert figures["edge.grounded"] == ("sft", suites["edge"]["grounded"])
    assert figures["flows.success"] == ("golden", 0.5)
    traces = runs.client().search_traces([runs.experiment_id()], model_id=model.model_id)
    assert {t.info.tags["mlflow.traceName"]: t.info.state for t in traces} == {"return": "OK", "impossible": "ERROR"}

    version = releases.register(project / "release", {}, None, version_tags(alone["challenger"].version))
    assert runs.client().get_model_version("kefu", str(version)).tags["logged_model"] == model.model_id
    assert not any(suite.startswith("frozen_") for suite in suites)
    freeze_months(project / "sets", project / "frozen", load_params().evaluate.model_copy(update={"frozen_answers": 4}))
    pin = {"version": version, "content_hash": alone["challenger"].version}
    write_json(project / "champion", pin)
    crippled(project)
    stage_evaluate.main()
    both = results(project)
    asked_before = both["champion"].suites.pop("frozen_2026-11")
    assert asked_before["accuracy"] == suites["router"]["accuracy"]
    assert asked_before["edge_token_f1"] == pytest.approx(suites["edge"]["token_f1"])  # four answers, the same ones
    assert both["challenger"].suites["frozen_2026-11"]["edge_token_f1"] == asked_before["token_f1"]
    assert "frozen_2026-11.token_f1" in both["challenger"].differences
    assert both["champion"].suites == suites  # the downloaded artefact measures as it did: same items, same figures
    assert both["challenger"].suites["answers"]["loss"] == suites["edge"]["loss"]
    assert both["challenger"].suites["edge"]["loss"] == suites["answers"]["loss"]
    found = both["challenger"].differences["answers.loss"]  # for the gate
    assert found.delta == pytest.approx(suites["edge"]["loss"] - suites["answers"]["loss"])
    assert suites["answers"]["seen"] == 0 and alone["challenger"].differences == {}
    asked = [(p.model, p.suite, p.id) for p in read_jsonl(project / "evaluation/predictions.jsonl", Prediction)]
    assert len(asked) == len(set(asked))
    of = {model: [(s, i) for m, s, i in asked if m == model] for model in both}
    assert of["challenger"] == of["champion"]

    page = (project / "evaluation/report.html").read_text()
    assert "<b>expects" not in page and "&lt;b&gt;expects" in page  # nothing a model or customer says is markup
    assert "http" not in page  # nothing is loaded from elsewhere
    assert "does not say</span> <code>&lt;i&gt;no" in page


def models_alive() -> int:
    return sum(isinstance(thing, PreTrainedModel) for thing in gc.get_objects())


def test_the_models_of_a_measured_release_are_out_of_memory(project: Path) -> None:
    """Those of the next one need the room; the collector would come when it pleases."""
    before = models_alive()
    few = load_params().evaluate.model_copy(update={"answers": 1, "conversations": 1})
    items = load_items(project / "sets", project / "shop", few)
    gc.disable()
    try:
        stage_evaluate.measure("challenger", project / "release", items, load_params().serving)
        assert models_alive() == before
    finally:
        gc.enable()


class Listener:
    """An engine that keeps what it is asked."""

    name = "centre"
    at_once = 1

    def __init__(self) -> None:
        self.asked: list[list[Message]] = []

    def stream(self, messages: Sequence[Message], max_new_tokens: int) -> Iterator[str]:
        self.asked.append(list(messages))
        yield "好的"

    def loss(self, messages: Sequence[Message]) -> tuple[float, int]:
        self.asked.append(list(messages[:-1]))
        return 1.0, 1


def test_a_model_is_asked_with_what_the_releases_own_retriever_finds(project: Path) -> None:
    """The sets show what another search found; the figures of a model belong to the prompts that serving writes."""
    few = load_params().evaluate.model_copy(update={"answers": 2})
    items = load_items(project / "sets", project / "shop", few)
    foreign = Message(role="system", content="资料：火星上没有快递。")
    asked = [example.model_copy(update={"messages": (foreign, *example.messages)}) for example in items.answers]
    listener = Listener()
    with open_release("challenger", project / "release", load_params().serving) as release:
        release.engines = {"centre": listener}
        answers.centre(release, replace(items, answers=asked))
        right = {faq.question.zh: faq.answer.zh for faq in release.pack.faq}
    assert len(listener.asked) == 4  # two answers, two losses
    for system, question in listener.asked:
        assert right[question.content] in system.content and "火星" not in system.content


def test_only_a_sealed_release_is_measured(project: Path) -> None:
    (project / "release/router/config.json").write_text("{}")
    with pytest.raises(SystemExit, match=r"router/config\.json"):
        stage_evaluate.main()
    assert not (project / "evaluation").exists()


def test_without_training_answers_there_is_nothing_to_compare_with(project: Path) -> None:
    chats = [e for e in read_jsonl(project / "sets/sft.jsonl", Example) if e.split == "eval"]
    write_jsonl(project / "sets/sft.jsonl", chats)
    with pytest.raises(SystemExit, match=r"sft\.jsonl: no constant sentence to compare with"):
        stage_evaluate.main()
