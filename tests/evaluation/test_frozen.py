"""Frozen held-out sets: written once, never changed by later days, never learned from; what was forgotten is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.bootstrap import Sample
from evaluation.forgetting.forgotten import forgotten
from evaluation.forgetting.frozen_sets import check_held_out, freeze_months, read_frozen
from evaluation.gate import decide
from evaluation.params import Evaluate
from evaluation.result import Result
from kefu.errors import KefuError, Unusable
from kefu.io import BadRecord, content_hash, write_jsonl
from kefu.schema import Example, IntentExample, Message, MetricDifference, Prediction, Report
from kefu.split import split_of
from pipelines import build
from pipelines import stage as stages
from pipelines.commands import day as day_command
from pipelines.params import load_params
from tests.evaluation.test_gate import gate

SHARE, SEED = 0.3, 7
HELD_OUT = [name for name in (f"c_{n}" for n in range(200)) if split_of(name, SHARE, SEED) == "eval"]
PARAMS: Evaluate = load_params().evaluate.model_copy(update={"frozen_answers": 5, "frozen_turns": 3})


def write_sets(folder: Path, *days: str, answer: str = "好的") -> Path:
    """Two held-out customers a day, with one answer and one turn each; and an answer of the other side."""
    chats, turns = [], []
    for number, day in enumerate(days):
        for customer in HELD_OUT[2 * number : 2 * number + 2]:
            place = {"dialogue_id": f"shop:{day}:{customer}", "customer": customer, "intent": "x"}
            said = (Message(role="user", content=f"{day}？"), Message(role="assistant", content=answer))
            for split in ("eval", "train"):
                chats.append(
                    Example.model_validate({**place, "id": customer + split, "messages": said, "split": split})
                )
            turn = {**place, "turn": 0, "text": day, "context": (), "source": "review:1", "confidence": 1}
            turns.append(IntentExample.model_validate({**turn, "split": "eval"}))
    write_jsonl(folder / "sft.jsonl", chats)
    write_jsonl(folder / "router.jsonl", turns)
    return folder


def test_a_month_is_frozen_when_it_is_large_enough_or_over(tmp_path: Path) -> None:
    sets, frozen = tmp_path / "sets", tmp_path / "frozen"
    assert freeze_months(sets, frozen, PARAMS) == []  # before the first run
    write_sets(sets, "2026-10-30", "2026-10-31")
    assert freeze_months(sets, frozen, PARAMS) == [] and read_frozen(frozen) == []  # four answers, five are asked for
    write_sets(sets, "2026-10-31", "2026-11-01")
    assert freeze_months(sets, frozen, PARAMS) == ["2026-10"]
    write_sets(sets, "2026-11-01", "2026-11-02", "2026-11-03")
    assert freeze_months(sets, frozen, PARAMS) == ["2026-11"]
    october, november = read_frozen(frozen)
    assert (october.month, len(october.answers), len(october.turns)) == ("2026-10", 2, 2)
    assert (november.suite, len(november.answers), len(november.turns)) == ("frozen_2026-11", 5, 3)
    assert {e.split for e in november.answers} == {"eval"}


def test_a_later_build_changes_nothing(tmp_path: Path) -> None:
    sets, frozen = tmp_path / "sets", tmp_path / "frozen"
    freeze_months(write_sets(sets, "2026-10-31", "2026-11-01"), frozen, PARAMS)
    before = content_hash(frozen)
    write_sets(sets, "2026-10-31", "2026-10-30", "2026-10-29", "2026-11-01", answer="别的话")
    assert freeze_months(sets, frozen, PARAMS) == []
    assert content_hash(frozen) == before


def test_kefu_day_freezes_what_the_last_run_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(day_command, "SETS", write_sets(tmp_path / "sets", "2026-10-31", "2026-11-01"))
    monkeypatch.setattr(day_command, "FROZEN", tmp_path / "frozen")
    day_command.freeze()
    assert capsys.readouterr().out == "frozen held-out sets: 2026-10\n"
    day_command.freeze()
    assert capsys.readouterr().out == "" and [one.month for one in read_frozen(tmp_path / "frozen")] == ["2026-10"]


def test_a_changed_set_is_refused(tmp_path: Path) -> None:
    frozen = tmp_path / "frozen"
    freeze_months(write_sets(tmp_path / "sets", "2026-10-31", "2026-11-01"), frozen, PARAMS)
    (path,) = frozen.glob("2026-10.*/answers.jsonl")
    path.write_text(path.read_text().replace("好的", "不行"))
    with pytest.raises(BadRecord, match=r"2026-10\..*its content is not what its name says"):
        read_frozen(frozen)


def test_a_split_that_would_teach_a_frozen_customer_is_refused_by_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: None
) -> None:
    frozen = tmp_path / "frozen"
    freeze_months(write_sets(tmp_path / "sets", "2026-10-31", "2026-11-01"), frozen, PARAMS)
    known = read_frozen(frozen)
    check_held_out(known, SHARE, SEED)
    check_held_out(known, 0.9, SEED)  # more are held out, nobody is taught
    for share, seed in ((0.0001, SEED), (SHARE, SEED + 1)):
        with pytest.raises(Unusable, match=r"customers of the frozen set of 2026-10 would be trained on"):
            check_held_out(known, share, seed)
    write_jsonl(tmp_path / "labels.jsonl", [])
    monkeypatch.setattr(stages, "METRICS", tmp_path / "metrics")
    monkeypatch.setattr(build, "REVIEW", tmp_path)
    monkeypatch.setattr(build, "FROZEN", frozen)
    monkeypatch.setattr(build, "check_held_out", lambda some, share, seed: check_held_out(some, 0.0001, seed))
    with pytest.raises(SystemExit, match=r"^build: build\.eval_share, build\.seed: 2 customers of the frozen set"):
        build.main()


def test_two_sets_of_a_month_are_an_error(tmp_path: Path) -> None:
    frozen = tmp_path / "frozen"
    freeze_months(write_sets(tmp_path / "sets", "2026-10-31", "2026-11-01"), frozen, PARAMS)
    freeze_months(write_sets(tmp_path / "sets", "2026-10-30", "2026-11-01"), tmp_path / "other", PARAMS)
    (other,) = (tmp_path / "other").glob("2026-10.*")
    other.rename(frozen / other.name)
    with pytest.raises(KefuError, match=r"two frozen sets of 2026-10: `kefu forget` was interrupted"):
        read_frozen(frozen)


def result(**scores: float) -> Result:
    said = [
        Prediction(suite="frozen_2026-10", id=i, question=i, expected="x", predicted="y", score=s, model="m")
        for i, s in scores.items()
    ]
    return Result({"token_f1": Sample.of(list(scores.values()))}, said)


def test_what_was_right_and_is_wrong_now_is_named_worst_first() -> None:
    before = {"frozen_2026-10": result(kept=0.9, lost=0.6, gone=1.0, never=0.2), "answers": result(other=1.0)}
    now = {"frozen_2026-10": result(kept=0.5, lost=0.4, gone=0.0, never=0.0), "answers": result(other=0.0)}
    assert [pair.now.id for pair in forgotten(now, before)] == ["gone", "lost"]
    assert forgotten(now, None) == []


FROZEN: dict[str, tuple[float, float, float, str]] = {
    # challenger (champion: 0.8), low and high of the difference, verdict under a tolerance of half a point
    "shown to have fallen": (0.70, -0.15, -0.05, "worse"),
    "fallen, but as chance would": (0.78, -0.06, 0.02, "too few items"),
    "as good, by few items": (0.80, -0.04, 0.04, "too few items"),
    "shown to be as good": (0.80, -0.004, 0.004, "not worse"),
}


@pytest.mark.parametrize(("now", "low", "high", "verdict"), FROZEN.values(), ids=FROZEN)
def test_the_gate_bounds_each_frozen_set(now: float, low: float, high: float, verdict: str) -> None:
    name = "frozen_2026-10.token_f1"
    reports = [Report(model="x", version="h", suites={"frozen_2026-10": {"token_f1": value}}) for value in (now, 0.8)]
    moved = MetricDifference(delta=now - 0.8, low=low, high=high, customers=100)
    decision = decide(gate(), reports[0].model_copy(update={"differences": {name: moved}}), reports[1])
    assert [(row.what, row.verdict) for row in decision.rows] == [(name, verdict)]
    assert decision.verdict == ("fail" if verdict == "worse" else "pass")


def test_without_an_interval_the_figure_decides() -> None:
    reports = [Report(model="x", version="h", suites={"frozen_2026-10": {"token_f1": v}}) for v in (0.79, 0.8)]
    assert decide(gate(), *reports).verdict == "fail"
    assert decide(gate(), reports[0], None).verdict == "pass"
