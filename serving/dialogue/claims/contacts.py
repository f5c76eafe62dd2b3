"""Contact data and codes: telephone numbers, URLs, e-mail addresses, long numbers and codes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from serving.dialogue.claims.records import Claim

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_URL = re.compile(
    r"(?:https?://|www\.)[^\s，。；、）)\]]+|\b[a-z0-9-]+\.(?:com|cn|net|org|example)(?:/[^\s，。；、]*)?", re.I
)
_PHONE = re.compile(r"(?<![\d.-])\+?\d{2,5}(?:[ -]\d{3,8}){1,3}(?!\d)|(?<![\d.,-])\d{5,}(?![\d.])")
_CODE = re.compile(
    r"(?<![A-Za-z0-9_\[])(?=[A-Za-z]*\d)(?=[\d-]*[A-Za-z])[A-Za-z0-9]{2,}(?:-[A-Za-z0-9]+)*(?![A-Za-z0-9_\]])"
)


def find(text: str) -> Iterator[Claim]:
    for unit, pattern in (("e-mail", _EMAIL), ("url", _URL), ("phone", _PHONE), ("code", _CODE)):
        for match in pattern.finditer(text):
            plain = re.sub(r"[\s-]", "", match[0]).lower().rstrip("./")
            if unit == "code" and (sum(c.isdigit() for c in plain) < 3 or re.fullmatch(r"\d+[a-z]{1,3}", plain)):
                continue
            yield Claim("contact", unit, (re.sub(r"^https?//|^https?:|^/+", "", plain),), match[0], match.start())
