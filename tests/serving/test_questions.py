"""Several questions in one message, and questions about what was just said: each is answered, none is dropped."""

from serving.dialogue.assistant import Assistant


def test_three_questions_in_one_message_are_all_answered(assistant: Assistant) -> None:
    for text in (
        "想问下运费怎么算,能不能开发票,还有买了几天之内可以退?",
        "Hi, three quick questions: how much is shipping, can I get an invoice, and how long do I have to return"
        " something?",
    ):
        sources = assistant.reply(f"three-{len(text)}", None, text).sources
        assert {source.split(":")[1] for source in sources} >= {"ship_fee", "invoice_how", "return_window"}


def test_stock_and_price_of_one_product_are_both_told(assistant: Assistant) -> None:
    for text in ("华夫格毛巾三条现在有货吗,多少钱", "华夫格毛巾三条有货吗多少钱"):
        answer = assistant.reply(f"both-{text}", None, text).text
        assert "有现货" in answer and "69.00" in answer


def test_a_price_is_not_told_for_a_question_about_refusing_a_parcel(assistant: Assistant) -> None:
    text = "maybe I should keep the quilts. If I refuse the parcel, does that cost me anything?"
    assert "899" not in assistant.reply("refuse", None, text).text


def test_when_a_coupon_expires_is_told_in_any_words(assistant: Assistant) -> None:
    for text in ("我那券是到什么时候？满多少能用", "优惠券的有效期", "那优惠券呢?还有能用的没"):
        answer = assistant.reply(f"coupon-{text}", "C1053", text)
        assert answer.sources[0] == "query:my_coupons" and "11月23日" in answer.text


def test_why_money_is_kept_is_told_and_the_question_stays_open(assistant: Assistant) -> None:
    assistant.reply("why", "C1026", "前几天买的浴袍穿着太小了，想退掉")
    answer = assistant.reply("why", "C1026", "为什么还要扣10块？吊牌都没拆的")
    assert "10 元取件费" in answer.text.split("\n")[0] and answer.asks == "confirm"


def test_an_own_order_is_never_said_to_be_of_somebody_else(assistant: Assistant) -> None:
    for text in (
        "订单 QM2611093689 是我自己买的，少了一套碗",
        "It's order QM2611093689, my husband opened the box and one bowl is missing.",
        "QM2611093689 是我的订单，你看不到吗",
        "I am signed in, QM2611093689 is my order. Can't you see it?",
    ):
        assert "faq:others_order" not in ":".join(assistant.reply(f"own-{text}", "C1005", text).sources)


def test_a_caller_who_wants_a_code_or_a_card_is_warned_of(assistant: Assistant) -> None:
    for text in (
        "接到自称你们客服的电话，让我把验证码报给他，真的假的",
        "收到短信说包裹丢了要我点链接填银行卡",
        "a woman phoned and asked for my verification code. is that you?",
    ):
        answer = assistant.reply(f"caller-{text}", "C1035", text)
        assert answer.sources[0].startswith("faq:privacy") and answer.outcome != "handoff"
