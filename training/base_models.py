"""Gives the base models of the chosen profile: built here, a local folder, or a snapshot of the hub.

A name of kefu/llm/models.py that has a ``size`` is built: a tokenizer is trained on the corpus and a small
Qwen3-architecture model is pretrained on it. Both tiny models share the tokenizer, because distillation
compares their logits. Any other name is a local folder if there is one, else a hub id; then nothing is
copied, only name, revision and content hash are recorded (see kefu/llm/base_models.py), and whatever would stop
a later stage is checked here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from tokenizers import Tokenizer

from kefu.errors import Unusable
from kefu.io import atomic_dir, content_hash, read_json, write_json
from kefu.llm.base_models import BASE_FILE, BaseEntry, MissingBase, Which, hub_snapshot, model_facts
from kefu.llm.chat import ChatRenderer
from kefu.llm.chat_template import check_template
from kefu.llm.models import MODELS, TinySize
from kefu.progress import LogFigures, ignore_figures
from training import tokenizer as bpe
from training.checkpoints import Checkpoints
from training.corpus import Chat
from training.params.base import Base
from training.pretrain import PretrainingResult, Schedule, new_model, pretrain, save, seconds_a_step

logger = logging.getLogger(__name__)
HELD_OUT = 40  # every 40th chat is kept for the held-out loss
LONG = 20  # minutes from which the line about the expected time says how to make it shorter


@dataclass(frozen=True)
class BaseModelReport:
    """Training curve and figures of one tiny model."""

    losses: list[tuple[int, float]]
    metrics: dict[str, float]


def prepare(
    params: Base,
    corpus: Sequence[Chat],
    out: Path,
    checkpoints: Checkpoints | None = None,
    log: LogFigures = ignore_figures,
) -> dict[Which, BaseModelReport]:
    """Writes ``out`` (base.json, and a folder for each model that is built); returns what was trained.

    Args:
        checkpoints: of a run with the same inputs, from which pretraining goes on; None: none are read or written.
        log: gets ``<model>.loss`` of each step while it runs.
    """
    names: dict[Which, str] = {"centre": params.centre, "edge": params.edge}
    revisions: dict[Which, str | None] = {"centre": params.revision, "edge": params.edge_revision}
    sizes: dict[Which, TinySize] = {w: s for w, name in names.items() if (s := _size(name))}
    with atomic_dir(out) as folder:
        built = _build_all(sizes, params, corpus, folder, checkpoints, log) if sizes else {}
        entries = {w: _entry(w, name, revisions[w], folder / w if w in sizes else None) for w, name in names.items()}
        write_json(folder / BASE_FILE, {which: entry.model_dump() for which, entry in entries.items()})
    return built


def _size(name: str) -> TinySize | None:
    return MODELS[name].size if name in MODELS else None


def _entry(which: Which, name: str, revision: str | None, built: Path | None) -> BaseEntry:
    if built is not None:
        return BaseEntry(name=name, revision=None, content_hash=content_hash(built), kind="built")
    local = Path(name).is_dir()
    folder = Path(name) if local else hub_snapshot(name, revision)
    _check_folder(folder)
    _check_model(which, name, folder)
    kind: Literal["folder", "hub"] = "folder" if local else "hub"
    return BaseEntry(
        name=name, revision=revision if local else folder.name, content_hash=content_hash(folder), kind=kind
    )


def _check_model(which: Which, name: str, folder: Path) -> None:
    """Everything that would stop a later stage, hours from here: architecture, control tokens, chat template.

    Raises:
        Unusable: naming the parameter that names the model.
    """
    try:
        known = model_facts(name, folder)
        check_template(folder, ChatRenderer.from_folder(folder, known.empty_think))
    except Unusable as error:
        raise Unusable(f"base.{which}: {error}") from error
    logger.info(
        "%s: %s, %s, an answer opens %s empty thought, template as rendered here",
        *(
            which,
            folder,
            read_json(folder / "config.json")["model_type"],
            "with an" if known.empty_think else "without",
        ),
    )


def _check_folder(folder: Path) -> None:
    missing = [name for name in ("config.json", "tokenizer.json") if not (folder / name).is_file()]
    if not list(folder.glob("*.safetensors")):
        missing.append("*.safetensors")
    if missing:
        raise MissingBase(
            f"{folder}: not a Hugging Face model folder, {', '.join(missing)} missing: copy the whole model there, "
            "or name another folder in base.centre or base.edge"
        )


def _build_all(
    sizes: Mapping[Which, TinySize],
    params: Base,
    corpus: Sequence[Chat],
    folder: Path,
    checkpoints: Checkpoints | None,
    log: LogFigures,
) -> dict[Which, BaseModelReport]:
    if not corpus:
        raise Unusable("the pretraining corpus is empty: give the shop pack knowledge, or ingest a day")
    tokenizer = bpe.train((m.content for chat in corpus for m in chat.messages), params.vocab_size)
    renderer = ChatRenderer(tokenizer, empty_think=False)
    ids = [renderer.render(chat.messages).ids for chat in corpus]
    schedules = {which: _schedule(which, params) for which in sizes}
    vocab_size = tokenizer.get_vocab_size()
    seconds = sum(seconds_a_step(size, vocab_size, schedules[w]) * schedules[w].steps for w, size in sizes.items())
    logger.info("%s", _expected({which: schedule.steps for which, schedule in schedules.items()}, seconds / 60))
    return {w: _build(w, size, tokenizer, ids, schedules[w], folder / w, checkpoints, log) for w, size in sizes.items()}


def _schedule(which: Which, params: Base) -> Schedule:
    return Schedule(
        steps=params.steps if which == "centre" else params.edge_steps,
        batch_size=params.batch_size,
        sequence_length=params.sequence_length,
        learning_rate=params.learning_rate,
        seed=params.seed,
        save_steps=params.save_steps,
    )


def _expected(steps: Mapping[Which, int], minutes: float) -> str:
    """The line said before pretraining starts, from a timed probe; it stops nothing: the steps decide."""
    what = ", ".join(f"{which} {count} steps" for which, count in steps.items())
    said = f"pretraining ({what}): about {minutes:.1f} minutes expected on this machine"
    if minutes <= LONG:
        return said
    smaller = "choose a smaller size (base.centre, of kefu/llm/models.py) or fewer base.steps, base.edge_steps"
    return f"{said}; for less {smaller}"


def _build(
    which: str,
    size: TinySize,
    tokenizer: Tokenizer,
    ids: list[list[int]],
    schedule: Schedule,
    folder: Path,
    checkpoints: Checkpoints | None,
    log: LogFigures,
) -> BaseModelReport:
    torch.manual_seed(schedule.seed)
    vocab = tokenizer.get_vocab()
    model = new_model(size, len(vocab), end_id=vocab["<|im_end|>"], pad_id=vocab["<|endoftext|>"])
    trained = pretrain(
        model,
        [chat for i, chat in enumerate(ids) if i % HELD_OUT],
        schedule,
        which,
        checkpoints.below(which) if checkpoints else None,
        lambda step, figures: log(step, {f"{which}.{name}": value for name, value in figures.items()}),
    )
    bpe.save(tokenizer, folder)
    save(trained.model, folder)
    return BaseModelReport(trained.losses, _figures(trained, ids[::HELD_OUT]))


def _figures(trained: PretrainingResult, held_out: list[list[int]]) -> dict[str, float]:
    return {
        "train_loss": sum(loss for _, loss in trained.losses[-20:]) / len(trained.losses[-20:]),
        "held_out_loss": _loss(trained, held_out),
        "parameters": float(trained.model.num_parameters()),
        "tokens_per_second": trained.tokens_per_second,
        "steps": float(len(trained.losses)),
    }


@torch.no_grad()
def _loss(trained: PretrainingResult, chats: list[list[int]]) -> float:
    """Mean negative log-likelihood in nats a token; all tokens of all chats."""
    total, count = 0.0, 0
    for chat in chats:
        ids = torch.tensor([chat[: trained.model.config.max_position_embeddings]])
        total += float(trained.model(input_ids=ids, labels=ids).loss) * (ids.shape[1] - 1)
        count += ids.shape[1] - 1
    return total / count
