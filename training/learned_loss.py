"""The loss of the learned positions: no other position meets the output matrix, the largest one of all.

Most tokens of a chat are prompt. TRL scores the learned ones alone on a GPU, but on a CPU all of them, with the
padding. Here every device does the same, and only one piece of the logits is in memory at a time; where there are
several, the backward pass computes each anew. Loss and gradients are those of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

IGNORED = -100
PIECE = 1 << 25  # logits that are in memory at once: 134 MB in float32, beside as many of their gradient


class Learned(NamedTuple):
    """hidden: (learned tokens, hidden size), the states that the learned tokens are predicted from.
    targets: (learned tokens,) int64."""

    hidden: Tensor
    targets: Tensor


def learned_mask(labels: Tensor) -> Tensor:
    """(chats, tokens) bool: True where the NEXT token is learned.

    Args:
        labels: (chats, tokens) int64, -100 where nothing is learned.
    """
    shifted = labels.new_full(labels.shape, IGNORED)
    shifted[:, :-1] = labels[:, 1:]
    return shifted != IGNORED


def learned_states(model: PreTrainedModel, ids: Tensor, attention: Tensor, labels: Tensor) -> Learned:
    """Runs the layers on whole chats, and keeps what the output matrix has to see.

    Args:
        ids: (chats, tokens) int64.
        attention: (chats, tokens), 0 on padding.
        labels: (chats, tokens) int64, -100 where nothing is learned.
    """
    states = model.get_decoder()(input_ids=ids, attention_mask=attention, use_cache=False).last_hidden_state
    mask = learned_mask(labels)
    return Learned(states[mask], labels[:, 1:][mask[:, :-1]])


def sum_in_pieces(score: Callable[..., Tensor], rows: Sequence[Tensor], width: int) -> Tensor:
    """The sum of ``score`` over pieces of ``rows``.

    Args:
        score: takes a piece of each of ``rows`` and returns a sum over its tokens, scalar or (figures,).
        rows: tensors of equal length, one row a learned token.
        width: numbers that ``score`` makes of each row, such as the size of the vocabulary.
    """
    size = max(1, PIECE // width)
    if len(rows[0]) <= size:
        return score(*rows)
    pieces = zip(*(row.split(size) for row in rows), strict=True)
    parts = [checkpoint(score, *piece, use_reentrant=False, preserve_rng_state=False) for piece in pieces]
    return torch.stack(parts).sum(0)


def negative_log_likelihood(model: PreTrainedModel, ids: Tensor, attention: Tensor, labels: Tensor) -> Tensor:
    """Sum in nats over the learned tokens, float32; zero, with gradients of zero, when there are none.

    Args:
        ids, attention, labels: see ``learned_states``.
    """
    head = model.get_output_embeddings()

    def score(hidden: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(head(hidden).float(), targets, reduction="sum")

    return sum_in_pieces(score, learned_states(model, ids, attention, labels), head.weight.shape[0])
