"""Which token ids mean the same to two models, so that their logits can be compared.

Qwen3's tokenizer is Qwen2.5's with four more tokens, and both models' output is wider than their tokenizers:
rows that no token belongs to. What both use can be compared, nothing else.
"""

from __future__ import annotations

from tokenizers import Tokenizer

from kefu.errors import KefuError
from kefu.llm.base_models import BaseModel


class DifferentVocabulary(KefuError, ValueError):
    """Two models cannot be compared token by token; the message says what to do."""


def shared_ids(centre: BaseModel, edge: BaseModel) -> list[int]:
    """Ids that both tokenizers use, ascending.

    Raises:
        DifferentVocabulary: an id or a token that both use means another one to each.
    """
    one, other = (
        Tokenizer.from_file(str(base.folder / "tokenizer.json")).get_vocab(with_added_tokens=True)
        for base in (centre, edge)
    )
    by_id = {i: token for token, i in one.items()}
    differing = sum(by_id.get(i, token) != token or one.get(token, i) != i for token, i in other.items())
    if differing:
        raise DifferentVocabulary(
            f"{centre.ref.name} and {edge.ref.name} have different vocabularies ({len(one)} and {len(other)} tokens; "
            f"{differing} of the second's have another id or meaning in the first's): their logits cannot be compared. "
            "Set distill.method to cross-tokenizer, or distill.alpha to 0 (the edge model then learns from the answers "
            "alone), or choose an edge model of the same family, e.g. Qwen/Qwen2.5-1.5B-Instruct for Qwen/Qwen3-8B"
        )
    return sorted(by_id.keys() & other.values())
