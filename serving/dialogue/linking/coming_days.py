"""A coming day in a message: 周五, 20号, 明天, by Saturday, the 20th. Days of the past are ``days``' matter.

A weekday is the next one, today included. A day beside a word for what has been done (周五下的单, ordered on the 13th)
is none. A bare day of the month that is over is one of the next month only where the words look ahead: 5号送来行吗, by
the 5th. Hours and spans ("in two weeks") are not read.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

_ZH_WEEKDAY = re.compile(r"(?<!上)(?P<next>下)?(?:个)?(?:周|星期|礼拜)(?P<day>[一二三四五六日天末])")
_ZH_DAY = re.compile(r"(?:(?P<month>\d{1,2})月)?(?P<day>\d{1,2})(?:号|日)(?!\s*(?:楼|线|院))")
_EN_WEEKDAY = re.compile(
    r"(?<!last )\b(?P<next>next )?(?P<day>mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b"
    r"|\b(?P<end>weekend)\b",
    re.IGNORECASE,
)
_EN_DAY = re.compile(r"\bthe (?P<day>\d{1,2})(?:st|nd|rd|th)\b", re.IGNORECASE)
_WORDS = (
    (re.compile(r"大后天"), 3),
    (re.compile(r"(?<!大)后天|\bday after tomorrow\b", re.IGNORECASE), 2),
    (re.compile(r"明[天早晚]|(?<!after )\btomorrow\b", re.IGNORECASE), 1),
    (re.compile(r"今[天晚]|\btoday\b|\btonight\b", re.IGNORECASE), 0),
)
_ZH_DAYS = {c: i for i, c in enumerate("一二三四五六日")} | {"天": 6, "末": 5}
_EN_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# What has been done on a day: nobody waits for it.
_DONE_AFTER = re.compile(
    r"\s*(?:早上|上午|中午|下午|晚上|夜里|凌晨|的时候|我|就|已经|才|刚|在你们?[家店]?|在这里?)*"
    r"(?:下的?单|下了单|拍|买|订|购|付的?款|付了|支付|取消了?的|签收的?|收到|收的|发的货|发货的|寄的|送来的|来的|到的|那[一]?[单笔])"
    r"|(?:['’]s)? (?:order|purchase|parcel)\b",
    re.IGNORECASE,
)
_DONE_BEFORE = re.compile(
    r"\b(?:ordered|bought|purchased|placed|paid|cancelled|canceled|shipped|received|delivered|arrived|came|collected"
    r"|got (?:it|them|this))\b(?: (?!(?:will|would|can|could|should|must|need|want|by|before|until)\b)[\w'-]+){0,8} ?$"
    r"|\b(?:order|purchase|parcel|those|one|ones|since)(?: (?:from|of|on|dated|since))+ ?$|\bsince $"
    r"|(?:下的?单|买的?|拍的?|付款|签收|收到)(?:时间|日期)?(?:是|在|于)$",
    re.IGNORECASE,
)
_AHEAD_AFTER = re.compile(
    r"\s*(?:之?前|以前|早上|上午|中午|下午|晚上)*\s*(?:再|要|得|能|可以|会|前|送|到|发|收|寄|来|用|办|过|走|出|之前|以前|是我|生日)"
)
_AHEAD_BEFORE = re.compile(r"下(?:个)?月(?:的)?$|\b(?:by|before|until|till|for|next month on|after) $", re.IGNORECASE)
_NEXT_MONTH = re.compile(r"下(?:个)?月(?:的)?$")


def find_coming_day(text: str, today: date) -> date | None:
    """The first coming day that a text names; None when it names none."""
    return next((day for day in _days(text, today) if day), None)


def _days(text: str, today: date) -> Iterator[date | None]:
    for words, days in _WORDS:
        if _open_mentions(words, text):
            yield today + timedelta(days)
    for found in _open_mentions(_ZH_WEEKDAY, text):
        yield _weekday(_ZH_DAYS[found["day"]], found["next"], today)
    for found in _open_mentions(_EN_WEEKDAY, text):
        weekday = 5 if found["end"] else _EN_DAYS.index(found["day"][:3].lower())
        yield _weekday(weekday, found["next"], today)
    for found in (*_open_mentions(_ZH_DAY, text), *_open_mentions(_EN_DAY, text)):
        before, after = text[: found.start()], text[found.end() :]
        ahead = _AHEAD_BEFORE.search(before) or _AHEAD_AFTER.match(after)
        later = _NEXT_MONTH.search(before) is not None
        yield _day(int(found.groupdict().get("month") or 0), int(found["day"]), today, bool(ahead), later)


def _open_mentions(words: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """Where a text names a day on which nothing has been done."""
    return [
        found
        for found in words.finditer(text)
        if not _DONE_AFTER.match(text, found.end()) and not _DONE_BEFORE.search(text[: found.start()])
    ]


def _weekday(weekday: int, following: str | None, today: date) -> date:
    if following:  # of the week after this one
        return today - timedelta(today.weekday()) + timedelta(7 + weekday)
    return today + timedelta((weekday - today.weekday()) % 7)


def _day(month: int, day: int, today: date, ahead: bool, later: bool) -> date | None:
    """The coming day of a month; None when it is over and the words do not look ahead."""
    year, month_of = today.year, month or today.month
    if not month and (later or day < today.day):
        if not ahead:
            return None
        year, month_of = (year + 1, 1) if today.month == 12 else (year, today.month + 1)
    if not 1 <= month_of <= 12 or not 1 <= day <= monthrange(year, month_of)[1]:
        return None
    named = date(year, month_of, day)
    return named if named >= today else None
