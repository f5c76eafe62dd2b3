"""What `kefu plan` prints: memory and expected hours of each stage that loads a language model.

Memory is counted from shapes (``training.memory``). Hours are an estimate for a card that nobody has tried here: work
over the card's published peak, at the shares below. `benchmarks/gpu_check.sh` measures how far both are off.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.table import Table
from transformers import PretrainedConfig

from distill.memory import answering, learning
from evaluation.memory import evaluate_memory
from kefu.errors import Unusable
from kefu.llm.models import ATTENTION_AND_MLP, MODELS, PUBLISHED, Published
from pipelines.params import Params
from serving.engines.settings import engine_settings
from serving.engines.vllm.settings import serve_command
from training.memory import GB, NF4_BYTES, Architecture, Memory, config_of, count, finetune_memory, of_folder

# Dense bfloat16 products and memory traffic a second, of NVIDIA's data sheets for A10 and A100 (SXM).
PRODUCTS_SHARE, TRAFFIC_SHARE = 0.35, 0.7  # of these peaks that are reached: assumed
STEP_S = 0.05  # of a step in which transformers writes a token, however small the model is: assumed
DISK = 0.5e9  # bytes a second that a disk reads, writes or is hashed at: assumed
CONTEXT = 1e9  # bytes of a card that CUDA's context and fragments take: assumed
RELEASES = 2  # challenger and champion answer the same questions
ASSUMED = (
    f"Hours are estimates, measured on no GPU: published peaks of A10 (24 GB) and A100 (80 GB), of which "
    f"{PRODUCTS_SHARE:.0%} of the products and {TRAFFIC_SHARE:.0%} of the memory traffic are reached; at least "
    f"{STEP_S * 1000:.0f} ms a written token. `benchmarks/gpu_check.sh` measures them."
)


@dataclass(frozen=True)
class Card:
    """memory: bytes. products: floating-point operations a second. traffic: bytes a second."""

    name: str
    memory: float
    products: float
    traffic: float


CARDS = (Card("24 GB", 24e9, 125e12, 600e9), Card("80 GB", 80e9, 312e12, 2039e9))


@dataclass(frozen=True)
class Lengths:
    """Tokens of a mean chat, and of a mean answer."""

    chat: int
    answer: int


@dataclass(frozen=True)
class Work:
    """What a stage does: operations; bytes moved in the card; steps that write a token; bytes read from a disk."""

    operations: float = 0.0
    traffic: float = 0.0
    steps: float = 0.0
    disk: float = 0.0

    def hours(self, card: Card) -> float:
        moved = self.traffic / (TRAFFIC_SHARE * card.traffic)
        seconds = self.operations / (PRODUCTS_SHARE * card.products) + max(moved, self.steps * STEP_S)
        return (seconds + self.disk / DISK) / 3600


@dataclass(frozen=True)
class PlannedStage:
    """A stage, or one of its moments. memory: None: it does not use the card."""

    name: str
    memory: Memory | None
    work: Work


def architecture(name: str, params: Params) -> Architecture:
    """Sizes of a published model, of one that the base stage builds, or of a local folder.

    Raises:
        Unusable: the name is none of these.
    """
    if name in PUBLISHED:
        return count(config_of(PUBLISHED[name]), MODELS[name].lora_targets)
    if name in MODELS and (size := MODELS[name].size):
        config: PretrainedConfig = config_of(Published("qwen3", size, params.base.vocab_size, tied_embeddings=True))
        return count(config, MODELS[name].lora_targets)
    if (Path(name) / "config.json").is_file():
        return of_folder(Path(name), ATTENTION_AND_MLP)
    raise Unusable(
        f"base.centre, base.edge: {name!r} is neither a local folder nor one of {', '.join(PUBLISHED)}: its shape is "
        "not known here; copy the model into a folder, or add a line to PUBLISHED in kefu/llm/models.py"
    )


def stages(params: Params, lengths: Lengths) -> list[PlannedStage]:
    """The stages that load a language model, in the order of the loop."""
    centre, edge = architecture(params.base.centre, params), architecture(params.base.edge, params)
    tune, teach = params.finetune, params.distill
    saved: Literal["float32", "bfloat16"] = "float32" if params.profile == "tiny" else "bfloat16"
    finetune = "finetune" if tune.workers == 1 else f"finetune, each of {tune.workers} workers"
    return [
        PlannedStage(finetune, finetune_memory(centre, tune, "gpu"), _finetune(centre, params, lengths)),
        PlannedStage("distill: teacher answers", answering(centre, teach), _answers(centre, params, lengths)),
        PlannedStage("distill: student learns", learning(centre, edge, teach), _student(centre, edge, params, lengths)),
        PlannedStage("export (in RAM)", None, Work(disk=2 * (3 * centre.parameters + 2 * edge.parameters))),
        PlannedStage(
            "evaluate, one release at a time",
            evaluate_memory(centre, edge, saved, params.evaluate.max_new_tokens),
            _evaluate(centre, edge, params, lengths),
        ),
    ]


def _forward(model: Architecture, tokens: float) -> float:
    return 2.0 * model.parameters * tokens


def _read(model: Architecture, quantized: bool) -> float:
    """Bytes moved by one pass over the weights; 4-bit ones are read, written as bfloat16, and read again."""
    others = 2.0 * (model.parameters - model.linear)
    return others + model.linear * (NF4_BYTES + 2 + 2 if quantized else 2.0)


def _finetune(centre: Architecture, params: Params, lengths: Lengths) -> Work:
    tune = params.finetune
    chats = params.build.max_sft * (1 - params.build.eval_share) * tune.epochs
    if tune.max_steps > 0:
        chats = min(chats, tune.max_steps * tune.batch_size * tune.gradient_accumulation)
    # Frozen weights have no gradient: the backward pass costs one forward pass, checkpointing another, both of the
    # adapted layers alone.
    adapted = (tune.adapted_layers or centre.layers) / centre.layers
    passes = 1 + (2 if tune.gradient_checkpointing else 1) * adapted
    batches = chats / tune.batch_size
    return Work(
        passes * _forward(centre, chats * lengths.chat) / tune.workers,
        traffic=passes * batches * _read(centre, tune.quantize),
    )


def _answers(centre: Architecture, params: Params, lengths: Lengths) -> Work:
    """A batch ends with its longest answer: four mean ones are taken for it."""
    teach = params.distill
    asked = teach.examples * teach.teacher_answers
    steps = asked / teach.answer_batch_size * min(teach.max_new_tokens, 4 * lengths.answer)
    prompts = asked * (lengths.chat - lengths.answer)
    return Work(_forward(centre, prompts), traffic=steps * _read(centre, teach.quantize_teacher), steps=steps)


def _student(centre: Architecture, edge: Architecture, params: Params, lengths: Lengths) -> Work:
    teach = params.distill
    chats = teach.examples * (teach.teacher_answers + teach.human_answers) * teach.epochs
    tokens, batches = chats * lengths.chat, chats / teach.batch_size
    passes = 3 if teach.gradient_checkpointing or teach.rank is None else 2
    operations, traffic = passes * _forward(edge, tokens), passes * batches * _read(edge, False)
    if teach.alpha:
        operations += _forward(centre, tokens)
        traffic += batches * _read(centre, teach.quantize_teacher)
    return Work(operations, traffic=traffic)


def _evaluate(centre: Architecture, edge: Architecture, params: Params, lengths: Lengths) -> Work:
    """One chat at a time: each written token reads all weights."""
    answers = RELEASES * params.evaluate.answers
    tokens = answers * lengths.chat
    steps = answers * lengths.answer
    traffic = steps * (_read(centre, False) + _read(edge, False))
    return Work(_forward(centre, tokens) + _forward(edge, tokens), traffic=traffic, steps=2 * steps)


def tables(params: Params, lengths: Lengths) -> Iterator[Table]:
    """The stages on each card, then the sizes of both models."""
    yield _stages(params, lengths)
    yield _sizes(params)


def model_server(params: Params) -> str | None:
    """The command that serving starts for the centre model; None: it runs in serving's own process, or elsewhere."""
    settings = engine_settings(params.serving)
    if settings.vllm is None or settings.vllm.url:
        return None
    command = serve_command(Path("RELEASE/centre"), "centre-HASH", settings.vllm, settings.chats, "PORT")
    missing = "" if shutil.which(command[0]) else f" ({command[0]} is not installed: docs/guides/engines.md)"
    return shlex.join(command) + missing


def _stages(params: Params, lengths: Lengths) -> Table:
    title = f"{params.profile}: chats of {lengths.chat} tokens, answers of {lengths.answer}"
    shown = Table("stage", "weights", "trained", "activations", "logits", "cache", "in all", title=title)
    for card in CARDS:
        shown.add_column(f"{card.name}: hours", justify="right")
    for stage in stages(params, lengths):
        shown.add_row(stage.name, *_bytes(stage.memory), *(_on(stage, card) for card in CARDS))
    return shown


def _bytes(memory: Memory | None) -> Sequence[str]:
    if memory is None:
        return ("",) * 6
    parts = (memory.weights, memory.trained, memory.activations, memory.logits, memory.cache, memory.total)
    return [f"{part / GB:.2f} GB" if part else "" for part in parts]


def _on(stage: PlannedStage, card: Card) -> str:
    if stage.memory and stage.memory.total + CONTEXT > card.memory:
        return "does not fit"
    return f"{stage.work.hours(card):.2f}"


def _sizes(params: Params) -> Table:
    shown = Table("model", "parameters", "bfloat16", "NF4, as trained", "int4, AWQ", "int4, table int8")
    for name in dict.fromkeys((params.base.centre, params.base.edge)):
        model = architecture(name, params)
        plain, trained = model.plain_weights("bfloat16"), model.nf4_weights("bfloat16")
        sizes = (plain, trained, model.int4_weights("bfloat16"), model.int4_weights("int8"))
        shown.add_row(name, f"{model.parameters:,}", *(f"{size / GB:.2f} GB" for size in sizes))
    return shown
