"""What lets somebody in: passwords, one-time and pick-up codes, login names and handles, each after its cue.

``PASSWORD``: 密码是Lx@880412, "password: Summer2024!". ``CODE``: 验证码839201, 取件码6-2-4081,
"the code is 482917", also before its cue (凭6-2-4081取件). ``HANDLE``: 用户名jd_7a93k2, "my Telegram is @ann_92".
A value holds a digit or a sign; one of letters alone needs 是, "is" or a colon before it and is none of the words
that people say there (wrong, forgot). A length (6位), a time (60秒) and coupon codes stay.

Not found: a value that nothing announces (``Lx@880412``), a password in Chinese characters (``密码是春天来了``), and
letters alone right after a cue (``密码abcdef``). Of a password with a space in it only the first word is.
Found: ``密码是Lx@880412``, ``取件码6-2-4081``. Left: ``密码6位``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kefu.privacy.detectors.base import PiiSpan

_HINT = re.compile(
    r"""
      [密验证驗證件货貨餐态信认权安提取][码碼号]
    | 口令|[账帐][号户密]|用户|[登会][录陆员]|昵称|旺旺|凭|门禁|开[柜箱门]码
    | [收核销餐]码|电报|推特|脸书|抖音|小红书|微博|快手|[Bb]站
    | (?i:
          pass|pwd|pw|pin|code|otp|cv[vc]|user|log|handle|screen|account|telegram|tg|ins|ig
        | twitter|tiktok|discord|skype|snapchat|facebook|fb
      )
    """,
    re.VERBOSE,
)
_QUOTE = r"[\"'“”‘’「『【《(<`]{0,2}\s?"
_FILLER = r"""
    (?:
        我的|我|你|您|它|他|她|现在|目前|应该|就|还|好像|之前|原来|以前|一直|都|设置|设定|设|改|换
      | 用|的|也|给|发|如下|当时|一般|大概|可能|已经|统一|默认|今天|刚才|刚|收到|了|过来|这个|那个
      | 号码|号|[,，]
    )
"""
_LINK = rf"(?P<link>(?:\s|{_FILLER}){{0,5}}(?:是|为|叫做?|成|:|=|,|，|-(?=\s)|→|\s){{0,4}})"
_EN_LINK = r"""
    (?P<link>
        (?:
            's(?=\s)|\s?(?::|=|\#|-(?=\s)|,)
          | \s
            (?i:
                is|was|are|to|as|it's|its|i\s(?:just\s)?(?:got|received)|you\ssent(?:\sme)?
              | sent\sto\sme
            )
            (?=\W)
          | \s
        ){0,4}
        \s?
    )
"""
_EN_FOR = r"(?:\s(?:for|of|to)\s(?:the|my|your|our)\s\w{2,12}(?=\s(?:is|was)\W))?"
_UNIT = re.compile(
    r"""
    \s?
    (?:
        [位个次天年月日元块秒条种代遍章组款件号楼]
      | 分钟|小时|多[位个次]|[gG%]\b
      | (?i:
            digits?|characters?|chars|letters|times?|days?|hours?|minutes?|mins?|seconds?
          | attempts?|years?
        )
        \b
    )
    """,
    re.VERBOSE,
)

_PASSWORD = re.compile(
    rf"""
    (?:
        密[码碼](?!锁|学|箱|器|本|保护|重置|找回|修改)
      | 口令|[账帐]密
      | (?<![A-Za-z])(?:PIN|pin)码?(?=[是为:=\s])
    )
    (?:\([^()]{{0,8}}\))?{_LINK}{_QUOTE}(?P<value>[!-~]{{4,64}})
    """,
    re.VERBOSE,
)
_EN_PASSWORD = re.compile(
    rf"""
    (?<![A-Za-z])
    (?:
        (?i:
            pass\s?words?|passwd|pass\s?codes?|passphrase|pwd|p(?:w|ass)(?=\s?[:=])
          | (?:my|the)\spin|pin\s(?:code|number|no\.?)
        )
      | PIN
    )
    (?![A-Za-z]){_EN_FOR}{_EN_LINK}{_QUOTE}(?P<value>[!-~]{{4,64}})
    """,
    re.VERBOSE,
)
_PASSWORD_BEFORE = re.compile(
    r"""
    (?<![!-~])(?P<value>(?=[!-~]{0,31}\d)[!-~]{4,32})\s?
    (?:(?:就?是|为)(?:我的?|你的|登录|支付|账号|原)?密码|(?i:is\smy\s(?:old\s|new\s)?password))
    """,
    re.VERBOSE,
)
_BOTH = re.compile(
    r"""
    (?:[账帐][号户]|用户名)[和/、,\s]?密[码碼][是为:\s]{1,3}(?P<name>[A-Za-z0-9_@.-]{3,40})
    [\s/、,，]{1,3}(?P<value>[!-~]{4,64})
    """,
    re.VERBOSE,
)
_SIGN = re.compile(r"[@#$%^&*_+=~!?|]")
_TRAILING = ".,;:?)\"'’”]}>`"

_CODES = r"""
      (?:
          验证|驗證|校验|动态|短信|确认|激活|授权|安全|取件|取貨|取货|提货|提件|自提|取餐|取包
        | 收货|签收|开箱|开柜|柜门|核销|提取|领取|寄件|门禁|开门|登录|登陆|身份|认证|一次性|手机
        | 邮箱
      )
      [码碼]
    | 动态[口密][令码]|取件号|取餐号|CVV2?|cvv2?|CVC2?|OTP|otp
"""
_NUMERIC = r"""
    (?:
        \d(?:[ ]\d){3,7}|\d{3,4}[ ]\d{3,4}
      | (?:[A-Za-z]{0,3}\d{1,8}|[A-Za-z0-9]{1,8})(?:[-–—#]\s?[A-Za-z0-9]{1,8}){0,4}
    )
"""
_CODE = re.compile(
    rf"""
    (?:{_CODES})(?:\([^()]{{0,8}}\))?{_LINK}{_QUOTE}(?P<value>{_NUMERIC})(?![A-Za-z0-9@])
    """,
    re.VERBOSE,
)
_EN_CODE = re.compile(
    rf"""
    (?<![A-Za-z])
    (?i:
        (?P<sure>
            (?:
                verification|verify|security|one[-\s]time|auth|authentication|authori[sz]ation
              | sms|text|otp|login|log-in|access|pick[-\s]?up|collection|locker|door|gate
              | entry|2fa|two[-\s]factor|activation|confirmation|unlock|release|delivery
            )
            \s(?:pin\s)?(?:codes?|number|pin)
          | otp|cvv2?|cvc2?
        )
      | (?P<bare>code)
    )
    (?![A-Za-z]){_EN_FOR}{_EN_LINK}{_QUOTE}(?P<value>{_NUMERIC})(?![A-Za-z0-9@])
    """,
    re.VERBOSE,
)
_OTHER_CODES = re.compile(
    r"""
    (?i:
        promo(?:tion(?:al)?)?|coupons?|vouchers?|discount|gift|product|items?|sku|bar|zip
      | post(?:al)?|area|country|error|sort|dress|source|colou?r|status|size|batch|style|model|qr
      | hs|article|reason|bank|swift|the\ssame|booking
    )
    [-\s]?$
    """,
    re.VERBOSE,
)
_THE = re.compile(r"(?i)(?<![a-z])(?:the|my|your|this)\s$")
_COLLECT = re.compile(
    rf"""
    凭\s?(?:取件码|码|号码?)?[是为:\s]{{0,2}}{_QUOTE}
    (?P<value>[A-Za-z0-9]{{1,6}}(?:-[A-Za-z0-9]{{1,6}}){{1,4}}|\d{{4,8}})
    (?![A-Za-z0-9-])[^\d\n]{{0,16}}?(?:取|领|提|开[门箱柜]|收货)
    """,
    re.VERBOSE,
)
_CODE_BEFORE = re.compile(
    r"""
    (?<![A-Za-z0-9.-])
    (?P<value>\d{4,8}|[A-Za-z0-9]{1,4}(?:-\d{1,6}){1,3})
    (?![A-Za-z0-9-])
    (?:
        \s?\(?(?:就?是|为|这个|,|，)?(?:我的|你的|我?刚?收到的)?(?:短信|登[录陆]|注册|京东|淘宝)?
        (?:验证|校验|取件|提货|取货)
        码
      | (?i:\s(?:is|was)\s(?:the|my)\s(?:verification\s|pick-?up\s|security\s|otp\s)?(?:code|otp))
    )
    """,
    re.VERBOSE,
)

_NAMED = r"""
      用户名|用户I[Dd]|登[录陆]名|登[录陆][账帐]号|会员名|会员[账帐]?号|用户[账帐]号
    | [账帐]户名|[账帐]号名?|[账帐]号I[Dd]|昵称|旺旺(?:号|名|I[Dd])?
    | (?:
          抖音|小红书|微博|快手|[Bb]站|电报|推特|脸书|淘宝|京东|支付宝
        | (?i:telegram|tg|instagram|ins|twitter|facebook|tiktok|discord|skype|line)
      )
      (?:[账帐]?号|I[Dd]|名|昵称|[账帐]户)
    | (?<![A-Za-z])(?:ins|INS)(?=\s?[:是为])
"""
_HANDLED = r"@?[A-Za-z0-9_](?:[\w.-]{0,30}[A-Za-z0-9_])?"
_TAIL = "(?:(?:(?![密码账帐号是登的和跟验证都不没能怎被用换改这那绑])[\u4e00-\u9fff]){1,6}[A-Za-z0-9_]{1,12})?"
_HANDLE = re.compile(
    rf"""
    (?:{_NAMED})(?:\([^()]{{0,8}}\))?{_LINK}{_QUOTE}(?P<value>(?a:{_HANDLED}){_TAIL})
    (?![A-Za-z0-9_@])
    """,
    re.VERBOSE,
)
_HAN_HANDLE = re.compile(
    r"""
    (?:用户名|登[录陆]名|会员名|昵称|旺旺(?:号|名)?)
    是?\s?:\s?(?P<value>[\u4e00-\u9fff_A-Za-z0-9]{2,16})(?![\u4e00-\u9fffA-Za-z0-9])
    """,
    re.VERBOSE,
)
_EN_HANDLE = re.compile(
    rf"""
    (?<![A-Za-z])
    (?i:
        user\s?names?|user\s?id|log\s?in(?:\s(?:name|id))?|screen\s?name
      | account\s(?:name|id)|handle
      | (?:telegram|tg|instagram|insta|ig|twitter|tiktok|discord|skype|snapchat|facebook|fb)
        (?:\s(?:handle|user\s?name|id|account|name))?
    )
    (?![A-Za-z]){_EN_LINK}{_QUOTE}(?P<value>(?a:{_HANDLED}))(?![A-Za-z0-9_@])
    """,
    re.VERBOSE,
)
_OTHERS = re.compile(
    r"(?:微信|[Qq]{2}|[VvWw][Xx]|[Ww]e[Cc]hat|银行|收款|打款|转账|退款|对公|提现|充值|开户|公司|统一)的?$"
)
_NO_HANDLE = re.compile(
    r"""
    (?i:
        i?phone|ipad|ios|mac|android|app|vip|plus|pro|max|wifi|pc|h5|sim|win(?:dows)?|svip|lv
      | level|v|[1-9]g|error|http|www|huawei|mate|redmi|oppo|vivo
    )
    \d{0,4}
    """,
    re.VERBOSE,
)
_WORDS = """
wrong incorrect invalid not never always required needed expired expires weak strong too case the this
that these a an my your our their its his her same still being been broken correct right fine okay ok good
bad changed reset resetting set forgotten forgot lost missing empty blank blocked locked disabled enabled
long short hidden visible saved stored safe secure protected unknown different new old already only also
very really now just and or but for with from when where what which who how why please help thanks can
cannot could would should will must may have has had does did doesn working accepted rejected denied taken
unavailable available issue issues problem problems error errors failed fails failure page screen button
form field link links email mail manager change changes recovery hint policy rules strength protection
login logging username password account again back here there something anything nothing everything sent
resent updated created registered verified confirmed linked associated connected used unused public
private shown displayed entered typed copied about after before because since until unless though however
whether either neither both some any none all each every other another compromised leaked stolen hacked
shared case-sensitive sensitive optional mandatory impossible possible easy hard difficult simple common
similar identical supposed going getting coming giving asking saying showing telling letting making taking
trying using waiting sending arriving receiving late delayed gone dead down off out over under official
profile shop store website app account-related google apple facebook wechat alipay gmail paypal amazon
instagram telegram twitter android iphone windows chrome safari null true false test abcd verification
security message messages number numbers post posts story live dm ads comment comments support team
customer yesterday today tomorrow said says told me you him them
"""  # said after a cue in place of a value
_NO_VALUE = frozenset(_WORDS.split())


def _trimmed(text: str, start: int, end: int) -> int:
    """The end of a value without the marks that close its clause."""
    return start + len(text[start:end].rstrip(_TRAILING))


def _linked(match: re.Match[str]) -> bool:
    """Whether 是, "is", a colon or an opening quote stands between cue and value."""
    between = match.string[match.start("link") : match.start("value")]
    return re.search(r"[是为叫成:=\"'“‘「『【]|\b(?:is|was|to|as|it's|its|are)\b", between, re.IGNORECASE) is not None


def _counts(text: str, value: str, end: int) -> bool:
    """Whether a number is a length, a time or a quantity."""
    return value.replace("-", "").replace("~", "").isdecimal() and _UNIT.match(text, end) is not None


def _passwords(text: str) -> Iterator[PiiSpan]:
    for match in _BOTH.finditer(text):
        yield PiiSpan(*match.span("name"), "HANDLE")
        yield PiiSpan(match.start("value"), _trimmed(text, *match.span("value")), "PASSWORD")
    for pattern in (_PASSWORD, _EN_PASSWORD):
        for match in pattern.finditer(text):
            start, end = match.start("value"), _trimmed(text, *match.span("value"))
            value = text[start:end]
            if end - start < 4 or value[0] in "[(<" or _counts(text, value, end):
                continue
            is_pin = "pin" in match[0][:4].lower() or " pin" in match[0].lower()  # "the pin is bent"
            secret = any(c.isdecimal() for c in value) or (not is_pin and _linked(match) and _is_word(value))
            if secret and not value.lower().startswith(("http", "www.")):
                yield PiiSpan(start, end, "PASSWORD")
    for match in _PASSWORD_BEFORE.finditer(text):
        yield PiiSpan(*match.span("value"), "PASSWORD")


def _is_word(value: str) -> bool:
    """Whether a value without digits may be a secret one: a sign in it, or letters that say nothing else."""
    if _SIGN.search(value.rstrip("!?")):
        return True
    plain = value.rstrip("!?")
    return plain.isalpha() and len(plain) >= 4 and plain.lower() not in _NO_VALUE


def _codes(text: str) -> Iterator[PiiSpan]:
    for match in _CODE.finditer(text):
        yield from _code(text, match, _linked(match))
    for match in _EN_CODE.finditer(text):
        if match["bare"]:
            before = text[max(0, match.start() - 16) : match.start()]
            value = re.sub("[ -]", "", match["value"])
            told = _linked(match) or (len(value) == 6 and _THE.search(before))
            if not told or _OTHER_CODES.search(before) or not value.isdecimal() or len(value) < 4:
                continue
        yield from _code(text, match, _linked(match))
    for pattern in (_COLLECT, _CODE_BEFORE):
        for match in pattern.finditer(text):
            if not re.fullmatch(r"(?:19|20)\d\d(?:-\d\d?){1,2}", match["value"]):
                yield PiiSpan(*match.span("value"), "CODE")


def _code(text: str, match: re.Match[str], linked: bool) -> Iterator[PiiSpan]:
    start, end = match.span("value")
    value = text[start:end]
    figures = sum(c.isdecimal() for c in value)
    if figures < 3 and not (linked and value.isalnum() and len(value) == 4 and figures):
        return
    if _counts(text, value, end) or re.fullmatch(r"(?:19|20)\d\d-\d\d?-\d\d?", value):
        return
    yield PiiSpan(start, end, "CODE")
    form = r"\d{1,2}-\d{1,2}-\d{2,6}" if value.count("-") == 2 else rf"\d{{{len(value)}}}"
    another = re.compile(rf"\s?(?:[、,，/和及&]|and)\s?({form})(?![\d-])")
    while more := another.match(text, end):
        yield PiiSpan(*more.span(1), "CODE")
        end = more.end()


def _handles(text: str, figures: bool) -> Iterator[PiiSpan]:
    """Login names: ``figures`` alone, or others."""
    for pattern in (_HANDLE, _EN_HANDLE):
        for match in pattern.finditer(text):
            start, end = match.span("value")
            value, before = match["value"], text[max(0, match.start() - 4) : match.start()]
            if value.isdecimal() is not figures or _OTHERS.search(before) or _counts(text, value, end):
                continue
            if _is_handle(text, match, end):
                yield PiiSpan(start, end, "HANDLE")
    for match in () if figures else _HAN_HANDLE.finditer(text):
        if not re.search("[登改忘换怎什多吗呢无不没错哪为能是]", match["value"]):
            yield PiiSpan(*match.span("value"), "HANDLE")


def _is_handle(text: str, match: re.Match[str], end: int) -> bool:
    value = match["value"]
    if value.isdecimal():
        return 5 <= len(value) <= 12 and not re.match(r"[- ]\d", text[end : end + 2])
    if _NO_HANDLE.fullmatch(value) or re.match(r" ?[A-Z0-9]{4} [A-Z0-9]{4}", text[end : end + 10]):
        return False
    if len(value) < 3 or value.lower() in _NO_VALUE:
        return False
    if value.startswith("@") or any(c.isdecimal() or c == "_" for c in value) or not value.isascii():
        return True
    if "-" in value or not _linked(match) or match["link"].strip().lower() in ("to", "as"):  # "login to track"
        return False
    return re.match(r"\s?(?:的|登|注册|绑|账|帐|号|吗|还是|(?i:account|login|page|id\b))", text[end : end + 10]) is None


def possible(text: str) -> bool:
    """Whether a cue stands in a text; cheap."""
    return _HINT.search(text) is not None


def find(text: str) -> Iterator[PiiSpan]:
    """Passwords, codes, and login names with letters in them, of folded text: before any number is looked for."""
    if possible(text):
        yield from _passwords(text)
        yield from _codes(text)
        yield from _handles(text, False)


def find_numbers(text: str) -> Iterator[PiiSpan]:
    """Login names of figures alone, which may as well be a phone, a card or a QQ id: after those."""
    if possible(text):
        yield from _handles(text, True)


_ASKED = (
    (
        "CODE",
        re.compile(rf"{_CODES}|(?i:(?:verification|security|pick-?up|access|one-time)\s(?:code|pin)|otp)", re.VERBOSE),
    ),
    ("PASSWORD", re.compile("密码|口令|(?i:password|passcode)")),
    (
        "HANDLE",
        re.compile("用户名|登[录陆]名|会员名|[账帐]号|旺旺|昵称|(?i:user\\s?name|login name|user\\s?id|handle)"),
    ),
)
_ANSWERS = {
    "CODE": re.compile(r"[A-Za-z]?\d{4,8}|[A-Za-z0-9]{1,4}(?:-\d{1,6}){1,3}|\d{3} \d{3}"),
    "PASSWORD": re.compile(r"(?=[!-~]{0,31}\d)[!-~]{4,32}"),
    "HANDLE": re.compile(r"@?(?=[\w.-]{0,30}[\d_])(?=[\d_.-]{0,30}[A-Za-z])[A-Za-z0-9_.-]{3,32}", re.ASCII),
}


def answer_kind(question: str, said: str) -> str | None:
    """The kind of what a turn that is nothing but a value gives, when a question asked for it; texts folded."""
    for kind, cue in _ASKED:
        if cue.search(question) and _ANSWERS[kind].fullmatch(said):
            return kind
    return None
