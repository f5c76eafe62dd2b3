"""Fits when the edge model's answer is given (``kefu/llm/cascade.py``), on held-out chats that both models answer.

The edge is right where its token F1 with the person's answer is not below the centre's. Isotonic regression (Zadrozny &
Elkan 2002) turns its mean log-probability into that probability. The figures are out of fold, by customer; the table
that is served is fitted on all. Words are compared, not truth, as everywhere in the evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import GroupKFold

from distill.params import Export
from kefu.errors import Unusable
from kefu.llm.cascade import Cascade, mean_log_prob
from kefu.llm.engine import Engine
from kefu.metrics.calibration import expected_calibration_error
from kefu.metrics.text import token_f1
from kefu.progress import progress
from kefu.registry.seal import BaseModelRef
from kefu.schema import Example
from kefu.split import sample_by_customer
from serving.engines.load import load_engine
from serving.engines.memory import free_memory

FOLDS = 5
CURVE = ("min_probability", "edge_share", "token_f1")


@dataclass(frozen=True)
class Answers:
    """A model's greedy answers to some chats. f1: (chats,) token F1 with the person's. log_probs: (chats,) of the
    answers, nats a token."""

    f1: np.ndarray
    log_probs: np.ndarray


@dataclass(frozen=True)
class FittedCascade:
    """curve: rows of ``CURVE``, out of fold, from the edge that answers all to the centre that does."""

    cascade: Cascade
    metrics: dict[str, float]
    curve: list[tuple[float, float, float]]


def calibrate(
    release: Path, bases: Mapping[str, BaseModelRef], examples: Iterable[Example], params: Export
) -> FittedCascade | None:
    """Asks both models of a release, and writes its ``cascade.json``; None without ``cascade_chats``.

    Raises:
        Unusable: the held-out chats are of too few customers.
    """
    if not params.cascade_chats:
        return None
    held_out = [example for example in examples if example.split == "eval"]
    chats = sample_by_customer(held_out, params.cascade_chats, params.seed)
    answers: dict[str, Answers] = {}
    for name in ("edge", "centre"):  # one after the other: a card holds one of them
        free_memory()
        engine = load_engine(name, release / name, bases[name].name)
        answers[name] = answer_chats(engine, chats, params.cascade_max_new_tokens)
        engine.close()
        del engine
    fitted = fit_cascade(answers["edge"], answers["centre"], [chat.customer for chat in chats])
    fitted.cascade.save(release)
    return fitted


def answer_chats(engine: Engine, chats: Sequence[Example], max_new_tokens: int) -> Answers:
    """Asks a model for the last answer of each chat."""
    f1, log_probs = [], []
    with progress(f"cascade, {engine.name}", len(chats)) as tick:
        for chat in chats:
            prompt = chat.messages[:-1]
            text = "".join(engine.stream(prompt, max_new_tokens)).strip()
            f1.append(token_f1(text, chat.messages[-1].content))
            log_probs.append(mean_log_prob(engine, prompt, text))
            tick()
    return Answers(np.array(f1), np.array(log_probs))


def fit_cascade(edge: Answers, centre: Answers, customers: Sequence[str]) -> FittedCascade:
    """The table, its calibration error out of fold, and what each threshold would give.

    Args:
        customers: of each chat; those of one are in one fold.

    Raises:
        Unusable: there are fewer customers than folds.
    """
    if len(set(customers)) < FOLDS:
        raise Unusable(
            f"export: {len(set(customers))} held-out customers cannot calibrate the cascade, it takes {FOLDS}: ingest "
            "more days, or set export.cascade_chats to 0"
        )
    right = edge.f1 >= centre.f1
    held_out = np.empty(len(right))
    for fit, measured in GroupKFold(FOLDS).split(edge.log_probs, groups=customers):
        held_out[measured] = _isotonic(edge.log_probs[fit], right[fit]).predict(edge.log_probs[measured])
    whole = _isotonic(edge.log_probs, right)
    cascade = Cascade(log_probs=tuple(whole.X_thresholds_.tolist()), probabilities=tuple(whole.y_thresholds_.tolist()))
    metrics = {
        "cascade.right": float(right.mean()),
        "cascade.ece_before": expected_calibration_error(np.exp(edge.log_probs), right),
        "cascade.ece": expected_calibration_error(held_out, right),
    }
    return FittedCascade(cascade, metrics, _curve(held_out, edge.f1, centre.f1))


def _isotonic(log_probs: np.ndarray, right: np.ndarray) -> IsotonicRegression:
    return IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(log_probs, right.astype(float))


def _curve(probabilities: np.ndarray, edge: np.ndarray, centre: np.ndarray) -> list[tuple[float, float, float]]:
    rows = []
    for threshold in np.linspace(0, 1.05, 22):
        taken = probabilities >= threshold
        rows.append((float(round(threshold, 2)), float(taken.mean()), float(np.where(taken, edge, centre).mean())))
    return rows
