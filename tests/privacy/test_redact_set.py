"""The labelled set of ``benchmarks/pii``, made small: what the detectors once found they go on finding."""

from __future__ import annotations

import pytest

from benchmarks.pii.items import HALVES, INDEPENDENT, items
from benchmarks.pii.score import score_set
from kefu.privacy.detectors import registry
from kefu.privacy.redact import Redactor
from tests.ingest.conftest import PII
from tests.privacy.test_redact import HARD, PERSONAL, STAYS


def test_the_quick_test_lets_everything_through_that_a_detector_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        *sum(PERSONAL.values(), []),
        *STAYS,
        *HARD,
        *(item.text for half in (*HALVES, INDEPENDENT[0]) for item in items(half, 2)),
    ]
    redactor = Redactor(PII)
    quick = [redactor.find(text) for text in texts]
    monkeypatch.setattr(registry, "possible", lambda folded: True)
    assert quick == [redactor.find(text) for text in texts]


@pytest.mark.parametrize("half", HALVES)
def test_the_labelled_set_keeps_its_recall_and_precision(half: str) -> None:
    texts = list(items(half, 2, seed=11))
    redactor = Redactor({"ORDER": r"QM\d{10}"})
    score = score_set(texts, [redactor.find(item.text) for item in texts]).by["all", "all"]
    assert score.expected > 400
    assert score.recall >= 0.99
    assert score.precision >= 0.97


def test_the_independent_set_keeps_the_goal() -> None:
    texts = list(items(INDEPENDENT[0], 1))
    redactor = Redactor({"ORDER": r"QM\d{10}", "TAX": r"9[1-3][0-9A-Z]{16}"})
    scores = score_set(texts, [redactor.find(item.text) for item in texts])
    assert scores.by["all", "all"].expected > 500
    assert scores.by["all", "all"].precision >= 0.97
    assert min(scores.by[lang, "all"].recall for lang in ("zh", "en")) >= 0.98
    assert scores.by["all", "all"].recall >= 0.99


@pytest.mark.parametrize("half", ["fresh", "blind"])
def test_sentences_without_cues_keep_their_recall(half: str) -> None:
    texts = list(items(half, 1))
    redactor = Redactor({"ORDER": r"QM\d{10}"})
    score = score_set(texts, [redactor.find(item.text) for item in texts]).by["all", "all"]
    assert score.expected > 60
    assert score.recall >= 0.85
    assert score.precision >= 0.97
