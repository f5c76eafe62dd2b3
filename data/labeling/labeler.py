"""Trains the labeler: intent of a customer turn from the whole dialogue, answers included.

Beside the model it keeps predictions for reviewed turns by models that had not seen them. Autolabel chooses its
thresholds from these, so another target needs no new training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from data.labeling.join import LabelledTurn
from data.labeling.params import Labeler
from data.labeling.rule_votes import FIELD, WEIGHT, run_with_rules, votes
from kefu.errors import Unusable
from kefu.intents.classifier import TextClassifier
from kefu.intents.context import CustomerTurns, PackExample
from kefu.intents.train import fit_classifier, to_pack_examples
from kefu.intents.views import LABELER_FIELDS
from kefu.io import write_jsonl
from kefu.metrics.calibration import expected_calibration_error
from kefu.metrics.classification import accuracy_at_coverage
from kefu.schema import Dialogue, Record, TurnKey
from kefu.shop.taxonomy import Rule
from kefu.shop.wordings.examples import NO_EXAMPLES, PackExamples, Utterance

OUT_OF_FOLD = "out_of_fold.jsonl"
SHOWN = 3  # intents that a reviewer is offered
# Probabilities (turns, classes) and the turns → better ones of the same shape (``opinions/combine.py``).
Combine = Callable[[np.ndarray, Sequence[TurnKey]], np.ndarray]


class OutOfFoldPrediction(Record):
    """A prediction for a reviewed turn, by a model that had not seen its dialogue.

    probabilities: of all classes in the classifier's order, for other opinions to be weighed against.
    taught: whether the finished labeler learned from it.
    """

    dialogue_id: str
    turn: int
    intent: str
    predicted: str
    confidence: float
    probabilities: tuple[float, ...] = ()
    taught: bool = True

    @property
    def key(self) -> TurnKey:
        return TurnKey(self.dialogue_id, self.turn)


@dataclass(frozen=True, slots=True)
class Guess:
    """An intent for a turn.

    margin: lead of its probability over the second best.
    alternatives: the next best intents, the best first.
    """

    dialogue: Dialogue
    index: int
    intent: str
    confidence: float
    margin: float
    alternatives: tuple[str, ...]


def train_labeler(
    turns: Sequence[LabelledTurn],
    rules: Sequence[Rule],
    params: Labeler,
    folder: Path,
    phrases: PackExamples = NO_EXAMPLES,
    apart: Sequence[LabelledTurn] = (),
) -> list[OutOfFoldPrediction]:
    """Writes the model and ``out_of_fold.jsonl`` into ``folder``; returns the out-of-fold predictions.

    Args:
        apart: turns of other dialogues that teach nothing and are judged as well (``join.split_held_out``).
        phrases: the pack's words and examples. Examples of an intent of which nobody reviewed a turn yet (a new
            one, or on a new shop's first day all of them) stand in for such turns; the others teach beside them.

    Raises Unusable when there is nothing of two intents to learn from.
    """
    turns = sorted(turns, key=lambda t: (t.dialogue.id, t.index))
    seen = {turn.label.value for turn in turns}
    unseen = phrases.for_intents({example.intent for example in phrases.utterances} - seen)
    if len(seen | {example.intent for example in unseen}) < 2:
        raise Unusable(
            f"{len(turns)} reviewed turns and {len(unseen)} examples, of fewer than two intents: write what "
            "customers say into the pack's examples/<intent>.yaml, or bring labels by people in store/reviewed"
        )
    fields = LABELER_FIELDS | {FIELD: WEIGHT}
    fitted = fit_classifier(
        [*_runs(turns, rules, params.context_turns), *_example_runs(unseen, rules, fields)],
        fields=fields,
        ahead=True,
        words=phrases.words,
        pack_examples=_with_votes(phrases.for_intents(seen), rules, fields),
        **params.model_dump(),
    )
    classifier, others = fitted.classifier, sorted(apart, key=lambda t: (t.dialogue.id, t.index))
    judged = [
        *_judged(turns, fitted.probabilities[: len(turns)], classifier.config.classes, taught=True),
        *_judged(others, _judgements(classifier, others, rules), classifier.config.classes, taught=False),
    ]
    judged.sort(key=lambda j: (j.dialogue_id, j.turn))
    classifier.save(folder)
    write_jsonl(folder / OUT_OF_FOLD, judged)
    return judged


def _runs(turns: Sequence[LabelledTurn], rules: Sequence[Rule], context_turns: int) -> list[CustomerTurns]:
    """A run for each dialogue that people labelled something of, in the order of ``turns``, which are sorted."""
    runs = []
    for dialogue_id, of_one in groupby(turns, key=lambda t: t.dialogue.id):
        said = {t.index: t for t in of_one}
        dialogue = next(iter(said.values())).dialogue
        places, samples = run_with_rules(rules, dialogue.turns, context_turns)
        runs.append(CustomerTurns(dialogue_id, samples, [said[i].label.value if i in said else None for i in places]))
    return runs


def _judged(
    turns: Sequence[LabelledTurn], probabilities: np.ndarray, classes: Sequence[str], taught: bool
) -> list[OutOfFoldPrediction]:
    return [
        OutOfFoldPrediction(
            dialogue_id=t.dialogue.id,
            turn=t.index,
            intent=t.label.value,
            predicted=classes[k],
            confidence=round(float(row[k]), 6),
            probabilities=tuple(round(float(p), 6) for p in row),
            taught=taught,
        )
        for t, k, row in zip(turns, probabilities.argmax(axis=1), probabilities, strict=True)
    ]


def _judgements(classifier: TextClassifier, turns: Sequence[LabelledTurn], rules: Sequence[Rule]) -> np.ndarray:
    """(turns, classes) probabilities of turns that the classifier did not learn from."""
    runs = _runs(turns, rules, classifier.config.context_turns)
    said = np.array([label is not None for run in runs for label in run.labels], dtype=bool)
    return classifier.predict_dialogues([run.samples for run in runs])[said]


def _example_runs(examples: Sequence[Utterance], rules: Sequence[Rule], fields: Iterable[str]) -> list[CustomerTurns]:
    """A run of one turn for each example."""
    given = _with_votes(examples, rules, fields)
    return [
        CustomerTurns(f"example {number}", [example.sample], [example.label]) for number, example in enumerate(given)
    ]


def _with_votes(examples: Sequence[Utterance], rules: Sequence[Rule], fields: Iterable[str]) -> list[PackExample]:
    given = to_pack_examples(examples, fields)
    return [PackExample({**example.sample, FIELD: votes(rules, example.sample)}, example.label) for example in given]


def guesses(
    classifier: TextClassifier,
    rules: Sequence[Rule],
    dialogues: Sequence[Dialogue],
    combine: Combine | None = None,
) -> Iterator[Guess]:
    """What the labeler says of every customer turn of these dialogues, in their order.

    Args:
        combine: weighs other opinions against the labeler's probabilities; None: there are none.
    """
    views = [run_with_rules(rules, dialogue.turns, classifier.config.context_turns) for dialogue in dialogues]
    predicted = classifier.predict_dialogues([samples for _, samples in views])
    where = [(dialogue, index) for dialogue, (places, _) in zip(dialogues, views, strict=True) for index in places]
    if combine is not None:
        predicted = combine(predicted, [TurnKey(dialogue.id, index) for dialogue, index in where])
    second, best = np.sort(predicted, axis=1)[:, -2:].T
    intents = most_likely(predicted, classifier.config.classes)
    for (dialogue, index), (intent, *others), top, lead in zip(where, intents, best, best - second, strict=True):
        yield Guess(dialogue, index, intent, float(top), float(lead), tuple(others))


def most_likely(probabilities: np.ndarray, classes: Sequence[str]) -> list[list[str]]:
    """The SHOWN most likely classes of each turn, the best first; ``probabilities``: (turns, classes)."""
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :SHOWN]
    return [[classes[k] for k in row] for row in best.tolist()]


def quality(judged: Sequence[OutOfFoldPrediction]) -> dict[str, float]:
    """Accuracy and calibration of out-of-fold predictions; nothing when nobody reviewed yet."""
    if not judged:
        return {}
    confidence, correct = arrays(judged)
    return {
        "accuracy": float(correct.mean()),
        "accuracy_at_80": accuracy_at_coverage(confidence, correct, 0.8),
        "ece": expected_calibration_error(confidence, correct),
    }


def arrays(judged: Sequence[OutOfFoldPrediction]) -> tuple[np.ndarray, np.ndarray]:
    """Confidence (n,) and whether it was right (n,)."""
    return np.array([j.confidence for j in judged]), np.array([j.predicted == j.intent for j in judged])
