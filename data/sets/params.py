"""The parameters of the training and evaluation sets."""

from __future__ import annotations

from pydantic import Field, model_validator

from kefu.params import Section, Seed
from kefu.schema import EndState


class Build(Section):
    eval_share: float = Field(gt=0, lt=1, description="share of customers kept out of training")
    context_turns: int = Field(ge=0, description="earlier turns that router and models see")
    max_sft: int = Field(gt=0, description="most SFT examples; corrected answers first, then the newest day's")
    acts_share: float = Field(
        ge=0,
        lt=1,
        description="of max_sft, share that teaches a model to write a message's acts, from the pack's wordings; 0: "
        "none, and serving.model_reader asks a model that was not taught them",
    )
    pack_answers_share: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="of max_sft, share that teaches a model to answer from the knowledge that it is shown, and to "
        "refuse where none answers, from the pack's wordings; 0: none",
    )
    max_router: int = Field(gt=0, description="most machine-labelled turns; what people labelled always fits in")
    max_questions: int = Field(gt=0, description="most questions of customers that retrieval is judged on")
    replay_share: float = Field(ge=0, lt=1, description="of max_sft and max_router, share drawn from older days")
    max_replay: int = Field(
        0,
        ge=0,
        description="older exchanges that did not fit into max_sft, kept for finetune.replay to take other ones in "
        "each pass; 0: none",
    )
    end_states: tuple[EndState, ...] = Field(
        min_length=1,
        description="how a dialogue may have ended for the answers of its agents to be learned; Kefu's own answers are "
        "learned of resolved ones alone, reviewers' answers always",
    )
    grounded: bool = Field(
        description="learn only answers whose claims (sums, periods, promises, order states) the prompt, the "
        "conversation or the customer supports; reviewers' answers always. Held-out answers stay"
    )
    seed: Seed

    @model_validator(mode="after")
    def _leaves_room(self) -> Build:
        if self.acts_share + self.pack_answers_share >= 1:
            raise ValueError("build.acts_share and build.pack_answers_share leave no room for conversations: lower one")
        return self
