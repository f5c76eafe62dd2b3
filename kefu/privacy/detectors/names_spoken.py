"""How people are called in passing: 陈姐, 财务部薛姐, 老高家的快递, 他姓尤, Grace 周.

A frequent surname with a word for a person behind it, or 老 and 小 before it, where a border or a verb says that
no longer word is cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors.base import Found

_KNOWN = (
    "[王李张刘陈杨赵黄周吴徐孙胡朱林郭罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶苏魏吕丁沈姚卢姜崔钟谭陆汪范廖贾韦"
    "邹孟秦薛侯龚邵]"
)
_BEFORE = "(?:^|(?<=[\\s，。,!?！？:是给找叫让跟和帮的部问寄]))"
_CALLED = (
    "(?:姐|哥(?!哥)|叔|婶|姨|伯|总(?![是共会的之结算部体量额价])|师傅|老师|阿姨|叔叔|大爷|大妈|经理|医生|主任|老板"
    "|太太|奶奶|爷爷)"
)
_PATTERNS = (
    re.compile(rf"{_BEFORE}((?!曾经|黄总|田经){_KNOWN}{_CALLED})"),
    re.compile(rf"{_BEFORE}((?!小[黄林])(?:[老小]{_KNOWN}|老[高何马方孔石])头?)(?=家的|[签代收拿取说]|$|[？?，。,\s])"),
    re.compile(r"(?:[他她妈爸]姓|(?:^|(?<=[，。,\s]))姓)((?![名什何啥么啊呀吗])[\u4e00-\u9fff])(?=$|[，。,!！~～\s])"),
    re.compile(rf"(?<![A-Za-z])([A-Z][a-z]{{1,12}}\s?{_KNOWN})(?![\u4e00-\u9fff])"),
)
_HINT = re.compile(
    f"{_KNOWN}(?:[姐哥叔婶姨伯总师老阿大经医主太奶爷]|$|[？?，。,\\s])|[老小]{_KNOWN}|老[高何马方孔石]|[他她妈爸，。,\\s]姓|^姓"
)


def possible(text: str) -> bool:
    """Whether there can be one."""
    return _HINT.search(text) is not None


def find(text: str) -> Iterator[Found]:
    """Names of folded text."""
    if possible(text):
        for pattern in _PATTERNS:
            for match in pattern.finditer(text):
                yield Found(match.start(1), match.end(1), "NAME")
