"""Writes many texts at once, greedily: the same tokens that an engine writes one by one, for less CPU.

What all prompts that begin alike share is computed once. Rows of one batch are padded on the left.
"""

from __future__ import annotations

import copy
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor
from transformers import AutoModelForCausalLM

from kefu.llm.chat import ChatRenderer
from kefu.progress import progress
from kefu.schema import Message
from serving.engines.token_grammar import GrammarState, GrammarTokens
from training.precision import native_bf16

Chat = Sequence[Message]
BEGINNING = 30  # characters of a system message that prompts of one kind and language have in common


class BatchWriter:
    """A Hugging Face folder, in float32 on a CPU that emulates bfloat16.

    Args:
        adapter: folder of a LoRA adapter that is merged in; None: the checkpoint as it is.
        grammar: Lark grammar that the texts are kept to; None: they are free.
    """

    def __init__(self, folder: Path, renderer: ChatRenderer, adapter: Path | None, grammar: str | None) -> None:
        dtype = torch.bfloat16 if native_bf16() else torch.float32
        model: Any = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, dtype=dtype)
        if adapter:
            model = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
        self._model, self._renderer, self._grammar = model.eval(), renderer, grammar
        self._tokens = (
            GrammarTokens(renderer.tokenizer, renderer.end_id, int(model.config.vocab_size)) if grammar else None
        )

    def write(self, chats: Sequence[Chat], max_new_tokens: int, batch_size: int = 16) -> list[str]:
        """A text for each chat, in their order."""
        groups = defaultdict[str, list[int]](list)
        prompts = [self._renderer.prompt(chat) for chat in chats]
        for number, chat in enumerate(chats):
            groups[chat[0].content[:BEGINNING]].append(number)
        written = dict[int, str]()
        with progress("writing", len(chats)) as tick, torch.inference_mode():
            for numbers in groups.values():
                shared = common_beginning([prompts[number] for number in numbers])
                cache = self._model(input_ids=torch.tensor([shared]), use_cache=True, logits_to_keep=1).past_key_values
                numbers.sort(key=lambda number: len(prompts[number]))
                for start in range(0, len(numbers), batch_size):
                    batch = numbers[start : start + batch_size]
                    rests = [prompts[number][len(shared) :] for number in batch]
                    for number, ids in zip(batch, self._batch(cache, len(shared), rests, max_new_tokens), strict=True):
                        written[number] = self._renderer.decode(ids)
                    tick(len(batch))
        return [written[number] for number in range(len(chats))]

    def _batch(self, shared: Any, length: int, rests: Sequence[list[int]], limit: int) -> list[list[int]]:
        """Ids that follow each row; the rows go on from a cache of ``length`` tokens."""
        cache, widest = copy.deepcopy(shared), max(map(len, rests))
        cache.batch_repeat_interleave(len(rests))
        inputs = torch.tensor([[0] * (widest - len(rest)) + rest for rest in rests])
        mask = torch.tensor([[1] * length + [0] * (widest - len(rest)) + [1] * len(rest) for rest in rests])
        grammars = [self._tokens.begin(self._grammar) for _ in rests] if self._tokens and self._grammar else []
        texts, is_open = [list[int]() for _ in rests], [True] * len(rests)
        for _ in range(limit):
            output = self._model(
                input_ids=inputs,
                attention_mask=mask,
                position_ids=(mask.cumsum(1) - 1)[:, -inputs.shape[1] :],
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            chosen = self._choose(output.logits[:, -1].float(), grammars, is_open)
            for row, token in enumerate(chosen):
                is_open[row] = is_open[row] and token not in self._renderer.stop_ids
                if is_open[row]:
                    texts[row].append(token)
                    if grammars:
                        grammars[row].take(token)
            if not any(is_open):
                break
            inputs = torch.tensor(chosen)[:, None]
            mask = torch.cat([mask, torch.ones(len(rests), 1, dtype=mask.dtype)], 1)
        return texts

    def _choose(self, logits: Tensor, grammars: Sequence[GrammarState], is_open: Sequence[bool]) -> list[int]:
        if grammars:
            rows = [
                grammars[row].masked(logits[row : row + 1]) if is_open[row] else logits[row : row + 1]
                for row in range(len(logits))
            ]
            logits = torch.cat(rows)
        return [int(token) for token in logits.argmax(-1)]


def common_beginning(prompts: Sequence[list[int]]) -> list[int]:
    """Ids that all prompts begin with; each keeps a last one of its own, from which the answer goes on."""
    shared = os.path.commonprefix(prompts)
    return list(shared[: min(map(len, prompts)) - 1])
