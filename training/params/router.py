"""The parameters of the router."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kefu.params import Folds, Section, Seed


class Router(Section):
    features: int = Field(gt=0, description="buckets of the hashed character n-grams, for each field")
    ngrams: tuple[int, int] = Field(description="narrowest and widest; a CJK character is 2 wide, others 1")
    encoder: Literal["none", "use-multilingual"] = Field(
        "none", description="kefu/text/encoders.py; others need kefu[encoder]"
    )
    regularization: float = Field(gt=0, description="C of the linear SVM: greater fits closer")
    pack_example_weight: float = Field(
        0.0, ge=0, description="weight of an example of the pack beside a labelled turn; 0: none is learned from"
    )
    folds: Folds = Field(description="for out-of-fold calibration; 3 or more")
    seed: Seed
