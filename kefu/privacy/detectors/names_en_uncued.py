"""Names in Latin letters that nothing announces: known because they are common names.

``names.json.gz`` (``benchmarks/pii/names_list.py`` makes it and says from what) knows 35,000 first names and
surnames. A first name and a surname, both written with a capital, are a name; where one of the two is a word
as well (Grace, Baker) the other must be none. A first name alone needs a word before it that stands
before people (tell Marcus, a gift for Leila), and so do two capitalised words neither of which is known.
Chinese names in pinyin are known by their syllables. What is written without capitals is left to ``names_en_cued``.
Not found: a first name that nothing stands before (``Marcus came``), two words that are both common ones
(``Will Baker``), and names that are not in the list (``Xylo Qwertz came``).
Found: ``Tell Ann Miller to call``, ``a gift for Leila``. Left: ``Thanks a lot``.
"""

from __future__ import annotations

import functools
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

from kefu.privacy.detectors.base import PiiSpan
from kefu.privacy.detectors.names_en_lists import NO_NAMES

FILE = Path(__file__).with_name("names.json.gz")
_WORD = "[A-ZÀ-Þ](?:[a-zà-ž]|['’-][A-ZÀ-Þ]|(?<=[Mc]c)[A-Z]){1,19}"
_PAIR = re.compile(
    rf"""
    (?<![\w@./&'’-])
    (?=
        (?P<a>{_WORD}|[A-Z]\.)\s(?:[A-Z]\.?\s)?
        (?P<b>(?:(?:van|von|de|der|la|bin|al|el|di|da)\s){{0,2}}{_WORD})
        (?![\w@&])
    )
    """,
    re.VERBOSE,
)
_SURE = r"""
      ask\sfor|sign(?:ed)?\s(?:it\s)?for|tell|love,|dear
    | (?:my|his|her|our)\s
      (?:
          wife|husband|mother|father|mum|mom|dad|son|daughter|brother|sister|friend|colleague
        | partner|neighbou?r|roommate|flatmate|boss|cousin|uncle|aunt|nephew|niece|grandma|grandpa
        | landlord
      )
"""
_PEOPLE = r"""
      asked|let|by|gift\sfor|it'?s\sfor|for|from|to|with|hi|hello|hey|met|called|named|contact|says
    | said|thanks,?|and
"""
_ALONE = re.compile(
    rf"""
    (?<![A-Za-z])(?i:(?P<sure>{_SURE})|{_PEOPLE})\s(?P<a>{_WORD})
    (?=$|[\s,.!?;:)'’](?!\s?(?-i:[A-ZÀ-Þ]|\d)))
    """,
    re.VERBOSE,
)
_TOLD = re.compile(
    rf"""
    (?<![A-Za-z])
    (?i:
        c/o|care\sof|tag\ssays|addressed\sto|invoice\sto|billing\sname|name\son\sit\sis
      | under\sthe\sname
    )
    \s
    (?P<a>(?:[A-Z]\.\s)?(?P<first>{_WORD})(?:\s{_WORD}){{0,2}})
    (?=$|[\s,.!?;:)])
    """,
    re.VERBOSE,
)
_SYLLABLE = r"""
    (?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?
    (?:
        iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui
      | un|uo|a|e|i|o|u
    )
"""
_PINYIN = re.compile(rf"{_SYLLABLE}(?:[-']?{_SYLLABLE})?", re.IGNORECASE | re.VERBOSE)
_SURNAMES = (
    "zhang wang liu chen yang huang zhao zhou wu xu zhu hu guo lin luo gao zheng liang xie tang deng feng cao peng "
    "zeng xiao tian dong yuan cai jiang yu ye cheng wei lu shen yao zhong fang qin qiu hou zou xiong meng bai qian hao "
    "kong cui kang shao li ouyang zhuo jin jia ruan"
)
_FAMILIES = frozenset(_SURNAMES.split())
_CHINESE = re.compile(r"(?<![\w@./-])(?P<a>[A-Z][a-z]{1,6}|[A-Z]{2,7})\s(?P<b>[A-Z][a-z]{1,12}|[A-Z]{2,12})(?![\w@-])")
_CAPITAL = re.compile(r"(?<=[\s(/])(?!I['’])[A-ZÀ-Þ][A-Za-zà-ž'’.]")


@functools.cache
def _known() -> dict[str, frozenset[str]]:
    packed: dict[str, str] = json.loads(gzip.decompress(FILE.read_bytes()))
    return {name: frozenset(table.split()) for name, table in packed.items()}


def possible(text: str) -> bool:
    """Whether a text can hold such a name at all: a quick test before the slow search."""
    return _CAPITAL.search(text) is not None


def _person(first: str, last: str) -> bool:
    """Whether two words with a capital are a name."""
    known, a, b = _known(), first.lower(), last.lower().split()[-1]
    if b in NO_NAMES or a in known["other"] or b in known["other"]:
        return False
    if a in known["first"]:
        return b not in known["common"]
    return (a in known["first_too"] or len(a) == 2) and b in known["last"]


def _pinyin(family: str, given: str) -> bool:
    """Whether two words are a Chinese name, surname first."""
    small = given.lower()
    return (
        family.lower() in _FAMILIES
        and small not in NO_NAMES
        and family.isupper() == given.isupper()
        and _PINYIN.fullmatch(given) is not None
        and (len(given) > 2 or family.lower() not in ("li", "jin"))
    )


def whole(text: str) -> bool:
    """Whether a text can be nothing but a name, where one was asked for: one to three words, none of them common."""
    words, known = text.split(" "), _known()
    plain = all(re.fullmatch(r"[A-Za-zÀ-ž'’.-]{2,20}", word) for word in words)
    return plain and len(words) <= 3 and {word.lower() for word in words}.isdisjoint(known["common"] | known["other"])


def find(text: str) -> Iterator[PiiSpan]:
    """Names of folded text."""
    if not possible(text):
        return
    for match in _PAIR.finditer(text):
        if _person(match["a"], match["b"]):
            yield PiiSpan(match.start("a"), match.end("b"), "NAME")
    for match in _CHINESE.finditer(text):
        if _pinyin(match["a"], match["b"]):
            yield PiiSpan(match.start("a"), match.end("b"), "NAME")
    for match in _TOLD.finditer(text):
        if match["first"].lower() not in NO_NAMES and match["first"].lower() not in _known()["other"]:
            yield PiiSpan(match.start("a"), match.end("a"), "NAME")
    for match in _ALONE.finditer(text):
        small = match["a"].lower()
        if small in _known()["first"] or (match["sure"] and small not in _known()["common"] | _known()["other"]):
            yield PiiSpan(match.start("a"), match.end("a"), "NAME")
