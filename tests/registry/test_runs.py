"""What somebody who knows MLflow finds: an experiment of model training, and two repros that compare."""

from __future__ import annotations

import json
import threading
import time

import pytest

from kefu.registry import runs
from kefu.registry.data_sources import DataSource


def test_a_repro_is_named_and_has_parameters_and_headline_figures(registry: None) -> None:
    with runs.stage_run("finetune", {"profile": "tiny", "finetune.rank": 16}, {}, "tiny · 0000edd") as tuned:
        tuned.metrics({"eval_loss": 1.5, "seconds": 3.0})
        tuned.headline({"eval_loss": 1.5})
    with runs.stage_run("evaluate", {"profile": "tiny", "evaluate.seed": 7}, {}, "tiny · 0000edd") as evaluated:
        evaluated.headline({"router.accuracy": 0.9})
    assert tuned.parent_id == evaluated.parent_id
    parent = runs.client().get_run(tuned.parent_id)
    assert parent.info.run_name.endswith(" · tiny · 0000edd") and parent.info.run_name[:4].isdigit()
    assert parent.data.metrics == {"eval_loss": 1.5, "router.accuracy": 0.9}
    assert parent.data.params == {"profile": "tiny", "finetune.rank": "16", "evaluate.seed": "7"}


def test_the_experiment_is_one_of_model_training(registry: None) -> None:
    experiment = runs.client().get_experiment(runs.experiment_id())
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"


def test_what_a_stage_read_is_a_data_set_of_its_run_and_of_the_repro(registry: None) -> None:
    days = DataSource("dialogues", f"{'a' * 32}.dir", "store/dialogues")
    labels = DataSource("labels", f"{'b' * 32}.dir", "store/labels")
    with runs.stage_run("build", {}, {}, inputs=[days, labels]) as build:
        pass
    with runs.stage_run("monitor", {}, {}, inputs=[days]):
        pass
    for run_id in (build.run_id, build.parent_id):
        inputs = runs.client().get_run(run_id).inputs
        read = [one.dataset for one in inputs.dataset_inputs] if inputs else []
        assert {(one.name, one.digest) for one in read} == {("dialogues", days.digest), ("labels", labels.digest)}
        assert {json.loads(one.source)["uri"] for one in read} == {"store/dialogues", "store/labels"}


def test_what_the_machine_does_is_logged_while_a_stage_runs(registry: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.2")
    with runs.stage_run("base", {}, {}) as run:
        time.sleep(1)
    logged = runs.client().get_run(run.run_id).data.metrics
    assert {"system/cpu_utilization_percentage", "system/system_memory_usage_megabytes"} <= logged.keys()
    assert not any(thread.name == "SystemMetricsMonitor" for thread in threading.enumerate())


@pytest.mark.parametrize("steps", [1, 1200])
def test_a_curve_is_whole_when_the_stage_ends(steps: int, registry: None) -> None:
    with runs.stage_run("base", {}, {}) as run:
        for step in range(steps):
            run.step(step, {"loss": 1.0 / (step + 1)})
    history = runs.client().get_metric_history(run.run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(step, 1.0 / (step + 1)) for step in range(steps)]
