"""The review queue: what is asked first, and what nobody can see in it."""

import random
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from data.labeling.labeler import OutOfFoldPrediction
from data.labeling.proposal import Proposal
from data.review.golden import golden_tasks
from data.review.queue import BATCH, FRONT, queue, rank
from kefu.schema import Label
from tests.fixtures.cost import cost


def proposal(number: int, margin: float = 0.1, dialogue: str | None = None) -> Proposal:
    name = dialogue or f"shop:2026-11-09:{number}"
    return Proposal(name, number, "2026-11-09", "tea", 0.5, margin)


def day(count: int, seed: int = 1) -> list[Proposal]:
    draw = random.Random(seed)
    return [proposal(n, draw.random(), f"shop:2026-11-09:{n // 4}") for n in range(count)]


def test_everything_is_asked_once_and_in_the_same_order_every_time() -> None:
    turns = day(700)
    ranked = rank(turns, seed=7)
    assert Counter(ranked) == Counter(turns)
    assert rank(turns[::-1], seed=7) == ranked
    assert rank([], seed=7) == []


def test_doubt_comes_first() -> None:
    turns = day(2000)
    first = [p.margin for p in rank(turns, seed=7)[:BATCH]]
    assert np.mean(first) < 0.25 < np.mean([p.margin for p in turns])


def test_the_smallest_margin_is_asked_first_whatever_the_rest() -> None:
    turns = [proposal(n, margin=margin) for n, margin in enumerate((0.3, 0.1, 0.2))]
    assert [p.margin for p in rank(turns, seed=7)] == [0.1, 0.2, 0.3]


def test_questions_of_one_dialogue_stand_side_by_side_within_a_batch() -> None:
    turns = day(1600)
    ranked = rank(turns, seed=7)
    by_margin = sorted(turns, key=lambda p: p.margin)
    for start in range(0, len(turns), BATCH):
        batch = ranked[start : start + BATCH]
        assert Counter(batch) == Counter(by_margin[start : start + BATCH])  # which are asked, margin alone decides
        places: dict[str, list[int]] = {}
        for place, asked in enumerate(batch):
            places.setdefault(asked.dialogue_id, []).append(place)
        assert all(last[-1] - last[0] == len(last) - 1 for last in places.values())
        pairs = [(one, other) for one, other in pairwise(batch) if one.dialogue_id == other.dialogue_id]
        assert pairs and all(one.index < other.index for one, other in pairs)  # as they were said


def test_audit_and_golden_are_strewn_near_the_front_and_look_like_their_neighbours() -> None:
    turns = day(3000)
    unsure, audit = turns[:2800], turns[2800:2900]
    golden = [p.task("audit").model_copy(update={"why": "golden"}) for p in turns[2900:2920]]
    tasks = list(queue(unsure, audit, golden, seed=7))
    assert Counter(t.why for t in tasks) == {"unsure": 2800, "audit": 100, "golden": 20}
    places = [n for n, t in enumerate(tasks) if t.why != "unsure"]
    assert max(places) < FRONT + len(audit) + len(golden)
    thirds = Counter(min(2, 3 * n // (max(places) + 1)) for n in places)
    assert min(thirds.values()) > 20  # all along the way, not in one place
    priorities = [t.priority for t in tasks]
    assert priorities == sorted(priorities, reverse=True) and priorities[0] > 0
    assert list(queue(unsure[::-1], audit[::-1], golden[::-1], seed=7)) == tasks
    assert [(t.dialogue_id, t.turn) for t in tasks if t.why == "unsure"] == [
        (p.dialogue_id, p.index) for p in rank(unsure, seed=7)
    ]


def test_a_great_audit_sample_leaves_room_for_questions() -> None:
    turns = day(4000)
    tasks = list(queue(turns[:3000], turns[3000:], [], seed=7))
    assert sum(t.why == "audit" for t in tasks[:400]) / 400 == pytest.approx(0.25, abs=0.06)
    assert {t.why for t in queue([], turns[:5], [], seed=7)} == {"audit"}


def test_a_day_of_a_hundred_thousand_dialogues_is_ranked_in_seconds() -> None:
    turns = day(120_000)
    assert len(rank(turns, seed=7)) == len(turns)
    assert cost(lambda: rank(turns, seed=7), runs=1) < 20_000


CLASSES = ("juice", "milk", "tea")
PROBABILITIES = {"tea": (0.02, 0.08, 0.9), "milk": (0.08, 0.9, 0.02)}


def judged(number: int, predicted: str) -> OutOfFoldPrediction:
    return OutOfFoldPrediction(
        dialogue_id=f"d{number}",
        turn=0,
        intent="tea",
        predicted=predicted,
        confidence=0.9,
        probabilities=PROBABILITIES[predicted],
    )


def said(number: int, who: str, value: str) -> Label:
    return Label(
        dialogue_id=f"d{number}", turn=0, what="intent", value=value, source=f"review:{who}", confidence=1, version="v"
    )


def test_golden_tasks_are_turns_with_a_known_answer_and_the_machines_own_proposal() -> None:
    seen = [judged(n, "tea" if n % 2 else "milk") for n in range(40)]
    labels = [said(n, "ann+bob" if n < 8 else "ann", "milk" if 8 <= n < 20 else "tea") for n in range(40)]
    tasks = golden_tasks(seen, CLASSES, labels, 10, "2026-11-09", seed=7)
    asked = [int(task.dialogue_id[1:]) for task in tasks]
    assert set(asked[:8]) == set(range(8))  # two people agree, whatever the machine said
    assert all(n >= 20 and n % 2 for n in asked[8:]) and len(asked) == 10
    assert all(task.proposal == seen[n].predicted for task, n in zip(tasks, asked, strict=True))
    offered = {"tea": ("milk", "juice"), "milk": ("juice", "tea")}  # as any other task: nothing tells a golden one
    assert all(task.alternatives == offered[task.proposal] for task in tasks)
    assert golden_tasks(seen, CLASSES, labels, 10, "2026-11-10", seed=7) != tasks
    assert golden_tasks(seen[::-1], CLASSES, labels, 10, "2026-11-09", seed=7) == tasks
