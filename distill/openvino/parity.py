"""How far a model's weights for the OpenVINO engine are from its safetensors, on the chats of ``distill/parity.py``.

Each answer is given, token by token, to both: KL and agreement are bounded. Some are also written by both, greedily;
how many are equal is a figure without a bound, since a single near-tie makes another answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from distill.openvino.convert import convert
from distill.openvino.weights import WeightFormat
from distill.params import Export
from distill.parity import ModelsDiffer
from kefu.llm.engine import BatchEngine
from kefu.llm.many_answers import many_answers
from kefu.schema import Message
from serving.engines.openvino.engine import WEIGHTS, OpenVINOEngine
from serving.engines.transformers import TransformersEngine

WRITTEN = 8  # answers that both write
NEW_TOKENS = 48


class Difference(NamedTuple):
    """kl: from the model, nats a token. agreement: share of tokens that both find likeliest."""

    kl: float
    agreement: float


def export_engine_weights(
    name: str, folder: Path, weights: WeightFormat, chats: Sequence[tuple[Message, ...]], params: Export
) -> dict[str, float]:
    """Writes a model's weights for the engine into its own folder, and compares them with its safetensors.

    Args:
        folder: of the model, in the release under construction.
        chats: with the assistant's answer as their last message; none: nothing is compared.

    Returns:
        ``engine.NAME.kl`` (nats a token), ``.agreement`` and ``.equal_answers`` (shares).

    Raises:
        ModelsDiffer: a bound of ``export`` is missed.
    """
    convert(folder, folder / WEIGHTS, weights)
    if not chats:
        return {}
    prompts = [chat[:-1] for chat in chats[:WRITTEN]]
    with closing(OpenVINOEngine(name, folder)) as engine:
        model = TransformersEngine(name, folder)
        kl, agreement = difference(model, engine, chats)
        equal = equal_share(written(model, prompts), written(engine, prompts))
    found = {f"engine.{name}.kl": kl, f"engine.{name}.agreement": agreement, f"engine.{name}.equal_answers": equal}
    if not (kl <= params.engine_max_kl and agreement >= params.engine_min_agreement):
        raise ModelsDiffer(
            f"export: engine: {name}: in {weights} its KL from the model is {kl:.3g} nats a token "
            f"(export.engine_max_kl {params.engine_max_kl:g}), and both agree on {agreement:.1%} of the likeliest "
            f"tokens (export.engine_min_agreement {params.engine_min_agreement:g}): set export.engine_weights.{name} "
            "to more bits (int8, f16), or to none"
        )
    return found


def difference(model: TransformersEngine, engine: OpenVINOEngine, chats: Sequence[tuple[Message, ...]]) -> Difference:
    """How far the engine is from the model on the last answers of ``chats``, which are given to both."""
    kl = same = count = 0.0
    for messages in chats:
        rendered = model.renderer.render(messages)
        expected, found = model.log_probs(rendered).cpu(), torch.from_numpy(engine.scorer.log_probs(rendered))
        kl += float(torch.nn.functional.kl_div(found, expected, reduction="sum", log_target=True))
        same += float((found.argmax(-1) == expected.argmax(-1)).sum())
        count += len(expected)
    return Difference(kl / count, same / count)


def written(engine: BatchEngine, prompts: Sequence[tuple[Message, ...]]) -> list[str]:
    """The greedy answers of an engine, cut after ``NEW_TOKENS``."""
    return list(many_answers(engine, prompts, NEW_TOKENS))


def equal_share(texts: Sequence[str], others: Sequence[str]) -> float:
    """Share of answers that are the same in both."""
    return float(np.mean([text == other for text, other in zip(texts, others, strict=True)]))
