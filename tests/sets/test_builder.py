"""Sets of a whole store: however it is cut into chunks they are the same, and they are bounded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from data.ingest.converted import SCHEMA
from data.sets.builder import Builder, Sets
from data.sets.params import Build
from kefu.io import BadRecord, read_jsonl, write_jsonl
from kefu.schema import Dialogue, Example, Label
from kefu.shop.pack import load_pack
from kefu.split import split_of
from kefu.store import write_parquet
from pipelines.params import load_params
from tests.fixtures.bars import record_bars
from tests.fixtures.chatter import chatter

PACK = load_pack(Path("tests/fixtures/pack"))
BUILD = load_params().build.model_copy(update={"eval_share": 0.3, "max_sft": 40, "max_router": 60, "max_questions": 5})
DIALOGUES, TRUTH = chatter(120, seed=5)
DIALOGUES = sorted(DIALOGUES, key=lambda dialogue: dialogue.day)
REVIEWED, REST = TRUTH[:50], TRUTH[30:]
ACCEPTED = [label.model_copy(update={"source": "labeler", "confidence": 0.98, "value": "thanks"}) for label in REST]


def note(dialogue: Dialogue, what: str, value: str, turn: int | None = None, source: str = "review:ann") -> Label:
    return REVIEWED[0].model_copy(
        update={"dialogue_id": dialogue.id, "turn": turn, "what": what, "value": value, "source": source}
    )


SIGNALS = [note(dialogue, "quality:rude", "yes", source="rule:quality") for dialogue in DIALOGUES[::9]]
SIGNALS += [note(dialogue, "sentiment", "neutral", 0, "rule:sentiment") for dialogue in DIALOGUES]
ANSWERS = [note(dialogue, "answer", f"更好的答案 {n}", 0) for n, dialogue in enumerate(DIALOGUES[::30])]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store of three days, and the machine's labels of it in the store's order."""
    for day in sorted({dialogue.day for dialogue in DIALOGUES}):
        write_parquet(tmp_path / f"dt={day}/dialogues.parquet", [d for d in DIALOGUES if d.day == day], SCHEMA)
    place = {dialogue.id: number for number, dialogue in enumerate(DIALOGUES)}
    put(tmp_path, sorted(ACCEPTED, key=lambda label: place[label.dialogue_id]), SIGNALS)
    return tmp_path


def put(folder: Path, accepted: Sequence[Label], signals: Sequence[Label]) -> None:
    write_jsonl(folder / "accepted.jsonl", accepted)
    write_jsonl(folder / "signals.jsonl", signals)


def built(folder: Path, params: Build = BUILD, reviewed: Sequence[Label] = (*REVIEWED, *ANSWERS)) -> Sets:
    return Builder(folder, folder / "accepted.jsonl", folder / "signals.jsonl", reviewed, PACK, params).sets()


def test_chunks_and_the_order_of_labels_change_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = built(folder)
    monkeypatch.setattr("data.sets.reading.chunks.SIZE", 7)
    monkeypatch.setattr("data.sets.reading.label_columns._BLOCK", 1000)
    assert built(folder) == whole
    put(folder, ACCEPTED[::-1], SIGNALS[::-1])
    assert built(folder) == whole
    assert whole.conversations and whole.preferences and whole.questions and whole.intents


def test_its_bars_end_when_all_dialogues_are_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bars = record_bars(monkeypatch, "data.sets.builder")
    built(folder)
    first, second = bars
    assert first.done == first.total == len(DIALOGUES)
    assert 0 < second.done == second.total and second.done <= len(DIALOGUES)


def test_what_people_said_always_fits_in_and_of_the_machines_labels_some_do(folder: Path) -> None:
    sets = built(folder)
    people = {(label.dialogue_id, label.turn) for label in REVIEWED}
    kept = {(e.dialogue_id, e.turn) for e in sets.intents if e.source == "review:ann"}
    machine = [e for e in sets.intents if e.source == "labeler"]
    assert kept == people
    assert len(machine) == 60 and not people & {(e.dialogue_id, e.turn) for e in machine}
    customers = {dialogue.id: dialogue.customer for dialogue in DIALOGUES}
    trained = [a for a in ACCEPTED if split_of(customers[a.dialogue_id], 0.3, BUILD.seed) == "train"]
    overlap = people & {(a.dialogue_id, a.turn) for a in trained}
    assert sets.figures["router.left_over"] == len(trained) - len(overlap) - 60
    days = [e.dialogue_id.split(":")[1] for e in machine]
    assert days.count("2026-11-11") > days.count("2026-11-09") > 0
    assert {"更好的答案 0", "更好的答案 1"} <= {e.messages[-1].content for e in sets.conversations}
    everything = built(folder, BUILD.model_copy(update={"max_router": 10_000}))
    assert len(everything.intents) > len(sets.intents) and everything.figures["router.left_over"] == 0


def test_older_exchanges_without_room_are_kept_for_replay(folder: Path) -> None:
    """None of a held-out customer, of the newest day, or of the set; a smaller bound keeps the first of them."""
    few = built(folder)
    kept = built(folder, BUILD.model_copy(update={"max_replay": 20}))
    every = built(folder, BUILD.model_copy(update={"max_replay": 10_000}))
    assert not few.replay and few.conversations == kept.conversations and len(kept.replay) == 20
    assert kept.replay == every.replay[:20] and kept.figures["sft.replay"] == 20
    assert len(every.replay) < every.figures["sft.left_over"]
    assert {e.split for e in every.replay} == {"train"} == {split_of(e.customer, 0.3, BUILD.seed) for e in every.replay}
    assert {e.dialogue_id.split(":")[1] for e in every.replay} == {"2026-11-09", "2026-11-10"}
    assert not {e.messages for e in every.replay} & {e.messages for e in every.conversations}
    assert not {e.id for e in every.replay} & {label.dialogue_id for label in ANSWERS}
    every.write(folder / "sets")
    assert list(read_jsonl(folder / "sets/replay.jsonl", Example)) == every.replay


def test_questions_are_drawn_by_what_they_say(folder: Path) -> None:
    few = [e for e in built(folder).questions if e.source == "dialogue"]
    many = [e for e in built(folder, BUILD.model_copy(update={"max_questions": 1000})).questions if e.source != "faq"]
    assert len(few) == 5 < len(many)
    assert [e for e in many if e in few] == few


def test_labels_of_nothing_are_counted_and_named(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    good = built(folder)
    gone = [ACCEPTED[0].model_copy(update={"dialogue_id": f"shop:2026-11-0{n}:gone"}) for n in range(1, 10)]
    odd = [ACCEPTED[0].model_copy(update={"dialogue_id": name}) for name in ("", "no id", "shop:2026-11-09:")]
    wrong = [ACCEPTED[0].model_copy(update={"turn": 99}), ACCEPTED[0].model_copy(update={"what": "slot:order"})]
    put(folder, [*gone, *ACCEPTED, *odd, *wrong], SIGNALS)
    caplog.clear()
    assert built(folder).intents == good.intents
    assert "accepted.jsonl: 12 labels left out: no such dialogue" in caplog.text
    assert "accepted.jsonl: 1 labels left out: no such turn" in caplog.text
    assert "gone turn" in caplog.text


def test_no_labels_at_all(folder: Path) -> None:
    put(folder, [], [])
    sets = built(folder, reviewed=[])
    assert not sets.intents and sets.conversations and sets.questions


@pytest.mark.parametrize("line", ['{"dialogue_id": "a"}', "{torn", '{"turn": "one"}', '{"colour": 1}'])
def test_a_line_that_is_no_label_is_named(folder: Path, line: str) -> None:
    with (folder / "signals.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(BadRecord, match=f"signals.jsonl:{len(SIGNALS) + 1}"):
        built(folder)
