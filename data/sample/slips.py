"""How people really type: input-method slips, missing punctuation, the other script or language."""

from __future__ import annotations

import random
import re

from data.sample.spec import Rates, Slip
from kefu.shop.part import Lang

_MARKS = re.compile(r"[，。！？、,.!?]")


def _swap(text: str, table: dict[str, str], rng: random.Random, most: int) -> str:
    """Replaces up to ``most`` of the table's words where they occur."""
    hits = [word for word in table if word in text]
    for word in rng.sample(hits, min(len(hits), most)):
        text = text.replace(word, table[word], 1)
    return text


def _letters(text: str, rng: random.Random) -> str:
    """Two neighbouring letters change places."""
    at = [i for i in range(len(text) - 1) if text[i].isalpha() and text[i + 1].isalpha() and text[i].isascii()]
    if not at:
        return text
    i = rng.choice(at)
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def slip(text: str, lang: Lang, slips: Slip, rates: Rates, rng: random.Random) -> str:
    """The text as this customer might have typed it."""
    if rng.random() < rates.typo:
        swapped = _swap(text, slips.typos[lang], rng, rng.choice((1, 1, 2)))
        text = _letters(text, rng) if swapped == text and lang == "en" else swapped
    if rng.random() < rates.mixed:
        text = _swap(text, slips.other_script[lang], rng, 9)
    if rng.random() < rates.sloppy:
        text = _MARKS.sub(" " if lang == "zh" else "", text).strip() + rng.choice(slips.endings[lang])
    return text
