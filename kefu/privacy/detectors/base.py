"""What all detectors share: spans and which of them stay, separators, and folding to plain characters."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from kefu.text.placeholders import PLACEHOLDER

SEP = r"[-\s.·—–_‐‑−]{0,3}"  # what people put between groups of digits
GAP = r"[-\s.·—–_‐‑−]{1,3}"
IS = r"(?:是|为|:|：|=|\#|\s|改成|改为|换成|is|号|码){0,4}"  # between a cue and its value

NUMBER_IS = (
    r"(?i:\s?(?:number|numbers|no\.?|nr\.?|id|code|ref(?:erence)?|is|was|\#|:|-)){0,4}\s?"  # the same in English
)

# 1 to 1, so that a span found in the folded text is the span in the original. Not ，！；？: they end clauses, and
# stand in almost every Chinese message.
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in "！，；？"} | {
    0x3000: 0x20,
    ord("⓪"): ord("0"),
}
_WIDE |= {ord("①") + i: ord("1") + i for i in range(9)}
_HAS_WIDE = re.compile(f"[{''.join(map(chr, _WIDE))}]")
_NUMERALS = str.maketrans("〇零幺一二三四五六七八九壹贰叁肆伍陆柒捌玖", "001123456789123456789")
_SPOKEN_DIGIT = "[〇零幺一二三四五六七八九壹贰叁肆伍陆柒捌玖][- ，]?"
_SPOKEN = re.compile(f"{_SPOKEN_DIGIT}(?:{_SPOKEN_DIGIT}){{6,}}")
_EITHER = "\\d〇零幺一二三四五六七八九"
_MIXED = re.compile(f"[1一幺](?<![{_EITHER}].)[{_EITHER}]{{10}}(?![{_EITHER}])")  # 1三8…, a mobile number in disguise
_MASK = re.compile(rf"\[[^\[\]]{{1,20}}x\]|{PLACEHOLDER.pattern}")
_BETWEEN = " \t\n,，、:;.-"


class PiiSpan(NamedTuple):
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
    if _MIXED.search(text):
        text = _MIXED.sub(lambda run: run[0].translate(_NUMERALS), text)
    return text


def digits(text: str) -> str:
    """Only the digits of a text."""
    return "".join(c for c in text if c.isdecimal())


def near(cue: re.Pattern[str], text: str, start: int, end: int) -> bool:
    """Whether a cue stands in the 40 characters before a span or the 20 after it."""
    return cue.search(text, max(0, start - 40), start) is not None or cue.search(text, end, end + 20) is not None


class Rule(NamedTuple):
    """A form of number: group 1 of the pattern, where there is one, is the span.

    Args:
        kind: placeholder type.
        pattern: linear in the text's length.
        check: takes text, start and end of a span and returns its real end, or 0 when it is none.
    """

    kind: str
    pattern: re.Pattern[str]
    check: Callable[[str, int, int], int] | None


def rule(kind: str, pattern: str, check: Callable[[str, int, int], int] | None = None) -> Rule:
    """A ``Rule``, its pattern compiled with ``re.VERBOSE``: a space stands in brackets."""
    return Rule(kind, re.compile(pattern, re.VERBOSE), check)


def without_overlaps(spans: list[PiiSpan], text: str) -> list[PiiSpan]:
    """Earlier spans win, and nothing is taken out of a placeholder or mask."""
    taken = bytearray(len(text))
    for match in _MASK.finditer(text):
        taken[match.start() : match.end()] = b"\1" * len(match[0])
    kept: list[PiiSpan] = []
    for start, end, kind in spans:
        first = taken.find(1, start, end)
        if first > start and kind == "ADDRESS":  # its last number is part of something else
            end, first = start + len(text[start:first].rstrip(_BETWEEN)), -1
        if end > start and first < 0:
            taken[start:end] = b"\1" * (end - start)
            kept.append(PiiSpan(start, end, kind))
    return sorted(kept)
