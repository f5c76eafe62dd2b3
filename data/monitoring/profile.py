"""The profile of one day: its numbers, its drift against the reference days, its new questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from data.monitoring import drift
from data.monitoring.cache import Day
from data.monitoring.drift import Drift
from data.monitoring.label_quality import WHAT, Bins
from data.monitoring.new_questions import NewQuestion, new_questions
from data.monitoring.params import Monitor
from data.monitoring.turn_sample import Embedding, Sample

COMPARED = ("source", "language", "hour", "turns", "characters", "csat")


@dataclass(frozen=True)
class Profile:
    """A day beside the reference days before it. ``labels``: distribution → bin → count of the day."""

    day: Day
    before: tuple[Day, ...]
    labels: Bins
    labels_before: tuple[Bins, ...]
    drifts: tuple[Drift, ...]
    questions: tuple[NewQuestion, ...]

    def metrics(self) -> dict[str, float]:
        """The same numbers for DVC. Nothing is there that could not be computed."""
        values = {name: float(count) for name, count in self.day.census.counts.items()}
        values |= {f"redacted.{kind}": float(n) for kind, n in self.day.census.bins["redacted"].items()}
        values |= {f"labels.{kind}": float(n) for kind, n in self.labels.get("labels", {}).items()}
        for row in self.drifts:
            if row.value is not None:
                values["energy" if row.name == "embedding" else f"psi.{row.name}"] = row.value
        values["drifted"] = float(sum(row.level == drift.MAJOR for row in self.drifts))
        values["new_questions"] = float(len(self.questions))
        return values


def profile(
    day: Day,
    partition: Path,
    before: Sequence[Day],
    labels: Mapping[str, Bins],
    known: Sequence[str],
    params: Monitor,
) -> Profile:
    """Compares a day with the days before it.

    Args:
        partition: the day's folder, for the texts of new questions.
        before: reference days; none on the first day.
        labels: day → distributions (``labels.by_day``).
        known: the FAQ's questions, which are no news.
    """
    own, earlier = labels.get(day.day, {}), tuple(labels.get(other.day, {}) for other in before)
    rows = _distributions(day, before, own, earlier, params)
    questions: list[NewQuestion] = []
    if before:
        embed, vectors = _embedded(day.sample, [other.sample for other in before], params)
        rows.append(drift.embedding(vectors[0], vectors[1:], params))
        past = np.concatenate([embed(other.sample.grams) for other in before])
        limits = (params.same_question_cosine, params.new_turns, params.new_questions)
        questions = new_questions(partition, past, embed, known, *limits)
    return Profile(day, tuple(before), own, earlier, tuple(rows), tuple(questions))


def _distributions(day: Day, before: Sequence[Day], own: Bins, earlier: Sequence[Bins], params: Monitor) -> list[Drift]:
    rows = []
    dialogues = [other.census.counts["dialogues"] for other in before]
    for name in WHAT:
        if name in own and any(name in bins for bins in earlier):
            past = [dict(bins.get(name, {})) for bins in earlier]
            units = [min(n, sum(bins.values())) for n, bins in zip(dialogues, past, strict=True)]
            now = min(day.census.counts["dialogues"], own[name].total())
            rows.append(drift.distribution(name, own[name], past, now, units, params))
    if before:
        for name in COMPARED:
            past = [other.census.bins[name] for other in before]
            units = [other.census.units[name] for other in before]
            rows.append(drift.distribution(name, day.census.bins[name], past, day.census.units[name], units, params))
    return rows


def _embedded(now: Sample, before: Sequence[Sample], params: Monitor) -> tuple[Embedding, list[np.ndarray]]:
    """One turn a dialogue as vectors, today first; n-grams are weighed by the reference days."""
    embed = Embedding(sp.vstack([sample.grams for sample in before], format="csr"), params.seed)
    return embed, [embed(sample.grams[sample.one_a_dialogue()]) for sample in (now, *before)]
