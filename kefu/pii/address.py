"""Postal addresses, precise enough to find a door or a street.

A Chinese address is a chain of units, each ending in what it is (省 市 区 路 号 栋 室): one linear scan
finds units, neighbours form chains, and a chain counts when it tells a door or a street. A city,
district or town alone stays: it says how long a parcel takes, not where somebody lives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.pii.base import Found

_FUNCTION = "的是在到我你您他她它们给把寄送住和与了请帮要这那有没能可以从去来往发就都也吗呢吧啊哦换址"
# Places whose names hold such a word: 成都, 都江堰, 和平路, 呼和浩特, 来宾, 从化, 那曲, 发展路, 可可西里.
_NAMED = (
    "(?<=成)都|都(?=[匀江昌安兰])|和(?=[平田谐顺兴静政龙睦])|(?<=[呼泰永太仁丰])和"
    "|来(?=[宾安凤福])|从化|那曲|发(?=[展达])|可可"
)
_PLACE = rf"(?:[^\W\d_{_FUNCTION}]|{_NAMED})"
_REGION = "特别行政区|自治区|自治州|自治县|省|市|区|县|州|旗"
_TOWN = "街道|镇|乡"
_STREET = "大道|公路|胡同|路|街|巷|弄|村"
_SITE = "小区|花园|家园|公寓|大厦|广场|中心|学校|大学|中学|医院|工业园|科技园|产业园|新村|苑|府|湾|城|庄|里"
_NUMBER = "号楼|号院|单元|号|栋|幢|座|楼|层|室|房|弄|组|队"
CHARACTERS = "道镇乡路同街巷弄村区园寓厦场心学院苑府湾城庄里号栋幢座室"  # much faster to exclude by
_LAST = re.compile(f"[{CHARACTERS}]")
_HINT = re.compile(rf"{_TOWN}|{_STREET}|{_SITE}|[\d一二三四五六七八九十][号栋幢座室]")
_UNIT = re.compile(
    rf"(?P<number>[A-Za-z]?[\d一二三四五六七八九十]{{1,5}}(?:[-#][A-Za-z\d]{{1,5}})?(?:{_NUMBER}))"
    rf"|{_PLACE}{{1,8}}?(?:(?P<region>{_REGION})|(?P<town>{_TOWN})|(?P<street>{_STREET})|(?P<site>{_SITE})(?!{_TOWN}|{_REGION}|[东南西北中]?(?:{_STREET})))"
    r"|(?P<bare>[A-Za-z]?\d{1,4}(?:-\d{1,4}){0,3})(?![\d元块%天个件年月日点折])"
)
_JOINT = re.compile(r"[\s,、-]{0,2}")
_LEAD = re.compile(r"(?:新?地[址点]|改[成为]|成(?!都)|为|收货|快递|现在|就|回|家|公司){1,3}")
_ENGLISH_HINT = re.compile(r"\d[A-Za-z]?,?\s[A-Z]")
_ENGLISH = re.compile(
    r"(?:(?<![A-Za-z])(?i:room|rm|flat|unit|apt|building|block|suite)\.?\s?[A-Za-z0-9-]{1,6},?\s){0,3}"
    r"(?:(?<![A-Za-z])No\.?\s?)?(?<![\d.])\d{1,5}[A-Za-z]?,?\s(?:[A-Z][A-Za-z'.-]{0,19}\s){1,4}"
    r"(?i:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|square|terrace)(?![A-Za-z])\.?"
    r"(?:,?\s(?i:apt|suite|unit|room|flat|#)\.?\s?[A-Za-z0-9-]{1,6})?(?:,\s?[A-Z][A-Za-z]{1,19}(?:\s[A-Z][a-z]{1,19})?){0,3}"
    r"(?:,?\s[A-Z]{2})?(?:\s\d{5}(?:-\d{4})?)?(?![A-Za-z\d])"
)


def _counts(kinds: list[str]) -> bool:
    """Whether a chain tells a door or a street; "分拣中心" or a town under its district does not."""
    place = "street" in kinds or "site" in kinds
    if "number" in kinds:
        return place or "town" in kinds or "region" in kinds
    regions = kinds.count("region")
    return (regions >= 1 and "street" in kinds) or (regions >= 2 and (place or "town" in kinds))


def _chains(text: str) -> Iterator[tuple[int, int, list[str]]]:
    start, end, kinds = -1, -1, list[str]()
    for match in _UNIT.finditer(text):
        kind = str(match.lastgroup)
        joint = _JOINT.match(text, end) if kinds else None
        if not (joint and joint.end() == match.start()):
            if kinds:
                yield start, end, kinds
            if kind == "bare":
                start, end, kinds = -1, -1, []
                continue
            start, kinds = match.start(), []
        end = match.end()
        kinds.append(kind)
    if kinds:
        yield start, end, kinds


def find(text: str) -> Iterator[Found]:
    """Addresses of folded text."""
    if _LAST.search(text) and _HINT.search(text):
        for start, end, kinds in _chains(text):
            if _counts(kinds):
                lead = _LEAD.match(text, start, end)
                yield Found(lead.end() if lead else start, end, "ADDRESS")
    for match in _ENGLISH.finditer(text) if _ENGLISH_HINT.search(text) else ():
        yield Found(match.start(), match.end(), "ADDRESS")
