"""Sums over several messages: what is added, taken out, or has to be chosen first. Nothing is silently left out."""

from collections.abc import Callable

import pytest

from serving.dialogue.assistant import Assistant

POT, TOASTER, BLENDER = "CW-301", "KA-203", "KA-204"
Play = Callable[[str | None, list[str]], list[str]]


@pytest.fixture
def play(assistant: Assistant) -> Play:
    """Says messages one after the other in a new session; the answers."""

    def said(customer: str | None, messages: list[str]) -> list[str]:
        session = f"sums-{hash(tuple(messages))}"
        return [assistant.reply(session, customer, message).text for message in messages]

    return said


def test_a_product_is_added_to_the_sum_before(play: Play) -> None:
    first, more = play(None, ["two toasters and a cast-iron pot, how much altogether?", "And if I add a hand blender?"])
    assert first.startswith("Total 787.00 yuan")
    assert more.startswith("Total 946.00 yuan")


def test_a_product_is_taken_out_of_the_sum_before(play: Play) -> None:
    *_, rest = play(
        None, ["一个铸铁锅、两个马克杯和一个挂钟一共多少钱", "挂钟缺货啊，那不要了，就锅和两个杯子多少钱？"]
    )
    assert rest.startswith("合计 547.00 元") and "挂钟" not in rest
    *_, rest = play(None, ["two toasters and a cast-iron pot, how much altogether?", "and without the toasters?"])
    assert rest.startswith("Total 429.00 yuan")


def test_a_word_for_several_products_is_asked_for_and_the_sum_goes_on(play: Play) -> None:
    asked, total = play(None, ["two toasters and the pot, how much altogether?", "the cast iron one"])
    assert "Total" not in asked and "Enamelled cast-iron pot" in asked and "Clay stew pot" in asked
    assert total.startswith("Total 787.00 yuan")
    first, second, total = play(None, ["一条毯子和一个枕头一共多少钱", "2", "记忆枕"])
    assert "合计" not in first + second
    assert total.startswith("合计 ") and "小栖羊羔绒毯" in total and "栖眠记忆枕" in total


def test_a_word_for_several_products_means_the_one_that_was_spoken_of(play: Play) -> None:
    *_, total = play(None, ["小栖羊羔绒毯能机洗吗", "那毯子加一套胡桃木筷十双，一共多少钱？"])
    assert total.startswith("合计 188.00 元")


def test_a_number_alone_counts_what_was_spoken_of(play: Play) -> None:
    *_, total = play(None, ["长绒棉浴巾有货吗", "两条一共多少？"])
    assert total.startswith("合计 178.00 元")


def test_a_list_for_a_new_order_is_no_question_about_an_old_one(play: Play) -> None:
    (total,) = play(
        "C1048", ["I mean as a new order: two toasters, one cast-iron pot and one hand blender. What's the total?"]
    )
    assert total.startswith("Total 926.00 yuan")
