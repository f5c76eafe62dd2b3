"""E-mail addresses, and WeChat and QQ ids after their cue (on its own such an id is just a word)."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from kefu.pii.base import Found

_LOCAL = string.ascii_letters + string.digits + "._%+-"
CHARACTERS = "微威薇扣企加"  # as in names.py
WORDS = ("wechat", "weixin", "vx", "wx", "v信", "qq")
_HINT = re.compile("[@加微威薇vVwWQq扣企]")
_DOMAIN = re.compile(r"\s?@\s?(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}")
_WECHAT = re.compile(
    r"(?:微信|威信|薇信|(?<![A-Za-z])(?i:wechat|weixin|vx|wx|v信)|加我?[vV微薇])"
    r"((?:号|名|是|为|:|=|,|，|\s|(?i:id|is|no\.?)){0,5})([A-Za-z][-_A-Za-z0-9]{5,19})(?![-_A-Za-z0-9])"
)
_QQ = re.compile(
    r"(?:(?<![A-Za-z])[Qq]{2}|扣扣|企鹅)(?:号码?|群|是|为|:|=|\s|(?i:id|is|number)){0,5}([1-9]\d{4,10})(?!\d)"
)


def find(text: str) -> Iterator[Found]:
    """E-mail, WeChat and QQ of folded text."""
    if not _HINT.search(text):
        return
    if "@" in text:
        for match in _DOMAIN.finditer(text):
            before = text[max(0, match.start() - 64) : match.start()]
            if local := len(before) - len(before.rstrip(_LOCAL)):
                yield Found(match.start() - local, match.end(), "EMAIL")
    for match in _WECHAT.finditer(text):
        # "wechat payment" and "my wechat is broken" are no ids: a plain word needs 号 or a colon before it.
        if any(c in ":=号" for c in match[1]) or not match[2].isalpha():
            yield Found(match.start(2), match.end(2), "WECHAT")
    for match in _QQ.finditer(text):
        yield Found(match.start(1), match.end(1), "QQ")
