"""Which language a message is answered in: what says nothing about it changes nothing."""

from __future__ import annotations

import csv
from uuid import uuid4

import pytest

from kefu.paths import ROOT
from kefu.shop.part import Lang
from pipelines.params import load_params
from serving.dialogue.assistant import Assistant
from serving.dialogue.reading.language import language_of

PRODUCTS = ROOT / load_params().pack / "db/products.csv"
SAYS_NOTHING = [
    "ok", "OK", "Ok.", "okay!", "OKK", "QM 2611 1400 14", "[ORDER_1]", "123", "2", "１２３", "?", "…", "👌",
    "\u200b\u200b", "APP", "VIP", "iPhone", "SF1234567890", "thx", "yes", "no", "bye", "M", "XL size", "C1001",
    "注文をキャンセルしたいです", "届きません、いつですか", "주문을 취소하고 싶어요", "где мой заказ",
    "أين طلبي", "สวัสดี", "Πού είναι", "dónde está mi pedido", "wo yao tui huo", "you mei you huo", "ni hao ke fu zai ma",
]  # fmt: skip
CHINESE = [
    "我要退货", "退", "订单 [ORDER_1] 到哪了", "我的 iPhone 支架 order 到哪了", "αβ 相机包有货吗", "优の品质量怎么样",
    "帮我 cancel 一下", "這個要退貨", "OK，那帮我退了吧", "Goose Down Pillow 有货吗", "请问 delivery 几天",
]  # fmt: skip
ENGLISH = [
    "Where is my order?", "I want to return this", "can you help me", "how much is the 羽绒枕",
    "please cancel [ORDER_1] for me", "what’s the warranty on this", "I don't like it", "WHERE IS MY PARCEL",
    "it is too small", "ok then please cancel it", "do you ship abroad", "Café table: how much is it?",
]  # fmt: skip


def product_names() -> list[str]:
    with PRODUCTS.open(encoding="utf8") as rows:
        return [row["name_en"] for row in csv.DictReader(rows)]


@pytest.mark.parametrize("current", ["zh", "en"])
@pytest.mark.parametrize("text", [*SAYS_NOTHING, *product_names()])
def test_what_says_nothing_keeps_the_language(text: str, current: Lang) -> None:
    assert language_of(text, current, first=False) == current


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("current", ["zh", "en"])
def test_a_clear_sentence_decides(current: Lang, first: bool) -> None:
    assert {text: language_of(text, current, first) for text in CHINESE} == dict.fromkeys(CHINESE, "zh")
    assert {text: language_of(text, current, first) for text in ENGLISH} == dict.fromkeys(ENGLISH, "en")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", "en"),
        ("Return policy", "en"),
        ("ok", "zh"),
        ("12", "zh"),
        ("где", "zh"),
        ("VIP", "zh"),
        ("\u200b", "zh"),
    ],
)
def test_any_word_decides_at_the_beginning(text: str, expected: Lang) -> None:
    assert language_of(text, "zh", first=True) == expected


def test_the_button_sets_the_language_until_a_clear_sentence(assistant: Assistant) -> None:
    session = uuid4().hex
    said: list[tuple[str, Lang | None]] = [
        ("你好", None),
        ("ok", "en"),
        ("ok", None),
        ("2", None),
        ("你好", None),
        ("where is my order", "zh"),
        ("ok", None),
    ]
    langs = []
    for text, lang in said:
        *_, reply = assistant.stream(session, "C1001", text, lang)
        langs.append(reply.lang)  # type: ignore[union-attr]
    assert langs == ["zh", "en", "en", "en", "zh", "zh", "zh"]
