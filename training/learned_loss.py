"""The loss of the learned positions: no other position meets the output matrix, the largest one of all.

Most tokens of a chat are prompt. TRL scores the learned ones alone on a GPU, but on a CPU all of them, with the
padding. Here every device does the same, and only one piece of the logits is in memory at a time; where there are
several, the backward pass computes each anew. What all chats of a batch begin with, such as one system prompt, passes
the layers once, and what follows the last learned token not at all. Loss and gradients are those of the whole.
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
WORTH_SHARING = 0.15  # of a batch's tokens: less is not worth a second, small pass through the layers


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
    """Runs the layers on what the learned tokens need of whole chats, and keeps what the output matrix has to see.

    Args:
        ids: (chats, tokens) int64.
        attention: (chats, tokens), 0 on padding.
        labels: (chats, tokens) int64, -100 where nothing is learned.
    """
    mask = learned_mask(labels)
    targets = labels[:, 1:][mask[:, :-1]]
    needed = mask.any(0).nonzero()
    width = int(needed.max()) + 1 if len(needed) else ids.shape[1]
    ids, attention, mask = ids[:, :width], attention[:, :width], mask[:, :width]
    decoder, cache = model.get_decoder(), None
    shared = 0 if _is_checkpointing(model) else shared_length(ids, attention, mask)
    if shared:
        cache = decoder(inputs_embeds=_embedded(decoder, ids[:1, :shared]), use_cache=True).past_key_values
        cache.batch_repeat_interleave(len(ids))
    states = decoder(
        inputs_embeds=_embedded(decoder, ids[:, shared:]),
        attention_mask=attention,
        past_key_values=cache,
        use_cache=cache is not None,
    ).last_hidden_state
    return Learned(states[mask[:, shared:]], targets)


def shared_length(ids: Tensor, attention: Tensor, mask: Tensor) -> int:
    """Tokens that all chats begin with and that predict nothing learned; 0 where they are not worth an own pass.

    Args:
        ids, attention: see ``learned_states``.
        mask: of ``learned_mask``.
    """
    same = (ids == ids[:1]).all(0) & attention.bool().all(0) & ~mask.any(0)
    shared = min(int(same.long().cumprod(0).sum()), ids.shape[1] - 1)
    return shared if (len(ids) - 1) * shared >= WORTH_SHARING * ids.numel() else 0


def _is_checkpointing(model: PreTrainedModel) -> bool:
    """A layer that is computed twice cannot read keys and values that another pass has left."""
    return model.training and model.is_activation_checkpointing


def _embedded(decoder: PreTrainedModel, ids: Tensor) -> Tensor:
    """(chats, tokens, hidden size). Embeddings that do not learn give no gradient: under checkpointing, transformers
    asks them for one, which would take the backward pass through layers below the adapter, too."""
    embeddings = decoder.get_input_embeddings()
    states: Tensor = embeddings(ids)
    return states if embeddings.weight.requires_grad else states.detach()


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
