"""A number told in pieces within a text: "前三位138，后面00138000", "the first part 617 555 and then 0139".

A word for the first piece begins it and words for the next ones go on; the pieces count only when together
they have the length of a phone, ID card, bank card or social security number. Each is a span of its own.
Not found: pieces told in several turns, for one of them is too little (``前三位138``, ``后面00138000``).
Found: ``前三位138，后面00138000``, ``the first part 617 555 and then 0139``. Left: ``前三位138``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors.base import PiiSpan, digits

_COUNT = "(?:[一二两三四五六七八九十\\d]{1,2}[位个])?"
_FIRST = rf"""
      前[面边]?{_COUNT}|开头
    | [Ff]irst\s(?:\w{{1,5}}\s)?(?:part|half|digits?)
    | [Ff]irst\s\d{{1,2}}\s(?:of|are|is)|(?:starts|begins)\swith
"""
_NEXT = (
    rf"中间{_COUNT}|(?:[后末尾]|最后|接着|然后|再)[面边来]?{_COUNT}|生日"
    r"|(?:and\s)?(?:then|last|the\srest|ends?\swith)"
)
_NUMBER = r"\d{2,19}(?:[ -]\d{2,8}){0,4}(?![\d元块年月天])"
_FILL = r"[^\d\n]{0,24}?"
_PIECES = re.compile(
    rf"""
    (?:{_FIRST}){_FILL}({_NUMBER})[\s,，]{{0,3}}(?:{_NEXT}){_FILL}({_NUMBER})
    (?:[\s,，]{{0,3}}(?:{_NEXT}){_FILL}({_NUMBER}[Xx]?))?
    """,
    re.VERBOSE,
)
_HINTS = ("前", "开头", "first", "First", "starts with", "begins with")  # cheaper than the pattern
_KINDS = {18: "ID_CARD", 15: "ID_CARD", 11: "PHONE", 10: "PHONE", 9: "SSN", 16: "BANK_CARD", 19: "BANK_CARD"}
_CARD = re.compile(r"(?i)卡号|银行|card")
_SOCIAL = re.compile(r"(?i)social|ssn")


def _kind(text: str, start: int, number: str) -> str | None:
    """What the pieces are when put together."""
    kind = _KINDS.get(len(number))
    before = text[max(0, start - 30) : start + 30]
    if kind == "SSN":
        return kind if _SOCIAL.search(before) else None
    if kind == "PHONE" and len(number) == 11:
        return kind if number[0] in "01" else None
    if kind == "ID_CARD":
        return "BANK_CARD" if _CARD.search(before) and "身份" not in before else kind
    return kind or ("BANK_CARD" if len(number) == 17 and _CARD.search(before) else None)


def find(text: str) -> Iterator[PiiSpan]:
    """Pieces of folded text."""
    if not any(hint in text for hint in _HINTS):
        return
    for match in _PIECES.finditer(text):
        groups = [group for group in (1, 2, 3) if match[group]]
        number = "".join(digits(match[group]) for group in groups) + "X" * match[0][-1:].upper().count("X")
        if kind := _kind(text, match.start(), number):
            for group in groups:
                yield PiiSpan(*match.span(group), kind)
