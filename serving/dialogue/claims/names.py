"""Names: places, brands of couriers and payment, and English words with a capital letter.

The lists are of the country, not of the shop; what the shop sells is added by ``ClaimChecker(names=…)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from serving.dialogue.claims.records import Claim

_LISTED = """
北京 上海 天津 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南
广东 海南 四川 贵州 云南 陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门 广州 深圳
杭州 南京 苏州 成都 武汉 西安 长沙 郑州 青岛 宁波 厦门 义乌 东莞 佛山 沈阳 大连 昆明 哈尔滨
合肥 无锡 温州 美国 日本 韩国 英国 德国 欧洲 京津冀 江浙沪 顺丰 圆通 中通 申通 韵达 极兔 百世
德邦 京东 邮政 菜鸟 丹鸟 宅急送 苏宁 唯品会 小红书 快手 美团 饿了么 闪送 工商银行 农业银行 建设银行 中国银行
交通银行 招商银行 邮储银行 浦发银行 中信银行 民生银行 兴业银行 平安银行 光大银行 招行 工行 建行 农行
淘宝 天猫 拼多多 抖音 微信 支付宝 云闪付 花呗 白条 银联 信用卡
"""
_EN_LISTED = """
Beijing Shanghai Tianjin Chongqing Guangdong Guangzhou Shenzhen Hangzhou Nanjing Suzhou Sichuan Chengdu Wuhan Jiangsu
Zhejiang Yunnan Tibet Xinjiang Taiwan Macao Japan Korea Europe America FedEx DHL UPS EMS PayPal Alipay Visa Mastercard
Amazon Taobao Tmall JD SF WeChat UnionPay
"""
_ZH = _LISTED.split()
_BANK = r"(?:[A-Z]\w+ )*Bank of (?:[A-Z]\w+)(?: [A-Z]\w+)*|(?:[A-Z]\w+ )+Bank"
_EN = re.compile(rf"\b(?:{'|'.join(_EN_LISTED.split())})\b")
_PARTS = {"江浙沪": ["江苏", "浙江", "上海"], "港澳台": ["香港", "澳门", "台湾"]}
_PLACES = re.compile("|".join(sorted(_ZH, key=len, reverse=True)))
_CAPITAL = re.compile(r"[A-Z][A-Za-z'-]*[a-z][A-Za-z]*|[A-Z]{3,}")
_CAMEL = re.compile(r"[A-Z][a-z]+[A-Z]")
_FIRST = re.compile(r"(?:^|[.!?:;…\n“”\"'(]|\d\))\s*[“\"'(]*$")
_AND = re.compile(r"、|,? and |, |和|或")
_COMMON_WORDS = """
I I'm I'll I've I'd OK Okay Yes No Hi Hello Dear Chinese English China VAT SMS App FAQ AI Monday Tuesday
Wednesday Thursday Friday Saturday Sunday January February March April May June July August September October
November December Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec RMB CNY USD PDF URL Mr Mrs Ms
Mondays Tuesdays Wednesdays Thursdays Fridays Saturdays Sundays
"""
_COMMON = set(_COMMON_WORDS.lower().split())


def find(text: str) -> Iterator[Claim]:
    for match in _PLACES.finditer(text):
        yield Claim("name", "name", (match[0],), match[0], match.start())
    for match in re.finditer(_BANK, text):
        yield Claim("name", "name", (match[0].lower(),), match[0], match.start())
    for match in _CAPITAL.finditer(text):
        first = _FIRST.search(text[: match.start()]) and not _EN.fullmatch(match[0]) and not _CAMEL.match(match[0])
        if match[0].lower() not in _COMMON and not first:
            yield Claim("name", "name", (match[0].lower(),), match[0], match.start())


def in_a_list(claim: Claim, sentence: str) -> bool:
    """Whether a name stands beside others: "Shanghai, Jiangsu and Zhejiang"."""
    before, behind = sentence[: claim.start], sentence[claim.end :]
    sides: list[str] = []
    if mark := _AND.search(before, max(len(before) - 5, 0)):
        sides += [before[: mark.start()]] if mark.end() == len(before) else []
    if mark := _AND.match(behind):
        sides += [behind[mark.end() :]]
    return any(other.start == 0 or other.end == len(side) for side in sides for other in find(side))


def named(value: str, text: str) -> bool:
    """Whether a text has a name."""
    return value in text.lower()


def named_by_group(value: str, text: str) -> bool:
    """Whether a text has a name as a member of a group, or a group by all its members: 港澳台 is 香港, 澳门, 台湾."""
    return any(
        (value in members and group in text) or (group == value and all(m in text for m in members))
        for group, members in _PARTS.items()
    )
