"""Labelling rules: files of the pack whose votes the labeler learns to trust or not."""

import pytest

from data.labeling.join import LabelledTurn
from data.labeling.labeler import train_labeler
from data.labeling.params import Labeler
from data.labeling.rule_votes import view_with_rules, votes
from kefu.intents.classifier import TextClassifier
from kefu.paths import ROOT
from kefu.schema import Dialogue, Label, Turn
from kefu.shop.part import PackError
from kefu.shop.taxonomy import Rule, load_rules

PARAMS = Labeler(features=1024, ngrams=(1, 4), regularization=1.0, context_turns=6, folds=3, seed=7)


def turns(*texts: str) -> tuple[Turn, ...]:
    return tuple(Turn(role="agent" if i % 2 else "customer", text=text) for i, text in enumerate(texts))


def test_a_rule_sees_the_turn_and_the_other_side_around_it():
    rule = Rule(name="r", intent="refund_status", text="多久", before="退款")
    said = turns("申请退款", "退款原路返回", "要多久?", "三天", "多久发货")
    assert votes([rule], view_with_rules([], said, 2, 6)) == "refund_status"
    assert votes([rule], view_with_rules([], said, 4, 6)) == ""


def test_the_shop_packs_rules_load_and_each_matches_something():
    rules = {rule.name: rule for rule in load_rules(ROOT / "shop")}
    examples = {
        "asked-for-a-person": turns("帮我转人工"),
        "bare-order-number": turns("[ORDER_1]"),
        "plain-thanks": turns("谢谢你啦"),
        "refund-after-refund-question": turns("退款", "退款原路到账", "多久啊"),
    }
    assert set(rules) == set(examples), "write an example that the new rule matches"
    for name, said in examples.items():
        assert votes([rules[name]], view_with_rules([], said, len(said) - 1, 6)) == rules[name].intent


def test_a_rule_that_is_right_teaches_the_labeler(tmp_path):
    def labelled(i: int, text: str, intent: str) -> LabelledTurn:
        dialogue = Dialogue(id=f"d{i}", source="s", channel="c", day="2026-11-09", customer="x", turns=turns(text))
        label = Label(
            dialogue_id=f"d{i}", turn=0, what="intent", value=intent, source="review:x", confidence=1, version="1"
        )
        return LabelledTurn(dialogue, 0, label)

    # Every text is of its own character, so no n-gram is seen twice: only the rule tells the two kinds apart.
    rules = [Rule(name="hangul", intent="provide_info", text="[\uac00-\ud7a3]")]
    reviewed = [
        labelled(i, chr((0xAC00 if i % 2 else 0x4E00) + 89 * i) * 3, "provide_info" if i % 2 else "other")
        for i in range(120)
    ]
    asked = turns(chr(0xAC00 + 5) * 3)
    confidence = []
    for given in (rules, ()):
        folder = tmp_path / str(len(given))
        train_labeler(reviewed, given, PARAMS, folder)
        classifier = TextClassifier.load(folder)
        row = classifier.predict([view_with_rules(given, asked, 0, 6)])[0]
        confidence.append(row[classifier.config.classes.index("provide_info")])
    assert confidence[0] > max(0.9, confidence[1])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name: r\nintent: nothing\ntext: x\n", "unknown intent nothing"),
        ("name: r\nintent: other\n", "needs a regex"),
        ("name: r\nintent: other\ntext: '('\n", "is not a valid regex"),
    ],
)
def test_a_broken_rule_is_named(tmp_path, text, complaint):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/r.yaml").write_text(text, encoding="utf8")
    (tmp_path / "taxonomy.yaml").write_text((ROOT / "shop/taxonomy.yaml").read_text(encoding="utf8"), encoding="utf8")
    with pytest.raises(PackError, match=complaint):
        load_rules(tmp_path)
