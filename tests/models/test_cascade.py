"""The cascade between edge and centre: calibrated where it is fitted, obeyed where a release has one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from pydantic import ValidationError

from distill.cascade import Answers, answer_chats, calibrate, fit_cascade
from kefu.errors import Unusable
from kefu.llm.base_models import BaseModel
from kefu.llm.cascade import Cascade, mean_log_prob
from kefu.schema import Example, Message
from pipelines.params import load_params
from serving.dialogue.model_answer import ModelAnswer
from serving.engines.transformers import TransformersEngine

ASKED = (Message(role="user", content="怎么退货"),)


def made(count: int, informed: bool) -> tuple[Answers, Answers, list[str]]:
    """An edge that is right as often as half of its token probability says, or whatever that says."""
    draw = np.random.default_rng(0)
    sure = draw.uniform(0.2, 1, count)
    right = draw.random(count) < (sure / 2 if informed else np.full(count, 0.3))
    edge = Answers(np.where(right, 0.6, 0.2), np.log(sure))
    return edge, Answers(np.full(count, 0.5), np.zeros(count)), [f"c_{i % 200}" for i in range(count)]


def test_confidence_is_calibrated_out_of_fold_and_the_curve_ends_at_both_models() -> None:
    edge, centre, customers = made(2000, informed=True)
    fitted = fit_cascade(edge, centre, customers)
    assert fitted.metrics["cascade.ece_before"] > 0.2
    assert fitted.metrics["cascade.ece"] < 0.05
    first, last = fitted.curve[0], fitted.curve[-1]
    assert first[1:] == (1.0, pytest.approx(edge.f1.mean()))
    assert last[1:] == (0.0, pytest.approx(centre.f1.mean()))
    shares = [share for _, share, _ in fitted.curve]
    assert shares == sorted(shares, reverse=True)
    assert fitted.cascade.probability(np.log(0.9)) > fitted.cascade.probability(np.log(0.3)) + 0.15


def above_chance(informed: bool) -> float:
    """How far the best mixture stands above the same share of answers taken from the edge at random."""
    edge, centre, customers = made(2000, informed)
    low, high = edge.f1.mean(), centre.f1.mean()
    curve = fit_cascade(edge, centre, customers).curve
    return float(max(quality - (share * low + (1 - share) * high) for _, share, quality in curve))


def test_a_confidence_that_knows_nothing_gains_nothing() -> None:
    assert above_chance(informed=True) > 0.015
    assert above_chance(informed=False) < 0.007


def test_too_few_customers_are_refused() -> None:
    edge, centre, _ = made(20, informed=True)
    with pytest.raises(Unusable, match=r"4 held-out customers .* export\.cascade_chats to 0"):
        fit_cascade(edge, centre, [f"c_{i % 4}" for i in range(20)])


def test_a_release_keeps_it(tmp_path: Path) -> None:
    cascade = Cascade(log_probs=(-2.0, -1.0), probabilities=(0.2, 0.8))
    assert Cascade.load(tmp_path) is None
    cascade.save(tmp_path)
    assert Cascade.load(tmp_path) == cascade
    assert [cascade.probability(x) for x in (-9, -1.5, 0)] == pytest.approx([0.2, 0.5, 0.8])
    with pytest.raises(ValidationError, match="2 log_probs and 1 probabilities"):
        Cascade(log_probs=(-2.0, -1.0), probabilities=(0.2,))


@pytest.fixture
def engines(centre: BaseModel, edge: BaseModel) -> dict[str, TransformersEngine]:
    return {name: TransformersEngine(name, base.folder) for name, base in (("centre", centre), ("edge", edge))}


def test_serving_gives_the_edges_answer_where_it_is_likely_enough(engines: dict[str, TransformersEngine]) -> None:
    """By a release's cascade alone; without one by the router's confidence; the centre answers for a broken edge."""
    params, nothing = load_params().serving.model_copy(update={"max_new_tokens": 8}), cast(Any, None)
    text = "".join(engines["edge"].stream(ASKED, params.max_new_tokens))
    own = mean_log_prob(engines["edge"], ASKED, text)
    assert own < 0

    def engine(cascade: Cascade | None, router_confidence: float) -> str:
        model = ModelAnswer(nothing, params, engines, nothing, nothing, cascade)
        return model._answer(ASKED, router_confidence)[0]

    assert [engine(None, confidence) for confidence in (0.0, 1.0)] == ["centre", "edge"]
    above, below = (Cascade(log_probs=(own - 1, own + 1), probabilities=p) for p in ((0.5, 0.9), (0.0, 0.4)))
    for confidence in (0.0, 1.0):
        assert (engine(above, confidence), engine(below, confidence)) == ("edge", "centre")
    engines["edge"]._longest = 1
    assert engine(above, 1.0) == "centre"


def test_a_release_is_calibrated_on_its_held_out_chats(
    centre: BaseModel, edge: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    """Each micro model answers the six held-out chats; without any, nothing is written."""
    params = load_params().export.model_copy(update={"cascade_chats": 20, "cascade_max_new_tokens": 12})
    bases = {"centre": centre, "edge": edge}
    for name, base in bases.items():
        shutil.copytree(base.folder, tmp_path / name)
    refs = {name: base.ref for name, base in bases.items()}
    assert calibrate(tmp_path, refs, examples, params.model_copy(update={"cascade_chats": 0})) is None
    assert not (tmp_path / "cascade.json").exists()
    fitted = calibrate(tmp_path, refs, examples, params)
    assert fitted is not None and Cascade.load(tmp_path) == fitted.cascade
    assert [row[1] for row in fitted.curve][:: len(fitted.curve) - 1] == [1.0, 0.0]


def test_answers_are_scored_beside_the_persons(engines: dict[str, TransformersEngine], examples: list[Example]) -> None:
    found = answer_chats(engines["edge"], examples[:2], 4)
    assert found.f1.shape == found.log_probs.shape == (2,)
    assert (found.log_probs < 0).all() and (found.f1 < 1).all()
