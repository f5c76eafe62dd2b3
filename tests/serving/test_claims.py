"""Claims of generated sentences: true ones pass in any wording, flipped ones are found."""

from __future__ import annotations

from functools import partial

import pytest

from serving.dialogue.claims.checker import ClaimChecker, unsupported
from serving.dialogue.claims.evidence import KINDS
from serving.dialogue.claims.languages import foreign
from serving.dialogue.output_guard import OutputGuard
from tests.fixtures.cost import cost
from tests.fixtures.demo_pack import PACK

SOURCES = [
    "多久之内可以退货？\n签收后 7 天内、未使用可无理由退货；质量问题 30 天内可退，运费我们承担。客服电话 95000-5000。",
    "运费怎么算？\n满 99 元包邮，不满收 8 元。从杭州发货，每天 16:00 前付款当天发货，最晚不超过 48 小时。",
    "活动\n11 月 9 日至 12 日满 300 减 50，16 日起床品两件 9 折、三件 85 折。枕头 95% 白鸭绒，羊毛毯不能机洗。",
    "需要帮忙吗？\n核实后主管会在 24 小时内联系您。不支持货到付款。",
]
ENGLISH = [
    "Returns?\nWithin 7 days of delivery if unused; 30 days if faulty, and we pay the shipping.",
    "Shipping?\nFree from 99 yuan, otherwise 8 yuan. We ship from Hangzhou before 16:00, in 48 hours at most.",
    "Offers\n9-12 November 50 off every 300; from the 16th two items 10 % off, three 15 % off. 95 % white duck down.",
    "Washing?\nSets are machine washable. The wool throw cannot be washed. A supervisor contacts you within 24 hours.",
]
TRUE = [
    "签收后一周内没用过的可以无理由退。",
    "质量有问题，一个月内都能退，运费由我们出。",
    "满九十九块钱就包邮，不满的话收8元运费。",
    "下午四点前付款当天就发，最晚两天内发出。",
    "11月9号到12号满300减50，两件打九折，三件8.5折。",
    "枕头是百分之九十五的白鸭绒。",
    "货到付款不支持哦。",
    "主管会在一天内联系您。",
    "您可以拨打95000-5000。",
    "需要我帮您转人工吗？",
    "好的，很高兴为您服务！",
    "这款很柔软，适合喜欢蓬松感的朋友。",
    "我会尽力帮您解决的。",
    "时间没办法百分百保证。",
    "退货期限是这样算的：7 天内未使用可无理由退货。",
]
FALSE = [  # kind, sentence
    ("contact", "您可以拨打95000-6000。"),
    ("contact", "请写信到 help@qimu.example。"),
    ("count", "床品五件才有折扣。"),
    ("date", "11月9号到15号满300减50。"),
    ("duration", "签收后15天内可以无理由退货。"),
    ("duration", "签收后一个月内都可以无理由退货。"),
    ("money", "满59元就包邮。"),
    ("money", "满99元包邮，不满收十五块。"),
    ("name", "我们从上海发货。"),
    ("order state", "您的订单已经发货了。"),
    ("percentage", "枕头是85%白鸭绒。"),
    ("percentage", "两件打八折。"),
    ("policy", "也支持货到付款。"),
    ("policy", "羊毛毯能机洗。"),
    ("policy", "质量问题运费您自己承担。"),
    ("promise", "我们会给您回电的。"),
    ("promise", "马上给您退款。"),
    ("promise", "已为您催促快递。"),
    ("promise", "一定没问题的。"),
    ("promise", "我给您抹个零。"),
    ("promise", "我会帮您盯着这个包裹。"),
    ("duration", "退货期限是这样算的：9 天内未使用可无理由退货。"),
    ("time", "下午六点前付款当天发货。"),
]
ENGLISH_TRUE = [
    "You have one week from delivery if it is unused.",
    "Faulty items can be returned within 30 days, and we pay the shipping.",
    "Shipping is free from ¥99; below that it is 8 yuan.",
    "Pay before 4 pm and it ships within two days at most.",
    "Two items are 10% off and three 15% off.",
    "The wool throw must not be washed.",
    "A supervisor will contact you within a day.",
    "Would you like me to ask an agent?",
    "It is soft and suits people who like a fluffy pillow.",
    "Tell me which of the two you prefer.",
    "Keep the box it was shipped in.",
    "As soon as your parcel is on its way, you can track it.",
]
ENGLISH_FALSE = [
    ("contact", "Please call 400-800-1234."),
    ("count", "The offer holds from five items."),
    ("date", "From 20 November two items are 10 % off."),
    ("duration", "You can return unused items within two weeks of delivery."),
    ("money", "Shipping is free from 59 yuan."),
    ("money", "Free from 99 yuan, otherwise 8 dollars."),
    ("name", "We ship from Shanghai."),
    ("order state", "Your order has been shipped."),
    ("percentage", "It is 85 % white duck down."),
    ("policy", "The wool throw can be washed."),
    ("policy", "The sets are not machine washable."),
    ("policy", "You pay the shipping."),
    ("promise", "We will call you back."),
    ("promise", "I have already contacted the courier."),
    ("promise", "I guarantee it."),
    ("promise", "I've put one aside for you."),
    ("date", "Two items are 10 % off from the fourth to the 20th."),
    ("time", "We ship orders paid before 6 pm."),
]


def kinds(sentence: str, sources: list[str], customer: str = "") -> set[str]:
    return {claim.kind for claim in unsupported(sentence, sources, customer)}


@pytest.mark.parametrize(("sources", "sentence"), [(SOURCES, s) for s in TRUE] + [(ENGLISH, s) for s in ENGLISH_TRUE])
def test_what_a_source_says_may_be_said_in_other_words(sources: list[str], sentence: str) -> None:
    assert unsupported(sentence, sources) == []


@pytest.mark.parametrize(
    ("sources", "kind", "sentence"),
    [(SOURCES, k, s) for k, s in FALSE] + [(ENGLISH, k, s) for k, s in ENGLISH_FALSE],
)
def test_a_claim_that_no_source_supports_is_found(sources: list[str], kind: str, sentence: str) -> None:
    assert kind in kinds(sentence, sources)


def test_every_kind_has_a_flip_in_both_languages_and_the_registry_is_sorted() -> None:
    assert list(KINDS) == sorted(KINDS)
    assert {kind for kind, _ in FALSE} == {kind for kind, _ in ENGLISH_FALSE} == set(KINDS)


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("打八五折。", "15 % off"),
        ("打85折。", "discount: 0.85"),
        ("15 % off.", "三件 8.5 折"),
        ("保修一年。", "warranty: 12 months"),
        ("两天内发货。", "48 小时内发货。"),
        ("半个月内可以换。", "15 天内可换。"),
        ("一共1,190元。", "total: 1190.00 yuan"),
        ("11月30号到期。", "expires: 2026-11-30"),
    ],
)
def test_units_are_converted(sentence: str, source: str) -> None:
    assert unsupported(sentence, [source]) == []
    assert unsupported(sentence, ["没有数字。"])


def test_a_value_of_another_subject_does_not_support() -> None:
    sources = ["会员\n银卡 95 折，金卡 9 折。"]
    assert kinds("银卡95折，金卡9折。", sources) == set()
    assert "percentage" in kinds("银卡9折，金卡95折。", sources)


def test_the_upper_end_of_a_range_supports_and_the_lower_does_not() -> None:
    sources = ["1–3 个工作日原路退回。"]
    assert kinds("3个工作日内原路退回。", sources) == set()
    assert kinds("1个工作日内原路退回。", sources) == {"duration"}


def test_the_customers_words_support_a_repeated_number_but_no_promise_and_no_rule() -> None:
    assert kinds("您买了 17 只。", SOURCES, "我买了17只") == set()
    assert "promise" in kinds("我们会给您回电的。", SOURCES, "你们会给我回电吗")
    assert "duration" in kinds("签收后 15 天内未使用可无理由退货。", SOURCES, "15天内可以退吗？")


def test_a_call_of_the_courier_backs_none_of_the_staff() -> None:
    sources = ["几点送到？\n派送当天快递员会先打电话。", "When?\nThe courier calls before delivery."]
    assert kinds("快递员会先给您打电话。", sources) == set() == kinds("The courier will call you first.", sources)
    assert kinds("专员会给您打电话。", sources) == {"promise"} == kinds("Our team will call you.", sources)


def test_a_one_in_words_backs_a_1_and_is_no_claim_itself() -> None:
    assert kinds("每单只能用1张券。", ["一单限用一张券。"]) == set()
    assert kinds("每单只能用一张券。", ["一单限用 3 张券。"]) == set()
    assert "count" in kinds("每单只能用2张券。", ["一单限用一张券。"])


def test_a_tool_result_backs_a_state_and_a_rule_does_not() -> None:
    assert kinds("您的订单已发货。", ["order: A1; status: shipped"]) == set()
    assert kinds("您的订单已发货。", ["已发货不能取消，可以拒收。"]) == {"order state"}


def test_a_product_that_nobody_named_is_not_said() -> None:
    checker = ClaimChecker(["云朵羽绒枕 119 元"], names=["云朵羽绒枕", "栖眠记忆枕"])
    assert checker.unsupported("云朵羽绒枕 119 元。") == []
    assert [claim.text for claim in checker.unsupported("栖眠记忆枕 119 元。")] == ["栖眠记忆枕"]


def test_offsets_are_those_of_the_text() -> None:
    text = "好的。签收后９９天内未使用可无理由退货。"
    (claim,) = unsupported(text, SOURCES)
    assert text[claim.start : claim.start + len(claim.text)] == "９９天"


def test_placeholders_are_no_claims() -> None:
    assert unsupported("好的，订单[ORDER_1]我看到了。", SOURCES) == []


@pytest.mark.parametrize(
    ("lang", "sentence", "expected"),
    [
        ("zh", "We ship within two days.", True),
        ("zh", "可以在 App 里点 Track 查看。", False),
        ("zh", "OK！", False),
        ("zh", "はい、大丈夫です。", True),
        ("zh", "您好，栖木家居 QIMU HOME 为您服务。", False),
        ("en", "您的包裹在路上。", True),
        ("en", "Your parcel 正在派送中.", True),
        ("en", "The 云朵羽绒枕 is soft and washable.", False),
        ("en", "Добрый день.", True),
        ("en", "Tap “我的订单” in the app.", False),
        ("en", "SwiftPlume, 95000-5000.", False),
    ],
)
def test_a_foreign_sentence_is_told_from_names(lang: str, sentence: str, expected: bool) -> None:
    assert foreign(sentence, lang) is expected


def said(text: str, lang: str = "zh", sources: list[str] = SOURCES) -> str:
    return "".join(OutputGuard(PACK, {}, lang, sources).stream(iter(text)))


def test_the_guard_stops_before_the_first_unsupported_sentence() -> None:
    good = "满 99 元包邮，不满收 8 元。"
    assert said(good + "已为您免除运费。签收后 7 天内未使用可退货。") == good
    assert said("满 59 元包邮。" + good) == ""
    assert said(good + "Delivery is fast and easy for you.") == good


def test_the_shops_own_name_and_greeting_may_be_said() -> None:
    assert said("您好，我是栖木家居的客服小栖。") == "您好，我是栖木家居的客服小栖。"
    assert said("Hello, QIMU HOME is happy to help.", "en") == "Hello, QIMU HOME is happy to help."


def test_long_nonsense_is_checked_in_linear_time() -> None:
    for text in ("一二三四五六七八九十" * 200, "1-" * 1000, "a an " * 400, "不会可以" * 500, "您的订单" * 500):
        assert cost(partial(unsupported, text, SOURCES), runs=1) < 2_000
