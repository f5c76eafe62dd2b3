"""The parameters of the retriever."""

from __future__ import annotations

from pydantic import Field

from kefu.params import Section, Seed


class Retriever(Section):
    dim: int = Field(gt=0, description="of the dense vectors")
    features: int = Field(gt=0, description="buckets of the hashed character n-grams")
    ngrams: tuple[int, int] = Field(description="narrowest and widest; a CJK character is 2 wide, others 1")
    folds: int = Field(ge=2, description="of the questions, each kept out once to fit the confidence")
    unanswerable_share: float = Field(
        gt=0, lt=1, description="of the questions asked that no entry answers; the confidence expects as many"
    )
    seed: Seed
