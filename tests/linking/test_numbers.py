"""Order numbers in any spelling come back to the order; whatever else has digits stays as it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.dialogue.linking.numbers import OrderNumbers

OWN = ["QM2611160015", "QM2611150013", "QM2611140014", "QM2611100011", "QM2611090016", "QM2610050012"]
NUMBERS = OrderNumbers(r"QM\d{10}")
ENGLISH = dict(zip("0123456789", "zero one two three four five six seven eight nine".split(), strict=True))  # noqa: SIM905


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def spoken(text: str, numerals: str = "零一二三四五六七八九") -> str:
    return "".join(numerals[int(c)] if c.isdigit() else c for c in text)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "lower case": str.lower,
    "mixed case": str.capitalize,
    "space after the prefix": lambda n: f"{n[:2]} {n[2:]}",
    "hyphen after the prefix": lambda n: f"{n[:2]}-{n[2:]}",
    "colon after the prefix": lambda n: f"{n[:2]}：{n[2:]}",
    "groups of four": lambda n: f"{n[:2]} {n[2:6]} {n[6:10]} {n[10:]}",
    "groups of two": lambda n: f"{n[:2]} " + "-".join(n[i : i + 2] for i in range(2, 12, 2)),
    "all apart": " ".join,
    "dots": lambda n: f"{n[:2]}.{n[2:6]}.{n[6:]}",
    "digits only": lambda n: n[2:],
    "digits in groups": lambda n: f"{n[2:6]} {n[6:10]} {n[10:]}",
    "half the prefix": lambda n: n[1:],
    "full width": wide,
    "full width letters": lambda n: wide(n[:2]) + n[2:],
    "full width digits": lambda n: n[:2] + wide(n[2:]),
    "O for 0": lambda n: n.replace("0", "O"),
    "o for 0": lambda n: n.replace("0", "o"),
    "I for 1": lambda n: n.replace("1", "I"),
    "l for 1": lambda n: n.replace("1", "l"),
    "spoken": spoken,
    "spoken with 幺": lambda n: spoken(n, "零幺二三四五六七八九"),
    "spoken with circles": lambda n: spoken(n, "〇一二三四五六七八九"),
    "formal numerals": lambda n: spoken(n, "零壹贰叁肆伍陆柒捌玖"),
    "spoken digits only": lambda n: spoken(n[2:]),
    "spoken in groups": lambda n: f"{spoken(n[2:6])}，{spoken(n[6:10])}，{spoken(n[10:])}",
    "half spoken": lambda n: spoken(n[:6]) + n[6:],
    "English words": lambda n: n[:2] + " " + " ".join(ENGLISH[c] for c in n[2:]),
    "English words, digits only": lambda n: " ".join(ENGLISH[c] for c in n[2:]),
    "zero width within": lambda n: "\u200b".join(n),
    "keycaps": lambda n: n[:2] + "".join(f"{c}\ufe0f\u20e3" for c in n[2:]),
    "last digits": lambda n: f"尾号{n[-4:]}",
    "last digits with 是": lambda n: f"后四位是{n[-4:]}",
    "ending in": lambda n: f"ending in {n[-4:]}",
}
AROUND = [
    "{}",
    "订单号{}",
    "订单号：\n{}\n谢谢",
    "#{}",
    "我的{}到哪了",
    "{}。",
    "where is {} please",
    "【{}】",
    "😡{}!!",
    "order {}",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(order=st.sampled_from(OWN), around=st.sampled_from(AROUND))
@settings(max_examples=60, deadline=None)
def test_any_spelling_of_an_own_number_comes_back(spelling: str, order: str, around: str) -> None:
    text = NUMBERS.normalise(around.format(SPELLINGS[spelling](order)), OWN)
    assert order in text
    assert [span.value for span in NUMBERS.find(text, OWN)] == [order]


@pytest.mark.parametrize("spelling", sorted(set(SPELLINGS) - {"last digits", "last digits with 是", "ending in"}))
@given(number=st.integers(0, 10**10 - 1))
@settings(max_examples=60, deadline=None)
def test_a_strangers_number_never_becomes_an_own_one(spelling: str, number: int) -> None:
    stranger = f"QM{number:010}"
    if stranger not in OWN:
        found = NUMBERS.find(SPELLINGS[spelling](stranger), OWN)
        assert not {span.value for span in found} & set(OWN)


@given(st.text(alphabet="0123456789QMqmOoIl零一二三 -，.。元¥a尾号", max_size=80))
@settings(max_examples=300, deadline=None)
def test_to_normalise_twice_changes_nothing_more(text: str) -> None:
    once = NUMBERS.normalise(text, OWN)
    assert NUMBERS.normalise(once, OWN) == once


def test_a_strangers_number_with_the_prefix_stays_a_number() -> None:
    assert NUMBERS.normalise("qm 2611 0800 21", OWN) == "QM2611080021"
    assert NUMBERS.normalise("2611080021", OWN) == "2611080021"


@pytest.mark.parametrize(
    "text",
    [
        "13800138000", "我的电话是 138 0013 8000", "¥2611.14", "2611元",
        "2026年11月14日", "买2个", "QM26111400142",
        "26111400141", "SY261114001412", "手机尾号0014",
        "银行卡尾号0011", "my card ending in 0014", "一心一意", "1 2 3",
        "XX2611140014", "I will oil it", "QM", "QM2611", "尾号9999",
    ],
)  # fmt: skip
def test_what_is_no_order_number_stays(text: str) -> None:
    assert NUMBERS.normalise(text, OWN) == text


def test_a_mobile_number_is_never_an_order() -> None:
    assert OrderNumbers(r"KF\d{11}").normalise("13800138000", ["KF13800138000"]) == "13800138000"


def test_a_prefix_may_hold_other_signs() -> None:
    numbers = OrderNumbers(r"BB-\d{6}")
    assert numbers.normalise("bb 123 456, 654321", ["BB-654321"]) == "BB-123456, BB-654321"
