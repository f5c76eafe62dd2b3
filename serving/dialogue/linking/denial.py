"""Whether a mention is denied: 不是 A，是 B · "not A but B" · "B instead of A".

A rule over the words right before the mention, within its clause. A question (是不是), a double negation and what
somebody did not *do* ("不是我买的羽绒枕" names a wrong item) deny nothing.
"""

from __future__ import annotations

import re

_ZH = re.compile(
    r"(?<![是要能会])(?:不是|并非|不算|別是|别是)(?!不|没|吗|嘛|我(?:买|订|要|拍|下))(?:说|指|想|要)?[^，,。.!！?？;；、\n是]{0,8}$"
)
_FILLER = r"(?:the|my|that|this|those|about|for|from|order|orders|number|one|mean|talking|it|is|of|a|an)"
_EN = re.compile(rf"(?:\bnot|n['’]t|\brather than|\binstead of)(?:\s+{_FILLER})*\s*$", re.IGNORECASE | re.ASCII)
WINDOW = 60  # characters before a mention that are looked at


def is_denied(text: str, start: int) -> bool:
    """Whether the words before ``text[start:]`` deny what begins there."""
    before = text[max(0, start - WINDOW) : start]
    return _ZH.search(before) is not None or _EN.search(before) is not None
