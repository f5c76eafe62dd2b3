"""What an evaluation leaves in MLflow, in a real registry: the model, its figures by data set, traces, prompts."""

from __future__ import annotations

import pytest
from mlflow.models import get_model_info

from kefu.registry import evaluations, runs
from kefu.registry.data_sources import DataSource
from kefu.registry.traces import TracedConversation, log_conversations
from kefu.schema import SpokenTurn

HASH = "ab" * 32
SOURCES = {
    "router": DataSource("router", "1" * 64, "store/sets/router.jsonl"),
    "flows": DataSource("golden", "2" * 64, "shop/golden"),
}
TURNS = [
    SpokenTurn(said="在吗", answered="您好", route="chitchat", latency_ms=3.5),
    SpokenTurn(said="退货", answered="订单号是多少？", route="flow", latency_ms=6.5),
]


def test_a_release_is_a_logged_model_with_figures_by_data_set(registry: None) -> None:
    with runs.stage_run("evaluate", {"evaluate.seed": 7}, {}) as run:
        model_id = evaluations.log_model(run, HASH, {"profile": "tiny", "centre": "tiny-qwen3"}, SOURCES)
        run.metrics({"router.accuracy": 0.9, "flows.success": 1.0, "seconds": 3.0})
    with runs.stage_run("evaluate", {}, {}) as again:
        assert evaluations.log_model(again, HASH, {}, SOURCES) == model_id, "the same content is one model"
    model = runs.client().get_logged_model(model_id)
    assert model.status == "READY" and model.params == {"profile": "tiny", "centre": "tiny-qwen3"}
    figures = {(m.key, m.dataset_name, m.dataset_digest, m.value) for m in model.metrics or []}
    assert figures == {("router.accuracy", "router", "1" * 36, 0.9), ("flows.success", "golden", "2" * 36, 1.0)}
    logged = runs.client().get_run(run.run_id)
    assert logged.data.metrics == {"router.accuracy": 0.9, "flows.success": 1.0, "seconds": 3.0}
    assert logged.data.params == {"evaluate.seed": "7"}
    assert logged.inputs and logged.outputs
    assert {one.dataset.name for one in logged.inputs.dataset_inputs} == {"router", "golden"}
    assert [one.model_id for one in logged.outputs.model_outputs] == [model_id]


def test_a_release_has_a_signature_and_names_what_it_was_made_of(registry: None) -> None:
    with runs.stage_run("finetune", {}, {"data.store/sets": "of before"}) as older:
        pass
    with runs.stage_run(
        "finetune", {}, {"data.store/sets": "s", "data.store/base": "b", "data.store/code": "c"}
    ) as own:
        pass
    with runs.stage_run("evaluate", {}, {}) as run:
        made_of = {"profile": "tiny", "data.store/sets": "s", "data.store/base": "b", "data.store/adapter": "a"}
        model_id = evaluations.log_model(run, HASH, made_of, SOURCES)
    assert runs.client().get_logged_model(model_id).params == made_of
    signature = get_model_info(f"models:/{model_id}").signature
    assert signature.inputs.required_input_names() == ["message"]
    assert signature.outputs.input_names() == ["text", "route", "intent", "confidence"]
    for made_by, models in ((own, [model_id]), (older, [])):
        outputs = runs.client().get_run(made_by.run_id).outputs
        assert [one.model_id for one in (outputs.model_outputs if outputs else [])] == models


def test_a_run_with_many_parameters_and_figures_logs_all(registry: None) -> None:
    """More than MLflow takes in one batch."""
    with runs.stage_run("ingest", {f"p{number}": number for number in range(230)}, {}) as run:
        run.metrics({f"m{number}": float(number) for number in range(1200)})
    logged = runs.client().get_run(run.run_id).data
    assert (len(logged.params), len(logged.metrics)) == (230, 1200) and logged.metrics["m1199"] == 1199


def test_conversations_are_traces_of_the_model_turn_by_turn(registry: None) -> None:
    conversations = [
        TracedConversation("return", TURNS, "turn 2: asks is None, not 'order_number'"),
        TracedConversation("hello", TURNS[:1], ""),
    ]
    with runs.stage_run("evaluate", {}, {}) as run:
        model_id = evaluations.log_model(run, HASH, {}, SOURCES)
        log_conversations(run, model_id, conversations)
        log_conversations(run, model_id, [])
    traces = runs.client().search_traces([runs.experiment_id()], model_id=model_id)
    found = {trace.info.tags["mlflow.traceName"]: trace for trace in traces}
    assert {name: trace.info.state for name, trace in found.items()} == {"return": "ERROR", "hello": "OK"}
    spans = found["return"].data.spans
    assert [(span.name, span.inputs, span.outputs) for span in spans[1:]] == [
        ("turn 1: chitchat", "在吗", "您好"),
        ("turn 2: flow", "退货", "订单号是多少？"),
    ]
    assert spans[0].inputs == ["在吗", "退货"] and spans[0].outputs.startswith("turn 2")
    assert found["return"].info.execution_duration == pytest.approx(10, abs=1)  # both ends are rounded to milliseconds


def test_golden_conversations_are_an_evaluation_dataset(registry: None) -> None:
    records = [{"inputs": {"messages": [f"{n}"]}, "expectations": {"turns": []}} for n in range(3)]
    dataset = evaluations.register_dataset("kefu-golden", "d1", records)
    assert evaluations.register_dataset("kefu-golden", "d1", []) == dataset
    more = [*records, {"inputs": {"messages": ["more"]}, "expectations": {"turns": []}}]
    assert evaluations.register_dataset("kefu-golden", "d2", more) == dataset
    found = runs.client().get_dataset(dataset)
    assert found.tags["digest"] == "d2" and len(found.records) == 4


@pytest.mark.parametrize(("text", "version"), [("您是{{ shop }}的客服。", 1), ("别的话", 2)])
def test_a_prompt_has_a_new_version_only_when_its_words_change(registry: None, text: str, version: int) -> None:
    with runs.stage_run("evaluate", {}, {}) as run:
        model_id = evaluations.log_model(run, HASH, {}, SOURCES)
    assert evaluations.register_prompts({"kefu-answer-zh": "您是{{ shop }}的客服。"}, model_id) == {"kefu-answer-zh": 1}
    assert evaluations.register_prompts({"kefu-answer-zh": text}, model_id) == {"kefu-answer-zh": version}
    assert "kefu-answer-zh" in runs.client().get_logged_model(model_id).tags["mlflow.linkedPrompts"]
