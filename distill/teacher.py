"""The centre model as a teacher: base plus adapter, answering prompts greedily.

Greedy, because the student should learn what serving would say, and because equal inputs then give equal
answers. Prompts of similar length share a batch; padding stands on the left, so that generation continues
the text and not the padding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging as transformers_logging

from distill.params import Distill
from kefu.finite import check_weights
from kefu.io import read_json, write_json
from kefu.llm.base_models import BaseModel
from kefu.progress import progress
from training.checkpoints import Checkpoints, is_due, step_of
from training.quantized import nf4

Model = PreTrainedModel | PeftModel
ANSWERS = "answers.json"  # of a checkpoint: token ids by prompt


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_teacher(base: BaseModel, adapter: Path, params: Distill) -> Model:
    """The frozen teacher; in 4 bit when it has to share a GPU with the student.

    Raises:
        NotFinite: a weight of base or adapter is NaN or infinite: it would answer nonsense.
    """
    transformers_logging.disable_progress_bar()
    dtype = getattr(torch, params.dtype)
    model = AutoModelForCausalLM.from_pretrained(
        base.folder,
        dtype=dtype,
        device_map={"": device()},
        quantization_config=nf4(dtype) if params.quantize_teacher else None,
    )
    adapted = PeftModel.from_pretrained(model, str(adapter))
    # Merging into 4-bit weights would round the adapter away.
    tuned: Model = adapted if params.quantize_teacher else adapted.merge_and_unload()
    check_weights(
        "distill: the centre model with its adapter",
        tuned.state_dict(),
        "make both anew: dvc repro -f base, then dvc repro -f finetune",
    )
    tuned.eval()
    return tuned


@torch.no_grad()
def answer(
    model: Model,
    prompts: Sequence[list[int]],
    stop_ids: frozenset[int],
    max_new_tokens: int,
    batch_size: int,
    checkpoints: Checkpoints | None = None,
    save_batches: int = 0,
) -> list[list[int] | None]:
    """Token ids of the greedy answer to each prompt, up to the first of ``stop_ids``, as serving ends it.

    None stands where the teacher did not come to an end within ``max_new_tokens``: half an answer, or a
    loop, is nothing to learn from.

    Args:
        checkpoints: of a run with the same inputs: what was answered then is not asked again.
        save_batches: between two checkpoints; 0: none are written.
    """
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    checkpoint = checkpoints.newest() if checkpoints else None
    done = step_of(checkpoint) if checkpoint else 0
    answers: list[list[int] | None] = read_json(checkpoint / ANSWERS) if checkpoint else [None] * len(prompts)
    with progress("answers of the teacher", len(order), sum(map(len, batches[:done]))) as tick:
        for number, batch in enumerate(batches[done:], done + 1):
            written = generate(model, [prompts[i] for i in batch], sorted(stop_ids), max_new_tokens)
            for index, new in zip(batch, written, strict=True):
                ends = [place for place, token_id in enumerate(new) if token_id in stop_ids]
                answers[index] = new[: ends[0]] if ends else None
            tick(len(batch))
            if checkpoints and is_due(number, len(batches), save_batches):
                with checkpoints.write(number) as folder:
                    write_json(folder / ANSWERS, answers)
    return answers


@torch.no_grad()
def generate(
    model: Model,
    prompts: Sequence[list[int]],
    stop_ids: list[int],
    max_new_tokens: int,
    sample: bool = False,
    never: Sequence[int] = (),
) -> list[list[int]]:
    """Token ids that continue each prompt, after the first of ``stop_ids`` padding of no meaning.

    Args:
        sample: draw from the whole distribution, with torch's random state; False: greedily.
        never: ids that are not written.
    """
    width, pad_id = max(map(len, prompts)), stop_ids[0]
    ids = torch.tensor([[pad_id] * (width - len(p)) + p for p in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=model.device)
    call = cast(Callable[..., torch.Tensor], model.generate)  # two classes declare it differently
    out = call(
        input_ids=ids,
        attention_mask=mask,
        max_new_tokens=max_new_tokens,
        do_sample=sample,
        eos_token_id=stop_ids,
        pad_token_id=pad_id,
        suppress_tokens=list(never) or None,
        # Hub models carry sampling settings: greedy decoding would warn about them, sampling must not obey them.
        temperature=1.0 if sample else None,
        top_p=1.0 if sample else None,
        top_k=0 if sample else None,
    )
    return out[:, width:].tolist()
