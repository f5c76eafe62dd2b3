"""What all detectors share: the span they return, separators, and folding to plain characters."""

from __future__ import annotations

import re
from typing import NamedTuple

SEP = r"[-\s.·—–]{0,3}"  # what people put between groups of digits
GAP = r"[-\s.·—–]{1,3}"
IS = r"(?:是|为|:|：|=|#|\s|改成|改为|换成|is|号|码){0,4}"  # between a cue and its value

# 1 to 1, so that a span found in the folded text is the span in the original. Not ，！；？: they end clauses, and
# stand in almost every Chinese message.
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in "！，；？"} | {0x3000: 0x20}
_HAS_WIDE = re.compile(f"[{''.join(map(chr, _WIDE))}]")
_NUMERALS = str.maketrans("〇零幺一二三四五六七八九壹贰叁肆伍陆柒捌玖", "001123456789123456789")
_SPOKEN = re.compile("[〇零幺一二三四五六七八九壹贰叁肆伍陆柒捌玖]{7,}")


class Found(NamedTuple):
    """A piece of personal data: ``text[start:end]`` is of ``kind``."""

    start: int
    end: int
    kind: str


def fold(text: str) -> str:
    """Full-width characters and spoken-out digits (幺三八…) as ASCII; the length stays the same."""
    if text.isascii():
        return text
    if _HAS_WIDE.search(text):
        text = text.translate(_WIDE)
    if _SPOKEN.search(text):
        text = _SPOKEN.sub(lambda run: run[0].translate(_NUMERALS), text)
    return text


def digits(text: str) -> str:
    """Only the digits of a text."""
    return "".join(c for c in text if c.isdecimal())
