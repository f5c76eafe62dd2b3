"""Names of companies, other organisations and people in a message: whole, whatever words they are made of.

A name is what stands after a word for it (抬头：…, made out to …) up to the next thing that is told; without such a
word it is what ends in a legal form (…有限公司, … Co., Ltd). 抬头不对 and "the name is wrong" tell none.
It reads redacted text: a person is ``[NAME_1]``, and a company may begin with ``[ADDRESS_1]``.
Not covered: a name in small letters, an English name with a comma before anything but its legal form or its last
partner, and an organisation without a legal form where no word for it stands.
Own code: recognisers of entities (spaCy, HanLP) need models, and cut such names at brackets and branches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

_HAN = "\u4e00-\u9fff"
MAX_NAME = 60  # characters
MAX_LABELS = 8  # words for a name that are looked at: nobody tells more names in a message
# What ends a Chinese organisation's name, and what may follow the ending and still belongs to it.
_LEGAL = (
    "有限责任公司|有限公司|股份公司|集团公司|合伙企业|独资企业"
    "|(?:事务所|工作室|合作社|研究院|经营部|商行)(?:有限(?:责任)?公司)?"
)
_ENDINGS = (
    rf"(?:{_LEGAL}|公司|企业|集团|工商户|个体户|[商药书饭酒花超服画旅]?店|杂货铺|铺子?|行|社|厂|馆|部|院|所|校|大学|中学|小学|幼儿园|医院"
    "|办事处|委员会|协会|学会|商会|基金会|中心|超市|局|厅|处)"
)
_AFTER = rf"(?:[{_HAN}]{{1,8}}(?:分公司|分行|支行|分店|分所))?(?:[（(][{_HAN}]{{2,8}}[）)])?"
_ORGANISATION = re.compile(rf"(?:[（(][^（()）]{{1,12}}[）)]|[^（()）]){{2,40}}?{_ENDINGS}{_AFTER}")
_ANYBODY = re.compile(rf"(?:我们?|你们?|咱们?|他们|贵|本|这家?|那家?|个人|原来的?|同一?个?)*(?:的)?{_ENDINGS}")
_PERSON = re.compile(r"\[NAME_\d+\]")
_CHINESE_NAME = re.compile(rf"(?:\[(?:NAME|ADDRESS)_\d+\])?[{_HAN}A-Za-z0-9（）()·&.\-]{{0,40}}")
# Words of a sentence about a name, which then is none; in a name with an ending they may stand.
_SENTENCE = re.compile(
    "什么|啥|怎么|谁|哪|吗|呢|不|没|错|对的|一样|刚|发过|写过|说过|说了|写了|给过|上面|前面|上次|之前|原来|一下|个人|公司的?$|单位的?$|多了|少了|等"
    "|我找|我看|我问|要改|改了|变了|随便|空着|可以"
)
_PARTICLES = re.compile(
    r"(?:的?(?:发?票)|[呀啊哈哦喔呢吧噢啦哟开。.！!~～]|就行|就好|谢谢|可以了?|行了|(?<![商分支银就])行)+$"
)
_VERB = re.compile(
    rf"\s*(?:也|都)?(?:应该|应当)?(?:就?是|写成?(?![意真字])|为(?=[{_HAN}\[A-Z\s])|叫|填|改成|改为|换成|换为"
    r"|开(?![元心拓创源普化封平阳滦明放立来泰利成关发云天达润和迪])|[:：=]|(?:is|should be|must be|to|of|as)\b)+\s*",
    re.IGNORECASE,
)
_STOP = re.compile(  # where a labelled value ends
    r"[，。；;！!？?\n“”\"]|,(?!\s)|\s+[-–—]+\s|[（(](?=(?:the|it|that|full|whole)\b)"
    r"|\s*(?:税号|纳税人|信用代码|邮箱|电子邮|发到|发至|发给|寄到|电话|地址)"
    r"|[\s,]+(?:with\b|and\b(?=\s+(?:the|my|tax|e-?mail|send|please|to|it|our)\b)|tax\b|vat\b|e-?mail\b|please\b|pls\b"
    r"|thanks?\b|send\b|sent\b|by\b|to (?:my|the|our|this|\[)|for (?:the|my|this|order)\b|not\b)"
    r"|\s*\[(?!NAME|ADDRESS)[A-Z_]+_\d+\]",
    re.IGNORECASE,
)
_CAPITAL = r"(?:\[(?:NAME|ADDRESS)_\d+\]|[(（]?[A-Z0-9À-ÞŁŚŽ][\w&.'’/)）-]{0,30}|[a-z][A-Z][\w]{0,30}|&)"
_LINK = r"(?:of|the|and|for|de|du|la|le|von|van|und|y|e|i|in|at)"
_FORM = (
    r"(?:Co\.?,? ?(?:Ltd|Limited|Inc)|Co|Inc|LLC|LLP|LP|PLC|Plc|GmbH|AG|Limited|Ltd|Corporation|Corp|SARL|SAS"
    r"|S\.?r\.?l|SA|S\.A|BV|B\.V|AB|A/S|Pty)"
)
_ENGLISH_LEGAL = re.compile(
    rf"(?<![\w.])(?:{_CAPITAL}(?:,? (?:{_LINK} ){{0,2}}(?={_CAPITAL}))){{1,9}}?(?:{_FORM})(?: Ltd)?\b"
    rf"(?!\.?,? {_FORM}\b)"
)
_ENGLISH_NAME = re.compile(rf"{_CAPITAL}(?:,? (?:{_LINK} ){{0,2}}{_CAPITAL}){{0,9}}")
_ENGLISH_LEADS = re.compile(
    r"(?:(?:To|For|It'?s|Invoice|Please|Title|Name|Company|Hi|Hello|Yes|No|Not|Our|My|The company|The name)[ :,]+)+"
)
_LEAD_OF_ANSWER = re.compile(r"^\s*it'?s\s+", re.IGNORECASE)
_COMMA_NAME = re.compile(rf",\s+(?={_FORM}\b|(?:{_CAPITAL} ){{1,3}}(?:{_FORM})\b)")
# Before a Chinese name in a legal form, where no word for it stands: 帮我换成…, 我要开…的票.
_CHINESE_LEGAL = re.compile(
    rf"(?:^|[，,。；;:：\s!！?？“\"]|换成|改成|改为|换为|开给|开成|开具|开票|发票"
    r"|单(?:也|再|请|要)?开|开(?![元心拓创源普化封平阳滦明放立来泰利成关发云天达润和迪])(?:一?[张个份])?)"
    r"(?>(?:就?是|应该是|写成?(?![意真字])|为|叫|给|开(?![元心拓创源普化封平阳滦明放立来泰利成关发云天达润和迪])|[:：]|\s){0,3})"
    rf"((?:\[(?:NAME|ADDRESS)_\d+\])?(?:(?!换成|改成|改为|换为|开给|开成|开具|我们|你们|咱们|他们|贵公司|公司的|帮我|给我|麻烦|单开|那单"
    rf"|我要|要开|想开|请开|就是|应该)[{_HAN}A-Za-z0-9（）()·&]){{2,28}}?(?:{_LEGAL}){_AFTER})"
)
_HAS_LEGAL = re.compile(_LEGAL)
# A piece of a text that is nothing but an organisation's name, without a legal form: 单位的 武汉市第三建筑公司.
_PIECE = re.compile(r"[^，,。；;:：\s!！?？]+")
_PLAIN_ORGANISATION = re.compile(
    rf"(?:(?![的是在到我你您他她它们给把寄送了请帮要这那没能可以去往也吗呢吧啊换错写不就还再说开发])[{_HAN}]){{4,24}}"
    r"(?:公司|集团|大学|中学|小学|幼儿园|医院|研究所|设计院|工厂|超市|酒店|委员会|协会)"
)


def find_name(text: str, called: Sequence[str], asked: bool = False) -> str | None:
    """The name that a text tells; what comes later corrects what came before. None: it tells none.

    Args:
        called: words that lead to it, in any language.
        asked: a name was asked for: a text that is nothing else is one, and the only person in it is meant.
    """
    whole = _LEAD_OF_ANSWER.sub("", text).strip(" \t\n.!") if asked else ""
    if " " in whole and _ENGLISH_NAME.fullmatch(whole):
        return whole
    persons = {match[0] for match in _PERSON.finditer(text)} if asked else set()
    found = next(reversed([*_labelled(text, called)]), None) or _by_legal_form(text)
    return found or (persons.pop() if len(persons) == 1 else None)


def without_words(text: str, called: Sequence[str]) -> str:
    """A text with its first word for a name taken out; without such a word it is empty."""
    found = _labels(tuple(called)).search(text)
    return f"{text[: found.start()]} {text[found.end() :]}" if found else ""


def _labelled(text: str, called: Sequence[str]) -> Iterator[str]:
    at = 0
    for _ in range(MAX_LABELS):
        found = _labels(tuple(called)).search(text, at)
        if not found:
            return
        verb = _VERB.match(text, found.end())
        start = verb.end() if verb else found.end()
        value = _value(text[start : start + 2 * MAX_NAME].lstrip(' \t“"'))
        at = found.end()
        if value and _is_name(value, led=verb is not None or not re.search(f"[{_HAN}]", found[0])):
            at = start + len(value)  # a word for it within a name is part of the name
            yield value


@cache
def _labels(called: tuple[str, ...]) -> re.Pattern[str]:
    words = sorted(called, key=len, reverse=True)
    return re.compile(
        "|".join(re.escape(w) if re.search(f"[{_HAN}]", w) else rf"\b{re.escape(w)}\b" for w in words), re.IGNORECASE
    )


def _value(text: str) -> str:
    """What stands at the start of a text up to the next thing that is told, without what only leads out of it."""
    stop = _STOP.search(text)
    text = text[: stop.start()] if stop else text
    if re.search(f"[{_HAN}]", text[:MAX_NAME]) and not _ENGLISH_LEGAL.match(text):
        return _chinese(text)
    end = next((m.start() for m in re.finditer(r",\s", text) if not _COMMA_NAME.match(text, m.start())), len(text))
    sentence = re.search(r"(?<!\b[A-Z])(?<!\bNo)(?<!\bSt)(?<!\bCo)\.\s+(?=[A-Z\u4e00-\u9fff])", text[:end])
    return text[: sentence.start() if sentence else end].strip(" \t,.")[:MAX_NAME]


def _chinese(text: str) -> str:
    """A Chinese name at the start of a text: up to a comma or a blank, unless Latin letters stand before the blank."""
    value = re.split(rf",|(?<=[{_HAN}）)\]])\s", text)[0]
    return _PARTICLES.sub("", value).strip()[:MAX_NAME]


def _is_name(value: str, led: bool) -> bool:
    """Whether a value can be a name. led: a verb or a colon stands before it, so that it need not look like one."""
    if _PERSON.fullmatch(value):
        return True
    if re.search(f"[{_HAN}]", value):
        if _ORGANISATION.fullmatch(value):
            return not _ANYBODY.fullmatch(value) and (bool(_HAS_LEGAL.search(value)) or not _SENTENCE.search(value))
        return led and len(value) >= 2 and not _SENTENCE.search(value) and _CHINESE_NAME.fullmatch(value) is not None
    return led and len(value) >= 2 and _ENGLISH_NAME.fullmatch(value) is not None


def _by_legal_form(text: str) -> str | None:
    """The last name in a legal form, or that a piece of the text is without one."""
    if _HAS_LEGAL.search(text) and (chinese := [m[1] for m in _CHINESE_LEGAL.finditer(text)]):
        return chinese[-1]
    names = [_ENGLISH_LEADS.sub("", m[0], count=1) for m in _ENGLISH_LEGAL.finditer(text)]
    english = next((name for name in reversed(names) if " " in name and not re.fullmatch(_FORM, name)), None)
    plain = [m[0] for m in _PIECE.finditer(text) if _PLAIN_ORGANISATION.fullmatch(m[0])]
    return english or (plain[-1] if plain else None)
