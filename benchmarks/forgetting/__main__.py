"""Ten daily increments: what the last model still knows of the first days, with each kind of replay.

    python -m benchmarks.forgetting [--days 10] [--steps 120] [--seed 7]

Each day brings five questions of the pack's FAQ that no day before had, each in eight wordings. A micro base that knows
the words and not the answers is fine-tuned by the product's own ``finetune``, every day from yesterday's adapter:

- without replay, on the day's rows alone;
- with recorded replay, ``build.replay_share`` of the set from older days (``data/sets/selection.py``);
- with on-policy replay, the same older rows with the champion's own answers where they pass (``data/sets/replay.py``);
- with on-policy replay of many prompts: each pass over the set takes other older rows, at the same share;
- with the recorded answers of the same many prompts.

The base has four layers of width 192: what one of half of both learns of a day is at chance again at the end, whatever
is replayed, so that it cannot tell one replay from another.

A day's score is the share of unseen wordings for which the right answer is likelier, a token, than the other four of
that day. Backward transfer (Lopez-Paz & Ranzato 2017, arXiv:1706.08840) is the mean over all days but the last of the
final score minus the score on the evening of that day: below zero is forgotten.
"""

from __future__ import annotations

import argparse
import logging
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer

from data.sets.selection import newest_with_replay
from kefu.io import content_hash
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.llm.models import MODELS, ModelFacts, TinySize
from kefu.paths import ROOT
from kefu.registry.seal import BaseModelRef, seal
from kefu.schema import Example, Message
from kefu.shop.pack import Pack, load_pack
from kefu.split import fraction
from pipelines.finetune import replay_of
from pipelines.params import load_params
from serving.dialogue.claims.checker import ClaimChecker
from training import pretrain
from training import tokenizer as bpe
from training.adapter import load_apart
from training.params.finetune import Finetune
from training.sft import Replayed, finetune

A_DAY, LEARNED, MEASURED = 5, 8, 3  # new questions of a day, and wordings of each
MICRO = TinySize(hidden=96, layers=2, heads=2, kv_heads=1, head_dim=48, intermediate=256)
VOCABULARY, MICRO_STEPS = 1500, 150
BASE, BASE_STEPS = TinySize(hidden=192, layers=4, heads=4, kv_heads=2, head_dim=48, intermediate=512), 300
LEARNING_RATE = 4e-3
Hook = Callable[[list[Example], list[Example], Finetune], Replayed | None]  # a day's rows, and older ones left over


@dataclass(frozen=True)
class Fact:
    """An entry of the FAQ: how it is asked, and its answer."""

    wordings: list[str]
    answer: str


@dataclass
class Course:
    """One way to replay, day by day.

    scores: (day of the model, day of the questions) → share right. counts: what became of the champion's answers.
    """

    scores: dict[tuple[int, int], float] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def backward_transfer(self, days: int) -> float:
        moved = [self.scores[days - 1, day] - self.scores[day, day] for day in range(days - 1)]
        return sum(moved) / len(moved)


def facts(pack: Pack) -> list[Fact]:
    """Entries with enough wordings, and without a claim that needs a source: the micro model sees no knowledge."""
    found = []
    for faq in pack.faq:
        wordings = list(dict.fromkeys([faq.question.zh, *faq.variants.get("zh", ())]))
        bare = not list(ClaimChecker([], "").unsupported(faq.answer.zh))
        if bare and len(wordings) >= LEARNED + MEASURED:
            found.append(Fact(wordings[: LEARNED + MEASURED], faq.answer.zh))
    return found


def log_of(known: Sequence[Fact], days: int) -> list[Example]:
    """All days' rows, oldest first; the day stands in the dialogue's id."""
    return [
        Example(
            id=f"{day}-{number}-{place}",
            messages=_chat(question, fact.answer),
            split="train",
            dialogue_id=f"log:2026-01-{day + 1:02d}:{number}-{place}",
            customer=f"c_{day}_{number}_{place}",
            intent="x",
        )
        for day in range(days)
        for number, fact in enumerate(known[day * A_DAY : (day + 1) * A_DAY])
        for place, question in enumerate(fact.wordings[:LEARNED])
    ]


def todays_set(log: Sequence[Example], day: int, replay_share: float, seed: int) -> tuple[list[Example], list[Example]]:
    """The day's rows with older ones as ``build`` draws them, and the older ones without room, in order of draw."""
    known = [row for row in log if day_of(row) <= day]
    days, draws = [day_of(row) for row in known], [fraction(row.id, seed) for row in known]
    limit = round(A_DAY * LEARNED / (1 - replay_share))
    chosen = newest_with_replay(np.array(days, np.int32), np.array(draws), limit, replay_share)
    rest = sorted(set(range(len(known))) - set(chosen.tolist()), key=draws.__getitem__)
    rows = [known[place] for place in chosen if replay_share or days[place] == day]
    return rows, [known[place] for place in rest if days[place] < day]


def day_of(row: Example) -> int:
    return int(row.id.partition("-")[0])


def make_base(
    known: Sequence[Fact], folder: Path, seed: int, size: TinySize = MICRO, steps: int = MICRO_STEPS
) -> BaseModel:
    """A model that has read all questions and all answers, but never an answer under its own question."""
    tokenizer = bpe.train((text for fact in known for text in (*fact.wordings, fact.answer)), VOCABULARY)
    renderer = ChatRenderer(tokenizer, empty_think=True)
    rng, chats = random.Random(seed), []
    for number, fact in enumerate(known):
        others = [other.answer for place, other in enumerate(known) if place != number]
        chats += [renderer.render(_chat(question, rng.choice(others))).ids for question in fact.wordings[:LEARNED]]
    return pretrained(chats, tokenizer, folder, size, steps, seed)


def pretrained(
    chats: Sequence[list[int]], tokenizer: Tokenizer, folder: Path, size: TinySize, steps: int, seed: int
) -> BaseModel:
    """A model that learned the chats from nothing, written to ``folder``."""
    torch.manual_seed(seed)
    words = tokenizer.get_vocab()
    model = pretrain.new_model(size, len(words), end_id=words["<|im_end|>"], pad_id=words["<|endoftext|>"])
    schedule = pretrain.Schedule(steps, batch_size=8, sequence_length=128, learning_rate=5e-3, seed=seed)
    pretrain.save(pretrain.pretrain(model, chats, schedule, "micro").model, folder)
    bpe.save(tokenizer, folder)
    shape = ModelFacts("chatml", True, MODELS["tiny-qwen3"].lora_targets, size)
    return BaseModel(folder, shape, BaseModelRef(name="micro", revision=None, content_hash=content_hash(folder)))


def recorded(params: Finetune) -> Finetune:
    """The same, and the champion is asked nothing."""
    return params.model_copy(update={"replay": params.replay.model_copy(update={"share": 0.0})})


WAYS: dict[str, Hook] = {
    "none": lambda rows, rest, params: None,
    "recorded": lambda rows, rest, params: None,
    "on-policy": lambda rows, rest, params: replay_of(rows, params),
    "recorded, many prompts": lambda rows, rest, params: replay_of(rows, recorded(params), rest),
    "on-policy, many prompts": lambda rows, rest, params: replay_of(rows, params, rest),
}


def run(
    base: BaseModel, known: Sequence[Fact], days: int, share: float, hook: Hook, params: Finetune, work: Path
) -> Course:
    """Trains day after day; measures each day's questions in its evening, and all of them at the end."""
    log, course, champion = log_of(known, days), Course(), None
    started = time.process_time()
    for day in range(days):
        rows, rest = todays_set(log, day, share, params.seed)
        release = work / f"release-{day}"
        tuned = finetune(base, rows, params, champion, release / "adapter", replay=hook(rows, rest, params))
        seal(release, "micro", {"centre": base.ref, "edge": base.ref}, None)
        course.counts.update({k: int(v) for k, v in tuned.metrics.items() if k.startswith("replay.")})
        for asked in range(days) if day == days - 1 else [day]:
            course.scores[day, asked] = score(base, release / "adapter", known[asked * A_DAY : (asked + 1) * A_DAY])
        champion = release
    course.seconds = time.process_time() - started
    return course


@torch.no_grad()
def score(base: BaseModel, adapter: Path, asked: Sequence[Fact]) -> float:
    """Share of the unseen wordings whose own answer is the likeliest of the day's, in percent."""
    model = load_apart(base, adapter).eval()
    renderer = ChatRenderer.from_folder(base.folder, empty_think=True)
    right = [
        max(range(len(asked)), key=lambda place: _likelihood(model, renderer, question, asked[place].answer)) == number
        for number, fact in enumerate(asked)
        for question in fact.wordings[LEARNED:]
    ]
    return 100 * sum(right) / len(right)


def _likelihood(model: torch.nn.Module, renderer: ChatRenderer, question: str, answer: str) -> float:
    """Nats a token of the answer."""
    rendered = renderer.render(_chat(question, answer))
    labels = [i if m else -100 for i, m in zip(rendered.ids, rendered.mask, strict=True)]
    return -float(model(input_ids=torch.tensor([rendered.ids]), labels=torch.tensor([labels])).loss)


def _chat(question: str, answer: str) -> tuple[Message, ...]:
    return Message(role="user", content=question), Message(role="assistant", content=answer)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--steps", type=int, default=120, help="optimizer steps of each day")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    shipped = load_params(profile="tiny")
    known = facts(load_pack(ROOT / "shop"))[: args.days * A_DAY]
    own = shipped.finetune.replay.model_copy(update={"share": 1.0})
    change = {"quantize": False, "max_steps": args.steps, "seed": args.seed, "learning_rate": LEARNING_RATE}
    params = shipped.finetune.model_copy(update={**change, "save_steps": 0, "replay": own})
    shown = Table("replay", "evening, %", "at the end, %", "backward transfer", "champion's answers", "CPU s")
    with tempfile.TemporaryDirectory() as folder:
        base = make_base(known, Path(folder, "base"), args.seed, BASE, BASE_STEPS)
        for name, hook in WAYS.items():
            share = 0.0 if name == "none" else shipped.build.replay_share
            course = run(base, known, args.days, share, hook, params, Path(folder, name))
            evening = np.mean([course.scores[day, day] for day in range(args.days)])
            end = np.mean([course.scores[args.days - 1, day] for day in range(args.days)])
            told = ", ".join(f"{what.removeprefix('replay.')} {n}" for what, n in sorted(course.counts.items()))
            moved = f"{course.backward_transfer(args.days):+.1f}"
            shown.add_row(name, f"{evening:.1f}", f"{end:.1f}", moved, told, f"{course.seconds:.0f}")
            Console(soft_wrap=True).print(f"{name}: {evening:.1f} → {end:.1f}, backward transfer {moved}")
    Console(soft_wrap=True).print(shown)


if __name__ == "__main__":
    main()
