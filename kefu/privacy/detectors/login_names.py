"""Login names and handles after their cue: 用户名jd_7a93k2, "my Telegram is @ann_92".

A name of figures alone may as well be a phone, a card or a QQ id, so it is looked for after those.
Not found: a name that nothing announces (``jd_7a93k2``), one of two characters (``用户名 jd``), and letters alone that
follow their cue without a link (``用户名 annlee``).
Found: ``用户名jd_7a93k2``, ``my Telegram is @ann_92``. Left: ``用户名错了``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors.base import PiiSpan
from kefu.privacy.detectors.credential_cues import EN_LINK, LINK, NO_VALUE, QUOTE, is_linked, is_quantity

_NAMED = r"""
      用户名|用户I[Dd]|登[录陆]名|登[录陆][账帐]号|会员名|会员[账帐]?号|用户[账帐]号
    | [账帐]户名|[账帐]号名?|[账帐]号I[Dd]|昵称|旺旺(?:号|名|I[Dd])?
    | (?:
          抖音|小红书|微博|快手|[Bb]站|电报|推特|脸书|淘宝|京东|支付宝
        | (?i:telegram|tg|instagram|ins|twitter|facebook|tiktok|discord|skype|line)
      )
      (?:[账帐]?号|I[Dd]|名|昵称|[账帐]户)
    | (?<![A-Za-z])(?:ins|INS)(?=\s?[:是为])
"""
_HANDLED = r"@?[A-Za-z0-9_](?:[\w.-]{0,30}[A-Za-z0-9_])?"
_TAIL = "(?:(?:(?![密码账帐号是登的和跟验证都不没能怎被用换改这那绑])[\u4e00-\u9fff]){1,6}[A-Za-z0-9_]{1,12})?"
_HANDLE = re.compile(
    rf"""
    (?:{_NAMED})(?:\([^()]{{0,8}}\))?{LINK}{QUOTE}(?P<value>(?a:{_HANDLED}){_TAIL})
    (?![A-Za-z0-9_@])
    """,
    re.VERBOSE,
)
_HAN_HANDLE = re.compile(
    r"""
    (?:用户名|登[录陆]名|会员名|昵称|旺旺(?:号|名)?)
    是?\s?:\s?(?P<value>[\u4e00-\u9fff_A-Za-z0-9]{2,16})(?![\u4e00-\u9fffA-Za-z0-9])
    """,
    re.VERBOSE,
)
_EN_HANDLE = re.compile(
    rf"""
    (?<![A-Za-z])
    (?i:
        user\s?names?|user\s?id|log\s?in(?:\s(?:name|id))?|screen\s?name
      | account\s(?:name|id)|handle
      | (?:telegram|tg|instagram|insta|ig|twitter|tiktok|discord|skype|snapchat|facebook|fb)
        (?:\s(?:handle|user\s?name|id|account|name))?
    )
    (?![A-Za-z]){EN_LINK}{QUOTE}(?P<value>(?a:{_HANDLED}))(?![A-Za-z0-9_@])
    """,
    re.VERBOSE,
)
_OTHERS = re.compile(
    r"(?:微信|[Qq]{2}|[VvWw][Xx]|[Ww]e[Cc]hat|银行|收款|打款|转账|退款|对公|提现|充值|开户|公司|统一)的?$"
)
_NO_HANDLE = re.compile(
    r"""
    (?i:
        i?phone|ipad|ios|mac|android|app|vip|plus|pro|max|wifi|pc|h5|sim|win(?:dows)?|svip|lv
      | level|v|[1-9]g|error|http|www|huawei|mate|redmi|oppo|vivo
    )
    \d{0,4}
    """,
    re.VERBOSE,
)


def _is_handle(text: str, match: re.Match[str], end: int) -> bool:
    value = match["value"]
    if value.isdecimal():
        return 5 <= len(value) <= 12 and not re.match(r"[- ]\d", text[end : end + 2])
    if _NO_HANDLE.fullmatch(value) or re.match(r" ?[A-Z0-9]{4} [A-Z0-9]{4}", text[end : end + 10]):
        return False
    if len(value) < 3 or value.lower() in NO_VALUE:
        return False
    if value.startswith("@") or any(c.isdecimal() or c == "_" for c in value) or not value.isascii():
        return True
    if "-" in value or not is_linked(match) or match["link"].strip().lower() in ("to", "as"):  # "login to track"
        return False
    return re.match(r"\s?(?:的|登|注册|绑|账|帐|号|吗|还是|(?i:account|login|page|id\b))", text[end : end + 10]) is None


def find(text: str, figures: bool) -> Iterator[PiiSpan]:
    """Login names of folded text: of ``figures`` alone, or the others."""
    for pattern in (_HANDLE, _EN_HANDLE):
        for match in pattern.finditer(text):
            start, end = match.span("value")
            value, before = match["value"], text[max(0, match.start() - 4) : match.start()]
            if value.isdecimal() is not figures or _OTHERS.search(before) or is_quantity(text, value, end):
                continue
            if _is_handle(text, match, end):
                yield PiiSpan(start, end, "HANDLE")
    for match in () if figures else _HAN_HANDLE.finditer(text):
        if not re.search("[登改忘换怎什多吗呢无不没错哪为能是]", match["value"]):
            yield PiiSpan(*match.span("value"), "HANDLE")
