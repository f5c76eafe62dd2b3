"""What somebody who knows MLflow finds: an experiment of model training, and two repros that compare."""

from __future__ import annotations

import pytest

from kefu.registry import runs


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


@pytest.mark.parametrize("steps", [1, 1200])
def test_a_curve_is_whole_when_the_stage_ends(steps: int, registry: None) -> None:
    with runs.stage_run("base", {}, {}) as run:
        for step in range(steps):
            run.step(step, {"loss": 1.0 / (step + 1)})
    history = runs.client().get_metric_history(run.run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(step, 1.0 / (step + 1)) for step in range(steps)]
