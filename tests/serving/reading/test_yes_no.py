"""Yes, no and "never mind" at a confirmation: only whole messages that mean it, in either direction."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kefu.shop.flows import Step
from kefu.shop.part import PackError
from serving.dialogue.reading.answers.yes_no import leaves, yes_or_no
from tests.fixtures.demo_pack import PACK

STEPS = {(flow.name, step.id): step for flow in PACK.flows for step in flow.steps if step.confirm}
RETURN, LATE, DELIVERED = STEPS["return", "confirm_paid"], STEPS["parcel", "late"], STEPS["parcel", "delivered"]
CANCEL = STEPS["cancel", "confirm_paid"]
_SAID = yaml.safe_load(Path(__file__).with_name("yes_no.yaml").read_text(encoding="utf8"))
YES, NO, NEITHER = (_SAID[name].split("\n") for name in ("agreed", "refused", "neither"))


def meant(text: str, step: Step) -> bool | None:
    """As the decider asks: giving up counts as a no."""
    return False if leaves(text, PACK.conversation) else yes_or_no(text, PACK.conversation, step)


@pytest.mark.parametrize("text", YES)
def test_a_whole_message_that_means_yes_is_a_yes(text: str) -> None:
    assert meant(text, RETURN) is True


@pytest.mark.parametrize("text", NO)
def test_a_whole_message_that_means_no_is_a_no(text: str) -> None:
    assert meant(text, RETURN) is False


@pytest.mark.parametrize("step", STEPS.values(), ids=lambda step: step.id)
def test_questions_complaints_and_doubts_are_no_answer(step: Step) -> None:
    answers = {"收到", "知道了"} if step.yes == DELIVERED.yes else set()  # to "did you receive it?"
    assert [text for text in NEITHER if meant(text, step) is not None and text not in answers] == []


@pytest.mark.parametrize(
    ("step", "text", "meaning"),
    [
        (LATE, text, True)
        for text in ("催一下吧", "催催", "好的，催一下", "麻烦帮我催一下", "要", "yes, hurry the courier")
    ]
    + [(LATE, text, False) for text in ("不用催了", "再等等吧", "i'll wait")]
    + [(DELIVERED, text, True) for text in ("收到了", "嗯收到了", "我收到了，谢谢", "yes I did", "got it, thanks")]
    + [
        (DELIVERED, text, False)
        for text in ("没有收到！", "还没收到呢", "我没收到", "没有", "I haven't received it", "not yet")
    ]
    + [(CANCEL, text, True) for text in ("取消", "确认取消", "是的，取消吧", "cancel it", "yes, cancel it please")]
    + [(CANCEL, text, False) for text in ("别取消", "不取消了", "留着吧", "keep it", "don't cancel it")]
    + [(RETURN, text, None) for text in ("催一下吧", "收到了", "hurry the courier")],
)
def test_a_confirmation_has_words_of_its_own(step: Step, text: str, meaning: bool | None) -> None:
    assert meant(text, step) is meaning


def test_a_message_of_many_readings_is_read_in_linear_time() -> None:
    assert meant("嗯" * 2000, RETURN) is True and meant("嗯" * 1999 + "贵", RETURN) is None


def test_a_phrase_without_a_word_is_refused() -> None:
    words = PACK.conversation.model_copy(update={"yes": {"zh": ("好", "!")}})
    with pytest.raises(PackError, match="has no word"):
        yes_or_no("好", words)
