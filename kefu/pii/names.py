"""Names of people, only where a cue announces one (收件人, 我叫, "my name is").

A Chinese name is a listed surname and one or two characters that are not function words. A mobile number
or 收 right after it is a cue too. Without a cue a name is not looked for: 高兴 and 马上 would be people.
Surname and title alone (王女士) say too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.pii.base import Found

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢"
    "姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤柳温康施"
    "文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柴甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷"
    "盛曲翁冉骆蓝路游辛靳管柏解蒲谈宫鲍华喻祁屈应解房滕屠"
)
_COMPOUND = "欧阳|司马|上官|诸葛|司徒|东方|皇甫|尉迟|公孙|慕容|令狐|夏侯|端木|南宫"
_NOT_A_NAME = (
    "(?!方[式法便]|任[何务]|何[时人]|马上|高[兴级]|成[了功都]|应该|关[于系]|解决|管理|安[排全]|包[裹括]|单[号元子]|文[字件]"
    "|向[您你]|万一|路上)"
)
_STOP = "的是在了吗呢吧啊哦呀我你您他她它们电手号联地址收件这那请和与跟要想买不没有改换成，。！？就都也把给到寄发送订"
_GIVEN = rf"[^\W\da-zA-Z_{_STOP}]"
_CHINESE = re.compile(
    r"(?:收[件货]人|联系人|寄件人|签收人|开票人|姓名|名字|我叫|我的名字)"
    r"(?:姓名|名字|改成|改为|换成|应该|写|是|为|叫|:|,|\s){0,4}"
    rf"({_NOT_A_NAME}(?:(?:{_COMPOUND})|[{_SURNAMES}]){_GIVEN}{{1,2}}|[A-Z][a-z]{{1,15}}(?:\s[A-Z][a-z]{{1,15}}){{0,2}})"
)
CHARACTERS = "人名叫生士姐收"  # one of them is in every cue without digits, or
WORDS = ("name", "recipient", "consignee", "addressee")  # one of these, in any case
_HINT = re.compile(f"[{CHARACTERS}]|1[3-9]\\d")
_TITLED = re.compile(rf"((?:(?:{_COMPOUND})|[{_SURNAMES}]){_GIVEN}{{1,2}})(?:先生|女士|小姐)")
_BESIDE = re.compile(  # as people write on parcels: 李建国 139…, or 周宇航收
    rf"(?:^|(?<=[，。,;:\s\d室号]))({_NOT_A_NAME}(?:(?:{_COMPOUND})|[{_SURNAMES}]){_GIVEN}{{1,2}})"
    r"(?=[，,\s]{0,2}(?:收(?:$|[，。,;\s])|(?:电话|手机号?)?[:\s]{0,2}(?:\+?86[-\s]?)?1[3-9]\d[-\s\d]))"
)
_WORD = r"[A-Za-z][A-Za-z'-]{1,19}"
_ENGLISH = re.compile(
    rf"(?<![A-Za-z])(?i:my\s(?:full\s)?name(?:\sis|'s|:)|(?:recipient|consignee|addressee|full\sname|name)\s?(?:is|:))"
    rf"\s{{0,3}}({_WORD})(\s{_WORD})?(\s{_WORD})?"
)
_COMMON_WORDS = (
    "a an and are as at available but correct different for from has here i in incorrect is it its mine misspelled "
    "missing my not of on or order phone please spelled still that the there this to unknown was we what who with "
    "wrong you your can could would should have had need want tel mobile email address number"
)
_NO_NAMES = frozenset(_COMMON_WORDS.split())


def _english(match: re.Match[str]) -> Found | None:
    """The first word must be no common one; following words belong while they look like a name."""
    if match[1].lower() in _NO_NAMES:
        return None
    end = match.end(1)
    for group in (2, 3):
        word = (match[group] or "").strip()
        if not word or word.lower() in _NO_NAMES or (word[0].islower() and match[1][0].isupper()):
            break
        end = match.end(group)
    return Found(match.start(1), end, "NAME")


def find(text: str) -> Iterator[Found]:
    """Names of folded text."""
    if _HINT.search(text):
        for pattern in (_CHINESE, _TITLED, _BESIDE):
            for match in pattern.finditer(text):
                yield Found(match.start(1), match.end(1), "NAME")
    small = text.lower()
    if any(word in small for word in WORDS):
        for match in _ENGLISH.finditer(text):
            if found := _english(match):
                yield found
