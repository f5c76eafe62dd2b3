"""One LoRA run on the pack's part of the product's mixture, with its own trainer; killed, it goes on from a checkpoint.

    python -m benchmarks.real_model.teach --model FOLDER --out FOLDER [--release store/release] [--rows 8000]
        [--profile local]

Acts and answers stand to each other as the profile's ``build.acts_share`` to ``build.pack_answers_share``; customers'
conversations, which ``build`` adds, are left out. Acts of what opens a conversation are taught, as
``benchmarks.real_model`` measures them, as often as the pack has them. With a release, up to half of these rows are
those that its fast reader is unsure of: the cascade asks a model about no others. Longer rows of acts are left out,
since on a CPU a step costs by its tokens. Answers are from the knowledge shown, a fifth of them refusals, which
``benchmarks.real_model.grounded`` measures. Prints tokens, CPU seconds, losses.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.real_model.fast_reader import is_sure, open_assistant, read_openings
from data.sets.from_pack.acts import acts_examples
from data.sets.from_pack.answers import pack_answers, rows_taught
from data.sets.params import Build
from data.sets.prompts import NearestKnowledge
from kefu.llm.base_models import BaseModel, model_facts
from kefu.llm.chat import ChatRenderer
from kefu.paths import ROOT
from kefu.registry.seal import BaseModelRef
from kefu.schema import Example
from kefu.shop.pack import Pack, load_pack
from kefu.split import fraction
from pipelines.params import load_params
from training.checkpoints import Checkpoints
from training.params.finetune import Finetune
from training.precision import native_bf16
from training.sft import finetune

SEED = 7  # of the rows
SURE = 0.9  # above it, the fast reader is nearly always right


def open_folder(folder: Path) -> BaseModel:
    """A checkpoint that no stage of Kefu made."""
    ref = BaseModelRef(name=folder.name, revision=None, content_hash="")
    return BaseModel(folder, model_facts(str(folder), folder), ref)


def lora_params(arguments: argparse.Namespace, max_length: int) -> Finetune:
    """Without NF4, which a CPU only pays for (docs/measurements/train.md); without bfloat16 where it is emulated."""
    changed = {
        "quantize": False,
        "dtype": "bfloat16" if native_bf16() else "float32",
        "rank": 16,
        "alpha": 32,
        "adapted_layers": arguments.adapted_layers,
        "dropout": 0.0,
        "learning_rate": arguments.learning_rate,
        "epochs": 1,
        "max_steps": arguments.steps,
        "batch_size": arguments.batch_size,
        "gradient_accumulation": 1,
        "gradient_checkpointing": False,
        "max_length": max_length,
        "from_champion": False,
        "save_steps": 20,
        "patience": 0,
        "seed": arguments.seed,
    }
    return Finetune.model_validate(load_params().finetune.model_dump() | changed)


def openings(pack: Pack, renderer: ChatRenderer, max_tokens: int) -> list[Example]:
    """Rows that follow nothing, of at most ``max_tokens``, in an order by hash."""
    rows = [
        row
        for row in acts_examples(pack, 1 << 20, SEED)
        if len(row.messages) == 3 and len(renderer.render(row.messages).ids) <= max_tokens
    ]
    return sorted(rows, key=lambda row: fraction(said(row), SEED))


def said(row: Example) -> str:
    """The customer's message."""
    return row.messages[-2].content


def doubtful_first(rows: Sequence[Example], release: Path, count: int) -> list[Example]:
    """``count`` rows, up to half of them such as the release's fast reader is unsure of."""
    with open_assistant(release) as assistant:
        read = read_openings(assistant, map(said, rows))
        sure = {row.id: is_sure(reading, SURE) for row, (_, reading) in zip(rows, read, strict=True)}
    doubtful = [row for row in rows if not sure[row.id]]
    print(f"the fast reader is unsure of {len(doubtful)} of {len(rows)} rows", flush=True)
    taken = doubtful[: count // 2]
    ids = {row.id for row in taken}
    return [*taken, *(row for row in rows if row.id not in ids)][:count]


def counts(rows: int, shares: Build) -> tuple[int, int]:
    """How many of ``rows`` teach acts, and how many answers from the knowledge shown."""
    acts = round(rows * shares.acts_share / (shares.acts_share + shares.pack_answers_share))
    return acts, rows - acts


def rows_of(asked: argparse.Namespace, pack: Pack, renderer: ChatRenderer) -> list[Example]:
    """The mixture that the command line asks for."""
    acts, answers = counts(asked.rows, load_params(profile=asked.profile).build)
    rows = openings(pack, renderer, asked.max_tokens)
    rows = doubtful_first(rows, asked.release, acts) if asked.release else rows[:acts]
    return [*rows, *pack_answers(pack, NearestKnowledge(pack), answers, SEED)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a Hugging Face folder")
    parser.add_argument("--out", type=Path, required=True, help="gets `adapter` and `checkpoints`")
    parser.add_argument("--release", type=Path, help="whose fast reader's doubts are taught first; default: no one's")
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--profile", default="local", help="whose shares of acts and answers are taken")
    parser.add_argument("--steps", type=int, default=-1, help="-1: each row once")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--max-tokens", type=int, default=40, help="of a row of acts; longer ones are left out")
    parser.add_argument("--adapted-layers", type=int, default=12, help="the upper ones; 0: all")
    parser.add_argument("--learning-rate", type=float, default=8e-4)
    parser.add_argument("--seed", type=int, default=SEED, help="of adapter and order; the rows stay")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    base = open_folder(asked.model)
    renderer = ChatRenderer.from_folder(base.folder, base.facts.empty_think)
    pack = load_pack(asked.release / "pack" if asked.release else ROOT / "shop")  # whose prompt is asked later
    examples = rows_of(asked, pack, renderer)
    rendered = [renderer.render(example.messages) for example in examples]
    tokens, learned = sum(len(r.ids) for r in rendered), sum(len(r.learned) for r in rendered)
    print(f"{rows_taught(examples)}: {tokens:,} tokens, {learned:,} of them learned", flush=True)
    started = time.process_time()
    checkpoints = Checkpoints(asked.out / "checkpoints")
    params = lora_params(asked, max(len(r.ids) for r in rendered))
    done = finetune(base, examples, params, None, asked.out / "adapter", checkpoints, _print_loss)
    cpu_s = time.process_time() - started
    print(f"{cpu_s:.0f} CPU seconds of this process, mean loss {done.metrics['train_loss']:.3f} of the last 20 steps")


def _print_loss(step: int, figures: Mapping[str, float]) -> None:
    told = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
    print(f"step {step}: {told}; {time.process_time():.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
