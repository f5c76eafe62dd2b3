"""Personal data goes, everything else stays, and what went can be put back."""

from __future__ import annotations

import random
from functools import partial
from itertools import pairwise

import pytest

from kefu.privacy.redact import Redactor, restore
from tests.fixtures.cost import cost
from tests.ingest.conftest import PII

REDACTOR = Redactor(PII)
SIZES = (5_000, 50_000)

PERSONAL = {
    "ADDRESS": [
        "收货地址改成<广东省佛山市南海区西樵镇樵金路12号3栋402室>，谢谢",
        "寄到<北京市朝阳区建国路88号SOHO现代城3号楼1502>",
        "地址改成<成都市武侯区人民南路336号16幢235室>",
        "请寄到<深圳市南山区科苑路648号27幢233室>，谢谢",
        "送到<呼和浩特市新城区和平路8号>",
        "我住在<幸福小区5栋2单元301>",
        "please ship to <123 Main Street, Springfield, IL 62704>, thanks",
        "新地址是<Room 502, 18 Wukang Road, Xuhui, Shanghai>",
        "<天河翠竹苑9-2-1101>", "<浙江省杭州市余杭区，文一西路969号，3幢2单元501>",
        "<742 evergreen terrace, springfield, or 97477>", "<Flat 2, 10 Kings Road, Leeds LS1 4AB>",
        "<PO Box 1234, Austin, TX 78701>",
        "<Room 502, Building 3, No. 88 Renmin Road, Shanghai>",
        "改到<3栋1单元502>吧", "寄到<永嘉县桥头镇桥东街路口便民超市旁边>", "<弥敦道610号>", "<九江路8号B栋宿舍512>",
        "<朝阳门外大街乙12号昆泰国际大厦2203>", "<海口龙华区国贸路申亚大厦旁边巷子进来第三家>",
        "<枫丹白露小区南门菜鸟>",
        "<Block C, 4th floor, Sunrise Apartments, MG Road, Pune>", "<2290 County Road 14>",
        "<12 Heron Bank, Leeds LS6 2JT>", "<44 Lark Street, Melbourne VIC 3000>", "<Lindenstraße 5, 50674 Köln>",
    ],
    "CODE": ["取件码<7-3-2206>", "verification code <482917>"],
    "BANK_CARD": [
        "银行卡<6222 0212 3456 7890 128>", "退到<4111111111111111>", "卡号是<6222021234567890123>",
        "amex <3782 822463 10005>", "refund to <GB29 NWBK 6016 1331 9268 19>, please",
    ],
    "PASSPORT": ["护照号<E12345678>", "my passport is <912345678>, for customs"],
    "SSN": ["<078-05-1120>", "my ssn is <123 45 6789>", "NINO: <AB 12 34 56 C>"],
    "EMAIL": ["发到<test.user+a@example.com.cn>吧", "ｅｍａｉｌ：<ａｂｃ＠ｑｑ．ｃｏｍ>", "邮箱<tan艾特example点com>",
        "<wren[at]example[dot]com>", "<ann at example dot com>",
    ],
    "ID_CARD": ["身份证<11010519491231002X>", "证件号码 <11010519491231002x>", "身份证号：<110105194912310021>"],
    "NAME": [
        "收件人：<李四>，", "收件人<张伟>电话", "我叫<欧阳娜娜>的订单", "收货人改成<王小明>", "联系人<王女士>",
        "602室，<周宇航>收，",
        "让<陶俊熙>来拿就行", "里面写的<樊立群>不是我", "<陈姐>让我来的", "<老周>家的", "他姓<尤>，", "<Grace 周>",
        "tell <Marcus> it came", "I met <Nadia Petrov> there", "<Zhang Yuhan> is the receiver",
        "c/o <Tamsin Oyelaran>,",
        "客户<赵雨桐>投诉", "<何静>的快递到了吗", "【<孙浩然>】", "联系人：<古丽娜尔>，", "<阿依古丽·买买提>女士您好",
        "<佘>女士您好", "我姓<逯>，", "请问是<荀佳慧>女士吗", "我妈叫<甄秀芬>，", "英文名<Kevin Zhou>",
        "<Mr. Pemberton>, hello", "attn: <Yara van der Berg>", "Hi <Mrs Abernathy>,",
        "this is <Anna B. Taylor>, hello", "Regards,\n<peter chen>",
        "my name is <John Smith> and", "my name is <tom>", "Recipient: <Mary Ann Lee>",
    ],
    "ORDER": ["<KF2026110912>到哪了", "<kf2026110912>", "订单号是<1234567890123>", "order number <998877665544>",
        "confirmation number <H7K2P9QX>", "<4027719935502881601>退", "订单<1207 7344 0192 8873 405>",
    ],
    "PHONE": [
        "我的手机是<13800138000>，", "打<138-0013-8000>", "<+86 138 0013 8000>", "<１３８００１３８０００>",
        "<1 3 8 0 0 1 3 8 0 0 0>",
        "座机<88886666>",
        "电话<幺三八零零一三八零零零>", "座机<010-88886666转123>", "<(0755)8888 6666>", "<02088886666>",
        "call <(415) 555-2671> or", "<+44 20 7946 0958>", "<415-555-2671>",
        "my number is <415 555 2671>", "<07700 900123>", "<+44 (0)7700 900123>", "<020 7946 0958>",
        "<(+86)13800138000>", "电话<138，0013，8000>", "<1三8零0一38000>", "<①③⑧⓪⓪①③⑧⓪⓪⓪>",
        "call <five five five zero one three nine>",
    ],
    "PLATE": [
        "车牌<粤B·12345>", "车牌: <沪A 1234>", "<沪AD12345>停在楼下", "<粤b12345d>充电", "license plate is <7ABC123>",
    ],
    "QQ": ["加QQ <12345678>", "qq号：<987654321>", "扣扣<6 4 0 7 7 1 2>", "加q<552047713>"],
    "TRACKING": ["<SF1234567890123>到哪了", "运单号：<78123456789012>", 
        "tracking number <773012345678901>", "<RB123456785CN>",
        "<773012345678901>申通的没收到", "<1Z 407 7W9 03 1933 5022>",
    ],
    "WECHAT": ["微信号:<abc_def>", "加我微信 <wxid_9981>", "vx <tom88888>", "微 信 <tang0926>", "v❤：<yeye_milk>"],
}  # fmt: skip
STAYS = [
    "花了1299.00元，满300减40，2026-11-09 10:30 下的单，20261109", "iPhone15ProMax 256G 型号 SM-G9910 新P60ART",
    "型号13800138000", "SKU 6222021234567890128", 
    "保单号 PDZA20231101000001", "政策第7条第12款，编号 2026-0315",
    "400-820-8820 或 12315 或 95588", "从广东省发货到北京市朝阳区要几天", "在北京通州分拣中心，三楼没有电梯，路上坏了",
    "5号楼的快递柜，几号发货？双十一11号", "联系人方式是什么，收件人信息不对，我叫你改", 
    "微信支付 wechat payment, my wechat is broken",
    "my name is on the card", "高兴13点到，于是13天，马上收。马上收，",
    "黄色，送货员说方便，13800元", "新RTX4090", "我是黄金会员", "给顾客", "姓名和联系方式",
    "联系特斯拉", "快递单号什么时候有", "车牌s沪A1234",
    "2 TB Portable Drive, 12 Pack Court", "the recipient hasn't received it", "ship to Austin TX",
    "1-800-555-0199 0800 820 4249", "序列号13800138000", "我知道3号发货", "前3位订了5件，后面200元",
    "Dr. Martens, Mr. Coffee", "call me back", "order confirmation", "微信支付iphone", "应该是白色的", "改成黄色吧",
    "https://item.example.com/13800138000.html", "订单20261109",
    "高兴，和平，祖国，方便的话周末送", "退到这张卡吗", "李宁跑鞋，王老吉，江小白", "石家庄到秦皇岛", "放小区门口",
    "公司前台代收",
    "退款原路返回3号到账", "a transfer from France", "Calvin Klein shirt", "my Harry Potter set", "for Alexa",
    "May I, Will you",
    "300 200 1000 ml, 150 200 300 40", 
    "您的[订单x]，[电话x]，[金额x]", "[PHONE_1] 和 [ADDRESS_12]",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "marked"), [(kind, text) for kind, texts in PERSONAL.items() for text in texts])
def test_personal_data_goes(kind: str, marked: str) -> None:
    start, end = marked.index("<"), marked.index(">") - 1
    text = marked.replace("<", "").replace(">", "")
    vault: dict[str, str] = {}
    redacted = REDACTOR.redact(text, vault)
    assert redacted == f"{text[:start]}[{kind}_1]{text[end:]}"
    said = text[start:end]
    assert vault == {f"[{kind}_1]": said.upper() if kind in PII else said}
    assert restore(redacted, vault) == text.replace(said, vault[f"[{kind}_1]"])
    assert REDACTOR.redact(redacted, {}) == redacted


@pytest.mark.parametrize("text", STAYS)
def test_everything_else_stays(text: str) -> None:
    assert REDACTOR.redact(text, {}) == text


def test_one_value_has_one_placeholder_within_a_vault() -> None:
    vault: dict[str, str] = {}
    assert REDACTOR.redact("13800138000", vault) == "[PHONE_1]"
    assert REDACTOR.redact("是13900139000吗", vault) == "是[PHONE_2]吗"
    assert REDACTOR.redact("+86 138-0013-8000 / １３８００１３８０００", vault) == "[PHONE_1] / [PHONE_1]"
    assert REDACTOR.redact("13800138000", {}) == "[PHONE_1]"


def test_a_typed_placeholder_never_gets_somebody_elses_data() -> None:
    vault: dict[str, str] = {}
    assert REDACTOR.redact("[PHONE_1] 13800138000", vault) == "[PHONE_1] [PHONE_2]"
    assert restore("[PHONE_1] [PHONE_2] [PHONE_3]", vault) == "[PHONE_1] 13800138000 [PHONE_3]"


def test_the_packs_patterns_match_whole_numbers_only() -> None:
    assert REDACTOR.redact("orderKF2026110912pls KF20261109123 1KF2026110912", {}) == (
        "order[ORDER_1]pls KF20261109123 1KF2026110912"
    )
    for extra in ({"order": "x"}, {"ORDER": "("}):
        with pytest.raises(ValueError, match="pii"):
            Redactor(extra)


HARD = [
    "1", "1 ", "a", "@a.", "路", "广东省", "13800138000 ", "收件人 ", "+1", "12-", "no 1 A", "Aa ", "room 1 ", "[A_1",
    "12 a b c d ",
    "十", "王", "[", "DE12 ", "3711 ", "一二 ", "A座1", "王王号1", "栋1", "姓名:王", "Tom ", "tom smith ",
    "first 1 ", "five ", "Aa AB1 2CD ", "Aa Aa, 1", "村a屯", "微信a", "小区门口", "路旁边的", "Block C, ",
]  # fmt: skip


@pytest.mark.parametrize("unit", HARD)
def test_a_long_text_of_anything_takes_linear_time(unit: str) -> None:
    texts = (unit * (chars // len(unit)) for chars in SIZES)
    short, long = (cost(partial(REDACTOR.redact, text, {}), 2) for text in texts)
    assert long < max(30 * short, 120)  # linear: 10 times, quadratic: 100 times


def test_whatever_is_said_around_it_personal_data_goes_and_the_rest_stays() -> None:
    draw = random.Random(7)
    marked = [text for texts in PERSONAL.values() for text in texts] + STAYS
    harmless = [unit for unit in HARD if not unit.startswith("138")]
    for _ in range(500):
        chosen = [draw.choice(marked) for _ in range(draw.randrange(1, 6))]
        noise = [draw.choice([*harmless, "\u2028", "😀", "\ud800", "İ"]) for _ in chosen]
        text = "".join(f"{piece}。{other}。" for piece, other in zip(chosen, noise, strict=True))
        secret = [piece[piece.index("<") + 1 : piece.index(">")] for piece in chosen if "<" in piece]
        plain = text.replace("<", "").replace(">", "")
        found = REDACTOR.find(plain)
        assert [plain[start:end] for start, end, _ in found] == secret
        assert all(one.end <= other.start for one, other in pairwise(found))
        redacted = REDACTOR.redact(plain, {})
        assert REDACTOR.redact(redacted, {}) == redacted


@pytest.mark.parametrize("said", ["KF2611140014", "kf2611140014", "ＫＦ２６１１１４００１４", "KF二六一一一四零零一四"])
def test_the_vault_keeps_the_packs_own_types_as_the_shop_writes_them(said: str) -> None:
    vault: dict[str, str] = {}
    assert Redactor({"ORDER": r"KF\d{10}"}).redact(f"我的{said}呢", vault) == "我的[ORDER_1]呢"
    assert vault == {"[ORDER_1]": "KF2611140014"}


def test_a_pack_may_write_its_numbers_in_lower_case() -> None:
    vault: dict[str, str] = {}
    Redactor({"TICKET": r"bb-[a-z]\d{5}"}).redact("BB-X12345", vault)
    assert vault == {"[TICKET_1]": "bb-x12345"}


def test_the_vault_keeps_personal_data_as_said() -> None:
    vault: dict[str, str] = {}
    Redactor({"ORDER": r"KF\d{10}"}).redact("１３８００１３８０００，邮箱 Lin@Example.com", vault)
    assert sorted(vault.values()) == ["Lin@Example.com", "１３８００１３８０００"]


@pytest.mark.parametrize(
    ("first", "second"),
    [("caiwu@yunzhou.com", "caiwu@yun-zhou.com"), ("a.b@shop.com", "ab@shop.com")],
)
def test_an_e_mail_with_another_dash_or_dot_is_another_one(first: str, second: str) -> None:
    vault: dict[str, str] = {}
    redactor = Redactor({})
    assert redactor.redact(first, vault) != redactor.redact(second, vault)
    assert redactor.redact(first.upper(), vault) == "[EMAIL_1]"


@pytest.mark.parametrize(
    "text", ["我要华夫格毛巾", "有华夫格毛巾三条的那一单", "木香薰机到哪了", "我买的马克杯裂了", "就是华夫格"]
)
def test_what_the_shop_sells_is_nobodys_name(text: str) -> None:
    redactor = Redactor(PII, ["华夫格毛巾", "华夫格", "木香薰", "木香薰机", "马克杯"])
    assert redactor.redact(text, {}) == text


def test_a_name_beside_a_thing_still_goes() -> None:
    redactor = Redactor(PII, ["华夫格毛巾"])
    assert redactor.redact("我叫华小芳，华夫格毛巾寄给李建国", {}) == "我叫[NAME_1]，华夫格毛巾寄给[NAME_2]"
