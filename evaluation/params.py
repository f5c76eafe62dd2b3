"""The parameters of evaluation and of the gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from kefu.params import Section, Seed


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of nested mappings under their dotted names."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


class Judge(Section):
    """A model that compares the answers of challenger and champion; for real models only."""

    pairs: int = Field(ge=0, description="questions whose answers are compared, of each model; 0: no judge")
    verdicts: int = Field(200, gt=0, description="reviewers' pairs at most that the judge is tried on first")
    min_verdicts: int = Field(50, gt=0, description="fewer pairs of reviewers, and the judge is not used")
    min_kappa: float = Field(
        0.4, ge=0, le=1, description="agreement with reviewers beyond chance, below which the judge is not used"
    )


class Evaluate(Section):
    answers: int = Field(gt=0, description="held-out questions that each model answers")
    max_new_tokens: int = Field(gt=0, description="of each of these answers")
    conversations: int = Field(gt=0, description="conversations with scripted customers of the pack's simulator")
    frozen_answers: int = Field(gt=0, description="answers of a month's frozen set; with so many it is frozen")
    frozen_turns: int = Field(gt=0, description="most turns of a month's frozen set, for the router")
    traces: int = Field(
        40, ge=0, description="golden conversations whose trace MLflow keeps, those with faults first; 0.02 s each"
    )
    judge: Judge = Field(Judge(pairs=0), description="compares two answers; see docs/reference/evaluation.md")
    seed: Seed


class Bounds(Section):
    """Bounds of suites that are not always measured; each names ``suite.metric``."""

    at_least: dict[str, float] = Field({}, description="metric → lowest value that passes")
    at_most: dict[str, float] = Field({}, description="metric → highest value that passes")

    @field_validator("at_least", "at_most", mode="before")
    @classmethod
    def _in_full(cls, bounds: object) -> object:
        return dict(_flat(bounds)) if isinstance(bounds, dict) else bounds


class Gate(Section):
    """Each bound names ``suite.metric`` (or a suite); a challenger must hold all of them."""

    at_least: dict[str, float] = Field(description="metric → lowest value that passes")
    at_most: dict[str, float] = Field(description="metric → highest value that passes")
    where_measured: Bounds = Field(
        Bounds(),
        description="bounds of suites that are off by default: judge, simulator_centre, simulator_edge",
    )
    better_than_constant: tuple[str, ...] = Field(
        description="suites whose answers must beat the best constant sentence by more than luck: answers, edge"
    )
    not_worse_than_champion: dict[str, float] = Field(description="metric → tolerated drop")
    keep_releases: int | None = Field(
        None,
        ge=1,
        description="releases that stay in the registry, newest first; champion and previous always do; None: all stay",
    )
    frozen_drop: float = Field(
        0.005,
        ge=0,
        description="tolerated drop of each figure on each month's frozen set; a drop fails when it is shown to be "
        "larger, by its whole 95 % interval",
    )
    min_power: float = Field(
        0.8,
        gt=0,
        lt=1,
        description="chance that an equal challenger is shown to be no worse, below which items are too few to tell",
    )
    min_customers: int = Field(20, ge=2, description="customers, fewer of which are too few to tell, whatever they say")
    too_few_items: Literal["figure", "drop", "fail"] = Field(
        "drop",
        description="what closes the gate where items are too few: a figure below what is tolerated; the same, and its "
        "95 % interval below zero (drop); or that they are too few (fail)",
    )

    @field_validator("at_least", "at_most", "not_worse_than_champion", mode="before")
    @classmethod
    def _in_full(cls, bounds: object) -> object:
        """``router: {accuracy: 0.8}`` is ``router.accuracy: 0.8``, whose dot `dvc exp run -S` could not name."""
        return dict(_flat(bounds)) if isinstance(bounds, dict) else bounds
