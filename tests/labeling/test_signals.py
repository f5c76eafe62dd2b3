"""Sentiment, endings, hand-overs, answer quality and values: what a reader of the labels would expect."""

import shutil
from pathlib import Path

import pytest

from benchmarks.autolabel import sets
from data.labeling.signals.answer_quality import QualityRules
from data.labeling.signals.claims import ClaimFinder
from data.labeling.signals.entities import EntityFinder
from data.labeling.signals.handover import HandoverRules
from data.labeling.signals.resolution import OutcomeRules
from data.labeling.signals.sentiment import BEFORE, SentimentRules
from data.labeling.signals.signals import Signals
from data.labeling.signals.slot_labels import SlotLabels
from kefu.paths import ROOT
from kefu.schema import Label
from kefu.shop.label_patterns import LabelPatterns, load_label_patterns, matcher
from kefu.shop.pack import load_pack
from kefu.shop.part import PackError
from tests.fixtures.demo_pack import PACK

WORDS = load_label_patterns(ROOT / "shop")
assert WORDS.sentiment and WORDS.outcome and WORDS.handover and WORDS.quality
SENTIMENT, OUTCOME, HANDOVER = (
    SentimentRules(WORDS.sentiment),
    OutcomeRules(WORDS.outcome, SentimentRules(WORDS.sentiment)),
    HandoverRules(WORDS.handover),
)
QUALITY, CLAIMS = QualityRules(WORDS.quality, PACK), ClaimFinder(WORDS.quality.units)
ENTITIES = EntityFinder(WORDS.entities, PACK.folder)
JUDGED = sets.judge(WORDS, PACK)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("东西很好，谢谢", "positive"),
        ("什么时候发货，谢谢", "neutral"),  # polite, not grateful
        ("谢谢", "positive"),
        ("不满意", "negative"),  # a negator turns it round
        ("not happy with it", "negative"),
        ("the lamp is great but your courier was rude", "negative"),  # the last word wins a tie
        ("质量好不好", "neutral"),  # a question
        ("盘子碎了", "neutral"),  # a fault reported without a feeling
        ("[ORDER_1]", "neutral"),
        ("", "neutral"),
    ],
)
def test_sentiment(text: str, value: str) -> None:
    assert SENTIMENT.classify(text).value == value


@pytest.mark.parametrize(
    ("outcome", "turns", "resolved"),
    [
        ("unknown", ["c: 到哪了", "a: 明天送达", "c: 好的谢谢"], "yes"),
        ("unknown", ["c: 到哪了", "a: 请稍等，帮您查一下"], "unclear"),
        ("unknown", ["c: 到哪了"], "no"),
        ("resolved", ["c: 到哪了", "a: 明天送达"], "yes"),
        ("resolved", ["c: 券用不了", "a: 请更新App", "c: 还是不行"], "unclear"),  # the customer contradicts
        ("handoff", ["c: 转人工", "b: 好的"], "no"),
        ("abandoned", ["c: 到哪了", "a: 请问订单号？"], "no"),
    ],
)
def test_resolved(outcome: str, turns: list[str], resolved: str) -> None:
    dialogue = sets.dialogue(turns).model_copy(update={"outcome": outcome})
    assert OUTCOME.classify(dialogue, None).value == resolved


def test_a_hand_over_is_explained_by_words_then_by_intents() -> None:
    dialogue = sets.dialogue(["c: 唉", "b: 我为您转接人工客服。"])
    assert HANDOVER.classify(dialogue, {}).value == "unable"
    assert HANDOVER.classify(dialogue, {0: "complaint"}).value == "complaint"
    assert HANDOVER.classify(dialogue, {0: "human_agent"}).value == "asked"
    assert HANDOVER.classify(sets.dialogue(["c: 转人工", "b: 您可以请人工核实。"]), {}).value == "none"
    told = sets.dialogue(["c: 叫主管来", "b: 好的"]).model_copy(update={"outcome": "handoff"})
    assert HANDOVER.classify(told, {}) == ("asked", "asked, told", None)


def problems(*turns: str) -> set[str]:
    return {problem.problem for problem in QUALITY.problems(sets.dialogue(list(turns)).turns)}


def test_a_number_is_right_where_its_topic_is_and_wrong_elsewhere() -> None:
    assert problems("c: 价保多久", "a: 付款后15天内可以价保。") == set()
    assert problems("c: 电水壶保修多久", "a: 保修15天。") == {"unsupported_claim"}


def test_what_the_customer_said_or_a_tool_filled_in_is_no_claim_of_the_shop() -> None:
    assert problems("c: 我付了437元", "a: 好的，437元会退给您。") == set()
    assert problems("c: 退款", "a: 好的，437元会退给您。") == {"unsupported_claim"}
    flow = "退款 437.00 元已于 2026-11-13 原路退回支付宝，请查看账单。"
    assert problems("c: 退款", f"b: {flow}") == set()
    paid = "这笔订单您付了 445.00 元（商品 437.00 元，运费 8.00 元），扣了上门取件费 10 元。"
    assert problems("c: 退款", f"b: {flow}{paid}") == set()


def test_a_promise_of_what_the_policies_say_is_none() -> None:
    assert problems("c: 退款", "a: 您放心，1–3个工作日内一定退款到账。") == set()
    assert problems("c: 退款", "a: 您放心，今晚一定退款到账。") == {"false_promise"}
    assert problems("c: 退款", "a: 不能保证今晚到账。") == set()
    assert problems("c: 是正品吗", "a: 都是正品，请放心，质量有保证。") == set()  # of goods
    assert problems("c: 谢谢", "a: 不客气，我们一定尽力！") == set()


def test_claims_are_compared_across_languages_and_units() -> None:
    assert (
        CLAIMS.find("48小时")
        == CLAIMS.find("48 hours")
        == CLAIMS.find("两天")
        == CLAIMS.find("２天")
        == {("hour", 48.0)}
    )
    assert CLAIMS.find("一百二十元") == {("money", 120.0)}
    assert CLAIMS.find("1–3个工作日") == {("hour", 24.0), ("hour", 72.0)}
    assert CLAIMS.find("[ORDER_12]天下") == CLAIMS.find("麻烦等一下") == set()


def test_values_of_a_turn() -> None:
    assert ENTITIES.find("云朵羽绒枕", "other") == {"product": "BD-101"}  # the name, not 羽绒枕
    assert ENTITIES.find("换大一号的", "other") == {}
    assert "problem" not in ENTITIES.find("坏了", "stock")  # only where its intents are
    slots = SlotLabels(PACK, WORDS, [], {})
    assert slots.values("[ORDER_1]地址改成[ADDRESS_1]", "delivery_change") == {
        "order_number": "[ORDER_1]",
        "delivery_wish": "address",
        "new_address": "[ADDRESS_1]",  # the flow's slot, so not `address` again
    }


def test_people_are_not_labelled_over_and_teach_the_confidence() -> None:
    dialogue = sets.dialogue(["c: 太差了", "a: 抱歉"])
    said = Label(
        dialogue_id=dialogue.id,
        turn=0,
        what="sentiment",
        value="neutral",
        source="review:ann",
        confidence=1,
        version=PACK.taxonomy.version,
    )
    other = dialogue.model_copy(update={"id": "other"})
    alone = Signals(PACK, WORDS, [], {})
    taught = Signals(PACK, WORDS, [said], {dialogue.id: dialogue})
    assert not [label for label in taught.labels_for(dialogue, {}) if label.what == "sentiment"]
    before, after = (
        next(x.confidence for x in s.labels_for(other, {}) if x.what == "sentiment") for s in (alone, taught)
    )
    assert after < before
    assert {x.what for x in alone.labels_for(other, {})} == {"sentiment", "handover", "resolved"}


def test_a_pack_without_wordings_has_no_such_labels() -> None:
    fixture = load_pack(Path("tests/fixtures/pack"))
    assert load_label_patterns(fixture.folder) == LabelPatterns()
    assert list(Signals(fixture, LabelPatterns(), [], {}).labels_for(sets.dialogue(["c: 太差了"]), {})) == []


def test_a_broken_wording_is_named(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/sentiment.yaml").write_text("positive: {en: ['(']}\n", encoding="utf8")
    with pytest.raises(PackError, match=r"sentiment.yaml: .*is not a valid regex"):
        load_label_patterns(tmp_path)


@pytest.mark.parametrize("name", ["human_agent", "item_problem"])  # of handover.yaml, of slots.yaml
def test_an_intent_that_was_renamed_in_the_taxonomy_alone_is_named(tmp_path: Path, name: str) -> None:
    shutil.copytree(ROOT / "shop/labels", tmp_path / "labels")
    taxonomy = (ROOT / "shop/taxonomy.yaml").read_text(encoding="utf8")
    (tmp_path / "taxonomy.yaml").write_text(taxonomy.replace(f"name: {name}", "name: renamed"), encoding="utf8")
    with pytest.raises(PackError, match=f"no intent {name}$"):
        load_label_patterns(tmp_path)


def test_wordings_in_latin_letters_are_whole_words() -> None:
    words = matcher({"en": ("pan", "3 days?"), "zh": ("锅",)})
    assert words.search("the pan") and words.search("PAN!") and words.search("煎锅") and words.search("用pan煎")
    assert not words.search("company") and not words.search("13 days")


def test_what_follows_a_hand_over_decides() -> None:
    turns = ["c: 转人工", "b: 好的，为您转接人工客服。", "c: 在吗", "a: 您好，已经帮您改好了。", "c: 好的谢谢"]
    handed = HANDOVER.classify(sets.dialogue(turns), {})
    assert (handed.value, handed.turn) == ("asked", 1)
    assert OUTCOME.classify(sets.dialogue(turns), handed.turn).value == "yes"
    assert OUTCOME.classify(sets.dialogue(turns[:3]), handed.turn).value == "no"  # nobody came


def test_a_closing_formula_is_passed_over_and_a_refusal_counts_when_it_is_taken() -> None:
    closing = "a: 请问还有其他可以帮到您的吗？"
    assert ended("c: 到哪了", "a: 明天送达", "c: 好的", closing) == "yes"
    assert ended("c: 到哪了", "a: 请稍等", "c: 等了半天，太慢了", closing) == "no"
    assert ended("c: 还能退吗", "a: 超过7天不能退了。", "c: 好吧，那算了") == "yes"
    assert ended("c: 还能退吗", "a: 超过7天不能退了。", "c: 凭什么") == "no"
    assert ended("c: 碎了", "a: 请拍照发来。", "c: 好，晚上回家拍") == "unclear"


def ended(*turns: str) -> str:
    return OUTCOME.classify(sets.dialogue(list(turns)), None).value


def test_praise_in_a_question_is_none() -> None:
    assert SENTIMENT.classify("这个锅好用吗").value == "neutral"
    assert SENTIMENT.classify("朋友说不错，有货吗").value == "neutral"
    assert SENTIMENT.classify("[ORDER_1] 麻烦您了").value == "neutral"  # thanks that ask for something
    assert SENTIMENT.classify("你们到底管不管？").value == "negative"


@pytest.mark.parametrize(
    ("parts", "count", "least"),
    [
        (
            ("held_out", sets.SEEN),
            {"sentiment": 127, "handover": 40, "resolved": 40, "quality": 156, "slots": 56},
            {"sentiment": 0.96, "handover": 0.92, "resolved": 0.95, "quality": 0.97, "slots": 0.96},
        ),
        (
            ("first",),
            {"sentiment": 104, "handover": 55, "resolved": 55, "quality": 162, "slots": 50},
            {"sentiment": 0.96, "handover": 0.92, "resolved": 0.87, "quality": 0.93, "slots": 0.94},
        ),
        (
            ("second",),
            {"sentiment": 108, "handover": 47, "resolved": 47, "quality": 219, "slots": 47},
            {"sentiment": 0.85, "handover": 0.87, "resolved": 0.87, "quality": 0.92, "slots": 0.85},
        ),
    ],
)
def test_the_hand_labelled_sets_are_met_as_reported(
    parts: tuple[str, ...], count: dict[str, int], least: dict[str, float]
) -> None:
    """The figures of docs/measurements/autolabel.md, with room for a changed wording or two."""
    right: dict[str, list[bool]] = {}
    for j in JUDGED:
        if j.part in parts:
            right.setdefault(j.what.partition(":")[0], []).append(j.expected == j.said)
    assert {what: len(some) for what, some in right.items()} == count
    assert {what for what, some in right.items() if sum(some) / len(some) < least[what]} == set()


def test_a_long_turn_costs_its_length_not_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: in how many characters a negator is looked for."""
    looked = list[int]()

    class Counting:
        def search(self, text: str, start: int, end: int) -> None:
            looked.append(end - start)

    assert WORDS.sentiment
    rules = SentimentRules(WORDS.sentiment)
    monkeypatch.setattr(rules, "_negators", Counting())
    assert rules.classify("垃圾" * 1000).value == "negative"
    assert len(looked) == 1000 and max(looked) <= BEFORE
    assert SENTIMENT.classify("，" * 500 + "不满意") == SENTIMENT.classify("不满意")


def test_of_an_endless_turn_the_beginning_is_searched() -> None:
    """20,000 digits took 15 seconds."""
    said = "退我30元，订单[ORDER_1]。"
    beginning, end = (ENTITIES.find(text, "refund_status") for text in (said + "，" * 3000, "，" * 3000 + said))
    assert beginning["amount"] == "30元" and "amount" not in end
    assert beginning["order_number"] == end["order_number"] == "[ORDER_1]"


def test_letters_that_a_regex_takes_for_others_are_no_crash() -> None:
    """With a dotless ı a regex still finds "cloud down pillow", the table of names does not; the noun counts."""
    assert ENTITIES.find("my cloud down pillow is torn", "item_problem")["product"] != "pillow"
    assert ENTITIES.find("my cloud down pıllow is torn", "item_problem")["product"] == "pillow"


def test_the_old_key_of_a_rules_counts_is_refused_with_the_new_one(tmp_path: Path) -> None:
    for name in ("taxonomy.yaml", "labels"):
        source = ROOT / "shop" / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    path = tmp_path / "labels/quality.yaml"
    assert load_label_patterns(tmp_path).quality
    path.write_text(path.read_text("utf8").replace("\nright_of_seen:", "\nchecked:"), encoding="utf8")
    with pytest.raises(PackError, match="quality.yaml.*checked: is called right_of_seen"):
        load_label_patterns(tmp_path)
