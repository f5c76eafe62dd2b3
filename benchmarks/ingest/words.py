"""Words, frames and invented personal data of the load; nothing here is taken from anywhere."""

from __future__ import annotations

import random

_GOODS = "水壶 台灯 抱枕 雨伞 书架 耳机 键盘 毛毯 水杯 背包 风扇 砧板 炒锅 地垫 窗帘 相框 闹钟 挂钟 花瓶 收纳箱 拖鞋 围巾 手套 餐盘 茶具".split()
_LOOKS = "米白色 深蓝色 浅灰色 墨绿色 大号 小号 加厚 折叠 便携 静音 防水 实木 不锈钢 玻璃 陶瓷 棉麻 双层 儿童款".split()
_TIMES = "今天上午 昨天晚上 前天中午 上周五 这个周末 月底之前 节前 两天以后 后天一早 下周三 双十一当天 付款之后".split()
_TROUBLE = (
    "边角磕坏了 颜色和图片差很多 尺寸偏小了一圈 少了一个配件 声音特别响 盖子拧不紧 有股很重的味道 用了两次就不亮 "
    "包装是破的 发错了款式 怎么都连不上 说明书看不懂 底部有一道划痕 洗完缩水 一直漏水".split()
)
_WISH = "退货退款 换一个新的 补发配件 改成顺路自提 开一张发票 延长保修 用掉优惠券 保价退差 合并发货 预留一件 取消这一单 加急处理".split()
_TONE = "麻烦您了 谢谢 急用呢 有点失望 别再拖了 在线等 拜托 不着急 可以吗 行不行 对吧 辛苦".split()
CHINESE = {"goods": _GOODS, "look": _LOOKS, "time": _TIMES, "trouble": _TROUBLE, "wish": _WISH, "tone": _TONE}
CHINESE_FRAMES = (
    (
        "你好，我{time}买的{look}{goods}{trouble}，想{wish}，{tone}",
        "{goods}到手{trouble}，当时花了{n}元，{time}能{wish}吗",
        "再问一下，{look}的{goods}{time}有没有货，大概要{n}件",
        "上次说好{wish}的，{time}都没有消息，{tone}",
        "那{look}{goods}和{look}那款比，哪个更耐用，{tone}",
        "嗯，还有一件{goods}也是{trouble}，一起{wish}，{tone}",
    ),
    (
        "亲，很抱歉{goods}{trouble}，给您登记{wish}，编号后四位{n}，{time}前会有专员联系您",
        "您好，{look}{goods}目前有{n}件库存，{time}下单的话可以{wish}哦",
        "这边看到您{time}的那一单，{goods}符合{wish}的条件，差额{n}元会原路退回",
        "感谢耐心等待，仓库{time}盘点过，{look}这一款{goods}暂时不能{wish}，可以换成{look}的吗",
        "好的，已经备注{wish}，{time}会更新进度，请留意通知，{n}号专员为您跟进",
    ),
)
ENGLISH = {
    "goods": "kettle lamp cushion umbrella shelf headset keyboard blanket mug backpack fan board pan mat curtain clock".split(),
    "look": "white navy grey green large small padded foldable portable silent waterproof wooden steel ceramic".split(),
    "time": "this morning,last night,on Friday,before the holiday,next Wednesday,two days ago,by the weekend".split(
        ","
    ),
    "trouble": "arrived cracked,is the wrong colour,runs too small,misses a part,makes a loud noise,leaks,stopped working".split(
        ","
    ),
    "wish": "return it,get a new one,have the part sent,change the address,use a coupon,cancel it,get an invoice".split(
        ","
    ),
    "tone": "please,thanks,it is urgent,no hurry,is that possible,I am a bit let down,sorry to bother you".split(","),
}
ENGLISH_FRAMES = (
    (
        "Hi, the {look} {goods} I bought {time} {trouble}, I want to {wish}, {tone}",
        "So the {goods} {trouble} and I paid {n} for it, can I {wish} {time}",
        "Another thing, do you have the {look} {goods} {time}, I need {n} of them",
        "You promised I could {wish} {time} and nothing happened, {tone}",
    ),
    (
        "I am sorry the {goods} {trouble}, I noted that you want to {wish}, case ending {n}, we call back {time}",
        "The {look} {goods} is in stock, {n} pieces, and if you order {time} you can {wish}",
        "I see the order from {time}, the {goods} qualifies, so you can {wish} and {n} goes back to your account",
        "Noted, colleague {n} will help you to {wish} {time}, meanwhile keep the {look} {goods} in its box",
    ),
)


def _mobile(rng: random.Random) -> str:
    digits = f"1{rng.choice('3578')}{rng.randrange(10**9):09}"
    forms = (
        digits,
        f"{digits[:3]}-{digits[3:7]}-{digits[7:]}",
        f"+86 {digits}",
        f"{digits[:3]} {digits[3:7]} {digits[7:]}",
    )
    return rng.choice(forms)


def _id_card(rng: random.Random) -> str:
    body = (
        f"{rng.choice(('110101', '310104', '440106'))}19{rng.randint(60, 99)}0{rng.randint(1, 9)}{rng.randint(10, 28)}"
    )
    body += f"{rng.randrange(1000):03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights, strict=True)) % 11]


def _bank_card(rng: random.Random) -> str:
    body = f"6222{rng.randrange(10**11):011}"
    doubled = sum(sum(divmod(int(c) * 2, 10)) for c in body[::-2]) + sum(int(c) for c in body[-2::-2])
    return f"{body}{-doubled % 10}"


def _email(rng: random.Random) -> str:
    return (
        f"{rng.choice(('lin', 'chen', 'maya', 'tom'))}{rng.randrange(10**6)}@example.{rng.choice(('com', 'org', 'cn'))}"
    )


def _tracking(rng: random.Random) -> str:
    return f"{rng.choice(('SF', 'YT', 'JT'))}{rng.randrange(10**13):013}"


def _order(rng: random.Random) -> str:
    return f"KF{rng.randrange(10**10):010}"


def _chinese_name(rng: random.Random) -> str:
    return rng.choice("王李张刘陈杨黄赵周吴") + rng.choice("伟芳娜敏静磊洋艳勇杰") + rng.choice("华明丽强军平辉玲峰宁")


def _address(rng: random.Random) -> str:
    return f"{rng.choice('东南西北')}湖区{rng.choice('青红白金银')}{rng.choice('松柳桂枫')}路{rng.randint(2, 999)}号{rng.randint(1, 30)}栋{rng.randint(101, 2909)}室"


def _english_phone(rng: random.Random) -> str:
    return f"({rng.randint(201, 399)}) {rng.randint(200, 999)}-{rng.randrange(10**4):04}"


def _english_name(rng: random.Random) -> str:
    return (
        f"{rng.choice(('Maya', 'Oscar', 'Nina', 'Felix'))} {rng.choice(('Hartwell', 'Lindqvist', 'Okafor', 'Brandt'))}"
    )


def _street(rng: random.Random) -> str:
    return f"{rng.randint(2, 9999)} {rng.choice(('Maple', 'Harbor', 'Juniper', 'Quarry'))} {rng.choice(('Street', 'Avenue', 'Lane'))}"


CHINESE_KINDS = (
    ("，手机{}", _mobile),
    ("，打{}", _mobile),
    ("，身份证{}", _id_card),
    ("，卡号{}", _bank_card),
    ("，邮箱{}", _email),
    ("，快递{}", _tracking),
    ("，订单{}", _order),
    ("，收件人：{}", _chinese_name),
    ("，地址：{}", _address),
)
ENGLISH_KINDS = (
    (", call me at {}", _english_phone),
    (", mail {}", _email),
    (", my name is {}", _english_name),
    (", I live at {}", _street),
    (", order {}", _order),
)
