"""Supervised fine-tuning of the centre model: QLoRA on the answers that people gave, then on their corrections.

Chats longer than ``max_length`` lose their oldest messages; one whose last exchange alone is too long is left out and
counted. The training itself: ``training/trainer/chats.py`` and ``training/trainer/preferences.py``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from peft import PeftModel

from kefu.errors import Unusable
from kefu.finite import check_loss, check_weights
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.progress import LogFigures, ignore_figures
from kefu.schema import Example, PreferenceExample
from kefu.split import sample_by_customer
from training import adapter, memory, quantized
from training.checkpoints import Checkpoints, Losses
from training.params.finetune import Finetune
from training.precision import bound_kernel_caches, supported_precision
from training.trainer import preferences
from training.trainer.chats import ChatRun, Row, mean_loss, rows, train_on_chats
from training.trainer.workers import from_first, worker_rank

logger = logging.getLogger(__name__)
TODO = (
    "lower finetune.batch_size (and raise finetune.gradient_accumulation) or finetune.max_length, set "
    "finetune.gradient_checkpointing or finetune.quantize to true, or choose a smaller base.centre"
)
Replayed = Callable[[PeftModel, ChatRenderer], tuple[list[Example], dict[str, float]]]  # chats, counts
EVALUATED = 64  # held-out chats whose loss is taken before and after
_NOT_OURS = (
    "the learning rate is not the cause; make or copy the base anew (dvc repro -f base), or, when the champion's "
    "adapter was continued, set finetune.from_champion to false"
)


@dataclass(frozen=True)
class FinetuningResult:
    """Metrics, and (step, loss) along the way."""

    metrics: dict[str, float]
    losses: Losses


@dataclass(frozen=True)
class _Sets:
    """What is learned and measured, as tokens. chats: for training, with those that are too long."""

    chats: int
    train: list[Row]
    held_out: list[Row]
    pairs: list[preferences.PairRow]


def finetune(
    base: BaseModel,
    examples: Sequence[Example],
    params: Finetune,
    champion: Path | None,
    out: Path,
    checkpoints: Checkpoints | None = None,
    log: LogFigures = ignore_figures,
    pairs: Sequence[PreferenceExample] = (),
    replay: Replayed | None = None,
) -> FinetuningResult:
    """Trains an adapter and writes it to ``out``; goes on from the newest checkpoint when there is one.

    Several processes may call it at once (``training/trainer/workers.py``); the first one writes.

    Args:
        examples: chats of both splits; 'eval' is only measured.
        champion: release folder of the champion, if there is one.
        checkpoints: of a run with the same inputs; None: none are read or written.
        log: gets the figures of each step while it runs.
        replay: gives the training chats with answers of the champion, of one pass or of several; called before step 1,
            when it is continued.
        pairs: of both splits; preferences are learned after the chats when there are some to learn from.

    Raises:
        Unusable: there is no chat to learn from.
        NotEnoughMemory: it would not fit.
        NotFinite: a weight, loss or gradient is NaN or infinite. What was in ``out`` stays.
    """
    bound_kernel_caches()
    params = params.model_copy(update={"dtype": supported_precision(params.dtype, "finetune")})
    log = log if worker_rank() == 0 else ignore_figures
    renderer = ChatRenderer.from_folder(base.folder, base.facts.empty_think)
    sets = _render(examples, pairs, renderer, params)
    _check_memory(base, params, bool(sets.pairs))
    model, continued = adapter.attach(quantized.load(base, params), base, params, champion)
    counts: dict[str, float] = {}
    once = params
    if replay and continued:
        model.eval()
        replayed, counts = from_first(partial(replay, model, renderer))
        model.train()
        once = params.model_copy(update={"epochs": params.epochs * sets.chats / len(replayed)})  # of several passes
        sets = replace(sets, chats=len(replayed), train=rows(replayed, renderer, params.max_length))
    before = _loss_before(model, sets)
    run = train_on_chats(model, base, sets.train, sets.held_out, once, checkpoints, log)
    learned = _learn_preferences(model, base, sets, params, checkpoints, log)
    after = _held_out_loss(
        model, sets.held_out, "after training", "lower finetune.learning_rate and run the stage again"
    )
    logger.info("held-out loss %.3f after", after)
    if worker_rank() == 0:
        adapter.save(model, base, out, {"chats": len(sets.train), "pairs": len(sets.pairs), **counts})
    losses = {"eval_loss_before": before, "eval_loss": after}
    figures = _figures(model, sets, run) | {"from_champion": float(continued)}
    return FinetuningResult(counts | learned | losses | figures, run.losses)


def _render(
    examples: Sequence[Example], pairs: Sequence[PreferenceExample], renderer: ChatRenderer, params: Finetune
) -> _Sets:
    """Raises Unusable when there is no chat to learn from."""
    training = [example for example in examples if example.split == "train"]
    measured = sample_by_customer([e for e in examples if e.split == "eval"], EVALUATED, params.seed)
    train, held_out = (rows(some, renderer, params.max_length) for some in (training, measured))
    if not train:
        raise Unusable("the SFT set has no training chat that fits max_length: raise it, or ingest more days")
    return _Sets(len(training), train, held_out, preferences.pair_rows(pairs, renderer, params))


def _check_memory(base: BaseModel, params: Finetune, pairs: bool) -> None:
    """Args: pairs: whether preferences are learned: two answers to a question, all of them by each worker."""
    device, pairwise = memory.this_device(), {"batch_size": 2 * params.batch_size, "workers": 1}
    largest = params.model_copy(update=pairwise) if pairs else params
    needed = memory.finetune_memory(memory.of_folder(base.folder, base.facts.lora_targets), largest, device)
    memory.check("finetune", needed, memory.free_bytes(device), TODO)


def _loss_before(model: PeftModel, sets: _Sets) -> float:
    """The held-out loss before step 1. Raises NotFinite, also when a weight is not finite that no chat meets."""
    check_weights("finetune: before step 1, the base model with its adapter", model.state_dict(), _NOT_OURS)
    loss = _held_out_loss(model, sets.held_out, "before step 1", _NOT_OURS)
    logger.info("%d chats to learn from, held-out loss %.3f before", len(sets.train), loss)
    return loss


def _held_out_loss(model: PeftModel, held_out: Sequence[Row], when: str, todo: str) -> float:
    """Mean loss of some held-out chats; NaN when there are none. Raises NotFinite when it is not finite."""
    loss = mean_loss(model, held_out)
    if held_out:
        check_loss(f"finetune: held-out loss {when}", loss, todo)
    return loss


def _learn_preferences(
    model: PeftModel,
    base: BaseModel,
    sets: _Sets,
    params: Finetune,
    checkpoints: Checkpoints | None,
    log: LogFigures,
) -> dict[str, float]:
    """Learns the pairs, if there are any; returns metrics."""
    if not sets.pairs:
        return {}
    before = {"preferences.eval_loss_before": mean_loss(model, sets.held_out)}
    return before | preferences.learn(model, base, sets.pairs, params, checkpoints, log)


def _figures(model: PeftModel, sets: _Sets, run: ChatRun) -> dict[str, float]:
    """Metrics of the training on chats."""
    trainable, total = model.get_nb_trainable_parameters()
    figures = {
        "train_loss": sum(loss for _, loss in run.losses[-20:]) / len(run.losses[-20:]),
        "train_chats": float(len(sets.train)),
        "left_out_too_long": float(sets.chats - len(sets.train)),
        "trainable_parameters": float(trainable),
        "parameters": float(total),
        "tokens_per_second": run.tokens / run.seconds,
        "steps": float(len(run.losses)),
        "steps_resumed": float(run.resumed),
    }
    if run.stopping.patience:
        figures |= {"best_step": float(run.stopping.best_step), "best_held_out_loss": run.stopping.best_loss}
    return figures
