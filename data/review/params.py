"""The parameters of review in Label Studio."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kefu.params import Section


class Review(Section):
    project: str = Field(description="Label Studio project title")
    push_limit: int = Field(gt=0, description="open tasks on the server that a push fills up to")
    language: Literal["zh", "en", "both"] = Field(description="of the labelling page")
    preselect_from: float = Field(ge=0, le=1, description="confidence from which the proposal is selected already")
    second_annotator_share: float = Field(
        ge=0, le=1, description="dialogues whose questions two people answer independently"
    )
    seed: int = Field(description="decides which")
