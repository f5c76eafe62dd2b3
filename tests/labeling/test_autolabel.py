"""From reviewed labels to accepted ones and a queue, through the same functions as the stages."""

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from data.ingest.converted import SCHEMA
from data.labeling.autolabel import (
    ACCEPTED,
    LabelingResult,
    answered_turns,
    certify_rule,
    evidence,
    warn_if_nothing,
    write_labels,
)
from data.labeling.batch_labeler import BatchLabelerSpec
from data.labeling.guarantee.acceptance import REST, Acceptance
from data.labeling.guarantee.audit import Audit
from data.labeling.guarantee.audit_ledger import AuditEntry, load_ledger, remember
from data.labeling.join import join_intents
from data.labeling.labeler import OutOfFoldPrediction, train_labeler
from data.labeling.signals.slot_labels import SlotLabels
from data.labeling.stream import label_dialogues
from data.review.queue import queue
from kefu.io import read_jsonl, write_jsonl
from kefu.schema import Dialogue, Label, ReviewTask, Turn
from kefu.shop.label_patterns import LabelPatterns
from kefu.shop.pack import load_pack
from kefu.store import write_parquet
from pipelines.params import load_params
from tests.fixtures.chatter import ASKED, VERSION, chatter

PARAMS = load_params()
LABELER = PARAMS.labeler.model_copy(update={"features": 4096})
AUTOLABEL = PARAMS.autolabel.model_copy(update={"target_precision": 0.9, "audit_share": 0.1, "workers": 1})
PACK = load_pack(Path("tests/fixtures/pack"))
NO_AUDIT = Audit([], broken=False)
DIALOGUES, LABELS = chatter(300, seed=2, noise=0.05)
REVIEWED, TRUTH = LABELS[:300], LABELS[300:]


@dataclass
class Run:
    """One run of the stage's functions on small talk of the fixture shop."""

    written: LabelingResult
    accepted: list[Label]
    queue: list[ReviewTask]
    rule: Acceptance
    spec: BatchLabelerSpec


def store(folder: Path, dialogues: list[Dialogue]) -> Path:
    for day in sorted({dialogue.day for dialogue in dialogues}):
        own = [dialogue for dialogue in dialogues if dialogue.day == day]
        write_parquet(folder / f"dt={day}/dialogues.parquet", own, SCHEMA)
    return folder


@cache
def labeler() -> tuple[Path, list[OutOfFoldPrediction]]:
    folder = Path(tempfile.mkdtemp(prefix="kefu-labeler-"))
    by_id = {dialogue.id: dialogue for dialogue in DIALOGUES}
    return folder, train_labeler(join_intents(REVIEWED, by_id, ASKED).turns, (), LABELER, folder)


def run(folder: Path, rule: Acceptance | None = None, dialogues: list[Dialogue] = DIALOGUES) -> Run:
    model, judged = labeler()
    chosen = evidence(judged, (), (), {}, NO_AUDIT, AUTOLABEL)
    rule = rule or certify_rule(judged, chosen, AUTOLABEL)
    spec = BatchLabelerSpec(PACK.folder, model, rule, AUTOLABEL, answered_turns(REVIEWED, []), tuple(REVIEWED))
    folder.mkdir(parents=True, exist_ok=True)
    written = write_labels(label_dialogues(store(folder / "store", dialogues), spec, 1), folder)
    tasks = list(queue(written.unsure, written.audit, [], AUTOLABEL.seed))
    return Run(written, list(read_jsonl(folder / ACCEPTED, Label)), tasks, rule, spec)


def test_every_turn_is_reviewed_accepted_or_queued_and_the_accepted_are_right(tmp_path: Path) -> None:
    result = run(tmp_path)
    people = {(label.dialogue_id, label.turn) for label in REVIEWED}
    accepted = {(a.dialogue_id, a.turn): a for a in result.accepted if a.what == "intent"}
    asked = {(t.dialogue_id, t.turn) for t in result.queue}
    assert accepted.keys() | asked == {(label.dialogue_id, label.turn) for label in TRUTH}
    assert not people & (accepted.keys() | asked)
    right = [accepted[at].value == x.value for x in TRUTH if (at := (x.dialogue_id, x.turn)) in accepted]
    assert len(right) > len(TRUTH) / 2
    assert sum(right) / len(right) >= 0.9
    assert {a.value for a in result.accepted if a.what == "slot:ticket"} == {"[TICKET_1]"}


def test_the_audit_draws_turns_whatever_the_machine_thinks_of_them(tmp_path: Path) -> None:
    lax, closed = run(tmp_path / "lax"), run(tmp_path / "closed", Acceptance())
    drawn = [{(p.dialogue_id, p.index) for p in r.written.audit} for r in (lax, closed)]
    assert drawn[0] == drawn[1]
    assert 0.05 < len(drawn[0]) / len(TRUTH) < 0.15
    assert {t.why for t in closed.queue} == {"unsure", "audit"}
    rows = list(read_jsonl(tmp_path / "lax/audited.jsonl", AuditEntry))
    taken = {(a.dialogue_id, a.turn) for a in lax.accepted if a.what == "intent"}
    assert {(r.dialogue_id, r.turn) for r in rows} == drawn[0]
    assert all(r.accepted == ((r.dialogue_id, r.turn) in taken) for r in rows)
    assert any(r.accepted for r in rows) and not any(
        r.accepted for r in read_jsonl(tmp_path / "closed/audited.jsonl", AuditEntry)
    )


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    run(tmp_path / "a"), run(tmp_path / "b")
    for file in ("accepted.jsonl", "signals.jsonl", "audited.jsonl"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_two_processes_write_the_same_bytes_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = run(tmp_path / "alone")
    monkeypatch.setattr("data.labeling.stream.WORTH_IT", 1)
    monkeypatch.setattr("data.labeling.stream.BATCH", 7)
    (tmp_path / "two").mkdir()
    written = write_labels(label_dialogues(tmp_path / "alone/store", alone.spec, 2), tmp_path / "two")
    assert written.unsure == alone.written.unsure
    for file in ("accepted.jsonl", "signals.jsonl", "audited.jsonl"):
        assert (tmp_path / "alone" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_nothing_accepted_is_said_loudly(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    result = run(tmp_path, Acceptance())
    warn_if_nothing(result.written, AUTOLABEL)
    assert result.written.counts["accepted"] == 0 and len(result.queue) == len(TRUTH)
    assert "NOTHING was accepted" in caplog.text and "autolabel.target_precision" in caplog.text


def test_the_ledger_keeps_what_was_said_before_the_answer_came(tmp_path: Path) -> None:
    row = AuditEntry(
        dialogue_id="d", turn=0, day="2026-11-09", predicted="tea", confidence=0.9, accepted=True, version="1"
    )
    labels, reviewed = tmp_path / "labels", tmp_path / "reviewed"
    write_jsonl(labels / "audited.jsonl", [row, row.model_copy(update={"turn": 2})])
    assert remember(labels, reviewed, {("d", 0)}) == 1
    write_jsonl(labels / "audited.jsonl", [row.model_copy(update={"predicted": "coffee"})])
    assert remember(labels, reviewed, {("d", 0)}) == 0
    assert load_ledger(reviewed, "1") == [row]
    renamed = row.model_copy(update={"predicted": "drinks", "version": "2"})
    write_jsonl(labels / "audited.jsonl", [renamed])
    assert remember(labels, reviewed, {("d", 0)}) == 1  # asked again under another taxonomy
    assert (load_ledger(reviewed, "1"), load_ledger(reviewed, "2")) == ([row], [renamed])


def test_labels_that_cannot_be_used_are_counted_and_named(caplog: pytest.LogCaptureFixture) -> None:
    dialogues, labels = chatter(5, seed=5)
    good = labels[0]
    bad = [
        good.model_copy(update={"dialogue_id": "shop:2026-11-09:gone"}),
        good.model_copy(update={"turn": 99}),
        good.model_copy(update={"turn": 1}),  # the agent's
        good.model_copy(update={"value": "tea"}),
    ]
    joined = join_intents([good, *bad], {d.id: d for d in dialogues}, ASKED)
    joined.warn("reviewed labels")
    assert joined.counts() == {"labels": 1, "left_out": 4}
    for word in ("shop:2026-11-09:gone", "no such turn", "not a customer's turn", "'tea' is not in the taxonomy"):
        assert word in caplog.text


def test_turns_that_nobody_can_tell_are_not_asked_again() -> None:
    dialogues, _ = chatter(1, seed=6)
    assert answered_turns([], [f"{dialogues[0].id}#2@{VERSION}"]) == {(dialogues[0].id, 2)}


def test_slot_confidence_is_measured_against_people() -> None:
    turns = ({"role": "customer", "text": "cancel [TICKET_1] [TICKET_2]"},)
    dialogues = [
        Dialogue.model_validate(
            {
                "id": f"s:d:{i}",
                "source": "s",
                "channel": "kefu_jsonl",
                "day": "2026-11-09",
                "customer": "c",
                "turns": turns,
            }
        )
        for i in range(4)
    ]
    said = ["[TICKET_2]", "[TICKET_2]", "[TICKET_1]"]
    reviewed = [
        Label(
            dialogue_id=f"s:d:{i}",
            turn=0,
            what="slot:ticket",
            value=v,
            source="review:ann",
            confidence=1,
            version=VERSION,
        )
        for i, v in enumerate(said)
    ]
    rules = SlotLabels(PACK, LabelPatterns(), reviewed, {d.id: d for d in dialogues})
    assert rules.labels_for(dialogues[0], 0, "cancel_ticket") == []  # people have filled it
    assert [(la.value, la.confidence) for la in rules.labels_for(dialogues[3], 0, "cancel_ticket")] == [
        ("[TICKET_2]", 0.6)
    ]  # (2+1)/(3+2)


def test_slots_are_looked_for_where_their_flow_is_at_work() -> None:
    talk, _ = chatter(1, seed=6)
    said = talk[0].model_copy(update={"turns": (Turn(role="customer", text="[TICKET_1] with oat milk", time=None),)})
    rules = SlotLabels(PACK, LabelPatterns(), [], {})
    assert [la.what for la in rules.labels_for(said, 0, "cancel_ticket")] == ["slot:ticket"]
    assert rules.labels_for(said, 0, "beans") == []


def test_a_rule_closes_what_it_does_not_name() -> None:
    rule = Acceptance(thresholds={"a": 0.5, REST: 2.0})
    assert rule.accepts("a", 0.5) and not rule.accepts("b", 1.0)
