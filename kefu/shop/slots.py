"""Finds slot values in what a customer wrote, by the rules that the shop pack declares.

A rule, not a model: a flow acts on the value (it cancels *that* order), so it has to be explainable
and the same in training, labelling and serving. It reads redacted text: the value of a slot that is
personal data is its placeholder. Of several choices, one right after a negation counts nothing (没什么质量问题, not
broken), nor one that stays as it is (地址不变); one that is denied from afar ("I never said that it is broken") is not
noticed. A slot with a single choice tells what a message speaks of, so that "not shipped" counts as speaking of
shipping.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

import re2

from kefu.shop.flows import ChoicePhrase, OnFile, Slot
from kefu.shop.part import Lang
from kefu.text.legal_names import find_name
from kefu.text.numbers import NUMBER, read_number
from kefu.text.placeholders import PLACEHOLDER
from kefu.text.regexes import re2_options

CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W_]")
# What denies the words right after it. 有没有 and 是不是 ask, 换个没划痕的 and "not the size I ordered" tell a fault.
_DENIES = re.compile(
    r"(?:(?<![有个条只件台套张把口瓶款])没有?|(?<![是要能会])不是|并非|(?<!要)不要|(?<!用)不用|不必|无需|毫无"
    r"|(?<![特分区个级类性识辨告])别)"
    r"(?:因为|由于|说|想|要|给我|帮我|什么|啥|任何|任何的|出现|发现|存在|哪里)*$"
    r"|(?:(?<!just )\b(?:not|no|never|nothing(?: is| was)?)|n['\u2019]t)"
    r"(?:\s+(?:a|an|any|really|actually|at all|been|be|had|have|got|because of|due to|about|that it is|that it's"
    r"|wrong with|(?:because of|due to|about|wrong with) (?:the|its|my|your)))*\s+$"
    r"|\bsame\s+$",  # it stays: same phone
    re.IGNORECASE,
)
# What says right after a choice that it stays as it is: 地址不变, the size is fine.
_STAYS = re.compile(
    r"(?:都|也|还|就)?(?:不变|不用(?:改|动|换|变)|不(?:改|动|换)|别(?:改|动|换)|保持原样|还是原来的|照旧|还是(?:写)?我)"
    r"|\s*(?:stays?|remains?|(?:is|are) (?:still )?(?:the same|unchanged|right|correct|fine|ok(?:ay)?))\b",
    re.IGNORECASE,
)
# A choice that begins with a no in a question: 能不能用 is not 不能用.
_ASKS = re.compile(rf"({CJK.pattern})[不没]\1")
_UNCHANGED = re.compile(
    r"[^，,。.！!？?]{2,16}?(?:都|也|还)?(?:不变|保持原样|还是原来的)[的了哦啊呀吧哈，！!。~\s谢]*"
    r"|[^,.!?]{2,24}? (?:stays?|remains?)(?: (?:the same|unchanged|as (?:it|they) (?:is|are)))?"
    r"(?:,? (?:please|thanks|thank you))?[.!\s]*",
    re.IGNORECASE,
)
_SHORT = 32  # characters
_ANSWERED_NO = re.compile(r"(?:just|only|return|send|keep)\b", re.IGNORECASE)
_DENIAL_WINDOW = 40  # characters before a phrase that may deny it
ON_FILE = "[ON_FILE]"  # in place of a value that the shop knows: the flow looks it up


def language(text: str) -> Lang:
    """'zh' if the text has a CJK character, else 'en'."""
    return "zh" if CJK.search(text) else "en"


def extract(text: str, slots: Mapping[str, Slot], lang: str, asked: str | None = None) -> dict[str, str]:
    """Slot name → value for every slot that the text tells.

    Args:
        text: one redacted message.
        slots: the pack's slots, or those of one flow.
        lang: language whose phrases win when both languages match.
        asked: the slot just asked for. Only it may take the whole message (``free_text``), and it
            goes before other slots of the same ``pii`` type.
    """
    plain = PLACEHOLDER.sub("\n", text)  # digits of a placeholder are nobody's order number
    folded = plain.casefold()
    found = {name: _value(text, plain, folded, slot, lang, name == asked) for name, slot in slots.items()}
    wanted = slots[asked].pii if asked is not None and asked in slots else None
    return {
        name: value
        for name, value in found.items()
        if value and (name == asked or wanted is None or slots[name].pii != wanted)
    }


def _value(text: str, plain: str, folded: str, slot: Slot, lang: str, asked: bool) -> str | None:
    if asked and slot.pii and slot.free_text and plain.strip() != text.strip() and not _WORD.search(plain):
        return text.strip()  # an address with a name and a phone number: all of it belongs together
    several = len(slot.choices) > 1
    if slot.on_file and not _names_own(text, slot) and means_on_file(plain, slot.on_file, asked):
        return ON_FILE
    value = _placeholder(text, slot) or _choice(plain, folded, slot.choice_phrases, lang, several)
    value = value or _choice_by_pattern(plain, slot, several) or _pattern(text if slot.free_text else plain, slot)
    value = value or (find_name(text, slot.called, asked) if slot.called else None)
    value = value or (_choice(plain, folded, slot.asked_choice_phrases, lang, several) if asked else None)
    if slot.number:
        return _number(value or "") or (_number(plain) if asked else None)
    return value or (free_value(text, slot) if asked and slot.free_text else None)


def means_on_file(plain: str, rule: OnFile, asked: bool) -> bool:
    """Whether a text without placeholders means what the shop knows already."""
    for idiom in rule.not_words:
        plain = str(_compiled(idiom).sub("\n", plain))
    return any(_compiled(word).search(plain) for word in (*rule.words, *(rule.asked if asked else ())))


def _names_own(text: str, slot: Slot) -> bool:
    """Whether a text tells a value of a slot's own kind: an e-mail address, a person."""
    kind = slot.pii or ("NAME" if slot.called else "")
    return any(match[1] == kind for match in PLACEHOLDER.finditer(text))


def is_unchanged(text: str) -> bool:
    """Whether a short text says of something that it stays as it is, and no more: 电话不变, the address stays."""
    return len(text) <= _SHORT and _UNCHANGED.fullmatch(text) is not None


def free_value(text: str, slot: Slot) -> str | None:
    """The message as the value of a slot of free text; None when it cannot be one (``plausible``)."""
    value = _python_regex(slot.trim).sub("", text.strip()).strip() if slot.trim else text.strip()
    if not value or (slot.plausible and not _python_regex(slot.plausible).search(value)):
        return None
    return value


def _placeholder(text: str, slot: Slot) -> str | None:
    """The last one of its type: what comes later corrects what came before."""
    matches = [m[0] for m in PLACEHOLDER.finditer(text) if m[1] == slot.pii]
    return matches[-1] if matches else None


def _choice(text: str, folded: str, phrases: Iterable[ChoicePhrase], lang: str, deniable: bool) -> str | None:
    """The longest phrase that occurs, so 'not as described' wins over 'described'."""
    near = [phrase for phrase in phrases if phrase.folded in folded]  # few: the others need no regex
    near.sort(key=lambda phrase: phrase.lang != lang)
    return next((phrase.value for phrase in near if _counts(phrase.words, text, deniable)), None)


def without_phrases(text: str, slot: Slot) -> str:
    """The text with a blank for each phrase of the slot's choices: what is left says something else."""
    folded = text.casefold()
    phrases = {p.words for p in (*slot.choice_phrases, *slot.asked_choice_phrases) if p.folded in folded}
    for phrase in sorted(phrases, key=len, reverse=True):
        if _occurs(phrase, text):
            text = re.sub(re.escape(phrase), " ", text, flags=re.IGNORECASE)
    return text


@cache
def _compiled(pattern: str) -> re2._Regexp:
    return re2.compile(pattern, re2_options())


@cache  # of ``re`` itself the pack's many patterns drive each other out
def _python_regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _choice_by_pattern(text: str, slot: Slot, deniable: bool) -> str | None:
    return next(
        (
            value
            for value, patterns in slot.choice_patterns.items()
            if any(
                not (deniable and _is_denied(text, match.start(), match.end()))
                for pattern in patterns
                for match in _compiled(pattern).finditer(text)
            )
        ),
        None,
    )


def _occurrences(phrase: str, text: str) -> Iterator[int]:
    """Where a phrase begins."""
    return (match.start() for match in _spelled(phrase).finditer(text))


@cache
def _spelled(phrase: str) -> re.Pattern[str]:
    """A phrase of the pack: whole words in alphabets that have spaces, anywhere in a text in Chinese."""
    word = re.escape(phrase) if CJK.search(phrase) else rf"(?<![^\W_]){re.escape(phrase)}(?![^\W_])"
    return re.compile(word, re.IGNORECASE | re.ASCII)


def _occurs(phrase: str, text: str) -> bool:
    return next(_occurrences(phrase, text), None) is not None


def _counts(phrase: str, text: str, deniable: bool) -> bool:
    """Whether a phrase stands in a text, where nothing right before it denies it if it is ``deniable``."""
    return any(
        not (deniable and (_is_denied(text, start, start + len(phrase)) or _ASKS.match(text, max(0, start - 1))))
        for start in _occurrences(phrase, text)
    )


def _is_denied(text: str, start: int, end: int) -> bool:
    """Whether what stands in a text from ``start`` to ``end`` is denied before it, or said to stay after it."""
    if _STAYS.match(text, end):
        return True
    denial = _DENIES.search(text[max(0, start - _DENIAL_WINDOW) : start])
    if denial is None:
        return False
    return not (denial[0].lower().strip() == "no" and _ANSWERED_NO.match(text, start))  # no, just the one


def _pattern(text: str, slot: Slot) -> str | None:
    match = _python_regex(slot.pattern).search(text) if slot.pattern else None
    if match is None:
        return None
    return match[match.lastindex or 0]


def _number(text: str) -> str | None:
    """The only number of the text, in digits; None when there is none, or there are several."""
    numbers = [read_number(match[0]) for match in re.finditer(NUMBER, unicodedata.normalize("NFKC", text))]
    return str(numbers[0]) if len(numbers) == 1 and numbers[0] is not None else None
