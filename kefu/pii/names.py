"""Chinese names of people, only where something announces one (收件人, 我叫, a mobile number beside it).

A name is a listed surname and one or two characters that are not function words. After a strong cue that
is enough; after a weak one (我是, 客户), and in a piece of its own beside a phone number or address, it must
also fill the piece and be no common word. A name with a dot (阿依古丽·买买提) is plain. Without a cue a name is
not looked for: 高兴 and 马上 would be people. Surname and title alone (王女士) say too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.pii.base import Found

CUE = re.compile(  # one of them is in every name that no number stands beside; words, since a set would be slow
    "姓名|名字|我叫|名叫|请叫|烦叫|件人|货人|取人|系人|票人|有人|卡人|款人|单人|买人|订人|保人|请人|办人|责人|托人|有者|我是|是我|应是"
    "|应为|户名|户主|本人|客户|顾客|买家|会员|实名|转告|转交|转给|交给|送给|寄给|老婆|老公|抬头|先生|女士|小姐|收|·"
)
_BESIDE = re.compile(r"1[-\s]?[3-9]|\d[号栋室楼座层]|\d-\d|\d{17}")
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢"
    "姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤柳温康施"
    "文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柴甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷"
    "盛曲翁冉骆蓝路游辛靳管柏解蒲谈宫鲍华喻祁屈应解房滕屠卓褚娄闵晏池冷卜芦车党仇刁麻桂连卫敖巫沙蔺佟"
)
_RARE = (  # only after a cue
    "赖景仲伊甄丛隋岑荆栾厉戎祖阎瞿艾古习匡饶简巩阚鞠查楼郎牟迟宗项席麦边邬储占初邸桑芮苍姬燕浦茹容满寇阙闻印花"
    "明钮仝冼邝庹木巴"
)
_COMPOUND = "欧阳|司马|上官|诸葛|司徒|东方|皇甫|尉迟|公孙|慕容|令狐|夏侯|端木|南宫"
_NOT_A_NAME = (  # words that begin with a surname
    "(?!方[式法便向案面形格]|任[何务意]|何[时种况]|马[上路桶]|高[兴级中端清铁考]|成[了功都品员交]|应[该当用]|关[于系闭注税机]"
    "|解[决释除锁绑冻]|管[理道家]|安[排全装心卓慰检徽]|包[裹括装邮含退]|单[号元独位价品据]|单子(?![涵轩怡萱墨豪琪])|文[字件具档化本]|向[您你]"
    "|万一|路[上由口费过]|金[额属色牌]|白[色天卡]|黄[色金牌]|蓝[色牙]|温度|严[重格]|时[间候]|常[用规见客]|房[子间东型产]"
    "|连[接续锁]|车[主位库子间牌]|游[客戏]|毛[病巾]|左[右边]|周[末边围]|于是|谢谢|许[多久]|余额|程[度序]|冷[链冻藏]|麻烦"
    "|申[请诉报]|祝[您你]|符合|凌晨|牛[奶肉仔]|付[款费过]|夏[天季]|季[度节]|尚未|易碎|施工|卫生|颜色|顾[客及虑]|贺卡|章程|纪念|范围)"
)
_NOT_ALONE = (  # places, brands and more words, where no cue is strong
    "(?!江[苏西南北]|宁[波夏]|石家|温州|徐州|郑州|苏[州宁]|桂林|兰州|龙岩|武汉|甘肃|安徽|成都|华为|戴尔|李宁|周大福|王老吉"
    "|张小泉|万[分元]|钱[包不]|党员|沙发|梅花|童[装鞋]|陶瓷|屈臣|金华|汤圆|柴油|柏油|康师|辛苦|解放|白条|海尔|党|马达"
    "|高[温度压原档]|成[本人年份套]"
    "|何人|方正|单[人身]|段落|白[酒糖菜]|汪汪|施华|庄园|鲁班|农|莫名|齐全|雷同|连衣|周[一二三四五六日年])"
)
_STOP = (  # never in a given name
    "的是在了吗呢吧啊哦呀我你您他她它们电手号联地址收件这那请和与跟要想买不没有改换，。！？就都也把给到寄发送订、；（）【】"
)
_GIVEN = rf"[^\W\da-zA-Z_{_STOP}]"
_FAMILY = rf"(?:(?:{_COMPOUND})|[{_SURNAMES}])"
_NAME = rf"{_FAMILY}{_GIVEN}{{1,2}}"
_END = r"(?=$|[\s，。,;:；、！!?？)(\]】/的\d]|先生|女士|小姐|电话|手机|身份|不变|现在|投诉|接|代收)"
_AFTER_CUE = rf"(?:{_FAMILY}|[{_RARE}]){_GIVEN}{{1,2}}"
_LATIN = r"[A-Z][a-z]{1,15}(?:\s[A-Z][a-z]{1,15}){0,2}"
_HAN = "[\u4e00-\u9fff]"
_STRONG = re.compile(
    r"(?:(?:收[件货]|代收|取[件货]|联系|寄件|签收|开票|持[卡有]|收款|付款|下单|购买|预订|投保|申请|经办|负责|委托|户)[人者]|户[名主]"
    r"|开户名|姓名|名字|我叫|名叫|我的名字)"
    r"(?:姓名|名字|改成|改为|换成|写[成的]?|应[为该]|成了|是|为|叫|:|,|\s){0,4}"
    rf"(?:我?(?:老[婆公]|妈妈?|爸爸?|儿子|女儿|同事|朋友))?({_NOT_A_NAME}{_AFTER_CUE}|{_LATIN})"
)
_ANY = re.compile(  # a name without a listed surname: after a cue, before a border, and no word of a question
    r"(?:(?:收[件货]人|联系人|寄件人|签收人|开票人|持卡人|取件人|户名|姓名|名字)(?:姓名|名字)?\s?(?:改成|改为|换成|写的|是|为|叫|:)|我叫"
    r"|(?:姓名|收[件货]人|开票人|户名)\s?(?=[\u4e00-\u9fff]{3}))\s?"
    rf"((?!{_HAN}{{0,5}}[吗呢吧的了么什怎哪谁有无没在写错填误改换信息电话手机号码地址要可能不和及与我你他她先生客告部门台组名公司店])"
    rf"{_HAN}{{2,6}})(?=$|[\n，。,;；、\d ]|电话|手机|不变)"
)
_WEAK = re.compile(
    r"(?:我是|是我|本人|客户|顾客|买家|会员|实名|转[告交给]给?|[请烦]叫|[交送寄]给|抬头个人|老[婆公]|应[为是])"
    rf"[是为叫:\s]{{0,2}}({_NOT_A_NAME}{_NOT_ALONE}{_NAME}){_END}"
)
_DOTTED = re.compile(rf"(?<!{_HAN}){_HAN}{{2,6}}·{_HAN}{{2,6}}(?!{_HAN})|(?<=[人名叫是])({_HAN}{{2,6}}·{_HAN}{{2,6}})")
_TITLED = re.compile(rf"({_NOT_A_NAME}{_NAME})(?:先生|女士|小姐)")
_MOBILE = r"(?:\(?\+?86\)?[-\s]?)?1[-\s]?[3-9][-\s]?\d[-\s.—\d]"
_PLACE = r"[^\W\d]{1,12}(?:省|市|区|县|镇|乡|路|街|道|苑|园|城|府|湾|家|\d{1,4}[号栋幢座])"
_MOBILE_FOLLOWS = rf"(?:的?(?:电话|手机|联系方式)号?码?)?[:\s是]{{0,2}}{_MOBILE}"
_BEFORE = re.compile(  # as people write on parcels: 李建国 139…, or 周宇航收
    rf"(?:^|(?<=[，。,;:!?！？(\s\d室号楼层【]))({_NOT_A_NAME}{_NOT_ALONE}{_NAME})"
    rf"(?=[，,\s、/】)]{{0,3}}(?:收(?:$|[，。,;\s])|{_MOBILE_FOLLOWS}|[1-9]\d{{16}})|[，,\s]{{1,3}}{_PLACE})"
)
_AFTER = re.compile(
    rf"(?<!\d)1[-\s]?[3-9][-\s.—\d]{{9,21}}[，,\s、/】)]{{0,3}}({_NOT_A_NAME}{_NOT_ALONE}{_NAME})"
    r"(?=$|[\s，。,;；、！!)】/~～])"
)


def _patterns(text: str) -> Iterator[re.Pattern[str]]:
    """Those that can match, longest claims first."""
    if CUE.search(text):
        if "·" in text:
            yield _DOTTED
        yield from (_ANY, _STRONG, _WEAK)
        if "先生" in text or "女士" in text or "小姐" in text:
            yield _TITLED
    if "收" in text or _BESIDE.search(text):
        yield from (_BEFORE, _AFTER)


def find(text: str) -> Iterator[Found]:
    """Names of folded text."""
    for pattern in _patterns(text):
        for match in pattern.finditer(text):
            start, end = match.span(1 if match.lastindex else 0)
            yield Found(start, end, "NAME")
