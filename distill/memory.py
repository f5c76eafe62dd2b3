"""How much memory distillation takes, computed from shapes before anything is loaded (see ``training.memory``)."""

from __future__ import annotations

from dataclasses import replace

from distill.params import Distill
from training.memory import TRAINED_BYTES, Architecture, Memory, piece_memory

TODO = (
    "lower distill.max_length, distill.batch_size (and raise distill.gradient_accumulation) or "
    "distill.answer_batch_size, set distill.gradient_checkpointing or distill.quantize_teacher to true, "
    "distill.rank to 64, or choose smaller models in base"
)


def answering(centre: Architecture, params: Distill) -> Memory:
    """While the teacher reads a batch of longest prompts and keeps their keys and values."""
    tokens = params.answer_batch_size * params.max_length
    return Memory(
        weights=_teacher(centre, params),
        activations=centre.passing(tokens, params.dtype),
        cache=centre.cache(tokens, params.dtype),
    )


def learning(centre: Architecture, edge: Architecture, params: Distill) -> Memory:
    """While the student learns a batch of longest chats: both models, the student's activations, a piece of logits."""
    tokens = params.batch_size * params.max_length
    if params.rank is None:  # all weights learn, in float32; what is trained is counted below
        student, trained, precision = 0.0, TRAINED_BYTES * edge.parameters, "float32"
    else:
        student, precision = edge.plain_weights(params.dtype), params.dtype
        trained = TRAINED_BYTES * params.rank * edge.lora_sides
    width, copies = (edge.vocabulary + centre.vocabulary, 4) if params.alpha else (edge.vocabulary, 3)
    logits = piece_memory(tokens, width, copies)
    if params.method == "cross-tokenizer":  # those of a chat at once, sorted and merged, and their gradients
        logits = 4.0 * 6 * params.max_length * width
    has_teacher = params.alpha and not params.top_k
    learns = Memory(
        weights=student + (_teacher(centre, params) if has_teacher else 0.0),
        trained=trained,
        activations=edge.activations(tokens, precision, params.gradient_checkpointing),
        logits=logits,
    )
    if params.method == "on-policy":
        return max(learns, _sampling(edge, learns, precision, params), key=lambda memory: memory.total)
    return learns


def _sampling(edge: Architecture, learns: Memory, precision: str, params: Distill) -> Memory:
    """While the student writes, beside the teacher, and its optimizer waits."""
    tokens = params.answer_batch_size * params.max_length
    return replace(learns, activations=edge.passing(tokens, precision), logits=0.0, cache=edge.cache(tokens, precision))


def measuring(centre: Architecture, edge: Architecture, params: Distill) -> Memory:
    """While the student, which has learned from cached logits, is compared with the teacher, a chat at a time."""
    weights = edge.plain_weights("float32" if params.rank is None else params.dtype) + _teacher(centre, params)
    logits = piece_memory(params.max_length, edge.vocabulary + centre.vocabulary, 4)
    return Memory(weights=weights, activations=centre.passing(params.max_length, params.dtype), logits=logits)


def distill_memory(centre: Architecture, edge: Architecture, params: Distill) -> Memory:
    """The worst moment."""
    moments = [answering(centre, params), learning(centre, edge, params)]
    if params.top_k:
        moments.append(measuring(centre, edge, params))
    return max(moments, key=lambda memory: memory.total)


def _teacher(centre: Architecture, params: Distill) -> float:
    if not params.quantize_teacher:
        return centre.plain_weights(params.dtype)
    # Its adapter stays beside the 4 bits, and is a hundredth of them.
    return centre.nf4_weights(params.dtype)
