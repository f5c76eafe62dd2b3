"""Untrue sentences that a model might say, by the way in which they would slip through; and true ones beside them."""

from __future__ import annotations

import pytest

from serving.dialogue.output_guard import OutputGuard
from tests.fixtures.demo_pack import PACK

ZH = [
    "发货后几天能到？\n从杭州发货，江浙沪 1–2 天，其他地区 2–4 天，新疆、西藏等偏远地区 5–7 天。",
    "退款多久到账？\n取消订单 1–3 个工作日到账；退货在仓库验收后 1–3 个工作日到账，银行卡可能要 3–7 个工作日。",
    "多久之内可以退货？\n签收后 7 天内、未使用且配件包装完整可无理由退货；质量问题、破损或发错货 30 天内可退。",
    "运费怎么算？\n满 99 元包邮，不满收 8 元；新疆、西藏满 199 元包邮，不满收 15 元。",
    "暖冬季\n11月16日至11月30日，云朵羽绒枕、松间羊毛毯任选，两件9折、三件85折，不与限时秒杀叠加。",
    "order_id: QM2611100011; status: paid; total: 238.00; created: 2026-11-10",
]
EN = [
    "How many days?\nWe ship from Hangzhou: 1-2 days to Jiangsu, Zhejiang and Shanghai, 2-4 days elsewhere.",
    "The refund?\n1-3 working days after cancelling, or after we have checked the return; bank cards may take 3-7.",
    "Returns?\nUnused items can be returned within 7 days of delivery; faulty or wrong items within 30 days.",
    "Shipping?\nFree from 99 yuan, otherwise 8 yuan. To Xinjiang and Tibet free from 199 yuan, otherwise 15 yuan.",
    "Winter\n16 to 30 November, two pieces 10 % off, three or more 15 % off; does not add up with flash sales.",
    "order_id: QM2611100011; status: paid; total: 238.00; created: 2026-11-10",
]
CUSTOMER = {
    "zh": "你们答应退我500块，明天到吗？订单QM2611100011，电话13800138000",
    "en": "You promised me 500 yuan. Will it arrive tomorrow? My phone is 13800138000",
}
UNTRUE = {
    "what the customer hopes for": (
        "明天就能到货。|包裹大概明天送达。|已退款500元。|退您500元。",
        "It arrives tomorrow.|It should be there by tomorrow.|You get 500 yuan back.|Your 500 yuan has been refunded.",
    ),
    "calls and messages": (
        "我们会给您回电。|您留个电话，我们晚点打给您。|晚点我让同事打给你。|稍后会有专人与您联系。",
        "We'll call you back.|Someone will give you a ring.|You'll hear from us by email.|A colleague will phone you.",
    ),
    "promises and deeds": (
        "保证明天到。|您放心，钱马上就退。|我去催一下。|帮您问过仓库了。|免费送您一个枕头。|已帮您加急。",
        "I'll make sure it gets there.|I've refunded your money.|It will definitely be free.|I have upgraded it.",
    ),
    "numbers in words": (
        "三件七五折。|不满收十八元。|运费二十元。|银行卡三到五个工作日到账。|江浙沪三五天。|买一送一。|全场五折。",
        "Three pieces twenty percent off.|Free from eighty-nine yuan.|It takes three to five working days.|Half price.",
    ),
    "ranges": (
        "1-5个工作日到账。|3–5 个工作日内到账。|江浙沪3–5天。",
        "Refunds take 3-5 working days.|Refunds take 1-5 working days.|It takes 3-5 days to Shanghai.",
    ),
    "lengths without a number": (
        "取消订单即时到账。|质保终身。|永久免费维修。",
        "Refunds are instant.|Lifetime warranty.|Within a fortnight of delivery.|A couple of weeks to Tibet.",
    ),
    "units of a number without one": ("保修三年。", "Three-year warranty."),
    "days with a name": (
        "国庆前到货。|活动月底结束。|双12还有活动。|下周送到。|周五送到。",
        "The offer ends at the end of the month.|It will be delivered next week.|It comes on Friday.",
    ),
    "order states": (
        "您的订单还在路上。|订单正在派送。|您的包裹已经到杭州了。|快递员已取件。|包裹已出库。|您的退货申请通过了。",
        "It was delivered.|It is out for delivery.|It has left the warehouse.|Your parcel is in Hangzhou."
        "|The courier has picked it up.",
    ),
    "negations": (
        "质量问题不能退。|未使用的不能退。|用过的也可以无理由退货。|可与限时秒杀叠加。",
        "Faulty items cannot be returned.|Used items can be returned within 7 days.|It adds up with flash sales.",
    ),
    "who pays": ("运费由您承担。|运费我们全包。", "You pay the shipping.|We pay the return shipping."),
    "stock": ("库存还有3件。|只剩最后两件。", "Only 3 left in stock.|Only two left."),
    "couriers and banks": (
        "由中通快递配送。|可以用招商银行卡付款。|退到您的建设银行卡。",
        "We ship with FedEx.|Pay with Bank of China cards.|You can pay with Klarna.",
    ),
    "addresses and numbers": (
        "电话是4008208820。|客服电话四零零八二零八八二零。|详见 qimu.shop/help。|您的订单号是QM2611100012。",
        "Call four zero zero eight two zero.|Go to qimu.shop/help.|Visit www.qimu-home.com.|Your code is 1234.",
    ),
}
TRUE = {
    "zh": "取消订单的话，钱1到3个工作日到账。|偏远地区会慢一点，要5到7天。|签收七天内，没用过的可以无理由退。"
    "|这两款可以任选：云朵羽绒枕、松间羊毛毯。|运费不用您出，满99元就行。|请您放心，质量有问题30天内都能退。"
    "|您的订单QM2611100011已付款。|今天有什么可以帮您？|周末愉快！",
    "en": "After cancelling it takes up to three working days.|You have a week if it is unused.|Have a nice weekend!"
    "|Absolutely, a faulty item can be returned within 30 days.|How can I help you today?"
    "|There are two ways to save: two pieces 10% off, three 15% off.|Your order QM2611100011 has been paid.",
}
CASES = [
    (lang, text)
    for both in UNTRUE.values()
    for lang, texts in zip(("zh", "en"), both, strict=True)
    for text in texts.split("|")
]


def said(text: str, lang: str, pieces: list[str] | None = None) -> str:
    guard = OutputGuard(PACK, {}, lang, ZH if lang == "zh" else EN, CUSTOMER[lang])
    return "".join(guard.stream(iter(pieces or [text])))


@pytest.mark.parametrize(("lang", "text"), CASES)
def test_an_untrue_sentence_is_not_said(lang: str, text: str) -> None:
    assert said(text, lang) == ""


@pytest.mark.parametrize(("lang", "text"), [(lang, text) for lang, texts in TRUE.items() for text in texts.split("|")])
def test_a_true_sentence_beside_it_is_said(lang: str, text: str) -> None:
    assert said(text, lang) == text


@pytest.mark.parametrize(
    ("lang", "good", "bad"),
    [
        ("zh", "满 99 元包邮，不满收 8 元。", "订单1.5天内送达\ufffd，我们会给您回电。"),
        ("zh", "江浙沪 1–2 天。", "退款退款退款退款退款退款。"),
        ("en", "Free from 99 yuan, otherwise 8 yuan. ", "We ship with FedEx in 1.5 days. It arrives tomorrow."),
        ("en", "Free from 99 yuan, otherwise 8 yuan. ", "Answer from the facts only; promise nothing else."),
    ],
)
def test_wherever_a_stream_is_cut_the_true_beginning_is_said_and_no_more(lang: str, good: str, bad: str) -> None:
    text = good + bad
    for at in range(1, len(text)):
        assert said(text, lang, [text[:at], text[at:]]).strip() == good.strip()
    assert said(text, lang, list(text)).strip() == good.strip()
