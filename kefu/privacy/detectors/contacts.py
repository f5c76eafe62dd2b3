"""E-mail addresses, and WeChat and QQ ids after their cue (on its own such an id is just a word).

Not found: an id without a cue (``lin_2024``), a WeChat name in Chinese characters (``微信 林小雨``), and an id that is
a plain word after an English cue (``my wechat is linxiaoyu``).
Found: ``加我微信 lin_2024``, ``写信到 ann@example.com``. Left: ``微信 林小雨``.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from kefu.privacy.detectors.base import PiiSpan

_LOCAL = string.ascii_letters + string.digits + "._%+-"
CHARACTERS = "微威薇扣企加"  # as in names_zh_cued.py
WORDS = ("wechat", "weixin", "vx", "wx", "v信", "v❤", "v:", "绿泡泡", "qq")
_HINT = re.compile("[@加微威薇vVwWQq扣抠叩球企绿]")
_DOMAIN = re.compile(
    r"""
    \s?@\s?
    (?:
        (?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}
      | [A-Za-z0-9-]{1,63}。(?:com|cn|net|org)(?:[.。]cn)?(?![A-Za-z])
    )
    """,
    re.VERBOSE,
)
_WECHAT = re.compile(
    r"""
    (?:
        (?P<chinese>
            [微威薇]\s?信|绿泡泡|[+加][我个]?个?[vV微薇]|(?<![A-Za-z])[vV](?:信|❤\ufe0f?|(?=:))
        )
      | (?<![A-Za-z])(?i:wechat|weixin|vx|wx)
    )
    (?P<said>(?:[账帐]?号码?|名|是|为|吧|:|=|,|，|/|\s|(?i:id|is|no\.?)){0,5})
    (?P<id>[A-Za-z][-_A-Za-z0-9]{5,19})(?![-_A-Za-z0-9])
    """,
    re.VERBOSE,
)
_MINE = re.compile(
    r"(?:我的|我这边)(?:号?是|:)\s?(?=[A-Za-z_-]{0,20}[\d_-])([A-Za-z][-_A-Za-z0-9]{5,19})(?![-_A-Za-z0-9@])"
)
_NO_IDS = (  # what people say after 微信 in Latin letters
    "account android browser channels crashed customer error failed harmonyos huawei iphone login message network "
    "number official payment please samsung service store support version wallet wechat weixin windows xiaomi"
)
_NO_ID = frozenset(_NO_IDS.split())
_QQ = re.compile(
    r"""
    (?:(?<![A-Za-z])(?:[Qq]{2}|[Qq](?=号|:))|(?:加我?|我的)[Qq](?![A-Za-z])|[扣抠叩]{2}|球球|企鹅)
    (?:[账帐]?号码?|群|/?微信|[上里]|是|为|:|=|\s|(?i:id|is|number)){0,5}
    ([1-9](?:[ ]?\d){4,10})(?!\d)
    """,
    re.VERBOSE,
)
_TOPPED_UP = re.compile(r"(?:充值|充到)?[账帐][号户][是为:\s]{0,3}([1-9]\d{5,10})(?!\d)")


def _wechat(text: str) -> Iterator[PiiSpan]:
    for match in _WECHAT.finditer(text):
        # "wechat payment" and "my wechat is broken" are not ids: in English a plain word needs 号 or a colon before it.
        plain = match["id"].isalpha() and not any(c in ":=号" for c in match["said"])
        if not plain or (match["chinese"] and match["id"].lower() not in _NO_ID):
            yield PiiSpan(*match.span("id"), "WECHAT")
    if "微信" in text:
        for match in _MINE.finditer(text):
            yield PiiSpan(*match.span(1), "WECHAT")


def find(text: str) -> Iterator[PiiSpan]:
    """E-mail, WeChat and QQ of folded text."""
    if not _HINT.search(text):
        return
    if "@" in text:
        for match in _DOMAIN.finditer(text):
            before = text[max(0, match.start() - 64) : match.start()]
            if local := len(before) - len(before.rstrip(_LOCAL)):
                yield PiiSpan(match.start() - local, match.end(), "EMAIL")
    yield from _wechat(text)
    for match in _QQ.finditer(text):
        yield PiiSpan(*match.span(1), "QQ")
    if "Q币" in text or "q币" in text:
        for match in _TOPPED_UP.finditer(text):
            yield PiiSpan(*match.span(1), "QQ")
