"""What stands between the cue of a credential and its value (password, code, login name), and what is no value."""

from __future__ import annotations

import re

QUOTE = r"[\"'“”‘’「『【《(<`]{0,2}\s?"
_FILLER = r"""
    (?:
        我的|我|你|您|它|他|她|现在|目前|应该|就|还|好像|之前|原来|以前|一直|都|设置|设定|设|改|换
      | 用|的|也|给|发|如下|当时|一般|大概|可能|已经|统一|默认|今天|刚才|刚|收到|了|过来|这个|那个
      | 号码|号|[,，]
    )
"""
LINK = rf"(?P<link>(?:\s|{_FILLER}){{0,5}}(?:是|为|叫做?|成|:|=|,|，|-(?=\s)|→|\s){{0,4}})"
EN_LINK = r"""
    (?P<link>
        (?:
            's(?=\s)|\s?(?::|=|\#|-(?=\s)|,)
          | \s
            (?i:
                is|was|are|to|as|it's|its|i\s(?:just\s)?(?:got|received)|you\ssent(?:\sme)?
              | sent\sto\sme
            )
            (?=\W)
          | \s
        ){0,4}
        \s?
    )
"""
EN_FOR = r"(?:\s(?:for|of|to)\s(?:the|my|your|our)\s\w{2,12}(?=\s(?:is|was)\W))?"
_UNIT = re.compile(
    r"""
    \s?
    (?:
        [位个次天年月日元块秒条种代遍章组款件号楼]
      | 分钟|小时|多[位个次]|[gG%]\b
      | (?i:
            digits?|characters?|chars|letters|times?|days?|hours?|minutes?|mins?|seconds?
          | attempts?|years?
        )
        \b
    )
    """,
    re.VERBOSE,
)
_WORDS = """
wrong incorrect invalid not never always required needed expired expires weak strong too case the this
that these a an my your our their its his her same still being been broken correct right fine okay ok good
bad changed reset resetting set forgotten forgot lost missing empty blank blocked locked disabled enabled
long short hidden visible saved stored safe secure protected unknown different new old already only also
very really now just and or but for with from when where what which who how why please help thanks can
cannot could would should will must may have has had does did doesn working accepted rejected denied taken
unavailable available issue issues problem problems error errors failed fails failure page screen button
form field link links email mail manager change changes recovery hint policy rules strength protection
login logging username password account again back here there something anything nothing everything sent
resent updated created registered verified confirmed linked associated connected used unused public
private shown displayed entered typed copied about after before because since until unless though however
whether either neither both some any none all each every other another compromised leaked stolen hacked
shared case-sensitive sensitive optional mandatory impossible possible easy hard difficult simple common
similar identical supposed going getting coming giving asking saying showing telling letting making taking
trying using waiting sending arriving receiving late delayed gone dead down off out over under official
profile shop store website app account-related google apple facebook wechat alipay gmail paypal amazon
instagram telegram twitter android iphone windows chrome safari null true false test abcd verification
security message messages number numbers post posts story live dm ads comment comments support team
customer yesterday today tomorrow said says told me you him them
"""  # said after a cue in place of a value
NO_VALUE = frozenset(_WORDS.split())


def is_linked(match: re.Match[str]) -> bool:
    """Whether 是, "is", a colon or an opening quote stands between cue and value."""
    between = match.string[match.start("link") : match.start("value")]
    return re.search(r"[是为叫成:=\"'“‘「『【]|\b(?:is|was|to|as|it's|its|are)\b", between, re.IGNORECASE) is not None


def is_quantity(text: str, value: str, end: int) -> bool:
    """Whether a number is a length, a time or a quantity."""
    return value.replace("-", "").replace("~", "").isdecimal() and _UNIT.match(text, end) is not None
