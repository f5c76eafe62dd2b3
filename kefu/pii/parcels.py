"""Numbers of orders and parcels, and car plates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.pii.base import IS, Found, Rule, digits, near, rule

_COURIER = "中通|圆通|申通|韵达|顺丰|极兔|邮政|德邦|百世|天天|京东|(?i:EMS|FedEx|UPS|DHL|USPS)"
_CALLED = r"(?i:\s?(?:number|no\.?|id|code|ref(?:erence)?|#)){0,2}"
_FIGURES = r"(?:[A-Za-z]{0,4}\d{8,20}|\d{4}(?: \d{4}){2,4}(?: \d{1,3})?)"
RULES: tuple[Rule, ...] = (
    rule("TRACKING", r"(?<![A-Za-z0-9])(?i:SF|YT|JT|ZTO|STO|YTO|DPK|JDV[A-Z]|JDX|JD)\d{10,15}(?![A-Za-z0-9])"),
    rule("TRACKING", r"(?<![A-Za-z0-9])(?i:[A-Z]{2}\d{9}[A-Z]{2}|1Z[0-9A-Z]{16})(?![A-Za-z0-9])"),
    rule("TRACKING", r"(?<!\d)9[2-5]\d\d(?: ?\d{4}){4} ?\d\d(?!\d)"),
    rule(
        "TRACKING",
        rf"(?:(?:快递|物流|运|面)单|(?i:tracking|waybill|shipment|parcel){_CALLED}|(?:{_COURIER})(?:快递|快运|速递|单)?){IS}"
        rf"({_FIGURES})(?![A-Za-z0-9])",
    ),
    rule(
        "ORDER",
        rf"(?:订单(?:编?号|:|\s)|(?<![保险])单号|(?i:(?<![A-Za-z])order{_CALLED})){IS}"
        r"([A-Za-z]{0,4}\d{6,24}(?:-\d{2,20}){0,2}|\d{3}-\d{7}-\d{7})(?![A-Za-z0-9])",
        lambda text, start, end: end if len(digits(text[start:end])) > 8 or not _day(text[start:end]) else 0,
    ),
    rule("ORDER", r"(?:订单)([A-Za-z]{0,4}\d{9,24}(?:-\d{2,20}){0,2})(?![A-Za-z0-9])"),
)
_PLATE = re.compile(
    "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Za-hj-np-z][·•\\s-]?"
    "(?:[DFdf][A-HJ-NP-Za-hj-np-z0-9]\\d{4}|\\d{5}[DFdf]|[A-HJ-NP-Za-hj-np-z0-9]{4}[A-HJ-NP-Za-hj-np-z0-9挂学警港澳])(?![A-Za-z0-9])"
)
_CAR = re.compile("车|牌")
_ABROAD = re.compile(
    r"(?i:(?<![a-z])(?:plate|reg(?:istration)?|vrn)(?:\s(?:number|no\.?))?)(?:\s|:|#|(?i:is)){1,5}"
    r"([A-Za-z0-9]{2,4}[- ]?[A-Za-z0-9]{3,4})(?![A-Za-z0-9-])"
)
_UNITS = re.compile(r"(?i)\d ?(?:inch|inches|pcs|pack|days?|mm|cm)$")


def _day(text: str) -> bool:
    """Whether eight digits read as a date."""
    return re.fullmatch(r"20[0-3]\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])", text) is not None


def plates(text: str) -> Iterator[Found]:
    """Car plates. 新 before a model ("新SM9910") is the word for new unless a car is spoken of."""
    for match in _PLATE.finditer(text):
        letters = sum(c.isalpha() and c.isascii() for c in match[0])
        if len(digits(match[0])) >= 3 and letters <= 3 and (match[0][0] != "新" or near(_CAR, text, *match.span())):
            yield Found(match.start(), match.end(), "PLATE")
    for match in _ABROAD.finditer(text):
        value = match[1]
        if any(c.isdecimal() for c in value) and any(c.isalpha() for c in value) and not _UNITS.search(value):
            yield Found(match.start(1), match.end(1), "PLATE")
