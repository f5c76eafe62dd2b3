"""Places in a list (第二个, "the second one", "the latest", 另一个, 都) and pointing words (那单, it).

A place counts in the list that was offered, else among the customer's orders, newest first. 第一时间, 第二天 and
"first of all" are no places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_ZH = {c: i for i, c in enumerate("一二三四五六七八九十", 1)} | {"两": 2}
_EN = {name: i for i, name in enumerate(("first", "second", "third", "fourth", "fifth", "sixth", "seventh"), 1)}
_EN_COUNT = {name: i for i, name in enumerate(("one", "two", "three", "four", "five", "six", "seven"), 1)}
_CIRCLED = {c: i for i, c in enumerate("①②③④⑤⑥⑦⑧⑨", 1)}
_THING = "(?:个|個|单|單|笔|筆|条|條|件|款|项|項|份|张|張)"
_END = r"(?=\s*(?:$|[，。,.!！?？;；]|please|pls))"
_AFTER = (
    "(?=\\s*(?:$|[^\u4e00-\u9fff]|[吧呢啊呀的吗么能可要想退到怎什在是也我还不就取改查换发谢已没订单麻请帮有多咋呗那]))"
)

_NTH = re.compile(rf"(?:倒数)?第\s*([一二两三四五六七八九十]|\d{{1,2}})(?:{_THING}{_AFTER}|{_END}|(?=的))")
_EN_NTH = re.compile(
    r"\b(?:the\s+)?(first|second|third|fourth|fifth|sixth|seventh|1st|2nd|3rd|[4-9]th)\s+(?:one|order|purchase|item|option)\b"
    rf"|(?:^\s*|\bthe\s+)(first|second|third|fourth|fifth|sixth|seventh|1st|2nd|3rd|[4-9]th){_END}",
    re.IGNORECASE | re.ASCII,
)
_CHOICE = re.compile(
    r"^\s*(?:选|選|要|我选|就|option|number|no\.?|#|the)?\s*(?:(\d{1,2})|([①-⑨])|([一二三四五六七八九十])|"
    r"(?i:(one|two|three|four|five|six|seven)))\s*(?:号|號|吧|个|please|pls|[.。!！、)）])*\s*$",
    re.IGNORECASE | re.ASCII,
)
# 5先开吧 · 2 退那条毯子 · 选3那个 · 4和5都要 · 2, just the mat · the late one, 2: a number of a list with words around.
_LISTED = re.compile(
    r"^\W*(?:我?要|选|就|第|是|no\.?|number|the)?\s*(\d{1,2})(?=先|吧|那|也|都|行|就|好了|和|跟|与|&|[，,、\s])(?!\s*(?:件|个|只|天|块|元|yuan|days?|x\b))"
    r"|(?:[是选要]|\bnumber|\bno\.)\s*(\d{1,2})(?:那|$)|(?<=\d)\s*(?:和|跟|与|、|,|，|&|\band\b)\s*(\d{1,2})(?![\d.]|\s*(?:件|只|天|块|元|点))"
    r"|(?:[，,。；;]\s*|错了?\s*)([1-9])\s*[。.!！]?$",
    re.IGNORECASE | re.ASCII,
)
# 1 2 3都要看 · 2 3 and 4: a list of places, and hardly more.
_SEVERAL = re.compile(
    r"^\W*(?:no\.?|numbers?)?\s*(\d(?:(?:\s*(?:和|跟|与|、|,|，|&|\band\b|\s))+\s*\d)+)(?![\d.])\s*(?:都|号|吧|啊|呀|这|$|please|pls)",
    re.IGNORECASE,
)
_LAST = re.compile(
    rf"最[后後]面?[一那]?{_THING}|倒数第一{_THING}?"
    rf"|\bthe last(?: one)?{_END}|\blast one\b|\bbottom one\b",
    re.IGNORECASE | re.ASCII,
)
_NEWEST = re.compile(
    rf"最近(?:的|那|这|一|买|拍|下|订|收|签|付|购|到){{1,2}}(?:{_THING}|订单|的|{_END})|最新(?:的|那|一)?(?:{_THING}|订单)|最新的{_END}"
    rf"|(?<![早晚])上一?(?:单|單|笔|筆)|上次(?:买|拍|下|订|购)的|刚刚?才?(?:买|拍|下|订|付)的?(?:那|这)?(?:{_THING}|订单|东西|的{_END}|{_END})"
    r"|\b(?:latest|newest|most recent|last|previous)\s+(?:one|order|purchase|thing i (?:bought|ordered))\b"
    rf"|\b(?:latest|newest|most recent){_END}"
    r"|\b(?:one|order|thing|item|what) i(?:['’]ve| have)? (?:just|recently|last) (?:bought|ordered|placed|purchased)\b",
    re.IGNORECASE | re.ASCII,
)
_OLDEST = re.compile(
    rf"最早(?:的|那|买|一)?(?:{_THING}|的|订单)|最旧的|\b(?:oldest|earliest)(?: one\b| order\b| purchase\b|{_END})",
    re.IGNORECASE | re.ASCII,
)
_FORMER = re.compile(r"前者|前面那?个|上面那?个|\bthe former\b|\btop one\b", re.IGNORECASE | re.ASCII)
_LATTER = re.compile(r"后者|後者|后面那?个|下面那?个|\bthe latter\b", re.IGNORECASE | re.ASCII)
_OTHER = re.compile(
    rf"另外?(?:那|一|的){{1,2}}(?:个|單|单|笔|筆|订单|訂單)|另外?那{_THING}|别的那{_THING}|剩下(?:的|那){_THING}?"
    r"|(?:另外?|其他|其它|别的|剩下)(?:的|那)?[几两三]?(?:个|单|笔)?(?:包裹|快递|订单)"
    rf"|另(?:外)?一?(?:单|單|笔|筆){_END}|还有一?(?:个|笔)(?:包裹|快递|订单|单子?)|还有一单"
    r"|\bthe other(?: one| order)?\b|\bother one\b|\b(?:my|the|any) other (?:parcel|package|order|one)s?\b",
    re.IGNORECASE | re.ASCII,
)
_ALL = re.compile(
    rf"都(?:要?退|要?取消|要?换|查|要(?:{_END}))|全都|全部|两{_THING}都|[几三四]{_THING}都|^都要?(?:开|退|换|取消|查)?[吧啊呀的。!！\s]*$|所有的|一起退"
    r"|\bboth(?: of them)?\b|\ball (?:of them|of those|three|four)\b|\bthem all\b",
    re.IGNORECASE | re.ASCII,
)
_POINTS = re.compile(
    rf"(?:这|那|這|该|此|同)一?(?:{_THING}|订单|訂單|东西|货)|刚才(?:那|说|的)|刚刚(?:那|说)的?|它|牠"
    r"|\b(?:it|its|this|that|these|those|them|same)\b(?:\s+(?:one|order|item|parcel|package|product))?"
    r"|\bthe order\b|\bthe same\b",
    re.IGNORECASE | re.ASCII,
)


_ORDER = re.compile(r"单|單|\borders?\b", re.IGNORECASE | re.ASCII)
MAX_PLACES = 20  # more is pasted text
MAX_LISTED_LENGTH = 60
MAX_BARE_LENGTH = 30  # "the second one" in a longer message that nothing was offered before is of something else


class Place(NamedTuple):
    """``text[start:end]`` takes ``ids`` of the list."""

    start: int
    end: int
    ids: tuple[str, ...]


def find_places(
    text: str, offered: Sequence[str], newest_first: Sequence[str], focus: str | None = None
) -> list[Place]:
    """The places of a list that a text names.

    Args:
        offered: what was shown to the customer, in its order; empty: nothing.
        newest_first: what may be meant otherwise.
        focus: what the conversation is about: "the other one" is another.
    """
    shown = list(offered) or list(newest_first)
    by_age = [item for item in newest_first if item in shown]
    places: list[Place] = []

    def add(match: re.Match[str], ids: Sequence[str]) -> None:
        if len(places) < MAX_PLACES and not any(
            match.start() < other.end and other.start < match.end() for other in places
        ):
            places.append(Place(match.start(), match.end(), tuple(ids)))

    counts = offered or len(text) < MAX_BARE_LENGTH or _ORDER.search(text)
    for match in _LAST.finditer(text) if counts else ():
        add(match, shown[-1:])
    for match in _NTH.finditer(text) if counts else ():
        number = _ZH.get(match[1]) or int(match[1])
        add(match, _at(shown[::-1] if match[0].startswith("倒数") else shown, number))
    for match in _EN_NTH.finditer(text) if counts else ():
        word = (match[1] or match[2]).lower()
        add(match, _at(shown, _EN.get(word) or int(word[0])))
    for match in _NEWEST.finditer(text):
        add(match, by_age[:1])
    for match in _OLDEST.finditer(text):
        add(match, by_age[-1:])
    if offered:
        if len(text) < MAX_BARE_LENGTH and (choice := _CHOICE.match(text)):
            add(choice, _at(shown, _chosen(choice)))
        if several := _SEVERAL.match(text):
            for digit in re.finditer(r"\d", several[1]):
                start = several.start(1) + digit.start()
                places.append(Place(start, start + 1, tuple(_at(shown, int(digit[0])))))
        for match in _LISTED.finditer(text) if len(text) < MAX_LISTED_LENGTH else ():
            add(match, _at(shown, int(next(filter(None, match.groups())))))
        listed = len(places)
        for pattern, ids in ((_FORMER, shown[:1]), (_LATTER, shown[-1:]), (_ALL, shown)):
            if pattern is _ALL and listed:
                continue  # 4和5都要: both of these; 两个都退了的，第5个: that one
            for match in pattern.finditer(text):
                add(match, ids)
    if focus or len(offered) > 1:
        for match in _OTHER.finditer(text):
            add(match, [item for item in shown if item != focus])
    return sorted(places)


def find_pointing(text: str) -> re.Match[str] | None:
    """The first word that points at what was spoken of before."""
    return _POINTS.search(text)


def _at(items: Sequence[str], number: int) -> Sequence[str]:
    return items[number - 1 : number] if number > 0 else []


def _chosen(match: re.Match[str]) -> int:
    digits, circled, chinese, english = match.groups()
    if digits:
        return int(digits)
    return _CIRCLED.get(circled or "") or _ZH.get(chinese or "") or _EN_COUNT[(english or "").lower()]
