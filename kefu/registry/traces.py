"""Conversations as traces of MLflow: what was said, what answered, how long each turn took.

A rerun after a kill logs them again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple
from uuid import uuid4

from mlflow.entities import Span, SpanType, TraceInfo, TraceLocation, TraceState
from mlflow.tracing.client import TracingClient

from kefu.registry.runs import StageRun, client, experiment_id, uri
from kefu.schema import SpokenTurn

NO_TAGS: Mapping[str, str] = MappingProxyType({})


class TracedConversation(NamedTuple):
    """A conversation with the whole assistant.

    faults: what went wrong, in words; empty: nothing. began_ms: since 1970; None: now.
    """

    name: str
    turns: Sequence[SpokenTurn]
    faults: str
    began_ms: int | None = None


def log_conversations(
    run: StageRun, model_id: str | None, conversations: Sequence[TracedConversation], tags: Mapping[str, str] = NO_TAGS
) -> None:
    """One trace a conversation, one span a turn. What the turns say is kept: no customer's words may be in it."""
    tracing, experiment = TracingClient(uri()), experiment_id()
    now_ms = int(time.time() * 1000)
    spans = []
    for conversation in conversations:
        trace_id = f"tr-{uuid4().hex}"
        began_ms = now_ms if conversation.began_ms is None else conversation.began_ms
        milliseconds = sum(turn.latency_ms for turn in conversation.turns)
        tracing.start_trace(
            TraceInfo(
                trace_id=trace_id,
                trace_location=TraceLocation.from_experiment_id(experiment),
                request_time=began_ms,
                state=TraceState.ERROR if conversation.faults else TraceState.OK,
                execution_duration=int(milliseconds),
                request_preview=conversation.name,
                response_preview=conversation.faults or "as written",
                trace_metadata={"mlflow.sourceRun": run.run_id} | ({"mlflow.modelId": model_id} if model_id else {}),
                tags={"mlflow.traceName": conversation.name, **tags},
            )
        )
        spans += list(_spans(conversation, trace_id, began_ms))
    if spans:
        tracing.log_spans(experiment, spans)


def has_traces(tag: str, value: str) -> bool:
    """Whether conversations with this tag were logged already."""
    return bool(client().search_traces([experiment_id()], f"tags.`{tag}` = '{value}'", max_results=1))


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
