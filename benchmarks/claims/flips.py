"""Single-fact flips of true answers, by kind. Shares no pattern with the detectors that it measures.

Negations, promises and order states come from lists. ``held_out`` of a wording's own text says on which half
it is used, so that the half that only measures has wordings which nobody tuned to.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

ARABIC = re.compile(r"(?<![双\d.,A-Za-z@:-])\d+(?:[.,]\d+)*(?![\d:@])")
CLOCK = re.compile(r"(?<!\d)(\d{1,2}):(\d\d)(?!\d)")
ZH_DIGITS = dict(zip(range(11), "零一二三四五六七八九十", strict=True))
EN_DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
EN_ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
]
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
UNITS = {
    "zh": [
        ("小时", "天"),
        ("天", "小时"),
        ("个工作日", "周"),
        ("个月", "天"),
        ("分钟", "小时"),
        ("一年", "三年"),
        ("一周", "一个月"),
        ("公斤", "克"),
        ("每日", "每年"),
    ],
    "en": [
        ("hours", "days"),
        ("days", "weeks"),
        ("months", "days"),
        ("minutes", "hours"),
        ("a week", "a month"),
        ("working days", "weeks"),
        ("litres", "kg"),
        (" yuan", " dollars"),
    ],
}
NEGATIONS = {
    "zh": [
        ("不支持", "支持"),
        ("暂不支持", "支持"),
        ("支持", "不支持"),
        ("不能", "可以"),
        ("不能", "能"),
        ("不可", "可"),
        ("可以", "不可以"),
        ("可以", "不能"),
        ("都可以", "都不可以"),
        ("没有", "有"),
        ("免费", "收费"),
        ("免费", "付费"),
        ("包邮", "不包邮"),
        ("不收", "收取"),
        ("不会", "会"),
        ("需要", "不需要"),
        ("不配送", "配送"),
        ("能", "不能"),
        ("不算在内", "算在内"),
        ("只能", "不能"),
        ("由我们承担", "由您承担"),
        ("我们承担", "您自己承担"),
        ("我们承担", "我们不承担"),
        ("都是", "不是"),
        ("不提供", "提供"),
        ("会清空", "不会清空"),
        ("会退回", "不会退回"),
        ("自动", "不会自动"),
        ("除外", "也一样"),
        ("要和", "不用和"),
        ("不在", "在"),
        ("不与", "可与"),
        ("可与", "不可与"),
        ("暂停", "不暂停"),
        ("不更新是正常", "不更新是不正常"),
        ("支持", "暂时不支持"),
    ],
    "en": [
        ("cannot", "can"),
        ("can ", "cannot "),
        ("can ", "can't "),
        ("may ", "may not "),
        ("do not", "do"),
        ("does not", "does"),
        ("is free", "is not free"),
        ("free of charge", "for a fee"),
        ("Free from", "Not free from"),
        ("are no", "are"),
        ("have no", "have"),
        ("we pay", "you pay"),
        ("We pay", "You pay"),
        ("Yes", "No"),
        ("never", "always"),
        ("not washable", "washable"),
        (" only", " not"),
        ("are lost", "are not lost"),
        ("is free", "costs extra"),
        ("no cash on delivery", "cash on delivery too"),
        ("will ", "will not "),
        ("is cancelled", "is not cancelled"),
        ("at no ", "at an "),
        ("is shared", "is not shared"),
        ("are equally valid", "are not valid"),
        ("goes back", "does not go back"),
        ("come back", "do not come back"),
        ("without a fee", "with a fee"),
        ("usually comes", "never comes"),
        ("adds up with", "does not add up with"),
    ],
}
PROMISES = {
    "zh": [
        "我们会给您回电的。",
        "稍后专员会给您回电话。",
        "保证今天就到。",
        "我马上为您退款。",
        "已经为您催促快递了。",
        "我这边已为您登记，明天一定送到。",
        "我们会赔偿您的损失。",
        "我帮您申请了补偿。",
        "放心，一定给您解决。",
        "我这就给您安排补发。",
        "已为您升级为加急处理。",
        "经理会主动联系您。",
        "我们承诺今晚之前处理好。",
        "我已经通知仓库了。",
        "我会一直帮您跟进，有结果第一时间告诉您。",
        "这边给您额外补一张券。",
        "百分百没有问题的。",
        "已帮您取消订单。",
        "马上给您转账。",
        "地址已经帮您改好了。",
        "稍后给您发短信通知结果。",
        "我给您争取一个优惠价。",
    ],
    "en": [
        "We will call you back.",
        "I'll call you later today.",
        "I guarantee it arrives today.",
        "I am refunding you right now.",
        "I have already contacted the courier.",
        "We'll compensate you for the trouble.",
        "I promise it will be fixed.",
        "I've asked the warehouse to hurry.",
        "A manager will be in touch with you.",
        "I have upgraded your delivery.",
        "I will follow up and let you know.",
        "We will send you an extra coupon.",
        "I've cancelled the order for you.",
        "Your address has been updated by me.",
        "I will arrange a replacement for you.",
        "You will definitely get it tomorrow.",
        "Our team is going to phone you shortly.",
        "I just issued a refund.",
        "We are going to give you a discount.",
    ],
}
STATES = {
    "zh": [
        "您的订单已发货。",
        "您的包裹已经签收了。",
        "退款已经到账了。",
        "您的退货申请已通过审核。",
        "包裹正在派送中。",
        "订单已取消成功。",
        "您的快递已到达上海转运中心。",
        "商家已经揽收您的包裹。",
        "您的发票已经开好了。",
        "仓库已经收到您的退货。",
        "您的订单还没有付款。",
    ],
    "en": [
        "Your order has been shipped.",
        "Your parcel was delivered yesterday.",
        "Your refund has been paid.",
        "Your return has been approved.",
        "Your parcel is out for delivery.",
        "The order is already cancelled.",
        "Your package has left the warehouse.",
        "We have received your return.",
        "Your invoice has been issued.",
        "Your payment did not go through.",
    ],
}
NAMES = {
    "zh": [
        ("杭州", "上海"),
        ("杭州", "广州"),
        ("新疆", "四川"),
        ("江浙沪", "京津冀"),
        ("速羽", "顺丰"),
        ("支付宝", "云闪付"),
        ("微信支付", "京东支付"),
        ("安途", "德邦"),
        ("香港", "北京"),
    ],
    "en": [
        ("Hangzhou", "Shanghai"),
        ("Tibet", "Beijing"),
        ("Jiangsu", "Sichuan"),
        ("SwiftPlume", "FedEx"),
        ("Alipay", "PayPal"),
        ("Antu", "DHL"),
        ("WeChat Pay", "Apple Pay"),
        ("Hangzhou", "Shenzhen"),
    ],
}


class Flip(NamedTuple):
    kind: str
    text: str
    wording: str  # what was written, for the hash; empty for numbers


def held_out(text: str) -> bool:
    """Whether a text belongs to the half that only measures."""
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 1


def drawn(text: str) -> bool:
    """One of eight texts."""
    return hashlib.sha256(text.encode()).digest()[1] % 8 == 0


def flips(text: str, lang: str, sources: list[str]) -> Iterator[Flip]:
    """All single-fact flips of a true answer."""
    yield from _numbers(text, lang, sources)
    for before, after in UNITS[lang]:
        yield from _replaced("unit", text, before, after, r"(?<=[\d一二三两十 ])" if lang == "zh" else "")
    for before, after in NEGATIONS[lang]:
        yield from _replaced("negation", text, before, after)
    for before, after in NAMES[lang]:
        yield from _replaced("name", text, before, after)
    space = "" if lang == "zh" else " "
    for kind, wordings in (("promise", PROMISES), ("order state", STATES)):
        for wording in wordings[lang]:
            yield Flip(kind, text + space + wording, wording)
    if "@" in text:
        yield Flip("contact", text.replace("@", "@mail."), "")


def _replaced(kind: str, text: str, before: str, after: str, behind: str = "") -> Iterator[Flip]:
    for match in re.finditer(behind + re.escape(before) + r"(?<![a-z](?=[a-z]))", text):
        if (
            kind == "negation"
            and before[:1] not in "不没只"
            and text[: match.start()].endswith(("不", "没", "无", "只"))
        ):
            continue
        yield Flip(kind, text[: match.start()] + after + text[match.end() :], f"{before} {after}")


def _numbers(text: str, lang: str, sources: list[str]) -> Iterator[Flip]:
    others = {m[0] for source in sources for m in ARABIC.finditer(source)}
    for match in ARABIC.finditer(text):
        if len(match[0]) > 4 and "," not in match[0]:  # of a telephone number
            yield Flip("contact", _put(text, match, match[0][:-1] + "7"), "")
            continue
        number = float(match[0].replace(",", ""))
        kind = _kind(text, match, lang)
        different = number + (3 if number < 10 else 5 if number < 60 else 30)
        if kind == "date":
            different = (
                (number + 5) % 12 + 1 if text[match.end() :].lstrip().startswith("月") else (number + 6) % 28 + 1
            )
        yield Flip(f"{kind}, new", _put(text, match, f"{different:g}"), "")
        more = int(number) + 2
        if kind == "date" and more > 12:
            more -= 12
        if (spelled := _spelled(more, lang)) and not _is_end(text, match, more):
            if ordinal := re.match(r"(?:st|nd|rd|th)\b", text[match.end() :]):
                of_day = text[: match.start()] + EN_ORDINALS[more - 1] + text[match.end() + ordinal.end() :]
                yield Flip(f"{kind}, spelled", of_day, "")
            else:
                yield Flip(f"{kind}, spelled", _put(text, match, spelled), "")
        for other in sorted(others - {match[0]}):
            if (
                _kind_of_other(other, sources, lang) == kind
                and len(other) <= 4
                and not _is_end(text, match, float(other))
            ):
                yield Flip(f"{kind}, of the sources", _put(text, match, other), "")
                break
    for match in re.finditer(r"(?<![\d-])(\d+)(?:–|-)(\d+)(?=\s*(?:个|天|小时|days|working|hours))", text):
        yield Flip("duration, lower end alone", _put(text, match, match[1]), "")
    found = [(m, _kind(text, m, lang)) for m in ARABIC.finditer(text) if len(m[0]) <= 4]
    for (one, kind), (second, other_kind) in zip(found, found[1:], strict=False):
        apart = text[one.end() : second.start()]
        if (
            kind == other_kind != "date"
            and one[0] != second[0]
            and not re.fullmatch(r"[\s、,–-]*|\s*(?:to|or)\s*", apart)
        ):
            swapped = text[: one.start()] + second[0] + apart + one[0] + text[second.end() :]
            yield Flip("two numbers swapped", swapped, "")
    for match in CLOCK.finditer(text):
        yield Flip("time, new", _put(text, match, f"{(int(match[1]) + 3) % 24}:{match[2]}"), "")
    for month in MONTHS:
        for match in re.finditer(month, text):
            yield Flip("date, new", _put(text, match, MONTHS[(MONTHS.index(month) + 3) % 12]), "")


def _is_end(text: str, match: re.Match[str], number: float) -> bool:
    """Whether the flip of a range's lower end gives its upper end: "3-3 days" is no lie about 1-3 days."""
    upper = re.match(r"\s*(?:[–-]|to)\s*(\d+)", text[match.end() :])
    return upper is not None and float(upper[1]) == number


def _put(text: str, match: re.Match[str], new: str) -> str:
    return text[: match.start()] + new + text[match.end() :]


def _spelled(number: int, lang: str) -> str | None:
    if lang == "en":
        return EN_DIGITS[number] if number < len(EN_DIGITS) else None
    if number <= 10:
        return "两" if number == 2 else ZH_DIGITS[number]
    if number < 20:
        return "十" + ZH_DIGITS[number - 10]
    tens, ones = divmod(number, 10)
    return ZH_DIGITS[tens] + "十" + (ZH_DIGITS[ones] if ones else "") if number < 100 else None


def _kind(text: str, match: re.Match[str], lang: str) -> str:
    after, before = text[match.end() : match.end() + 18], text[: match.start()]
    after = re.sub(r"^\s*(?:[–-]|to)\s*\d+", "", after).lstrip()
    rules = [
        ("percent", r"%|折"),
        ("date", r"月(?!内)|日(?!内)|号|st\b|nd\b|rd\b|th\b|" + "|".join(MONTHS)),
        (
            "duration",
            r"(?:个)?(?:小时|天|个月|年|周|分钟|秒|工作日)|(?:working )?(?:hours?|days?|months?|minutes|seconds"
            r"|years?|weeks?)\b|-month",
        ),
        ("money", r"元|yuan"),
    ]
    for kind, pattern in rules:
        if re.match(pattern, after):
            return kind
    if re.search(r"[满减抵]\s*$|(?:off|off every|from|otherwise) $", before) or re.match(r"off\b", after):
        return "money"
    return "count"


def _kind_of_other(other: str, sources: list[str], lang: str) -> str | None:
    for source in sources:
        for match in ARABIC.finditer(source):
            if match[0] == other:
                return _kind(source, match, lang)
    return None
