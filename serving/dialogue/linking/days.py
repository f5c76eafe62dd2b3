"""Days of the past in a message: 昨天, 上周二, 11月10号, 11/10, Nov 13, last Tuesday, two days ago.

A day without a year is the last one that has been; a weekday alone too. Days to come and hours are not read: who
wants something *for* Wednesday names no order. Lunar days and holidays' names are not covered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple


class DayMention(NamedTuple):
    """``text[start:end]`` means a day from ``first`` to ``last``."""

    start: int
    end: int
    first: date
    last: date


MAX_DAYS = 20  # more is pasted text

_DIGITS = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2, "俩": 2, "日": 7, "天": 7, "末": 7}
_ZH_NUMBER = "[〇零一二两俩三四五六七八九十]{1,3}"
_NUMBER = rf"(?:\d{{1,2}}|{_ZH_NUMBER})"
_WEEKDAYS = {name[:3]: i for i, name in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday"), 0)} | {
    "sat": 5,
    "sun": 6,
}
_WEEKDAY = r"(mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:r|rs|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
_MONTHS = {name: i for i, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}  # noqa: SIM905
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_EN_NUMBERS = {name: i for i, name in enumerate(("a", "two", "three", "four", "five", "six", "seven", "eight"), 1)} | {
    "an": 1,
    "one": 1,
    "a couple of": 2,
}
_COUNT = r"(\d{1,2}|an?|one|two|three|four|five|six|seven|eight|a couple of)"
_ORDINAL_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"

Span = tuple[date, date]
Reader = Callable[[re.Match[str], date], "Span | None"]


def find_days(text: str, today: date) -> list[DayMention]:
    """The days of the past that a text names, in order of place; longer readings win."""
    found: list[DayMention] = []
    for pattern, read in _FORMS:
        for match in pattern.finditer(text):
            if len(found) == MAX_DAYS:
                break
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            days = read(match, today)
            if days and days[0] <= today:
                found.append(DayMention(match.start(), match.end(), *days))
    return sorted(found)


def _number(text: str) -> int:
    """'12', '十二' or '廿' spelled numbers up to 99."""
    if text.isdecimal():
        return int(text)
    if "十" in text:
        tens, _, ones = text.partition("十")
        return 10 * (_DIGITS[tens] if tens else 1) + (_DIGITS[ones] if ones else 0)
    return _DIGITS[text[-1]]


def _on(year: int, month: int, day: int) -> Span | None:
    try:
        return (date(year, month, day),) * 2
    except ValueError:
        return None


def _last_such(month: int, day: int, today: date) -> Span | None:
    this = _on(today.year, month, day)
    return this if this and this[0] <= today else _on(today.year - 1, month, day)


def _day_of_month(day: int, today: date) -> Span | None:
    this = _on(today.year, today.month, day)
    if this and this[0] <= today:
        return this
    before = today.replace(day=1) - timedelta(1)
    return _on(before.year, before.month, day)


def _before(days: int) -> Reader:
    return lambda match, today: (today - timedelta(days),) * 2


def _week(start: date, weekday: int | None) -> Span:
    return (start, start + timedelta(6)) if weekday is None else (start + timedelta(weekday),) * 2


def _monday(today: date, weeks_ago: int = 0) -> date:
    return today - timedelta(today.weekday() + 7 * weeks_ago)


def _zh_week(match: re.Match[str], today: date) -> Span | None:
    """上周二, 上上周, 这周三, 上周末, 周二."""
    which, day = match["which"] or "", match["day"]
    start = _monday(today, which.count("上"))
    if day == "末":
        return start + timedelta(5), start + timedelta(6)
    weekday = _number(day) - 1 if day else None
    if not which and weekday is not None:  # the last such weekday
        return (today - timedelta((today.weekday() - weekday) % 7),) * 2
    return _week(start, weekday)


def _month_before(match: re.Match[str], today: date) -> Span | None:
    """上个月, 上个月5号, last month."""
    end = today.replace(day=1) - timedelta(1)
    day = match.groupdict().get("day")
    return _on(end.year, end.month, _number(day)) if day else (end.replace(day=1), end)


def _named_month(month: int, today: date) -> Span:
    """The last such month that has begun."""
    year = today.year if month <= today.month else today.year - 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, 1), following - timedelta(1)


def _ago(match: re.Match[str], today: date) -> Span | None:
    count = _number(match["count"])
    days = count * 7 if match["unit"] in ("周", "星期", "礼拜") else count
    return (today - timedelta(days),) * 2


def _en_ago(match: re.Match[str], today: date) -> Span | None:
    count = match[1].lower()
    number = int(count) if count.isdecimal() else _EN_NUMBERS[count]
    return (today - timedelta(number * (7 if match[2].lower() == "week" else 1)),) * 2


def _en_weekday(match: re.Match[str], today: date) -> Span | None:
    """Last Tuesday is that of the week before; Tuesday alone the last that has been."""
    weekday, which = _WEEKDAYS[match[2][:3].lower()], (match[1] or "").lower()
    if which == "last":
        return (_monday(today, 1) + timedelta(weekday),) * 2
    return (today - timedelta((today.weekday() - weekday) % 7),) * 2


def _re(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.ASCII)


_FORMS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (
        _re(r"(?<!\d)(20\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})(?:日|号|號)?(?!\d)"),
        lambda m, today: _on(int(m[1]), int(m[2]), int(m[3])),
    ),
    (
        re.compile(rf"(?P<month>{_NUMBER})月(?:份)?(?P<day>\d{{1,2}}|{_ZH_NUMBER})(?:日|号|號)?"),
        lambda m, today: _last_such(_number(m["month"]), _number(m["day"]), today),
    ),
    (
        re.compile(rf"(?<![\d月年/.-])(?P<month>1[0-2]|[1-9]|{_ZH_NUMBER})月(?:份)?(?=的|买|拍|下|订|那)"),
        lambda m, today: _named_month(_number(m["month"]), today) if 1 <= _number(m["month"]) <= 12 else None,
    ),
    (re.compile(rf"上(?:个|個)?月(?:的)?(?:(?P<day>{_NUMBER})(?:日|号|號))?"), _month_before),
    (
        re.compile(rf"(?P<count>{_NUMBER})(?:个|個)?(?P<unit>天|周|星期|礼拜)(?:之)?前"),
        _ago,
    ),
    (
        re.compile(
            r"(?P<which>上上?(?:个|個)?|这|這|本)?(?<!下)(?<!下个)(?:周|週|星期|礼拜)(?P<day>[一二三四五六日天末])"
        ),
        _zh_week,
    ),
    (re.compile(r"(?P<which>上上?(?:个|個)?|这|這|本)(?:周|週|星期|礼拜)(?P<day>)"), _zh_week),
    (re.compile("大前天"), _before(3)),
    (re.compile("前天|前日|前晚"), _before(2)),
    (re.compile("昨天|昨日|昨晚|昨儿"), _before(1)),
    (re.compile("今天|今日|今早|今儿|今晨|(?<![今昨明后前天日号])(?:早上|上午|凌晨)(?=买|拍|下|订|付)"), _before(0)),
    (
        re.compile(rf"(?<![\d月年/.-])(?P<day>{_NUMBER})(?:号|號|日)(?![楼店线院房子码])"),
        lambda m, t: _day_of_month(_number(m["day"]), t),
    ),
    (
        _re(r"(?<![\d/.\-¥￥$])(\d{1,2})(?:[/-](\d{1,2})|\.(\d\d))(?![\d/.\-%元块折米升斤倍公厘毫寸]|[ck][mg])"),
        lambda m, t: _last_such(int(m[1]), int(m[2] or m[3]), t),
    ),
    (
        _re(rf"\b{_MONTH}\s*(?:the\s+)?{_ORDINAL_DAY}\b"),
        lambda m, t: _last_such(_MONTHS[m[1][:3].lower()], int(m[2]), t),
    ),
    (_re(rf"\b{_ORDINAL_DAY}\s*(?:of\s+)?{_MONTH}"), lambda m, t: _last_such(_MONTHS[m[2][:3].lower()], int(m[1]), t)),
    (_re(r"\b(?:on|from|since) the (\d{1,2})(?:st|nd|rd|th)\b"), lambda m, t: _day_of_month(int(m[1]), t)),
    (_re(r"\bday before yesterday\b"), _before(2)),
    (_re(r"\by(?:ester|st?r?)da?y\b|\blast (?:night|nite|evening)\b"), _before(1)),
    (_re(r"\btoday\b|\bthis (?:morning|morn)\b"), _before(0)),
    (_re(rf"\b{_COUNT}\s+(day|week)s?\s+ago\b"), _en_ago),
    (
        _re(r"\blast weekend\b|\bthe weekend\b"),
        lambda m, t: (_monday(t, 1) + timedelta(5), _monday(t, 1) + timedelta(6)),
    ),
    (_re(rf"\b(?:(last|this|on|from)\s+)?{_WEEKDAY}\b"), _en_weekday),
    (_re(r"\blast week\b"), lambda m, t: _week(_monday(t, 1), None)),
    (_re(r"\bthis week\b"), lambda m, t: _week(_monday(t), None)),
    (_re(r"\blast month\b"), _month_before),
    (
        _re(rf"\b(?:in|from|of|since|(?:early|late|mid)[ -])\s*{_MONTH}(?!\s*(?:the\s+)?\d)\b"),
        lambda m, t: _named_month(_MONTHS[m[1][:3].lower()], t),
    ),
    (
        _re(rf"\bthe {_MONTH}(?=(?:'s)? (?:one|order|parcel|purchase)\b)"),
        lambda m, t: _named_month(_MONTHS[m[1][:3].lower()], t),
    ),
)
