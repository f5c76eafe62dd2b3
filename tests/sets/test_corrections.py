"""What reviewers corrected: it is learned, what it replaces is not, and TRL's trainer takes the pairs."""

from collections import Counter
from pathlib import Path
from typing import Any, cast

import pytest
from datasets import Dataset, load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DPOConfig, DPOTrainer

from data.sets.corrections import Corrections
from data.sets.dialogue_outcomes import Facts
from data.sets.exchanges import TrainableFilter
from data.sets.preferences import preference_examples
from data.sets.prompts import Prompts
from kefu.io import write_jsonl
from kefu.llm.prompt import answer_messages
from kefu.privacy.redact import Redactor
from kefu.schema import Dialogue, Example, Label, PreferenceExample, Turn
from kefu.shop.pack import load_pack
from pipelines.params import load_params
from tests.fixtures.chatter import VERSION
from tests.fixtures.micro import shared
from tests.sets.helpers import conversations

PACK = load_pack(Path("tests/fixtures/pack"))
BUILD = load_params().build.model_copy(update={"eval_share": 0.5, "max_sft": 4, "replay_share": 0.0})
WRONG, RIGHT = "我们24小时营业", "每天早上8点到晚上10点营业"


def talk(number: int, *said: str, customer: str = "c_1", **facts: object) -> Dialogue:
    """A dialogue in which the bot answers every customer turn with one of ``said`` (an empty one: not at all)."""
    turns: list[Turn] = []
    for text in said:
        turns.append(Turn(role="customer", text=f"几点开门 [TICKET_1] {number}"))
        turns += [Turn(role="bot", text=text)] if text else []
    head = {"id": f"shop:2026-11-09:{number}", "source": "shop", "channel": "kefu_jsonl", "day": "2026-11-09"}
    return Dialogue.model_validate(head | {"customer": customer, "turns": turns} | facts)


def label(dialogue: Dialogue, what: str, value: str, turn: int | None = None, source: str = "review:ann") -> Label:
    return Label(
        dialogue_id=dialogue.id, turn=turn, what=what, value=value, source=source, confidence=1, version=VERSION
    )


def built(
    dialogues: list[Dialogue], reviewed: list[Label], signals: list[Label]
) -> tuple[list[Example], list[PreferenceExample], Corrections, int, Counter[str]]:
    corrections = Corrections(reviewed, {d.id: d for d in dialogues}, Redactor(PACK.shop.pii))
    prompts = Prompts(PACK, {}, BUILD)
    trainable = TrainableFilter(Facts(reviewed, signals), BUILD.end_states, ())
    examples = conversations(dialogues, trainable, prompts, BUILD, corrections.exchanges)
    pairs, refused = preference_examples(corrections.exchanges, prompts)
    return examples, pairs, corrections, trainable.bad, refused


GOOD: dict[str, Any] = {"outcome": "resolved", "csat": 5}


def test_a_correction_replaces_what_was_said_even_where_the_bot_would_not_be_learned_from() -> None:
    one = talk(1, WRONG)
    examples, pairs, *_ = built([one], [label(one, "answer", RIGHT, turn=0)], [])
    assert [e.messages[-1].content for e in examples] == [RIGHT]
    (pair,) = pairs
    assert (pair.chosen[0].content, pair.rejected[0].content) == (RIGHT, WRONG)
    assert pair.prompt == examples[0].messages[:-1]
    assert pair.prompt[1:] == tuple(answer_messages(PACK, "zh", [], one.turns[:1])[1:])
    assert pair.split == examples[0].split


def test_a_correction_stays_whatever_supports_it() -> None:
    """A reviewer may know what the prompt does not show."""
    params = BUILD.model_copy(update={"grounded": True})
    one = talk(1, WRONG)
    corrections = Corrections(
        [label(one, "answer", "明天早上6点到晚上11点营业", turn=0)], {one.id: one}, Redactor(PACK.shop.pii)
    )
    trainable = TrainableFilter(Facts([], []), params.end_states, ())
    (example,) = conversations([one], trainable, Prompts(PACK, {}, params), params, corrections.exchanges)
    assert example.proof is not None and example.proof.answered_by == "reviewer" and example.proof.unsupported


def test_what_was_corrected_once_is_taught_nowhere_word_for_word() -> None:
    one, other = talk(7, WRONG, **GOOD), talk(7, WRONG, **GOOD).model_copy(update={"id": "shop:2026-11-10:7"})
    assert len(built([other], [], [])[0]) == 1
    examples, *_ = built([one, other], [label(one, "answer", RIGHT, turn=0)], [])
    assert [e.messages[-1].content for e in examples] == [RIGHT]


def test_corrections_fit_in_before_everything_else() -> None:
    dialogues = [talk(n, f"答案 {n}", customer=f"c_{n % 7}", **GOOD) for n in range(60)]
    labels = [label(d, "answer", f"更好的答案 {n}", turn=0) for n, d in enumerate(dialogues[:60:20])]
    examples, *_ = built(dialogues, labels, [])
    said = [e.messages[-1].content for e in examples]
    assert sum(text.startswith("更好的答案") for text in said) == 3
    assert sum(e.split == "train" for e in examples) == BUILD.max_sft


def test_a_turn_that_nobody_answered_gets_an_answer_but_no_pair() -> None:
    one = talk(1, "")
    examples, pairs, _, _, refused = built([one], [label(one, "answer", RIGHT, turn=0)], [])
    assert examples[0].messages[-1].content == RIGHT
    assert not pairs and refused == {"unanswered": 1}


def test_useless_corrections_are_refused_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    one = talk(1, WRONG)
    gone = talk(9, WRONG)
    labels = [
        label(one, "answer", "  ", turn=0),
        label(gone, "answer", RIGHT, turn=0),
        label(one, "answer", RIGHT, turn=99),
        label(one, "answer", RIGHT, turn=1),
        label(one, "answer", RIGHT, turn=0, source="judge"),  # machines do not correct
    ]
    _, pairs, corrections, *_ = built([one], labels, [])
    assert not pairs and corrections.refused.total() == 4
    for reason in ("empty", "no such dialogue", "no such turn", "not a customer's turn"):
        assert f"1 corrected answers left out: {reason}" in caplog.text
    same = built([one], [label(one, "answer", f" {WRONG}\n", turn=0)], [])
    assert same[4] == {"identical": 1} and [e.messages[-1].content for e in same[0]] == [WRONG]


def test_what_a_reviewer_types_is_redacted_and_placeholders_stay() -> None:
    one = talk(1, WRONG)
    typed = "请拨打 13912345678，单号 [TICKET_1]，不是 BB-123456"
    (pair,) = built([one], [label(one, "answer", typed, turn=0)], [])[1]
    assert pair.chosen[0].content == "请拨打 [PHONE_1]，单号 [TICKET_1]，不是 [TICKET_2]"
    (pair,) = built([one], [label(one, "answer", "另一个单号 BB-123456", turn=0)], [])[1]
    assert pair.chosen[0].content == "另一个单号 [TICKET_2]"  # the customer's is [TICKET_1]


def test_answers_with_a_quality_problem_are_left_out_and_counted() -> None:
    one, other = talk(1, "赔您一万元", "好的", **GOOD), talk(2, "好的", **GOOD)
    assert len(built([one, other], [], [])[0]) == 3
    machine = label(one, "quality:false_promise", "yes", source="judge")
    examples, _, _, bad, _ = built([one, other], [], [machine])
    assert {e.dialogue_id for e in examples} == {other.id} and bad == 2
    assert len(built([one, other], [label(one, "quality:false_promise", "no")], [machine])[0]) == 3
    doubtful = machine.model_copy(update={"confidence": 0.4})
    assert len(built([one, other], [], [doubtful])[0]) == 3
    examples, _, _, bad, _ = built([one, other], [label(one, "quality:rude", "yes", turn=0)], [])
    assert len(examples) == 2 and bad == 1
    corrected = built([one], [label(one, "answer", RIGHT, turn=0)], [machine])[0]
    assert [e.messages[-1].content for e in corrected] == [RIGHT]


@pytest.mark.parametrize(
    ("reviewed", "machine", "outcome", "learned"),
    [
        ("yes", "no", "unknown", 1),
        ("no", "yes", "resolved", 0),
        (None, "yes", "unknown", 1),
        (None, "unclear", "resolved", 0),
        (None, None, "resolved", 1),
    ],
)
def test_peoples_word_on_resolved_wins(reviewed: str | None, machine: str | None, outcome: str, learned: int) -> None:
    one = talk(1, RIGHT, outcome=outcome, csat=5)
    people = [label(one, "resolved", reviewed)] if reviewed else []
    machines = [label(one, "resolved", machine, source="outcome")] if machine else []
    assert len(built([one], people, machines)[0]) == learned


def test_trl_trains_on_the_pairs(tmp_path: Path) -> None:
    dialogues = [talk(n, f"{WRONG} {n}", customer=f"c_{n}") for n in range(4)]
    pairs = built(dialogues, [label(d, "answer", RIGHT, turn=0) for d in dialogues], [])[1]
    write_jsonl(tmp_path / "preferences.jsonl", pairs)
    data = load_dataset("json", data_files=str(tmp_path / "preferences.jsonl"), cache_dir=str(tmp_path), split="train")
    centre = shared() / "centre"
    tokenizer = AutoTokenizer.from_pretrained(centre)
    trainer = DPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(centre),
        args=DPOConfig(
            output_dir=str(tmp_path / "dpo"),
            max_steps=1,
            per_device_train_batch_size=2,
            report_to=[],
            use_cpu=True,
            bf16=False,
        ),
        train_dataset=data,
        processing_class=tokenizer,
    )
    row = next(iter(cast(Dataset, trainer.train_dataset)))
    assert RIGHT in tokenizer.decode(row["chosen_ids"]) and WRONG in tokenizer.decode(row["rejected_ids"])
    assert "几点开门" in tokenizer.decode(row["prompt_ids"])
    assert trainer.train().training_loss > 0
