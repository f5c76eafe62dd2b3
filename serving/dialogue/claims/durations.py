"""Lengths of time, in hours: 7天 = 一周, 两天 = 48 小时, 半个月 = 15 days. Working days are a unit of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from serving.dialogue.claims.numerals import RANGE, read_range
from serving.dialogue.claims.records import RATE, Claim

_DAY, _MONTH = 24.0, 720.0
_UNITS = {  # a month has 30 days, a year 12 months
    "second": (1 / 3600, r"秒钟?|seconds?\b"),
    "minute": (1 / 60, r"分钟|minutes?\b|mins?\b"),
    "quarter": (0.25, r"刻钟"),
    "workday": (1.0, r"个?工作日|个?工作天|(?:working|business)[ -]days?\b"),
    "hour": (1.0, r"个?小时|个?钟头|hours?\b|hrs?\b"),
    "day": (_DAY, r"天|日(?=之?内|无理由)|days?\b"),
    "week": (7 * _DAY, r"周(?![一二三四五六日天末])|个?星期|个?礼拜|weeks?\b"),
    "month": (_MONTH, r"个月|months?\b"),
    "year": (12 * _MONTH, r"年(?!底|度|\s*\d)|years?\b"),
}
_ANY = "|".join(f"(?P<{unit}>{words})" for unit, (_, words) in _UNITS.items())
_KIND_OF = r"(?:(?:full|whole|calendar|working|business|more)[ -](?!days?\b))?"
_NUMBERED = re.compile(rf"(?<!第){RANGE}[\s-]*{_KIND_OF}(?:{_ANY})", re.IGNORECASE)
_ARTICLE = re.compile(
    rf"\b(?:(?P<half>half an?)|(?P<fraction>a quarter of an)|(?P<some>an?))\s+(?:{_ANY})(?P<two> or two)?",
    re.IGNORECASE,
)

_RATE = re.compile(r"\b(?:for each|each|per|every|times?|once|twice|yuan|points?)\s+$", re.IGNORECASE)


def find(text: str) -> Iterator[Claim]:
    for match in _NUMBERED.finditer(text):
        value = read_range(match)
        if value and not (match["year"] == "年" and value[0] > 1900):
            yield _claim(match, value)
    for match in _ARTICLE.finditer(text):
        low = 0.5 if match["half"] else 0.25 if match["fraction"] else 1.0
        is_rate = match["some"] and _RATE.search(text[: match.start()])
        yield _claim(match, (low, 2.0 if match["two"] else low), RATE if is_rate else "")


def _claim(match: re.Match[str], value: tuple[float, float], written: str = "") -> Claim:
    unit = next(unit for unit in _UNITS if match[unit])
    hours = _UNITS[unit][0]
    kind = "workday" if unit == "workday" else "hour"
    return Claim(
        "duration", kind, (value[0] * hours, value[1] * hours), match[0], match.start(), value, written or unit
    )
