"""Words of danger: found in many wordings, not in idioms, and never in what the shop's customers ask every day."""

from __future__ import annotations

import pytest

from kefu.shop.wordings.examples import load_pack_examples
from serving.dialogue.reading.danger import danger_in
from tests.fixtures.demo_pack import PACK

DANGER = """水壶炸了烫伤我的手
the kettle exploded and burned my hand
你们的羽绒枕让我儿子过敏住院了
我想死
我不想活了
活着没意思
我想自杀
空气炸锅炸了
空气炸锅突然爆炸了
电水壶漏电，电到我了
插座冒烟了
充电宝自燃
加湿器着火了
锅炸了，玻璃碴割伤了手
孩子被烫伤了
宝宝误吞了电池
我妈用了你们的毯子全身起疹子
吃了以后上吐下泻
老人用了之后晕倒，叫了救护车
手被划伤流血了
快递员打了我
快递员威胁我
快递员骚扰我女儿
我要杀了你们
我要放火烧了你们店
不想活了，太累了
我真的好想死
死了算了
玻璃杯爆裂划破了我的手指
插头烧焦了
水壶触电了
我儿子触电了
电饭煲爆炸，脸被烧伤
孩子过敏送医院了
用了你们的面霜过敏了
皮肤红肿过敏
孩子吞了纽扣电池
the air fryer caught fire
my son got an electric shock from the kettle
the charger started smoking
my baby swallowed a small part
my daughter had an allergic reaction
I got a rash from the pillow
we had to go to the hospital
he is in hospital because of your product
I want to die
I want to kill myself
I'm going to kill myself
I don't want to live anymore
suicidal
the glass shattered and cut my finger
my hand is bleeding
I was electrocuted
it gave me a shock
the courier threatened me
the courier hit me and I was assaulted
I will kill you
I'm going to burn down your shop
the pan burned my daughter
I burnt my hand on the kettle
my mother was hospitalized
food poisoning
it made my son sick
my child is choking
can't breathe
smoke is coming out of the humidifier
the plug is sparking
battery exploded
电池爆炸
被你们的锅烫到手了
烫了我一手泡
毯子着火
会不会漏电
does the kettle explode?
用水壶时被电了一下
水壶 炸了
我想死。
真想死了算了
活不下去了
女儿被玻璃扎破了脚
中毒了
孩子用了这个枕头呼吸困难
烧水壶起火把厨房烧了
The kettle blew up in my kitchen
it burst into flames
I was burned by the kettle
my finger got cut, blood everywhere
she ended up in the emergency room
I cut myself on the pan
I have hives after using it
the humidifier gave my baby a rash
there was a fire
电热毯把我烫伤了
我被电了
玻璃锅盖炸裂了，差点伤到人
水壶把手断了，开水洒了我一身，烫伤了
高压锅爆了
锅盖飞出来砸到我的头
小孩把零件吃下去了
我要跳楼
我想从楼上跳下去
想结束自己的生命
我割腕了
I might hurt myself
my life is not worth living
I feel like ending my life
the blender cut my son's fingers
家里煤气中毒
我爸用了你们的锅进医院了
吃完拉肚子好几天
医院说是过敏
救命
my wife was burned
my kid got hurt
it hurt my child
My son was injured
the pot exploded, my arm is burned
my toddler choked on the cap
smells of burning and there are sparks
we almost died in the fire
""".strip().split("\n")
HARMLESS = """爆款
炸鸡锅好用吗
this price kills me
笑死我了
热死了
想死你们家的枕头了
空气炸锅多少钱
空气炸锅好用吗
这款是爆款吗
快递爆仓了吗
我气炸了
心态炸了
肺都气炸了
累死了
困死了
烦死了
急死我了
贵死了
慢死了
饿死了
想死你了
跳楼价
秒杀活动
打死我也不买
双11爆单了吧
爆米花机有吗
防烫伤的杯子
手柄划伤了
锅底有划伤
屏幕划伤
桌面划伤了
把手断了
羽毛过敏能用吗
过敏体质可以用吗
防过敏的枕头
包裹请送到人民医院
快递送到医院门诊
送到市医院收发室
我要退货
转人工
不想要了
电到货了吗
家电到哪了
充电到80%正常吗
被电话打扰
伤心
太伤感了
大出血买的
吐血推荐
火爆
生意火爆
嗓子都冒烟了
渴得冒烟
you're killing it
this pillow is to die for
I'd kill for a discount
killer deal
the price shocked me
bath bomb
the deal is on fire
you guys are on fire
dying to get it
I'm dying to know when it arrives
cut the price
hurts my wallet
hurt my feelings
burned my toast
is it hypoallergenic
sick of waiting
I'm sick of your service
deliver to the hospital
please ship it to the hospital on Main Street
the stitches came loose
fire sale
fireproof?
heart attack prices
my phone blew up with messages
mind blown
Does the air fryer burn food?
does it smoke
how hot does the kettle get
无语死了
气死我了
笑得肚子疼
可爱死了
美死了
辣死了
锅烧糊了怎么洗
水烧开要多久
电水壶多大功率
炸薯条好吃吗
我用空气炸锅炸了点鸡翅很好吃
味道炸裂好吃
爆炸便宜
手机炸锅了
朋友圈炸了锅
杀价
杀菌功能有吗
小孩能用吗
宝宝用的毯子有吗
孩子喜欢这个枕头
好用到爆
火了
烫衣服
烫金
会烫手吗
死慢死慢的
要死要活
死贵
我要投诉
垃圾店铺
骗子
退钱
我要报警了
the battery died
my kettle died
dead on arrival
drop dead gorgeous
I could die of embarrassment
shocking service
that's insane
this is killing me
you are murdering my budget
what a bomb
explosive sales
急死了快点发货
等死我了
忙死
丑死了
吓死我了
冷死了冬天被子厚吗
无聊死了
撑死
羡慕死了
香死了
臭死了
难看死了
便宜死了
开心死了
""".strip().split("\n")
EVERYDAY = [
    *(q for faq in PACK.faq for lang in ("zh", "en") for q in (faq.question.in_(lang), *faq.variants.get(lang, ()))),
    *(example.text for example in load_pack_examples(PACK.folder).utterances),
]
MEANT = {"漏电"}  # an example of item_problem that is a danger indeed


@pytest.mark.parametrize("text", DANGER)
def test_danger_is_heard(text: str) -> None:
    assert danger_in(text, PACK.danger)


@pytest.mark.parametrize("text", HARMLESS)
def test_idioms_and_everyday_words_are_no_danger(text: str) -> None:
    assert danger_in(text, PACK.danger) is None


def test_what_the_pack_knows_customers_to_say_is_no_danger() -> None:
    assert {text for text in EVERYDAY if danger_in(text, PACK.danger)} <= MEANT


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("我想死", "self_harm"),
        ("i want to kill myself", "self_harm"),
        ("快递员打了我", "threat"),
        ("水壶炸了烫伤我的手", "injury"),
        ("i cut myself on the pan", "injury"),
        ("你们的羽绒枕让我儿子过敏住院了", "illness"),
    ],
)
def test_each_kind_has_its_words(text: str, kind: str) -> None:
    assert danger_in(text, PACK.danger) == kind


def test_an_idiom_hides_no_danger_beside_it() -> None:
    assert danger_in("笑死，空气炸锅炸了", PACK.danger) == "injury"


def test_a_shop_without_words_of_danger_hears_none() -> None:
    assert danger_in("我想死", {}) is None
