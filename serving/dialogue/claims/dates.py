"""Days of the calendar: 11月30日, 11-30, Nov 30, the 15th, today, 周一. The year is not compared."""

from __future__ import annotations

import re
from collections.abc import Iterator

from serving.dialogue.claims.numerals import EN_WORDS, ZH_WORDS, read_number
from serving.dialogue.claims.records import Claim

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_N, _DAY = rf"(?:\d{{1,2}}|{ZH_WORDS})", rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|{EN_WORDS})"
_TO = r"\s*(?:[-–—~～至到]|\bto\b|\buntil\b)\s*"
_FORMS = [
    re.compile(
        rf"(?P<month>{_N})\s*月\s*(?:(?P<day>{_N})\s*[日号](?:{_TO}(?:(?P<month2>{_N})\s*月\s*)?(?P<day2>{_N})\s*[日号])?|(?P<end>底))"
    ),
    re.compile(rf"(?<![\d个第])(?P<day>{_N})\s*[日号](?!内|之内|无理由|码)(?:{_TO}(?P<day2>{_N})\s*[日号])?"),
    re.compile(r"(?<![\d-])20\d\d[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"),
    re.compile(rf"(?P<month>{_MONTH}) ?(?P<day>{_DAY})\b(?:{_TO}(?:(?P<month2>{_MONTH}) ?)?(?P<day2>{_DAY})\b)?", re.I),
    re.compile(rf"\b(?P<day>{_DAY})(?:{_TO}(?P<day2>{_DAY}))? (?:of )?(?P<month>{_MONTH})", re.I),
    re.compile(r"\b(?P<day>\d{1,2})(?:st|nd|rd|th)\b(?:\s*(?:[-–—]|to)\s*(?P<day2>\d{1,2})(?:st|nd|rd|th)\b)?", re.I),
    re.compile(
        r"(?<![\d-])(?P<month>0?[1-9]|1[0-2])[-/](?P<day>[12]\d|3[01])(?![\d-]|\s*(?:天|日|个|小时|days?|hours?|working))"
    ),
]
_RELATIVE = {
    -1.0: r"昨[天日晚]|yesterday",
    0.0: r"今[天日晚早]|当[天日晚]|\b(?:today|tonight|this (?:morning|afternoon|evening)|(?:the )?same day)\b",
    1.0: r"明[天日晚早]|次日(?!达)|第二天|\b(?:tomorrow|(?:the )?next day)\b",
    2.0: r"后天|\bday after tomorrow\b",
}
_WEEKDAYS = [
    rf"(?:周|星期|礼拜){zh}(?!次|年)|\b{en}\b"
    for zh, en in zip(
        ["一", "二", "三", "四", "五", "六", "[日天]"],
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        strict=True,
    )
]
_WORDS = [("relative day", value, re.compile(words, re.I)) for value, words in _RELATIVE.items()] + [
    ("weekday", float(number), re.compile(words, re.I)) for number, words in enumerate(_WEEKDAYS)
]
_WISHES = re.compile(r"愉快|开心|顺利|(?:nice|great|good|lovely) day|(?:help|assist) you today|帮.{0,4}您", re.I)


def find(text: str) -> Iterator[Claim]:
    for form in _FORMS:
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
    if not _WISHES.search(text):
        for unit, value, words in _WORDS:
            for match in words.finditer(text):
                yield Claim("date", unit, (value,), match[0], match.start())


def days(claim: Claim) -> list[tuple[float | str | None, ...]]:
    """(month, day) of a claim's day, or of both ends of its range."""
    return [claim.value[at : at + 2] for at in range(0, len(claim.value), 2)]


def _month(text: str | None) -> float | None:
    if text is None:
        return None
    plain = text.lower()[:3]
    return float(_MONTHS.index(plain) + 1) if plain in _MONTHS else read_number(text)


def _day(text: str | None) -> float | None:
    return None if text is None else read_number(re.sub(r"(?:st|nd|rd|th)$", "", text, flags=re.I))
