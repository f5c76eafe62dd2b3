"""Finds slot values in what a customer wrote, by the rules that the shop pack declares.

A rule, not a model: a flow acts on the value (it cancels *that* order), so it has to be explainable
and the same in training, labelling and serving. It reads redacted text: the value of a slot that is
personal data is its placeholder. It does not understand negation ("not the red one").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

import re2

from kefu.shop.flows import Slot
from kefu.shop.part import Lang
from kefu.text.numbers import NUMBER, read_number
from kefu.text.placeholders import PLACEHOLDER
from kefu.text.regexes import re2_options

_WORD = re.compile(r"[^\W_]")
CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


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
    found = {name: _value(text, slot, lang, name == asked) for name, slot in slots.items()}
    wanted = slots[asked].pii if asked is not None and asked in slots else None
    return {
        name: value
        for name, value in found.items()
        if value and (name == asked or wanted is None or slots[name].pii != wanted)
    }


def _value(text: str, slot: Slot, lang: str, asked: bool) -> str | None:
    plain = PLACEHOLDER.sub("\n", text)  # digits of a placeholder are nobody's order number
    if asked and slot.pii and slot.free_text and plain.strip() != text.strip() and not _WORD.search(plain):
        return text.strip()  # an address with a name and a phone number: all of it belongs together
    value = _placeholder(text, slot) or _choice(plain, slot.choices, lang)
    value = value or _choice_by_pattern(plain, slot) or _pattern(text if slot.free_text else plain, slot)
    value = value or (_choice(plain, slot.asked_choices, lang) if asked else None)
    if slot.number:
        return _number(value or "") or (_number(plain) if asked else None)
    return value or (free_value(text, slot) if asked and slot.free_text else None)


def free_value(text: str, slot: Slot) -> str | None:
    """The message as the value of a slot of free text; None when it cannot be one (``plausible``)."""
    value = re.sub(slot.trim, "", text.strip()).strip() if slot.trim else text.strip()
    if not value or (slot.plausible and not re.search(slot.plausible, value)):
        return None
    return value


def _placeholder(text: str, slot: Slot) -> str | None:
    """The last one of its type: what comes later corrects what came before."""
    matches = [m[0] for m in PLACEHOLDER.finditer(text) if m[1] == slot.pii]
    return matches[-1] if matches else None


def _choice(text: str, choices: Mapping[str, Mapping[Lang, tuple[str, ...]]], lang: str) -> str | None:
    """The longest phrase that occurs, so 'not as described' wins over 'described'."""
    folded = text.casefold()
    phrases = [
        (language_ != lang, -len(phrase), value, phrase)
        for value, by_language in choices.items()
        for language_, some in by_language.items()
        for phrase in some
        if phrase.casefold() in folded  # few: the others need no regex and no place in the order
    ]
    return next((value for *_, value, phrase in sorted(phrases) if _occurs(phrase, text)), None)


def without_phrases(text: str, slot: Slot) -> str:
    """The text with a blank for each phrase of the slot's choices: what is left says something else."""
    phrases = {p for some in (*slot.choices.values(), *slot.asked_choices.values()) for ps in some.values() for p in ps}
    folded = text.casefold()
    for phrase in sorted((p for p in phrases if p.casefold() in folded), key=len, reverse=True):
        if _occurs(phrase, text):
            text = re.sub(re.escape(phrase), " ", text, flags=re.IGNORECASE)
    return text


@cache
def _compiled(pattern: str) -> re2._Regexp:
    return re2.compile(pattern, re2_options())


def _choice_by_pattern(text: str, slot: Slot) -> str | None:
    return next(
        (
            value
            for value, patterns in slot.choice_patterns.items()
            if any(_compiled(pattern).search(text) for pattern in patterns)
        ),
        None,
    )


def _occurs(phrase: str, text: str) -> bool:
    """Whole words in alphabets that have spaces, anywhere in a text in Chinese."""
    if CJK.search(phrase):
        return True
    return re.search(rf"(?<![^\W_]){re.escape(phrase)}(?![^\W_])", text, re.IGNORECASE | re.ASCII) is not None


def _pattern(text: str, slot: Slot) -> str | None:
    match = re.search(slot.pattern, text) if slot.pattern else None
    if match is None:
        return None
    return match[1] if match.re.groups else match[0]


def _number(text: str) -> str | None:
    """The only number of the text, in digits; None when there is none, or there are several."""
    numbers = [read_number(match[0]) for match in re.finditer(NUMBER, unicodedata.normalize("NFKC", text))]
    return str(numbers[0]) if len(numbers) == 1 and numbers[0] is not None else None
