"""One fine-tuning run in a process of its own: the product's, or a plain script's.

    python -m benchmarks.train.trainers JOB.json     # ``benchmarks.train`` writes the job and starts this

Prints one line of JSON, a ``Run``. The clock starts when the trainer's loop begins and stops when it ends; loading,
tokenizing and quantizing are outside. The peak of memory is the whole process's.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset
from peft import LoraConfig
from torch.nn import Module
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, Trainer, TrainerCallback
from trl import SFTConfig, SFTTrainer

from kefu.io import read_json, read_jsonl
from kefu.llm.base_models import BaseModel, model_facts
from kefu.llm.chat import ChatRenderer
from kefu.registry.seal import BaseModelRef
from kefu.schema import Example
from training import adapter, quantized
from training.params.finetune import Finetune
from training.trainer.chats import make_trainer, rows


@dataclass(frozen=True)
class Job:
    """model: folder. chats: JSON Lines of examples, each of which is learned once."""

    trainer: str
    model: str
    chats: str
    params: dict[str, Any]

    @property
    def finetune(self) -> Finetune:
        return Finetune.model_validate(self.params)

    @property
    def base(self) -> BaseModel:
        folder = Path(self.model)
        return BaseModel(
            folder, model_facts(str(folder), folder), BaseModelRef(name=folder.name, revision=None, content_hash="")
        )

    @property
    def examples(self) -> list[Example]:
        return list(read_jsonl(Path(self.chats), Example))


@dataclass(frozen=True)
class Run:
    """peak_rss: bytes. losses: of each step, in nats a learned token."""

    trainer: str
    cpu_s: float
    wall_s: float
    peak_rss: float
    losses: list[float]


class Clock(TrainerCallback):
    """CPU seconds of this process, all threads, and seconds of the wall, of the trainer's loop."""

    def __init__(self) -> None:
        self.cpu_s = self.wall_s = 0.0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self._began = time.process_time(), time.monotonic()

    def on_train_end(self, *_: Any, **__: Any) -> None:
        cpu, wall = self._began
        self.cpu_s, self.wall_s = time.process_time() - cpu, time.monotonic() - wall


def kefu(job: Job, scratch: Path, clock: Clock) -> Trainer:
    """The product: training/trainer/chats.py without the held-out losses before and after."""
    base, params = job.base, job.finetune
    learned = rows(job.examples, ChatRenderer.from_folder(base.folder, base.facts.empty_think), params.max_length)
    model, _ = adapter.attach(quantized.load(base, params), base, params, None)
    return make_trainer(model, AutoTokenizer.from_pretrained(base.folder), learned, params, scratch, clock)


def trl(job: Job, scratch: Path, clock: Clock, **settings: Any) -> SFTTrainer:
    """A plain script: TRL's SFTTrainer on prompts and completions, PEFT, bitsandbytes, all else as TRL has it.

    Equal to the product's: data, rank, dropout, batch, length, float32, gradient checkpointing or none.
    """
    params = job.finetune
    said = [[{"role": m.role, "content": m.content} for m in example.messages] for example in job.examples]
    data = Dataset.from_list([{"prompt": chat[:-1], "completion": chat[-1:]} for chat in said])
    four_bits = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.float32,
    )
    model = AutoModelForCausalLM.from_pretrained(
        job.model,
        dtype=torch.float32,
        quantization_config=four_bits if params.quantize else None,
        device_map={"": "cpu"},
    )
    return SFTTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(scratch),
            use_cpu=True,
            bf16=False,
            learning_rate=params.learning_rate,
            num_train_epochs=1,
            per_device_train_batch_size=params.batch_size,
            gradient_accumulation_steps=params.gradient_accumulation,
            gradient_checkpointing=params.gradient_checkpointing,
            max_length=params.max_length,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=params.seed,
            **settings,
        ),
        train_dataset=data,
        processing_class=AutoTokenizer.from_pretrained(job.model),
        peft_config=LoraConfig(
            r=params.rank,
            lora_alpha=params.alpha,
            lora_dropout=params.dropout,
            target_modules=list(job.base.facts.lora_targets),
            task_type="CAUSAL_LM",
        ),
        callbacks=[clock],
    )


def trl_tuned(job: Job, scratch: Path, clock: Clock) -> SFTTrainer:
    """The same with chats of equal length in a batch, and the adapter put back to float32: what is left is the loss."""
    trainer = trl(job, scratch, clock, train_sampling_strategy="group_by_length")
    for parameter in cast(Module, trainer.model).parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return trainer


TRAINERS: dict[str, Callable[[Job, Path, Clock], Trainer]] = {"kefu": kefu, "trl": trl, "trl tuned": trl_tuned}


def run(job: Job) -> Run:
    clock = Clock()
    with tempfile.TemporaryDirectory() as scratch:
        trainer = TRAINERS[job.trainer](job, Path(scratch), clock)
        trainer.train()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    losses = [float(line["loss"]) for line in trainer.state.log_history if "loss" in line]
    return Run(job.trainer, clock.cpu_s, clock.wall_s, float(peak), losses)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("job", type=Path)
    print(json.dumps(asdict(run(Job(**read_json(parser.parse_args().job))))))
