"""How many useful tokens does fine-tuning learn a second, beside a plain script?

    python -m benchmarks.train [--model FOLDER] [--data store/sets/sft.jsonl] [--steps 8] [--runs 3]

A useful token is one of an answer that is learned, or its end; prompt and padding are not. Product, plain TRL script
and tuned TRL script (``trainers.py``) learn the same chats once each, in turns, every run in its own process. Medians;
CPU seconds are the process's with one thread, so a busy machine changes them little. The default model has Qwen3's
architecture (512 × 6, vocabulary 32,000, random weights). Figures: docs/measurements/train.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.train.models import write_model
from benchmarks.train.trainers import TRAINERS, Job, Run
from kefu.io import read_jsonl, write_json, write_jsonl
from kefu.llm.base_models import model_facts
from kefu.llm.chat import ChatRenderer
from kefu.llm.models import TinySize
from kefu.paths import SETS
from kefu.schema import Example
from pipelines.params import load_params
from training.learned_loss import IGNORED
from training.params.finetune import Finetune
from training.trainer.chats import rows

SHAPE = TinySize(hidden=512, layers=6, heads=8, kv_heads=4, head_dim=64, intermediate=1536)
VOCABULARY = 32_000


def params(arguments: argparse.Namespace) -> Finetune:
    """The profile `tiny`, with what the command line names."""
    named = {
        "quantize": not arguments.no_nf4,
        "rank": arguments.rank,
        "alpha": 2 * arguments.rank,
        "dropout": arguments.dropout,
        "learning_rate": 2e-4,
        "max_steps": -1,
        "batch_size": arguments.batch_size,
        "max_length": arguments.max_length,
        "from_champion": False,
        "save_steps": 0,
    }
    return load_params(profile="tiny").finetune.model_copy(update=named)


def chosen(examples: Sequence[Example], folder: Path, wanted: Finetune, steps: int) -> tuple[list[Example], int, int]:
    """Chats that fit whole, drawn at random; their learned tokens, and all their tokens."""
    renderer = ChatRenderer.from_folder(folder, model_facts(str(folder), folder).empty_think)
    fitting = [e for e in examples if len(renderer.render(e.messages).ids) <= wanted.max_length]
    drawn = random.Random(wanted.seed).sample(fitting, min(len(fitting), steps * wanted.batch_size))
    made = rows(drawn, renderer, wanted.max_length)
    learned = sum(label != IGNORED for row in made for label in row.labels)
    return drawn, learned, sum(len(row.input_ids) for row in made)


def measure(job: Job, threads: int, folder: Path) -> Run:
    write_json(folder / "job.json", asdict(job))
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE", "TQDM_DISABLE": "1"}
    command = [sys.executable, "-m", "benchmarks.train.trainers", str(folder / "job.json")]
    done = subprocess.run(command, env=environment, check=True, text=True, stdout=subprocess.PIPE)
    return Run(**json.loads(done.stdout.strip().splitlines()[-1]))


def table(runs: Sequence[Run], learned: int) -> Table:
    """Medians of each trainer, and the first trainer's rate over each."""
    shown = Table("trainer", "useful tokens a CPU second", "a second", "peak RSS", "kefu is faster by")
    cpu = {name: statistics.median(r.cpu_s for r in runs if r.trainer == name) for name in TRAINERS}
    for name in TRAINERS:
        own = [r for r in runs if r.trainer == name]
        wall, peak = (statistics.median(values) for values in ([r.wall_s for r in own], [r.peak_rss for r in own]))
        rates = (f"{learned / cpu[name]:.1f}", f"{learned / wall:.1f}", f"{peak / 1e9:.2f} GB")
        shown.add_row(name, *rates, f"{cpu[name] / cpu['kefu']:.2f} × in CPU seconds")
    return shown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a Hugging Face folder; default: random weights of a small shape")
    parser.add_argument("--data", type=Path, default=SETS / "sft.jsonl", help="chats, as the stage `build` writes them")
    parser.add_argument("--steps", type=int, default=8, help="batches that are learned")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--max-length", type=int, default=320, help="tokens; longer chats are not drawn")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--dropout", type=float, default=0.0, help="of all trainers")
    parser.add_argument("--no-nf4", action="store_true", help="no trainer quantizes the base")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    console = Console(width=120)
    if not arguments.data.is_file():
        Console(stderr=True).print(f"{arguments.data}: no such file: run `make demo` first, or name chats with --data")
        return 2
    examples, wanted = [e for e in read_jsonl(arguments.data, Example) if e.split == "train"], params(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        model = arguments.model or folder / "model"
        if arguments.model is None:
            write_model((m.content for example in examples for m in example.messages), SHAPE, VOCABULARY, model)
        drawn, learned, tokens = chosen(examples, model, wanted, arguments.steps)
        write_jsonl(folder / "chats.jsonl", drawn)
        jobs = [Job(name, str(model), str(folder / "chats.jsonl"), wanted.model_dump()) for name in TRAINERS]
        runs = []
        for job in jobs * arguments.runs:
            runs.append(measure(job, arguments.threads, folder))
            console.print(f"{job.trainer}: {runs[-1].cpu_s:.1f} CPU seconds, loss {runs[-1].losses[-1]:.3f} at the end")
    console.print(
        f"{len(drawn)} chats, {tokens:,} tokens, of them {learned:,} useful; {arguments.model or 'Qwen3 512 × 6'}"
    )
    console.print(table(runs, learned))
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("torch", "transformers", "trl", "peft", "bitsandbytes")
    )
    console.print(f"{platform.processor() or platform.machine()}, {arguments.threads} threads; {libraries}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
