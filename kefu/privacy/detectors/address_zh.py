"""Chinese postal addresses, precise enough to find a door or a street.

A Chinese address is a chain of units, each ending in what it is (省 市 区 路 号 栋 室): one linear scan
finds units, neighbours form chains, and a chain counts when it tells a door or a street. A city,
district or town alone stays: it says how long a parcel takes, not where somebody lives. A building with its
door (5栋1203) needs no street, and after a cue (寄到, 地址) a chain takes the words between that are not units.
Not found: a city, district or town alone (``上海市浦东新区``), and a place that is described without a unit of an
address (``楼上左边那家``, ``村口第三家``).
Found: ``浦东新区张杨路500号3楼``, ``5栋1203``. Left: ``寄到上海``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors import address_zh_edges
from kefu.privacy.detectors.base import PiiSpan

_FUNCTION = "的是在到我你您他她它们给把寄送住和与了请帮要这那有没能可以从去来往发就都也吗呢吧啊哦换址"
# Places whose names hold such a word: 成都, 都江堰, 和平路, 呼和浩特, 来宾, 从化, 那曲, 发展路, 可可西里.
_NAMED = r"""
      (?<=[成名花首])都|都(?=[匀江昌安兰市])|和(?=[平田谐顺兴静政龙睦])|(?<=[呼泰永太仁丰])和
    | 来(?=[宾安凤福])|从化|那曲|(?<=[县市区州旗乡镇村])那|发(?=[展达])|可可
"""
_PLACE = rf"(?:[^\W\d_{_FUNCTION}]|{_NAMED})"
_REGION = "特别行政区|自治区|自治州|自治县|省|市|区|县|州|旗|(?<!联)盟"
_TOWN = "街道|镇|乡"
_STREET = r"""
    (?:
        大道|公路|胡同
      | (?:(?<![原半])路|街|巷|弄|村)(?!街道|社区|小区)
      | (?<![知管轨通频赛人难味报街隧])道(?=\d{1,4}号)
    )
    (?:[东南西北中]?[一二三四五六]段|[东南西北中]段)?
"""
_HAN = "[\u4e00-\u9fff]"
_DIGIT = "[\\d〇零一二三四五六七八九十]"
_SITE = r"""
      小区|社区|校区|花园|家园|公寓|大厦|大楼|写字楼|商厦|广场|中心|学校|大学|中学|小学|幼儿园|宿舍
    | 医院|工业园|科技园|产业园|软件园|创业园|创意园|新村|山庄|屯|寨|堡|园|苑|府|湾|城|庄|里|农场
    | 林场
"""
_NUMBER = r"""
      号之[一二三四五六七八九十\d]|号宿舍楼|号宿舍|号教学楼|号楼|号院|单元|号|栋|幢|座|楼|层|室|房
    | 弄|组|队|分场|连|宿舍|巷|门(?=\d)|塔|舍|床|馆|铺|档|[Ff](?![A-Za-z])|街(?=\d)
"""
CHARACTERS = "道镇乡路同街巷弄村区园寓厦场心学院苑府湾城庄里号栋幢座室舍馆"  # much faster to exclude by
_LAST = re.compile(rf"[{CHARACTERS}]|\d-\d{{1,2}}-\d{{3}}")
_HINT = re.compile(
    rf"{_TOWN}|{_STREET}|{_SITE}|{_DIGIT}[号栋幢座室层舍床馆铺]|[A-Za-z]座|\d-\d{{1,2}}-\d{{3}}", re.VERBOSE
)
_DOOR = (  # so many doors on a line tell that what stands before is a housing estate
    rf"(?:[A-Za-z]?{_DIGIT}{{1,4}}(?:号楼|号院|栋|幢|座|单元)\s?{_DIGIT}|\d{{1,2}}-\d{{1,2}}-\d{{3,4}}(?!\d)|[A-Za-z]座\s?\d)"
)
_UNIT = re.compile(
    rf"""
      (?P<number>
          (?<=[栋座幢楼])宿舍(?=\d)
        | [A-Za-z]?{_DIGIT}{{1,5}}[A-Za-z]?(?:[-#][A-Za-z\d]{{1,5}})?(?:{_NUMBER})
        | [甲乙丙丁]{_DIGIT}{{1,4}}(?:{_NUMBER})|[甲乙丙丁](?:单元|栋|座|幢|室|号楼)
        | (?<![A-Za-z])[A-Za-z](?:座|栋|区|幢|塔)
      )
    # 500号世纪大厦3楼
    | (?<=号)(?P<building>{_PLACE}{{2,8}}?)(?=[A-Za-z]?{_DIGIT}{{1,3}}[楼层室座栋幢])
    # 西樵镇大岸塘12号
    | (?<=[村镇乡县])(?P<hamlet>{_HAN}{{1,4}}?(?:屯|寨|坡|塘)(?={_DIGIT}|$))
    # A name between a street and a door
    | (?:(?<=[路街道巷村区园城院苑府厦期心])|(?<=[路街道巷村]，))
      (?P<spot>(?!门?店){_PLACE}{{2,7}}?)(?<![店货发])
      (?=，?[A-Za-z]?{_DIGIT}{{1,4}}(?:-\d{{1,3}})?[A-Za-z]?(?:号|栋|幢|座|舍|层|馆|期)|[A-Za-z]塔)
    # A name and what it names
    | {_PLACE}{{1,10}}?
      (?:
          (?P<region>{_REGION})|(?P<town>{_TOWN})|(?P<street>{_STREET})
        | (?P<site>(?:{_SITE})(?!{_TOWN}|{_REGION}|[东南西北中]?(?:{_STREET}))|(?=\s?{_DOOR}))
      )
    # Figures that count only behind another unit
    | (?P<bare>
          (?:[A-Za-z]?\d{{1,4}}(?:-\d{{1,4}}){{0,3}}|[〇零一二三四五六七八九]{{3,5}})
          (?![\d元块%天个件年月日点折]|[-. ]\d)
      )
    """,
    re.VERBOSE,
)
_BLANK = re.compile(
    r"(?<=[路街道巷村弄号栋幢座楼院园区元期]) +(?=[A-Za-z]?\d)|(?<=\d) +(?=(?:[号弄栋幢座楼层室房]|单元))"
)
_JOINT = re.compile(r"[\s,，、-]{0,2}")
# A door without its street, as people correct it.
_DOORS = re.compile(
    r"""
    (?<![\dA-Za-z-])[A-Za-z]?\d{1,3}(?:号楼|栋|幢|座)\s?(?:[\d一二三四五六甲乙丙丁]{1,2}单元\s?)?
    \d{3,4}(?:室|房|宿舍)?(?![\d元块%件个年月])
    """,
    re.VERBOSE,
)
# Who takes the parcel in there.
_AFTER = re.compile(
    rf"""
    (?:
        (?!放){_PLACE}{{0,8}}?
        (?:驿站|丰巢柜?|快递柜|自提[柜点]|小卖部|门卫|物业|前台|[东南西北中]户|对面|旁边?|村委会)
    ){{1,3}}
    """,
    re.VERBOSE,
)
_TOLD = re.compile(
    rf"""
    (?:[地住]址|寄[到去]|送[到去]|住在|[货发]到|搬到|填的)
    (?:改[成为到]|换[成到]|错了|应?该?是|为|:|,|，|\s){{0,4}}
    ((?!改|换|写|错){_PLACE}(?:{_PLACE}|\d(?!\d{{4}})|[ ，]){{0,30}})
    $
    """,
    re.VERBOSE,
)
_CODE = re.compile("[取提][件货]码|货架|编[号码]")  # 7-3-2206 after them is not a door
_CUED = re.compile("(?:[地住]址|寄[到去]|送[到去]|住在|[货发]到|搬到)[是为:\\s]{0,3}$")
_ESTATE = re.compile(
    rf"(?:(?![放怎几多什很不快没收签]){_PLACE}){{2,8}}(?=[，。,\n]|$)", re.VERBOSE
)  # a street's estate, and no more
_LEAD = re.compile(r"(?:联系一下|一下|属于|新?地[址点]|改[成为]|成(?!都)|为|收货|快递|现在|就|回|家|公司){1,3}")


def _counts(kinds: list[str]) -> bool:
    """Whether a chain tells a door or a street; "分拣中心" or a town under its district does not."""
    place = not {"street", "site", "hamlet"}.isdisjoint(kinds)
    if "number" in kinds:
        return place or "town" in kinds or "region" in kinds
    if "comma" in kinds:
        return False
    regions = kinds.count("region")
    return (regions >= 1 and "street" in kinds) or (regions >= 2 and (place or "town" in kinds))


def _joins(joint: str, kind: str, unit: str, before: str) -> bool:
    """Whether a unit goes on with the chain before it. Over a comma it must be more than a floor."""
    if kind == "bare" and unit.count("-") < 2:
        return joint in ("", " ", "-") or (before == "单元" and len(unit) >= 3)
    return "，" not in joint or unit[-1] not in "楼层房组队" or unit[-2:] == "号楼"


def _goes_on(text: str, end: int, start: int, kinds: list[str], kind: str) -> bool:
    """Whether a chain that tells a place goes on with a number after some words that are not unit."""
    numbered = kind in ("number", "spot") or (kind == "bare" and text[start : start + 3].isdecimal())
    return numbered and kinds[-1] in ("site", "street", "town") and address_zh_edges.bridges(text, end, start)


def _chains(text: str) -> Iterator[tuple[int, int, list[str]]]:
    start, end, kinds = -1, -1, list[str]()
    for match in _UNIT.finditer(text):
        kind = str(match.lastgroup)
        joint = _JOINT.match(text, end) if kinds else None
        near = joint and joint.end() == match.start() and _joins(joint[0], kind, match[0], text[end - 2 : end])
        if not near and not (kinds and _goes_on(text, end, match.start(), kinds, kind)):
            if kinds:
                yield start, end, kinds
            if kind == "bare":
                start, end, kinds = -1, -1, []
                continue
            start, kinds = match.start(), []
        elif joint and "，" in joint[0]:
            kinds.append("comma")
        if kind == "bare" and kinds[-1] in ("site", "street", "comma") and len(match[0]) >= 3:
            kind = "number"  # 阳光花园3-2-501
        end = match.end()
        kinds.append(kind)
    if kinds:
        yield start, end, kinds


def _whole(text: str, start: int, end: int, kinds: list[str]) -> PiiSpan:
    """The chain without the words that lead to it, and with what belongs to it though it is not a unit."""
    lead = _LEAD.match(text, start, end)
    start = lead.end() if lead else start
    told = _TOLD.search(text, max(0, start - 40), start)
    after = _AFTER.match(text, end)
    if not after and text[end - 1] in "路街道巷村" and _CUED.search(text, max(0, start - 20), start):
        after = _ESTATE.match(text, end)
    if told:
        start = told.start(1)
    elif kinds[0] == "number":
        start = address_zh_edges.begins(text, start)
    return PiiSpan(
        start, address_zh_edges.ends(text, after.end() if after else end, kinds[-1] in ("number", "bare")), "ADDRESS"
    )


def find(text: str) -> Iterator[PiiSpan]:
    """Addresses of folded text. Blanks around figures (588 号 3 幢 1202 室) are part of one."""
    blanks = [match.span() for match in _BLANK.finditer(text)] if " " in text else []
    if not blanks:
        yield from _found(text)
        return
    kept = [at for at in range(len(text)) if not any(start <= at < end for start, end in blanks)]
    for start, end, kind in _found(_BLANK.sub("", text)):
        yield PiiSpan(kept[start], kept[end - 1] + 1, kind)


def _found(text: str) -> Iterator[PiiSpan]:
    if not (_LAST.search(text) and _HINT.search(text)):
        return
    for start, end, kinds in _chains(text):
        if _counts(kinds) and not _CODE.match(text, start):
            yield _whole(text, start, end, kinds)
    for match in _DOORS.finditer(text):
        yield PiiSpan(match.start(), match.end(), "ADDRESS")
