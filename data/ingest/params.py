"""The parameters of ingest."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from data.channels.params import Source
from kefu.params import Section


class NearDuplicates(Section):
    similarity: float = Field(gt=0.5, le=1, description="estimated Jaccard similarity from which a dialogue is a copy")
    shortest: int = Field(ge=5, description="pieces of 5 characters below which a dialogue is not compared")
    days: int = Field(ge=0, description="earlier days that a day is compared with; 0: within the day only")


class Ingest(Section):
    sources: tuple[Source, ...] = Field(description="folders of store/raw, each with the channel that reads it")
    timezone: str = Field(description="IANA name, for sources whose times have no offset")
    max_text: int = Field(gt=0, description="characters of a turn; a longer one is quarantined")
    min_turns: int = Field(gt=0, description="fewer turns with text: the dialogue is quarantined")
    near_duplicates: NearDuplicates = NearDuplicates(similarity=0.9, shortest=50, days=28)
    runner: Literal["local", "ray"] = Field("local", description="processes of this machine, or a Ray cluster")
    workers: int = Field(0, ge=0, description="that parse and redact; 0: one a core. Never changes the result")
