"""Kefu's own code as the loop runs it: ``train_router``, ``train_labeler``, ``Router``, ``guesses``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.labeling.judge import Said
from benchmarks.labeling.task import Task
from data.label.labeler import guesses, train_labeler
from data.label.turns import LabelledTurn
from kefu.classifier import TextClassifier
from kefu.params import Params
from kefu.router import Router
from kefu.schema import IntentExample
from training.router import train_router


def product(task: Task, view: str, params: Params, encoder: str) -> Said:
    with tempfile.TemporaryDirectory() as folder:
        run = _router if view == "router" else _labeler
        return run(task, params, encoder, Path(folder))


def _router(task: Task, params: Params, encoder: str, folder: Path) -> Said:
    seen = params.build.context_turns
    begun = perf_counter()
    train_router([_example(t, seen) for t in task.train], params.router.model_copy(update={"encoder": encoder}), folder)
    trained = perf_counter()
    router = Router.load(folder)
    best = [router.predict(t.turn.text, t.dialogue.turns[max(0, t.index - seen) : t.index])[0] for t in task.test]
    spent = (perf_counter() - trained) / len(task.test) * 1000
    return Said([b.intent for b in best], np.array([b.confidence for b in best]), trained - begun, spent)


def _labeler(task: Task, params: Params, encoder: str, folder: Path) -> Said:
    begun = perf_counter()
    train_labeler(task.train, task.rules, params.labeler.model_copy(update={"encoder": encoder}), folder)
    trained = perf_counter()
    dialogues = list({turn.dialogue.id: turn.dialogue for turn in task.test}.values())
    found = {(g.dialogue.id, g.index): g for g in guesses(TextClassifier.load(folder), task.rules, dialogues)}
    spent = (perf_counter() - trained) / len(found) * 1000
    said = [found[turn.dialogue.id, turn.index] for turn in task.test]
    return Said([g.intent for g in said], np.array([g.confidence for g in said]), trained - begun, spent)


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
