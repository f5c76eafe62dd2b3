"""The whole of params.yaml, for commands, tests and benchmarks; a stage loads its own section alone."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from data.ingest.params import Ingest
from data.labeling.params import Autolabel, Judge, Labeler
from data.monitoring.params import Monitor
from data.review.params import Review
from data.sets.params import Build
from distill.params import Distill, Export
from evaluation.params import Evaluate, Gate
from kefu.params import Section, parse_section, read_params
from kefu.paths import PARAMS
from serving.params import Serving
from training.params.base import Base
from training.params.finetune import Finetune
from training.params.retriever import Retriever
from training.params.router import Router


class Params(Section):
    """All of params.yaml, with the chosen profile's changes applied."""

    profile: str = Field(description="which of `profiles`: the models, and what differs with their size")
    pack: str = Field(description="folder of the shop pack")
    ingest: Ingest
    base: Base
    labeler: Labeler
    judge: Judge
    autolabel: Autolabel
    monitor: Monitor
    review: Review
    build: Build
    router: Router
    retriever: Retriever
    finetune: Finetune
    distill: Distill
    export: Export
    evaluate: Evaluate
    promote: Gate
    serving: Serving


def load_params(path: Path = PARAMS, profile: str | None = None) -> Params:
    """Reads params.yaml under its own profile, or under the one given."""
    return parse_section(Params, read_params(path, profile), path)
