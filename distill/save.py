"""Writes the student as a plain Hugging Face folder, with the tokenizer of its base."""

from __future__ import annotations

from pathlib import Path

from peft import PeftModel
from transformers import PreTrainedModel

from kefu.bases import BaseModel, copy_tokenizer
from kefu.io import atomic_dir


def save(student: PreTrainedModel | PeftModel, base: BaseModel, out: Path) -> None:
    """A LoRA is merged; what is written needs no PEFT."""
    model = student.merge_and_unload() if isinstance(student, PeftModel) else student
    with atomic_dir(out) as folder:
        model.save_pretrained(folder)
        copy_tokenizer(base.folder, folder)
