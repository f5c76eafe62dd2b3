"""Answers to judge: the pack's own, the hand-written ones, their flips; each with the sources a model would see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from benchmarks.claims.flips import drawn, flips, held_out
from kefu.paths import ROOT
from kefu.shop.pack import Pack, load_pack

LIE = "hand-written lie"
OTHER_LIE = "another writer's lie"
WORDINGS = {  # file → kinds of its true and of its untrue answers
    "wordings": ("true: hand-written", LIE),
    "wordings_later": ("true: hand-written later", LIE),
    "wordings_model_style": ("true: in a model's style", LIE),
    "wordings_other_writer": ("true: another writer's", OTHER_LIE),
}
NEIGHBOURS = 2  # entries of the same intent that stand beside the right one, as retrieval brings them


class Case(NamedTuple):
    """One answer; ``false`` tells whether it has a fact that the sources do not support."""

    kind: str
    lang: str
    text: str
    sources: tuple[str, ...]
    false: bool
    held_out: bool


class Entry(NamedTuple):
    id: str
    lang: str
    answer: str
    sources: tuple[str, ...]


def entries(pack: Pack) -> Iterator[Entry]:
    """Answers, policy paragraphs and promotions of the pack with their sources."""
    faq = yaml.safe_load((ROOT / "shop/knowledge/faq.yaml").read_text("utf-8"))
    for lang in ("zh", "en"):
        texts = [f"{e['question'][lang]}\n{e['answer'][lang]}" for e in faq]
        for at, entry in enumerate(faq):
            others = [n for n, e in enumerate(faq) if e["intent"] == entry["intent"] and n != at]
            near = sorted(others, key=lambda n: (abs(n - at), n))[:NEIGHBOURS]
            yield Entry(entry["id"], lang, entry["answer"][lang], (texts[at], *(texts[n] for n in near)))
        promotions = [(p.id, p.title.in_(lang), p.detail.in_(lang)) for p in pack.promotions]
        for at, (name, title, detail) in enumerate(promotions):
            near_texts = [f"{t}\n{d}" for n, (_, t, d) in enumerate(promotions) if n != at][:NEIGHBOURS]
            yield Entry(name, lang, detail, (f"{title}\n{detail}", *near_texts))
        for path in sorted((ROOT / "shop/knowledge/policies").glob("*.md")):
            sections = path.read_text("utf-8").split("\n## ")[1:]
            blocks = []
            for section in sections:
                title, zh, en = section.strip().split("\n")[:3]
                blocks.append((title, zh if lang == "zh" else en))
            for at, (title, text) in enumerate(blocks):
                near_texts = [f"{t}\n{d}" for n, (t, d) in enumerate(blocks) if n != at][:NEIGHBOURS]
                yield Entry(f"{path.stem}:{at}", lang, text, (f"{title}\n{text}", *near_texts))


def cases() -> Iterator[Case]:
    """All cases. An entry belongs to one half with everything made of it; a listed wording to its own half."""
    pack = load_pack(ROOT / "shop")
    wordings = [
        (kinds, yaml.safe_load((Path(__file__).parent / f"{name}.yaml").read_text("utf-8")))
        for name, kinds in WORDINGS.items()
    ]
    for entry in entries(pack):
        half = held_out(entry.id)
        yield Case("true: as the pack says it", entry.lang, entry.answer, entry.sources, False, half)
        for flip in flips(entry.answer, entry.lang, list(entry.sources)):
            if flip.wording and held_out(flip.wording) != half:
                continue  # wordings of one half are never seen with entries of the other
            if flip.kind in ("promise", "order state") and not drawn(entry.id + flip.wording):
                continue  # else they would outnumber all the rest
            yield Case(flip.kind, entry.lang, flip.text, entry.sources, True, half)
        for kinds, texts in wordings:
            for side, kind in zip(("right", "wrong"), kinds, strict=True):
                if text := texts.get(entry.id, {}).get(side, {}).get(entry.lang):
                    yield Case(kind, entry.lang, text, entry.sources, side == "wrong", half)
