"""Days, times of the day and lengths of time: 11月30日, Nov 30, 周一 · 16:00, 下午四点 · 7天 = 一周, half an hour.

The year of a day is not compared. A time without morning or afternoon is both. Lengths are in hours; working days are
a unit of their own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from serving.dialogue.claims.numerals import BETWEEN, EN_WORDS, RANGE, ZH_WORDS, read_number, read_range
from serving.dialogue.claims.records import ARTICLE, Claim

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_ONES = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"]
_TEENS = [f"{word}th" for word in ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]]
_TO_31 = [*_ONES, "tenth", "eleventh", "twelfth", *_TEENS, "twentieth", *(f"twenty-{one}" for one in _ONES)]
_ORDINALS = {word: number for number, word in enumerate([*_TO_31, "thirtieth", "thirty-first"], 1)}
_ORDINAL = "|".join(sorted(_ORDINALS, key=len, reverse=True))
_N, _DAY = rf"(?:\d{{1,2}}|{ZH_WORDS})", rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|{_ORDINAL}|{EN_WORDS})"
_TO = rf"\s*(?:[-–—~～至到]|\bto\b|\buntil\b|{BETWEEN}\band\b)\s*"
_FORMS = [
    re.compile(
        rf"(?P<month>{_N})\s*月\s*(?:(?P<day>{_N})\s*[日号](?:{_TO}(?:(?P<month2>{_N})\s*月\s*)?(?P<day2>{_N})\s*[日号])?|(?P<end>底))"
    ),
    re.compile(rf"(?<![\d个第])(?P<day>{_N})\s*[日号](?!内|之内|无理由|码)(?:{_TO}(?P<day2>{_N})\s*[日号])?"),
    re.compile(r"(?<![\d-])20\d\d[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"),
    re.compile(r"\b(?P<day>\d{1,2})(?:st|nd|rd|th)\b(?:\s*(?:[-–—]|to)\s*(?P<day2>\d{1,2})(?:st|nd|rd|th)\b)?", re.I),
    re.compile(
        rf"\b(?:on|by|until|from|to) the (?P<day>{_ORDINAL})"
        r"(?=\s*(?:[,.;!?)]|$|(?:of|each|every|to|until|and|or|is)\b))",
        re.I,
    ),
    re.compile(
        r"(?<![\d-])(?P<month>0?[1-9]|1[0-2])[-/](?P<day>[12]\d|3[01])(?![\d-]|\s*(?:天|日|个|小时|days?|hours?|working))"
    ),
]
_HAS_MONTH = re.compile(rf"\b{_MONTH}", re.I)
_WITH_MONTH = [
    re.compile(rf"(?P<month>{_MONTH}) ?(?P<day>{_DAY})\b(?:{_TO}(?:(?P<month2>{_MONTH}) ?)?(?P<day2>{_DAY})\b)?", re.I),
    re.compile(rf"\b(?P<day>{_DAY})(?:{_TO}(?P<day2>{_DAY}))? (?:of )?(?P<month>{_MONTH})", re.I),
]
_RELATIVE = {
    -1.0: r"昨[天日晚]|yesterday",
    0.0: r"今[天日晚早]|(?<!签收)(?<!收货)当[天日晚]"
    r"|\b(?:today|tonight|this (?:morning|afternoon|evening)|(?:the )?same day)\b",
    1.0: r"明[天日晚早]|次日(?!达)|第二天|\b(?:tomorrow|(?:the )?next day)\b",
    2.0: r"后天|\bday after tomorrow\b",
}
_WEEKDAYS = [
    rf"(?:周|星期|礼拜){zh}(?!次|年)|\b{en}s?\b"
    for zh, en in zip(
        ["一", "二", "三", "四", "五", "六", "[日天]"],
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        strict=True,
    )
]
_NAMED_DAYS = re.compile(
    r"国庆|元旦|中秋|端午|五一|圣诞|除夕|春节|双(?:12|十二|旦)|618|情人节|妇女节|月[底末初]|年[底末前]|节前"
    r"|\bend of (?:the|this|next) (?:month|year)|\bNew Year",
    re.I,
)
_WEEKEND = r"周末|双休日|\bweekends?\b"
_DAY_WORDS: list[tuple[str, tuple[float, ...], re.Pattern[str]]] = [
    *(("relative day", (value,), re.compile(words, re.I)) for value, words in _RELATIVE.items()),
    ("week", (0.0,), re.compile(r"[本这](?:个)?(?:周|星期|礼拜)(?![一二三四五六日天末])|\bthis week\b", re.I)),
    ("week", (1.0,), re.compile(r"下(?:个)?(?:周|星期|礼拜)(?![一二三四五六日天末])|\bnext week\b", re.I)),
    *(("weekday", (float(number),), re.compile(words, re.I)) for number, words in enumerate(_WEEKDAYS)),
    ("weekday", (5.0, 6.0), re.compile(_WEEKEND, re.I)),
]
_WISH = re.compile(  # around a day, it is a wish or a greeting and no claim
    r"(?:祝|愿).{0,8}$|^.{0,4}(?:愉快|开心|顺利|快乐|有什么|想)"
    r"|(?:help|assist|do for) you $|\b(?:nice|great|good|lovely) $",
    re.I,
)


def find_dates(text: str) -> Iterator[Claim]:
    for form in [*_FORMS, *_WITH_MONTH] if _HAS_MONTH.search(text) else _FORMS:
        for match in form.finditer(text):
            names = match.groupdict()
            month, day = _month(names.get("month")), _day(names.get("day"))
            if names.get("end"):
                day = 31.0
            if day is None or not 1 <= day <= 31 or (month is not None and not 1 <= month <= 12):
                continue
            if day2 := _day(names.get("day2")):
                yield Claim(
                    "date", "day", (month, day, _month(names.get("month2")) or month, day2), match[0], match.start()
                )
            else:
                yield Claim("date", "day", (month, day), match[0], match.start())
    for match in _NAMED_DAYS.finditer(text):
        if not re.search(r"\d\s*$", text[: match.start()]):  # 12 月底 is a day with a month
            name = match[0].lower().replace("十二", "12").replace("末", "底")
            yield Claim("date", "named day", (name,), match[0], match.start())
    for unit, value, words in _DAY_WORDS:
        for match in words.finditer(text):
            before, after = text[max(match.start() - 12, 0) : match.start()], text[match.end() : match.end() + 8]
            if not (_WISH.search(before) or _WISH.search(after)):
                yield Claim("date", unit, value, match[0], match.start())


def days(claim: Claim) -> list[tuple[float | str | None, ...]]:
    """(month, day) of a claim's day, or of both ends of its range."""
    return [claim.value[at : at + 2] for at in range(0, len(claim.value), 2)]


def _month(text: str | None) -> float | None:
    if text is None:
        return None
    plain = text.lower()[:3]
    return float(_MONTHS.index(plain) + 1) if plain in _MONTHS else read_number(text)


def _day(text: str | None) -> float | None:
    if text is None:
        return None
    return _ORDINALS.get(text.lower()) or read_number(re.sub(r"(?:st|nd|rd|th)$", "", text, flags=re.I))


_CLOCK = re.compile(
    r"(?<![\d:：])(?P<hour>[01]?\d|2[0-4])[:：](?P<minute>[0-5]\d)(?::[0-5]\d)?(?:\s?(?P<half>[ap])\.?m\b)?", re.I
)
_HALF_DAY = re.compile(
    rf"\b(?P<hour>1[0-2]|[1-9]|{EN_WORDS})(?:\s?(?P<half>[ap])\.?m\b\.?|(?: o'clock)? (?:in the|at) "
    r"(?:(?P<early>morning)|(?P<late>afternoon|evening|night))\b)",
    re.I,
)
_OCLOCK = re.compile(rf"\b(?P<hour>1[0-2]|[1-9]|{EN_WORDS}) o'clock\b(?! (?:in the|at) )", re.I)
_HOUR_ZH = re.compile(  # 快一点, 晚一点 and 以下三点 are no times
    r"(?!(?:早|晚)?一点(?![钟半前后之到至整]))(?:(?P<half>凌晨|早上?|上午|中午|下午|傍晚|晚上?)|(?<![这有意下]))"
    rf"(?P<hour>\d{{1,2}}|{ZH_WORDS})\s*(?:点钟?(?![儿滴])|时(?=[前后]))(?P<part>半|\d{{1,2}}分)?"
)
_NOON = re.compile(r"\b(?P<noon>noon)\b|\b(?P<midnight>midnight)\b", re.I)


def find_times(text: str) -> Iterator[Claim]:
    for pattern in (_CLOCK, _HALF_DAY, _OCLOCK):
        for match in pattern.finditer(text):
            named = match.groupdict()
            hour = read_number(named["hour"])
            if hour is None or hour > 24:
                continue
            half = (named.get("half") or "").lower() or (
                "a" if named.get("early") else "p" if named.get("late") else ""
            )
            minutes = 60 * (hour % 12 + 12 * (half == "p") if half else hour) + int(named.get("minute") or 0)
            unit = "minute of half a day" if pattern is _OCLOCK else "minute of the day"
            yield Claim("time", unit, (float(minutes),), match[0], match.start())
    for match in _HOUR_ZH.finditer(text):
        hour_of_words = read_number(match["hour"])
        if hour_of_words is None or hour_of_words > 24 or (hour_of_words < 1 and match["hour"] == "半"):
            continue
        minutes = int(60 * hour_of_words) + (30 if match["part"] == "半" else int((match["part"] or "0").rstrip("分")))
        late = match["half"] in ("下午", "傍晚", "晚", "晚上") or (match["half"] == "中午" and hour_of_words < 3)
        if late and minutes < 720:
            minutes += 720
        unit = "minute of the day" if match["half"] or minutes >= 780 else "minute of half a day"
        yield Claim("time", unit, (float(minutes),), match[0], match.start())
    for match in _NOON.finditer(text):
        yield Claim("time", "minute of the day", (720.0 if match["noon"] else 0.0,), match[0], match.start())


_UNITS = {  # a month has 30 days, a year 12 months
    "second": (1 / 3600, r"秒钟?|seconds?\b"),
    "minute": (1 / 60, r"分钟|minutes?\b|mins?\b"),
    "quarter": (0.25, r"刻钟"),
    "workday": (1.0, r"个?工作日|个?工作天|(?:working|business)[ -]days?\b"),
    "hour": (1.0, r"个?小时|个?钟头|hours?\b|hrs?\b"),
    "day": (24.0, r"天|日(?=之?内|无理由)|days?\b"),
    "week": (7 * 24.0, r"周(?![一二三四五六日天末])|个?星期|个?礼拜|weeks?\b"),
    "month": (720.0, r"个月|months?\b"),
    "year": (12 * 720.0, r"年(?!底|度|\s*\d)|years?\b"),
}
_ANY = "|".join(f"(?P<{unit}>{words})" for unit, (_, words) in _UNITS.items())
_LENGTHS = [
    (re.compile(r"(?:即时|实时|秒|立刻|立即|马上)(?:到账|到帐|退款)|\binstant(?:ly)?\b", re.I), 0.0),
    (
        re.compile(
            r"终[身生]|永久|一辈子|永不|(?:不会|不)过期(?!后)|\bnever (?:expires?|runs? out)\b"
            r"|\bno expiry\b|\blifetime\b|\bfor(?: ever|ever)\b|\bfor life\b",
            re.I,
        ),
        math.inf,
    ),
    (re.compile(r"\b(?:a|one) fortnight\b", re.I), 14 * 24.0),
    (re.compile(r"\ba couple of days\b", re.I), 48.0),
    (re.compile(r"\ba couple of weeks\b", re.I), 14 * 24.0),
    (re.compile(r"\ba couple of months\b", re.I), 1440.0),
]
_KIND_OF = r"(?:(?:full|whole|calendar|working|business|more)[ -](?!days?\b))?"
_NUMBERED = re.compile(rf"(?<!第){RANGE}[\s-]*{_KIND_OF}(?:{_ANY})", re.IGNORECASE)
_ARTICLE = re.compile(
    r"(?!a second\b(?! or two))\b(?:(?P<half>half an?)|(?P<fraction>a quarter of an)|(?P<some>an?))"
    rf"\s+(?:{_ANY})(?P<two> or two)?",
    re.IGNORECASE,
)

_RATE = re.compile(r"\b(?:days|for each|each|per|every|times?|once|twice|yuan|points?)\s+$", re.IGNORECASE)


def find_durations(text: str) -> Iterator[Claim]:
    for pattern, hours in _LENGTHS:
        for match in pattern.finditer(text):
            yield Claim("duration", "hour", (hours, hours), match[0], match.start())
    for match in _NUMBERED.finditer(text):
        value = read_range(match)
        if re.match(r" a week\b", text[match.end() :]):
            continue  # seven days a week
        if value and not (match["year"] == "年" and value[0] > 1900):
            yield _duration(match, value)
    for match in _ARTICLE.finditer(text):
        low = 0.5 if match["half"] else 0.25 if match["fraction"] else 1.0
        is_rate = match["some"] and _RATE.search(text[: match.start()])
        yield _duration(match, (low, 2.0 if match["two"] else low), ARTICLE if is_rate else "")


def _duration(match: re.Match[str], value: tuple[float, float], written: str = "") -> Claim:
    unit = next(unit for unit in _UNITS if match[unit])
    hours = _UNITS[unit][0]
    kind = "workday" if unit == "workday" else "hour"
    return Claim(
        "duration", kind, (value[0] * hours, value[1] * hours), match[0], match.start(), value, written or unit
    )
