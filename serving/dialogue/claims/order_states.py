"""States of an order, a parcel or a refund: 您的订单已发货, your refund has been paid.

A rule that names a state (已发货不能取消) is no claim about this customer's order, and backs none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from serving.dialogue.claims.records import Claim

STATES: dict[str, str] = {
    "approved": r"通过|批准|\bapproved\b|\baccepted\b",
    "cancelled": r"取消|关闭|\bcancel\w*|\bclosed\b",
    "delivered": r"签收|送达|妥投|\bdelivered\b|\bsigned for\b",
    "invoiced": r"开(?:好|具|出)|\bissued\b|\binvoiced\b",
    "out for delivery": r"派送|派件|(?<!继续)配送中|\bout for delivery\b",
    "paid": r"(?<!没有)(?<!未)(?<!没)(?:付款|支付)|\bpaid\b",
    "received": r"收到(?:您|退|货)|入库|\breceived\b|\barrived at\b",
    "refunded": r"到账|退款|退回|\brefund\w*",
    "shipped": r"揽件|取件|取走|\bcollected\b|\bpicked\b"
    r"|发货|发出|出库|揽收|寄出|\bship\w*|\bdispatched\b|\bsent\b|\bleft\b|\bpicked up\b",
    "in transit": r"(?<=已经)到(?!账|货)|(?<=已)到(?!账|货)|\bis (?:now |already )?(?:in|at) [A-Z]"
    r"|到达|运输|中转|在路上|途中|\bin transit\b|\bon its way\b|\breached\b",
    "unpaid": r"(?:没有?|未|待)(?:付款|支付)|\bunpaid\b|\bnot (?:been )?paid\b|\bnot go through\b",
}
_STATES = {name: re.compile(words, re.IGNORECASE) for name, words in STATES.items()}
_ZH_THING = r"(?:订单|包裹|快递|退款|退货|发票|货物?|商品|申请|付款|维修|换货|运单|物流)"
_SAID = re.compile(
    rf"(?:您|你)的\S{{0,8}}?{_ZH_THING}\S{{0,6}}?(?:已经?|正在|刚刚?|目前|还没有?|还未|尚未|现在|显示|还?在|通过了)\S{{0,18}}"
    rf"|^\s*{_ZH_THING}(?:申请)?(?:已经|正在|已|刚刚?|还在)"
    r"(?:(?!的话|的[，,]|不能|可以|后|才|需|请|则|时)\S){1,18}?(?=[。，！,!]|$)"
    r"|(?:商家|仓库|快递员?|卖家|我们)已经?(?:揽收|揽件|取件|取走|收到|发出|寄出|签收|派送|出库|退)\S{0,12}"
    r"|(?:^|[,;:.!—]|\b(?:and|but|so|that|because|as|yes))\s*it(?: was| has|'s been)(?: (?:already|just|now|been))*"
    r" (?:delivered|shipped|dispatched|refunded|cancelled"
    r"|approved|left the|picked up)\b|\bit(?:'s| is) (?:already |now )?(?:on its way|out for delivery|in transit)\b"
    r"|\b(?:courier|driver|warehouse) (?:has|have)(?: already| just)* (?:picked|collected|received|shipped|sent)\b"
    r"|\b(?:\d[\d.,]*|the) (?:yuan|money) (?:has|have|was) (?:already )?(?:been )?(?:refunded|paid|returned|sent)\b"
    r"|\b(?:your|the|this) (?:\w+ )?(?:order|parcel|package|refund|return|invoice|payment|item"
    r"|delivery)\b[^.;!?]{0,12}?"
    r"\b(?:has|have|was|were|is|did|got)(?: (?:already|just|now|not|been|out|on))* [^.;,!?]{2,40}"
    r"|\bwe(?:'ve| have) (?:already )?(?:received|shipped|sent) your\b[^.;!?]{0,20}",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"如果|若|的话|超过|还没发|时，|后，|\b(?:if|when|once|as soon|as long|after|until|unless|before|or)\b|[?？]|吗",
    re.IGNORECASE,
)
_RULE = re.compile(  # what happens to every order
    r"\b(?:is|are)(?: \w+)? \w+ (?:[^.;!?]{0,20}?\b)?(?:automatically|free|within|in (?:\d|one|two|three|up)|once|when"
    r"|after|by itself|(?:next|same|following) day|as soon|always|at (?:no|our))\b"
    r"|\b(?:is|are) (?:usually|always|normally)\b",
    re.IGNORECASE,
)
_FIELD = re.compile(r"\b(?:status|state)\s*[:=]\s*([^;|\n,]+)|状态\s*[:：=]\s*([^;|\n，；]+)", re.IGNORECASE)


def find(text: str) -> Iterator[Claim]:
    for match in _SAID.finditer(text):
        clause_start = max((m.end() for m in re.finditer(r"[，,；;。]", text[: match.start()])), default=0)
        if _CONDITION.search(text[clause_start : match.end() + 1]):
            continue
        if _RULE.search(text[match.start() : match.end() + 20]):
            continue
        if states := states_of(match[0]):
            yield Claim("order state", "state", tuple(sorted(states)), match[0], match.start())
    for match in _FIELD.finditer(text):  # of a tool's result
        words = (match[1] or match[2]).lower()
        if states := states_of(words) | {name for name in STATES if name in words}:
            yield Claim("order state", "state", tuple(sorted(states)), match[0], match.start())


def states_of(text: str) -> set[str]:
    states = {name for name, words in _STATES.items() if words.search(text)}
    return states - {"paid"} if "unpaid" in states else states
