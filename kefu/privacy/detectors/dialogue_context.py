"""What other turns of a dialogue say about one: a name said before, and the answer to a question for one.

A turn that is nothing but a code, password or login name is one after a question for it (请提供验证码).

A name that was found once is a name wherever the dialogue says it again, also without a cue. After an agent's
question for a name or an address (收件人怎么称呼？), a turn that is nothing but a possible one is one, though it
would be too little by itself: 岳阳, 翠屏苑. Parts of a name (小明 of 王小明) are not looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kefu.privacy.detectors import address_zh_edges, credentials, names_en_uncued, names_zh_uncued
from kefu.privacy.detectors.base import PiiSpan
from kefu.privacy.detectors.names_en_lists import NO_NAMES
from kefu.privacy.detectors.word_segmentation import lexicon

_LEAST = {True: 4, False: 2}  # characters of a name, in Latin letters or not
_QUESTION = re.compile(
    r"""
      (?:请|麻烦|烦请|您|告诉|提供|发|说|报|留|核对|确认|请问|哪位|怎么|什么|谁|需要)
      .{0,16}(?:姓名|名字|称呼|收[件货]人|联系人|贵姓)
    | (?:姓名|名字|称呼|收[件货]人|联系人).{0,10}
      (?:什么|谁|哪位|多少|提供|发|告诉|报|呢|吗|是[?？:：]|[?？])
    | (?i:your\s(?:full\s)?name|name\s(?:on|of|for)\s|recipient|who\sis\sit\sfor|may\si\shave)
    """,
    re.VERBOSE,
)
_WHERE = re.compile(
    r"""
      (?:请|麻烦|烦请|您|告诉|提供|发|说|报|留|核对|确认|请问|哪里|什么|需要)
      .{0,16}(?:地址|住址|寄到哪|送到哪)
    | (?:地址|住址|小区).{0,10}(?:什么|哪|提供|发|告诉|报|呢|吗|[?？])
    | 寄到哪|送到哪|住哪
    """,
    re.VERBOSE,
)
_ASKS = re.compile(
    r"""
      姓|名字|称呼|件人|货人|联系人|址|哪|码|口令|用户名|账号|帐号|登录名|会员名|旺旺|昵称|name
    | recipient|may[ ]I|May[ ]I|Name|Who|who|code|Code|word|OTP|handle|[Uu]ser
    """,
    re.VERBOSE,
)
_FREQUENT = -13.0
_EDGE = " \t\n，。,.!！~～:：;；?？"


def _rare(value: str) -> bool:
    """Whether a name is not a frequent word, which would go wherever it stands."""
    return lexicon().words.get(value, -99.0) < _FREQUENT and value.lower() not in NO_NAMES


def again(text: str, vault: Mapping[str, str]) -> Iterator[PiiSpan]:
    """Names of the vault that a text says."""
    for name, value in vault.items():
        if name.startswith("[NAME_") and value != name and len(value) >= _LEAST[value.isascii()] and _rare(value):
            at = text.find(value)
            while at >= 0:
                end = at + len(value)
                if not (value.isascii() and (text[at - 1 : at].isalnum() or text[end : end + 1].isalnum())):
                    yield PiiSpan(at, end, "NAME")
                at = text.find(value, end)


def asks(text: str) -> bool:
    """Whether a turn may ask for a name or an address; cheap."""
    return _ASKS.search(text) is not None


def answer(question: str, text: str) -> Iterator[PiiSpan]:
    """What a turn gives that was asked for; texts folded."""
    said = text.strip(_EDGE)
    start = text.find(said)
    if not said or len(said) > 60:
        return
    if kind := credentials.answer_kind(question, said):
        yield PiiSpan(start, start + len(said), kind)
    elif _QUESTION.search(question) and (names_zh_uncued.whole(said) or names_en_uncued.whole(said)):
        yield PiiSpan(start, start + len(said), "NAME")
    elif _WHERE.search(question) and address_zh_edges.whole(said):
        yield PiiSpan(start, start + len(said), "ADDRESS")
