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


def test_another_number_of_one_product_keeps_the_other_lines(play: Play) -> None:
    _, three, again, four, kept, fryers = play(
        "C1050",
        [
            "我想买一个空气炸锅、两条长绒棉浴巾、一个圆形挂钟,一共多少钱?",
            "浴巾改成三条吧,再算一下",
            "不对,我说浴巾要3条,不是2条",
            "挂钟缺货那就不要了,浴巾改成4条,多少钱",
            "空气炸锅还要的啊",
            "空气炸锅要两个",
        ],
    )
    assert three.startswith("合计 725.00 元") and again.startswith("合计 725.00 元")
    assert four.startswith("合计 685.00 元") and kept.startswith("合计 685.00 元")
    assert fryers.startswith("合计 1014.00 元")


def test_another_number_in_english_keeps_the_other_lines(play: Play) -> None:
    _, *answers = play(
        None,
        [
            "how much for one air fryer, two long-staple bath towels and a round wall clock?",
            "make it three towels",
            "no, I said 3 towels, not 2",
            "change the towels to 2",
        ],
    )
    assert [answer.split()[1] for answer in answers] == ["725.00", "725.00", "636.00"]


def test_only_what_is_named_stays_when_the_customer_says_so(play: Play) -> None:
    *_, rest = play(None, ["一个空气炸锅、两条长绒棉浴巾、一个圆形挂钟,一共多少钱", "挂钟不要了，就两条浴巾，多少钱"])
    assert rest.startswith("合计 178.00 元")


def test_a_list_of_what_is_to_be_bought_asks_for_its_sum(play: Play) -> None:
    for text in (
        "我想买:空气炸锅1个、长绒棉浴巾3条、圆形挂钟1个",
        "不是问订单，我要买空气炸锅1个、长绒棉浴巾3条、圆形挂钟1个",
    ):
        assert play("C1050", [text])[0].startswith("合计 725.00 元")


def test_a_sum_that_the_customer_names_is_confirmed_or_put_right(play: Play) -> None:
    _, right, wrong, price = play(
        None, ["两条松间羊毛毯一共多少钱", "大概720对吧", "那就是798咯", "the wool throw is 399, isn't it?"]
    )
    assert right.startswith("对的。合计 718.20 元") and wrong.startswith("不是，应该是 718.20 元")
    assert price.startswith("Yes")


@pytest.mark.parametrize(
    "text",
    [
        "我那单羊毛毯付了640，是不是你们下单之后又涨了",
        "羊毛毯那个订单640块，等签收了是不是也算进升级里",
        "发票是按640开的吧？羊毛毯我退了",
        "the wool throw I ordered was 640, the refund is 380, right?",
    ],
)
def test_an_amount_of_what_was_bought_is_no_sum_to_be_confirmed(play: Play, text: str) -> None:
    *_, answer = play("C1030", ["两条松间羊毛毯一共多少钱", text])
    assert "718.20" not in answer and not answer.startswith(("不是", "No,", "对的"))


@pytest.mark.parametrize("text", ["那我一共要付718.2对吧", "so I have to pay 718 in all, right?"])
def test_what_is_to_be_paid_is_confirmed(play: Play, text: str) -> None:
    *_, answer = play(None, ["两条松间羊毛毯一共多少钱", text])
    assert answer.startswith(("对的", "Yes"))


def test_a_sum_that_was_not_told_before_is_told_without_contradiction(play: Play) -> None:
    (answer,) = play(None, ["两条松间羊毛毯是650吧"])
    assert answer.startswith("合计 718.20 元")
    *_, other = play(None, ["两条松间羊毛毯一共多少钱", "那三条是1000吧"])
    assert other.startswith("合计")


def test_the_price_of_one_piece_is_right_although_a_coupon_makes_it_cheaper(play: Play) -> None:
    (answer,) = play("C1030", ["羊毛毯是399吧"])
    assert answer.startswith("对的，单价是 399.00 元。合计 384.00 元")


def test_coupon_and_points_go_into_the_sum_when_he_says_so(play: Play) -> None:
    (both,) = play("C1030", ["买一个空气炸锅，用券再抵木豆，最后付多少？"])
    assert both.startswith("合计 295.24 元")
    _, applied, with_points = play(
        "C1030", ["how much is the humidifier?", "can I use my coupon on it?", "and with my points?"]
    )
    assert applied.startswith("Yes, your coupon of 15 off 129 applies") and "204.00" in applied
    assert "185.24" in with_points


def test_a_stranger_is_told_that_his_coupon_cannot_be_seen(play: Play) -> None:
    *_, answer = play(None, ["空气炸锅多少钱", "我的券能用吗"])
    assert answer.startswith("登录后")


def test_a_price_in_the_message_is_no_number_of_pieces(play: Play) -> None:
    assert play(None, ["我买个加湿器219，最后多少"])[0].startswith("合计 219.00 元")


def test_a_product_takes_the_place_of_another(play: Play) -> None:
    *_, swapped, more = play(None, ["两个云朵羽绒枕和一条松间羊毛毯一共多少", "毯子换成羊羔绒毯", "枕头再加一个"])
    assert swapped.startswith("合计 ") and "小栖羊羔绒毯 139×1" in swapped and "羊毛毯" not in swapped
    assert "云朵羽绒枕 119×3" in more


def test_a_choice_from_a_list_is_no_number_of_pieces(play: Play) -> None:
    *_, answer = play(None, ["推荐几个电磁炉能用的锅", "2"])
    assert "木柄不粘煎锅" in answer and "合计" not in answer


@pytest.mark.parametrize("more", ["ok two of the towel sets then", "make it two of the towel sets"])
def test_another_number_of_something_in_the_sum_changes_it(play: Play, more: str) -> None:
    first, then = play("C1028", ["how much for the air fryer and a waffle towel set with my coupon", more])
    assert first.startswith("Total 398.00 yuan")
    assert then.startswith("Total 417.00 yuan")


def test_the_first_of_a_list_is_one_piece(play: Play) -> None:
    (chinese,) = play("C1028", ["空气炸锅加一个手作马克杯，用券多少钱"])
    assert chinese.startswith("合计 388.00 元")
    (english,) = play("C1028", ["air fryer plus two waffle towel sets with my coupon, how much is it"])
    assert english.startswith("Total 417.00 yuan")


def test_a_word_in_the_name_of_what_was_spoken_of_means_it(play: Play) -> None:
    *_, total = play(
        "C1001", ["do you have the slow-brew health pot?", "what would the pot and 3 mugs cost with my coupon?"]
    )
    assert total.startswith("Total 376.00 yuan")


def test_whether_a_coupon_applies_is_told_beside_what_else_is_asked(play: Play) -> None:
    (chinese,) = play("C1008", ["空气炸锅有货吗我那张50的券能用不"])
    assert "还用不上" in chinese and "现货" in chinese
    (english,) = play("C1028", ["is the air fryer in stock, and does my 50 off work on it?"])
    assert "in stock" in english and "with 70 yuan more" in english


def test_a_total_is_not_told_once_more_as_a_price(play: Play) -> None:
    (answer,) = play("C1021", ["我那张50的券现在买个空气炸锅能用吗 到手多少钱"])
    assert "合计 329.00 元" in answer and "现价" not in answer
