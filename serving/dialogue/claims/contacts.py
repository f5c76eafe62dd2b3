"""Contact data and codes: telephone numbers, URLs, e-mail addresses, long numbers and codes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.text.numbers import ENGLISH
from serving.dialogue.claims.records import Claim

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_URL = re.compile(
    r"(?:https?://|www\.)[^\s，。；、）)\]]+|(?<![@\w.-])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:(?:com|cn|net|org|example|shop|store|top|vip|cc|co|io|me|app|info|xyz"
    r"|site|online|link|hk|tw)\b(?:/[^\s，。；、]*)?|[a-z]{2,8}/[^\s，。；、]*)",
    re.I,
)
_PHONE = re.compile(r"(?<![\d.-])\+?\d{2,5}(?:[ -]\d{3,8}){1,3}(?!\d)|(?<![\d.,-])\d{5,}(?![\d.])")
_SPOKEN = re.compile(  # digit by digit, in words
    r"[零〇一二三四五六七八九幺]{5,}|\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)"
    r"(?:[ -](?:zero|oh|one|two|three|four|five|six|seven|eight|nine)){4,}\b",
    re.I,
)
_DIGIT = {c: str(n) for n, c in enumerate("零一二三四五六七八九")} | {"〇": "0", "幺": "1", "oh": "0"}
_DIGIT |= {word: str(ENGLISH[word]) for word in list(ENGLISH)[:10]}
_CODE = re.compile(
    r"(?<![A-Za-z0-9_\[])(?=[A-Za-z]*\d)(?=[\d-]*[A-Za-z])[A-Za-z0-9]{2,}(?:-[A-Za-z0-9]+)*(?![A-Za-z0-9_\]])"
)


def find(text: str) -> Iterator[Claim]:
    for match in _SPOKEN.finditer(text):
        words = re.split(r"[ -]", match[0].lower()) if match[0].isascii() else match[0]
        yield Claim("contact", "phone", ("".join(_DIGIT[word] for word in words),), match[0], match.start())
    for unit, pattern in (("e-mail", _EMAIL), ("url", _URL), ("phone", _PHONE), ("code", _CODE)):
        for match in pattern.finditer(text):
            plain = re.sub(r"[\s-]", "", match[0]).lower().rstrip("./")
            if unit == "code" and (sum(c.isdigit() for c in plain) < 3 or re.fullmatch(r"\d+[a-z]{1,3}", plain)):
                continue
            yield Claim("contact", unit, (re.sub(r"^https?//|^https?:|^/+", "", plain),), match[0], match.start())
