"""The review queue: what is asked first, and what nobody can see in it."""

import random
import time
from collections import Counter

import numpy as np
import pytest

from data.labeling.labeler import Judged
from data.labeling.proposal import Proposal
from data.review.golden import golden_tasks
from data.review.queue import BATCH, FRONT, PER_DIALOGUE, queue, rank
from data.review.worth import worth
from kefu.schema import Label

WORDS = [a + b for a in "订单退货发票快递价格尺码颜色优惠" for b in "怎么时候能吗多少没有坏了"]


def proposal(
    number: int, text: str, margin: float = 0.1, dialogue: str | None = None, csat: int | None = None
) -> Proposal:
    name = dialogue or f"shop:2026-11-09:{number}"
    return Proposal(name, number, text, "2026-11-09", "c_1", csat, "tea", 0.5, margin)


def day(count: int, seed: int = 1) -> list[Proposal]:
    draw = random.Random(seed)
    return [
        proposal(n, "".join(draw.choices(WORDS, k=draw.randint(2, 6))), draw.random(), f"shop:2026-11-09:{n // 4}")
        for n in range(count)
    ]


def test_everything_is_asked_once_and_in_the_same_order_every_time() -> None:
    turns = day(700)
    ranked = rank(turns, {}, seed=7)
    assert Counter(ranked) == Counter(turns)
    assert rank(turns[::-1], {}, seed=7) == ranked
    assert rank([], {}, seed=7) == []


def test_doubt_comes_first() -> None:
    turns = day(2000)
    first = [p.margin for p in rank(turns, {}, seed=7)[:BATCH]]
    assert np.mean(first) < 0.25 < np.mean([p.margin for p in turns])


def test_what_was_asked_is_not_asked_again_in_nearly_the_same_words() -> None:
    same = [proposal(n, f"我的快递怎么还没有到啊{'啊' * (n % 9)}", margin=0.01) for n in range(60)]
    other = [
        proposal(100 + n, text, margin=0.2) for n, text in enumerate(["发票开错了", "这件有别的颜色吗", "能便宜点吗"])
    ]
    first = rank([*same, *other], {}, seed=7)[:6]
    assert set(other) <= set(first)


def test_a_text_is_asked_once_before_it_is_asked_twice() -> None:
    once = [p._replace(dialogue_id=f"shop:2026-11-09:{p.index}") for p in day(150)]
    turns = [*once, *(p._replace(dialogue_id=p.dialogue_id + "-again") for p in once)]
    texts = [p.text for p in rank(turns, {}, seed=7)]
    distinct = len(set(texts))
    assert len(set(texts[:distinct])) == distinct < len(texts)


def test_traffic_and_discontent_raise_a_turn() -> None:
    turns = [proposal(1, "发票抬头"), proposal(2, "快递丢了"), proposal(3, "快递丢了"), proposal(4, "尺码偏小", csat=1)]
    value = worth(turns, {turns[0].dialogue_id: 8})
    assert value[0] == pytest.approx(0.9 * 9**0.25) and value[1] == value[2] == pytest.approx(0.9)
    assert value[3] == pytest.approx(0.9 * 2)
    assert rank(turns, {turns[0].dialogue_id: 8}, seed=7)[:2] == [turns[3], turns[0]]


def test_one_dialogue_gives_few_questions_of_a_batch_side_by_side() -> None:
    long = [proposal(n, text, 0.0, "shop:2026-11-09:long") for n, text in enumerate(WORDS[:40])]
    batch = rank([*long, *day(800)], {}, seed=7)[:BATCH]
    places: dict[str, list[int]] = {}
    for place, asked in enumerate(batch):
        places.setdefault(asked.dialogue_id, []).append(place)
    assert len(places["shop:2026-11-09:long"]) == PER_DIALOGUE
    assert all(last[-1] - last[0] == len(last) - 1 <= PER_DIALOGUE - 1 for last in places.values())


def test_audit_and_golden_are_strewn_near_the_front_and_look_like_their_neighbours() -> None:
    turns = day(3000)
    unsure, audit = turns[:2800], turns[2800:2900]
    golden = [p.task("audit").model_copy(update={"why": "golden"}) for p in turns[2900:2920]]
    tasks = list(queue(unsure, audit, golden, {}, seed=7))
    assert Counter(t.why for t in tasks) == {"unsure": 2800, "audit": 100, "golden": 20}
    places = [n for n, t in enumerate(tasks) if t.why != "unsure"]
    assert max(places) < FRONT + len(audit) + len(golden)
    thirds = Counter(min(2, 3 * n // (max(places) + 1)) for n in places)
    assert min(thirds.values()) > 20  # all along the way, not in one place
    priorities = [t.priority for t in tasks]
    assert priorities == sorted(priorities, reverse=True) and priorities[0] > 0
    assert list(queue(unsure[::-1], audit[::-1], golden[::-1], {}, seed=7)) == tasks
    assert [(t.dialogue_id, t.turn) for t in tasks if t.why == "unsure"] == [
        (p.dialogue_id, p.index) for p in rank(unsure, {}, seed=7)
    ]


def test_a_great_audit_sample_leaves_room_for_questions() -> None:
    turns = day(4000)
    tasks = list(queue(turns[:3000], turns[3000:], [], {}, seed=7))
    assert sum(t.why == "audit" for t in tasks[:400]) / 400 == pytest.approx(0.25, abs=0.06)
    assert {t.why for t in queue([], turns[:5], [], {}, seed=7)} == {"audit"}


def test_a_day_of_a_hundred_thousand_dialogues_is_ranked_in_seconds() -> None:
    turns = day(120_000)
    started = time.process_time()
    assert len(rank(turns, {}, seed=7)) == len(turns)
    assert time.process_time() - started < 20


def judged(number: int, predicted: str) -> Judged:
    return Judged(dialogue_id=f"d{number}", turn=0, intent="tea", predicted=predicted, confidence=0.9)


def said(number: int, who: str, value: str) -> Label:
    return Label(
        dialogue_id=f"d{number}", turn=0, what="intent", value=value, source=f"review:{who}", confidence=1, version="v"
    )


def test_golden_tasks_are_turns_with_a_known_answer_and_the_machines_own_proposal() -> None:
    seen = [judged(n, "tea" if n % 2 else "milk") for n in range(40)]
    labels = [said(n, "ann+bob" if n < 8 else "ann", "milk" if 8 <= n < 20 else "tea") for n in range(40)]
    tasks = golden_tasks(seen, labels, 10, "2026-11-09", seed=7)
    asked = [int(task.dialogue_id[1:]) for task in tasks]
    assert set(asked[:8]) == set(range(8))  # two people agree, whatever the machine said
    assert all(n >= 20 and n % 2 for n in asked[8:]) and len(asked) == 10
    assert all(task.proposal == seen[n].predicted for task, n in zip(tasks, asked, strict=True))
    assert golden_tasks(seen, labels, 10, "2026-11-10", seed=7) != tasks
    assert golden_tasks(seen[::-1], labels, 10, "2026-11-09", seed=7) == tasks
