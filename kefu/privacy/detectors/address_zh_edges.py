"""What belongs to a Chinese address though it is not a unit of it, and landmarks that stand for a door.

An address goes on over words that end in a place (东侧三鑫修理厂, 南门菜鸟), and begins before a number whose
street has no word for one (西安雁塔南二环西段88号). A housing estate, school or hospital with its gate, its
neighbour or its locker (锦绣江南三期门岗) tells a door without any number; without a name of its own (小区门口) it
tells nothing.
Not found: a landmark without a name of its own (``菜鸟驿站旁边``, ``公司前台``).
Found: ``锦绣江南三期门岗``, ``浦东新区张杨路500号东侧三鑫修理厂``. Left: ``小区门口``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors.base import PiiSpan

CHARACTERS = "门岗亭驿鸟巢柜"  # one is in nearly every landmark
_STOP = (  # never within a place, or hardly ever
    "的是在到我你您他她它们给把寄送放住和与了请帮要这那有没能可以从去往就都也吗呢吧啊哦换改址"
    "叫让说怎么什哪很再先别不收签件快发货查几谁麻烦下单退"
)
_HAN = f"(?:(?![{_STOP}])[\u4e00-\u9fff])"
_DIGIT = "[\\d〇零一二三四五六七八九十]"
_GATE = "(?:[东南西北前后正侧大]{1,2}门|门岗|门口|门卫室?|门房|保安[亭室]|岗亭|物业|传达室|值班室)"
_NEXT = (
    "(?:对面|对过|旁边|旁(?!的)|隔壁|附近|后面|前面|斜对面|楼上|楼下|路口|[东南西北]侧|左手边?|右手边?"
    "|往里|进[来去]|拐角|里面)"
)
_LOCKER = "(?:菜鸟驿站|菜鸟|妈妈驿站|驿站|丰巢柜?|快递柜|蜂巢|自提[柜点]|小卖部|便利店|超市|前台|代收点)"
_DOOR = rf"""
    (?:
        [A-Za-z]?{_DIGIT}{{1,4}}(?:号楼|单元|[楼层室房号栋座馆舍床铺档街组社队期区])
      | 第{_DIGIT}{{1,2}}[家个间排户](?:单元)?|[A-Za-z]\d?[座区馆室栋]
      | \d{{1,3}}[Ff](?![A-Za-z])
      | [A-Za-z]?\d{{3,5}}(?![\d元块%件年月日天])
    )
"""
_KIND = rf"""
    (?:
        修理厂|工厂|厂|公司|宿舍|大院|院|门诊|住院部|科|所|局|银行|支行|饭店|餐厅|酒店|宾馆|画室
      | 网吧|药店|药房|诊所|商店|门市部?|铺面?|市场|商场|广场|学校|幼儿园|仓库|大厦|大楼|中心|委会
      | [组社屯湾队](?=$|[\s，。,\d])|巷子?|胡同|{_DIGIT}{{1,2}}(?:组|社|队|巷|区|期)
    )
"""
_TAIL = re.compile(rf"(?:{_HAN}{{0,6}}?(?:{_GATE}|{_NEXT}|{_LOCKER}|{_KIND}|{_DOOR})){{1,4}}", re.VERBOSE)
_TAIL_OF_DOOR = re.compile(
    rf"(?:{_HAN}{{0,6}}?(?:{_LOCKER}|{_KIND}|{_DOOR})){{1,4}}", re.VERBOSE
)  # 室楼下 tells no more than 室
_GAP = re.compile(f"{_HAN}{{0,6}}(?:{_NEXT}的?{_HAN}{{0,4}}){{0,2}}")
_HEAD = re.compile(f"{_HAN}{{2,14}}[甲乙丙丁]?$")
_SITE = r"""
    (?:
        小区|花园|家园|公寓|名邸|华庭|广场|大厦|商城|医院|学校|大学|中学|小学|师大|一中|二中|三中
      | 宿舍|[一二三四五六七八九十\d]期|[东南西北]区|苑|府|湾|庭|园|邸|郡|城|村|寓|里|楼|院|市场
    )
"""
# Words that make no name: 公司前台 is everybody's.
_COMMON = r"""
    (?!
        小区|花园|学校|医院|公寓|大厦|单位|公司|宿舍|快递|包裹|东西|商品|直接|现在|已经|今天|明天
      | 昨天|晚上|早上|中午|下午|周末|一般|平时|统一|全部|代收|驿站|超市|门卫|物业|家里|店里|本市
      | 本地|附近|对面|旁边|大门|前门|后门|另外|其他|任何|所有|每|各|某|隔壁|楼上|楼下
    )
"""
_LANDMARK = re.compile(
    rf"""
    {_COMMON}{_HAN}{{2,10}}?{_SITE}
    (?:{_HAN}{{0,2}}?(?:{_GATE}|{_LOCKER}|(?:{_NEXT}|{_GATE}){_HAN}{{0,4}}?{_DOOR}|{_DOOR})){{1,3}}
    {_HAN}{{0,2}}?(?=$|[\s，。,！!？?；;吧就行可上])
    """,
    re.VERBOSE,
)
_PART = f"{_HAN}{{0,10}}?(?:{_SITE}|{_KIND}|{_DOOR}|[路街巷弄镇乡屯])[-\\d，, ]{{0,8}}"
_WHOLE = re.compile(rf"{_COMMON}{_HAN}(?:{_PART}){{1,4}}", re.VERBOSE)
_HINT = re.compile(f"{_GATE}|{_LOCKER}")


def begins(text: str, start: int) -> int:
    """Where an address begins of which only what stands from ``start`` on is a unit."""
    head = _HEAD.search(text, max(0, start - 16), start)
    return head.start() if head else start


def bridges(text: str, end: int, start: int) -> bool:
    """Whether what stands between two units can belong to the address: words of a place, and no others."""
    return start - end <= 20 and _GAP.fullmatch(text, end, start) is not None


def ends(text: str, end: int, door: bool) -> int:
    """Where an address ends whose last unit, a door or not, ends at ``end``."""
    tail = (_TAIL_OF_DOOR if door else _TAIL).match(text, end)
    return tail.end() if tail else end


def whole(text: str) -> bool:
    """Whether a text can be nothing but an address, where one was asked for."""
    return _WHOLE.fullmatch(text) is not None


def find(text: str) -> Iterator[PiiSpan]:
    """Landmarks that tell a door, of folded text."""
    if _HINT.search(text):
        for match in _LANDMARK.finditer(text):
            yield PiiSpan(match.start(), match.end(), "ADDRESS")
