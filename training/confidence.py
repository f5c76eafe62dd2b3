"""Fits how the search weighs its signals, and the probability that its best entry answers.

Every question of the index is kept out of it once (cross-validation). It is then searched twice: with its entry,
where the entry is the right answer, and without it, where nothing is. Utterances of intents that no entry has, and
the pack's ``unanswered.yaml``, have no answer either. Ranking: conditional logit (McFadden 1974) over the entries.
Probability: monotone logistic regression on ``kefu.knowledge.search.features``, of labelled messages where the pack
has enough: a pack's wordings are shorter and more often elliptic. Measured by ``benchmarks/knowledge``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, softmax

from kefu.knowledge.confidence import FEATURES, SIGNALS, UNFITTED, Confidence
from kefu.knowledge.index import Index
from kefu.knowledge.search import Evidence, Search, features
from kefu.schema import RetrievalExample
from kefu.shop.part import Lang
from kefu.split import fraction

L2 = 0.01  # on the ranking's weights
# No question of the set is a policy's own, so a free weight would bar policies from being found at all.
LEAST_NO_QUESTION = -1.5
LEAST_LABELLED = 100  # messages, from which they alone say how often the best entry answers
PENALTY = 0.001  # L2 on the probability's weights of standardized features, beside a mean loss
_BOUNDS = {"unknown": (None, 0), "log_terms": (None, None), "chinese": (None, None)}  # of all others: at least 0


class Held(NamedTuple):
    """A question that was searched in an index without it; ``right``: rows of entries that answer, maybe none."""

    evidence: Evidence
    lang: Lang
    right: frozenset[int]


class LabelledQuestion(NamedTuple):
    """A customer's message and the ids of the entries that answer it; none where nothing does.

    entry: the one that it asks for, when it asks for nothing else. before: what the assistant said before it.
    """

    text: str
    lang: Lang
    right: frozenset[str]
    entry: str | None = None
    before: str = ""


Questions = Mapping[str, Sequence[str]]  # entry id → wordings, its own question first
Unanswered = Sequence[tuple[str, Lang]]
Build = Callable[[Questions, frozenset[str]], Index]  # of what stays in; and other texts that must not be seen


def fit_confidence(
    build: Build,
    questions: Questions,
    unanswered: Unanswered,
    folds: int,
    unanswerable_share: float,
    seed: int,
    labelled: Sequence[LabelledQuestion] = (),
) -> Confidence:
    """Fits the confidence of an index of ``questions`` on questions that its folds did not see.

    Args:
        build: makes the index of a fold.
        unanswered: texts that no entry answers.
        unanswerable_share: weight of questions without an answer among all.
        labelled: messages of customers; with at least LEAST_LABELLED the probability is fitted on them.
    """
    parts = [_held_out(build, questions, unanswered, labelled, fold, folds, seed) for fold in range(folds)]
    held, messages = ([row for part in parts for row in part[kind]] for kind in (0, 1))
    answered = [row for row in held if row.right]
    if not answered:
        return UNFITTED
    asked = [row for row in messages if row.right]
    ranking = UNFITTED.model_copy(update={"ranking": _fit_ranking([*answered, *asked])})
    asked = asked if len(asked) >= LEAST_LABELLED else answered
    groups = [asked, [without_answer(row) for row in asked], [row for row in (*held, *messages) if not row.right]]
    return _fit_probability(ranking, [group for group in groups if group], unanswerable_share)


def _held_out(
    build: Build,
    questions: Questions,
    unanswered: Unanswered,
    labelled: Sequence[LabelledQuestion],
    fold: int,
    folds: int,
    seed: int,
) -> tuple[list[Held], list[Held]]:
    """The rows of one fold: of wordings and texts that nothing answers, then of labelled messages."""

    def out(text: str) -> bool:
        return int(fraction(text, seed) * folds) == fold

    kept = {name: [some[0], *(q for q in some[1:] if not out(q))] for name, some in questions.items()}
    strangers = [(text, lang) for text, lang in unanswered if out(text)]
    index = build(kept, frozenset([*(text for text, _ in strangers), *(one.text for one in labelled if out(one.text))]))
    search = Search(index)
    rows = [
        Held(search.evidence(question, entry.lang), entry.lang, frozenset([number]))
        for lang in index.languages
        for number, entry in enumerate(index.of(lang))
        for question in questions[entry.id][1:]
        if out(question)
    ]
    rows += [Held(search.evidence(text, lang), lang, frozenset()) for text, lang in strangers if index.of(lang)]
    place = {entry.id: number for lang in index.languages for number, entry in enumerate(index.of(lang))}
    return rows, [
        Held(search.evidence(one.text, one.lang, one.before), one.lang, frozenset(place[name] for name in one.right))
        for one in labelled
        if out(one.text)
    ]


def _fit_ranking(rows: Sequence[Held]) -> dict[str, float]:
    """Weights under which the softmax of the scores makes the right entries likeliest; signals never count against."""

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, gradient = L2 * float(weights @ weights), 2 * L2 * weights
        for signals, right in of_language:
            p = softmax(signals @ weights, axis=1)
            share = (p * right).sum(axis=1, keepdims=True) + 1e-12
            total -= float(np.log(share).sum()) / len(rows)
            gradient = gradient + np.tensordot(p - p * right / share, signals, axes=2) / len(rows)
        return total, gradient

    groups = [[row for row in rows if row.lang == lang] for lang in sorted({row.lang for row in rows})]
    of_language = [(np.stack([row.evidence.signals for row in group]), _right_entries(group)) for group in groups]
    bounds = [(LEAST_NO_QUESTION, 0) if name == "no_question" else (0, None) for name in SIGNALS]
    found = minimize(loss, np.ones(len(SIGNALS)), jac=True, bounds=bounds, method="L-BFGS-B").x
    return dict(zip(SIGNALS, (round(float(w), 6) for w in found), strict=True))


def _right_entries(rows: Sequence[Held]) -> np.ndarray:
    """(rows, entries) bool of rows of one language."""
    return np.array([np.isin(np.arange(len(row.evidence.signals)), list(row.right)) for row in rows])


def without_answer(row: Held) -> Held:
    """The same question where no entry that answers is in the index."""
    lexical, gone = row.evidence.lexical, sorted(row.right)
    bm25, question, coverage = (np.delete(a, gone) for a in (lexical.bm25, lexical.question, lexical.coverage))
    others = lexical._replace(bm25=bm25, question=question, coverage=coverage)
    signals = np.delete(row.evidence.signals, gone, axis=0)
    asked = signals[:, SIGNALS.index("asked")]
    # A model without the entry would not have its class: what is left of the probability goes to the others.
    signals[:, SIGNALS.index("asked")] = asked - np.logaddexp.reduce(asked)
    return Held(Evidence(signals, others), row.lang, frozenset())


def judged(index: Index, rows: Sequence[Held]) -> tuple[np.ndarray, np.ndarray]:
    """Probability of the best entry of each row, (n,) float64, and whether it answers, (n,) bool."""
    scores = [index.confidence.scores(row.evidence.signals) for row in rows]
    pairs = list(zip(rows, scores, strict=True))
    p = [index.confidence.probability(features(row.evidence, some, row.lang)) for row, some in pairs]
    return np.array(p), np.array([some.argmax() in row.right for row, some in pairs])


def held_out_rows(index: Index, examples: Sequence[RetrievalExample], without_every: int = 2) -> list[Held]:
    """The eval side of a retrieval set; every ``without_every``-th question again without its entry."""
    search, place = Search(index), {e.id: (e.lang, i) for lang in index.languages for i, e in enumerate(index.of(lang))}
    rows = [
        Held(search.evidence(example.question, lang), lang, frozenset([right]))
        for example in examples
        if example.split == "eval"
        for lang, right in [place[example.entry_id]]
    ]
    return rows + [without_answer(row) for row in rows[::without_every]]


def _fit_probability(ranking: Confidence, groups: Sequence[Sequence[Held]], unanswerable_share: float) -> Confidence:
    """Args: groups: first the questions with an answer, then kinds of those without, which share their weight."""
    others = [unanswerable_share / (len(groups) - 1) for _ in groups[1:]]
    mass = [1 - sum(others), *others]
    weight = np.concatenate([np.full(len(g), share / len(g)) for g, share in zip(groups, mass, strict=True)])
    rows = [(row, ranking.scores(row.evidence.signals)) for group in groups for row in group]
    matrix = np.array([features(row.evidence, scores, row.lang) for row, scores in rows])
    correct = np.array([scores.argmax() in row.right for row, scores in rows])
    if correct.all() or not correct.any():  # too small a pack to learn from: Laplace's rule
        rate = (correct.sum() + 1) / (len(correct) + 2)
        return ranking.model_copy(update={"bias": float(np.log(rate / (1 - rate)))})
    mean, scale = np.average(matrix, axis=0, weights=weight), matrix.std(axis=0) + 1e-9
    solution = _logistic((matrix - mean) / scale, correct, weight)
    weights = solution[1:] / scale
    bias = float(solution[0] - weights @ mean)
    named = dict(zip(FEATURES, (round(float(w), 6) for w in weights), strict=True))
    return ranking.model_copy(update={"weights": named, "bias": round(bias, 6)})


def _logistic(matrix: np.ndarray, correct: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Bias and weights (1 + features,) of a logistic regression in which more evidence never means less.

    Free signs gave BM25 a negative weight beside its correlates, and on the eval side 20 instead of 35 % answered at
    0.8, with as many wrong.
    """

    def loss(solution: np.ndarray) -> tuple[float, np.ndarray]:
        logit = solution[0] + matrix @ solution[1:]
        error = weight * (expit(logit) - correct)
        penalty = PENALTY * float(solution[1:] @ solution[1:])
        value = float(weight @ (np.logaddexp(0, logit) - correct * logit)) + penalty
        return value, np.concatenate([[error.sum()], error @ matrix + 2 * PENALTY * solution[1:]])

    bounds = [(None, None), *(_BOUNDS.get(name, (0, None)) for name in FEATURES)]
    start = np.zeros(1 + len(FEATURES))
    return np.asarray(minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x)
