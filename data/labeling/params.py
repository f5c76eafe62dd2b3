"""The parameters of the labeler, the judge and automatic labels."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from kefu.params import Folds, Section, Seed


class Labeler(Section):
    features: int = Field(gt=0, description="buckets of the hashed character n-grams, for each field")
    ngrams: tuple[int, int] = Field(description="narrowest and widest; a CJK character is 2 wide, others 1")
    encoder: Literal["none", "use-multilingual"] = Field(
        "none", description="kefu/text/encoders.py; others need kefu[encoder]"
    )
    regularization: float = Field(gt=0, description="C of the linear SVM: greater fits closer")
    pack_example_weight: float = Field(
        0.0, ge=0, description="weight of an example of the pack beside a reviewed turn; 0: none is learned from"
    )
    context_turns: int = Field(ge=0, description="turns seen before the one to label")
    folds: Folds = Field(description="for out-of-fold calibration; 3 or more")
    seed: Seed


class Judge(Section):
    turns: int = Field(ge=0, description="most turns that the centre model judges; 0: it is not asked")
    min_confidence: float = Field(ge=0, le=1, description="labeler confidence from which a turn may be judged")
    max_confidence: float = Field(ge=0, le=1, description="labeler confidence from which a turn needs no judge")
    max_prompt_tokens: int = Field(gt=0, description="a turn whose shortest prompt is longer is not judged")
    seed: Seed

    @model_validator(mode="after")
    def _fits(self) -> Judge:
        if self.min_confidence >= self.max_confidence:
            raise ValueError("judge.min_confidence must be less than judge.max_confidence")
        return self


class Autolabel(Section):
    target_precision: float = Field(ge=0, le=1, description="share of accepted labels that must be right")
    confidence_level: float = Field(0.95, gt=0.5, lt=1, description="of the bound on precision")
    audit_share: float = Field(ge=0, le=1, description="turns that people see whatever the machine thinks of them")
    audit_days: int = Field(gt=0, description="newest audited days on which the guarantee is tested")
    golden_per_run: int = Field(
        ge=0, description="questions with a known answer in the queue, to measure reviewers; 0: none"
    )
    workers: int = Field(ge=0, description="processes; 0: one a core. The labels do not depend on it")
    seed: Seed
