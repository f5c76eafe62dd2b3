"""The process that holds a model in OpenVINO GenAI's continuous batching pipeline, for ``process.py``.

    python -m serving.engines.openvino.child FD          (started by its parent, which sends a Setup first)

Of its own because a step holds Python's lock, up to 0.8 s with 16 chats. Each step makes one token for every chat, and
is reported by one message. The process ends with its parent: a closed connection is the end of the loop. Setup and
requests come from the parent alone, who has checked them.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import openvino as ov
import openvino_genai as genai
from openvino_genai.py_openvino_genai import GenerationStatus

from serving.engines.openvino.messages import Begin, Cancel, Progress, Ready, Report, Setup

BATCHED_TOKENS = 256  # of one step: a long prompt is read in parts, between which other chats go on
NICENESS = 5  # the web and the dialogue come first


def run(connection: Connection) -> None:
    """Serves until the parent closes the connection."""
    setup: Setup = connection.recv()
    pipeline = genai.ContinuousBatchingPipeline(setup.folder, _scheduler(setup), "CPU", setup.properties)
    connection.send(Ready())
    handles: dict[int, Any] = {}  # a chat ends when its handle is dropped
    while True:
        if not handles:
            connection.poll(None)
        while connection.poll(0):
            request = connection.recv()
            if isinstance(request, Cancel):
                if handle := handles.pop(request.chat, None):
                    handle.cancel()
                continue
            try:
                handles[request.chat] = _add(pipeline, request)
            except RuntimeError as error:
                connection.send(Report([Progress(request.chat, [], [], True, _last_line(error))], 0.0))
        if handles or pipeline.has_non_finished_requests():  # a chat that was cancelled ends in the next step
            pipeline.step()
        progress = [_progress(chat, handle) for chat, handle in handles.items()]
        for chat in [one.chat for one in progress if one.is_done]:
            del handles[chat]
        if progress:
            connection.send(Report(progress, float(pipeline.get_metrics().cache_usage) / 100))


def _scheduler(setup: Setup) -> Any:
    scheduler = genai.SchedulerConfig()
    scheduler.cache_size, scheduler.max_num_seqs = setup.cache_gb, setup.chats
    scheduler.max_num_batched_tokens = BATCHED_TOKENS
    scheduler.enable_prefix_caching = True
    return scheduler


def _add(pipeline: Any, request: Begin) -> Any:
    config = genai.GenerationConfig()
    config.max_new_tokens, config.do_sample, config.logprobs = request.limit, False, 1
    config.stop_token_ids = set(request.stop_ids)
    config.set_eos_token_id(min(request.stop_ids))  # one of them, or the pipeline refuses
    if request.grammar is not None:
        config.structured_output_config = genai.StructuredOutputConfig(grammar=request.grammar)
    return pipeline.add_request(request.chat, ov.Tensor(np.array([request.ids], np.int64)), config)


def _progress(chat: int, handle: Any) -> Progress:
    ids: list[int] = []
    log_probs: list[float] = []
    status = handle.get_status()  # before reading: what is made later belongs to the next step
    while handle.can_read():
        for output in handle.read().values():
            ids += output.generated_ids
            log_probs += output.generated_log_probs
    if status in (GenerationStatus.RUNNING, GenerationStatus.FINISHED):
        return Progress(chat, ids, log_probs, status == GenerationStatus.FINISHED)
    return Progress(chat, ids, log_probs, True, f"the pipeline ended it ({status.name}): raise serving.engine_cache_gb")


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1][:200]


if __name__ == "__main__":
    os.nice(NICENESS)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the parent has gone
        run(Connection(int(sys.argv[1])))
