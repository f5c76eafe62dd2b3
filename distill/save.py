"""Writes the student as a plain Hugging Face folder, with the tokenizer of its base."""

from __future__ import annotations

from pathlib import Path

from peft import PeftModel
from transformers import PreTrainedModel

from kefu.finite import check_weights
from kefu.io import atomic_dir
from kefu.llm.base_models import BaseModel, copy_tokenizer


def save(student: PreTrainedModel | PeftModel, base: BaseModel, out: Path) -> None:
    """A LoRA is merged; what is written needs no PEFT.

    Raises:
        NotFinite: a weight is NaN or infinite. The folder is left as it was.
    """
    model = student.merge_and_unload() if isinstance(student, PeftModel) else student
    check_weights(
        "distill: the trained edge", model.state_dict(), "lower distill.learning_rate and run the stage again"
    )
    with atomic_dir(out) as folder:
        model.save_pretrained(folder)
        copy_tokenizer(base.folder, folder)
