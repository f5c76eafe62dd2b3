"""Answers of an engine to many prompts, for whoever waits for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from kefu.llm.engine import BatchEngine
from kefu.schema import Message


def many_answers(engine: BatchEngine, prompts: Sequence[Sequence[Message]], max_new_tokens: int) -> Iterator[str]:
    """Greedy answers in the order of their prompts; as many are written at once as share the engine's step.

    Raises:
        EngineError: the engine failed.
    """
    with ThreadPoolExecutor(engine.at_once) as pool:
        yield from pool.map(lambda prompt: "".join(engine.stream(prompt, max_new_tokens)), prompts)
