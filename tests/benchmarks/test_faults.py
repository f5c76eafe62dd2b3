"""What the benchmark of faults counts: acknowledged messages that are lost, doubled or out of order are found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.serving.faults.customers import Customer, Exchange, Wrongs, longest_pause, wrongs
from serving.deploy.client import Session
from serving.sessions.store import Sessions
from serving.sessions.valkey import Store, embedded_store

KEYS = ("m0", "m1", "m2")


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with closing(embedded_store()) as opened:
        yield opened


@pytest.fixture
def customer(monkeypatch: pytest.MonkeyPatch) -> Customer:
    one = Customer(Session("http://127.0.0.1:1", "token", "s"))
    one.exchanges = [Exchange(key, float(at), at + 0.1, (200,), None) for at, key in enumerate(KEYS)]
    monkeypatch.setattr(one, "history", lambda: [{"role": role} for _ in KEYS for role in ("customer", "bot")])
    return one


def write(raw: Path, lines: list[tuple[str, str, int]]) -> None:
    """Lines of a log: message, role, and its second."""
    (raw / "dt=2026-11-30").mkdir()
    told = [
        {"session": "s", "message": message, "role": role, "time": f"2026-11-30T10:00:{second:02d}", "text": "x"}
        for message, role, second in lines
    ]
    (raw / "dt=2026-11-30/r.jsonl").write_text("".join(json.dumps(line) + "\n" for line in told))


ALL = [(key, role, at) for at, key in enumerate(KEYS) for role in ("customer", "bot")]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (ALL, Wrongs()),
        ([*ALL, ALL[0]], Wrongs()),  # written twice: its reader keeps the first
        (ALL[:-1], Wrongs(lost=1)),
        ([*ALL, ("m1", "bot", 9)], Wrongs(doubled=1)),
        ([("m0", "customer", 5), ("m0", "bot", 5), *ALL[2:]], Wrongs(out_of_order=2)),
        ([*ALL, ("m9", "customer", 9)], Wrongs(unknown=1)),
    ],
)
def test_what_is_wrong_in_the_log_is_found(
    customer: Customer, store: Store, tmp_path: Path, lines: list[tuple[str, str, int]], found: Wrongs
) -> None:
    write(tmp_path, lines)
    assert wrongs([customer], tmp_path, store.url) == found


def test_lines_in_the_outbox_are_not_lost(customer: Customer, store: Store, tmp_path: Path) -> None:
    write(tmp_path, ALL[:4])
    later = [{"session": "s", "message": "m2", "role": r, "time": "2026-11-30T10:00:09", "text": ""} for r in
             ("customer", "bot")]  # fmt: skip
    sessions = Sessions(store.url, 60)
    sessions.client.hset("kefu:outbox", "m2", "".join(json.dumps(line) + "\n" for line in later))
    assert wrongs([customer], tmp_path, store.url) == Wrongs()
    sessions.client.delete("kefu:outbox")
    assert wrongs([customer], tmp_path, store.url) == Wrongs(lost=2)


def test_what_the_history_lacks_or_has_twice_is_found(
    customer: Customer, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, ALL)
    for roles, found in (
        (["customer", "bot"] * 2, Wrongs(lost=1)),
        (["customer", "bot"] * 4, Wrongs(doubled=1)),
        (["customer", "customer", "bot", "bot", "customer", "bot"], Wrongs(out_of_order=1)),
    ):
        turns = [{"role": role} for role in roles]
        monkeypatch.setattr(customer, "history", lambda turns=turns: turns)
        assert wrongs([customer], tmp_path, store.url) == found


def test_the_longest_time_without_an_answer_counts_from_the_fault(customer: Customer) -> None:
    assert longest_pause([customer], since=0.5) == pytest.approx(1.0)
    assert longest_pause([customer], since=5) == 0
