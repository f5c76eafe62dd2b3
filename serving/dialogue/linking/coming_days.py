"""A coming day in a message: 周五, 20号, 明天, by Saturday, the 20th. Days of the past are ``days``' matter.

A weekday is the next one, today included; a day of the month that is over is one of the next month. Hours and spans
("in two weeks") are not read.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

_ZH_WEEKDAY = re.compile(r"(?<!上)(?P<next>下)?(?:个)?(?:周|星期|礼拜)(?P<day>[一二三四五六日天末])")
_ZH_DAY = re.compile(r"(?:(?P<month>\d{1,2})月)?(?P<day>\d{1,2})(?:号|日)(?!\s*(?:楼|线|院|买|拍|下单|订|签收))")
_EN_WEEKDAY = re.compile(
    r"(?<!last )\b(?P<next>next )?(?P<day>mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b"
    r"|\b(?P<end>weekend)\b",
    re.IGNORECASE,
)
_EN_DAY = re.compile(r"\bthe (?P<day>\d{1,2})(?:st|nd|rd|th)\b", re.IGNORECASE)
_WORDS = (
    (re.compile(r"大后天"), 3),
    (re.compile(r"后天|\bday after tomorrow\b", re.IGNORECASE), 2),
    (re.compile(r"明[天早晚]|\btomorrow\b", re.IGNORECASE), 1),
    (re.compile(r"今[天晚](?!下单|拍|买)|\btoday\b|\btonight\b", re.IGNORECASE), 0),
)
_ZH_DAYS = {c: i for i, c in enumerate("一二三四五六日")} | {"天": 6, "末": 5}
_EN_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def find_coming_day(text: str, today: date) -> date | None:
    """The first coming day that a text names; None when it names none."""
    for words, days in _WORDS:
        if words.search(text):
            return today + timedelta(days)
    if found := _ZH_WEEKDAY.search(text):
        return _weekday(_ZH_DAYS[found["day"]], found["next"], today)
    if found := _EN_WEEKDAY.search(text):
        weekday = 5 if found["end"] else _EN_DAYS.index(found["day"][:3].lower())
        return _weekday(weekday, found["next"], today)
    if found := _ZH_DAY.search(text) or _EN_DAY.search(text):
        return _day(int(found.groupdict().get("month") or 0), int(found["day"]), today)
    return None


def _weekday(weekday: int, following: str | None, today: date) -> date:
    if following:  # of the week after this one
        return today - timedelta(today.weekday()) + timedelta(7 + weekday)
    return today + timedelta((weekday - today.weekday()) % 7)


def _day(month: int, day: int, today: date) -> date | None:
    year, month_of = today.year, month or today.month
    if not month and day < today.day:
        year, month_of = (year + 1, 1) if today.month == 12 else (year, today.month + 1)
    if not 1 <= month_of <= 12 or not 1 <= day <= monthrange(year, month_of)[1]:
        return None
    named = date(year, month_of, day)
    return named if named >= today else None
