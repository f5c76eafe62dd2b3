"""What is spelled out in words: e-mail (艾特, at, dot, 点) and English digits (five five five zero).

Chinese digits need nothing here: ``base.fold`` has turned them into figures. A number in words must have
seven digits, as no quantity is told digit by digit; what it is the words before it say.
Not found: fewer than seven digits (``five five five zero``), an e-mail address without its dot
(``ann at example com``), and digits in words of other languages (``vier fünf sechs sieben acht neun null``).
Found: ``ann at example dot com``, ``five five five zero one two three``. Left: ``five of them``.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from kefu.privacy.detectors.base import PiiSpan

_DIGIT = "(?:zero|one|two|three|four|five|six|seven|eight|nine|oh|double|triple)"
_RARE = frozenset(("zero", "four", "five", "six", "seven", "eight", "nine"))  # one, two and three are in many texts
_LOCAL = string.ascii_letters + string.digits + "._%+-"
_DOT = r"(?:\s?(?:\.|点|[(\[]dot[)\]])\s?|\sdot\s)"
_MAIL = re.compile(
    rf"""
    (?i:
        \s?(?:艾特|爱特|[(\[]at[)\]])\s?(?:[a-z0-9-]{{1,63}}{_DOT}){{1,4}}[a-z]{{2,24}}
      | \sat\s(?:[a-z0-9-]{{1,63}}\sdot\s){{1,4}}[a-z]{{2,24}}
      | \#[a-z0-9-]{{2,63}}\.(?:com|cn|net|org)(?:\.cn)?
    )
    (?![A-Za-z0-9])
    """,
    re.VERBOSE,
)
_RUN = re.compile(rf"(?i)(?<![a-z\d])(?:(?:{_DIGIT}|\d{{1,5}})[\s,-]{{1,2}}){{2,24}}(?:{_DIGIT}|\d{{1,5}})(?![a-z\d])")
_SAID = re.compile(f"(?i){_DIGIT}")
_KINDS = (
    ("ORDER", re.compile(r"(?i)order")),
    ("TRACKING", re.compile(r"(?i)track|parcel")),
    ("BANK_CARD", re.compile(r"(?i)card|account")),
    ("SSN", re.compile(r"(?i)social|ssn")),
)


def _digits(run: str) -> int:
    """How many digits a run tells; double and triple count for what they repeat."""
    words = _SAID.findall(run)
    more = sum({"double": 0, "triple": 1}.get(word.lower(), 0) for word in words)
    return len(words) + more + sum(c.isdecimal() for c in run)


def _marked(small: str) -> bool:
    return "#" in small or " dot " in small or "at)" in small or "at]" in small or "艾特" in small or "爱特" in small


def possible(small: str, words: list[str]) -> bool:
    """Whether anything can be spelled in a text of these words, all in small letters."""
    return _marked(small) or not _RARE.isdisjoint(words)


def find(text: str) -> Iterator[PiiSpan]:
    """Spelled e-mail addresses and numbers of folded text."""
    small = text.lower()
    for match in _MAIL.finditer(text) if _marked(small) else ():
        before = text[max(0, match.start() - 64) : match.start()]
        if local := len(before) - len(before.rstrip(_LOCAL)):
            yield PiiSpan(match.start() - local, match.end(), "EMAIL")
    if _RARE.isdisjoint(small.split()):
        return
    for match in _RUN.finditer(text):
        if len(_SAID.findall(match[0])) >= 3 and _digits(match[0]) >= 7:
            before = text[max(0, match.start() - 30) : match.start()]
            yield PiiSpan(*match.span(), next((kind for kind, cue in _KINDS if cue.search(before)), "PHONE"))
