"""Numbers that name a person or a parcel: the rules of the other files, in order of precedence.

Check digits (GB 11643 for ID cards, Luhn for bank cards, ISO 7064 for IBANs) tell them from other long
numbers; a number right after its cue (身份证, 卡号, 运单号) needs none. Public hotlines (400, 800, 95xxx)
are nobody's. Prices, dates, models and policy numbers stay: a number after 型号, SKU, 保单 and the like is
left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors import id_documents, orders, phones
from kefu.privacy.detectors.base import PiiSpan
from kefu.privacy.detectors.id_documents import bank_card, id_card

__all__ = ["bank_card", "find", "id_card"]

_ENOUGH_DIGITS = re.compile(r"\d(?:[^\d\[\]]{0,3}\d){4}")  # not over a bracket: 1. [ORDER_1] 11-10
_NOT_PERSONAL = re.compile(
    r"""
    (?i:
        型号|货号|款号|商品编?号|商品id|保险?单号?|政策编?号|条款|批次号?|版本|固件
      | 序列号|(?<![a-z])(?:sn码?|s/n|serial)|条形?码|优惠券?码|券码|验证码
      | (?<![a-z])
        (?:
            sku|model|item|article|policy|batch|version|firmware|barcode|coupon|promo|voucher
          | (?<!sort[ ])code
        )
    )
    (?i:\s?(?:no|number|id|code|编号))?[\s:#.是为]{0,3}[A-Za-z0-9]{0,6}-?$
    """,
    re.VERBOSE,
)
_IN_LINK = re.compile(r"(?:https?://|www\.)[\w./?&=%#:~+-]{0,200}$", re.ASCII)
_RULES = (*id_documents.IDENTITY, *orders.RULES, *id_documents.BANK, *phones.RULES, *orders.BARE)


def find(text: str) -> Iterator[PiiSpan]:
    """Numbers of folded text, by precedence; spans of later rules may overlap earlier ones."""
    yield from orders.plates(text)
    yield from orders.codes(text)
    if not _ENOUGH_DIGITS.search(text):
        return
    linked = "www." in text or "://" in text
    for kind, pattern, check in _RULES:
        for match in pattern.finditer(text):
            start, end = match.span(1 if pattern.groups else 0)
            end -= len(text[start:end]) - len(text[start:end].rstrip(" -.·—–\t\n"))
            if check and not (end := check(text, start, end)):
                continue
            if _NOT_PERSONAL.search(text, max(0, start - 24), start):
                continue
            if not (linked and _IN_LINK.search(text, max(0, start - 210), start)):
                yield PiiSpan(start, end, kind)
