"""A busy day made from JD's sessions: some intents are hot, and customers ask alike.

Each intent draws a heat from Zipf's law. A session stands for as many dropped near-duplicates as its
hottest intent says, and each of its annotated turns comes again in other sessions, with small changes of
the words (particles, a doubled or a lost character). Kept-out turns count by the heat of their intent:
that is the traffic-weighted accuracy. The draw is per seed; nothing of it is tuned to the queue.
"""

from __future__ import annotations

import random
from dataclasses import replace

from benchmarks.active_learning.data import Set
from kefu.schema import Dialogue, TurnKey

HOTTEST = 12.0  # extra copies of the hottest intent; the n-th hottest has 1/n of it
PARTICLES = ("啊", "呢", "吧", "哦", "?", "。", " ", "亲")


def busy(plain: Set, kept_out: set[str], seed: int) -> Set:
    """``plain`` with copies, more turns and traffic; sessions in ``kept_out`` stay as they are."""
    draw = random.Random(seed)
    names = sorted(set(plain.truth.values()))
    draw.shuffle(names)
    heat = {name: HOTTEST / rank for rank, name in enumerate(names, 1)}
    dialogues, truth, copies = dict(plain.dialogues), dict(plain.truth), dict[str, int]()
    for turn, intent in sorted(plain.truth.items()):
        dialogue = plain.dialogues[turn.dialogue_id]
        if dialogue.id in kept_out:
            continue
        copies[dialogue.id] = max(copies.get(dialogue.id, 0), round(heat[intent]))
        for number in range(_count(heat[intent] / 2, draw)):
            again = _again(dialogue, turn, number, draw)
            dialogues[again.id] = again
            truth[TurnKey(again.id, turn.index)] = intent
    traffic = {turn: 1 + heat[intent] for turn, intent in truth.items()}
    return replace(plain, name="JD, busy day", dialogues=dialogues, truth=truth, copies=copies, traffic=traffic)


def _count(mean: float, draw: random.Random) -> int:
    return int(mean) + (draw.random() < mean % 1)


def _again(dialogue: Dialogue, turn: TurnKey, number: int, draw: random.Random) -> Dialogue:
    """The dialogue with that turn in other words."""
    turns = list(dialogue.turns)
    turns[turn.index] = turns[turn.index].model_copy(update={"text": _changed(turns[turn.index].text, draw)})
    return dialogue.model_copy(update={"id": f"{dialogue.id}+{turn.index}.{number}", "turns": tuple(turns)})


def _changed(text: str, draw: random.Random) -> str:
    at = draw.randrange(len(text) + 1)
    doubled, lost = text[:at] + text[max(0, at - 1) :], text[:at] + text[at + 1 :]
    return draw.choice((doubled, lost if len(text) > 3 else text, text)) + draw.choice(("", *PARTICLES))
