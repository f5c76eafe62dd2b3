"""The parameters of the router."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kefu.params import Folds, Section


class Router(Section):
    features: int = Field(gt=0)
    ngrams: tuple[int, int]
    encoder: Literal["none", "use-multilingual"] = Field(
        "none", description="kefu/text/encoders.py; others need kefu[encoder]"
    )
    regularization: float = Field(gt=0)
    pack_example_weight: float = Field(
        0.0, ge=0, description="weight of an example of the pack beside a labelled turn; 0: none is learned from"
    )
    folds: Folds = Field(description="for out-of-fold calibration; 3 or more")
    seed: int
