"""params.yaml's ``finetune`` section as TRL's training arguments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trl import SFTConfig

from training.params.finetune import Finetune
from training.quantized import on_gpu


def sft_config(params: Finetune, scratch: Path, saves: bool = False) -> SFTConfig:
    """Arguments of TRL's SFTTrainer; see ``trainer_arguments``."""
    return SFTConfig(
        **trainer_arguments(params, scratch, saves),
        max_length=params.max_length,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},  # kefu/llm/chat.py rendered and cut the chats
    )


def trainer_arguments(params: Finetune, scratch: Path, saves: bool) -> dict[str, Any]:
    """What all of TRL's trainers are told. They report nothing: training/ does.

    Args:
        scratch: folder TRL may use; it stays empty.
        saves: whether checkpoints are written (training/trainer/resumable_trainer.py), every ``save_steps``.
    """
    return {
        "output_dir": str(scratch),
        "use_cpu": not on_gpu(),
        "bf16": params.dtype == "bfloat16",
        "learning_rate": params.learning_rate,
        # Not "cosine": its warm-up begins, and it ends, with a step of rate 0, which learns nothing.
        "lr_scheduler_type": "cosine_warmup_with_min_lr",
        "lr_scheduler_kwargs": {"min_lr_rate": 0.1},
        "warmup_steps": 0.05,  # below 1: a share of all steps
        "num_train_epochs": params.epochs,
        "max_steps": params.max_steps,
        "per_device_train_batch_size": params.batch_size,
        "gradient_accumulation_steps": params.gradient_accumulation,
        "gradient_checkpointing": params.gradient_checkpointing,
        "train_sampling_strategy": "group_by_length",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # else a NaN is logged as 0.0, and LossWatch cannot stop
        "save_strategy": "steps" if saves and params.save_steps else "no",
        "save_steps": params.save_steps or 1,  # 0 is no number of steps to it
        "report_to": "none",
        "disable_tqdm": True,
        "seed": params.seed,
        "data_seed": params.seed,
        "include_num_input_tokens_seen": "non_padding",
    }
