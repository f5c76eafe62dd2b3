"""Offers: rules that contradict each other are refused, and texts say what the rules say."""

import csv
import re
from decimal import Decimal

import pytest
import yaml

from kefu.paths import ROOT
from kefu.shop.pack import Pack, load_pack
from kefu.shop.part import PackError, read_part
from kefu.shop.promotions import Promotion
from tests.fixtures.demo_pack import PACK

TEXT = (ROOT / "shop/promotions.yaml").read_text(encoding="utf8")
OFFERS = {offer["id"]: offer for offer in yaml.safe_load(TEXT)}


@pytest.fixture(scope="module")
def pack() -> Pack:
    return PACK


def short(number: Decimal) -> str:
    return f"{number.normalize():f}"


def tenths(percent_off: Decimal) -> str:
    rest = short(100 - percent_off)
    return rest.removesuffix("0")


def numbers_of_rule(promotion: Promotion, lang: str) -> set[str]:
    """The numbers that a text about the rule holds, days of the calendar apart."""
    rule = promotion.rule
    assert rule
    if rule.kind == "threshold":
        return {short(rule.spend), short(rule.amount_off)} | (
            {short(rule.max_amount_off)} if rule.max_amount_off else set()
        )
    if rule.kind == "quantity_discount":
        words = {2: {"zh": "两件", "en": "two"}, 3: {"zh": "三件", "en": "three"}}
        percents = {tenths(t.percent_off) if lang == "zh" else short(t.percent_off) for t in rule.tiers}
        assert all(words[tier.pieces][lang] in promotion.detail.in_(lang) for tier in rule.tiers)
        return percents
    if rule.kind == "member_day":
        return {tenths(p) if lang == "zh" else short(p) for p in rule.percent_off.values()} | {str(rule.day_of_month)}
    if rule.kind == "coupon_grant":
        return {short(rule.spend), short(rule.amount_off), str(rule.valid_days)}
    if rule.kind == "points":
        return {str(rule.points_per_yuan), "1", short(rule.max_percent)}
    if rule.kind == "shipping":
        return {short(n) for n in (rule.free_from, rule.fee, rule.remote_free_from, rule.remote_fee)}
    return set()


def numbers_of_text(promotion: Promotion, lang: str) -> set[str]:
    """The numbers of the text without its first and last day, which have to be the offer's."""
    text = promotion.detail.in_(lang)
    starts, ends = (day.split("-") for day in (promotion.starts, promotion.ends))
    for day in (starts, ends):
        text = text.replace(f"{int(day[1])}月{int(day[2])}日", "")
    text = re.sub(rf"{int(starts[2])} to {int(ends[2])} [A-Z][a-z]+", "", text)
    return set(re.findall(r"\d+(?:\.\d+)?", text))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", list(OFFERS))
def test_a_text_has_the_numbers_of_its_rule_and_no_others(pack, name, lang):
    promotion = next(p for p in pack.promotions if p.id == name)
    assert numbers_of_text(promotion, lang) == numbers_of_rule(promotion, lang)


@pytest.mark.parametrize("name", list(OFFERS))
def test_both_texts_name_the_products_of_the_rule_and_no_others(pack, name):
    with (ROOT / "shop/db/products.csv").open(encoding="utf8", newline="") as file:
        rows = list(csv.DictReader(file))
    promotion = next(p for p in pack.promotions if p.id == name)
    gift = {promotion.rule.gift} if promotion.kind == "gift" else set()  # type: ignore[union-attr]
    for lang in ("zh", "en"):
        text = promotion.detail.in_(lang).lower()
        assert {r["sku"] for r in rows if r[f"name_{lang}"].lower() in text} == {*promotion.products, *gift}


def test_an_each_offer_says_so_in_both_languages_and_a_single_one_in_none(pack):
    for promotion in pack.promotions:
        if promotion.kind == "threshold":
            assert ("每满" in promotion.detail.zh) == ("every" in promotion.detail.en) == promotion.rule.each  # type: ignore[union-attr]


def test_texts_name_the_kinds_that_add_up_and_those_that_do_not(pack):
    zh = {
        "threshold": "满减",
        "quantity_discount": "多件折扣",
        "member_day": "会员日",
        "coupon": "店铺券",
        "points": "木豆",
    }
    en = {
        "threshold": "money off",
        "quantity_discount": "discounts by pieces",
        "member_day": "members' day",
        "coupon": "coupon",
        "points": "points",
    }
    for promotion in pack.promotions:
        for lang, words, splits in (("zh", zh, "不与"), ("en", en, "not with")):
            yes, _, no = promotion.detail.in_(lang).partition(splits)
            claimed = yes.partition("可与")[2] if lang == "zh" else yes.partition("adds up with")[2]
            assert {kind for kind, word in words.items() if word in claimed} <= set(promotion.stacks_with), promotion.id
            assert not {kind for kind, word in words.items() if word in no} & set(promotion.stacks_with), promotion.id


def knowledge(pack: Pack, lang: str) -> list[tuple[str, str]]:
    """FAQ answers and policies, as (where, text)."""
    return [(f.id, f.answer.in_(lang)) for f in pack.faq] + [(p.id, p.text) for p in pack.policies]


CLAIMS = {
    "money_off": [
        r"满 ?(\d+)(?:元)? ?减 ?(\d+)",
        r"(\d+) off (?:every |orders over )?(\d+)",
        r"送 (\d+) 元券，满 (\d+)",
    ],
    "percent": [r"(\d+(?:\.\d+)?) ?折", r"(\d+) % off"],
    "points": [r"(\d+) ?木豆抵 ?(\d+)", r"(\d+) points are (?:worth )?(\d+)"],
    "free_delivery": [r"满 (\d+) 元包邮，不满收 (\d+)", r"free from (\d+) yuan, otherwise (\d+)"],
}


def allowed_claims(pack: Pack) -> dict[str, set[tuple[str, ...]]]:
    allowed: dict[str, set[tuple[str, ...]]] = {kind: set() for kind in CLAIMS}
    for promotion in pack.promotions:
        rule = promotion.rule
        if rule and rule.kind in ("threshold", "coupon_grant"):
            pair = (short(rule.spend), short(rule.amount_off))  # type: ignore[union-attr]
            allowed["money_off"] |= {pair, pair[::-1]}
        if rule and rule.kind in ("quantity_discount", "member_day"):
            percents = rule.percent_off.values() if rule.kind == "member_day" else [t.percent_off for t in rule.tiers]  # type: ignore[union-attr]
            allowed["percent"] |= {(number,) for p in percents for number in (tenths(p), short(p))}
        if rule and rule.kind == "points":
            allowed["points"].add((str(rule.points_per_yuan), "1"))
        if rule and rule.kind == "shipping":
            allowed["free_delivery"] |= {
                (short(rule.free_from), short(rule.fee)),
                (short(rule.remote_free_from), short(rule.remote_fee)),
            }
    return allowed


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_faq_and_policies_make_no_other_offer_than_the_rules(pack, lang):
    allowed, seen = allowed_claims(pack), 0
    for where, text in knowledge(pack, lang):
        for kind, patterns in CLAIMS.items():
            for claim in (match.groups() for p in patterns for match in re.finditer(p, text, re.IGNORECASE)):
                seen += 1
                assert claim in allowed[kind], f"{where}: {claim}"
    assert seen >= 8


def test_an_offer_that_counts_each_time_is_told_so_in_the_faq(pack):
    answer = next(f.answer for f in pack.faq if f.id == "offer_now")
    assert "每满 300 减 50" in answer.zh
    assert "50 off every 300" in answer.en
    assert "每满 200" not in answer.zh


def pack_with(tmp_path, *changes: tuple[str, dict]) -> str:
    """Loads the demo's pack with changed promotions and returns the error; "" when there is none."""
    offers = {name: dict(offer) for name, offer in OFFERS.items()}
    for name, change in changes:
        offers[name] = {**offers.get(name, {}), **change}
    for path in (ROOT / "shop").iterdir():
        if path.name != "promotions.yaml":
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / "promotions.yaml").write_text(yaml.safe_dump(list(offers.values())), encoding="utf8")
    try:
        load_pack(tmp_path)
    except PackError as error:
        return str(error)
    return ""


def test_the_demos_offers_are_accepted_as_they_are(tmp_path):
    assert pack_with(tmp_path) == ""


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ([("coupon_use", {"stacks_with": ["points", "gift"]})], "adds up with coupon, but coupon_use does not"),
        ([("member_day", {"stacks_with": ["coupon", "points", "gift", "threshold"]})], "say the same in both"),
        ([("other_coupons", OFFERS["coupon_use"] | {"id": "other_coupons"})], "two rules of kind coupon at a time"),
        ([("more_points", OFFERS["points_use"] | {"id": "more_points"})], "two rules of kind points at a time"),
        ([("again", OFFERS["winter"] | {"id": "winter"})], "the id repeats"),
    ],
)
def test_rules_against_each_other_are_refused(tmp_path, changes, problem):
    assert problem in pack_with(tmp_path, *changes)


def test_offers_that_never_meet_may_differ(tmp_path):
    """Other days or other products: nothing adds up, so nothing contradicts."""
    later = {"id": "later", "starts": "2027-01-01", "ends": "2027-01-31", "stacks_with": []}
    assert pack_with(tmp_path, ("later", OFFERS["double11"] | later)) == ""


@pytest.mark.parametrize(
    ("offer", "change", "problem"),
    [
        ("double11", {"ends": "2026-11-01"}, "ends 2026-11-01 before it starts"),
        ("double11", {"starts": "9 November"}, "is not a day"),
        ("double11", {"starts": "2026-02-30"}, "is not a day"),
        ("double11", {"rule": {"kind": "threshold", "spend": 50, "amount_off": 300, "each": True}}, "exchange them"),
        (
            "double11",
            {"rule": {"kind": "threshold", "spend": 300, "amount_off": 50, "each": False, "max_amount_off": 100}},
            "needs each: true",
        ),
        (
            "double11",
            {"rule": {"kind": "threshold", "spend": 300, "amount_off": 50}},
            "rule.threshold.each: Field required",
        ),
        ("double11", {"rule": {"kind": "cash_back", "amount_off": 50}}, "'cash_back'"),
        (
            "winter",
            {
                "rule": {
                    "kind": "quantity_discount",
                    "tiers": [{"pieces": 3, "percent_off": 15}, {"pieces": 2, "percent_off": 10}],
                }
            },
            "write tiers upwards",
        ),
        (
            "winter",
            {"rule": {"kind": "quantity_discount", "tiers": [{"pieces": 2, "percent_off": 100}]}},
            "less than 100",
        ),
        ("kettle_gift", {"products": []}, "name what the gift comes with"),
        ("newcomer", {"stacks_with": ["coupon"]}, "takes nothing off"),
        ("winter", {"rule": {"kind": "flash_sale", "prices": {"BD-101": 99}}}, "leave products out"),
        (
            "points_use",
            {"rule": {"kind": "points", "points_per_yuan": 0, "max_percent": 10}},
            "greater than or equal to 1",
        ),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_field(tmp_path, offer, change, problem):
    path = tmp_path / "promotions.yaml"
    path.write_text(yaml.safe_dump([OFFERS[offer] | change]), encoding="utf8")
    with pytest.raises(PackError) as error:
        read_part(path, tuple[Promotion, ...])
    assert problem in str(error.value)
    assert str(error.value).startswith(str(path))
