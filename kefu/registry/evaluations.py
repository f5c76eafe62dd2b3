"""What MLflow keeps of an evaluation: the release as a LoggedModel, its figures by data set, what it was asked with.

A LoggedModel stands for one content hash; evaluating the same release again adds figures to the same one. Data sets are
recorded by name, digest and source: customers' words stay in the store, where `kefu forget` finds them. What is the
pack's own (golden conversations, prompts) is registered with its text.

A rerun after a kill adds what is missing and repeats nothing but traces.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlflow.entities import LoggedModelOutput
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.tracing.client import TracingClient
from mlflow.types import ColSpec, Schema

from kefu.registry.data_sources import DataSource, log_inputs
from kefu.registry.runs import MeasuredOn, StageRun, client, experiment_id, uri

HASH = "content_hash"
MODEL_TYPE = "kefu-release"
MAKERS = ("router", "retriever", "finetune", "distill", "export")
# What `POST /v1/chat` takes and gives (docs/reference/api.md); who asks is told by the session's token.
TAKES = Schema([ColSpec("string", "message"), ColSpec("string", "lang", required=False)])
GIVES = Schema([*(ColSpec("string", name) for name in ("text", "route", "intent")), ColSpec("double", "confidence")])


def logged_model_id(content_hash: str) -> str | None:
    """The LoggedModel of a release, if it was evaluated."""
    found = client().search_logged_models([experiment_id()], f"tags.{HASH} = '{content_hash}'", max_results=1)
    return str(found[0].model_id) if found else None


def version_tags(content_hash: str) -> dict[str, str]:
    """Names the release's LoggedModel on its registered version; MLflow's SQL registry drops `model_id`."""
    logged = logged_model_id(content_hash)
    return {"logged_model": logged} if logged else {}


def log_model(run: StageRun, content_hash: str, params: Mapping[str, str], sources: Mapping[str, DataSource]) -> str:
    """Makes the release's LoggedModel, the output of this run; the run's metrics then belong to it and their data set.

    The runs that made its parts show it as their output, too. It has a signature: what serving takes and gives.

    Args:
        params: of the model, e.g. its bases; ``data.<path>``: the hash of a part.
        sources: suite → what it was measured on; metrics are called ``suite.metric``.

    Returns:
        The id of the LoggedModel.
    """
    model_id = logged_model_id(content_hash)
    if model_id is None:
        made = client().create_logged_model(
            experiment_id(),
            name=f"release-{content_hash[:12]}",
            source_run_id=run.run_id,
            tags={HASH: content_hash},
            params=dict(params),
            model_type=MODEL_TYPE,
        )
        model_id = str(made.model_id)
        _log_signature(model_id)
        client().finalize_logged_model(model_id, "READY")
        for maker in _makers(params):
            client().log_outputs(maker, [LoggedModelOutput(model_id, step=0)])
    client().log_outputs(run.run_id, [LoggedModelOutput(model_id, step=0)])
    log_inputs(client(), run.run_id, sources.values())
    measured = {suite: MeasuredOn(model_id, one.name, one.entity.digest) for suite, one in sources.items()}
    run.measured_on.update(measured)
    return model_id


def _makers(params: Mapping[str, str]) -> Iterator[str]:
    """Of each stage that makes parts of a release the newest run whose inputs are those of this release."""
    for stage in MAKERS:
        asked = f"tags.`kefu.stage` = '{stage}' AND attributes.status = 'FINISHED'"
        runs = client().search_runs([experiment_id()], asked, order_by=["attributes.start_time DESC"])
        read = ((run.info.run_id, {k: v for k, v in run.data.tags.items() if k in params}) for run in runs)
        yield from [run_id for run_id, tags in read if tags and tags.items() <= params.items()][:1]


def _log_signature(model_id: str) -> None:
    """Puts an MLmodel file among the model's artefacts; its flavour is Kefu's own, which `kefu serve` loads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "MLmodel"
        Model(flavors={MODEL_TYPE: {}}, signature=ModelSignature(TAKES, GIVES), model_id=model_id).save(path)
        client().log_model_artifact(model_id, str(path))


def register_dataset(name: str, digest: str, records: Sequence[Mapping[str, Any]]) -> str:
    """An MLflow evaluation dataset with these records (``inputs``, ``expectations``); equal digest, nothing to do.

    Returns:
        Its id.
    """
    found = client().search_datasets([experiment_id()], filter_string=f"name = '{name}'", max_results=1)
    dataset = found[0] if found else client().create_dataset(name, experiment_id())
    dataset_id = str(dataset.dataset_id)
    if (dataset.tags or {}).get("digest") != digest:
        TracingClient(uri()).store.upsert_dataset_records(dataset_id, [dict(record) for record in records])
        client().set_dataset_tags(dataset_id, {"digest": digest})
    return dataset_id


def register_prompts(prompts: Mapping[str, str], model_id: str) -> dict[str, int]:
    """Registers prompts whose text is not their newest version's yet, and links all to the model: name → version."""
    versions = {name: _prompt_version(name, text) for name, text in prompts.items()}
    for name, version in versions.items():
        client().link_prompt_version_to_model(name, str(version), model_id)
    return versions


def _prompt_version(name: str, text: str) -> int:
    try:
        newest = client().load_prompt(f"prompts:/{name}@latest", allow_missing=True, cache_ttl_seconds=0)
    except MlflowException:
        newest = None
    if newest is not None and newest.template == text:
        return int(newest.version)
    return int(client().register_prompt(name, text).version)
