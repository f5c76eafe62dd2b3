"""The router stage on a small set: trained, saved, measured, used."""

from pathlib import Path

import pytest

from data.labeling.join import join_intents
from data.sets.router import intent_examples, review_wins
from kefu.intents.router import Router
from kefu.schema import IntentExample, Turn
from pipelines.params import load_params
from tests.fixtures.chatter import ASKED, chatter
from training.intents.router import measure_router, train_router

PARAMS = load_params()
ROUTER = PARAMS.router.model_copy(update={"features": 4096})


def examples() -> list[IntentExample]:
    dialogues, labels = chatter(300, seed=8)
    turns = join_intents(labels, {d.id: d for d in dialogues}, ASKED).turns
    return intent_examples(review_wins(turns, []), PARAMS.build)


def test_it_routes_customers_it_never_saw(tmp_path: Path) -> None:
    rows = examples()
    train_router(rows, ROUTER, tmp_path)
    quality = measure_router(Router.load(tmp_path), rows)
    assert quality.metrics["eval_turns"] == sum(e.split == "eval" for e in rows) > 20
    assert quality.metrics["accuracy"] > 0.95
    assert quality.metrics["macro_f1"] > 0.95
    assert sum(quality.confusion.values()) == quality.metrics["eval_turns"]


def test_predictions_are_sorted_probabilities_and_old_turns_do_not_matter(tmp_path: Path) -> None:
    train_router(examples(), ROUTER, tmp_path)
    router = Router.load(tmp_path)
    context = [Turn(role="customer", text="hello"), Turn(role="agent", text="hi")]
    scored = router.predict("几点开门呀", context)
    assert scored[0].intent == "opening_hours"
    assert [s.confidence for s in scored] == sorted((s.confidence for s in scored), reverse=True)
    assert sum(s.confidence for s in scored) == pytest.approx(1, abs=1e-5)
    assert router.top("几点开门呀", context) == scored[0]
    recent = [*[Turn(role="customer", text="a")] * 3, *[Turn(role="agent", text="b")] * 3]
    assert router.predict("几点开门呀", [*context * 5, *recent]) == router.predict(
        "几点开门呀", [*context * 2, *recent]
    )
    assert router.predict_many([]) == []


def test_an_empty_message_is_routed_without_an_error(tmp_path: Path) -> None:
    train_router(examples(), ROUTER, tmp_path)
    assert {s.intent for s in Router.load(tmp_path).predict("", [])} == set(ASKED)


def test_without_held_out_turns_it_says_what_to_do(tmp_path: Path) -> None:
    rows = [e for e in examples() if e.split == "train"]
    train_router(rows, ROUTER, tmp_path)
    with pytest.raises(ValueError, match="build.eval_share"):
        measure_router(Router.load(tmp_path), rows)
