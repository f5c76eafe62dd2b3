"""Samples of held-out chats speak for many customers, and stay as they are when a day is added."""

from __future__ import annotations

from collections import Counter

from kefu.schema import Example, Message
from kefu.split import sample_by_customer


def examples(chats: dict[str, int]) -> list[Example]:
    """So many chats of each customer, in order of customer."""
    said = (Message(role="user", content="?"), Message(role="assistant", content="!"))
    return [
        Example(id=f"{who}#{n}", messages=said, split="eval", dialogue_id=who, customer=who, intent="x")
        for who, count in chats.items()
        for n in range(count)
    ]


def test_every_customer_is_heard_before_one_is_heard_twice() -> None:
    """The first 64 of a file were of 41 customers, where 89 had been held out."""
    held_out = examples({f"c{n}": 1 + n % 9 for n in range(50)})
    counts = Counter(example.customer for example in sample_by_customer(held_out, 64, seed=7))
    assert len(counts) == 50 and counts.total() == 64
    assert max(counts.values()) == 2


def test_the_sample_depends_on_the_seed_and_not_on_the_order() -> None:
    held_out = examples({f"c{n}": 5 for n in range(50)})
    drawn = sample_by_customer(held_out, 20, seed=7)
    assert drawn == sample_by_customer(held_out[::-1], 20, seed=7)
    assert drawn != sample_by_customer(held_out, 20, seed=8)


def test_a_new_day_changes_little_of_the_sample() -> None:
    held_out = examples({f"c{n}": 3 for n in range(200)})
    drawn = {example.id for example in sample_by_customer(held_out, 100, seed=7)}
    later = {example.id for example in sample_by_customer(examples({f"c{n}": 3 for n in range(210)}), 100, seed=7)}
    assert len(drawn & later) > 80


def test_less_than_asked_for_is_all_there_is() -> None:
    held_out = examples({"a": 2, "b": 1})
    assert sorted(e.id for e in sample_by_customer(held_out, 9, seed=1)) == sorted(e.id for e in held_out)
    assert sample_by_customer([], 9, seed=1) == []
