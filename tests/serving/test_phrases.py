"""Yes, no and "never mind" at a confirmation: only whole messages that mean it, in either direction."""

from __future__ import annotations

import pytest

from kefu.paths import ROOT
from kefu.shop.flows import Step
from kefu.shop.pack import load_pack
from kefu.shop.part import PackError
from serving.dialogue.reading.yes_no import leaves, wants_bot, yes_or_no

PACK = load_pack(ROOT / "shop")
STEPS = {(flow.name, step.id): step for flow in PACK.flows for step in flow.steps if step.confirm}
RETURN, LATE, DELIVERED = STEPS["return", "confirm_paid"], STEPS["parcel", "late"], STEPS["parcel", "delivered"]
CANCEL = STEPS["cancel", "confirm_paid"]

YES = """👌
👍
🆗
恩恩
确认
确认提交
是的，提交吧
好的谢谢
yes please
ok 提交
嗯嗯好的
好的
好
可以
可以的
行
行吧
没问题
嗯
嗯嗯
对
对的
是的
是
OK
Ok!
okay
ok的
好的呀
好滴
好哒
好的好的
嗯嗯嗯
对对对
行的，谢谢
好的，麻烦你了
麻烦您了，确认
确认退货
确定退货
退吧
帮我退
麻烦帮我提交
那就退吧
提交吧，谢谢
好的，提交
没问题，提交吧
同意
我同意
我确认
确定
👍🏻
👌👌
好的👌
OK👌
ＯＫ
Yes
YES!!
yes, please
Yeah
yep
sure
Sure, go ahead
of course
go ahead
please do
sounds good
ok thanks
okay, thank you
fine
yes please do
yes, submit it
please submit it
correct
that's right
that’s right
confirm
I confirm
yes I confirm
do it
absolutely
alright
yesss
okkk
yes yes
no problem
好嘞
好的亲
亲，好的
谢谢，好的
那好吧
那好的，谢谢你
行，提交
我要退
可以，退吧
嗯，退吧
就这样吧
没错
是的没错
对，确认
yup thanks
okie
sure thing
Yes, return it
i want to return it
请帮我提交
好的~
好的！！
嗯呐
✅
是滴
好的 谢谢
好的 提交吧
确认，谢谢
确认🙏
Okay 👍
yes 🙏
yes thanks a lot
Perfect, yes please
great, go ahead
要的
需要
需要的，谢谢
""".strip().split("\n")
NO = """不要了
不用了
no thanks
先不退了
算了
不
不是
不用
不要
不行
不可以
不了
不了谢谢
不用了，谢谢
不要了，谢谢
好的，不用了
好的不用了谢谢
嗯，不退了
算了吧
算了，不退了
还是算了
那算了
暂时不用
先不用了
不需要
不同意
别
别提交
先别提交
不提交
不退
我不退了
我不要了
不想退了
不必了
没必要
取消
取消吧
no
No.
nope
nah
no, thanks
no thank you
No thank you!
ok no thanks
not now
not yet
don't
dont
don't submit it
please don't
never mind
nevermind
forget it
leave it
I changed my mind
changed my mind, thanks
cancel it
keep it
I'll keep it
no no no
nooo
不不不
不，谢谢
👎
❌
actually no
sorry, no
no need
I'd rather not
no, forget it
stop
maybe later
下次再说吧
不好意思，不用了
我不想退了
""".strip().split("\n")
NEITHER = """好贵啊
好慢啊你们
可以不退吗
要多久
请确认
[客服] 已为您退款500元，请确认
行不行啊
wait what
yes but wrong address
不是不想退
确认一下是哪个订单
我要问一下运费
是不是要扣10块钱
对了还有一个问题
嗯？
ok?
行了别烦我
要不还是换货吧
sure, but when do I get my money
等等
等一下
wait
hold on
我再想想
让我想想
考虑一下
好像不对
好麻烦
可以便宜点吗
可以换吗
要钱吗
要收费
要运费吗
是吗
是吧
对吧
对吗
好吗
好不好
行不行
能不能快点
可不可以
可以不
行不
要不要
需要多久
需要钱吗
多久能到
什么时候取件
怎么退
为什么扣10元
几天到账
哪个快递
运费谁出
好的，但是运费谁出
好的，什么时候取件
好烦
好差
好垃圾
好失望
你们太慢了
是你们的错
是质量问题
是我的问题吗
对我来说太贵了
对不起
不好意思
没关系
没事
不客气
不知道
不清楚
不确定
不是这个订单
不对，订单号是QM2611080025
不是10元吗
不是说免费吗
不能便宜点吗
不能换吗
没有别的办法吗
没看懂
没明白
嗯…
嗯。。。
额
呃
emmm
哦
知道了
收到
谢谢
谢谢你
你好
在吗
可以吧
应该可以
也许
随便
要是可以
行了
好了
对了
对哦
可以退一半吗
退款多少
退到哪里
提交什么
提交了吗
确认什么
确认多少钱
帮我确认一下
麻烦确认
麻烦您确认一下
请您确认
要扣钱啊
好吧，不过运费太贵
好的，等一下
no idea
not sure
I'm not sure
maybe
perhaps
I guess
why
why not
how much
how long does it take
when will they come
what
what do you mean
which order
are you sure
is it free
do I have to pay
yes or no
yes and no
yes?
yes, how much
ok but
ok wait
ok what
sure?
no wait
no idea what you mean
right?
really
seriously
you are slow
this is ridiculous
too expensive
that's expensive
10 yuan is too much
wrong order
that's the wrong address
no one told me about the fee
no refund yet
thanks
hello
please
yeah right
please confirm
please wait
hmm
let me think
I need to think
one moment
can you confirm
can I return half
yes if it is free
ok as long as it's free
fine but hurry
not this one
I have no choice
don't know
don't you have a cheaper way
是不是
ok不
ok不ok
没问题吗
没问题吧
确定吗
确定吧
可以可以可以吗
不会扣钱吧
好一个客服
好你个骗子
要疯了
行个屁
可以了吗
🤔
😡
❓
好😡
?
？
…
100
是是非非
好坏
对方
可惜
可怜
要命
要求赔偿
需求
是谁
确认收货
同意个鬼
提交给谁
办不了
办不办
退不退
退不了
退多少
退几天
no more questions but how long
do not submit yet, how much is it
不退不行
不是算了
没有不要
不是不要
别不退
wait no
wait yes
""".strip().split("\n")


def meant(text: str, step: Step) -> bool | None:
    """As the decider asks: giving up counts as a no."""
    return False if leaves(text, PACK.conversation) else yes_or_no(text, PACK.conversation, step)


@pytest.mark.parametrize("text", YES)
def test_a_whole_message_that_means_yes_is_a_yes(text: str) -> None:
    assert meant(text, RETURN) is True


@pytest.mark.parametrize("text", NO)
def test_a_whole_message_that_means_no_is_a_no(text: str) -> None:
    assert meant(text, RETURN) is False


@pytest.mark.parametrize("text", NEITHER)
@pytest.mark.parametrize("step", STEPS.values(), ids=lambda step: step.id)
def test_questions_complaints_and_doubts_are_no_answer(text: str, step: Step) -> None:
    if step.yes != DELIVERED.yes or text not in ("收到", "知道了"):  # "did you receive it?" is answered by 收到
        assert meant(text, step) is None


@pytest.mark.parametrize(
    ("step", "text", "meaning"),
    [
        (LATE, text, True)
        for text in ("催一下吧", "催催", "好的，催一下", "麻烦帮我催一下", "要", "yes, hurry the courier")
    ]
    + [(LATE, text, False) for text in ("不用催了", "再等等吧", "i'll wait")]
    + [(DELIVERED, text, True) for text in ("收到了", "嗯收到了", "我收到了，谢谢", "yes I did", "got it, thanks")]
    + [
        (DELIVERED, text, False)
        for text in ("没有收到！", "还没收到呢", "我没收到", "没有", "I haven't received it", "not yet")
    ]
    + [(CANCEL, text, True) for text in ("取消", "确认取消", "是的，取消吧", "cancel it", "yes, cancel it please")]
    + [(CANCEL, text, False) for text in ("别取消", "不取消了", "留着吧", "keep it", "don't cancel it")]
    + [(RETURN, text, None) for text in ("催一下吧", "收到了", "hurry the courier")],
)
def test_a_confirmation_has_words_of_its_own(step: Step, text: str, meaning: bool | None) -> None:
    assert meant(text, step) is meaning


def test_a_message_of_many_readings_is_read_in_linear_time() -> None:
    assert meant("嗯" * 2000, RETURN) is True and meant("嗯" * 1999 + "贵", RETURN) is None


def test_a_phrase_without_a_word_is_refused() -> None:
    words = PACK.conversation.model_copy(update={"yes": {"zh": ("好", "!")}})
    with pytest.raises(PackError, match="has no word"):
        yes_or_no("好", words)


def test_only_a_plain_wish_brings_the_bot_back() -> None:
    assert all(wants_bot(text, PACK.conversation) for text in ("继续机器人", "Back to the bot, please!"))
    assert not any(
        wants_bot(text, PACK.conversation) for text in ("你是机器人吗", "又是机器人", "不要机器人", "好的", "谢谢")
    )
