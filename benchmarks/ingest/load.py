"""Invents a day: 12 turns a dialogue, Chinese and English, personal data and copies at known rates.

Frames are filled at random, with enough in them that two dialogues are no copies by accident. All
numbers and names are invented; ID and bank cards carry right check digits, or they would be no test.
What was planted is returned, so that what ingest found can be counted against it. Real conversations
are more varied in their words, but no longer and no poorer in personal data.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ingest import words

TURNS = 12
PERSONAL = 0.1  # of the turns carry a piece of personal data
ENGLISH = 0.3  # of the dialogues
EXACT = 0.02  # of the dialogues are sent twice
NEAR = 0.10  # of the dialogues are near-copies of an earlier one
_RECENT = 5000  # originals that may be copied


@dataclass(frozen=True)
class Planted:
    """One dialogue: its session, that of the original it copies (or its own), and its personal data."""

    session: str
    original: str
    values: tuple[str, ...]


def _fill(frame: str, rng: random.Random, english: bool) -> str:
    lists = words.ENGLISH if english else words.CHINESE
    return frame.format_map({name: rng.choice(values) for name, values in lists.items()} | {"n": rng.randint(2, 9999)})


def _turns(rng: random.Random, english: bool) -> tuple[list[str], list[str]]:
    frames = words.ENGLISH_FRAMES if english else words.CHINESE_FRAMES
    kinds = words.ENGLISH_KINDS if english else words.CHINESE_KINDS
    texts, values = [], []
    for index in range(TURNS):
        text = _fill(rng.choice(frames[index % 2]), rng, english)
        if rng.random() < PERSONAL:
            cue, make = rng.choice(kinds)
            values.append(make(rng))
            text += cue.format(values[-1])
        texts.append(text)
    return texts, values


def _edited(texts: list[str], values: list[str], rng: random.Random) -> list[str]:
    """A near-copy: two characters of one turn doubled; personal data stay as they are."""
    copy = list(texts)
    at = rng.choice([i for i, text in enumerate(copy) if not any(value in text for value in values)] or [0])
    copy[at] = copy[at][:-1] + copy[at][-1] * 3
    return copy


def _line(session: str, texts: list[str], rng: random.Random) -> str:
    hour = rng.randint(0, 22)
    turns = [
        {"role": ("customer", "agent")[i % 2], "text": text, "time": f"2026-11-09T{hour:02}:{4 * i:02}:07+08:00"}
        for i, text in enumerate(texts)
    ]
    row = {"session": session, "customer": f"user{rng.randint(0, 10**7)}", "turns": turns}
    return json.dumps(row, ensure_ascii=False)


def dialogues(count: int, seed: int) -> Iterator[tuple[str, Planted | None]]:
    """Lines of ``kefu_jsonl``, ``count`` in all, and what each plants; None for an exact duplicate."""
    rng = random.Random(seed)
    recent: list[tuple[str, list[str], list[str]]] = []
    line = ""
    for number in range(count):
        session, choice = f"s{seed}-{number}", rng.random()
        if choice < EXACT and line:
            yield line, None
            continue
        if choice < EXACT + NEAR and recent:
            original, texts, values = rng.choice(recent)
            texts = _edited(texts, values, rng)
        else:
            original = session
            texts, values = _turns(rng, rng.random() < ENGLISH)
            recent.append((session, texts, values))
            if len(recent) > _RECENT:
                recent[rng.randrange(_RECENT)] = recent.pop()
        line = _line(session, texts, rng)
        yield line, Planted(session, original, tuple(values))


def write(folder: Path, count: int, files: int, seed: int) -> list[Planted | None]:
    """Writes a day of ``count`` dialogues in ``files`` files; returns what was planted, in order."""
    folder.mkdir(parents=True)
    planted: list[Planted | None] = []
    for number in range(files):
        share = count * (number + 1) // files - count * number // files
        with (folder / f"{number:02}.jsonl").open("w", encoding="utf8") as file:
            for line, what in dialogues(share, seed * 1000 + number):
                file.write(line + "\n")
                planted.append(what)
    return planted
