"""How customers write: slips of the keyboard, traditional characters, another language, numbers in other spellings."""

from __future__ import annotations

import random
import re

TYPOS = {
    "zh": {"退货": "退火", "快递": "块递", "订单": "定单", "取消": "取销", "发票": "发飘", "怎么": "咋么"}
    | {"地址": "地止", "优惠": "优会", "可以": "可已", "已经": "以经", "什么": "神马", "帮我": "帮窝", "退款": "推款"}
    | {"在": "再", "的": "得"},
    "en": {"please": "pls", "order": "oder", "return": "retrun", "refund": "refud", "delivery": "delivry"}
    | {"address": "adress", "cancel": "cancle", "exchange": "exchnage", "invoice": "invoce", "want": "wnat"}
    | {"my ": "ym ", "the ": "teh ", "price": "prcie", "where": "wher", "I ": "i "},
}  # fmt: skip
MIXED = {
    "zh": {"退货": "return", "快递": "delivery", "订单": "order", "退款": "refund", "发票": "invoice"}
    | {"优惠券": "coupon", "取消": "cancel", "地址": "address", "谢谢": "thanks", "价格": "price"},
    "en": {"parcel": "快递", "refund": "退款", "invoice": "发票", "thanks": "谢谢", "hello": "你好", "please": "请"},
}  # fmt: skip
FULL_WIDTH = {n: n + 0xFEE0 for n in range(0x21, 0x7F)}
SPOKEN = str.maketrans("0123456789", "零一二三四五六七八九")


def typo(text: str, lang: str, rng: random.Random) -> str:
    """One word mistyped, if the text holds one that people mistype."""
    return _one_replaced(text, TYPOS[lang], rng)


def mixed(text: str, lang: str, rng: random.Random) -> str:
    """One word in the other language."""
    return _one_replaced(text, MIXED[lang], rng)


def spelled(number: str, lang: str, rng: random.Random) -> str:
    """A number as people type or dictate it: blanks, full width, lower case, digits only, Chinese numerals."""
    digits = re.sub(r"\D", "", number)
    ways = [
        number.lower(),
        number.translate(FULL_WIDTH),
        " ".join(re.findall(r"[A-Za-z]+|\d{1,4}", number)),
        digits,
        number.replace(digits, f" {digits}"),
        "-".join(re.findall(r"[A-Za-z]+|\d{1,5}", number)),
    ]
    if lang == "zh":
        ways.append(number.translate(SPOKEN))
    return rng.choice(ways)


def _one_replaced(text: str, words: dict[str, str], rng: random.Random) -> str:
    found = [word for word in words if word in text]
    if not found:
        return text
    word = rng.choice(found)
    return text.replace(word, words[word], 1)
