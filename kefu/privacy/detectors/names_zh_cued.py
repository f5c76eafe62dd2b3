"""Chinese names of people, only where something announces one (收件人, 我叫, a mobile number beside it).

A name is a listed surname and one or two characters that are not function words. After a strong cue that
is enough; after a weak one (我是, 客户), and in a piece of its own beside a phone number or address, it must
also fill the piece and be no common word. A name with a dot (阿依古丽·买买提) is plain, and so is a surname with
its title (王女士). Rare surnames need usual characters behind them unless a strong cue stands before. Names
without a cue are those of ``names_zh_uncued.py``. How people are called in passing (陈姐, 老高家的) counts, too.
Not found: a given name alone, cue or not (``我是小明``, ``收件人小明``).
Found: ``收件人：李建国``, ``我叫林小雨``. Left: ``收件人不对``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors.base import PiiSpan
from kefu.privacy.detectors.names_zh_lists import AFTER_CUE, BEGINNING, LIKELY, NAME, RARE, SOUNDED, SURNAME
from kefu.privacy.detectors.word_segmentation import lexicon

# One of them is in every name that no number stands beside; words, since a set would be slow.
_CUE = re.compile(
    r"""
      姓名|名字|我叫|名叫|请叫|烦叫|件人|货人|取人|系人|票人|有人|卡人|款人|单人|买人|订人|保人|请人
    | 险人|件[ ]人|办人|责人|托人|有者|落款|签名|署名|我是|是我|应是|该是|应为|户名|户主|本人|客户
    | 顾客|买家|会员|实名|机主|货主|车主|文名|[我贵]姓|[妈爸公婆友子儿哥姐弟妹]叫|转告|转交|转给
    | 交给|送给|寄给|老婆|老公|抬头|先生|女士|小姐|收|·
    """,
    re.VERBOSE,
)
_PERSON = re.compile(BEGINNING)
_BESIDE = re.compile(r"1[-\s]?[3-9]|\d[号栋室楼座层]|\d-\d|0\d\d|\d{6}[- ]?(?:19|20)\d\d")
_LATIN = r"(?:[A-Z][a-z]{1,15}(?:\s[A-Z][a-z]{1,15}){0,2}|[A-Z]{2,15}(?:\s[A-Z]{2,15}){1,2})(?![A-Za-z])"
_HAN = "[\u4e00-\u9fff]"
_STRONG = re.compile(
    rf"""
    (?:
        (?:
            收[件货]|收\s件\s|被保险|代收|取[件货]|联系|寄件|签收|开票|持[卡有]|收款|付款|下单
          | 购买|预订|投保|申请|经办|负责|委托|户
        )
        [人者]
      | 户[名主]|落款|签名|署名|[机货车]主|[英中]文名字?
      | (?:老[婆公]|[妈爸哥姐弟妹]|儿子|女儿|朋友|同[事学])叫
      | 开户名|姓名|名字|我叫|名叫|我的名字
    )
    (?:姓名|名字|本人|从|改成|改为|换成|写[成的]?|应[为该]|成了|是|为|叫|:|,|\s){{0,4}}  # cue and name are linked
    (?:我?(?:老[婆公]|妈妈?|爸爸?|儿子|女儿|同事|朋友))?
    ({SOUNDED}|{AFTER_CUE}|{_LATIN})
    """,
    re.VERBOSE,
)
# A name without a listed surname: after a cue, before a border, and no word of a question.
_ANY = re.compile(
    rf"""
    (?:
        (?:收[件货]人|联系人|寄件人|签收人|开票人|持卡人|取件人|户名|姓名|名字)
        (?:姓名|名字)?\s?(?:改成|改为|换成|写的|是|为|叫|:)
      | 我叫
      | (?:姓名|收[件货]人|开票人|户名)\s?(?=[\u4e00-\u9fff]{{3}})
    )
    \s?
    (
        (?!  # a question or a sentence
            {_HAN}{{0,5}}
            [吗呢吧的了么什怎哪谁有无没在写错填误改换信息电话手机号码地址要可能不和及与我你他她先生客告部门台组名公司店]
        )
        {_HAN}{{2,6}}
    )
    (?=$|[\n，。,;；、\d ]|电话|手机|不变)
    """,
    re.VERBOSE,
)
_END = r"(?=$|[\s，。,;:；、！!?？)(\]】/的\d]|先生|女士|小姐|电话|手机|身份|不变|现在|投诉|接|代收)"
_WEAK = re.compile(
    rf"""
    (?:
        我是|是我|本人|客户|顾客|买家|会员|实名|转[告交给]给?|[请烦]叫|[交送寄]给|抬头个人
      | 老[婆公]|应该?[为是]
    )
    [是为叫:\s]{{0,2}}({NAME}|{RARE}){_END}
    """,
    re.VERBOSE,
)
# A likely name after words that often stand before a person.
_SAID = re.compile(
    rf"""
    (?:
        是|[给让请叫找帮跟和]了?|联系|用户|客户|顾客|会员名?|买家|同事|朋友|爱人|老[婆公]
      | [妈爸哥姐弟妹儿]|收[件货]|抬头|写[成的]?|填[成的]?|[改换][成为]|[主手荐系]人|货主|快递员
      | 配送员|本人|实名|转告|登记|[】\]]
    )
    [是为叫写:\s]{{0,2}}({LIKELY}|{RARE})
    (?=
        $|[\s，。,;:；、！!?？)(\]】/\d～~]|[先女小][生士姐]|本人|签收|代[收取]
      | 收(?:$|[，。,\s吗])|帮|就|要求?|申请|反映|联系|投诉|回|接|查|的|了|您|电话|手机|来|取|去
      | 在
    )
    """,
    re.VERBOSE,
)
_OWNS = re.compile(
    rf"""
    (?:^|(?<=[，。,;:!?！？(\s帮查]))({LIKELY})
    (?=的(?:快递|订单|包裹|退款|货|件|手机|电话|号码|地址|账[号户]|会员|东西|单))
    """,
    re.VERBOSE,
)
_ALONE = re.compile(rf"(?:^|(?<=[\n【\[(—]))({LIKELY}|{RARE})(?=\s{{0,2}}(?:[\n】\])。~～]|$))", re.VERBOSE)
_CHANGED = re.compile(rf"[改换][成为]({LIKELY}|{RARE})(?=[吗了呢可行就])", re.VERBOSE)
_WORD = -13.0  # what is as frequent a word is not a name for standing alone: 祖国
_DOTTED = re.compile(
    rf"(?:(?<!{_HAN})|(?<=[人名叫是给找帮跟让了为户到]))({_HAN}{{2,6}}·{_HAN}{{2,5}}?)(?=[先女小][生士姐]|电话|手机|[本代签]|(?!{_HAN}))"
)
_TITLED = re.compile(
    rf"""
    (
        {SOUNDED}|{NAME}
      | (?:(?<!{_HAN})|(?<=[是给找叫让的]))
        (?:{RARE}|(?!何|那|成|万|时|包|钟|毛|单|白|牛){SURNAME})
    )
    (?:先生|女士|小姐)
    """,
    re.VERBOSE,
)
_SURNAMED = re.compile(rf"(?:我姓|免贵姓?|贵姓)({SURNAME})(?=$|[，。,!！~～\s])", re.VERBOSE)
_MOBILE = r"(?:\(?\+?86\)?[-\s]?)?1[-\s]?[3-9][-\s]?\d[-\s.—\d]"
_PLACE = r"[^\W\d]{1,12}(?:省|市|区|县|镇|乡|路|街|道|苑|园|城|府|湾|家|\d{1,4}[号栋幢座])"
_MOBILE_FOLLOWS = (
    rf"(?:的?(?:电话|手机|联系方式)号?码?)?[:\s是]{{0,2}}(?:{_MOBILE}|\(?(?:\+86[- ]?|0)\d{{2,3}}[)\s-]{{0,2}}\d{{3}})"
)
# As people write on parcels: 李建国 139…, or 周宇航收.
_BEFORE = re.compile(
    rf"""
    (?:^|(?<=[，。,;:!?！？(\s\d室号楼层【]))({SOUNDED}|{NAME}|{RARE})
    (?=
        [，,\s、/】)]{{0,3}}
        (?:收(?:$|[，。,;\s])|{_MOBILE_FOLLOWS}|[1-9]\d{{5}}[- ]?(?:19|20)\d\d)
      | [，,\s]{{1,3}}{_PLACE}
    )
    """,
    re.VERBOSE,
)
_AFTER = re.compile(
    rf"""
    (?:(?<!\d)|(?<=86))
    (?:1[-\s]?[3-9][-\s.—\d]{{9,21}}|(?<!\d)[1-6]\d{{14,18}}[Xx]?)
    [，,\s、/】()]{{0,3}}({SOUNDED}|{NAME}|{RARE})(?=$|[\s，。,;；、！!)】/~～])
    """,
    re.VERBOSE,
)
# How people are called in passing: 陈姐, 财务部薛姐, 老高家的快递, 他姓尤, Grace 周. A frequent surname with a word
# for a person behind it, or 老 and 小 before it, where a border or a verb says that no longer word is cut.
_FREQUENT = (
    "[王李张刘陈杨赵黄周吴徐孙胡朱林郭罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶苏魏吕丁沈姚卢姜崔钟谭陆汪范廖贾韦"
    "邹孟秦薛侯龚邵]"
)
_CALLED_AFTER = "(?:^|(?<=[\\s，。,!?！？:是给找叫让跟和帮的部问寄]))"
_ADDRESSED = (
    "(?:姐|哥(?!哥)|叔|婶|姨|伯|总(?![是共会的之结算部体量额价])|师傅|老师|阿姨|叔叔|大爷|大妈|经理|医生|主任|老板"
    "|太太|奶奶|爷爷)"
)
_SPOKEN = (
    re.compile(rf"{_CALLED_AFTER}((?!曾经|黄总|田经){_FREQUENT}{_ADDRESSED})"),
    re.compile(
        rf"{_CALLED_AFTER}((?!小[黄林])(?:[老小]{_FREQUENT}|老[高何马方孔石])头?)(?=家的|[签代收拿取说]|$|[？?，。,\s])"
    ),
    re.compile(r"(?:[他她妈爸]姓|(?:^|(?<=[，。,\s]))姓)((?![名什何啥么啊呀吗])[\u4e00-\u9fff])(?=$|[，。,!！~～\s])"),
    re.compile(rf"(?<![A-Za-z])([A-Z][a-z]{{1,12}}\s?{_FREQUENT})(?![\u4e00-\u9fff])"),
)
_SPOKEN_HINT = re.compile(
    f"{_FREQUENT}(?:[姐哥叔婶姨伯总师老阿大经医主太奶爷]|$|[？?，。,\\s])|[老小]{_FREQUENT}|老[高何马方孔石]|[他她妈爸，。,\\s]姓|^姓"
)


def possible(text: str) -> bool:
    """Whether there can be a name that no digit stands beside."""
    return any(hint.search(text) is not None for hint in (_CUE, _PERSON, _SPOKEN_HINT))


def _patterns(text: str) -> Iterator[re.Pattern[str]]:
    """Those that can match, longest claims first."""
    if _CUE.search(text):
        if "·" in text:
            yield _DOTTED
        yield from (_ANY, _STRONG, _WEAK)
        if "先生" in text or "女士" in text or "小姐" in text:
            yield _TITLED
        if "姓" in text:
            yield _SURNAMED
    if _PERSON.search(text):
        yield from (_SAID, _OWNS, _ALONE)
    if "改成" in text and ("人" in text or "名" in text):
        yield _CHANGED
    if "收" in text or _BESIDE.search(text):
        yield from (_BEFORE, _AFTER)


def find(text: str) -> Iterator[PiiSpan]:
    """Names of folded text."""
    for pattern in _patterns(text):
        for match in pattern.finditer(text):
            start, end = match.span(1 if match.lastindex else 0)
            if pattern is _ALONE and lexicon().words.get(text[start:end], -99.0) > _WORD:
                continue
            yield PiiSpan(start, end, "NAME")
    if _SPOKEN_HINT.search(text):
        for pattern in _SPOKEN:
            for match in pattern.finditer(text):
                yield PiiSpan(match.start(1), match.end(1), "NAME")
