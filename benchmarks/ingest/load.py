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

import yaml

from benchmarks.ingest import formats
from benchmarks.ingest.personal import KINDS

TURNS = 12
PERSONAL = 0.1  # of the turns carry a piece of personal data
ENGLISH = 0.3  # of the dialogues
EXACT = 0.02  # of the dialogues are sent twice
NEAR = 0.10  # of the dialogues are near-copies of an earlier one
_RECENT = 5000  # originals that may be copied


@dataclass(frozen=True)
class PlantedDialogue:
    """One dialogue: its session, that of the original it copies (or its own), and its personal data."""

    session: str
    original: str
    values: tuple[str, ...]


class _Writer:
    """Fills frames of one language."""

    def __init__(self, language: str, rng: random.Random) -> None:
        words = yaml.safe_load((Path(__file__).parent / "words.yaml").read_text(encoding="utf8"))[language]
        lists = {name: [word.replace("_", " ") for word in text.split()] for name, text in words["lists"].items()}
        self._lists: dict[str, list[str]] = lists
        self._frames, self._kinds, self._rng = (words["customer"], words["agent"]), KINDS[language], rng

    def turns(self) -> tuple[list[str], list[str]]:
        """Texts of a dialogue, and the personal data in them."""
        rng, texts, values = self._rng, list[str](), list[str]()
        for index in range(TURNS):
            filling = {name: rng.choice(words) for name, words in self._lists.items()}
            text = rng.choice(self._frames[index % 2]).format_map(filling | {"n": rng.randint(2, 9999)})
            if rng.random() < PERSONAL:
                cue, make = rng.choice(self._kinds)
                values.append(make(rng))
                text += cue.format(values[-1])
            texts.append(text)
        return texts, values


def _edited(texts: list[str], values: list[str], rng: random.Random) -> list[str]:
    """A near-copy: one or two turns in which a character slipped in thrice; personal data stay as they are."""
    copy = list(texts)
    free = [i for i, text in enumerate(copy) if not any(value in text for value in values)]
    for at in rng.sample(free, min(len(free), rng.randint(1, 2))):
        place = rng.randrange(len(copy[at]))
        copy[at] = copy[at][:place] + copy[at][place] * 3 + copy[at][place + 1 :]
    return copy


def _line(session: str, texts: list[str], rng: random.Random) -> str:
    hour = rng.randint(0, 22)
    turns = [
        {"role": ("customer", "agent")[i % 2], "text": text, "time": f"2026-11-09T{hour:02}:{4 * i:02}:07+08:00"}
        for i, text in enumerate(texts)
    ]
    row = {"session": session, "customer": f"user{rng.randint(0, 10**7)}", "turns": turns}
    return json.dumps(row, ensure_ascii=False)


def dialogues(count: int, seed: int) -> Iterator[tuple[str, PlantedDialogue | None]]:
    """Lines of ``kefu_jsonl``, ``count`` in all, and what each plants; None for an exact duplicate."""
    rng = random.Random(seed)
    english, chinese = _Writer("en", rng), _Writer("zh", rng)
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
            texts, values = (english if rng.random() < ENGLISH else chinese).turns()
            recent.append((session, texts, values))
            if len(recent) > _RECENT:
                recent[rng.randrange(_RECENT)] = recent.pop()
        line = _line(session, texts, rng)
        yield line, PlantedDialogue(session, original, tuple(values))


def write(folder: Path, count: int, files: int, seed: int, channel: str = "kefu_jsonl") -> list[PlantedDialogue | None]:
    """Writes a day of ``count`` dialogues in ``files`` files; returns what was planted, in order."""
    folder.mkdir(parents=True)
    planted: list[PlantedDialogue | None] = []
    for number in range(files):
        share = count * (number + 1) // files - count * number // files
        with (folder / f"{number:02}.{formats.CHANNELS[channel]}").open("w", encoding="utf8", newline="") as file:
            formats.write(channel, _noted(dialogues(share, seed * 1000 + number), channel, planted), file)
    return planted


def _noted(
    made: Iterator[tuple[str, PlantedDialogue | None]], channel: str, planted: list[PlantedDialogue | None]
) -> Iterator[str]:
    for line, what in made:
        if what or channel == "kefu_jsonl":
            planted.append(what)
            yield line
