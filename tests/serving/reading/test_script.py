"""Traditional Chinese is understood as simplified is, and answered in kind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from kefu.paths import ROOT
from kefu.text.placeholders import PLACEHOLDER
from kefu.yaml_file import read_yaml
from pipelines.params import load_params
from serving.dialogue.assistant import Assistant
from serving.dialogue.output_guard import ENDED
from serving.dialogue.reading.script import script_of, simplified, traditional
from serving.dialogue.reply import Reply
from tests.fixtures.cost import cost

PACK = ROOT / load_params().pack
MINE = "QM2611100011"


def chinese_texts() -> Iterator[str]:
    """Every Chinese text of the pack's files."""

    def walk(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for name, part in value.items():
                if name == "zh" and isinstance(part, str):
                    yield part
                yield from walk(part)
        elif isinstance(value, list):
            for part in value:
                yield from walk(part)

    for path in sorted(PACK.rglob("*.yaml")):
        if path.parent.name == "wordings":  # what customers say, 2 MB
            continue
        yield from walk(read_yaml(path))


TEXTS = sorted(set(chinese_texts()))


def test_all_that_the_shop_says_comes_back_as_it_was() -> None:
    assert len(TEXTS) > 300
    changed = [text for text in TEXTS if simplified(traditional(text)) != text]
    assert changed == []


def test_what_is_not_chinese_stays(text: str = "Return [ORDER_1], QM2611100011 ¥19.90 {{ title }} 👌") -> None:
    assert traditional(text) == simplified(text) == text
    assert traditional(f"订单 {text}") == f"訂單 {text}"
    assert all(PLACEHOLDER.findall(traditional(t)) == PLACEHOLDER.findall(t) for t in TEXTS)


@pytest.mark.parametrize("text", ["能退么", "在么", "可以么？", "好了么", "你们怎么这么慢", "什么时候到么"])
def test_a_question_mark_in_simplified_characters_stays(text: str) -> None:
    assert simplified(text) == text
    assert simplified(traditional(text)) == text


def test_sentences_are_converted_as_the_whole_text_is() -> None:
    for text in TEXTS:
        ends = [0, *(match.end() for match in ENDED.finditer(text)), len(text)]
        assert "".join(traditional(text[a:b]) for a, b in zip(ends, ends[1:], strict=False)) == traditional(text)


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("我要退貨", "traditional"),
        ("這個枕頭適合側睡嗎", "traditional"),
        ("台灣可以寄嗎", "traditional"),
        ("裏面有沒有發票", "traditional"),
        ("我要退货", "simplified"),
        ("发票什么时候开", "simplified"),
        ("著急，快点发货", "simplified"),
        ("我要人工", None),
        ("OK", None),
        ("[ORDER_1]", None),
        ("好", None),
    ],
)
def test_the_script_is_told_from_characters_that_differ(text: str, script: str | None) -> None:
    assert script_of(text, "simplified") == (script or "simplified")
    assert script_of(text, "traditional") == (script or "traditional")


def test_a_return_in_traditional_characters(assistant: Assistant) -> None:
    session = uuid4().hex
    first, second, last = (
        assistant.reply(session, "C1001", text) for text in ("我要退貨", f"訂單是 {MINE}", "顏色不合適")
    )
    assert [r.asks for r in (first, second, last)] == ["order_number", "return_reason", "confirm"]
    for reply in (first, second, last):
        assert reply.text == traditional(simplified(reply.text)) != simplified(reply.text)
    assert MINE in last.text and all(option == traditional(option) for option in first.options)
    assert assistant.reply(session, "C1001", "好").outcome == "resolved"


@pytest.mark.parametrize(
    ("spoken", "plain"),
    [
        ("什麼時候發貨", "什么时候发货"),
        ("可以開發票嗎", "可以开发票吗"),
        ("運費誰出", "运费谁出"),
        ("轉人工", "转人工"),
        ("妳是機器人嗎", "你是机器人吗"),
        ("謝謝", "谢谢"),
        ("插座冒煙了", "插座冒烟了"),
        ("我有多少優惠券", "我有多少优惠券"),
    ],
)
def test_both_scripts_get_the_same_answer(assistant: Assistant, spoken: str, plain: str) -> None:
    told, expected = assistant.reply(uuid4().hex, "C1001", spoken), assistant.reply(uuid4().hex, "C1001", plain)
    assert (told.route, told.flow, told.outcome, told.acts) == (
        expected.route, expected.flow, expected.outcome, expected.acts,
    )  # fmt: skip
    assert told.text == traditional(expected.text)


def test_pieces_join_to_the_reply(assistant: Assistant) -> None:
    *pieces, reply = assistant.stream(uuid4().hex, None, "你們的枕頭適合側睡的人嗎？我要退貨")
    assert isinstance(reply, Reply) and "".join(map(str, pieces)) == reply.text


def test_the_log_holds_what_was_written(assistant: Assistant) -> None:
    session = uuid4().hex
    said = assistant.reply(session, None, "謝謝你，我的電話是 13812345678")
    (file,) = assistant.log.raw.glob("dt=*/r1.jsonl")  # type: ignore[union-attr]
    rows = [json.loads(line) for line in file.read_text(encoding="utf8").splitlines() if session in line]
    assert [row["text"] for row in rows] == ["謝謝你，我的電話是 [PHONE_1]", said.text]


def test_an_english_answer_is_left_alone(assistant: Assistant) -> None:
    session = uuid4().hex
    assistant.reply(session, None, "你好，請問")
    reply = assistant.reply(session, None, "thank you", "en")
    assert reply.lang == "en" and reply.text.isascii()


def test_both_conversions_of_a_message_take_half_of_a_millisecond() -> None:
    text = "這個枕頭適合側睡的人嗎？我想退掉昨天買的那個，因為顏色不合適。" * 2

    def convert() -> None:
        for _ in range(20):
            script_of(text, "simplified")
            simplified(text)

    assert cost(convert) / 20 < 0.5


def test_the_page_goes_on_in_the_customers_script(assistant: Assistant) -> None:
    words = (ROOT / "serving/web/words.js").read_text(encoding="utf8")
    said = re.search(r'goOn: \{ simplified: "(?P<simplified>[^"]+)", traditional: "(?P<traditional>[^"]+)" \}', words)
    assert said and said["traditional"] == traditional(said["simplified"]) != said["simplified"]
    session = uuid4().hex
    assert assistant.reply(session, None, "我要退貨").script == "traditional"
    reply = assistant.reply(session, "C1001", said["traditional"])
    assert reply.script == "traditional" and reply.flow == "return" and reply.asks == "order_number"
