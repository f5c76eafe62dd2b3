"""One LoRA run on rows of acts, with the product's own trainer; a killed run goes on from its last checkpoint.

    python -m benchmarks.real_model.teach --model FOLDER --out FOLDER [--rows 512] [--steps 64]

The shortest rows are taken: on a CPU a step costs by its tokens. Prints tokens, CPU seconds and losses.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Mapping
from pathlib import Path

from data.sets.acts import acts_examples
from kefu.llm.base_models import BaseModel, model_facts
from kefu.llm.chat import ChatRenderer
from kefu.paths import ROOT
from kefu.registry.seal import BaseModelRef
from kefu.schema import Example
from kefu.shop.pack import Pack, load_pack
from pipelines.params import load_params
from training.checkpoints import Checkpoints
from training.params.finetune import Finetune
from training.sft import finetune


def open_folder(folder: Path) -> BaseModel:
    """A checkpoint that no stage of Kefu made."""
    ref = BaseModelRef(name=folder.name, revision=None, content_hash="")
    return BaseModel(folder, model_facts(str(folder), folder), ref)


def lora_params(arguments: argparse.Namespace) -> Finetune:
    """float32 and no NF4, which a CPU only pays for (docs/measurements/train.md)."""
    changed = {
        "quantize": False,
        "dtype": "float32",
        "rank": 16,
        "alpha": 32,
        "dropout": 0.0,
        "learning_rate": arguments.learning_rate,
        "epochs": 1,
        "max_steps": arguments.steps,
        "batch_size": arguments.batch_size,
        "gradient_accumulation": 1,
        "gradient_checkpointing": False,
        "max_length": arguments.max_tokens,
        "from_champion": False,
        "save_steps": 10,
        "patience": 0,
        "seed": 7,
    }
    return Finetune.model_validate(load_params().finetune.model_dump() | changed)


def short_rows(pack: Pack, renderer: ChatRenderer, count: int, max_tokens: int) -> list[Example]:
    """The first rows of at most ``max_tokens``: one of each first act, then a second of each, and so on."""
    every = acts_examples(pack, 1 << 20, seed=7)
    return [e for e in every if len(renderer.render(e.messages).ids) <= max_tokens][:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a Hugging Face folder")
    parser.add_argument("--out", type=Path, required=True, help="gets `adapter` and `checkpoints`")
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--steps", type=int, default=-1, help="-1: each row once")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--max-tokens", type=int, default=48, help="of a row; longer ones are left out")
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    base = open_folder(asked.model)
    renderer = ChatRenderer.from_folder(base.folder, base.facts.empty_think)
    examples = short_rows(load_pack(ROOT / "shop"), renderer, asked.rows, asked.max_tokens)
    rendered = [renderer.render(example.messages) for example in examples]
    tokens, learned = sum(len(r.ids) for r in rendered), sum(len(r.learned) for r in rendered)
    print(f"{len(examples)} rows, {tokens:,} tokens, {learned:,} of them learned", flush=True)
    started = time.process_time()
    checkpoints = Checkpoints(asked.out / "checkpoints")
    done = finetune(base, examples, lora_params(asked), None, asked.out / "adapter", checkpoints, _print_loss)
    cpu_s = time.process_time() - started
    print(f"{cpu_s:.0f} CPU seconds of this process, mean loss {done.metrics['train_loss']:.3f} of the last 20 steps")


def _print_loss(step: int, figures: Mapping[str, float]) -> None:
    told = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
    print(f"step {step}: {told}; {time.process_time():.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
