"""Keeps a model's tokens inside a grammar: tokens that the grammar forbids cannot be chosen.

The grammar is a Lark grammar of llguidance (``kefu/llm/acts_format.py`` makes one). A text that reaches the limit of
tokens may end inside a line: only what ends by itself is complete.
"""

from __future__ import annotations

import torch
from llguidance import LLMatcher, LLTokenizer
from tokenizers import Tokenizer


class GrammarTokens:
    """A tokenizer as grammars see it; made once, for making it takes a second at 150,000 tokens.

    Args:
        end_id: the token that ends a message.
        vocab_size: width of the model's logits, which may be padded.
    """

    def __init__(self, tokenizer: Tokenizer, end_id: int, vocab_size: int) -> None:
        self._tokenizer = LLTokenizer(tokenizer.to_str(), n_vocab=vocab_size, eos_token=end_id)

    def begin(self, grammar: str) -> GrammarState:
        """Where a text begins. Raises ValueError when the grammar is not valid."""
        return GrammarState(LLMatcher(self._tokenizer, grammar))


class GrammarState:
    """How far one text has come in its grammar."""

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher
        self._check()

    def masked(self, logits: torch.Tensor) -> torch.Tensor:
        """``logits`` (1, vocab) with -inf for tokens that cannot come next."""
        allowed = torch.frombuffer(bytearray(self._matcher.compute_logit_bias()), dtype=torch.uint8)
        self._check()
        return logits.masked_fill(allowed.to(logits.device)[: logits.shape[-1]] == 0, float("-inf"))

    def take(self, token_id: int) -> None:
        """Goes on by one token that ``masked`` allowed."""
        self._matcher.consume_token(token_id)
        self._check()

    def _check(self) -> None:
        if self._matcher.is_error():
            raise ValueError(f"grammar: {self._matcher.get_error()}")
