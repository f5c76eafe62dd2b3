"""Folds the adapter into the base model, for serving: one plain model, no PEFT, no quantization.

The base is read in full precision, not as the NF4 weights that training saw. Dequantized NF4 would carry
the rounding error of every weight into the served model for ever; the adapter was trained beside that
error but is not a correction of it. What is served is then evaluated, so a difference would show.
"""

from __future__ import annotations

from pathlib import Path

from peft import PeftModel
from transformers import AutoModelForCausalLM
from transformers.utils import logging as transformers_logging

from kefu.finite import check_weights
from kefu.llm.base_models import BaseModel, copy_tokenizer


def merge(base: BaseModel, adapter: Path, out: Path) -> None:
    """Writes base + adapter as a Hugging Face folder, in the base's own precision, with its tokenizer.

    Raises:
        NotFinite: a merged weight is NaN, or too large for the base's precision. Nothing is written.
    """
    transformers_logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(base.folder, dtype="auto")
    merged = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    check_weights("export: base with adapter", merged.state_dict(), "run dvc repro -f base, then dvc repro -f finetune")
    merged.save_pretrained(out)
    copy_tokenizer(base.folder, out)
