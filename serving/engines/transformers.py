"""A Hugging Face folder as an engine: greedy decoding with a key-value cache, on CPU or GPU.

Why an own loop instead of ``generate``: streaming needs no second thread, a message ends at any
control token (so a model can never write one), and what evaluation measures is what serving runs.
It does not batch requests: several chats at once share the cores (``serving/engines/openvino`` batches).
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoModelForCausalLM

from kefu.llm.chat import Rendered
from kefu.llm.engine import EngineError
from kefu.schema import Message
from serving.engines.chat_engine import ChatEngine, EngineSettings, Token

if TYPE_CHECKING:
    from serving.engines.token_grammar import GrammarState, GrammarTokens


class TransformersEngine(ChatEngine):
    """See the module's description; arguments as of ``ChatEngine``."""

    def __init__(self, name: str, folder: Path, model_name: str = "", settings: EngineSettings | None = None) -> None:
        super().__init__(name, folder, model_name, settings or EngineSettings())
        self.at_once = 1
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        model: Any = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, dtype="auto")
        self.model = model.to(self.device).eval()

    def stream_in_grammar(self, messages: Sequence[Message], max_new_tokens: int, grammar: str) -> Iterator[str]:
        """See ``GrammarEngine.stream_in_grammar``."""
        try:
            state = self._grammar_tokens.begin(grammar)
        except ValueError as error:
            raise EngineError(f"{self.name}: {error}") from error
        ids, deadline = self.renderer.prompt(messages), time.monotonic() + self.settings.timeout_s
        return self._texts(self._steps(ids, max_new_tokens, deadline, self._decode(ids, max_new_tokens, state)))

    @cached_property
    def _grammar_tokens(self) -> GrammarTokens:
        # Only here: a second at the size of Qwen's vocabulary, which a release without a model reader need not spend.
        from serving.engines.token_grammar import GrammarTokens

        return GrammarTokens(self.tokenizer, self.renderer.end_id, int(self.model.config.vocab_size))

    def loss(self, messages: Sequence[Message]) -> tuple[float, int]:
        """See ``Engine.loss``."""
        rendered = self.renderer.render(messages)
        scores, learned = self.log_probs(rendered), torch.tensor(rendered.learned)
        return float(-scores.gather(-1, learned[:, None].to(scores.device)).sum()), len(learned)

    def log_probs(self, rendered: Rendered) -> torch.Tensor:
        """(learned tokens, vocabulary) float32: what the model thinks before each of them."""
        ids = torch.tensor([rendered.ids], device=self.device)
        # Only what is learned meets the output matrix: of 2,048 tokens, Qwen3-8B's logits are 1.2 GB in float32.
        learned = torch.tensor(rendered.mask[1:], device=self.device).nonzero().squeeze(1)
        with torch.inference_mode():
            return self.model(input_ids=ids, logits_to_keep=learned).logits[0].float().log_softmax(-1)

    def close(self) -> None:
        """Nothing: memory goes with the last reference."""

    def _continue(self, ids: list[int], limit: int, deadline: float) -> Generator[Token]:
        return self._decode(ids, limit, None)

    def _decode(self, ids: list[int], limit: int, grammar: GrammarState | None) -> Generator[Token]:
        """Greedy continuation, inside the grammar if there is one, until a control token or ``limit`` tokens."""
        cache, inputs = None, torch.tensor([ids], device=self.device)
        try:
            for _ in range(limit):
                # Entered anew each step: a generator must not leave the mode switched on in its caller.
                with torch.inference_mode():
                    output = self.model(input_ids=inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
                    logits = output.logits[:, -1].float()
                    inputs = (grammar.masked(logits) if grammar else logits).argmax(-1, keepdim=True)
                    log_prob = float(logits.gather(-1, inputs) - logits.logsumexp(-1))
                cache, token_id = output.past_key_values, int(inputs)
                if grammar and token_id not in self._stops:
                    grammar.take(token_id)
                yield Token(token_id, log_prob)
        except (RuntimeError, IndexError, ValueError) as error:  # torch: memory, shapes; a grammar: its limits
            raise EngineError(f"{self.name}: {error}") from error
