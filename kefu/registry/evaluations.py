"""What MLflow keeps of an evaluation: the release as a LoggedModel, its figures by data set, what it was asked with.

A LoggedModel stands for one content hash; evaluating the same release again adds figures to the same one. Data sets are
recorded by name, digest and source: customers' words stay in the store, where `kefu forget` finds them. What is the
pack's own (golden conversations, prompts) is registered with its text.

A rerun after a kill adds what is missing and repeats nothing but traces.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from mlflow.entities import (
    Dataset,
    DatasetInput,
    LoggedModelOutput,
    Span,
    SpanType,
    TraceInfo,
    TraceLocation,
    TraceState,
)
from mlflow.exceptions import MlflowException
from mlflow.tracing.client import TracingClient

from kefu.registry.runs import MeasuredOn, StageRun, client, experiment_id, uri
from kefu.schema import SpokenTurn

HASH = "content_hash"
DIGEST_LENGTH = 36  # characters that MLflow keeps of a digest
MODEL_TYPE = "kefu-release"


class DataSource(NamedTuple):
    """A data set that a release was measured on. digest: of its bytes. source: path inside the project."""

    name: str
    digest: str
    source: str

    @property
    def entity(self) -> Dataset:
        source = json.dumps({"uri": self.source})
        return Dataset(name=self.name, digest=self.digest[:DIGEST_LENGTH], source_type="local", source=source)


class TracedConversation(NamedTuple):
    """A conversation with the whole assistant. faults: what went wrong, in words; empty: nothing."""

    name: str
    turns: Sequence[SpokenTurn]
    faults: str


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

    Args:
        params: of the model, e.g. its bases.
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
        client().finalize_logged_model(model_id, "READY")
    client().log_outputs(run.run_id, [LoggedModelOutput(model_id, step=0)])
    client().log_inputs(run.run_id, datasets=[DatasetInput(one.entity) for one in dict.fromkeys(sources.values())])
    measured = {suite: MeasuredOn(model_id, one.name, one.entity.digest) for suite, one in sources.items()}
    run.measured_on.update(measured)
    return model_id


def log_conversations(run: StageRun, model_id: str, conversations: Sequence[TracedConversation]) -> None:
    """One trace a conversation, one span a turn. Texts are kept: only for conversations that the pack itself holds."""
    tracing, experiment = TracingClient(uri()), experiment_id()
    now_ms = int(time.time() * 1000)
    spans = []
    for conversation in conversations:
        trace_id = f"tr-{uuid4().hex}"
        milliseconds = sum(turn.latency_ms for turn in conversation.turns)
        tracing.start_trace(
            TraceInfo(
                trace_id=trace_id,
                trace_location=TraceLocation.from_experiment_id(experiment),
                request_time=now_ms,
                state=TraceState.ERROR if conversation.faults else TraceState.OK,
                execution_duration=int(milliseconds),
                request_preview=conversation.name,
                response_preview=conversation.faults or "as written",
                trace_metadata={"mlflow.modelId": model_id, "mlflow.sourceRun": run.run_id},
                tags={"mlflow.traceName": conversation.name},
            )
        )
        spans += list(_spans(conversation, trace_id, now_ms))
    if spans:
        tracing.log_spans(experiment, spans)


def _spans(conversation: TracedConversation, trace_id: str, start_ms: float) -> Iterator[Span]:
    root = uuid4().hex[:16]
    end_ms = start_ms + sum(turn.latency_ms for turn in conversation.turns)
    said = [turn.said for turn in conversation.turns]
    outputs = conversation.faults or "as written"
    yield _span(conversation.name, trace_id, root, None, (start_ms, end_ms), said, outputs, bool(conversation.faults))
    for number, turn in enumerate(conversation.turns, 1):
        times = (start_ms, start_ms + turn.latency_ms)
        name = f"turn {number}: {turn.route}"
        yield _span(name, trace_id, uuid4().hex[:16], root, times, turn.said, turn.answered, False)
        start_ms = times[1]


def _span(
    name: str,
    trace_id: str,
    span_id: str,
    parent: str | None,
    times_ms: tuple[float, float],
    inputs: object,
    outputs: object,
    failed: bool,
) -> Span:
    attributes = {
        "mlflow.traceRequestId": trace_id,
        "mlflow.spanType": SpanType.CHAIN if parent else SpanType.AGENT,
        "mlflow.spanInputs": inputs,
        "mlflow.spanOutputs": outputs,
    }
    return Span.from_dict(
        {
            "name": name,
            "trace_id": trace_id,
            "span_id": span_id,
            "parent_span_id": parent or "",
            "start_time_unix_nano": int(times_ms[0] * 1e6),
            "end_time_unix_nano": int(times_ms[1] * 1e6),
            "status": {"code": "ERROR" if failed else "OK", "message": ""},
            "attributes": {key: json.dumps(value, ensure_ascii=False) for key, value in attributes.items()},
            "events": [],
        }
    )


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
