"""Kefu's own code as the loop runs it: ``train_router``, ``train_labeler``, ``Router``, ``guesses``.

Also without what the pack knows, and with nothing but that: what knowledge gives, and labelled turns give, apart.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.labeling.judge import JudgePredictions
from benchmarks.labeling.task import Task
from data.labeling.join import LabelledTurn
from data.labeling.labeler import guesses, train_labeler
from data.labeling.rule_votes import view_with_rules, votes
from kefu.intents.classifier import TextClassifier
from kefu.intents.router import Router
from kefu.schema import IntentExample, Turn
from kefu.shop.wordings.examples import NO_EXAMPLES, Utterance
from pipelines.params import Params
from training.intents.router import train_router

NOTHING_KNOWN, ONLY_KNOWN = (
    "Kefu without the pack's words, examples and rules",
    "Kefu, the pack alone, no labelled turn",
)
ONLY_RULES = "the pack's rules alone"


def product(task: Task, view: str, params: Params, encoder: str = "none") -> JudgePredictions:
    with tempfile.TemporaryDirectory() as folder:
        run = _router if view == "router" else _labeler
        return run(task, params, encoder, Path(folder))


def variants(task: Task, view: str, params: Params) -> Mapping[str, Callable[[], JudgePredictions]]:
    """Row → what runs it. A pack that knows nothing has no variants."""
    if not task.phrases.words:
        return {}
    rows = {
        NOTHING_KNOWN: lambda: product(replace(task, phrases=NO_EXAMPLES, rules=()), view, params),
        "Kefu without the pack's examples": lambda: product(_taught(task, utterances=()), view, params),
        "Kefu without the pack's words": lambda: product(_taught(task, words={}), view, params),
        ONLY_KNOWN: lambda: product(replace(task, train=[]), view, params),
    }
    return rows | ({ONLY_RULES: lambda: rules_alone(task)} if view == "labeler" else {})


def _taught(task: Task, **changed: object) -> Task:
    return replace(task, phrases=replace(task.phrases, **changed))  # type: ignore[arg-type]


def rules_alone(task: Task) -> JudgePredictions:
    """The first rule's vote; where none votes, the intent that is commonest among the labelled turns."""
    begun = perf_counter()
    commonest = Counter(turn.label.value for turn in task.train).most_common(1)[0][0]
    told = [votes(task.rules, view_with_rules((), t.dialogue.turns, t.index, 6)).split() for t in task.test]
    said = [some[0] if some else commonest for some in told]
    return JudgePredictions(
        said, np.array([1.0 if some else 0.0 for some in told]), perf_counter() - begun, float("nan")
    )


def _router(task: Task, params: Params, encoder: str, folder: Path) -> JudgePredictions:
    seen = params.build.context_turns
    begun = perf_counter()
    learned = [_example(turn, seen) for turn in task.train] or [
        _as_turn(number, example) for number, example in enumerate(task.phrases.utterances)
    ]
    train_router(learned, params.router.model_copy(update={"encoder": encoder}), folder, task.phrases)
    trained = perf_counter()
    router = Router.load(folder)
    best = [router.predict(t.turn.text, t.dialogue.turns[max(0, t.index - seen) : t.index])[0] for t in task.test]
    spent = (perf_counter() - trained) / len(task.test) * 1000
    return JudgePredictions([b.intent for b in best], np.array([b.confidence for b in best]), trained - begun, spent)


def _labeler(task: Task, params: Params, encoder: str, folder: Path) -> JudgePredictions:
    begun = perf_counter()
    train_labeler(task.train, task.rules, params.labeler.model_copy(update={"encoder": encoder}), folder, task.phrases)
    trained = perf_counter()
    dialogues = list({turn.dialogue.id: turn.dialogue for turn in task.test}.values())
    found = {(g.dialogue.id, g.index): g for g in guesses(TextClassifier.load(folder), task.rules, dialogues)}
    spent = (perf_counter() - trained) / len(found) * 1000
    said = [found[turn.dialogue.id, turn.index] for turn in task.test]
    return JudgePredictions([g.intent for g in said], np.array([g.confidence for g in said]), trained - begun, spent)


def _example(turn: LabelledTurn, seen: int) -> IntentExample:
    return IntentExample(
        dialogue_id=turn.dialogue.id,
        turn=turn.index,
        customer=turn.dialogue.customer,
        text=turn.turn.text,
        context=turn.dialogue.turns[max(0, turn.index - seen) : turn.index],
        intent=turn.label.value,
        source=turn.label.source,
        confidence=1.0,
        split="train",
    )


def _as_turn(number: int, example: Utterance) -> IntentExample:
    """An example of the pack, in the place of a labelled turn."""
    said = (Turn(role="customer", text=example.earlier, time=None), Turn(role="agent", text=example.before, time=None))
    return IntentExample(
        dialogue_id=f"example {number}",
        turn=len(said),
        customer="pack",
        text=example.text,
        context=tuple(turn for turn in said if turn.text),
        intent=example.intent,
        source="pack",
        confidence=1.0,
        split="train",
    )
