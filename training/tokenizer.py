"""A byte-level BPE tokenizer in Qwen3's manner, trained on the shop's own texts.

Same normalizer (NFC), pre-tokenizer, decoder, control tokens and chat template as Qwen3, only a smaller
vocabulary: what is proven on the tiny models holds for the real ones. Control tokens get the ids after
the learned ones, as in Qwen3, and are never part of the BPE model, so no text can merge into one.

Qwen3's template is read from the installed TRL, which ships it under Apache-2.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, trainers
from tokenizers.models import BPE

from kefu.io import write_json, write_text

# Qwen2's and Qwen3's pre-tokenizer: digits one by one, line breaks apart.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
# One token each, but part of the text when decoding: Qwen3 does not flag them as special.
ADDED = (
    "<tool_call>",
    "</tool_call>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<tool_response>",
    "</tool_response>",
    "<think>",
    "</think>",
)
MAX_LENGTH = 4096  # tokens


def qwen_template(name: str = "qwen3") -> str:
    """Source of a Qwen chat template, e.g. ``qwen3`` or ``qwen2_5``."""
    return files("trl").joinpath("chat_templates", f"{name}.jinja").read_text(encoding="utf8")


def train(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Learns a tokenizer with ``vocab_size`` entries in all, control tokens included."""
    tokenizer = Tokenizer(BPE())
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(SPLIT), behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(SPECIAL) - len(ADDED),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in SPECIAL])
    tokenizer.add_tokens([AddedToken(token, normalized=False, special=False) for token in ADDED])
    return tokenizer


def save(tokenizer: Tokenizer, folder: Path) -> None:
    """Writes the three files that ``AutoTokenizer`` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    write_text(folder / "chat_template.jinja", qwen_template())
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_bos_token": False,
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "unk_token": None,
        "clean_up_tokenization_spaces": False,
        "model_max_length": MAX_LENGTH,
    }
    write_json(folder / "tokenizer_config.json", config)
