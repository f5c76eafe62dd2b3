"""Promises and deeds: what the shop will do or has done for this customer, and certainties (一定, I guarantee).

A deed is backed by a source that says the same deed of the shop, in the same tense. The customer's own words back none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from serving.dialogue.claims.policies import NEGATOR
from serving.dialogue.claims.records import Claim

_SUM = r"(?:you )?(?:(?:the|your|all of your) )?(?:money|difference|refund|amount)\b"
ACTIONS: dict[str, str] = {
    "call": r"回电|来电|致电|打电话|打给[您你]|电话(?:给|联系|通知|回)|\bgive you a (?:ring|call|bell)\b"
    r"|\bcall(?:s|ed|ing)?\b|\bphon(?:e you|ed|ing)\b|\b(?:we|i|will|'ll) (?:phone|ring)\b|\bring you\b",
    "contact": (
        r"联系您|联系你|[与和跟同][您你]联系|联络|\bhear (?:back )?from us\b"
        r"|回复(?![“\"「])|答复|通知|告知|告诉您|短信"
        r"|\bcontact(?:s|ed)?\b(?! (?:details|data|information))|\bin touch\b"
        r"|\bget(?:s)? back\b|\blet you know\b"
        r"|\bnotif\w+\b|\binform\w*\b|\brepl(?:y|ies)\b(?! [“\"])|\banswers?\b|\bwrite to you\b"
        r"|\breach out\b|\be-?mail you\b"
        r"|\bget a text\b|\breminder\b"
    ),
    "refund": (
        r"退款|退钱|退回|退给|退还|返还|(?:钱|款)\S{0,4}退|退[您你]|退(?:您|你)?差价|\brefund(?:s|ed|ing)?\b|\breimburs\w+"
        rf"|\b(?:goes|go|comes|come|gets?|gives?|pays?) (?:¥?[\d.,]+ (?:yuan )?)?back\b(?! to (?:you|us)\b)"
        rf"|{_SUM}(?: (?:is|will be))? (?:back|returned)\b"
        rf"|\b(?:send|return|pay|get|receive)(?:s|ing)? (?:back )?{_SUM}"
    ),
    "damages": r"赔偿|赔付|赔您|赔给",
    "compensate": r"补偿|补(?:给)?(?:您|你)?(?:一)?张|\bcompensat\w+",
    "follow": r"跟进|跟踪|盯着|留意|\bkeep(?:ing)? an eye\b|\bfollow(?:s|ed)? up\b",
    "favour": r"优惠价|争取|破例|抹\S?零|让利|便宜"
    r"|\bspecial (?:price|offer)\b|\bwaive\w*|\bknock\b|\blower the price\b",
    "extra": r"额外|\bextra\b",
    "gift": (
        r"送[您你](?!货|到|达|上)|送\S{0,6}(?:券|礼品|木豆|积分)|赠品|赠送|送(?:您)?(?:一)?张|升级|打个?折|\bcoupon\b|\bdiscount\b|\bupgrad\w+"
        r"|\bvoucher\b|\bgift\b"
    ),
    "send": (
        r"补发|补寄|重发|重新发|寄出|寄给|寄回|发出|安排发货|补货|重寄|发货"
        rf"|\b(?:re)?send(?:s|ing)?\b(?! {_SUM})|\bsent\b"
        r"|\bship(?:s|ped)?\b|\breplacement\b|\breplac(?:e|ing)\b"
    ),
    "arrive": r"送到|送达|寄到|送至|寄至|到货|到达|就到|能到"
    r"|\barriv\w+|\bbe (?:there|here|with you)\b|\bget it\b|\bdeliver(?:s|ed)?\b",
    "at once": r"马上|立即|立刻|这就|第一时间|\bright (?:now|away)\b|\bimmediately\b|\bat once\b",
    "by a courier": (
        r"(?<!联系)(?<!催)(?<!通知)(?:快递员?|骑手)(?=\S{0,8}?(?:会|将|来|上门|取件|派送|电话))|上门取"
        r"|\bcouriers? (?:also |only )?(?:will|calls?|comes?|picks?|collects?|takes?|brings?)\b"
    ),
    "by a manager": r"经理|主管|领导|\bmanager\b|\bsupervisor\b",
    "remit": r"转账|打款|\bwire\b",
    "hurry": r"催|加急|加快|优先处理|\bhurr(?:y|ied)\b|\bexpedite\w*|\bspeed\b|\burge[sd]?\b|\bpriorit\w+",
    "check": (
        r"核实|核对|查|问过|询问|检查|验收|调查|(?<![帮给为][您你])看看|联系快递"
        r"|\bcheck(?:s|ed|ing)?\b|\blook(?:s|ed|ing)? (?:it )?(?:into|up)\b"
        r"|\bverif\w+|\binvestigat\w+"
    ),
    "record": (
        r"登记|备注|反馈|记录|上报|转达|转告|申请|提交|\brecord(?:s|ed)?\b|\bregister\w*|\bpass(?:ed"
        r"|es)? (?:it )?on\b|\breport(?:ed)?\b|\bforward\w*|\bescalat\w+|\b(?:spoken|talked) to\b"
        r"|\bask(?:s|ed)?\b|\bnote[sd]?\b|\btakes? (?:down\b|the quantity|your)"
    ),
    "cancel": r"取消|撤销|\bcancel\w*",
    "change": (
        r"改|修改|更新|更换|换成|换新|换一[个件]|\bchang(?:e|es|ed|ing)\b|\bupdat\w+|\bexchang\w+|\bcorrect\w*"
        r"|\bredirect\w*|\bclosed?\b"
    ),
    "resolve": (
        r"解决|处理|搞定|办理|安排|\bfix(?:ed)?\b|\bsolv\w+|\bresolv\w+|\btake care\b|\barrang\w+"
        r"|\bsort\w* (?:it )?out\b|\bhandl\w+"
    ),
    "transfer": r"转接|转人工|接入|\btransfer\w*|\bconnect\w*|\btake over\b",
    "issue": r"开(?:好|具|出|票)|重开|\bissu(?:e|es|ed|ing)\b",
    "reserve": r"预留|留货|留一|\breserv\w+|\bkeep one\b|\baside\b",
    "repair": r"维修(?!中心|网点|部|站)|修好|\brepair\w*",
}
COURIER, AT_ONCE = "by a courier", "at once"
CALL_OF_STAFF = "call of staff"  # a courier's call backs none
HELPFUL = {AT_ONCE, "check", "contact", "hurry", "transfer"}  # to do these at once is a way of speaking
_ACTIONS = {name: re.compile(words, re.IGNORECASE) for name, words in ACTIONS.items()}

_DONE = re.compile(
    r"(?:已经?|刚刚?|都)(?:经)?(?:为|帮|给|替|向|通知|登记|联系|反馈|催|申请|提交|安排|升级|核实|补|把|将)"
    r"|(?:为|帮|给|替)[您你]\S{0,12}[了过好](?:[。，！,!.~]|$|一|补|加)"
    r"|\b(?:i|we)(?:'ve| have)(?: (?:already|just|now))? (?!(?:it|an?|the|no|to|not|your|some|any|stock)\b)\w+"
    r"|\b(?:i|we)(?: just| already) \w+ed\b"
    r"|\bha(?:s|ve) (?:already )?been \w+(?: by me| for you)|\byour \w+ has (?:already |now )?been \w+ed\b"
    r"|\bi(?:'m| am) \w+ing\b",
    re.IGNORECASE,
)
_WILL = re.compile(
    r"(?:我们?|这边|专员|经理|主管|同事|客服|专人|店铺|仓库|财务|工作人员|快递员?)\S{0,14}?(?:会|将|马上|立即|立刻|这就|稍后|尽快|帮|为您|给您)"
    r"|(?:会|将)(?:有|由)(?:专人|专员|客服|同事)|(?:马上|立即|立刻|这就|稍后|尽快|第一时间|主动|小时内|分钟内|天内)(?:为|给|帮|替|向|联系|回复|退|处理|补)"
    r"|(?:会|将)?(?:为|给|帮|替)[您你](?!带|服务|造成|添|提供)|(?:会|将)(?:主动)?(?:联系|通知|赔|补|告|回)"
    r"|(?:马上|立即|立刻|这就|稍后|尽快|回头|晚点)(?:就|让\S{0,4}|帮|给)?(?:退|赔|补|发|寄|打|联系|安排|解决)"
    r"|(?:让|叫|通知|安排)\S{0,2}(?:仓库|快递|专员|专人|财务|主管|经理)"
    r"|打给[您你]|(?:免费|再|另外|额外)?(?<![派配])送[您你](?=\S{0,2}[一二两张个份件条只\d])"
    r"|我(?:这边)?(?:现在|先|这就)?(?:去|来)(?:帮|给|为|替)?[您你]?(?:催|查|问|核实|联系|处理|申请|反馈)"
    r"|\byou(?:'ll| will) hear (?:back )?from us\b"
    r"|\b(?:we|i|someone|somebody|(?:an? |the |our |your )?(?:manager|supervisor|agent|colleague|team|specialist"
    r"|courier|warehouse))"
    r"(?:'ll| will| shall|(?:'re| are|'m| am|'s| is) (?:going to|about to))\b|\bwill be (?:refunded|sent|contacted"
    r"|called|compensated|fixed|resolved|done)\b",
    re.IGNORECASE,
)
_CERTAIN = re.compile(
    r"一定(?!要|时间|程度)|肯定|保证|承诺|百分之?百|绝对|包您|(?:100|１００)\s?%(?=没|满意)"
    r"|\b(?:i|we)(?:'ll| will) (?:make sure|ensure|see to it)\b"
    r"|\bguarantee\w*|\bpromis\w+|\bfor sure\b|\bno doubt\b|\bwithout (?:a )?doubt\b"
    r"|\b(?:will|'ll|would|is|are|can|we|i|you|it|they|'re|'s) (?:most )?(?:definitely|certainly|absolutely|surely)"
    r"\b(?! not)"
    r"|\b(?:definitely|certainly|absolutely) (?:will|be|get|arrive|safe|free|guarantee)",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"[?？]|(?:吗|呢|么)\s*[。!！]?\s*$|^\s*(?:需要|要不要|是否)|\bwould you like\b|\bshall i\b|\bdo you want\b", re.I
)
_CUSTOMER_ACTS = re.compile(
    r"^\s*(?:请|麻烦)?您(?!的)(?:可以|需要|自己)?|\byou (?:can|may|could|need to|should)\b|^\s*please\b", re.I
)
_OF_THE_CUSTOMER = re.compile(  # a deed that is the customer's: "the item that you asked to return", "ask me and …"
    r"\b(?:that |which |what |when |if |once )?you(?:'ve| have)? (?:just )?(?:asked|ordered|paid|bought|want|wish|sent"
    r"|chose|applied|need|received|returned?|send|reported)\b.*"
    r"|^\W*(?:please |just |or |and |then |simply )*(?:ask|send|tell|give|reply|call|ring|contact) "
    r".*?(?:\band\b(?= (?:i|we|an?|the|it|you)\b)|\bto (?=have|get)|$)",
    re.I,
)
_STAFF = re.compile(
    r"我|专员|专人|经理|主管|客服|同事|\b(?:i|we|manager|supervisor|agent|colleague|team|someone)\b", re.I
)
_EFFORT = re.compile(r"尽力|尽全力|\b(?:do|try) (?:my|our) (?:very )?best\b", re.I)
_CLAUSES = re.compile(r"(?:[^，,；;。！!\n.]|\.(?!\s|$))+(?:[，,；;。！!\n.]|$)")
_UNKNOWN_DEED = re.compile(
    r"已经?(?:为|帮|给|替)[您你]|(?:为|帮|替)[您你](?!带|服务|造成|添|提供)\S{1,10}[过了](?=[。，！,!.~]|$)"
    r"|\b(?:i|we)(?:'ve| have) (?:already|just) \w+ed\b",
    re.IGNORECASE,
)


def find(text: str) -> Iterator[Claim]:
    """Deeds of each clause: unit is the tense, value the actions."""
    if _ASKS.search(text):
        return
    for part in _CLAUSES.finditer(text):
        clause = part[0]
        match = _CERTAIN.search(clause)
        if match and not NEGATOR.search(clause, 0, match.start()):
            yield Claim("promise", "certain", (match[0].lower(),), clause, part.start())
        done, will = _DONE.search(clause), _WILL.search(clause)
        if not (done or will) or NEGATOR.search(clause) or _EFFORT.search(clause):
            continue
        actions = actions_of(_OF_THE_CUSTOMER.sub("", clause))
        if actions - {AT_ONCE} and actions <= HELPFUL:
            actions -= {AT_ONCE}
        if "call" in actions and COURIER not in actions and _STAFF.search(clause):
            actions |= {CALL_OF_STAFF}
        if not actions and _UNKNOWN_DEED.search(clause):
            actions = {"other"}
        tense = "done" if done else "will"
        if actions and not (tense == "will" and _CUSTOMER_ACTS.search(clause)):
            yield Claim("promise", tense, tuple(sorted(actions)), clause, part.start())


def actions_of(text: str) -> set[str]:
    """Actions that a text names."""
    return {name for name, words in _ACTIONS.items() if words.search(text)}


def deeds_of(source: str) -> set[str]:
    """Actions that a source says of the shop: of clauses that neither deny nor ask the customer to act."""
    said: set[str] = set()
    for part in _CLAUSES.finditer(source):
        clause = part[0]
        if not (NEGATOR.search(clause) or _CUSTOMER_ACTS.search(clause) or _ASKS.search(clause)):
            actions = actions_of(_OF_THE_CUSTOMER.sub("", clause))
            said |= actions if COURIER in actions else actions | {CALL_OF_STAFF} if "call" in actions else actions
    return said


def has_certainty(word: str, text: str) -> bool:
    return word in text.lower()
