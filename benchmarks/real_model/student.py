"""A real student of the same family, taught with its teacher's logits and without: equal rows, steps and rates.

    python -m benchmarks.real_model.student --model FOLDER --adapter FOLDER --out FOLDER [--release store/release]
        [--rows 320] [--seeds 7]

The teacher is the checkpoint with the adapter of ``benchmarks.real_model.teach``; the students are the checkpoint
untaught, with a LoRA on all layers. Each learns the same rows that answer from the knowledge shown, once: ``distilled``
with the teacher's likeliest tokens on them (``distill.teacher_answers: false``), ``plain`` with cross-entropy alone.
A student of the teacher's size saves nothing: this tells what the logits add. Each is written as a model folder, which
``benchmarks.real_model.grounded --model`` measures. Results: docs/measurements/real_model.md.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.real_model.teach import SEED, open_folder
from data.sets.from_pack.answers import pack_answers
from data.sets.prompts import NearestKnowledge
from distill import student as students
from distill.loss import columns
from distill.methods.off_policy import OffPolicy
from distill.pairs import ModelPair, Row
from distill.params import Distill
from distill.top_k import cache_top_k
from kefu.llm.chat import ChatRenderer
from kefu.llm.vocabulary import shared_ids
from kefu.paths import RELEASE
from kefu.shop.pack import load_pack
from pipelines.params import load_params
from training.adapter import load_apart
from training.precision import bound_kernel_caches, native_bf16

ALPHA = {"distilled": 0.5, "plain": 0.0}


def params_of(asked: argparse.Namespace, max_length: int) -> Distill:
    """The profile ``local``'s, as far as two cores allow."""
    change = {
        "rank": 8,
        "dtype": "bfloat16" if native_bf16() else "float32",
        "learning_rate": asked.learning_rate,
        "batch_size": asked.batch_size,
        "gradient_accumulation": 1,
        "gradient_checkpointing": False,
        "max_length": max_length,
        "epochs": 1,
        "save_steps": 0,
        "top_k": 64,
        "human_answers": True,
        "teacher_answers": False,
    }
    return load_params(profile="local").distill.model_copy(update=change)


def learn(pair: ModelPair, rows: Sequence[Row], params: Distill, out: Path) -> float:
    """Writes a student to ``out``; returns its mean loss over the last ten steps, in nats a learned token."""
    student = students.load_student(pair.edge, params)
    losses = students.train(student, OffPolicy(pair, params), rows, params)
    students.save(student, pair.edge, out)
    return sum(loss for _, loss in losses[-10:]) / len(losses[-10:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a Hugging Face folder")
    parser.add_argument("--adapter", type=Path, required=True, help="of the teacher")
    parser.add_argument("--out", type=Path, required=True, help="gets a model folder of each student")
    parser.add_argument("--release", type=Path, default=RELEASE, help="whose pack is taught")
    parser.add_argument("--rows", type=int, default=320)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[SEED])
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    bound_kernel_caches()
    base = open_folder(asked.model)
    renderer = ChatRenderer.from_folder(base.folder, base.facts.empty_think)
    pack = load_pack(asked.release / "pack")
    chats = [row.messages for row in pack_answers(pack, NearestKnowledge(pack), asked.rows, SEED)]
    params = params_of(asked, max(len(renderer.render(chat).ids) for chat in chats))
    teacher = load_apart(base, asked.adapter).eval()
    pair = ModelPair(base, base, teacher, renderer, renderer, columns(shared_ids(base, base)))
    cached = cache_top_k(pair, OffPolicy(pair, params).rows(chats), params, None)
    del teacher
    pair = pair._replace(teacher=None)
    rows = {"distilled": cached, "plain": [row._replace(top=None) for row in cached]}
    for seed in asked.seeds:
        for name, alpha in ALPHA.items():
            own = params.model_copy(update={"alpha": alpha, "top_k": params.top_k if alpha else 0, "seed": seed})
            started = time.process_time()
            loss = learn(pair, rows[name], own, asked.out / f"{name}-{seed}")
            print(f"{name}, seed {seed}: loss {loss:.3f}, {time.process_time() - started:.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
