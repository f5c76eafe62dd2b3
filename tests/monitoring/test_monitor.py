"""The profile of a day: a planted drift is seen and warned of, an ordinary day is not, odd days break nothing."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.monitoring import drift
from data.monitoring.distributions import census
from data.monitoring.energy_distance import coefficient, compare
from data.monitoring.label_quality import by_day
from data.monitoring.new_questions import leaders
from data.monitoring.page import render
from data.monitoring.psi import psi
from kefu.io import write_jsonl
from kefu.paths import ROOT
from kefu.schema import Dialogue, Label
from kefu.shop.taxonomy import load_taxonomy
from pipelines import monitor as stage_monitor
from pipelines import stage as stages
from pipelines.params import load_params
from tests.fixtures.bars import record_bars
from tests.fixtures.browser import overflow
from tests.fixtures.cost import cost
from tests.monitoring.conftest import ASKED, PARAMS, Store, a_day

USUAL = {"shipping": 5, "refund": 3, "size": 2}
DAYS = [f"2026-11-0{n}" for n in range(1, 7)]
LEAK = ("加湿器漏水怎么办", "加湿器一直漏水", "新买的加湿器漏水了")
TAXONOMY = load_taxonomy(ROOT / load_params().pack)


def fill(store: Store, last: list[Dialogue]) -> None:
    days = [a_day(day, USUAL, 200, seed=1) for day in DAYS[:-1]]
    for day, dialogues in zip(DAYS, [*days, last], strict=True):
        store.put(day, dialogues)
    intents = {text: topic for topic, texts in ASKED.items() for text in texts} | dict.fromkeys(LEAK, "defect")
    store.label(intents, [d for dialogues in (*days, last) for d in dialogues])


def warned(store: Store, caplog: pytest.LogCaptureFixture) -> dict[str, int]:
    """What was warned of, by name of the distribution, with the level of the message."""
    profile = store.profile()
    caplog.clear()
    drift.warn(profile.day.day, profile.drifts)
    return {
        match[1]: record.levelno for record in caplog.records if (match := re.search(r"06: (\w+): ", record.message))
    }


def test_an_ordinary_day_gives_no_warning(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    fill(store, a_day(DAYS[-1], USUAL, 200, seed=1))
    assert warned(store, caplog) == {}
    profile = store.profile()
    assert profile.metrics()["drifted"] == 0 and not profile.questions
    assert abs(profile.metrics()["energy"]) < PARAMS.energy_alarm


def test_a_planted_drift_is_warned_of_loudly(store: Store, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    fill(store, a_day(DAYS[-1], {"refund": 1}, 120, seed=1, extra=LEAK * 25))
    found = warned(store, caplog)
    assert found["intent"] == logging.ERROR and found["embedding"] == logging.ERROR
    assert "hour" not in found and "source" not in found  # these did not move
    assert "defect: 0.0% → " in caplog.text
    profile = store.profile()
    assert profile.metrics()["psi.intent"] > PARAMS.psi_major
    page = render(profile, TAXONOMY, PARAMS)
    assert "数据漂移" in page and 'class="verdict bad"' in page
    (tmp_path / "day.html").write_text(page, encoding="utf8")
    assert overflow(tmp_path / "day.html") == {}


def test_the_first_day_has_a_page_and_nothing_to_compare(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store.put(DAYS[0], a_day(DAYS[0], USUAL, 50, seed=1))
    profile = store.profile()
    assert profile.drifts == () and profile.questions == ()
    assert "首日" in render(profile, TAXONOMY, PARAMS)


@pytest.mark.parametrize("size", [0, 1, 12])
def test_an_empty_or_tiny_day_is_not_called_drifted(store: Store, size: int, caplog: pytest.LogCaptureFixture) -> None:
    fill(store, a_day(DAYS[-1], {"size": 1}, size, seed=1))
    assert warned(store, caplog) == {}
    profile = store.profile()
    assert {row.level for row in profile.drifts} <= {drift.TOO_FEW}
    assert "太少" in render(profile, TAXONOMY, PARAMS)
    assert profile.metrics()["dialogues"] == size


def test_new_questions_are_clusters_that_neither_the_weeks_before_nor_the_faq_have(store: Store) -> None:
    fill(store, a_day(DAYS[-1], USUAL, 200, seed=1, extra=LEAK * 4 + ("退款多久到账",) * 9))
    questions = store.profile().questions
    assert sum(q.count for q in questions) == 12
    assert all("漏水" in q.example for q in questions)


def test_what_customers_say_cannot_break_the_page(store: Store) -> None:
    evil = "<script>alert('加湿器漏水')</script>"
    for day in DAYS[:3]:
        store.put(day, a_day(day, USUAL, 100, seed=1))
    store.put(DAYS[-1], a_day(DAYS[-1], USUAL, 100, seed=1, extra=[evil] * 9))
    page = render(store.profile(), TAXONOMY, PARAMS)
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_the_counts_are_those_of_the_partition(store: Store) -> None:
    dialogues = a_day(DAYS[0], USUAL, 80, seed=3)
    store.put(DAYS[0], dialogues)
    found = census(store.root / "dialogues" / f"dt={DAYS[0]}")
    assert found.counts["dialogues"] == 80 and found.counts["turns"] == sum(len(d.turns) for d in dialogues)
    assert found.bins["csat"] == {str(n): sum(d.csat == n for d in dialogues) for n in (4, 5)}
    english = sum(d.turns[0].text.isascii() and len(d.turns) == 2 for d in dialogues)
    assert found.bins["language"] == {"zh": 80 - english, "en": english}
    assert sum(found.bins["hour"].values()) == 80 and set(found.bins["hour"]) <= {"09", "10", "14", "20"}
    assert found.bins["quarantined"] == {"line …": 1} and found.bins["redacted"] == {"ORDER": 4}


def test_labels_count_once_whoever_gave_them(store: Store) -> None:
    """Audited turns are queued though accepted; signals have a file of their own; people's word is a list."""
    dialogues = a_day(DAYS[0], USUAL, 40, seed=1)
    store.label(dict.fromkeys((t for texts in ASKED.values() for t in texts), "shipping"), dialogues, proposed=0.25)
    common: dict[str, Any] = {"dialogue_id": dialogues[0].id, "source": "x", "confidence": 1, "version": "1"}
    signals = [
        Label(turn=0, what="sentiment", value="negative", **common),
        Label(turn=None, what="quality:rude", value="yes", **common),
        Label(turn=None, what="slot:order", value="[ORDER_1]", **common),
    ]
    write_jsonl(store.root / "labels/signals.jsonl", signals)
    found = by_day(store.root / "labels", [Label(turn=4, what="intent", value="size", **common)])[DAYS[0]]
    assert found["intent"] == {"shipping": 40, "size": 1}
    assert found["labels"] == {"accepted": 30, "proposed": 10, "reviewed": 1}
    assert found["sentiment"] == {"negative": 1} and found["quality"] == {"rude": 1}
    assert set(found) == {"intent", "labels", "sentiment", "quality"}


def test_only_changed_days_are_read_again_and_the_cache_holds_no_text(store: Store) -> None:
    for day in DAYS[:2]:
        store.put(day, a_day(day, USUAL, 40, seed=1))
    assert [day.new for day in store.read()] == [True, True]
    before = {path: path.read_bytes() for path in (store.root / "monitor/days").iterdir()}
    assert [day.new for day in store.read()] == [False, False]
    store.put(DAYS[1], a_day(DAYS[1], USUAL, 41, seed=1))
    assert [day.new for day in store.read()] == [False, True]
    for content in before.values():
        assert "包裹".encode() not in content and b"parcel" not in content


def test_psi_noise_is_exceeded_about_as_rarely_as_it_says() -> None:
    rng = np.random.default_rng(0)
    shares, beyond, tries = rng.dirichlet(np.ones(20)) * 0.6 + 0.02, 0, 2000
    for _ in range(tries):
        now, before = (dict(enumerate(rng.multinomial(n, shares / shares.sum()))) for n in (150, 1500))
        shift = psi({str(k): int(v) for k, v in now.items()}, {str(k): int(v) for k, v in before.items()}, 150, 1500)
        beyond += shift.psi > shift.noise
    assert beyond / tries < 0.005


def test_energy_distance_tells_a_shift_from_chance() -> None:
    rng = np.random.default_rng(0)

    def unit(mean: float, n: int) -> np.ndarray:
        drawn = rng.normal(size=(n, 8)) + mean
        return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)

    same, other = compare(unit(0, 300), unit(0, 400), 1), compare(unit(0, 300), unit(0.5, 400), 1)
    assert abs(same.coefficient) < 0.005 and same.p > 0.01
    assert other.coefficient > 0.05 and other.p == pytest.approx(0.005)
    a, b = unit(0, 30), unit(1, 40)

    def mean(x: np.ndarray, y: np.ndarray, pairs: int) -> float:
        return float(np.linalg.norm(x[:, None] - y[None], axis=2).sum() / pairs)

    across, within = mean(a, b, 1200), mean(a, a, 30 * 29) + mean(b, b, 40 * 39)
    assert coefficient(a, b) == pytest.approx((2 * across - within) / (2 * across), abs=1e-3)


def test_leader_clustering_joins_to_the_first_alike_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.monitoring.new_questions.BLOCK", 2)
    angle = np.radians([0, 90, 10, 95, 50])
    assert leaders(np.stack([np.cos(angle), np.sin(angle)], axis=1), 0.95).tolist() == [0, 1, 0, 1, 4]


def test_a_large_day_is_read_in_little_time(store: Store, tmp_path: Path) -> None:
    """20,000 dialogues of 9 turns: a fifth of a full day."""
    partition = tmp_path / "dialogues/dt=2026-11-01"
    store.put("2026-11-01", a_day("2026-11-01", USUAL, 1000, seed=1))
    table = pq.read_table(partition / "dialogues.parquet")
    pq.write_table(pa.concat_tables([table] * 20), partition / "dialogues.parquet", row_group_size=10_000)
    assert cost(store.read, runs=1) < 10_000


def test_its_bar_counts_the_days_that_are_read(registry: None, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, a_day(DAYS[-1], USUAL, 200, seed=1))
    for name in ("DIALOGUES", "LABELS", "MONITOR", "PLOTS", "REVIEWED"):
        monkeypatch.setattr(stage_monitor, name, store.root / name.lower())
    monkeypatch.setattr(stages, "METRICS", store.root / "metrics")
    (store.root / "reviewed").mkdir()
    bars = record_bars(monkeypatch, "pipelines.monitor")
    stage_monitor.main()
    assert [(bar.done, bar.total) for bar in bars] == [(len(DAYS), len(DAYS))]
