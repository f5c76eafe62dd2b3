"""The parameters of the training and evaluation sets."""

from __future__ import annotations

from pydantic import Field

from kefu.params import Section, Seed


class Build(Section):
    eval_share: float = Field(gt=0, lt=1, description="share of customers kept out of training")
    context_turns: int = Field(ge=0, description="earlier turns that router and models see")
    max_sft: int = Field(gt=0, description="most SFT examples; corrected answers first, then the newest day's")
    max_router: int = Field(gt=0, description="most machine-labelled turns; what people labelled always fits in")
    max_questions: int = Field(gt=0, description="most questions of customers that retrieval is judged on")
    replay_share: float = Field(ge=0, lt=1, description="of max_sft and max_router, share drawn from older days")
    seed: Seed
