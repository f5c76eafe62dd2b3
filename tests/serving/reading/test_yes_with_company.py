"""A yes to a confirmation with company is a yes; a condition, a correction, another wish for the same is none."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from serving.dialogue.assistant import Assistant
from tests.serving.test_open_questions import moves_of

QUESTIONS = {
    "return": (
        "return",
        "confirm_paid",
        "取件费 10 元从退款中扣除，退款 77.00 元。确认提交退货申请吗？",
    ),
    "return_english": ("return", "confirm_paid", "You get 77.00 yuan back. Shall I submit the return?"),
    "exchange": ("exchange", "confirm", "换成“同款新的”，往返运费我们承担，您不用付。确认提交吗？"),
    "exchange_english": ("exchange", "confirm", "We pay the shipping both ways. Shall I submit the exchange?"),
    "cancel": ("cancel", "confirm_paid", "订单还没发货，可以取消，139.00 元将原路退回。确认取消吗？"),
    "cancel_english": ("cancel", "confirm_paid", "139.00 yuan go back the way you paid. Shall I cancel it?"),
    "price": ("price", "confirm", "订单在 15 天价保期内，现价便宜了 20.00 元，可以退差价。确认申请吗？"),
    "price_english": ("price", "confirm", "It costs 40.00 yuan less now. Shall I have the difference refunded?"),
    "invoice": ("invoice", "confirm", "开公司发票，抬头 西安明川文化传媒有限公司。确认吗？"),
    "address": ("delivery", "confirm", "订单的收货地址改为：成都市锦江区红星路三段99号。确认修改吗？"),
    "address_english": ("delivery", "confirm", "New address of your order: 99 Hongxing Road. Shall I change it?"),
}
_SAID = [
    yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf8"))
    for name in ("yes_with_company.yaml", "yes_beside_others.yaml", "yes_once_more.yaml")
]
AGREED, NEITHER = (
    [(name, say) for said in _SAID for name, some in said[kind].items() for say in some.splitlines()]
    for kind in ("agreed", "neither")
)
MOST_LOST = 0.08  # a yes that is not heard costs a message; scores move from training to training


def test_a_yes_with_company_is_a_yes(assistant: Assistant) -> None:
    lost = [say for name, say in AGREED if "yes" not in moves_of(assistant, QUESTIONS[name], say)]
    assert len(lost) <= MOST_LOST * len(AGREED), lost


@pytest.mark.parametrize(("name", "say"), NEITHER)
def test_what_only_begins_like_a_yes_changes_nothing(assistant: Assistant, name: str, say: str) -> None:
    assert "yes" not in moves_of(assistant, QUESTIONS[name], say)


def test_a_person_asked_for_beside_a_yes_is_called_after_it(assistant: Assistant) -> None:
    assert moves_of(assistant, QUESTIONS["invoice"], "确认，另外帮我转人工") == {"yes", "person"}
    assert moves_of(assistant, QUESTIONS["return_english"], "yes. and now please get me someone") == {"yes", "person"}
    assert "yes" not in moves_of(assistant, QUESTIONS["return_english"], "yes, i want a human")


@pytest.mark.parametrize("piece", ["好，", "yes. ", "浴袍 ", "顺便 "])
def test_a_yes_behind_a_hundred_pieces_is_none(assistant: Assistant, piece: str) -> None:
    """Who asks each beginning and each end of a message whether it is a yes reads it a thousand times over."""
    assert "yes" not in moves_of(assistant, QUESTIONS["return"], "浴袍，" * 100 + piece * 100 + "浴袍")
