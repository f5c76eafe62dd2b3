"""Policy words and their polarity: can or cannot, free or charged, who pays, used or unused.

A policy claim is doubted only when a source says the opposite of the same subject: to say it in other words is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from serving.dialogue.claims.records import Claim

# class → (says no, says yes); of two that overlap the longer counts
CLASSES: dict[str, tuple[str, str]] = {
    "ability": (
        r"(?:暂时?|还|并|都|也|就)?(?:不(?:可以|能够?|可(?!靠|能)|支持|提供|允许|接受|予|行|得|参加|参与|享受)|无法|没法|没办法)"
        r"|[取退换恢改寄送用]\S{0,3}不了"
        r"|\bcan ?not(?: be)?\b|\bcan't\b|\bmay not\b"
        r"|(?:n't|\bnot)(?: yet)? (?:possible|available|allowed|able)\b|\bunable\b"
        r"|\bno longer\b"
        r"|\bcould(?: not|n't)\b|\bmust not\b",
        r"可以|能够|(?<![可智功性只])能(?![量源])|支持|提供|允许|接受|(?<![许宁])可(?![是能靠爱千别得真])"
        r"|\bcan\b|\bmay\b(?! have| be\b)"
        r"|\bpossible\b|\bavailable\b|\ballowed\b|\bable to\b",
    ),
    "charge": (
        r"免费|免运费|免手续费|(?<!不)包邮|(?:不|无需|不用|不需要|不必)(?:您|要|再|会|多|额外)?(?:付|收|交|出|承担)\S{0,4}|不要钱"
        r"|\bfree\b(?! gift)|\bat no (?:extra )?(?:cost|charge)\b|\bwithout (?:a |any )?(?:fee|charge|cost"
        r"|paying)\b|\bno (?:extra )?(?:fee|cost|charge)\b",
        r"收费|付费|收取|自费|(?<!不)收(?=\s*\d)|不包邮|不免费|要(?:付|交)\S{0,2}费|\bnot free\b|\bfor a fee\b"
        r"|\bcosts? extra\b|\bwith a fee\b"
        r"|\bat an? (?:extra )?(?:cost|price|charge)\b|\bcharged\b",
    ),
    "payer": (
        r"(?<!不用)(?<!无需)(?<!不必)(?<!不要)(?<!需要)(?:您|你|买家|顾客|客户)(?:自己|自行|来|需要?|要|承)?"
        r"(?:承担|(?:出|付)(?=[。，；,;！!]|钱(?!时|的?时)|运费|邮费|取件费|费|$))|(?<!不)需要[您你](?:自己)?(?:承担|出|付)"
        r"|自付|自理|(?<!when )(?<!if )(?<!before )(?<!after )(?<!once )(?<!how )(?<!as )"
        r"\byou(?:'ll| will| have to| must| only)? pay\b(?! (?:nothing|no|before|by|with|online|within|in)\b)"
        r"|\b(?:customers?|buyers?) pays?\b|\bat your (?:own )?(?:cost|expense)\b",
        r"(?:我们|我方|本店|店铺|商家)(?:来|会)?(?:全)?(?:承担|出|付|包)|(?<=[，。；、并])承担"
        r"|\bwe(?:'ll| will| also)? pay\b(?! (?:you|back)\b)"
        r"|\bat our (?:own )?(?:cost|expense)\b",
    ),
    "use": (
        r"(?:未|没有?)(?:使用|用|穿|洗)过?|\bunused\b|\bnot (?:been )?used\b",
        r"(?<![没未有])(?:使用|用|穿|洗)过|\bused (?:items?|ones|products|things)\b",
    ),
    "existence": (
        r"没有|没(?=线下|门店|实体)|\b(?:is|are|have|has) no\b|\b(?:do|does)(?: not|n't) have\b|\bthere (?:isn't"
        r"|aren't)\b",
        r"(?<![没只还所拥具])有(?![效限关点意自人])|\bthere (?:is|are)\b(?! no)|\bwe have\b(?! no)",
    ),
    "combination": (
        r"不(?:可|能)?(?:与|和|跟)|\bnot (?:add|combine)",
        r"可(?:以)?(?:与|和|跟)|能(?:与|和|跟)|\badds? up\b|\bcombined?\b",
    ),
}
STRICT = ("payer", "use")  # a source has to say the same
_PATTERNS = {
    name: (re.compile(no, re.IGNORECASE), re.compile(yes, re.IGNORECASE)) for name, (no, yes) in CLASSES.items()
}
_EITHER = {name: re.compile(f"{no}|{yes}", re.IGNORECASE) for name, (no, yes) in CLASSES.items()}
NEGATOR = re.compile(
    r"不(?!过|仅|但|同|好意思|知|锈|粘|超过|满|足|要紧|客气|方便|清楚|确定|合适|喜欢|舒服|一样|小心|着急|急|放心|错|够)|没(?!收|问题|关系|货|了)|无(?!理由|论|锡|线)|未(?!来)|勿|别(?![的人墅])"
    r"|\b(?:not(?! a problem)|never|no(?! (?:problem|worries|later|more than))|cannot|without)\b"
    r"|\b(?:nor|neither|none|nobody)\b"
    r"|n't\b",
    re.IGNORECASE,
)
AUXILIARY = re.compile(r"\b(?:do(?:es)?|did|ca|can|could|wo|will|would|may|have|has|is|are|was|were)\b", re.I)
AFFIRMED = re.compile(r"^\s*(?:yes\b|(?:都|也)?(?:可以|能|支持|需要|会)(?!员))", re.IGNORECASE)
REFUSED = re.compile(
    r"^\s*(?:(?:很|非常)?抱歉[，,]?\S{0,4}|目前|暂时)?(?:不(?:可以|能|支持|需要|会)?|没有)(?=\S{0,12}[，,。])"
    r"|^\s*(?:(?:i am |i'm )?sorry,? )?no\b(?=[,.])|^\s*not (?:at present|yet)\b",
    re.IGNORECASE,
)
CONDITION = re.compile(  # a clause that states nothing
    r"^\s*(?:但|不过|所以|而)?(?:如果|要是|假如|若|倘若|万一|除非|只有)|的话(?=\S{0,2}$|是|就|也|都|不|可|能|要|请)|没有?\S{1,6}就(?:别|不|请)"
    r"|^\s*(?:and |but |or |so )?(?:if|unless|whether|should (?:it|you|this|the))\b",
    re.IGNORECASE,
)
CONDITIONAL = ("existence", "use")  # classes that a condition may name without stating them
UNSAID = re.compile(  # before a policy word: "the page does not say that it can"
    r"(?:没有?|未)(?:写|说明?|注明|标明|提到)[^，,。；;]{0,6}$"
    r"|\b(?:no|not|n't)\b[^,.;]{0,20}\b(?:says?|said|mentions?|states?|written)\b[^,.;]{0,20}$",
    re.I,
)
ANYONE = re.compile(r"^\s*(?:凡是?|所有|谁)|^\s*(?:whoever|anyone|anybody|those) ", re.I)  # the next clause denies it
QUESTION = re.compile(r"[?？]|(?:吗|呢|么)\s*[。!！]?\s*$")


def find(text: str) -> Iterator[Claim]:
    for name, (no, yes) in _PATTERNS.items():
        if not _EITHER[name].search(text):
            continue  # most classes of most sentences
        matches = [(match, value) for pattern, value in ((no, "no"), (yes, "yes")) for match in pattern.finditer(text)]
        taken: list[re.Match[str]] = []
        for match, value in sorted(matches, key=lambda pair: -len(pair[0][0])):
            if not any(other.start() < match.end() and match.start() < other.end() for other in taken):
                taken.append(match)
                if UNSAID.search(text, 0, match.start()):
                    continue
                yield Claim("policy", name, (value,), match[0], match.start())
