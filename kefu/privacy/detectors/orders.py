"""Numbers of orders and parcels, and car plates.

A cue, a courier's prefix or a courier's word near by tells which number is meant; 16 and more digits in a row are
nothing else (``BARE``, which comes after all other rules).
Not found: an order number of fewer than six digits (``订单号 54321``), and ten digits without a cue (``1234567890``).
Found: ``订单号 2026110900123``, ``车牌 粤B12345``. Left: ``订单号 12345``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors.base import IS, PiiSpan, Rule, digits, near, rule

_COURIER = r"""
      中通|圆通|申通|韵达|顺丰|极兔|邮政|德邦|百世|天天|京东|丹鸟|菜鸟|跨越|安能|优速
    | 宅急送|速尔|丰网
    | (?i:EMS|FedEx|UPS|DHL|USPS|Royal\sMail|Evri|Hermes|DPD)
"""
_CALLED = r"(?i:\s?(?:number|no\.?|nr\.?|id|code|ref(?:erence)?|\#)){0,2}"
_FIGURES = r"(?:[A-Za-z]{0,4}[ ]?\d{8,20}|[A-Za-z]{0,2}[ ]?\d{4}(?:[ ]\d{4}){1,4}(?:[ ]\d{1,5})?)"
_PARCEL = re.compile(
    rf"""
      {_COURIER}|快递|物流|运单|包裹|签收|驿站|寄回|拦截|单号
    | (?i:track|parcel|courier|deliver|consignment)
    """,
    re.VERBOSE,
)
_ORDERED = re.compile("订单|(?i:order)")
_BARCODE = re.compile("69\\d{11}")
RULES: tuple[Rule, ...] = (
    rule(
        "TRACKING",
        r"""
            (?<![A-Za-z0-9])
            (?i:SF|YTO?|JT|ZTO?|STO?|DPK|DB|DN|KY|YD|JDV[A-Z]|JD[XKA]?)
            (?:\s?\d{10,15}|\s\d{4}\s?\d{4}\s?\d{3,7})(?![A-Za-z0-9])
        """,
    ),
    rule(
        "TRACKING",
        r"""
            (?<![A-Za-z0-9])
            (?i:[A-Z]{2}\s?\d{3}\s?\d{3}\s?\d{3}\s?[A-Z]{2}|1Z(?:\s?[0-9A-Z]){16}|TBA\d{12})
            (?![A-Za-z0-9])
        """,
    ),
    rule("TRACKING", r"(?<!\d)9[2-5]\d\d(?:[ ]?\d{4}){4}[ ]?\d\d(?!\d)"),
    rule(
        "TRACKING",
        rf"""
            (?:
                (?:快递|物流|运|面)单
              | (?i:track(?:ing)?|waybill|shipment|parcel|package|consignment|awb){_CALLED}
              | (?:{_COURIER})(?:快递|快运|速递|单)?
            )
            {IS}({_FIGURES})(?![A-Za-z0-9])
        """,
    ),
    rule(
        "ORDER",
        rf"""
            (?:
                (?:订|退货|换货|售后|服务)单(?:编?号|:|\s)
              | 交易号|流水号|(?<![保险])单号
              | (?i:(?<![A-Za-z])(?:order|ordr){_CALLED})
            )
            {IS}
            (
                [A-Za-z]{{0,4}}\d{{4,28}}(?:-\d{{2,20}}){{0,2}}
                (?:\s\d{{3,6}}(?![\d年月日元:.])){{0,5}}
              | [A-Za-z]{{1,4}}\d{{2,4}}(?:\s\d{{3,4}}){{2,4}}
              | \d{{3}}-\d{{7}}-\d{{7}}
            )
            (?![A-Za-z0-9])
        """,
        lambda text, start, end: end if _an_order(text[start:end]) else 0,
    ),
    rule(
        "ORDER", r"(?:订单)([A-Za-z]{0,4}\d{9,24}(?:-\d{2,20}){0,2}|\d{4}(?:\s\d{4}){2,4}(?:\s\d{1,3})?)(?![A-Za-z0-9])"
    ),
)
BARE: tuple[Rule, ...] = (  # after everything else has had its try
    rule("ORDER", r"(?<![\dA-Za-z.-])\d{6}-\d{15}(?![\d-])"),
    rule(
        "ORDER",
        r"(?<![\dA-Za-z.-])\d{4}(?:-\d{4}){3}(?![\dA-Za-z.-])",
        lambda text, start, end: end if near(_ORDERED, text, start, end) else 0,
    ),
    rule("ORDER", r"(?<![\dA-Za-z.-])\d{16,32}(?![\dA-Za-z.-])"),
    rule(
        "TRACKING",
        r"(?<![\dA-Za-z.-])\d{12,15}(?![\dA-Za-z.-])",
        lambda text, start, end: (
            end if near(_PARCEL, text, start, end) and not _BARCODE.fullmatch(text, start, end) else 0
        ),
    ),
)
_CODE = re.compile(
    r"""
    (?i:
        (?<![a-z])
        (?:
            (?:confirmation|booking|reference|order|po|return)\s?(?:number|no\.?|nr\.?|id|code|\#)
          | rma
        )
    )
    (?i:\s|:|\#|is|was){1,5}
    ((?=[A-Z]{0,12}-?\d)(?=[\d-]{0,12}[A-Z])[A-Z0-9][A-Z0-9-]{4,18}[A-Z0-9])
    (?![A-Za-z0-9-])
    """,
    re.VERBOSE,
)
_CODED = ("confirm", "booking", "reference", "order", "po ", "return", "rma")
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(
    rf"""
    [{_PROVINCES}][A-HJ-NP-Za-hj-np-z][·•\s-]?
    (?:
        [DFdf][A-HJ-NP-Za-hj-np-z0-9]\d{{4}}|\d{{5}}[DFdf]
      | [A-HJ-NP-Za-hj-np-z0-9]{{4}}[A-HJ-NP-Za-hj-np-z0-9挂学警港澳]
    )
    (?![A-Za-z0-9])
    """,
    re.VERBOSE,
)
_TOLD_PLATE = re.compile(
    rf"车牌(?:号码?)?[是为:\s]{{0,2}}([{_PROVINCES}][A-Za-z][·•\s-]?[A-Za-z0-9]{{4,6}}[挂学警港澳]?)(?![A-Za-z0-9])"
)
_CAR = re.compile("车|牌")
_ABROAD = re.compile(
    r"""
    (?i:(?<![a-z])(?:plate|reg(?:istration)?|vrn)(?:\s(?:number|no\.?))?)
    (?:\s|:|\#|(?i:is)){1,5}([A-Za-z0-9]{2,4}[- ]?[A-Za-z0-9]{3,4})(?![A-Za-z0-9-])
    """,
    re.VERBOSE,
)
_BRITISH = re.compile(r"(?<![A-Za-z0-9])(?i:[A-Z]{2}\d\d\s?[A-Z]{3})(?![A-Za-z0-9])")
_REGISTERED = re.compile(r"(?i:(?<![a-z])(?:reg(?:istration)?|plate|vrn|car|van)(?![a-z]))")
_UNITS = re.compile(r"(?i)\d ?(?:inch|inches|pcs|pack|days?|mm|cm)$")


def _day(text: str) -> bool:
    """Whether eight digits read as a date."""
    return re.fullmatch(r"20[0-3]\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])", text) is not None


def _an_order(text: str) -> bool:
    """Whether the digits are too many for a quantity, and no date."""
    count = len(digits(text))
    return count > 8 or (count >= 6 and " " not in text and not _day(text))


def codes(text: str) -> Iterator[PiiSpan]:
    """Codes of letters and digits after "confirmation number" and the like."""
    small = text.lower()
    if any(word in small for word in _CODED):
        for match in _CODE.finditer(text):
            yield PiiSpan(*match.span(1), "ORDER")


def plates(text: str) -> Iterator[PiiSpan]:
    """Car plates. 新 before a model ("新SM9910") is the word for new unless a car is spoken of."""
    for match in _PLATE.finditer(text):
        letters = sum(c.isalpha() and c.isascii() for c in match[0])
        if len(digits(match[0])) >= 3 and letters <= 3 and (match[0][0] != "新" or near(_CAR, text, *match.span())):
            yield PiiSpan(match.start(), match.end(), "PLATE")
    for match in _TOLD_PLATE.finditer(text):
        yield PiiSpan(*match.span(1), "PLATE")
    for match in _BRITISH.finditer(text):
        if near(_REGISTERED, text, *match.span()):
            yield PiiSpan(*match.span(), "PLATE")
    for match in _ABROAD.finditer(text):
        value = match[1]
        if any(c.isdecimal() for c in value) and any(c.isalpha() for c in value) and not _UNITS.search(value):
            yield PiiSpan(match.start(1), match.end(1), "PLATE")
