"""What other turns of a dialogue say about one: names said before and after, answers to questions."""

from __future__ import annotations

import pytest

from kefu.privacy.redact import Redactor, restore
from tests.ingest.conftest import PII

REDACTOR = Redactor(PII)


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        ("请问收件人怎么称呼？", "岳阳", "NAME"),
        ("麻烦提供一下收件人姓名", "何平。", "NAME"),
        ("May I have your name please?", "wanjiru kamau", "NAME"),
        ("好的，请问收货地址是哪里？", "翠屏苑", "ADDRESS"),
        ("地址发我一下", "枫林绿洲12-3-402", "ADDRESS"),
    ],
)
def test_what_answers_a_question_for_it_goes(question: str, answer: str, kind: str) -> None:
    vault: dict[str, str] = {}
    _, redacted = REDACTOR.dialogue([(False, question), (True, answer)], vault)
    assert redacted == answer.replace(answer.rstrip("。"), f"[{kind}_1]")
    assert restore(redacted, vault) == answer


@pytest.mark.parametrize("question", ["请问收件人怎么称呼？", "请确认一下姓名和收货地址", "your name and address?"])
@pytest.mark.parametrize(
    "answer",
    ["方便", "马上", "没错", "跟上次一样", "是的", "学校", "对", "不用了", "no idea", "thanks", "好的", "我要退款"],
)
def test_what_answers_something_else_stays(question: str, answer: str) -> None:
    assert REDACTOR.dialogue([(False, question), (True, answer)], {}) == [question, answer]


def test_nobody_asked_for_it_stays() -> None:
    assert REDACTOR.dialogue([(True, "收件人怎么称呼"), (True, "岳阳")], {}) == ["收件人怎么称呼", "岳阳"]
    assert REDACTOR.redact("岳阳", {}) == "岳阳"


def test_a_name_goes_wherever_the_dialogue_says_it() -> None:
    turns = ["步向前不在家", "收件人：步向前", "步向前的就是我的，步向前。", "向前走"]
    vault: dict[str, str] = {}
    redacted = REDACTOR.dialogue([(True, text) for text in turns], vault)
    assert redacted == ["[NAME_1]不在家", "收件人：[NAME_1]", "[NAME_1]的就是我的，[NAME_1]。", "向前走"]
    assert vault == {"[NAME_1]": "步向前"}
    assert REDACTOR.redact("步向前要退货", {}) == "步向前要退货"


def test_a_name_in_latin_letters_goes_as_a_whole_word_only() -> None:
    vault: dict[str, str] = {}
    assert REDACTOR.dialogue([(True, "my name is Anna"), (True, "Annabel, Anna and Hanna")], vault)[1] == (
        "Annabel, [NAME_1] and Hanna"
    )


def test_a_name_that_is_a_frequent_word_goes_only_where_it_is_found() -> None:
    vault = {"[NAME_1]": "高兴"}
    assert REDACTOR.redact("很高兴", vault) == "很高兴"


def test_a_name_known_to_the_vault_goes_when_serving() -> None:
    vault: dict[str, str] = {}
    REDACTOR.redact("收件人：步向前", vault)
    assert REDACTOR.redact("步向前要退货", vault) == "[NAME_1]要退货"
    assert REDACTOR.redact("[NAME_1]要退货", vault) == "[NAME_1]要退货"
