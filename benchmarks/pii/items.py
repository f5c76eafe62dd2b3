"""The labelled sets: hand-written frames, values drawn into them, and the habits of people who type.

The same seed gives the same set. ``development`` is what the detectors were mended with; ``heldout``
has frames and words of its own, written before. One author wrote both, and that flatters. ``independent``
was written by another, who had seen neither detectors nor frames: its values stand in the line
(``{PHONE:138 0000}``) and each line is used once, as written. A hash parts it in two: the misses of
``independent1`` may be looked at, ``independent2`` is only counted. ``fresh`` was written the same way after
the mending, by who had mended, and ``blind`` by who made names and addresses known without cues, before: mostly those.
``third`` is by somebody who knew neither, in the mix that a shop sees; nobody has looked at its misses.
Both have been looked at since.
"""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import yaml

from benchmarks.pii.values import value

HERE = Path(__file__).parent
HALVES = ("development", "heldout")
INDEPENDENT = ("independent", "independent1", "independent2")
PLAIN = (*INDEPENDENT, "fresh", "blind", "third")  # used as written
LANGUAGES = ("zh", "en")
UNCOUNTED = "?"
_SLOT = re.compile(r"\{([^{}]+)\}")
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
    """A text and its labels: (start, end, type) of each piece of personal data.

    ``either`` are pieces that may be found or left: what is already masked, or the last four digits.
    """

    text: str
    spans: tuple[tuple[int, int, str], ...]
    lang: str
    either: tuple[tuple[int, int], ...] = ()


@functools.cache
def frames(half: str, lang: str) -> tuple[str, ...]:
    """The frames of a set or of a part of it."""
    part = half[len("independent") :] if half in INDEPENDENT else ""
    lines = (HERE / "frames" / f"{half.removesuffix(part)}.{lang}.txt").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    chosen = [line for line in lines if not part or zlib.crc32(line.encode()) % 2 + 1 == int(part)]
    return tuple(line.replace("\\n", "\n") for line in chosen)


@functools.cache
def _words(half: str) -> dict[str, Any]:
    everything: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "words.yaml").read_text(encoding="utf-8"))
    return everything["heldout" if half in PLAIN else half]


def items(half: str, rounds: int, seed: int = 7) -> Iterator[Item]:
    """``rounds`` texts of every frame; one of each line of the independent set."""
    for lang in LANGUAGES:
        for number, frame in enumerate(frames(half, lang)):
            for turn in range(1 if half in PLAIN else rounds):
                draw = Random(f"{seed}:{half}:{lang}:{number}:{turn}")
                made = _filled if half in PLAIN else _typed
                yield made(_SLOT.split(frame), lang, _words(half), draw)


def _typed(pieces: list[str], lang: str, words: dict[str, Any], draw: Random) -> Item:
    """A text with the habits of people who type."""
    unpunctuated, small = draw.random() < 0.2, lang == "en" and draw.random() < 0.15
    before, after = _around(lang, draw)
    if unpunctuated:
        pieces[::2] = [_STOPS.sub(" ", piece) for piece in pieces[::2]]
    pieces[0] = before + pieces[0]
    pieces[-1] += after
    item = _filled(pieces, lang, words, draw)
    return replace(item, text=item.text.lower()) if small else item


def _filled(pieces: list[str], lang: str, words: dict[str, Any], draw: Random) -> Item:
    """A text of a frame's words (even pieces) and values (odd ones: ``kind`` or ``TYPE:value``)."""
    text, spans = "", []
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            text += piece
            continue
        given, _, said = piece.partition(":")
        kind: str | None = given
        if not said:
            said, kind = value(piece, lang, words, draw)
        if kind:
            spans.append((len(text), len(text) + len(said), kind))
        text += said
    labelled = tuple(span for span in spans if span[2] != UNCOUNTED)
    return Item(text, labelled, lang, tuple(span[:2] for span in spans if span[2] == UNCOUNTED))


def _around(lang: str, draw: Random) -> tuple[str, str]:
    """What is said before and after; mostly nothing, so that values stand at the edges too."""
    before, after = _AROUND[lang]
    return draw.choice(before) if draw.random() < 0.15 else "", draw.choice(after) if draw.random() < 0.2 else ""
