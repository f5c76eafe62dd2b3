"""A Hugging Face folder as an engine: greedy decoding with a key-value cache, on CPU or GPU.

Why an own loop instead of ``generate``: streaming needs no second thread, a message ends at any
control token (so a model can never write one), and what evaluation measures is what serving runs.
It does not batch requests: several chats at once share the cores (the edge engine will batch).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

from kefu.llm.base_models import model_facts
from kefu.llm.chat import ChatRenderer
from kefu.llm.engine import EngineError
from kefu.schema import Message
from serving.engines.detokenizer import Detokenizer

if TYPE_CHECKING:
    from serving.engines.token_grammar import GrammarState, GrammarTokens


class TransformersEngine:
    """One causal language model.

    Args:
        name: what replies and logs call it, e.g. 'centre' or 'edge'.
        folder: a Hugging Face folder with safetensors weights and tokenizer.json.
        model_name: a key of ``kefu.llm.models.MODELS`` when known; else its architecture decides.
    """

    def __init__(self, name: str, folder: Path, model_name: str = "") -> None:
        self.name, self.folder = name, folder
        config = json.loads((folder / "config.json").read_text(encoding="utf8"))
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        model: Any = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, dtype="auto")
        self.model = model.to(self.device).eval()
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.renderer = ChatRenderer(self.tokenizer, model_facts(model_name, folder).empty_think)
        self._stops = self.renderer.stop_ids
        self._longest = int(config.get("max_position_embeddings", 1 << 20))

    def stream(self, messages: Sequence[Message], max_new_tokens: int) -> Iterator[str]:
        """See ``Engine.stream``. A prompt that does not fit the model is refused with EngineError."""
        yield from self._pieces(messages, max_new_tokens, None)

    def stream_in_grammar(self, messages: Sequence[Message], max_new_tokens: int, grammar: str) -> Iterator[str]:
        """See ``GrammarEngine.stream_in_grammar``."""
        try:
            state = self._grammar_tokens.begin(grammar)
        except ValueError as error:
            raise EngineError(f"{self.name}: {error}") from error
        yield from self._pieces(messages, max_new_tokens, state)

    @cached_property
    def _grammar_tokens(self) -> GrammarTokens:
        # Only here: a second at the size of Qwen's vocabulary, which a release without a model reader need not spend.
        from serving.engines.token_grammar import GrammarTokens

        return GrammarTokens(self.tokenizer, self.renderer.end_id, int(self.model.config.vocab_size))

    def _pieces(self, messages: Sequence[Message], max_new_tokens: int, grammar: GrammarState | None) -> Iterator[str]:
        ids = self.renderer.prompt(messages)
        if len(ids) + max_new_tokens > self._longest:
            raise EngineError(
                f"{self.name}: {len(ids)} prompt + {max_new_tokens} new tokens are more than the model's "
                f"{self._longest}: lower serving.history_turns or max_new_tokens"
            )
        detokenizer = Detokenizer(self.tokenizer)
        try:
            for token_id in self._tokens(ids, max_new_tokens, grammar):
                if piece := detokenizer.add(token_id):
                    yield piece
        except (RuntimeError, IndexError, ValueError) as error:  # torch: memory, shapes, ids; a grammar: its limits
            raise EngineError(f"{self.name}: {error}") from error

    def loss(self, messages: Sequence[Message]) -> tuple[float, int]:
        """See ``Engine.loss``."""
        rendered = self.renderer.render(messages)
        ids = torch.tensor([rendered.ids], device=self.device)
        # Only what is learned meets the output matrix: of 2,048 tokens, Qwen3-8B's logits are 1.2 GB in float32.
        learned = torch.tensor(rendered.mask[1:], device=self.device).nonzero().squeeze(1)
        with torch.inference_mode():
            logits = self.model(input_ids=ids, logits_to_keep=learned).logits[0].float()
        losses = torch.nn.functional.cross_entropy(logits, ids[0, 1:][learned], reduction="sum")
        return float(losses), len(learned)

    def _tokens(self, ids: list[int], limit: int, grammar: GrammarState | None = None) -> Iterator[int]:
        """Greedy continuation, inside the grammar if there is one, until a control token or ``limit`` tokens."""
        cache, inputs = None, torch.tensor([ids], device=self.device)
        for _ in range(limit):
            # Entered anew each step: a generator must not leave the mode switched on in its caller.
            with torch.inference_mode():
                output = self.model(input_ids=inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
                logits = output.logits[:, -1]
                inputs = (grammar.masked(logits) if grammar else logits).argmax(-1, keepdim=True)
            cache, token_id = output.past_key_values, int(inputs)
            if token_id in self._stops:
                return
            if grammar:
                grammar.take(token_id)
            yield token_id
