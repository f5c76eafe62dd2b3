"""What a challenger has forgotten: frozen questions that the champion answers rightly and the challenger does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from evaluation.forgetting.frozen_sets import SUITE
from evaluation.result import Result
from kefu.schema import Prediction

RIGHT = 0.5  # score from which an item counts as right: half of the words of an answer; of an intent, all or nothing


class Forgotten(NamedTuple):
    """One item: what the challenger says now, and what the champion says."""

    now: Prediction
    before: Prediction


def forgotten(challenger: Mapping[str, Result], champion: Mapping[str, Result] | None) -> list[Forgotten]:
    """The forgotten items of all frozen sets, by suite; of each the largest loss first."""
    found = []
    for suite in sorted(name for name in challenger if champion and name.startswith(SUITE)):
        before = {p.id: p for p in champion[suite].predictions} if champion else {}
        pairs = [Forgotten(now, before[now.id]) for now in challenger[suite].predictions if now.id in before]
        lost = [pair for pair in pairs if pair.before.score >= RIGHT > pair.now.score]
        found += sorted(lost, key=lambda pair: (pair.now.score - pair.before.score, pair.now.id))
    return found
