"""How much memory distillation takes, computed from shapes before anything is loaded (see ``training.memory``)."""

from __future__ import annotations

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
    return Memory(
        weights=student + (_teacher(centre, params) if params.alpha else 0.0),
        trained=trained,
        activations=edge.activations(tokens, precision, params.gradient_checkpointing),
        logits=piece_memory(tokens, width, copies),
    )


def distill_memory(centre: Architecture, edge: Architecture, params: Distill) -> Memory:
    """The worse of the two moments."""
    return max(answering(centre, params), learning(centre, edge, params), key=lambda memory: memory.total)


def _teacher(centre: Architecture, params: Distill) -> float:
    if not params.quantize_teacher:
        return centre.plain_weights(params.dtype)
    # Its adapter stays beside the 4 bits, and is a hundredth of them.
    return centre.nf4_weights(params.dtype)
