"""Runs a little of each stage that loads a language model, and compares its peak of memory with the planner's.

    benchmarks/gpu_check.sh                                    # profile qwen3-8b on a GPU, at most 8 minutes
    benchmarks/gpu_check.sh --centre DIR --edge DIR            # of folders instead of the hub
    benchmarks/gpu_check.sh --dry                              # small models on a CPU, to see that it runs

Chats are as long as the profile allows, the worst case that is planned for. Each stage has its own process. On a GPU
the peak is what torch allocated; on a CPU it is what the process grew by, libraries not counted.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.train.models import write_model
from distill.memory import answering, learning
from distill.methods.off_policy import OffPolicy
from distill.pairs import ModelPair, rows_of
from distill.params import Distill
from distill.student import load_student, save, train
from distill.teacher import answer, load_teacher
from evaluation.memory import evaluate_memory
from kefu.io import read_json, write_json
from kefu.llm.base_models import BaseModel, hub_snapshot, model_facts
from kefu.llm.chat import ChatRenderer
from kefu.llm.models import TinySize
from kefu.llm.vocabulary import shared_ids
from kefu.paths import ROOT
from kefu.registry.seal import BaseModelRef
from kefu.schema import Example, Message
from kefu.shop.pack import load_pack
from pipelines.params import load_params
from serving.engines.transformers import TransformersEngine
from training.adapter import load_apart, merge
from training.memory import GB, Memory, finetune_memory, of_folder, this_device
from training.params.finetune import Finetune
from training.precision import supported_precision
from training.sft import finetune

DRY = TinySize(hidden=256, layers=6, heads=4, kv_heads=2, head_dim=64, intermediate=1024)
DRY_VOCABULARY = 8192


@dataclass(frozen=True)
class Check:
    """What to run. out: folder for what the stages write."""

    profile: str
    centre: str
    edge: str
    out: str
    dry: bool

    @property
    def steps(self) -> tuple[int, int, int, int]:
        """Steps of finetune, answers of the teacher, steps of distil, questions of evaluate."""
        return (3, 8, 2, 2) if self.dry else (30, 64, 20, 8)

    @property
    def finetune(self) -> Finetune:
        change: dict[str, Any] = {"max_steps": self.steps[0], "gradient_accumulation": 1, "from_champion": False}
        found = load_params(profile=self.profile).finetune
        return found.model_copy(update=change | {"dtype": supported_precision(found.dtype, "finetune")})

    @property
    def distill(self) -> Distill:
        found = load_params(profile=self.profile).distill
        change: dict[str, Any] = {"gradient_accumulation": 1, "epochs": 1}
        return found.model_copy(update=change | {"dtype": supported_precision(found.dtype, "distill")})

    def base(self, which: str) -> BaseModel:
        name = self.centre if which == "centre" else self.edge
        folder = Path(name) if Path(name).is_dir() else hub_snapshot(name, None)
        ref = BaseModelRef(name=name, revision=None, content_hash="unchecked")
        return BaseModel(folder, model_facts(name, folder), ref)

    @property
    def folder(self) -> Path:
        return Path(self.out)


@dataclass(frozen=True)
class Measured:
    """seconds: with loading. units: tokens that were learned from or written."""

    stage: str
    units: int
    seconds: float
    planned: float
    peak: float


class Watch:
    """The peak of memory since it was made, and the time."""

    def __init__(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        self._before, self._began = psutil.Process().memory_info().rss, time.monotonic()

    def ends(self, stage: str, units: int, planned: Memory) -> Measured:
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - self._before
        peak = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else grown
        return Measured(stage, units, time.monotonic() - self._began, planned.total, float(peak))


def long_chats(base: BaseModel, length: int, count: int) -> list[Example]:
    """Chats of at most ``length`` tokens and hardly less: the pack's entries are the knowledge of the prompt."""
    renderer = ChatRenderer.from_folder(base.folder, base.facts.empty_think)
    entries = load_pack(ROOT / load_params().pack).faq
    knowledge = "".join(entry.answer.in_("zh") for entry in entries) * (1 + length // 1000)
    made = []
    for number in range(count):
        entry = entries[number % len(entries)]
        said = (
            Message(role="user", content=f"{number}: {entry.question.in_('zh')}"),
            Message(role="assistant", content=entry.answer.in_("zh")),
        )
        left, right = 0, len(knowledge)
        while left < right:  # as much knowledge as fits
            middle = (left + right + 1) // 2
            system = Message(role="system", content=knowledge[:middle])
            if len(renderer.render((system, *said)).ids) <= length:
                left = middle
            else:
                right = middle - 1
        messages = (Message(role="system", content=knowledge[:left]), *said)
        split = "eval" if number == count - 1 else "train"
        who = {"id": str(number), "dialogue_id": str(number), "customer": f"c_{number}", "intent": "chitchat"}
        made.append(Example.model_validate({"messages": messages, "split": split, **who}))
    return made


def check_finetune(check: Check) -> Measured:
    base, params = check.base("centre"), check.finetune
    chats = long_chats(base, params.max_length, params.max_steps * params.batch_size + 1)
    planned = finetune_memory(of_folder(base.folder, base.facts.lora_targets), params, this_device())
    watch = Watch()
    finetune(base, chats, params, None, check.folder / "adapter")
    return watch.ends("finetune", params.max_steps * params.batch_size * params.max_length, planned)


def check_answers(check: Check) -> Measured:
    base, params = check.base("centre"), check.distill
    chats = long_chats(base, params.max_length - params.max_new_tokens, check.steps[1])
    renderer = ChatRenderer.from_folder(base.folder, base.facts.empty_think)
    prompts = [renderer.prompt(chat.messages[:-1]) for chat in chats]
    planned = answering(of_folder(base.folder, base.facts.lora_targets), params)
    watch = Watch()
    teacher = load_teacher(base, check.folder / "adapter", params)
    written = answer(teacher, prompts, renderer.stop_ids, params.max_new_tokens, params.answer_batch_size)
    units = sum(params.max_new_tokens if ids is None else len(ids) + 1 for ids in written)
    return watch.ends("distill: teacher answers", units, planned)


def check_distill(check: Check) -> Measured:
    centre, edge, params = check.base("centre"), check.base("edge"), check.distill
    learn, follow = (ChatRenderer.from_folder(b.folder, b.facts.empty_think) for b in (edge, centre))
    chats = long_chats(edge, params.max_length, check.steps[2] * params.batch_size)
    rows = rows_of([chat.messages for chat in chats], learn, follow, params.max_length)
    shapes = [of_folder(b.folder, b.facts.lora_targets) for b in (centre, edge)]
    shared = slice(len(shared_ids(centre, edge)))
    watch = Watch()
    teacher, student = load_teacher(centre, check.folder / "adapter", params), load_student(edge, params)
    train(student, OffPolicy(ModelPair(centre, edge, teacher, learn, follow, shared), params), rows, params)
    found = watch.ends(
        "distill: student learns", sum(len(r.student.ids) for r in rows), learning(shapes[0], shapes[1], params)
    )
    save(student, edge, check.folder / "edge")
    return found


def check_export(check: Check) -> Measured:
    """Merged in RAM, also beside a GPU: nothing of it is planned for the card."""
    watch = Watch()
    base = check.base("centre")
    merge(load_apart(base, check.folder / "adapter"), base, check.folder / "centre")
    return watch.ends("export (in RAM)", 0, Memory(weights=0.0))


def check_evaluate(check: Check) -> Measured:
    params = load_params(profile=check.profile).evaluate
    base = check.base("centre")
    chats = long_chats(base, check.finetune.max_length, check.steps[3])
    shapes = [of_folder(check.folder / name, base.facts.lora_targets) for name in ("centre", "edge")]
    half = read_json(check.folder / "centre/config.json")["dtype"] == "bfloat16"
    planned = evaluate_memory(shapes[0], shapes[1], "bfloat16" if half else "float32", params.max_new_tokens)
    watch = Watch()
    engines = [TransformersEngine(name, check.folder / name) for name in ("centre", "edge")]
    units = 0
    for engine in engines:
        for chat in chats:
            engine.loss(chat.messages)
            text = "".join(engine.stream(chat.messages[:-1], params.max_new_tokens))
            units += len(engine.renderer.encode(text))
    return watch.ends("evaluate", units, planned)


STAGES: dict[str, Callable[[Check], Measured]] = {
    "finetune": check_finetune,
    "answers": check_answers,
    "distill": check_distill,
    "export": check_export,
    "evaluate": check_evaluate,
}


def table(found: Sequence[Measured]) -> Table:
    shown = Table("stage", "seconds, with loading", "tokens a second", "planned", "peak", "planned / peak")
    for m in found:
        planned = (f"{m.planned / GB:.2f} GB", f"{m.peak / GB:.2f} GB", f"{m.planned / m.peak:.2f}")
        speed = f"{m.units / m.seconds:.1f}" if m.units else ""
        shown.add_row(m.stage, f"{m.seconds:.0f}", speed, *(planned if m.planned else ("", planned[1], "")))
    return shown


def _run(check: Check, stage: str) -> Measured:
    write_json(check.folder / "check.json", asdict(check))
    command = [sys.executable, "-m", "benchmarks.train.gpu_check", "--stage", stage, "--out", check.out]
    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
    return Measured(**json.loads(done.stdout.strip().splitlines()[-1]))


def _dry_models(out: Path) -> tuple[str, str]:
    texts = [entry.answer.in_("zh") for entry in load_pack(ROOT / load_params().pack).faq]
    for seed, name in enumerate(("base-centre", "base-edge")):
        write_model(texts, DRY, DRY_VOCABULARY, out / name, seed)
    return str(out / "base-centre"), str(out / "base-edge")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", help="default: qwen3-8b; with --dry: tiny")
    parser.add_argument("--centre", help="folder or hub id; default: the profile's")
    parser.add_argument("--edge", help="the same")
    parser.add_argument("--dry", action="store_true", help="small models with random weights, few steps, on a CPU")
    parser.add_argument("--out", type=Path, help="folder for what is written; default: one that is removed")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)  # what the command calls itself with
    given = parser.parse_args()
    if given.stage:
        print(json.dumps(asdict(STAGES[given.stage](Check(**read_json(given.out / "check.json"))))))
        return 0
    if not given.dry and not torch.cuda.is_available():
        Console(stderr=True).print("gpu_check: torch finds no GPU here: run it where there is one, or with --dry")
        return 2
    profile = given.profile or ("tiny" if given.dry else "qwen3-8b")
    base = load_params(profile=profile).base
    console = Console(width=120)
    with tempfile.TemporaryDirectory(prefix="kefu-check-") as scratch:
        out = given.out or Path(scratch)
        out.mkdir(parents=True, exist_ok=True)
        centre, edge = _dry_models(out) if given.dry else (given.centre or base.centre, given.edge or base.edge)
        check = Check(profile, centre, edge, str(out), given.dry)
        found = []
        for stage in STAGES:
            found.append(_run(check, stage))
            console.print(f"{found[-1].stage}: {found[-1].seconds:.0f} s")
        write_json(out / "measured.json", [asdict(m) for m in found])
    console.print(table(found))
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    console.print(f"profile {profile}, {device}; with torch {torch.__version__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
