"""A postal address in parts: read from a message, completed piece by piece, corrected in one part.

Chinese addresses go from the region to the room (滨江区江南大道588号3幢1202室), English lines from the room to the
region (Flat 12B, 5 Nanjing Road, Huangpu District, Shanghai). The ending or the lead of a part tells its level.
Whatever way an address is cut into messages between two parts, ``merged`` puts it together again.
Own code: cpca and jionlp split off province, city and district only, pyap and usaddress know western addresses,
libpostal needs gigabytes. Not covered: a second house number on its own (12号 after 100号阳光花园), names of
places without an ending but cities (三里屯), a city within a city on its own (昆山市), and whether a place exists.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from kefu.text.chinese_places import CITIES, PROVINCES

CHINESE, ENGLISH = "zh", "en"
# Level → rank in the order of writing; equal ranks keep the order in which they were told.
RANKS = {
    CHINESE: {
        "province": 0,
        "city": 1,
        "district": 2,
        "town": 3,
        "village": 4,
        "road": 5,
        "lane": 6,
        "number": 6,
        "estate": 6,
        "building": 7,
        "unit": 8,
        "floor": 9,
        "room": 10,
        "detail": 11,
    },
    ENGLISH: {
        "room": 0,
        "floor": 1,
        "building": 2,
        "street": 3,
        "district": 4,
        "place": 5,
        "city": 5,
        "province": 6,
        "postcode": 7,
        "country": 8,
    },
}
_REGIONS = ("province", "city", "district")
_FINER_NUMBERS = ("number", "building", "unit", "room", "detail")  # what a number is, when its level is told already

_HAN = "\u4e00-\u9fff"
# Words of a sentence stand in no name, except in these: 成都, 和平路, 那曲, 从化, 来宾.
_NAME = rf"(?:(?![的是在到我你您他她它们给把寄送与了请帮要这没有能可以去往也吗呢吧啊换址错写对改不那就还再说])[{_HAN}])"
_COUNT = "[\\d〇零一二三四五六七八九十]"
_FOLLOWED = "市|区|县|镇|乡|村|街道|社区|小区|[东南西北中]?(?:大道|大街|路|街(?!道)|巷)"
_SITES = (
    "小区|花园|家园|公寓|大厦|大楼|写字楼|商厦|广场|中心|学校|大学|中学|小学|幼儿园|宿舍|医院|工业园|科技园|产业园"
    "|软件园|创业园|创意园|新村|山庄|农场|园区|社区|苑|府|湾|城|庄|(?<!单)里|园|邸|郡"
)
_NO_STREET = "(?![市东南西北中]?(?:路|街|大道)|[市州])"
_CHINESE_PART = re.compile(
    rf"""
      (?P<province>(?:{PROVINCES})(?![东南西北中]?(?:路|街|大道))(?:省|(?:壮族|回族|维吾尔)?自治区|特别行政区)?(?=$|[\s，,、]|[{_HAN}]))
    | (?P<municipality>(?:北京|上海|天津|重庆)市?{_NO_STREET})
    | (?P<bare_city>(?:{CITIES}){_NO_STREET})(?P<bare_district>{_NAME}{{2,3}}(?=$|[\s，,、。！!]))?
    | (?P<lane>\d{{1,5}}弄)
    | (?P<unit>(?:{_COUNT}{{1,3}}|[甲乙丙丁])单元)
    | (?P<building>(?<![另那哪这某])[A-Za-z]?{_COUNT}{{1,4}}[A-Za-z]?(?:号楼|号院|栋|幢|座|号宿舍楼?)
        |[A-Za-z]\d?(?:座|栋|幢|塔|区))
    | (?P<floor>{_COUNT}{{1,3}}(?:楼|层)|\d{{1,3}}[Ff](?![A-Za-z]))
    | (?P<room>[A-Za-z]?(?:\d{{1,5}}|{_COUNT}{{3,5}})[A-Za-z]?(?:-\d{{1,4}})?(?:室|房(?!号)|号房|户)
        |\d{{1,3}}-\d{{1,3}}-\d{{2,4}})
    | (?P<number>(?:[甲乙丙丁]?\d{{1,5}}|{_COUNT}{{1,5}})(?:-\d{{1,4}}|之[\d一二三四五六七八九])?号(?![码楼院]))
    | (?P<named>
        {_NAME}{{1,10}}?
        (?:
            (?P<city>(?<![超夜])市(?!场)|自治州|地区)
          | (?P<district>(?<![小社园校景厂一二三四五六七八九十])区(?!域)|自治县|县(?!{_FOLLOWED})|旗)
          | (?P<town>街道|镇(?!{_FOLLOWED})|乡(?!{_FOLLOWED}))
          | (?P<road>(?:大道|大街|公路|胡同|路(?!口|街道|社区|小区)|街(?!道)|巷|道(?=\s?\d|$))
                (?:[东南西北中]?[一二三四五六七八九十]段|[东南西北中]段)?)
          | (?P<village>(?<!新)村(?!{_FOLLOWED}))
          | (?P<estate>(?:{_SITES})(?!{_FOLLOWED}))
        )
      )
    | (?P<bare>[A-Za-z]?\d{{1,5}}[A-Za-z]?(?:-\d{{1,4}}){{0,2}}(?![\d元块个件天年月日点折%]))
    """,
    re.VERBOSE,
)
_BARE_AFTER = {  # a number without an ending, by what stands before it
    "road": "number",
    "lane": "number",
    "estate": "building",
    "number": "room",
    "building": "room",
    "unit": "room",
    "floor": "room",
}
_ONCE = "幢栋室"
_GAP = re.compile(r"[\s，,、]{0,2}")
_EDGE = " \t\n，,、。.；;！!"
_BLANK = re.compile(rf"(?<=[{_HAN}])[ \t\u3000]+(?=[A-Za-z]?\d)|(?<=\d)[ \t\u3000]+(?=[号弄栋幢座单楼层室房])")
_CUED = re.compile(
    r"(?P<level>房间号|房号|室号|门牌号|幢号|栋号|楼栋号?|楼号|单元号)(?:应该|应当)?(?:是|改成|改为|写成|换成|为|[:：，])?\s*"
    r"(?P<value>[A-Za-z]?\d{1,5}[A-Za-z]?)(?![\d号室房栋幢座单楼层])"
)
_CUE_LEVELS = {
    "门": ("number", "号"),
    "房": ("room", "室"),
    "室": ("room", "室"),
    "楼": ("building", "幢"),
    "幢": ("building", "幢"),
    "栋": ("building", "栋"),
    "单": ("unit", "单元"),
}

_ENGLISH_PART = re.compile(
    r"""
      (?P<room>(?:flat|apt\.?|apartment|room|rm\.?|unit|suite|no\.?\s?room|\#)\s?\#?[A-Za-z]?\d{1,5}[A-Za-z]?
        |\d{1,3}[A-Za-z]?/?[Ff]\b)
    | (?P<building>(?:building|block|tower|bldg\.?)\s?[A-Za-z]?\d{0,4}[A-Za-z]?
        |(?-i:[A-Z])[\w'-]*\ (?:tower|building|house|plaza|mansions?))
    | (?P<street>(?:no\.?\s?)?\d{1,5}[A-Za-z]?(?:-\d{1,4})?\ (?:[\w'.-]+\ ){0,4}
        (?:road|rd\.?|street|st\.?|avenue|ave\.?|lane|ln\.?|drive|boulevard|blvd\.?|way|alley|highway)
        (?:\ section\ \d{1,2})?
        |(?:[A-Za-z][\w'.-]*\ ){1,3}(?:road|rd\.?|street|st\.?|avenue|ave\.?)\ (?:no\.?\s?)?\d{1,5})
    | (?P<district>(?:[\w'-]+\ ){1,3}(?:district|county|new\ area)(?:\ (?-i:[A-Z][a-z]+))?)
    | (?P<province>(?:[\w'-]+\ ){1,2}province)
    | (?P<city>(?:[\w'-]+\ ){1,2}city)
    | (?P<postcode>\d{6})
    | (?P<country>(?:p\.?r\.?\ )?china)
    | (?P<place>(?-i:[A-Z][A-Za-z'-]*(?:\ [A-Z][A-Za-z'-]*){0,2}))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_FIGURE = re.compile(r"[A-Za-z]?\d+[A-Za-z]?")
_ENDINGS = {"building": "幢", "unit": "单元", "floor": "楼", "room": "室"}
_ENGLISH_FIGURE = re.compile(
    r"\b(?:(?P<building>building|block|tower|bldg\.?)|(?P<unit>unit(?=\W{0,2}\d{1,2}\b))|(?P<floor>floor)|(?P<room>room|rm\.?|flat|apt\.?|apartment|unit|suite))"
    r"\s?(?:no\.?\s?)?\#?(?P<figure>[A-Za-z]?\d{1,5}[A-Za-z]?)\b|\b(?P<nth>\d{1,3})(?:(?:st|nd|rd|th)\s+floor|/?f)\b",
    re.IGNORECASE,
)
_PLACE_ENDING = re.compile(r"(?<=..)(?:省|市|区|县)$")
_LETTERS = re.compile(r"[A-Za-z]{3}")


class AddressPart(NamedTuple):
    """A part of an address: its level (``RANKS``), its words, and where they stand in the text that was read."""

    level: str
    text: str
    start: int
    end: int


def form_of(text: str) -> str:
    """The form in which a text writes an address: CHINESE or ENGLISH."""
    return ENGLISH if _LETTERS.search(text) and not re.search(f"[{_HAN}]", text) else CHINESE


def without_blanks(text: str) -> str:
    """A text without the blanks that people type around the figures of a Chinese address: 588 号 3 幢."""
    return _BLANK.sub("", text)


def with_chinese_figures(text: str, known: str = "") -> str:
    """A text with figures that it tells in English as a Chinese address writes them: 珞喻路800号, building 12.

    Args:
        known: the address that they belong to, whose endings they take: 栋 or 幢.
    """
    before = {part.level: part.text for part in _read_chinese(known)}

    def chinese(found: re.Match[str]) -> str:
        level = next((level for level in _ENDINGS if found[level]), "floor")
        return _FIGURE.sub(found["figure"] or found["nth"], before.get(level, f"0{_ENDINGS[level]}"), count=1)

    return _ENGLISH_FIGURE.sub(chinese, text)


def regions_of(address: str) -> str:
    """Province, city and district of an address, as it writes them; empty where none can be read."""
    form = form_of(address)
    regions = _REGIONS if form == CHINESE else (*_REGIONS, "place")
    parts = [part.text for part in _whole_parts(address, form) if part.level in regions]
    return (", " if form == ENGLISH else "").join(parts)


def read_parts(text: str, form: str | None = None) -> list[AddressPart]:
    """The parts of an address that a text tells, in its order; names of places without an ending are not among them.

    Args:
        form: CHINESE or ENGLISH; None: what the text looks like.
    """
    return _read_english(text) if (form or form_of(text)) == ENGLISH else _read_chinese(text)


def _read_chinese(text: str) -> list[AddressPart]:
    found: list[AddressPart] = []
    bare: set[int] = set()  # where names of cities without an ending stand
    for match in _CHINESE_PART.finditer(text):
        before = found[-1] if found else None
        near = before is not None and _GAP.fullmatch(text, before.end, match.start()) is not None
        kinds = [name for name, value in match.groupdict().items() if value and name != "named"]
        for kind in kinds:
            start, end = match.span(kind if kind.startswith("bare_") else 0)
            level = _level(kind, text[start:end], before if near else None, {part.level for part in found})
            if level:
                found.append(AddressPart(level, text[start:end], start, end))
        bare |= {match.start()} if "bare_city" in kinds else set()
    found = _without_repeated([part for part in found if part.start not in bare or _goes_on(text, part, found)])
    levels = {part.level for part in found}
    for cue in _CUED.finditer(text):
        level, ending = _CUE_LEVELS[cue["level"][0]]
        if level not in levels:
            found.append(AddressPart(level, cue["value"] + ending, cue.start(), cue.end()))
    return found


def _without_repeated(parts: Sequence[AddressPart]) -> list[AddressPart]:
    """The parts with the last of two buildings or rooms that end alike: no address has both 3幢 and 13幢."""
    last: dict[str, AddressPart] = {}
    for part in parts:
        key = part.text[-1] if part.text[-1] in _ONCE else part.text + str(part.start)
        last[key] = part._replace(level=last[key].level) if key in last else part
    return sorted(last.values(), key=lambda part: part.start)


def _goes_on(text: str, city: AddressPart, parts: Sequence[AddressPart]) -> bool:
    """Whether a city without an ending is all of a text, or stands beside another part: 广州天河, 广东广州."""
    beside = (_GAP.fullmatch(text, min(city.end, p.end), max(city.start, p.start)) for p in parts if p is not city)
    return text.strip(_EDGE) == city.text or any(beside)


def _level(kind: str, text: str, before: AddressPart | None, known: set[str]) -> str | None:
    """The level of a Chinese part. None: figures that follow no part count nothing."""
    if kind == "bare":
        kind = _BARE_AFTER.get(before.level, "") if before else ""
    elif kind == "municipality":
        kind = "city"
    elif kind.startswith("bare_"):
        kind = kind.removeprefix("bare_") if kind.removeprefix("bare_") not in known else ""
    elif kind == "city" and "city" in known:
        kind = "district"  # 苏州市昆山市
    elif kind == "estate" and text.endswith("园区") and (not before or before.level in _REGIONS):
        kind = "district"  # 苏州市工业园区
    if kind in known and kind in _FINER_NUMBERS:
        finer = _FINER_NUMBERS[_FINER_NUMBERS.index(kind) + 1 :]
        kind = next((level for level in finer if level not in known), "")
    return kind or None


def _read_english(text: str) -> list[AddressPart]:
    found: list[AddressPart] = []
    for line in re.finditer(r"(?:[^,;\n.]|\.(?!\s+[a-z]))+", text):  # Shanghai. same phone
        words = line[0].strip(" .!")
        start = line.start() + line[0].find(words)
        if (match := _ENGLISH_PART.fullmatch(words)) is None:
            found += _leading(words, start)
            continue
        kind = str(match.lastgroup)
        found.append(AddressPart(kind, words, start, start + len(words)))
    return found


def _leading(words: str, start: int) -> list[AddressPart]:
    """A room or a house within a line that says more: it's flat 12B, 5 Nanjing Road Shanghai."""
    inside = [m for m in _ENGLISH_PART.finditer(words) if m.lastgroup in ("room", "building", "street", "postcode")]
    return [AddressPart(str(m.lastgroup), m[0], start + m.start(), start + m.end()) for m in inside]


def merged(known: str, told: str) -> str:
    """The address that two texts give together: what ``told`` names replaces it in ``known``, all else stays.

    A region that changes takes what lies within it along: the street of another city is not known.

    Args:
        known: an address, or pieces of one.
        told: pieces and nothing else; without a part that can be read it is the whole address.
    """
    known, told = without_blanks(known), without_blanks(told)
    if form_of(known) == CHINESE != form_of(told):
        told = with_chinese_figures(told, known)
    form = form_of(known + told)
    before, after = _whole_parts(known, form), _whole_parts(told, form)
    if not before or not after:
        return told
    ranks = RANKS[form]
    coarsest = next((level for level in _REGIONS if _changes(level, before, after)), None)
    if coarsest is not None:
        before = [part for part in before if _is_coarser(part.level, coarsest, form)]
    parts = list(before)
    for part in after:
        same = next((i for i, old in enumerate(parts) if old.level == part.level != "place"), None)
        if same is not None:
            parts[same] = parts[same] if _is_same(parts[same].text, part.text) else part
        elif all((old.level, old.text) != (part.level, part.text) for old in parts):
            rank = ranks.get(part.level, len(ranks))
            at = next((i for i, old in enumerate(parts) if ranks.get(old.level, len(ranks)) > rank), len(parts))
            parts.insert(at, part)
    return (", " if form == ENGLISH else "").join(part.text for part in parts)


def _whole_parts(address: str, form: str) -> list[AddressPart]:
    """The parts of an address, each with the words after it that are no part: 22楼C, 12幢菜鸟驿站."""
    parts = read_parts(address, form)
    starts = [0, *(part.start for part in parts[1:]), len(address)]
    return [
        part._replace(text=address[start:end].strip(_EDGE))
        for part, start, end in zip(parts, starts, starts[1:], strict=False)
    ]


def _changes(level: str, before: Sequence[AddressPart], after: Sequence[AddressPart]) -> bool:
    old = next((part.text for part in before if part.level == level), None)
    new = next((part.text for part in after if part.level == level), None)
    alone = all(part.level == level for part in after)  # 是西湖区，不是滨江区: a slip, the rest stays
    return old is not None and new is not None and not _is_same(old, new) and not alone


def _is_same(old: str, new: str) -> bool:
    """Whether two names are of one part: 深圳 is 深圳市."""
    return old.casefold() == new.casefold() or _PLACE_ENDING.sub("", old) == _PLACE_ENDING.sub("", new)


def _is_coarser(level: str, other: str, form: str) -> bool:
    """Whether a level lies outside another one: the province, of a city."""
    order = RANKS[form].get(level, 0) - RANKS[form].get(other, 0)
    return order > 0 if form == ENGLISH else order < 0


def missing_parts(address: str) -> list[str]:
    """What an address lacks for a parcel to arrive: "region", "street", "door".

    Empty when it lacks nothing, or when no part of it can be read.
    """
    parts = read_parts(address)
    levels = {part.level for part in parts}
    if not levels:
        return []
    if form_of(address) == ENGLISH:
        lacks = {"region": {"place", "city", "district"}, "street": {"street", "building"}}
    else:
        lacks = {
            "region": {"city", "district"},
            "street": {"road", "town", "village", "estate"},
            "door": {"number", "lane", "building", "room", "estate", "village", "detail", "floor"},
        }
    return [name for name, some in lacks.items() if not levels & some]
