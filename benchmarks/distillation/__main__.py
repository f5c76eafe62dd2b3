"""A student that learns from its teacher, beside one that learns the same questions from people alone.

    python -m benchmarks.distillation [--facts 40] [--teacher-steps 400] [--steps 200] [--seeds 7 8 9]

Facts of the pack's FAQ are answered by heart, each in eight wordings; three more measure. The teacher, a micro model of
four layers, learned them. The students, of two layers, begin as one base that knows the words and not the answers, and
take equal steps over the same questions with equal batches and rates:

- distilled: the teacher's answers and as many of people, with the teacher's logits, as by default;
- plain: people's answers twice, cross-entropy alone (supervised fine-tuning);

once for each seed of the order of rows. Teacher and base are made once. Printed: held-out loss, token F1 of the greedy
answers with people's and its share of the teacher's, KL from the teacher and agreement with it.
Results: docs/measurements/models.md.
"""

from __future__ import annotations

import argparse
import logging
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table
from transformers import AutoModelForCausalLM

from benchmarks.forgetting.__main__ import LEARNED, VOCABULARY, Fact, facts, make_base, pretrained
from distill import student as students
from distill import teacher as teachers
from distill.answers import ask
from distill.loss import columns
from distill.methods.off_policy import OffPolicy
from distill.pairs import ModelPair, Row
from distill.params import Distill
from distill.teacher import Model
from kefu.llm.chat import ChatRenderer
from kefu.llm.models import TinySize
from kefu.llm.vocabulary import shared_ids
from kefu.metrics.text import token_f1
from kefu.paths import ROOT
from kefu.schema import Message
from kefu.shop.pack import load_pack
from pipelines.params import load_params
from training import tokenizer as bpe

TEACHER = TinySize(hidden=128, layers=4, heads=2, kv_heads=1, head_dim=64, intermediate=384)
Chat = tuple[Message, ...]


class Figures(NamedTuple):
    """Of a model on the measured wordings. loss: nats a token. kl, agreement: with the teacher."""

    loss: float
    f1: float
    kl: float
    agreement: float


def chats_of(known: Sequence[Fact], wordings: slice) -> list[Chat]:
    """Each fact in some of its wordings, rightly answered."""
    return [
        (Message(role="user", content=asked), Message(role="assistant", content=fact.answer))
        for fact in known
        for asked in fact.wordings[wordings]
    ]


def make_pair(known: Sequence[Fact], folder: Path, steps: int, seed: int) -> ModelPair:
    """The taught teacher and the students' base, of one vocabulary.

    Args:
        steps: of the teacher.
    """
    tokenizer = bpe.train((text for fact in known for text in (*fact.wordings, fact.answer)), VOCABULARY)
    renderer = ChatRenderer(tokenizer, empty_think=True)
    ids = [renderer.render(chat).ids for chat in chats_of(known, slice(LEARNED))]
    centre = pretrained(ids, tokenizer, folder / "centre", TEACHER, steps, seed)
    edge = make_base(known, folder / "edge", seed)
    teacher = AutoModelForCausalLM.from_pretrained(centre.folder).eval()
    return ModelPair(centre, edge, teacher, renderer, renderer, columns(shared_ids(centre, edge)))


def params_of(steps: int, rows: int, seed: int) -> Distill:
    """The ``tiny`` profile's, in float32, with so many steps over so many rows."""
    shipped = load_params(profile="tiny").distill
    epochs = (steps - 0.5) / math.ceil(rows / shipped.batch_size)  # the schedule rounds its steps up
    change = {"learning_rate": 3e-3, "seed": seed, "epochs": epochs, "save_steps": 0, "dtype": "float32"}
    return shipped.model_copy(update=change)


def distilled(pair: ModelPair, chats: Sequence[Chat], steps: int, seed: int) -> Model:
    """A student of the teacher's answers and logits, and of people's answers."""
    assert pair.teacher
    answered = ask(pair.teacher, pair.follow, [chat[:-1] for chat in chats], params_of(steps, 1, seed), None)
    return _learn(pair, [*answered.chats, *chats], partial(params_of, steps, seed=seed))


def plain(pair: ModelPair, chats: Sequence[Chat], steps: int, seed: int) -> Model:
    """A student of people's answers alone."""

    def params(rows: int) -> Distill:
        return params_of(steps, rows, seed).model_copy(update={"alpha": 0.0})

    return _learn(pair._replace(teacher=None), [*chats, *chats], params)


def _learn(pair: ModelPair, chats: Sequence[Chat], params: Callable[[int], Distill]) -> Model:
    """Args: params: for a number of rows."""
    rows = OffPolicy(pair, params(1)).rows(chats)
    own = params(len(rows))
    student = students.load_student(pair.edge, own)
    students.train(student, OffPolicy(pair, own), rows, own)
    return student


def measure(pair: ModelPair, model: Model, chats: Sequence[Chat], held_out: Sequence[Row]) -> Figures:
    params = params_of(1, 1, 0)
    found = OffPolicy(pair, params).measure(model, held_out)
    prompts = [pair.learn.prompt(chat[:-1]) for chat in chats]
    answers = teachers.answer(model, prompts, pair.learn.stop_ids, params.max_new_tokens, len(prompts))
    texts = [pair.learn.decode(ids) if ids else "" for ids in answers]
    f1 = float(np.mean([token_f1(text, chat[-1].content) for text, chat in zip(texts, chats, strict=True)]))
    return Figures(found["student_loss"], f1, found["student_kl"], found["student_agreement"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=40)
    parser.add_argument("--teacher-steps", type=int, default=400)
    parser.add_argument("--steps", type=int, default=200, help="of each student")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9])
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    known = facts(load_pack(ROOT / "shop"))[: args.facts]
    taught, measured = chats_of(known, slice(LEARNED)), chats_of(known, slice(LEARNED, None))
    with tempfile.TemporaryDirectory() as folder:
        pair = make_pair(known, Path(folder), args.teacher_steps, args.seeds[0])
        assert pair.teacher
        held_out = OffPolicy(pair, params_of(1, 1, 0)).rows(measured)
        base = students.load_student(pair.edge, params_of(1, 1, args.seeds[0]))
        found = {
            name: [measure(pair, model, measured, held_out)]
            for name, model in (("teacher", pair.teacher), ("students' base", base))
        }
        report(found, len(measured))
        for seed in args.seeds:
            for name, learn in {"distilled": distilled, "plain": plain}.items():
                student = learn(pair, taught, args.steps, seed)
                found.setdefault(name, []).append(measure(pair, student, measured, held_out))
            report(found, len(measured))


def report(found: dict[str, list[Figures]], count: int) -> None:
    """Prints the mean of the seeds so far and, in brackets, the least and the greatest."""
    title = f"{count} unseen wordings, {time.process_time():.0f} CPU s"
    shown = Table("model", "loss", "token F1", "of the teacher's", "KL", "agreement", title=title)
    best = found["teacher"][0].f1
    for name, runs in found.items():
        columns_of = [*zip(*runs, strict=True)]
        columns_of.insert(2, tuple(run.f1 / best for run in runs))
        shown.add_row(name, *(f"{np.mean(c):.3f} ({min(c):.3f} … {max(c):.3f})" for c in columns_of))
    Console(width=120).print(shown)


if __name__ == "__main__":
    main()
