"""How far fine-tuning has moved the centre model from its base on everyday questions that no shop is asked.

The base answers 100 Chinese questions (``general_prompts.txt``) greedily; on the tokens of its own answers its
predictions are compared with those of base and adapter. Fine-tuning that unlearns what the base knew shows there first:
KL of the tuned model from its base predicts forgetting (Shenfeld et al. 2025, "RL's Razor", arXiv:2509.04259; they
measure on the new task, which here is supposed to move).

Not covered: the edge model, whose weights are not base plus adapter, and other languages. A tiny base knows nothing in
general, so its figure only says how far the weights moved.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import cast

import torch
from peft import PeftModel
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from distill.loss import collate
from distill.teacher import generate
from kefu.llm.chat import ChatRenderer, Rendered
from kefu.progress import progress
from kefu.schema import Message
from training.learned_loss import learned_states

SYSTEM = "你是一个乐于助人的助手。"
BATCH = 20  # questions that are answered at once


def general_prompts() -> list[str]:
    """The questions, one a line of the file beside this module."""
    return Path(__file__).with_name("general_prompts.txt").read_text(encoding="utf8").splitlines()


def distance(model: PeftModel, renderer: ChatRenderer, max_new_tokens: int) -> dict[str, float]:
    """``kl_from_base`` as a metric; none when no tokens are asked for."""
    return {"general.kl": kl_from_base(model, renderer, max_new_tokens)} if max_new_tokens else {}


@torch.no_grad()
def kl_from_base(model: PeftModel, renderer: ChatRenderer, max_new_tokens: int) -> float:
    """KL(base ‖ base with adapter) in nats a token of the base's own greedy answers.

    Args:
        model: with its adapter apart (``training.adapter.load_apart``); it is left as it was.
        max_new_tokens: of an answer; a longer one is cut.
    """
    model.eval()
    rows = _base_answers(model, renderer, max_new_tokens)
    total = count = 0.0
    with progress("distance from the base", len(rows)) as tick:
        for row in rows:
            base = _log_probabilities(model, row, renderer, model.disable_adapter())
            tuned = _log_probabilities(model, row, renderer, nullcontext())
            total += float(functional.kl_div(tuned, base, reduction="sum", log_target=True))
            count += len(base)
            tick()
    return total / count


def _base_answers(model: PeftModel, renderer: ChatRenderer, max_new_tokens: int) -> list[Rendered]:
    """The questions with the base's answers to them; only these count."""
    asked = [[Message(role="system", content=SYSTEM), Message(role="user", content=text)] for text in general_prompts()]
    prompts = [renderer.prompt(messages) for messages in asked]
    stops = renderer.stop_ids
    rows = []
    with model.disable_adapter():
        for start in range(0, len(prompts), BATCH):
            batch = prompts[start : start + BATCH]
            for prompt, new in zip(batch, generate(model, batch, sorted(stops), max_new_tokens), strict=True):
                end = next((place + 1 for place, token_id in enumerate(new) if token_id in stops), len(new))
                rows.append(Rendered(prompt + new[:end], [0] * len(prompt) + [1] * end))
    return rows


def _log_probabilities(
    model: PeftModel, row: Rendered, renderer: ChatRenderer, adapter: AbstractContextManager[None]
) -> Tensor:
    """(tokens of the answer, vocabulary) float32."""
    whole = cast(PreTrainedModel, model.get_base_model())  # through the adapter, when it is on
    batch = collate([row], renderer.end_id, next(model.parameters()).device)
    with adapter:
        states = learned_states(whole, batch.ids, batch.attention, batch.labels).hidden
    return functional.log_softmax(whole.get_output_embeddings()(states).float(), dim=-1)
