"""Passwords, codes and login names go after their cues, in both languages; sentences that only speak of them stay."""

from __future__ import annotations

import pytest

from kefu.privacy.redact import Redactor, restore
from tests.ingest.conftest import PII

REDACTOR = Redactor(PII)

SECRETS = {
    "PASSWORD": [
        "密码是<Lx@880412>帮我登录看看呗", "我的登录密码<Qq112233>怎么登不上", "密码：<abc12345>",
        "支付密码<880412>一直提示错误",
        "密码 <Sunny_2019>", "密码改成<newPass#77>了还是不行", "密码=<Zz9988xx>", "账号密码都给你，密码<wo5201314>",
        "口令是<k8Fz2q>",
        "密码就是<tiger!2020>，你试试", "我原来的密码是<Hh_1990>", "密码设置的是<Aa123456>", "密码:<correcthorse>",
        "密码“<m0nk3y>”对吗", "开机密码<123456>", "<Abc13579>是我的密码", "密碼是<Taipei101>",
        "ＷｉＦｉ密码：<88776655>",
        "my password is <Summer2024!>", "password: <hunter2>", "Password:<P@ssw0rd>, please log in for me",
        "pwd <qwe987rty>",
        "the password was <blue$Sky9> before", "I changed my password to <Winter#25> yesterday", "passcode is <4471>",
        "my PIN is <8823>", "PIN: <0417>", "password is <sunshine>, can you check", "login with password <abc123xyz>",
        "<Maple77!> is my password", "password = <letmein99>",
    ],
    "CODE": [
        "验证码<839201>", "验证码是<4827>", "短信验证码：<593 017>", "我收到的验证码是<660218>",
        "验证码收到了，是<720145>", "校验码<88213>",
        "动态码为<135790>", "验证码【<204816>】", "取件码<6-2-4081>", "取件码是<12-3-5566>，麻烦帮忙取一下",
        "取件码：<A3-2081>",
        "取货码 <99812043>", "提货码为<7730>", "自提码<48213907>", "凭<6-2-4081>到菜鸟驿站取件",
        "请凭取件码<8-1-2034>取件",
        "<482917>是我收到的验证码", "取件码：<３－１－２２０８>", "手机验证码给你<318204>", "收货码<5521>",
        "门禁码<2580>", "开柜码<K7F9Q2>",
        "verification code <482917>", "the verification code is <9034>", "my OTP is <771203>",
        "one-time code: <390184>",
        "security code <123-456>", "pickup code <6-2-4081>", "pick-up code is <B7-204>", "the code is <602817>",
        "the code I received is <558201>", "locker code: <9917>", "gate code <4402>",
        "<304918> is my verification code",
        "confirmation code <839201>", "CVV <318>", "access code = <77120>", "the login code you sent me is <220914>",
    ],
    "HANDLE": [
        "用户名<jd_7a93k2m1f0bqz>登不上", "我的京东账号<happy小鱼儿1990>", "用户名：<lily_zhou>",
        "用户名是<xiaobai2020>", "账号<tomcat_88>被锁了",
        "登录名<wang.wei92>", "我账号是<sunnyday>，帮我查查", "会员名：<tb_8837421>", "旺旺号<liuliu_2233>",
        "旺旺ID：<dream2008>",
        "用户名：<爱吃糖的小鱼>", "抖音号<dy_xiaomei88>", "小红书号 <95270331>", "登录账号：<kf7788>",
        "用户名 “<moonlight77>”",
        "电报号<@ann_92>", "telegram账号 <mike_2020>", "会员号<20394857>", "帐号：<Rabbit_01>", "昵称：<blue_whale9>",
        "my username is <coffee_lover88>", "username: <jsmith>", "user name <mary.ann92>", "login: <kevin_wu01>",
        "my Telegram is <@ann_92>", "telegram: <annlee>", "Instagram handle is <@sunny.day>", "my insta <sunny_day92>",
        "user id <u7x93k2>", "login name <bob-1984>", "screen name = <nightowl7>",
        "my discord is <pixel_fox#0>".replace("#0", ""),
        "find me on twitter <@li_wei>", "my handle is <greatwall_99>", "login id <ax77120>",
    ],
}  # fmt: skip
HARMLESS = [
    "密码忘了怎么办", "验证码收不到", "取件码是多少", "the password reset link", "我的账号登不上", "用户名怎么改",
    "密码错误",
    "密码要几位", "密码是6位数字吗", "密码8到16位", "密码至少8位，要有数字", "密码输错3次被锁了", "验证码60秒后失效",
    "验证码等了10分钟",
    "验证码是6位还是4位", "验证码发了5次都没收到", "取件码3天内有效吗", "取件码没有发给我", "取件码在哪里看",
    "没有取件码能取吗",
    "密码锁支持3组指纹吗", "这款密码箱20寸的有吗", "修改密码的短信没来", "忘记密码，邮箱也收不到", "密码保护怎么开",
    "账号被盗了",
    "账号注销要多久", "账号有2个怎么合并", "我的账号是用微信登录的", "账号绑定手机", "账号和密码都不记得了",
    "用户名不能修改吗",
    "用户名是什么", "用户名已存在", "昵称可以改吗", "会员号在哪看", "登录名是手机号吗", "换个账号可以吗",
    "账号iPhone登不了",
    "抖音号上看到你们的活动", "旺旺上联系过客服", "优惠券码SAVE20用不了", "兑换码哪里领", "型号A1990", "凭小票退货",
    "凭身份证取件吗",
    "验证码一直提示错误", "输入验证码后没反应", "动态密码是什么意思", "支付密码忘了", "指纹密码二合一",
    "你们的wifi密码是多少",
    "I forgot my password", "password is wrong", "my password is not working",
    "the password must have at least 8 characters",
    "how do I change my password", "password reset email never came", "verification code never arrived",
    "I did not get the code", "the code is not working", "promo code SAVE20 is not working", "error code 4040",
    "zip code 62704", "what is my username", "username is already taken", "login page is broken", "I cannot login",
    "login failed 3 times", "my account is locked", "where do I find the pickup code",
    "I saw it on Instagram yesterday",
    "your Telegram channel", "handle with care", "the door handle is broken", "a pan with a wooden handle",
    "PIN pad is dirty",
    "the security code has 3 digits", "the code expires in 10 minutes", "dress code", "password protected",
    "two-factor login",
    "screen name badge", "login with Google", "the gift code is in the mail", "is the password case sensitive",
    "the login code expired 20 minutes ago",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "marked"), [(kind, text) for kind, texts in SECRETS.items() for text in texts])
def test_a_secret_goes_and_comes_back(kind: str, marked: str) -> None:
    start, end = marked.index("<"), marked.index(">") - 1
    text = marked.replace("<", "").replace(">", "")
    vault: dict[str, str] = {}
    redacted = REDACTOR.redact(text, vault)
    assert redacted == f"{text[:start]}[{kind}_1]{text[end:]}"
    assert restore(redacted, vault) == text
    assert REDACTOR.redact(redacted, {}) == redacted


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_speaks_of_them_stays(text: str) -> None:
    assert REDACTOR.redact(text, {}) == text


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        ("麻烦提供一下短信验证码", "839201", "CODE"),
        ("请问取件码是多少", "30218", "CODE"),
        ("您的用户名是？", "jd_7a93k2", "HANDLE"),
        ("What is your verification code?", "482917", "CODE"),
        ("登录密码发我一下", "Lx@880412", "PASSWORD"),
    ],
)
def test_what_answers_a_question_for_one_goes(question: str, answer: str, kind: str) -> None:
    vault: dict[str, str] = {}
    assert REDACTOR.dialogue([(False, question), (True, answer)], vault)[1] == f"[{kind}_1]"
    assert REDACTOR.dialogue([(False, "好的"), (True, answer)], {})[1] == answer
    for other in ("好的", "没收到", "忘了", "等一下", "no idea", "3天了"):
        assert REDACTOR.dialogue([(False, question), (True, other)], {})[1] == other


def test_several_in_one_turn() -> None:
    text = "用户名jd_7a93k2，密码Lx@880412，验证码839201，取件码6-2-4081"
    assert REDACTOR.redact(text, {}) == "用户名[HANDLE_1]，密码[PASSWORD_1]，验证码[CODE_1]，取件码[CODE_2]"


def test_there_are_enough_of_them() -> None:
    assert sum(map(len, SECRETS.values())) >= 60 and len(HARMLESS) >= 60


def test_of_a_password_with_a_space_only_the_first_word_goes() -> None:
    assert Redactor({}).redact("password: open sesame", {}) == "password: [PASSWORD_1] sesame"
