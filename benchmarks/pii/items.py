"""The labelled set: hand-written frames, values drawn into them, and the habits of people who type.

The same seed gives the same set. ``development`` is what the detectors were mended with; ``heldout``
has frames and words of its own, written before. One author wrote both halves, and that flatters: real
customers write what no frame here says.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import yaml

from benchmarks.pii.values import value

HERE = Path(__file__).parent
HALVES = ("development", "heldout")
LANGUAGES = ("zh", "en")
_SLOT = re.compile(r"\{(\w+)\}")
_STOPS = re.compile("[，。！？、；：（）【】,.!?;:()#]+")
_AROUND = {
    "zh": (
        ["在吗\n", "你好，", "亲 ", "急急急 ", "麻烦一下，", "？？？\n"],
        ["，谢谢", " 谢谢", "\n快点", "。", "！！", " 哈", "～"],
    ),
    "en": (
        ["hi, ", "Hello,\n", "ok so ", "urgent!! ", "pls "],
        [", thanks", " thx", "\nplease hurry", ".", "!!", " ok?"],
    ),
}


@dataclass(frozen=True)
class Item:
    """A text and its labels: (start, end, type) of each piece of personal data."""

    text: str
    spans: tuple[tuple[int, int, str], ...]
    lang: str


@functools.cache
def frames(half: str, lang: str) -> tuple[str, ...]:
    """The frames of a half."""
    lines = (HERE / "frames" / f"{half}.{lang}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line.replace("\\n", "\n") for line in lines if line and not line.startswith("#"))


@functools.cache
def _words(half: str) -> dict[str, Any]:
    everything: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "words.yaml").read_text(encoding="utf-8"))
    return everything[half]


def items(half: str, rounds: int, seed: int = 7) -> Iterator[Item]:
    """``rounds`` texts of every frame."""
    for lang in LANGUAGES:
        for number, frame in enumerate(frames(half, lang)):
            for turn in range(rounds):
                yield _item(frame, lang, _words(half), Random(f"{seed}:{half}:{lang}:{number}:{turn}"))


def _item(frame: str, lang: str, words: dict[str, Any], draw: Random) -> Item:
    unpunctuated, small = draw.random() < 0.2, lang == "en" and draw.random() < 0.15
    before, after = _around(lang, draw)
    text, spans = before, []
    for index, piece in enumerate(_SLOT.split(frame)):
        if index % 2 == 0:  # words of the frame
            text += _STOPS.sub(" ", piece) if unpunctuated else piece
            continue
        said, kind = value(piece, lang, words, draw)
        if kind:
            spans.append((len(text), len(text) + len(said), kind))
        text += said
    whole = text + after
    return Item(whole.lower() if small else whole, tuple(spans), lang)


def _around(lang: str, draw: Random) -> tuple[str, str]:
    """What is said before and after; mostly nothing, so that values stand at the edges too."""
    before, after = _AROUND[lang]
    return draw.choice(before) if draw.random() < 0.15 else "", draw.choice(after) if draw.random() < 0.2 else ""
