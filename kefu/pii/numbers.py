"""Numbers that name a person or a parcel: phones, ID cards, bank cards, plates, orders, parcels.

Check digits (GB 11643 for ID cards, Luhn for bank cards) tell them from other long numbers; a number
right after its cue (身份证, 卡号, 运单号) needs none. Public hotlines (400, 800, 95xxx) are nobody's.
Prices, dates, models and policy numbers stay: a number after 型号, SKU, 保单 and the like is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from kefu.pii.base import GAP, IS, SEP, Found, digits

_ENOUGH_DIGITS = re.compile(r"\d\D{0,3}\d\D{0,3}\d\D{0,3}\d\D{0,3}\d")
_NOT_PERSONAL = re.compile(
    r"(?i:型号|货号|款号|商品编?号|商品id|保单号?|政策编?号|条款|批次号?|版本|sku|model|item|policy|batch|version)"
    r"(?i:\s?(?:no|number|id|编号))?[\s:#.是为]{0,3}[A-Za-z0-9]{0,6}-?$"
)
_MOBILE = rf"1[3-9]\d(?:{SEP}\d{{4}}{SEP}\d{{4}}|{GAP}\d{{3}}{GAP}\d{{5}}|\d{GAP}\d{{3}}{GAP}\d{{4}}|\d\d{GAP}\d{{6}})"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_card(text: str) -> bool:
    """Whether 18 characters carry the right check digit (GB 11643-1999)."""
    body = [c for c in text.upper() if c.isdecimal() or c == "X"]
    return (
        len(body) == 18
        and "10X98765432"[sum(int(c) * w for c, w in zip(body, _WEIGHTS, strict=False)) % 11] == body[17]
    )


def bank_card(text: str) -> bool:
    """Whether the digits pass the Luhn check (ISO/IEC 7812-1), and are not one digit over and over."""
    figures = [int(c) for c in digits(text)]
    doubled = [2 * f - 9 * (f > 4) for f in figures[-2::-2]]
    return len(set(figures)) > 1 and (sum(figures[-1::-2]) + sum(doubled)) % 10 == 0


def _plate(text: str) -> bool:
    return len(digits(text)) >= 3


def _always(_: str) -> bool:
    return True


# In order of precedence: the first that claims a span keeps it. Group 1, where there is one, is the span.
_PATTERNS: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    (
        "ID_CARD",
        rf"(?<!\d)[1-9]\d{{5}}{SEP}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01]){SEP}\d{{3}}[\dXx](?![\dA-Za-z])",
        id_card,
    ),
    ("ID_CARD", rf"(?:身份证|(?i:id card)){IS}(\d{{17}}[\dXx]|\d{{15}})(?![\dA-Za-z])", _always),
    ("TRACKING", r"(?<![A-Za-z0-9])(?i:SF|YT|JT|ZTO|STO|YTO|DPK|JDV[A-Z]|JDX|JD)\d{10,15}(?![A-Za-z0-9])", _always),
    ("TRACKING", r"(?<![A-Za-z0-9])(?i:[A-Z]{2}\d{9}[A-Z]{2}|1Z[0-9A-Z]{16})(?![A-Za-z0-9])", _always),
    (
        "TRACKING",
        rf"(?:(?:快递|物流|运|面)单|(?i:tracking|waybill)(?i:\s(?:number|no\.?|id|code))?){IS}([A-Za-z]{{0,4}}\d{{8,20}})(?![A-Za-z0-9])",
        _always,
    ),
    (
        "ORDER",
        rf"(?:订单(?:编?号|:|\s)|单号|(?i:order\s?(?:number|no\.?|id|#))){IS}([A-Za-z]{{0,4}}\d{{6,24}})(?![A-Za-z0-9])",
        _always,
    ),
    ("BANK_CARD", rf"(?<!\d)[3-69]\d{{3}}{SEP}\d{{4}}{SEP}\d{{4}}{SEP}\d{{4}}{SEP}\d{{0,3}}(?!\d)", bank_card),
    ("BANK_CARD", rf"(?:卡号|银行卡|(?i:card\snumber)){IS}(\d{{4}}(?:{SEP}\d{{4}}){{3}}{SEP}\d{{0,3}})(?!\d)", _always),
    ("PHONE", rf"(?<!\d)(?<!\d\.)(?:(?:\+|00){SEP})?(?:86{SEP})?{_MOBILE}(?!\d)", _always),
    ("PHONE", r"(?<!\d)1(?:[-\s.]\d){10}(?!\d)", _always),
    (
        "PHONE",
        rf"(?<![\d-])(?:\+?86{SEP})?\(?0(?:10|2\d|[3-9]\d\d)(?:\)\s?|{SEP})[2-9]\d{{2,3}}{SEP}\d{{4}}(?:\s?(?:转|-|ext\.?)\s?\d{{1,6}})?(?!\d)",
        _always,
    ),
    (
        "PHONE",
        r"(?<![\d-])(?:1[-\s.])?(?:\((?!400|800)[2-9]\d\d\)\s?|(?!400|800)[2-9]\d\d[-.])\d{3}[-.\s]\d{4}(?![\d-])",
        _always,
    ),
    ("PHONE", r"\+\d{1,3}(?:[-\s.()]{0,2}\d){7,12}(?!\d)", _always),
    (
        "PHONE",
        rf"(?:电话|座机|手机|联系方式|(?i:phone|tel|mobile)\.?(?i:\snumber)?){IS}((?!400|800|95)\d{{3,4}}{SEP}\d{{4}}|\d{{11}})(?!\d)",
        _always,
    ),
)
_COMPILED = tuple((kind, re.compile(pattern), check) for kind, pattern, check in _PATTERNS)
_PLATE = re.compile(
    "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·•\\s-]?"
    "[A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳](?![A-Za-z0-9])"
)


def find(text: str) -> Iterator[Found]:
    """Numbers of folded text, by precedence; spans of later patterns may overlap earlier ones."""
    for match in _PLATE.finditer(text):
        if _plate(match[0]):
            yield Found(match.start(), match.end(), "PLATE")
    if not _ENOUGH_DIGITS.search(text):
        return
    for kind, pattern, check in _COMPILED:
        for match in pattern.finditer(text):
            start, end = match.span(1 if pattern.groups else 0)
            end -= len(text[start:end]) - len(text[start:end].rstrip(" -.·—–\t\n"))
            if check(text[start:end]) and not _NOT_PERSONAL.search(text, max(0, start - 24), start):
                yield Found(start, end, kind)
