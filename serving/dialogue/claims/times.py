"""Times of the day in minutes: 9:00, 16:00, 下午四点, 4 pm. Without morning or afternoon, both are meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from serving.dialogue.claims.numerals import ZH_WORDS, read_number
from serving.dialogue.claims.records import Claim

_CLOCK = re.compile(
    r"(?<![\d:：])(?P<hour>[01]?\d|2[0-4])[:：](?P<minute>[0-5]\d)(?::[0-5]\d)?(?:\s?(?P<half>[ap])\.?m\b)?", re.I
)
_HALF = re.compile(r"\b(?P<hour>1[0-2]|[1-9])\s?(?P<half>[ap])\.?m\b\.?", re.I)
_ZH = re.compile(
    rf"(?P<half>凌晨|早上?|上午|中午|下午|傍晚|晚上?)?(?P<hour>\d{{1,2}}|{ZH_WORDS})\s*(?:点钟?(?![儿滴])|时(?=[前后]))(?P<part>半|\d{{1,2}}分)?"
)
_WORDS = re.compile(r"\b(?P<noon>noon)\b|\b(?P<midnight>midnight)\b", re.I)


def find(text: str) -> Iterator[Claim]:
    for pattern in (_CLOCK, _HALF):
        for match in pattern.finditer(text):
            hour, half = int(match["hour"]), (match["half"] or "").lower()
            minutes = 60 * (hour % 12 + 12 * (half == "p") if half else hour) + int(
                match.groupdict().get("minute") or 0
            )
            yield Claim("time", "minute of the day", (float(minutes),), match[0], match.start())
    for match in _ZH.finditer(text):
        hour_of_words = read_number(match["hour"])
        if hour_of_words is None or hour_of_words > 24 or (hour_of_words < 1 and match["hour"] == "半"):
            continue
        minutes = int(60 * hour_of_words) + (30 if match["part"] == "半" else int((match["part"] or "0").rstrip("分")))
        late = match["half"] in ("下午", "傍晚", "晚", "晚上") or (match["half"] == "中午" and hour_of_words < 3)
        if late and minutes < 720:
            minutes += 720
        unit = "minute of the day" if match["half"] or minutes >= 780 else "minute of half a day"
        yield Claim("time", unit, (float(minutes),), match[0], match.start())
    for match in _WORDS.finditer(text):
        yield Claim("time", "minute of the day", (720.0 if match["noon"] else 0.0,), match[0], match.start())
