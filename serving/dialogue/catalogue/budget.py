"""Reads a budget in yuan: under 200, 两三百, around 150. Numbers with another unit are none."""

from __future__ import annotations

import re

from kefu.text.numbers import NUMBER, NUMERALS, read_number

LEAST_PRICE = 5  # a smaller number is a count or a choice from a list
ABOUT, ABOUT_BELOW = 0.2, 0.5  # "around 200" is 100 to 240: who would spend 200 is glad to spend less

_N = rf"[¥￥]?\s*({NUMBER})"
_YUAN = r"\s*(?:元|块钱?|人民币|rmb|yuan|cny)?\s*"
_UNIT = r"[个件只条张床套双号日天点人岁度月年米升克瓦%％]|\.\d|厘米|毫升|公斤|小时|cm\b|ml\b|l\b|kg\b|g\b|w\b"
_NOT_MONEY = rf"(?!,?\d|[一二两三四五六七八九十百千万]|\s*(?:{_UNIT}))"  # nor a part of a longer number
_TO = r"(?:到|至|-|–|—|~|～|to|and)"
BETWEEN = re.compile(rf"{_N}{_YUAN}{_TO}\s*{_N}{_NOT_MONEY}", re.IGNORECASE)
ABOUT_IT = re.compile(
    rf"{_N}{_YUAN}(?:左右|上下|出头|来块|来元|来块钱|ish\b)|(?:\baround|\babout|\broughly|大概|大约|差不多)\s*{_N}{_NOT_MONEY}",
    re.IGNORECASE,
)
AT_MOST = re.compile(
    rf"{_N}{_YUAN}(?:以内|以下|之内|以里|里头|内(?!胆)|封顶|or\s+less|max\b|tops\b)"
    rf"|(?:不超过|不高于|低于|少于|小于|不到|最多|至多|控制在|预算|limit|under|below|less\s+than|up\s+to|at\s+most|max(?:imum)?"
    rf"|no\s+more\s+than|not\s+more\s+than|within|cheaper\s+than|budget)\s*(?:大概|大约|是|在|只有|有|就|of|is|:|：)?\s*{_N}{_NOT_MONEY}",
    re.IGNORECASE,
)
AT_LEAST = re.compile(
    rf"{_N}{_YUAN}(?:以上|往上|起步|or\s+more)"
    rf"|(?:(?<!不)超过|(?<!不)高于|大于|至少|不低于|不少于|over|above|(?<!no )(?<!not )more\s+than|at\s+least)"
    rf"\s*{_N}{_NOT_MONEY}",
    re.IGNORECASE,
)
HUNDREDS = re.compile(r"([一二两三四五六七八九])([二两三四五六七八九])百")  # 两三百: 200 to 300
AND_MORE = re.compile(r"([一二两三四五六七八九]百|\d00)多")  # 两百多: 200 to 300
BLANKS = re.compile(r"\s{2,}")
# Longer than any number that is read; the patterns above would look at a run of digits from each of them to its end.
NO_AMOUNT = re.compile(rf"[\d,]{{17,}}|[{NUMERALS}]{{17,}}")
MAYBE_NUMBER = re.compile(rf"[\d{NUMERALS}A-Za-z]")  # cheap, and in no message of a number missing


def read_budget(message: str) -> tuple[int | None, int | None]:
    """(least, most) in yuan; None is open. Numbers with another unit (200 ml) are no budget."""
    if not MAYBE_NUMBER.search(message):
        return None, None
    message = NO_AMOUNT.sub("\n", BLANKS.sub(" ", message))
    message = HUNDREDS.sub(r"\1百到\2百", message)
    if found := AND_MORE.search(message):
        least = read_number(found[1])
        return least, (least or 0) + 100
    if (found := BETWEEN.search(message)) and (numbers := _amounts(found)) and len(numbers) == 2:
        return min(numbers), max(numbers)
    if (found := ABOUT_IT.search(message)) and (numbers := _amounts(found)):
        return round(numbers[0] * (1 - ABOUT_BELOW)), round(numbers[0] * (1 + ABOUT))
    most = _amounts(found) if (found := AT_MOST.search(message)) else []
    least_ = _amounts(found) if (found := AT_LEAST.search(message)) else []
    return (least_[0] if least_ else None), (most[0] if most else None)


def read_about(message: str) -> int | None:
    """The price, in yuan, around which a budget is: 60 of "around 60"."""
    found = ABOUT_IT.search(NO_AMOUNT.sub("\n", message)) if MAYBE_NUMBER.search(message) else None
    return next(iter(_amounts(found)), None) if found else None


def _amounts(match: re.Match[str]) -> list[int]:
    numbers = [read_number(group) for group in match.groups() if group]
    return [number for number in numbers if number is not None and number >= LEAST_PRICE]
