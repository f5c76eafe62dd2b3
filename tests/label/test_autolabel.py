"""From reviewed labels to accepted ones and a queue, through the same functions as the stages."""

from pathlib import Path

import pytest

from data.label.acceptance import REST, Acceptance, choose
from data.label.autolabel import Autolabelled, autolabel, decided, propose
from data.label.labeler import arrays, train_labeler
from data.label.slot_labels import SlotLabels
from data.label.turns import join_intents
from kefu.classifier import TextClassifier
from kefu.pack import load as load_pack
from kefu.params import load
from kefu.schema import Dialogue, Label, Turn
from tests.fixtures.chatter import ASKED, VERSION, chatter

PARAMS = load()
LABELER = PARAMS.labeler.model_copy(update={"features": 4096})
AUTOLABEL = PARAMS.autolabel.model_copy(update={"target_precision": 0.9, "audit_share": 0.1})
PACK = load_pack(Path("tests/fixtures/pack"))


def run(folder: Path) -> tuple[Autolabelled, list[Label], list[Label]]:
    """The result, what people reviewed, and the truth of what they did not."""
    dialogues, labels = chatter(300, seed=2, noise=0.05)
    reviewed, truth = labels[:300], labels[300:]
    by_id = {dialogue.id: dialogue for dialogue in dialogues}
    judged = train_labeler(join_intents(reviewed, by_id, ASKED).turns, (), LABELER, folder)
    confidence, correct = arrays(judged)
    rule = choose([j.predicted for j in judged], confidence, correct, 0.9, 0.95)
    proposals = propose(dialogues, decided(reviewed, []), TextClassifier.load(folder), ())
    slots = SlotLabels(PACK, reviewed, by_id, VERSION)
    return autolabel(proposals, rule, slots, AUTOLABEL, VERSION), reviewed, truth


def test_every_turn_is_reviewed_accepted_or_queued_and_the_accepted_are_right(tmp_path: Path) -> None:
    result, reviewed, truth = run(tmp_path)
    people = {(label.dialogue_id, label.turn) for label in reviewed}
    accepted = {(a.dialogue_id, a.turn): a for a in result.accepted if a.what == "intent"}
    unsure = {(t.dialogue_id, t.turn) for t in result.queue if t.why == "unsure"}
    audit = {(t.dialogue_id, t.turn) for t in result.queue if t.why == "audit"}
    assert accepted.keys() | unsure == {(label.dialogue_id, label.turn) for label in truth}
    assert not people & (accepted.keys() | unsure)
    assert not accepted.keys() & unsure
    assert audit and audit < accepted.keys()
    right = [
        accepted[label.dialogue_id, label.turn].value == label.value
        for label in truth
        if (label.dialogue_id, label.turn) in accepted
    ]
    assert len(right) > len(truth) / 2
    assert sum(right) / len(right) >= 0.9
    assert {a.value for a in result.accepted if a.what == "slot:ticket"} == {"[TICKET_1]"}


def test_the_same_input_gives_the_same_output(tmp_path: Path) -> None:
    assert run(tmp_path / "a")[0] == run(tmp_path / "b")[0]
    for file in ("classifier.safetensors", "out_of_fold.jsonl"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_the_queue_asks_a_text_once_before_it_repeats_one(tmp_path: Path) -> None:
    result, *_ = run(tmp_path)
    nothing = Acceptance()
    dialogues, _ = chatter(40, seed=3)
    twice = [*dialogues, *(d.model_copy(update={"id": d.id + "-again"}) for d in dialogues)]
    proposals = propose(twice, frozenset(), TextClassifier.load(tmp_path), ())
    queue = autolabel(proposals, nothing, SlotLabels(PACK, [], {}, VERSION), AUTOLABEL, VERSION).queue
    by_id = {d.id: d for d in twice}
    texts = [by_id[task.dialogue_id].turns[task.turn].text for task in queue]
    distinct = len(set(texts))
    assert len(set(texts[:distinct])) == distinct


def test_nothing_accepted_is_said_loudly(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run(tmp_path)
    dialogues, _ = chatter(10, seed=4)
    proposals = propose(dialogues, frozenset(), TextClassifier.load(tmp_path), ())
    result = autolabel(proposals, Acceptance(), SlotLabels(PACK, [], {}, VERSION), AUTOLABEL, VERSION)
    assert result.metrics["accepted"] == 0 and len(result.queue) == len(proposals)
    assert "NOTHING was accepted" in caplog.text and "autolabel.target_precision" in caplog.text


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
    assert decided([], [f"{dialogues[0].id}#2@{VERSION}"]) == {(dialogues[0].id, 2)}


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
    rules = SlotLabels(PACK, reviewed, {d.id: d for d in dialogues}, VERSION)
    assert rules.of(dialogues[0], 0, "cancel_ticket") == []  # people have filled it
    assert [(la.value, la.confidence) for la in rules.of(dialogues[3], 0, "cancel_ticket")] == [
        ("[TICKET_2]", 0.6)
    ]  # (2+1)/(3+2)


def test_slots_are_looked_for_where_their_flow_is_at_work() -> None:
    talk, _ = chatter(1, seed=6)
    said = talk[0].model_copy(update={"turns": (Turn(role="customer", text="[TICKET_1] with oat milk"),)})
    rules = SlotLabels(PACK, [], {}, VERSION)
    assert [la.what for la in rules.of(said, 0, "cancel_ticket")] == ["slot:ticket"]
    assert rules.of(said, 0, "beans") == []


def test_a_rule_closes_what_it_does_not_name() -> None:
    rule = Acceptance(thresholds={"a": 0.5, REST: 2.0})
    assert rule.accepts("a", 0.5) and not rule.accepts("b", 1.0)
