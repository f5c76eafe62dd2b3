"""Order numbers in any spelling → as the shop writes them.

Full width, spaces and hyphens, groups, lower case, O for 0, I and l for 1, digits spoken in Chinese or English,
digits without the prefix; the last digits after a cue (尾号, "ending in"), or by themselves (the benches, 0360). A
number is rewritten only when it is one of the customer's own, or has the prefix of the pack's pattern and matches it:
a stranger's stays a number. Mobile numbers, prices and other codes stay as they are. The prefix is the pattern's
literal beginning (``QM\\d{10}``).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, ord("⓪"): ord("0")}
_WIDE |= {ord("①") + i: ord("1") + i for i in range(9)}
_CHINESE = "〇零幺一二三四五六七八九壹贰叁肆伍陆柒捌玖"
_LETTERS = "OoIiLl"  # typed or read for 0 and 1
_SPOKEN = str.maketrans(_CHINESE + _LETTERS + "|", "001" + 2 * "123456789" + "00" + 5 * "1")
_ENGLISH = {
    **{"zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5"},
    **{"six": "6", "seven": "7", "eight": "8", "nine": "9"},
}
_TIMES = {"double": 2, "triple": 3}
_GAP = r"[\s\-_.·—–‐‑−,，、:：\u200b-\u200f\u2060\ufeff\ufe0f\u20e3]"
_GAPS = re.compile(f"{_GAP}{{0,4}}")
_WORD = "(?:(?:double|triple)\\s+)?(?:zero|one|two|three|four|five|six|seven|eight|nine|oh)"
_GROUP = re.compile(rf"(?<![A-Za-z]){_WORD}(?![A-Za-z])|[0-9{_CHINESE}{_LETTERS}|]+", re.IGNORECASE | re.ASCII)
_ONLY_LETTERS = re.compile(rf"[{_LETTERS}|]+")
_CUE_BEFORE = re.compile(r"(?:order|number|num|no|id|nr)$", re.IGNORECASE | re.ASCII)
_NOT_ORDERS = re.compile(
    r"(?:手机|电话|号码|银行|卡|账户|账号|邮编|card|phone|mobile|account)[^，,。.!！?？;；]{0,16}$", re.IGNORECASE
)
_LETTERS_AT_END = re.compile(r"[A-Za-z]*$")
_TAIL = re.compile(
    r"(?:尾号|后[三四五六3456]位(?:数字?)?|最后[三四五六3456]位(?:数字?)?|末[三四五六3456]位|尾数)(?:数)?(?:是|为|:|：|\s)*"
    r"(?P<zh>\d{3,9})(?!\d)"
    r"|\b(?:end(?:s|ing)?(?: in| with)|last (?:three|four|five|six|[3-6])(?: digits| numbers)?(?: are| is)?:?)\s*"
    r"(?P<en>\d{3,9})(?!\d)"
    # By itself: four digits that are by chance those of one of ten orders stand in one message of a thousand.
    r"|(?<![\dA-Za-z.¥￥-])(?<!\d\s)(?P<alone>\d{4,9})(?![\dA-Za-z%-]|\.\d|\s?\d{3}|\s*(?:元|块|年|月|日|室|幢|栋|弄|yuan|rmb))",
    re.IGNORECASE | re.ASCII,
)
_MOBILE = re.compile(r"1[3-9]\d{9}")
MIN_DIGITS, MAX_DIGITS = 3, 40
MIN_BARE_DIGITS = 6  # fewer without a prefix may be anything


class NumberSpan(NamedTuple):
    """``text[start:end]`` is a spelling of the order number ``value``; whose it is, is not said."""

    start: int
    end: int
    value: str


class _Group(NamedTuple):
    start: int
    end: int
    digits: str
    joined: bool = False  # only separators stand between the group before and this one


class OrderNumbers:
    """Finds and rewrites order numbers.

    Args:
        pattern: the pack's regex of order numbers.
    """

    def __init__(self, pattern: str) -> None:
        self._whole = re.compile(pattern)
        literal = re.match(r"[A-Za-z][A-Za-z0-9_-]*(?![*+?{])", pattern)
        self.prefix = literal[0] if literal else ""
        letters = [c for c in self.prefix if c.isalnum()]
        spelled = f"{_GAP}{{0,3}}".join(map(re.escape, letters))
        self._prefix = (
            re.compile(f"(?<![A-Za-z]){spelled}|(?<=\\d){spelled}", re.IGNORECASE | re.ASCII) if letters else None
        )
        self._letters = "".join(letters).upper()

    def find(self, text: str, own: Sequence[str]) -> list[NumberSpan]:
        """Order numbers in order of place: own ones in any spelling, others with their prefix.

        Args:
            own: the customer's order ids.
        """
        folded = text.translate(_WIDE)
        groups = _groups(folded)
        if not _are_enough(groups):
            return []
        spans = list(self._prefixed(folded, groups))
        by_digits = {_only_digits(order, self.prefix): order for order in own}
        spans += [s for s in self._digits_only(folded, groups, by_digits) if not _overlaps(s, spans)]
        spans += [s for s in _tails(folded, own) if not _overlaps(s, spans)]
        return sorted(spans)

    def may_find(self, text: str) -> bool:
        """Whether a text has digits enough for an order number: nearly no message has."""
        return _are_enough(_groups(text.translate(_WIDE)))

    def normalise(self, text: str, own: Sequence[str]) -> str:
        """The text with its order numbers as the shop writes them."""
        pieces: list[str] = []
        last = 0
        for start, end, value in self.find(text, own):
            before = " " if start and text[start - 1].isascii() and text[start - 1].isalnum() else ""
            after = " " if end < len(text) and text[end].isascii() and text[end].isalnum() else ""
            pieces += text[last:start], before, value, after
            last = end
        return "".join((*pieces, text[last:]))

    def _prefixed(self, text: str, groups: Sequence[_Group]) -> Iterator[NumberSpan]:
        """Numbers with the prefix: the shortest run of groups that the pattern accepts."""
        if self._prefix is None:
            return
        ends = [group.end for group in groups]
        for match in self._prefix.finditer(text):
            first = bisect_right(ends, match.end())
            if first == len(groups) or not _GAPS.fullmatch(text, match.end(), max(match.end(), groups[first].start)):
                continue
            skip = max(0, match.end() - groups[first].start)  # the prefix may end in what looks like a digit
            for end, digits in _runs(groups, first, MAX_DIGITS + skip):
                value = self.prefix + digits[skip:]
                if self._whole.fullmatch(value):
                    yield NumberSpan(match.start(), end, value)
                    break

    def _digits_only(self, text: str, groups: Sequence[_Group], own: dict[str, str]) -> Iterator[NumberSpan]:
        """The customer's own numbers without their prefix, or with a part of it."""
        own = {digits: order for digits, order in own.items() if len(digits) >= MIN_BARE_DIGITS}
        beginnings = {digits[:i] for digits in own for i in range(1, len(digits) + 1)}
        until = 0
        for i, group in enumerate(groups):
            if group.start < until or group.digits not in beginnings:
                continue
            start = self._start(text, group.start)
            if start is None:
                continue
            for end, digits in _runs(groups, i, MAX_DIGITS):
                if digits not in beginnings:
                    break
                if digits in own and not _MOBILE.fullmatch(digits):
                    yield NumberSpan(start, end, own[digits])
                    until = end
                    break

    def _start(self, text: str, start: int) -> int | None:
        """Where a number begins whose digits begin at ``start``; None after letters of another code."""
        if start and not _is_letter(text, start - 1) and text[start - 1] != "\n":
            return start  # nearly every number
        letters = _LETTERS_AT_END.search(text[max(0, start - 12) : start])
        before = letters[0] if letters else ""
        if not before or _CUE_BEFORE.search(before):
            return start
        return start - len(before) if set(before.upper()) <= set(self._letters) else None


@lru_cache(maxsize=4096)
def _only_digits(order: str, prefix: str) -> str:
    return re.sub(r"\W|_", "", order.removeprefix(prefix))


def _are_enough(groups: Sequence[_Group]) -> bool:
    return sum(len(group.digits) for group in groups) >= MIN_DIGITS


@lru_cache(maxsize=16)  # a message is asked whether it has digits, for its numbers, and for its orders
def _groups(text: str) -> tuple[_Group, ...]:
    groups: list[_Group] = []
    for match in _GROUP.finditer(text):
        if group := _group(match):
            joined = bool(groups) and _GAPS.fullmatch(text, groups[-1].end, group.start) is not None
            groups.append(group._replace(joined=joined))
    return tuple(groups)


def _group(match: re.Match[str]) -> _Group | None:
    words = match[0].lower().split()
    if words[-1] in _ENGLISH:
        times = _TIMES.get(words[0], 1) if len(words) > 1 else 1
        return _Group(match.start(), match.end(), _ENGLISH[words[-1]] * times)
    start, end, text = match.start(), match.end(), match.string
    if _ONLY_LETTERS.fullmatch(text, start, end) and (_is_letter(text, start - 1) or _is_letter(text, end)):
        return None  # a piece of a word
    while end > start and text[end - 1] in _LETTERS and _is_letter(text, end):
        end -= 1  # the first letters of a word that follows
    return _Group(start, end, text[start:end].translate(_SPOKEN)) if end > start else None


def _is_letter(text: str, at: int) -> bool:
    return 0 <= at < len(text) and text[at].isascii() and text[at].isalpha()


def _runs(groups: Sequence[_Group], first: int, longest: int) -> Iterator[tuple[int, str]]:
    """(End, digits) of one group, of it and the next, …, as long as only separators stand between."""
    digits = ""
    for i in range(first, len(groups)):
        group = groups[i]
        if i > first and not group.joined:
            return
        digits += group.digits
        if len(digits) > longest:
            return
        yield group.end, digits


def _tails(text: str, own: Sequence[str]) -> Iterator[NumberSpan]:
    """Last digits that are those of one own order: after a cue, or four and more by themselves."""
    for match in _TAIL.finditer(text):
        if _NOT_ORDERS.search(text[max(0, match.start() - 24) : match.start()]):
            continue
        digits = next(filter(None, match.groups()))
        orders = [order for order in own if order.endswith(digits)]
        if len(orders) == 1:
            yield NumberSpan(match.start(), match.end(), orders[0])


def _overlaps(span: NumberSpan, others: list[NumberSpan]) -> bool:
    return any(span.start < other.end and other.start < span.end for other in others)
