"""Words by which a message asks for a sum, or changes the sum before."""

from __future__ import annotations

import re

from serving.dialogue.pricing.basket import BLANK
from serving.dialogue.pricing.quantities import MEASURES, NUMERALS, WORDS

_ONE_OF = "|".join(WORDS)
ADDS = re.compile(
    rf"再(?:加|来|要|买|添|算)|加(?:上|一?[{MEASURES}]|[{NUMERALS}\d]+\s*[{MEASURES}])|还要|还有|算上|连上|忘了|漏了|没算|少算|另外加"
    r"|\b(?:add(?:ing)?|plus|as well|also|too|forgot(?:ten)?|missed|left out|missing)\b",
    re.IGNORECASE,
)
ADDED_IF = re.compile(
    r"(?:如果|要是|那)?(?:再|另外)(?:加|配|凑)[一个两\d]?|加上"
    r"|\bif i (?:also |then )?(?:add|take|buy|get)\b|\b(?:plus|together with|along with) (?:an?|the|one|two|\d+)\b",
    re.IGNORECASE,
)
# Another number of what is in the sum: 浴巾改成三条, make it three towels. What is denied is no number to read.
CHANGES = re.compile(
    rf"(?:要|来)\s*[{NUMERALS}\d]+\s*[{MEASURES}](?:$|[吧啊呀，,。！!])|改(?:成|为|到|要|买)?|(?:变|调)(?:成|为)|不是\s*[{NUMERALS}\d]+\s*[{MEASURES}]"
    rf"|\b(?:make (?:it|that|them)|change|instead of (?:the )?(?:{_ONE_OF}|\d+)|not (?:{_ONE_OF}|\d+)"
    r"|still (?:want|need|take))\b",
    re.IGNORECASE,
)
# A list of what is to be bought, each with its number, asks for a sum.
BUYS = re.compile(
    rf"[想要](?:买|買|购|购买|订|拍|下单)|(?:打算|准备)(?:买|買|订|拍|下单)|我要\s*[{NUMERALS}\d]"
    r"|\b(?:want|like|going|plan(?:ning)?) to (?:buy|order|get)\b"
    r"|\bi(?:'ll| will| want|'d like| would like) (?:take |buy |have )?(?:an?|\d+)\b",
    re.IGNORECASE,
)
DENIED = re.compile(
    rf"[，,]?\s*(?:而)?不是\s*[{NUMERALS}\d]+\s*[{MEASURES}]"
    rf"|,?\s*\b(?:and )?(?:not|instead of) (?:the )?(?:{_ONE_OF}|\d+)\b"
    r"|^\W*no,?\s",
    re.IGNORECASE,
)
ONLY = re.compile(r"[就只]|\b(?:only|just)\b", re.IGNORECASE)
# What stands before these words is not wanted any more.
DROPPED_BEFORE = re.compile(r"(?:就|先|那|都)*(?:不要|不买|不用|不加|去掉|拿掉)(?:了|吧)")
DROPPED_AFTER = re.compile(
    r"(?:去掉|拿掉|不要|不算|leave out|take out|drop|skip|remove|without|forget|minus|no more|not)\s*"
    rf"(?:the|那个?|这个?)?\s*(?={BLANK})"
    rf"|\b(?:leave|take)\s+(?:the\s+)?(?={BLANK}+\s+out\b)",
    re.IGNORECASE,
)
# What stands before the name of a kind when it is something to buy, not something to know.
WANTED = re.compile(
    rf"(?:[{NUMERALS}\d][{MEASURES}]|[加和跟与及、，,+就那这买要]|(?:^|\s|,)(?:the|a|an|my|one|two|three|four|\d+|and|plus|with|just|only|that|this)\s)\s*$",
    re.IGNORECASE,
)
# A word of the name of something that was spoken of.
POINTED_AT = re.compile(rf"\b(?:the|those|these|that|my|an?|{_ONE_OF}|\d{{1,2}}) ([a-z]{{3,}})", re.IGNORECASE)
# A number of pieces and nothing else, after a product or a sum: if I buy two? 那三条呢
FOLLOWING_NUMBER = re.compile(
    rf"\W*(?:(?:那|如果|要是|我|就|买|要|来|拿|下单|直接)*\s*[{NUMERALS}\d]+\s*[{MEASURES}]"
    r"(?:一起|的话|就是|就|是|要|卖|呢|吧|多少钱?|怎么卖|什么价|便宜|优惠|有折扣|能便宜|点|吗|么|[，,？?])*"
    r"|(?:(?:ok|okay|and|so|then|hmm|well|what about|how about|what if|if|i|we|buy|buys?|take|get|ordered|order"
    rf"|bought|want|make it|say|just)\W+)*(?:{_ONE_OF}|\d{{1,2}})(?: of (?:them|those|these|it|the))?"
    r"(?:\W+(?:then|please|pieces|packs?|sets?|instead|total))*)\W*",
    re.IGNORECASE,
)
# Nothing that is added to the sum: 加上运费, plus my coupon.
ADDS_NO_PRODUCT = re.compile(
    r"(?:再?加上|再?算上|连上|还有|再加)(?:我?的)?(?:运费|邮费|快递费|优惠券|券|积分|木豆)"
    r"|\b(?:plus|and|also|with) (?:the |my )*(?:shipping|delivery|postage|coupons?|vouchers?|points)\b",
    re.IGNORECASE,
)
BARE_NUMBER = re.compile(r"\W*\d{1,2}[^\w?？]*")  # a choice from a list
MORE_OF = re.compile(r"再(?:加|来|要|买|添)|多(?:加|来|要|买)|\b(?:another|more)\b", re.IGNORECASE)
# What delivery of something to buy costs is told with its sum.
FEE = re.compile(
    r"(?:算上|加上|含|包括|要|收|有)(?:不要)?(?:运费|邮费)|包邮[吗么不]"
    r"|\b(?:with|including|incl\.?|plus) (?:the )?(?:shipping|delivery|postage)\b"
    r"|\b(?:is|will|would) (?:the )?(?:shipping|delivery|postage) (?:be )?(?:still|then|free)\b",
    re.IGNORECASE,
)
# What delivery cost or costs of something that was ordered is told with the order.
OF_ORDER = re.compile(
    r"退|换货|拒收|[那这]单|订单|收了|付了|\b(?:return|refus|reject|exchang|refund)\w*|\bsend back\b"
    r"|\b(?:my|the|that|this)(?: \w+)? order\b",
    re.IGNORECASE,
)
IN_ORDER = re.compile(r"[那这]个?单|订单|\border\b", re.IGNORECASE)  # a sum of what is in an order
# An amount beside these words is what was paid or will come back, no sum to be confirmed.
OF_BOUGHT = re.compile(
    r"订单|[那这]单|[那这]笔|下单(?:以后|之后|后|时|的时候|那)|付(?:了|过)|已付|退|签收|收到|在路上|开(?:票|的|了|具)|发票|涨|当时|以前"
    r"|\b(?:(?:my|the|that|this) order|ordered|paid|bought|charged|delivered|parcel|invoices?|receipt|last time)\b"
    r"|\b(?:refund|return|exchang)\w*|\bwent up\b|\bsend back\b",
    re.IGNORECASE,
)
SWAPS = re.compile(r"换(?:成|做|为)|\b(?:instead|swap|rather)\b", re.IGNORECASE)
ROUGHLY = re.compile(r"左右|上下|大概|大约|差不多|\b(?:around|about|roughly|approximately)\b", re.IGNORECASE)
MONEY = re.compile(r"\d+(?:\.\d+)?\s*(?:块|元|yuan\b)", re.IGNORECASE)  # no number of pieces
NUMBER_ONLY = re.compile(r"\W*(?:第|no\.?|number|the)?\s*(\d)\s*(?:个|款|号)?\W*", re.IGNORECASE)
