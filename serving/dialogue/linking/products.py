"""Products in a message: by name, alias, article number, with a typo, in pinyin, or pointed at.

Names and aliases are searched in one pass of RE2. What they do not find may be homophones or traditional characters
(same pinyin, three syllables and more), one wrong character in four, or an English word misspelled the way fingers
do it. One letter exchanged for another makes another word more often than a typo (tower, towel): those stay.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import islice
from typing import Any, NamedTuple

import re2
from rapidfuzz import process
from rapidfuzz.distance import OSA, Levenshtein

from kefu.shop.entities import ProductEntity
from kefu.shop.slots import CJK
from serving.dialogue.linking.denial import came_instead, is_denied
from serving.dialogue.linking.ordinals import find_places
from serving.dialogue.linking.pinyin import syllable
from serving.dialogue.linking.records import ProductLink

MIN_HOMOPHONE_SYLLABLES = 3
MIN_TYPO_CHARACTERS = 4  # Chinese aliases shorter than this differ by a character from other words
MAX_HITS = 100
MAX_TYPO_CHECKS = 200  # a message that needs more is pasted text
MIN_TYPO_LETTERS = 5
MIN_PINYIN_LETTERS = 6
_SIMILAR = (("zh", "z"), ("ch", "c"), ("sh", "s"))  # said alike in the south
_CJK_RUN = re.compile(f"{CJK.pattern}{{2,}}")
_WORD = re.compile(r"[A-Za-z]+")
_EXCHANGED = {frozenset(pair) for pair in ("iy", "ae", "ei")}  # vowels that writers take for each other
_PACK_SIZE = re.compile(r"(?:[\d一二两三四五六七八九十]+(?:只装|件套|条|双|件|只|个|套|把)|\s*\d+\s*只)+$")
_NO_HEADS = {"set", "four", "box", "boxe"}  # said of anything
_CHINESE_HEAD = re.compile(  # one character is a word only after "that" and what counts it
    rf"(?:(?:那|这|我的?|另外?那?|[买拍订]了)[一两]?[个口条把只件套床张台块双支盏]|(?<!{CJK.pattern}))(?P<head>{CJK.pattern})"
    r"(?:(?=的?那(?:一)?[个单笔])|(?<=[个口条把只件套床张台块双支盏].)(?=[的到在啥什几多还怎能可要呢吗啊呀吧，,。.?？!！\s]|$))"
)
_CHINESE_HEAD_LISTED = re.compile(  # or in a list, or alone before 呢: 锅和精油那两单, 还有碗那个, 那锅呢
    rf"(?:(?<!{CJK.pattern})|(?<=[和跟与那的])|(?<=还有)|(?<=就是))(?P<head>{CJK.pattern})"
    r"(?=的?(?:那一?[个单笔]|快递|包裹)|(?:那个)?(?:和|跟|与|还有|、)|呢\W*$)"
)
_POINTS = re.compile(
    r"(?:这|那|這|该|刚才那)(?:一)?(?:个|個|款|件|条|條|种|台|只|套|床|把|样)|刚才(?:那|说|的)|它"
    r"|\b(?:it|its|this one|that one|this|that|they|them|these|those|the product|the item)\b",
    re.IGNORECASE | re.ASCII,
)


_COUNTED = re.compile(r"\d+\s+(?:of\b|pieces\b|pcs\b)", re.IGNORECASE)  # 3 of those
_OTHERS = re.compile(
    r"哪|别的|其他|其它|另外|推荐|有没有|还有|\b(?:which|other|another|any|else|recommend)\b", re.IGNORECASE
)


class ProductHit(NamedTuple):
    """``text[start:end]`` names one of ``skus``; exact: as the catalogue spells it."""

    start: int
    end: int
    skus: tuple[str, ...]
    exact: bool


class ProductIndex:
    """Names and aliases of a catalogue.

    Args:
        entity: which columns hold article number and names, and the aliases.
        rows: the catalogue.
    """

    def __init__(self, entity: ProductEntity, rows: Sequence[Mapping[str, Any]]) -> None:
        surfaces: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            sku = str(row[entity.id])
            aliases = [alias for some in entity.aliases.get(sku, {}).values() for alias in some]
            names = [str(row[column]) for column in entity.names.values()]
            for surface in dict.fromkeys((sku, *names, *(name.split(",")[0] for name in names), *aliases)):
                if sku not in surfaces[surface.lower()]:
                    surfaces[surface.lower()].append(sku)
        self._skus: dict[str, tuple[str, ...]] = defaultdict(tuple)
        for surface, skus in surfaces.items():
            self._skus[_key(surface)] = tuple(dict.fromkeys((*self._skus[_key(surface)], *skus)))
        options = re2.Options()
        options.case_sensitive, options.longest_match, options.log_errors = False, True, False
        alternatives = "|".join(map(_spelled, sorted(surfaces)))
        self._names = re2.compile(alternatives, options) if surfaces else None
        heads: dict[str, dict[str, None]] = defaultdict(dict)
        for row in rows:
            for name in (str(row[column]) for column in entity.names.values()):
                if (head := head_of(name).lower()) not in _NO_HEADS:
                    heads[head][str(row[entity.id])] = None
        self._heads = {head: tuple(skus) for head, skus in heads.items()}
        chinese = [surface for surface in surfaces if CJK.search(surface)]
        self._homophones: dict[tuple[str, ...], list[str]] = defaultdict(list)
        self._bigrams: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self._pinyin: dict[str, str] = {}
        for surface in chinese:
            self._add_chinese(re.sub(r"\s", "", surface))
        words = {word for surface in surfaces if not CJK.search(surface) for word in _WORD.findall(surface)}
        self._words = sorted(word for word in words if len(word) >= MIN_TYPO_LETTERS)
        self._all_words = words
        self._mended = lru_cache(maxsize=4096)(self._mend)
        self.find = lru_cache(maxsize=256)(self._find)  # orders and products ask for the same message

    def _add_chinese(self, surface: str) -> None:
        syllables = _syllables(surface)
        if len(surface) >= MIN_HOMOPHONE_SYLLABLES:
            self._homophones[syllables[:3]].append(surface)
        if len(surface) >= MIN_TYPO_CHARACTERS:
            for i in range(len(surface) - 1):
                self._bigrams[surface[i : i + 2]].append((surface, i))
        if not all(map(CJK.match, surface)):
            return
        plain = [syllable(c) for c in surface]
        spelled, initials = "".join(plain), "".join(reading[0] for reading in plain)
        if len(spelled) >= MIN_PINYIN_LETTERS:
            self._pinyin.setdefault(spelled, surface)
        if len(initials) >= MIN_HOMOPHONE_SYLLABLES and not re.search("[aeiou]", initials):
            self._pinyin.setdefault(initials, surface)

    def _find(self, text: str) -> tuple[ProductHit, ...]:
        """Mentions of products in order of place, no two overlapping, denied ones among them."""
        hits, mended = list(self._exact(text)), set(self._misspelled(text))
        differing = set(self._differing(text))
        guessed = {*islice(self._sounding(text), MAX_HITS), *differing, *self._in_pinyin(text)}
        for hit in sorted(mended | guessed, key=lambda hit: (hit.start - hit.end, hit.start)):
            others = [other for other in hits if hit.start < other.end and other.start < hit.end]
            # 个四件套 is 绒四件套 with another character only where 四件套 does not explain the rest.
            least = 2 if hit in differing else 1
            if all(_says_more(hit, other, hit in mended, least) for other in others):
                hits = [other for other in hits if other not in others] + [hit]
        return tuple(sorted(hits))

    def find_heads(self, text: str) -> list[ProductHit]:
        """Words that may name many products (the pots, 那口锅): they mean one only among the customer's own."""
        words = [(word.start(), word.end(), word[0].lower()) for word in _WORD.finditer(text)]
        chinese = {
            (*w.span("head"), w["head"]) for p in (_CHINESE_HEAD, _CHINESE_HEAD_LISTED) for w in p.finditer(text)
        }
        words += sorted(chinese)
        return [
            ProductHit(start, end, skus, False)
            for start, end, word in words
            if (skus := self._heads.get(word) or self._heads.get(word.removesuffix("s")))
        ]

    def _exact(self, text: str) -> Iterator[ProductHit]:
        if self._names is None:
            return
        for match in islice(self._names.finditer(text), MAX_HITS):
            if skus := self._named(match[0]):
                yield ProductHit(match.start(), match.end(), skus, True)

    def _named(self, surface: str) -> tuple[str, ...]:
        key = _key(surface)
        return next((self._skus[k] for k in (key, key[:-1], key[:-2]) if k in self._skus), ())

    def _misspelled(self, text: str) -> Iterator[ProductHit]:
        """Exact hits in the text with its misspelled English words mended."""
        pieces: list[str] = []
        mended: list[tuple[int, int, int, int]] = []
        last = 0
        for match in _WORD.finditer(text):
            if word := self._mended(match[0].lower()):
                pieces += text[last : match.start()], word
                mended.append((match.start(), match.end(), len("".join(pieces)) - len(word), len(word)))
                last = match.end()
        if not mended:
            return
        for hit in self._exact("".join((*pieces, text[last:]))):
            touched = [m for m in mended if m[2] < hit.end and hit.start < m[2] + m[3]]
            if touched:
                shift = sum(m[1] - m[0] - m[3] for m in mended if m[2] < hit.start)
                growth = sum(m[1] - m[0] - m[3] for m in touched)
                yield ProductHit(hit.start + shift, hit.end + shift + growth, hit.skus, False)

    def _mend(self, word: str) -> str | None:
        if len(word) < MIN_TYPO_LETTERS or word in self._all_words or word.removesuffix("s") in self._all_words:
            return None
        near = process.extract(word, self._words, scorer=OSA.distance, score_cutoff=1, limit=5)
        return next((other for other, *_ in near if other[0] == word[0] and _is_typo(word, other)), None)

    def _sounding(self, text: str) -> Iterator[ProductHit]:
        """Homophones and traditional characters."""
        for run in _CJK_RUN.finditer(text):
            syllables = _syllables(run[0])
            for i in range(len(syllables) - 2):
                for surface in self._homophones.get(syllables[i : i + 3], ()):
                    end = i + len(surface)
                    if syllables[i:end] == _syllables(surface):
                        yield ProductHit(run.start() + i, run.start() + end, self._skus[_key(surface)], False)

    def _differing(self, text: str) -> Iterator[ProductHit]:
        """Aliases of four characters and more with one wrong, missing or added."""
        places = dict.fromkeys(
            (run.start(), run[0], surface, i - at)
            for run in _CJK_RUN.finditer(text)
            for i in range(len(run[0]) - 1)
            for surface, at in self._bigrams.get(run[0][i : i + 2], ())
        )
        for offset, run, surface, first in islice(places, MAX_TYPO_CHECKS):
            for start, end in _windows(first, len(surface), len(run)):
                if Levenshtein.distance(run[start:end], surface, score_cutoff=1) == 1:
                    yield ProductHit(offset + start, offset + end, self._skus[_key(surface)], False)

    def _in_pinyin(self, text: str) -> Iterator[ProductHit]:
        """yurongzhen, yu rong zhen, yrz."""
        words = list(_WORD.finditer(text))
        for i, first in enumerate(words):
            spelled = ""
            for before, word in zip([first, *words[i:]], words[i : i + 8], strict=False):
                if text[before.end() : word.start()].strip(" '"):
                    break
                spelled += word[0].lower()
                if surface := self._pinyin.get(spelled):
                    yield ProductHit(first.start(), word.end(), self._skus[_key(surface)], False)


_AFTER_A_NAME = "子头坏破裂碎漏掉脏皱退换不没有是也太很少还给的呢吧啊呀要先就都能可和跟留到在了这那我你今昨收"
_WORD_ENDS = rf"(?:(?![\u4e00-\u9fff])|(?=[{_AFTER_A_NAME}]))"


def head_of(name: str) -> str:
    """The word of a product's name that says what it is: 灯 of 护眼阅读灯, mat of Braided cotton mat."""
    bare = _PACK_SIZE.sub("", name.split(",")[0].split("（")[0]).strip()
    return bare[-1:] if CJK.search(bare) else bare.split()[-1].removesuffix("s")


@cache
def head_pattern(name: str) -> tuple[str, re.Pattern[str]]:
    """The head of a product's name, and what finds it in a text."""
    head = head_of(name)
    # Only where it can be a word: 麻 of a linen set is none in 麻烦了, nor is the set one in "set up".
    pattern = rf"{re.escape(head)}{_WORD_ENDS}" if CJK.search(head) else rf"\b{re.escape(head)}(?:e?s)?\b(?! up\b)"
    return head, re.compile(pattern, re.IGNORECASE)


@cache
def pointed_head(name: str) -> re.Pattern[str]:
    """What points at a product by the head of its name: 这个杯子 of 便携榨汁杯, the pot.

    In Chinese a head alone also counts other things (这杯咖啡).
    """
    head = head_of(name)
    if not CJK.search(head):
        return head_pattern(name)[1]
    return re.compile(rf"[这那]一?(?:[个口条把只件床张台块支盏款]{head}|{head}(?=[子儿]))")


def link_products(
    text: str,
    index: ProductIndex,
    focus: Sequence[str] = (),
    latest: Sequence[str] = (),
    ordered: Sequence[str] = (),
) -> list[ProductLink]:
    """The products that a message names, or points at when it names none; left out are denied ones and what
    came in place of what was ordered.

    Args:
        focus: SKUs that the conversation is about, as they were named or offered.
        latest: those of them that "it" means; empty: all of them.
        ordered: SKUs of the order that the conversation is about.
    """
    hits = index.find(text)
    named = [h for h in hits if not is_denied(text, h.start) and not came_instead(text, h.start, h.end)]
    if hits or not focus:
        return [
            ProductLink(sku, text[hit.start : hit.end], hit.start, hit.end, hit.exact)
            for hit in named
            for sku in _spoken_of(hit.skus, text, ordered, focus)
        ]
    for start, end, skus in find_places(text, focus, focus):
        if not is_denied(text, start) and not _COUNTED.match(text, start):
            return [ProductLink(sku, text[start:end], start, end, False) for sku in skus]
    if match := _POINTS.search(text):
        return [ProductLink(sku, match[0], match.start(), match.end(), False) for sku in latest or focus]
    return []


def _spoken_of(skus: tuple[str, ...], text: str, *known: Sequence[str]) -> tuple[str, ...]:
    """Of products that share a name, the only one that is known: of the order, else of the conversation.

    All of them where the customer asks for others.
    """
    if len(skus) == 1 or _OTHERS.search(text):
        return skus
    alike = ([sku for sku in dict.fromkeys(some) if sku in skus] for some in known)
    return next(((few[0],) for few in alike if len(few) == 1), skus)


def _says_more(hit: ProductHit, other: ProductHit, mended: bool, least: int) -> bool:
    """Whether a longer, inexact mention replaces a shorter one: it leaves fewer products, or mends its next word.

    Args:
        least: characters by which it has to be longer.
    """
    fewer = set(hit.skus) <= set(other.skus) if mended else set(hit.skus) < set(other.skus)
    return fewer and hit.end - hit.start >= other.end - other.start + least


def _windows(start: int, length: int, until: int) -> Iterator[tuple[int, int]]:
    """Places that an alias of a length may take with one character wrong, missing or too many."""
    for begin in (start, start - 1, start + 1):
        for end in (begin + length, begin + length - 1, begin + length + 1):
            if begin >= 0 and end <= until:
                yield begin, end


def _key(surface: str) -> str:
    return re.sub(r"[\s-]", "", surface.lower())


def _spelled(surface: str) -> str:
    if CJK.search(surface):
        return r"\s?".join(re.escape(c) for c in surface if not c.isspace())
    words = re.findall(r"[^\s-]+", surface)
    return r"\b" + r"[\s-]*".join(map(re.escape, words)) + r"(?:e?s)?\b"


@lru_cache(maxsize=30_000)
def _rough(character: str) -> str:
    """A reading in which initials and nasal finals that are often mixed up are one."""
    reading = syllable(character)
    for long, short in _SIMILAR:
        reading = reading.replace(long, short)
    return reading.removesuffix("g") if reading.endswith("ng") else reading


def _syllables(text: str) -> tuple[str, ...]:
    return tuple(map(_rough, text))


def _is_typo(word: str, meant: str) -> bool:
    """Whether fingers or ears made ``word`` of ``meant``: a letter missing, doubled or swapped, not another one."""
    if len(word) != len(meant):
        return True
    different = [frozenset(pair) for pair in zip(word, meant, strict=True) if pair[0] != pair[1]]
    return len(different) == 2 or different[0] in _EXCHANGED
