"""How far reviewers agree: Krippendorff's alpha per label and per reviewer, and their accuracy on golden tasks.

Only first answers count towards agreement: a further opinion is asked only where people disagree, so it would
make them look worse. Alpha is 1 for perfect agreement, 0 for what chance gives, negative below; nominal data,
missing answers allowed (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"). A golden task asks
again what others decided; it is right when it is answered as they did. What people confirm of the machine's
proposals is also told: somebody who always confirms does not look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import permutations
from statistics import median
from typing import Any

from data.review.label_studio.annotations import Annotation
from data.review.labels import Reviews
from data.review.task_id import FIRST, GOLDEN, INTENT, RESOLUTION

Unit = dict[str, str]  # reviewer → value
Rating = tuple[str, object, str]  # reviewer, unit, value


def agreement(reviews: Reviews) -> dict[str, Any]:
    """Everything about agreement, as JSON: labels, reviewers, disagreements."""
    first = [annotation for annotation in reviews.annotations if annotation.round == FIRST]
    units = {INTENT: _units(first, "question", INTENT), RESOLUTION: _units(first, "dialogue_id", RESOLUTION)}
    people = sorted({annotation.who for annotation in reviews.annotations})
    verdicts = reviews.verdicts.values()
    return {
        "labels": {name: _agreed(_together(found)) | {"units": len(found)} for name, found in units.items()},
        "reviewers": {who: _reviewer(who, reviews) | _agreed(_against(who, units[INTENT])) for who in people},
        "disagreements": {
            "open": sum(verdict.next_round is not None for verdict in verdicts),
            "settled": sum(verdict.intent is not None and len(verdict.rounds) > 1 for verdict in verdicts),
            "unsettled": sum(verdict.intent is None and verdict.next_round is None for verdict in verdicts),
        },
    }


def alpha(said: Iterable[Rating]) -> float | None:
    """Krippendorff's alpha of nominal data; None where nobody answered what another one did."""
    from nltk.metrics.agreement import AnnotationTask  # takes seconds

    triples = list(said)
    return float(AnnotationTask(triples).alpha()) if triples else None


def _units(annotations: Iterable[Annotation], unit: str, value: str) -> list[Unit]:
    """What several people answered: one mapping a unit."""
    found: defaultdict[str, Unit] = defaultdict(dict)
    for annotation in annotations:
        if said := getattr(annotation, value):
            found[getattr(annotation, unit)][annotation.who] = said
    return [answers for answers in found.values() if len(answers) > 1]


def _together(units: Iterable[Unit]) -> list[Rating]:
    return [(who, number, value) for number, answers in enumerate(units) for who, value in answers.items()]


def _against(who: str, units: Iterable[Unit]) -> list[Rating]:
    """One reviewer beside each other one: a pair of answers is a unit."""
    pairs = [(answers[one], answers[two]) for answers in units for one, two in permutations(answers, 2) if one == who]
    return [said for number, (own, other) in enumerate(pairs) for said in ((who, number, own), ("", number, other))]


def _agreed(said: list[Rating]) -> dict[str, float | None]:
    values: defaultdict[object, set[str]] = defaultdict(set)
    for _, unit, value in said:
        values[unit].add(value)
    same = sum(len(different) == 1 for different in values.values())
    return {"alpha": alpha(said), "same": same / len(values) if values else None}


def _reviewer(who: str, reviews: Reviews) -> dict[str, float | None]:
    own = [annotation for annotation in reviews.annotations if annotation.who == who]
    seconds = [annotation.seconds for annotation in own if annotation.seconds is not None]
    golden = [right for annotation in own if (right := _golden(annotation, reviews)) is not None]
    return {
        "answers": len(own),
        "seconds": median(seconds) if seconds else None,
        "confirmed": sum(annotation.intent == annotation.proposal for annotation in own) / len(own),
        "golden": len(golden),
        "golden_right": sum(golden) / len(golden) if golden else None,
    }


def _golden(annotation: Annotation, reviews: Reviews) -> bool | None:
    """Whether a golden task was answered right; None for other tasks, and where the truth is one's own answer."""
    truth = reviews.labels.get((annotation.dialogue_id, annotation.turn, INTENT))
    if annotation.round != GOLDEN or truth is None or truth.source == f"review:{annotation.who}":
        return None
    return annotation.intent == truth.value


def figures(measured: Mapping[str, Any]) -> dict[str, float]:
    """The same as metrics; what cannot be told yet is left out."""
    found: dict[str, float | None] = {f"{name}_disagreements": n for name, n in measured["disagreements"].items()}
    for name, row in measured["labels"].items():
        found |= {f"alpha_{name}": row["alpha"], f"answered_by_two_{name}": row["units"]}
    for who, row in measured["reviewers"].items():
        found |= {f"reviewer_{who}_{name}": row[name] for name in ("alpha", "golden_right", "confirmed")}
    golden = [(row["golden"], row["golden_right"]) for row in measured["reviewers"].values() if row["golden"]]
    total = sum(count for count, _ in golden)
    found["golden_right"] = sum(count * right for count, right in golden) / total if total else None
    return {name: float(value) for name, value in found.items() if value is not None}


def table(measured: Mapping[str, Any], people: Mapping[str, str]) -> list[str]:
    """Lines for a terminal; ``people``: who the numbers are, as far as it is known."""
    lines = [f"{'label':<12}{'answered by two':>16}{'same':>8}{'alpha':>8}"]
    for name, row in measured["labels"].items():
        lines.append(f"{name:<12}{row['units']:>16}{_shown(row['same']):>8}{_shown(row['alpha']):>8}")
    columns = ("answers", "seconds", "confirmed", "same", "alpha", "golden", "golden_right")
    lines += ["", f"{'reviewer':<12}" + "".join(f"{name:>14}" for name in columns)]
    for who, row in measured["reviewers"].items():
        lines.append(
            f"{who:<12}" + "".join(f"{_shown(row[name]):>14}" for name in columns) + f"  {people.get(who, '')}"
        )
    return [*lines, "", "disagreements: " + ", ".join(f"{n} {name}" for name, n in measured["disagreements"].items())]


def _shown(value: float | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.2f}"
