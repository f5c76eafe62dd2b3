"""Corrections are learned: likelier than what was said, on serving's tokens, at no cost of what the chats taught."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from kefu.io import content_hash
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.schema import Example, Message, PreferenceExample
from tests.models.conftest import QUESTIONS
from training.checkpoints import Checkpoints
from training.params.finetune import Finetune
from training.sft import finetune
from training.trainer import preferences
from training.trainer.preferences import PreferenceTrainer, pair_rows

SYSTEM = Message(role="system", content="你是客服。")


def pair(
    number: int, prompt: tuple[Message, ...], chosen: str, rejected: str, split: str = "train"
) -> PreferenceExample:
    answers = {"chosen": chosen, "rejected": rejected}
    sides = {name: (Message(role="assistant", content=text),) for name, text in answers.items()}
    place = {"dialogue_id": f"d{number}", "customer": f"c_{number}", "intent": "x"}
    return PreferenceExample.model_validate({"id": str(number), "prompt": prompt, **sides, "split": split, **place})


def asked(question: str) -> tuple[Message, ...]:
    return SYSTEM, Message(role="user", content=question)


PAIRS = [
    pair(n, asked(question), answer, list(QUESTIONS.values())[n % 4 - 1])  # said was the answer to another question
    for n, (question, answer) in enumerate(list(QUESTIONS.items()) * 3)
]


@pytest.fixture(scope="session")
def params(finetune_params: Finetune) -> Finetune:
    own = finetune_params.preferences.model_copy(update={"epochs": 2, "learning_rate_share": 0.1})
    return finetune_params.model_copy(update={"preferences": own, "save_steps": 3})


def test_a_corrections_margin_rises_and_the_chats_are_not_unlearned(
    centre: BaseModel, examples: list[Example], params: Finetune, adapter_folder: Path, tmp_path: Path
) -> None:
    curve: list[tuple[int, set[str]]] = []
    tuned = finetune(
        centre, examples, params, None, tmp_path / "out", log=lambda n, f: curve.append((n, set(f))), pairs=PAIRS
    )
    found = tuned.metrics
    assert found["preferences.pairs"] == 12
    assert found["preferences.margin"] > found["preferences.margin_before"] + 0.4
    assert found["eval_loss"] <= found["preferences.eval_loss_before"]
    steps = [n for n, names in curve if names == {"preferences.loss"}]
    assert steps == [1, 2, 3, 4, 5, 6]  # two epochs of three batches; the chats' own curve stays what it was
    assert len(tuned.losses) == params.max_steps
    trained, before = (load_file(f / "adapter_model.safetensors") for f in (tmp_path / "out", adapter_folder))
    assert trained.keys() == before.keys()  # TRL's reference adapter is not saved
    assert content_hash(tmp_path / "out") != content_hash(adapter_folder)


@pytest.mark.parametrize(("epochs", "pairs"), [(0, PAIRS), (1, [])], ids=["switched off", "no pairs"])
def test_without_pairs_or_switched_off_it_is_the_chats_training(
    epochs: float, pairs: list[PreferenceExample], centre: BaseModel, examples: list[Example], params: Finetune,
    adapter_folder: Path, tmp_path: Path,
) -> None:  # fmt: skip
    own = params.preferences.model_copy(update={"epochs": epochs})
    tuned = finetune(
        centre, examples, params.model_copy(update={"preferences": own}), None, tmp_path / "o", pairs=pairs
    )
    assert content_hash(tmp_path / "o") == content_hash(adapter_folder)
    assert not any(name.startswith("preferences") for name in tuned.metrics)


def test_killed_between_its_steps_it_ends_with_the_same_bytes(
    centre: BaseModel, examples: list[Example], params: Finetune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finetune(centre, examples, params, None, tmp_path / "whole", pairs=PAIRS)
    checkpoints = Checkpoints(tmp_path / "checkpoints")

    def killed(trainer: PreferenceTrainer, *given: Any) -> Any:
        if trainer.state.global_step == 4:
            raise KeyboardInterrupt
        return step(trainer, *given)

    step = PreferenceTrainer.training_step
    with monkeypatch.context() as patched:
        patched.setattr(PreferenceTrainer, "training_step", killed)
        with pytest.raises(KeyboardInterrupt):
            finetune(centre, examples, params, None, tmp_path / "again", checkpoints, pairs=PAIRS)
    assert checkpoints.below("preferences").newest() is not None
    tuned = finetune(centre, examples, params, None, tmp_path / "again", checkpoints, pairs=PAIRS)
    assert tuned.metrics["steps_resumed"] == params.max_steps  # the chats were learned before
    assert content_hash(tmp_path / "again") == content_hash(tmp_path / "whole")


def test_both_answers_follow_servings_prompt(centre: BaseModel, params: Finetune) -> None:
    renderer = ChatRenderer.from_folder(centre.folder, centre.facts.empty_think)
    (row,) = pair_rows([pair(0, asked("怎么退货"), "请申请退货。", "不行")], renderer, params)
    assert row.prompt_ids == renderer.prompt(asked("怎么退货"))
    for ids, text in ((row.chosen_ids, "请申请退货。"), (row.rejected_ids, "不行")):
        assert renderer.decode(ids) == text and ids[-1] == renderer.end_id


def test_a_long_pair_loses_the_same_history_on_both_sides(centre: BaseModel, params: Finetune) -> None:
    renderer = ChatRenderer.from_folder(centre.folder, centre.facts.empty_think)
    earlier = Message(role="user", content="你好" * 8), Message(role="assistant", content="您好" * 8)
    history = (SYSTEM, *earlier, Message(role="user", content="怎么退货"))
    long, short = "请在订单页申请退货。" * 4, "不"
    limit = len(renderer.render((*history, Message(role="assistant", content=long))).ids) - 1
    (row,) = pair_rows([pair(0, history, short, long)], renderer, params.model_copy(update={"max_length": limit}))
    assert row.prompt_ids == renderer.prompt((SYSTEM, *history[2:]))
    assert pair_rows([pair(0, history, short, long)], renderer, params.model_copy(update={"max_length": 12})) == []


def test_held_out_pairs_are_not_learned(centre: BaseModel, params: Finetune) -> None:
    renderer = ChatRenderer.from_folder(centre.folder, centre.facts.empty_think)
    assert preferences.pair_rows([pair(0, asked("怎么退货"), "好", "不", split="eval")], renderer, params) == []
