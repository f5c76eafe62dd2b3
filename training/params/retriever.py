"""The parameters of the retriever."""

from __future__ import annotations

from pydantic import Field

from kefu.params import Section


class Retriever(Section):
    dim: int = Field(gt=0, description="of the dense vectors")
    features: int = Field(gt=0)
    ngrams: tuple[int, int]
    seed: int
