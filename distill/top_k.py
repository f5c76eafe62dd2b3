"""The teacher's likeliest tokens at each learned position, computed once: then the student learns without the teacher.

A position takes 6 bytes a kept token, where all of Qwen's vocabulary takes 300,000 in float16. What is left out counts
as one token, with the probability of all others together (``distill.loss.top_k_loss``).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from distill.loss import TopK
from distill.pairs import ModelPair, Row, autocast, batches_of, plain, states_of
from distill.params import Distill
from kefu.progress import progress
from training.checkpoints import Checkpoints
from training.learned_loss import PIECE

logger = logging.getLogger(__name__)
FILE = "top_k.safetensors"  # of a checkpoint


def cache_top_k(pair: ModelPair, rows: Sequence[Row], params: Distill, checkpoints: Checkpoints | None) -> list[Row]:
    """The rows with what the teacher thinks of them, in place of how it reads them.

    Args:
        checkpoints: of a run with the same inputs, which had it computed already.
    """
    checkpoint = checkpoints.newest() if checkpoints else None
    top = TopK(**load_file(checkpoint / FILE)) if checkpoint else _compute(pair, rows, params)
    if checkpoints and not checkpoint and params.save_steps:
        with checkpoints.write(len(rows)) as folder:
            save_file(top._asdict(), folder / FILE)
    size = sum(part.numel() * part.element_size() for part in top)
    logger.info(
        "%.1f MB cached: the teacher's %d likeliest tokens at %d places", size / 1e6, top.ids.shape[1], len(top.ids)
    )
    counts = [len(row.student.learned) for row in rows]
    split = zip(*(part.split(counts) for part in top), strict=True)
    return [Row(row.student, None, TopK(*parts)) for row, parts in zip(rows, split, strict=True)]


@torch.no_grad()
def _compute(pair: ModelPair, rows: Sequence[Row], params: Distill) -> TopK:
    assert pair.teacher is not None
    head, found = plain(pair.teacher).get_output_embeddings(), []
    size = max(1, PIECE // head.weight.shape[0])
    with progress("logits of the teacher", len(rows)) as tick, autocast(params):
        for batch in batches_of(rows, params.batch_size, pair.learn.end_id):
            assert batch.teacher is not None
            for states in states_of(pair.teacher, batch.teacher).split(size):
                found.append(_top(head(states).float()[:, pair.shared], params))
            tick(len(batch.student.ids))
    return TopK(*(torch.cat(parts) for parts in zip(*found, strict=True)))


def _top(logits: Tensor, params: Distill) -> TopK:
    log_probs = functional.log_softmax(logits / params.temperature, dim=-1)
    best = log_probs.topk(min(params.top_k, log_probs.shape[-1]), dim=-1)
    return TopK(best.indices.to(torch.int32).cpu(), best.values.to(torch.float16).cpu())
