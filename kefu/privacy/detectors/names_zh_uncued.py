"""Chinese names of people that nothing announces: known because no other reading of the characters is as likely.

A run of Chinese characters is cut into words in the likeliest way (unigram, both directions once, linear),
and a surname with one or two more characters is a name when reading it as one makes the run likelier than
every reading without it: 让陶俊熙来拿 has one, 高兴 and 方便 have none, since as words they are frequent, and
neither has 这单清关, where the candidate tears a word apart. What stands around it shifts the balance: a cue, a border.
Not found: a name that is a word as often (``让高兴来拿``), and a given name alone (``小明来拿``).
Found: ``让陶俊熙来拿``, ``李建国在吗``. Left: ``这单清关``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from kefu.privacy.detectors.base import PiiSpan
from kefu.privacy.detectors.names_zh_lists import NEVER_GIVEN
from kefu.privacy.detectors.word_segmentation import Lexicon, backward, forward, lexicon, own

_RUN = re.compile("[\u4e00-\u9fff]{2,}")
_BEFORE = re.compile(
    r"""
    (?:
        [叫是让找给帮替跟和与寄到]|联系|姓名|名字|收[件货]|寄件|[人写填户主员]|[改换][成为]|朋友
      | 老板|师傅|[妈爸公婆哥姐弟妹儿爷奶叔姨舅事]|登记|备注|转|投诉|推荐
    )
    [的了过是叫为:\s]?$
    """,
    re.VERBOSE,
)
_BEHIND = re.compile(
    r"""
      先生|女士|小姐|大爷|阿姨|师傅|老师|本人|代?[收签取]
    | 的(?:那|快递|订单|包裹|件|单|名|货|账|会员|电话|手机)
    | [电手]|身份|改|两个|呀|订|下单|那[单件]|[，\s]?[（(]?1[3-9]\d
    """,
    re.VERBOSE,
)
_PLACE = re.compile("[省市区县镇乡村路街道店站仓岛河山湖旗牌记]")
_CUE, _FOLLOWED, _BORDER, _SITE = 2.0, 1.5, 1.0, -3.0
_COUNTING = "这那哪几两一二三四五每"
_BORNE = -6.5  # a surname as frequent as this takes given names as rare as the second figure, others as the third
_RARELY, _USUAL = -9.2, -7.8
_ASKED = -9.0  # how unlikely an answer to a question for the name may be as one
_MOST = _CUE + _FOLLOWED + 2 * _BORDER
_LEAST = {1: 1.5, 2: 0.5}  # by characters of the given name: one is sooner a word that we do not know


@functools.cache
def _candidate() -> re.Pattern[str]:
    """Where a name can begin: a surname before a character that given names are written with. Cheap."""
    known, sides = lexicon(), list[str]()
    for least, most, usual in ((_BORNE, 0.0, _RARELY), (-99.0, _BORNE, _USUAL)):
        families = "".join(name for name, log in known.surnames.items() if len(name) == 1 and least <= log < most)
        both = (known.single, known.first)
        given = "".join(sorted({key for table in both for key, log in table.items() if log > usual} - NEVER_GIVEN))
        sides.append(f"[{families}](?=[{given}])")
    return re.compile("|".join((*sides, *(name for name in known.surnames if len(name) > 1))))


def _around(text: str, start: int, end: int) -> float:
    """What the characters before and behind say for a name."""
    score = 0.0
    if start == 0 or not "\u4e00" <= text[start - 1] <= "\u9fff":
        score += _BORDER
    if _BEFORE.search(text, max(0, start - 4), start):
        score += _CUE
    if _BEHIND.match(text, end):
        score += _FOLLOWED
    if end == len(text) or not "\u4e00" <= text[end] <= "\u9fff":
        score += _BORDER
    return score + (_SITE if _PLACE.match(text, end) else 0.0)


def _claims(run: str, known: Lexicon) -> Iterator[tuple[int, int, float, float]]:
    """Where names may be: start, end, how probable the name is, and what its score must reach."""
    for match in _candidate().finditer(run):
        at = match.start()
        if run[at] == "张" and at and run[at - 1] in _COUNTING:  # 这张卡
            continue
        for head in (head for head in (2, 1) if run[at : at + head] in known.surnames):
            for length in (2, 1):
                end = at + head + length
                if end <= len(run) and run[end - 1] not in NEVER_GIVEN:
                    name = known.name(run[at : at + head], run[at + head : end])
                    if name - own(run[at:end], known) + _MOST >= _LEAST[length]:
                        yield at, end, name, _LEAST[length]


def _names(text: str, offset: int, run: str, known: Lexicon) -> Iterator[tuple[float, int, int]]:
    """Names of a run with how sure they are."""
    claims = list(_claims(run, known))
    if not claims:
        return
    before, behind = forward(run, known), backward(run, known)
    for start, end, name, least in claims:
        score = before[start] + name + behind[end] - before[-1]
        if score + _MOST >= least:
            score += _around(text, offset + start, offset + end)
            if score >= least:
                yield score - least, offset + start, offset + end


def possible(text: str) -> bool:
    """Whether a text can hold such a name at all: a quick test before the slow search."""
    return _candidate().search(text) is not None


def whole(text: str) -> bool:
    """Whether a text can be nothing but a name, where one was asked for."""
    known = lexicon()
    for head in (1, 2):
        family, given = text[:head], text[head:]
        fits = family in known.surnames and len(given) in (1, 2) and NEVER_GIVEN.isdisjoint(given)
        if fits and known.name(family, given) - own(text, known) >= _ASKED:
            return True
    return False


def find(text: str) -> Iterator[PiiSpan]:
    """Names of folded text, the surest first where they overlap."""
    if not possible(text):
        return
    known, found = lexicon(), list[tuple[float, int, int]]()
    for run in _RUN.finditer(text):
        found += _names(text, run.start(), run[0], known)
    for _, start, end in sorted(found, reverse=True):
        yield PiiSpan(start, end, "NAME")
