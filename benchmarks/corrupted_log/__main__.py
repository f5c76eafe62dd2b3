"""What half a corrupted log costs, with and without ``build.grounded``.

    python -m benchmarks.corrupted_log [--steps 300] [--seed 7]

A log is made of the pack's Chinese FAQ with a number in it: each entry is asked in several wordings and answered. Half
of the answers are corrupted: most tell another shop's fact (always the same one of an entry), the others answer another
question (a wrong label). The product's own check decides what is taught. A micro model of two layers learns the facts
by heart, without a prompt, from the clean log, from all of the corrupted one, and from what the check leaves. Score: in
how many wordings that were not in the log the right answer is likelier than the corrupted one.

Not covered: tool calls and renamed tools, of which the SFT set has none.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import torch
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer
from transformers import Qwen3ForCausalLM

from benchmarks.claims.flips import flips
from data.sets.exchanges import exchanges
from data.sets.prompts import Prompts
from kefu.llm.chat import ChatRenderer
from kefu.llm.models import TinySize
from kefu.paths import ROOT
from kefu.schema import Dialogue, Message, Turn
from kefu.shop.pack import Pack, load_pack
from pipelines.params import load_params
from training import tokenizer as bpe
from training.pretrain import Schedule, new_model, pretrain

LEARNED, MEASURED = 8, 3  # wordings of an entry
WRONG_LABELS = 0.3  # of the corrupted answers
MICRO = TinySize(hidden=96, layers=2, heads=2, kv_heads=1, head_dim=48, intermediate=256)
VOCABULARY = 1500


class Fact(NamedTuple):
    """An entry of the FAQ: how it is asked, its answer, and the answer with another shop's number in it."""

    wordings: list[str]
    answer: str
    other_shop: str


class Row(NamedTuple):
    """An exchange of the log. kind: what was done to it."""

    question: str
    answer: str
    kind: str


class Case(NamedTuple):
    """A question to measure with."""

    question: str
    right: str
    wrong: str


def facts(pack: Pack) -> list[Fact]:
    """Entries with enough wordings and a number that can be changed."""
    found = []
    for faq in pack.faq:
        wordings = list(dict.fromkeys([faq.question.zh, *faq.variants.get("zh", ())]))
        answer = faq.answer.zh
        changed = [f.text for f in flips(answer, "zh", [f"{faq.question.zh}\n{answer}"]) if f.kind.endswith(", new")]
        if len(wordings) >= LEARNED + MEASURED and changed:
            found.append(Fact(wordings[: LEARNED + MEASURED], answer, changed[0]))
    return found


def make_log(known: Sequence[Fact], seed: int) -> list[Row]:
    """Every fact in ``LEARNED`` wordings, half of the answers corrupted."""
    rng = random.Random(seed)
    rows = []
    for number, fact in enumerate(known):
        other = known[(number + 1) % len(known)].answer
        corrupted = set(rng.sample(range(LEARNED), LEARNED // 2))
        for place, question in enumerate(fact.wordings[:LEARNED]):
            if place not in corrupted:
                rows.append(Row(question, fact.answer, "true"))
            elif rng.random() < WRONG_LABELS:
                rows.append(Row(question, other, "wrong label"))
            else:
                rows.append(Row(question, fact.other_shop, "other shop"))
    return rows


def is_taught(row: Row, prompts: Prompts) -> bool:
    """What ``build.grounded`` decides of a row."""
    turns = (Turn(role="customer", text=row.question, time=None), Turn(role="agent", text=row.answer, time=None))
    dialogue = Dialogue(id="log:2026-01-01:1", source="log", channel="x", day="2026-01-01", customer="c_1", turns=turns)
    (exchange,) = exchanges(dialogue)
    return not prompts.unsupported(exchange)


def cases(known: Sequence[Fact]) -> list[Case]:
    """Unseen wordings, against the other shop's fact and against the answer to another question."""
    made = []
    for number, fact in enumerate(known):
        wrong = (fact.other_shop, known[(number + 1) % len(known)].answer)
        made += [Case(question, fact.answer, text) for question in fact.wordings[LEARNED:] for text in wrong]
    return made


def train(rows: Sequence[Row], tokenizer: Tokenizer, steps: int, seed: int) -> Qwen3ForCausalLM:
    """A micro model that learned the rows from nothing; equal steps whatever their number."""
    renderer = ChatRenderer(tokenizer, empty_think=False)
    ids = [renderer.render(_chat(row.question, row.answer)).ids for row in rows]
    vocabulary = tokenizer.get_vocab()
    torch.manual_seed(seed)
    model = new_model(MICRO, len(vocabulary), end_id=vocabulary["<|im_end|>"], pad_id=vocabulary["<|endoftext|>"])
    schedule = Schedule(steps=steps, batch_size=8, sequence_length=160, learning_rate=5e-3, seed=seed)
    return pretrain(model, ids, schedule, "micro").model


def score(model: Qwen3ForCausalLM, tokenizer: Tokenizer, measured: Sequence[Case]) -> float:
    """Share of the cases in which the right answer is likelier, in percent."""
    renderer = ChatRenderer(tokenizer, empty_think=False)
    hits = sum(
        _log_likelihood(model, renderer, case.question, case.right)
        > _log_likelihood(model, renderer, case.question, case.wrong)
        for case in measured
    )
    return 100 * hits / len(measured)


@torch.no_grad()
def _log_likelihood(model: Qwen3ForCausalLM, renderer: ChatRenderer, question: str, answer: str) -> float:
    """Nats a token of the answer, so that a long answer is not less likely for its length."""
    rendered = renderer.render(_chat(question, answer))
    ids = torch.tensor([rendered.ids])
    labels = torch.tensor([[i if m else -100 for i, m in zip(rendered.ids, rendered.mask, strict=True)]])
    return -float(model(input_ids=ids, labels=labels).loss)


def _chat(question: str, answer: str) -> list[Message]:
    return [Message(role="user", content=question), Message(role="assistant", content=answer)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=300, help="optimizer steps of each model")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    pack = load_pack(ROOT / "shop")
    known = facts(pack)
    log = make_log(known, args.seed)
    started = time.process_time()
    prompts = Prompts(pack, {}, load_params().build)
    kept = [row for row in log if is_taught(row, prompts)]
    judged = time.process_time() - started
    console = Console(soft_wrap=True)
    made, left = Counter(row.kind for row in log), Counter(row.kind for row in kept)
    shown = Table("rows", "in the log", "taught with the check", title=f"{len(known)} facts, {judged:.1f} CPU s")
    for kind in made:
        shown.add_row(kind, str(made[kind]), f"{left[kind]} ({left[kind] / made[kind]:.0%})")
    console.print(shown)
    clean = [Row(question, fact.answer, "true") for fact in known for question in fact.wordings[:LEARNED]]
    tokenizer = bpe.train((text for row in (*clean, *log) for text in row[:2]), VOCABULARY)
    measured = cases(known)
    result = Table("taught", "rows", "right answer likelier, %", "points lost", "CPU s")
    points: dict[str, float] = {}
    for name, rows in {"clean log": clean, "all": log, "with the check": kept}.items():
        started = time.process_time()
        points[name] = score(train(rows, tokenizer, args.steps, args.seed), tokenizer, measured)
        lost = points["clean log"] - points[name]
        result.add_row(
            name, str(len(rows)), f"{points[name]:.1f}", f"{lost:.1f}", f"{time.process_time() - started:.0f}"
        )
    console.print(result)


if __name__ == "__main__":
    main()
