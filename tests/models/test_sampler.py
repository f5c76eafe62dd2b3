"""Which rows make a step: one prompt and about one length, all of them once, in an order that can be repeated."""

from __future__ import annotations

import random

from training.trainer.resumable_trainer import RowKey, SeededLengthSampler

SIZE = 8


def drawn_rows(count: int) -> list[RowKey]:
    rng = random.Random(1)
    return [RowKey((1, rng.choice((2, 3))), rng.randint(5, 200)) for _ in range(count)]


def batches(rows: list[RowKey], seed: int = 7, epoch: int = 0) -> list[list[int]]:
    sampler = SeededLengthSampler(rows, SIZE, seed)
    sampler.set_epoch(epoch)
    order = list(sampler)
    assert sorted(order) == list(range(len(rows))) and len(sampler) == len(rows)
    return [order[start : start + SIZE] for start in range(0, len(order), SIZE)]


def test_a_batch_has_one_beginning_and_little_padding() -> None:
    rows = drawn_rows(2003)
    made = batches(rows)
    mixed = sum(len({rows[n].beginning for n in batch}) > 1 for batch in made)
    assert mixed <= 2003 // (50 * SIZE) + 2  # one a pool, and the last batch, which is not full
    padded = sum(len(batch) * max(rows[n].length for n in batch) for batch in made)
    assert padded < 1.1 * sum(row.length for row in rows)
    in_order = [list(range(start, min(start + SIZE, 2003))) for start in range(0, 2003, SIZE)]
    assert sum(len(batch) * max(rows[n].length for n in batch) for batch in in_order) > 1.5 * padded


def test_the_longest_row_is_in_the_first_batch_and_a_partial_batch_is_the_last() -> None:
    rows = drawn_rows(2003)
    made = batches(rows)
    full = [n for batch in made[:-1] for n in batch]
    assert max(rows[n].length for n in made[0]) == max(rows[n].length for n in full)
    assert [len(batch) for batch in made] == [SIZE] * 250 + [3]
    lengths = [max(rows[n].length for n in batch) for batch in made[1:-1]]
    assert lengths != sorted(lengths) and lengths != sorted(lengths, reverse=True)


def test_seed_and_epoch_alone_decide() -> None:
    rows = drawn_rows(500)
    assert batches(rows) == batches(rows)
    assert batches(rows) != batches(rows, epoch=1) != batches(rows, seed=20)


def test_fewer_rows_than_a_batch() -> None:
    assert [len(batch) for batch in batches(drawn_rows(3))] == [3]
