"""The benchmark of parity: fewer bits are farther from the model, and its questions are the goldens'."""

from pathlib import Path

from benchmarks.serving.parity import compare, golden_questions
from kefu.schema import Message
from tests.fixtures.demo_pack import PACK

PROMPTS = [(Message(role="user", content=asked),) for asked in ("怎么退货", "invoice?")]


def test_four_bits_are_farther_from_the_model_than_sixteen(folders: dict[str, Path], tmp_path: Path) -> None:
    (_, half, _), (_, four, _) = compare(folders["qwen2"], ["f16", "int4"], PROMPTS, tmp_path)
    assert half.kl < four.kl and half.agreement >= four.agreement


def test_each_golden_question_of_the_faq_is_asked_once() -> None:
    asked = [question.id for question in golden_questions(PACK, 1000)]
    assert "没付款的订单会自动取消吗？" in asked and len(asked) == len(set(asked)) >= 20
    assert [question.id for question in golden_questions(PACK, 5)] == asked[:5]
