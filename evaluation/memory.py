"""How much memory evaluation takes, computed from shapes before anything is loaded (see ``training.memory``).

Challenger and champion are measured one after the other, and the first is freed before the second is loaded
(``evaluation.candidate.free_memory``): so one release counts, whatever their number.
"""

from __future__ import annotations

from pathlib import Path

from kefu.io import read_json
from kefu.llm.models import ATTENTION_AND_MLP
from training.memory import Architecture, Memory, of_folder
from training.precision import Precision

TODO = "choose smaller models in base, stop what else uses the device, or evaluate on a larger one"
LONGEST = 2048  # tokens of a chat for which room is kept; answers end after evaluate.max_new_tokens


def evaluate_memory(centre: Architecture, edge: Architecture, precision: Precision, max_new_tokens: int) -> Memory:
    """Both models as a release holds them, and one chat that the centre answers."""
    tokens = LONGEST + max_new_tokens
    return Memory(
        weights=centre.plain_weights(precision) + edge.plain_weights(precision),
        activations=centre.passing(tokens, precision),
        cache=centre.cache(tokens, precision),
    )


def release_memory(release: Path, max_new_tokens: int) -> Memory:
    """The same of a release folder, in the precision that its centre was saved in."""
    centre, edge = (of_folder(release / name, ATTENTION_AND_MLP) for name in ("centre", "edge"))
    half = read_json(release / "centre/config.json").get("dtype") == "bfloat16"
    return evaluate_memory(centre, edge, "bfloat16" if half else "float32", max_new_tokens)
