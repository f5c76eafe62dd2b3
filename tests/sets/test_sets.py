"""The training sets: who is in them, whose word counts, and that serving would ask the same."""

from collections import Counter
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from data.labeling.join import join_intents
from data.sets.builder import set_counts
from data.sets.dialogue_outcomes import Facts
from data.sets.exchanges import TrainableFilter
from data.sets.prompts import Prompts
from data.sets.router import intent_examples, review_wins
from data.sets.selection import newest_with_replay
from kefu.llm.prompt import answer_messages
from kefu.schema import Dialogue, EndState, Example, Label, Proof, Turn, TurnKey
from kefu.shop.flows import Flow
from kefu.shop.pack import load_pack
from kefu.shop.part import Text
from kefu.split import fraction, split_of
from kefu.store import read_dialogues
from pipelines.params import load_params
from tests.fixtures.chatter import ASKED, chatter
from tests.sets.helpers import conversations

PACK = load_pack(Path("tests/fixtures/pack"))
BUILD = load_params().build.model_copy(update={"eval_share": 0.3, "max_sft": 100, "replay_share": 0.3})
DIALOGUES, LABELS = chatter(200, seed=11)
BY_ID = {d.id: d for d in DIALOGUES}
REVIEWED = join_intents(LABELS[:200], BY_ID, ASKED).turns
MACHINE = [la.model_copy(update={"source": "labeler", "confidence": 0.98, "value": "thanks"}) for la in LABELS[100:]]
ACCEPTED = join_intents(MACHINE, BY_ID, ASKED).turns


def dialogue(*turns: tuple[str, str], **facts: object) -> Dialogue:
    rows = [{"role": role, "text": text} for role, text in turns]
    head = {
        "id": "shop:2026-11-09:x",
        "source": "shop",
        "channel": "kefu_jsonl",
        "day": "2026-11-09",
        "customer": "c_1",
    }
    return Dialogue.model_validate(head | {"turns": rows} | facts)


def sft(dialogues: list[Dialogue], intents: dict[TurnKey, str] | None = None) -> list[Example]:
    return conversations(
        dialogues, TrainableFilter(Facts([], []), BUILD.end_states, ()), Prompts(PACK, intents or {}, BUILD), BUILD
    )


def learned(talk: Dialogue) -> int:
    return len(list(TrainableFilter(Facts([], []), BUILD.end_states, ()).keep([talk])))


def test_peoples_word_wins_over_the_machines() -> None:
    turns = {(t.dialogue.id, t.index): t.label for t in review_wins(REVIEWED, ACCEPTED)}
    assert all(turns[t.dialogue.id, t.index].source == "review:ann" for t in REVIEWED)
    assert len(turns) == len(LABELS)


def test_machine_labels_never_judge_and_nobody_is_on_both_sides() -> None:
    examples = intent_examples(review_wins(REVIEWED, ACCEPTED), BUILD)
    held_out = [e for e in examples if e.split == "eval"]
    assert held_out and all(e.source == "review:ann" for e in held_out)
    assert any(e.source == "labeler" for e in examples)
    customers = {split: {e.customer for e in examples if e.split == split} for split in ("train", "eval")}
    assert customers["train"] and not customers["train"] & customers["eval"]
    chats = sft(DIALOGUES)
    assert not {e.customer for e in chats if e.split == "train"} & customers["eval"]
    assert not {e.customer for e in chats if e.split == "eval"} & customers["train"]


def test_context_is_what_came_before_and_no_longer_than_asked() -> None:
    for example in intent_examples(review_wins(REVIEWED, []), BUILD):
        turns = BY_ID[example.dialogue_id].turns
        assert example.context == turns[max(0, example.turn - 6) : example.turn]
        assert turns[example.turn].text == example.text


def test_the_split_follows_the_customer_only() -> None:
    sides = Counter(split_of(f"c_{i}", 0.15, 7) for i in range(4000))
    assert sides["eval"] / 4000 == pytest.approx(0.15, abs=0.02)
    assert {split_of("c_1", 0.15, 7) for _ in range(3)} == {split_of("c_1", 0.15, 7)}
    assert len({fraction("c_1", seed) for seed in range(5)}) == 5


def test_an_example_asks_as_serving_would() -> None:
    talk = dialogue(
        ("agent", "欢迎"),
        ("customer", "你好"),
        ("customer", "几点开门"),
        ("agent", "每天"),
        ("agent", "早上8点"),
        ("customer", "好"),
    )
    (example,) = sft([talk], {TurnKey(talk.id, 2): "opening_hours"})
    *prompt, answer = example.messages
    assert [m.role for m in prompt] == ["system", "assistant", "user"]
    assert prompt[2].content == "你好\n几点开门"
    assert (answer.role, answer.content) == ("assistant", "每天\n早上8点")
    assert "豆豆咖啡" in prompt[0].content and "每天早上8点到晚上10点营业" in prompt[0].content
    assert example.intent == "opening_hours"
    assert tuple(prompt[1:]) == tuple(answer_messages(PACK, "zh", [], talk.turns[:3])[1:])


@pytest.mark.parametrize(
    ("facts", "count"),
    [({}, 0), ({"outcome": "resolved", "csat": 3}, 0), ({"outcome": "resolved", "csat": 4}, 1), ({"csat": 5}, 0)],
)
def test_kefus_own_answers_are_learned_only_when_they_helped(facts: dict[str, object], count: int) -> None:
    assert learned(dialogue(("customer", "hi"), ("bot", "hello"), **facts)) == count


@pytest.mark.parametrize(
    ("outcome", "end_states", "count"),
    [
        ("resolved", ("resolved",), 1),
        ("handoff", ("resolved", "unknown"), 0),
        ("handoff", ("handoff",), 1),
        ("abandoned", ("resolved", "handoff", "unknown"), 0),
        ("abandoned", ("unresolved",), 1),
        ("unknown", ("resolved", "unknown"), 1),
        ("unknown", ("resolved",), 0),
    ],
)
def test_agents_answers_are_learned_of_dialogues_that_ended_well(
    outcome: str, end_states: tuple[EndState, ...], count: int
) -> None:
    trainable = TrainableFilter(Facts([], []), end_states, ())
    talk = dialogue(("customer", "hi"), ("agent", "hello"), outcome=outcome)
    assert len(list(trainable.keep([talk]))) == count
    assert trainable.badly_ended == 1 - count


@pytest.mark.parametrize(
    ("label", "outcome", "proof"),
    [
        (None, "unknown", ("unknown", "channel")),
        (None, "handoff", ("handoff", "channel")),
        (None, "abandoned", ("unresolved", "channel")),
        ({"value": "yes", "source": "rule:thanks"}, "handoff", ("resolved", "machine")),
        ({"value": "no", "source": "review:ann"}, "resolved", ("unresolved", "review")),
    ],
)
def test_a_row_tells_how_its_dialogue_ended_and_who_says_so(
    label: dict[str, str] | None, outcome: str, proof: tuple[str, str]
) -> None:
    talk = dialogue(("customer", "几点开门"), ("agent", "早上8点"), outcome=outcome)
    head = {"dialogue_id": talk.id, "turn": None, "what": "resolved", "confidence": 1.0, "version": "1"}
    given = [Label.model_validate(head | label)] if label else []
    trainable = TrainableFilter(Facts(given, []), get_args(EndState), ())
    (example,) = conversations([talk], trainable, Prompts(PACK, {}, BUILD), BUILD)
    expected = {"answered_by": "agent", "end_state": proof[0], "end_state_by": proof[1], "unsupported": None}
    assert example.proof == Proof.model_validate(expected)


@pytest.mark.parametrize(
    ("flow", "count"), [("return@0a1b2c3d", 1), (None, 1), ("return@ffffffff", 0), ("trade_in@0a1b2c3d", 0)]
)
def test_what_a_flow_said_is_learned_while_the_pack_has_that_flow(flow: str | None, count: int) -> None:
    talk = dialogue(("customer", "退货"), ("bot", "好的"), outcome="resolved", csat=5)
    asked, answer = talk.turns
    talk = talk.model_copy(update={"turns": (asked, answer.model_copy(update={"flow": flow}))})
    trainable = TrainableFilter(Facts([], []), BUILD.end_states, {"return@0a1b2c3d"})
    found = conversations([talk], trainable, Prompts(PACK, {}, BUILD), BUILD)
    assert len(found) == count and trainable.old_flow == 1 - count
    assert all(example.proof is not None and example.proof.flow == flow for example in found)


def test_a_flow_has_another_version_when_it_does_other_things_not_when_it_says_them_otherwise() -> None:
    (flow,) = PACK.flows
    said = next(n for n, step in enumerate(flow.steps) if step.say)
    called = next(n for n, step in enumerate(flow.steps) if step.call)
    assert flow.version.startswith("cancel@")
    for number, change, equal in ((said, {"say": Text(zh="新", en="new")}, True), (called, {"call": "other"}, False)):
        steps = [step.model_dump() | (change if n == number else {}) for n, step in enumerate(flow.steps)]
        assert (Flow.model_validate(flow.model_dump() | {"steps": steps}).version == flow.version) is equal


def grounded(answer: str, customer: str = "c_1") -> list[Example]:
    params = BUILD.model_copy(update={"grounded": True})
    talk = dialogue(("customer", "几点开门"), ("agent", answer), customer=customer)
    trainable = TrainableFilter(Facts([], []), params.end_states, ())
    return conversations([talk], trainable, Prompts(PACK, {}, params), params)


def test_an_answer_that_nothing_supports_is_not_taught_but_still_measured() -> None:
    """The prompt shows that the shop is open from 8 to 10."""
    (right,) = grounded("每天早上8点到晚上10点营业。")
    assert right.split == "train" and right.proof is not None and right.proof.unsupported == ()
    assert grounded("每天早上6点到晚上11点营业。") == []
    held_out = next(f"c_{i}" for i in range(100) if split_of(f"c_{i}", 0.3, BUILD.seed) == "eval")
    (kept,) = grounded("每天早上6点到晚上11点营业。", held_out)
    assert kept.proof is not None and kept.proof.unsupported == ("time",)


def test_answers_that_answer_nobody_or_are_empty_are_left_out() -> None:
    assert learned(dialogue(("agent", "hello"), ("agent", "anybody?"))) == 0
    assert learned(dialogue(("customer", "hi"), ("agent", " "))) == 0
    mixed = dialogue(("customer", "hi"), ("bot", "hello"), ("agent", "hi, Ann here"))
    assert learned(mixed) == 0


def test_sft_is_bounded_distinct_and_mostly_new_with_some_replay() -> None:
    train = [e for e in sft(DIALOGUES) if e.split == "train"]
    assert len(train) == BUILD.max_sft
    assert len({e.messages for e in train}) == len(train)
    days = Counter(e.dialogue_id.split(":")[1] for e in train)
    assert days["2026-11-11"] > days["2026-11-09"] > 0


def test_replay_draws_from_what_the_newest_days_leave() -> None:
    days, draws = np.repeat([1, 2, 3], 10).astype(np.int32), np.random.default_rng(1).random(30)
    kept = newest_with_replay(days, draws, 10, 0.3)
    assert len(kept) == 10 and list(kept) == sorted(kept)
    newest = kept[days[kept] == 3]
    assert set(20 + np.argsort(draws[20:])[:7]) <= set(newest)
    left = np.setdiff1d(np.argsort(draws), 20 + np.argsort(draws[20:])[:7])
    assert set(left[np.argsort(draws[left])[:3]]) <= set(kept)  # whatever day they are of
    assert list(newest_with_replay(days, draws, 99, 0.3)) == list(range(30))


def test_counts_tell_sides_and_languages() -> None:
    intents = intent_examples(review_wins(REVIEWED, ACCEPTED), BUILD)
    counts = set_counts(intents, [], [])
    assert counts["router.train"] + counts["router.eval"] == len(intents)
    assert counts["router.train.zh"] + counts["router.train.en"] == counts["router.train"]


def test_an_empty_store_names_the_stage_to_run(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="run the ingest stage"):
        next(read_dialogues(tmp_path))


def test_a_turn_without_words_of_the_shop_still_gets_a_prompt() -> None:
    messages = answer_messages(PACK, "en", [], [Turn(role="customer", text="?")])
    assert [m.role for m in messages] == ["system", "user"]
    assert messages[0].content == "You serve guests of BEAN BAR."
