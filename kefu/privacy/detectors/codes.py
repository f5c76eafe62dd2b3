"""One-time and pick-up codes after their cue or before it: 验证码839201, 凭6-2-4081取件, "the code is 482917".

A time (60秒), a date and coupon codes stay.
Not found: a code that nothing announces (``839201``), one of fewer than three digits (``验证码 12``), and one of
letters alone (``验证码 abcd``).
Found: ``取件码6-2-4081``, ``the code is 482917``. Left: ``验证码60秒有效``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors.base import PiiSpan
from kefu.privacy.detectors.credential_cues import EN_FOR, EN_LINK, LINK, QUOTE, is_linked, is_quantity

CODE_CUES = r"""
      (?:
          验证|驗證|校验|动态|短信|确认|激活|授权|安全|取件|取貨|取货|提货|提件|自提|取餐|取包
        | 收货|签收|开箱|开柜|柜门|核销|提取|领取|寄件|门禁|开门|登录|登陆|身份|认证|一次性|手机
        | 邮箱
      )
      [码碼]
    | 动态[口密][令码]|取件号|取餐号|CVV2?|cvv2?|CVC2?|OTP|otp
"""
_NUMERIC = r"""
    (?:
        \d(?:[ ]\d){3,7}|\d{3,4}[ ]\d{3,4}
      | (?:[A-Za-z]{0,3}\d{1,8}|[A-Za-z0-9]{1,8})(?:[-–—#]\s?[A-Za-z0-9]{1,8}){0,4}
    )
"""
_CODE = re.compile(
    rf"""
    (?:{CODE_CUES})(?:\([^()]{{0,8}}\))?{LINK}{QUOTE}(?P<value>{_NUMERIC})(?![A-Za-z0-9@])
    """,
    re.VERBOSE,
)
_EN_CODE = re.compile(
    rf"""
    (?<![A-Za-z])
    (?i:
        (?P<sure>
            (?:
                verification|verify|security|one[-\s]time|auth|authentication|authori[sz]ation
              | sms|text|otp|login|log-in|access|pick[-\s]?up|collection|locker|door|gate
              | entry|2fa|two[-\s]factor|activation|confirmation|unlock|release|delivery
            )
            \s(?:pin\s)?(?:codes?|number|pin)
          | otp|cvv2?|cvc2?
        )
      | (?P<bare>code)
    )
    (?![A-Za-z]){EN_FOR}{EN_LINK}{QUOTE}(?P<value>{_NUMERIC})(?![A-Za-z0-9@])
    """,
    re.VERBOSE,
)
_OTHER_CODES = re.compile(
    r"""
    (?i:
        promo(?:tion(?:al)?)?|coupons?|vouchers?|discount|gift|product|items?|sku|bar|zip
      | post(?:al)?|area|country|error|sort|dress|source|colou?r|status|size|batch|style|model|qr
      | hs|article|reason|bank|swift|the\ssame|booking
    )
    [-\s]?$
    """,
    re.VERBOSE,
)
_THE = re.compile(r"(?i)(?<![a-z])(?:the|my|your|this)\s$")
_COLLECT = re.compile(
    rf"""
    凭\s?(?:取件码|码|号码?)?[是为:\s]{{0,2}}{QUOTE}
    (?P<value>[A-Za-z0-9]{{1,6}}(?:-[A-Za-z0-9]{{1,6}}){{1,4}}|\d{{4,8}})
    (?![A-Za-z0-9-])[^\d\n]{{0,16}}?(?:取|领|提|开[门箱柜]|收货)
    """,
    re.VERBOSE,
)
_CODE_BEFORE = re.compile(
    r"""
    (?<![A-Za-z0-9.-])
    (?P<value>\d{4,8}|[A-Za-z0-9]{1,4}(?:-\d{1,6}){1,3})
    (?![A-Za-z0-9-])
    (?:
        \s?\(?(?:就?是|为|这个|,|，)?(?:我的|你的|我?刚?收到的)?(?:短信|登[录陆]|注册|京东|淘宝)?
        (?:验证|校验|取件|提货|取货)
        码
      | (?i:\s(?:is|was)\s(?:the|my)\s(?:verification\s|pick-?up\s|security\s|otp\s)?(?:code|otp))
    )
    """,
    re.VERBOSE,
)


def _code(text: str, match: re.Match[str], linked: bool) -> Iterator[PiiSpan]:
    start, end = match.span("value")
    value = text[start:end]
    figures = sum(c.isdecimal() for c in value)
    if figures < 3 and not (linked and value.isalnum() and len(value) == 4 and figures):
        return
    if is_quantity(text, value, end) or re.fullmatch(r"(?:19|20)\d\d-\d\d?-\d\d?", value):
        return
    yield PiiSpan(start, end, "CODE")
    form = r"\d{1,2}-\d{1,2}-\d{2,6}" if value.count("-") == 2 else rf"\d{{{len(value)}}}"
    another = re.compile(rf"\s?(?:[、,，/和及&]|and)\s?({form})(?![\d-])")
    while more := another.match(text, end):
        yield PiiSpan(*more.span(1), "CODE")
        end = more.end()


def find(text: str) -> Iterator[PiiSpan]:
    """Codes of folded text."""
    for match in _CODE.finditer(text):
        yield from _code(text, match, is_linked(match))
    for match in _EN_CODE.finditer(text):
        if match["bare"]:
            before = text[max(0, match.start() - 16) : match.start()]
            value = re.sub("[ -]", "", match["value"])
            told = is_linked(match) or (len(value) == 6 and _THE.search(before))
            if not told or _OTHER_CODES.search(before) or not value.isdecimal() or len(value) < 4:
                continue
        yield from _code(text, match, is_linked(match))
    for pattern in (_COLLECT, _CODE_BEFORE):
        for match in pattern.finditer(text):
            if not re.fullmatch(r"(?:19|20)\d\d(?:-\d\d?){1,2}", match["value"]):
                yield PiiSpan(*match.span("value"), "CODE")
