"""Whether a mention is denied: 不是 A，是 B · "not A but B" · "B instead of A"; names what came by mistake; or stands
only for a comparison: 跟铸铁锅那单一样的地址, "same address as the pot order".

A rule over the words right before the mention, within its clause. A question (是不是; 不是买了两个挂钟嘛), a double
negation and what somebody did not *do* ("不是我买的羽绒枕" names a wrong item) deny nothing.
"""

from __future__ import annotations

import re

_ZH = re.compile(
    r"(?<![是要能会])(?:不是|并非|不算|別是|别是)(?!不|没|吗|嘛|\s?我(?:买|订|要|拍|下|问|说|指))\s?(?:说|指|想|要)?"
    r"[^，,。.!！?？;；、\s是\u2190-\u2bff\U0001f000-\U0001faff]{0,8}$"
)
_ZH_AFTER = re.compile(r"\s*(?:这|那)?(?:个|单)?(?:不是|不对|错了)[的了，,。！!\s]*(?:应该)?是")
_FILLER = (
    r"(?:the|my|that|this|those|about|for|from|order|orders|number|one|mean|talking|it|is|of|a|an|old|older|earlier"
    r"|previous|other)"
)
_EN = re.compile(rf"(?:\bnot|n['’]t|\brather than|\binstead of)(?:\s+{_FILLER})*\s*$", re.IGNORECASE | re.ASCII)
_RHETORICAL = re.compile(r"[^，,。.!！?？;；\n]{0,12}(?:嘛|吗)")
_CAME_ZH = re.compile(
    r"(?:收到|收|打开|拆开|拆|开箱|里面|箱子里|盒子里|包裹里|寄来|寄|发来|发|送来|送|来|给我)(?:一看|之后|以后|后|发现|才发现)*(?:的|了|过来|装|放)*"
    r"(?:却|竟然?|居然|怎么|结果|其实)*(?:是|成了?)(?:一|两|个|条|只|件|床|把|包|堆|别人|的|什么|啥|些)*$"
)
_CAME_EN = re.compile(
    r"\b(?:(?:got|received|sent me|sent|delivered|found|came with|is|was|contains?|contained|there(?:'s| is| was))\s+"
    r"(?:\w+\s+){0,3}?)$",
    re.IGNORECASE | re.ASCII,
)
_INSTEAD = re.compile(r"[^.!?;]{0,20}\binstead\b|[^.!?;]{0,30}\b(?:inside|in the (?:box|parcel|bag))\b", re.IGNORECASE)
_LIKE_ZH = re.compile(
    r"(?:跟|和|与|同|像|照|按照?|参照)(?:我|上次|之前|以前|刚才)?的?(?:另外?一?[个单笔]|那个?|这个?)?的?$"
)
_LIKE_ZH_AFTER = re.compile(
    r"[^，,。.!！?？;；\n]{0,3}(?:那|这)?(?:一)?(?:个|单|笔|次)?(?:的)?(?:订单|包裹|地址|收件人|电话)?(?:是)?(?:一样|相同|一致|同一|一个(?:地址|收件人)|(?:一起|一块儿?|合并|合在)(?!买|拍|下单|的))"
)
_LIKE_EN = re.compile(
    r"\b(?:same (?:\w+ ){0,2}(?:as|like)|just like|(?:un)?like|as (?:with|for|in|on)|(?:together|along) with)\s+"
    r"(?:(?:with|for|on|in|of)\s+)?"
    rf"(?:{_FILLER}\s+|\w+['’]s\s+)*$",
    re.IGNORECASE | re.ASCII,
)
# Where something is to go, and not what is to go there: 改寄到刚取消那单的地址, to the address of the cancelled order.
_GOES_THERE_ZH = re.compile(
    r"(?:[寄送发改换]到|[寄送发]去|[改换][成为]|就是|就?用)(?:我|上次|之前|以前|刚才?|刚刚)?(?:的|那个?|这个?)?$"
)
_ITS_ADDRESS = re.compile(r"[^，,。.!！?？;；\n]{0,3}(?:那|这)?一?(?:个|单|笔)?(?:订单)?的?(?:收货)?地址")
_GOES_THERE_EN = re.compile(
    rf"\bto (?:the (?:same )?)?address (?:of|on|from|in) (?:{_FILLER}\s+)*$", re.IGNORECASE | re.ASCII
)
_LACKS_ZH = re.compile(r"(?:没有|没|不带|不含|没带)(?:那个?|这个?)?$")
_LACKS_ZH_AFTER = re.compile(r"的(?:那|这)(?:一)?(?:个|单|笔|件)?")
_LACKS_EN = re.compile(
    r"\b(?:one|order|parcel) (?:that (?:has|had) no|without|with no)(?:\s+(?:the|a|an|any))?\s*$", re.I | re.A
)
_KEPT_ZH = re.compile(
    r"(?:那|这)?一?[个单笔]?的?(?:订单)?(?:就|先|都)?(?:留[着下]|保留|[不别]动|照[发常]|要留|(?:不用|别)(?:取消|退|换))"
)
_KEPT_EN = re.compile(r"(?: one| order)?(?: \w+)? (?:stays?|works? (?:fine|ok)|i(?:'ll| will)? keep)\b", re.I)
_KEEPS_ZH = re.compile(r"(?:留|保留)(?:着|下)?(?:那个|的是)?$")
_KEEPS = re.compile(r"\b(?:i(?:'ll| will| am|'m)? )?keep(?:ing)? (?:the |my )?$", re.IGNORECASE)
WINDOW = 60  # characters before a mention that are looked at


def is_denied(text: str, start: int) -> bool:
    """Whether the words before ``text[start:]`` deny what begins there."""
    before = text[max(0, start - WINDOW) : start]
    if _ZH.search(before):
        return _RHETORICAL.match(text, start) is None
    return _EN.search(before) is not None


def is_denied_after(text: str, end: int) -> bool:
    """Whether the words after ``text[:end]`` deny what ends there, and tell another: 6681不是，是1994."""
    return _ZH_AFTER.match(text, end) is not None


def is_kept(text: str, start: int, end: int) -> bool:
    """Whether the words around ``text[start:end]`` say that it stays as it is: 杭州的留着, keeping the other."""
    before = text[max(0, start - WINDOW) : start]
    after = _KEPT_ZH.match(text, end) or _KEPT_EN.match(text, end)
    return after is not None or _KEEPS.search(before) is not None or _KEEPS_ZH.search(before) is not None


def came_instead(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` names what came in place of what was ordered: 打开是条毛巾, a towel came instead."""
    before = text[max(0, start - WINDOW) : start]
    if _CAME_ZH.search(before):
        return not re.match(r"[^，,。.!！?？;；\n]{0,4}(?:坏|破|碎|裂|脏|旧)", text[end:])
    return _CAME_EN.search(before) is not None and _INSTEAD.match(text, end) is not None


def is_lacking(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` is what the order meant does not have: 没有毯子的那单, the one without it."""
    before = text[max(0, start - WINDOW) : start]
    if _LACKS_ZH.search(before):
        return _LACKS_ZH_AFTER.match(text, end) is not None
    return _LACKS_EN.search(before) is not None


def is_compared(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` only says what something else is like: 跟铸铁锅那单一样的, same as my last order."""
    before = text[max(0, start - WINDOW) : start]
    if _LIKE_ZH.search(before):
        return _LIKE_ZH_AFTER.match(text, end) is not None
    if _GOES_THERE_ZH.search(before):
        return _ITS_ADDRESS.match(text, end) is not None
    return _GOES_THERE_EN.search(before) is not None or _LIKE_EN.search(before) is not None
