"""The parameters of the day's page."""

from __future__ import annotations

from pydantic import Field

from kefu.params import Section, Seed


class Monitor(Section):
    reference_days: int = Field(gt=0, description="days before a day that it is compared with")
    psi_moderate: float = Field(gt=0, description="PSI from which a shift of a distribution is worth a warning")
    psi_major: float = Field(gt=0, description="PSI from which it is an alarm")
    energy_alarm: float = Field(gt=0, lt=1, description="energy coefficient of customers' turns that raises an alarm")
    min_dialogues: int = Field(gt=1, description="fewer, today or before, are not compared")
    sample: int = Field(gt=1, description="customer turns of a day that are kept as hashed n-grams")
    same_question_cosine: float = Field(gt=0, le=1, description="cosine from which two questions are the same")
    new_turns: int = Field(gt=0, description="fewest turns of a new question")
    new_questions: int = Field(gt=0, description="most new questions shown")
    traces: int = Field(ge=0, description="served conversations of a new day that MLflow shows, without their words")
    seed: Seed
