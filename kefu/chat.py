"""The one place that renders messages to tokens, for training and for serving alike.

The result equals the model's own chat template token for token (``tests/contract`` proves it), with
one intended difference: message content is encoded by a tokenizer that knows no special tokens, so a
customer who types ``<|im_end|>`` or ``<tool_response>`` writes plain characters, never a boundary.

Families: ChatML as Qwen2.5, Qwen3 (thinking off) and SmolLM2 write it. Tool definitions are not
rendered: Kefu's flows call tools, the models do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from kefu.schema import Message

START, END = "<|im_start|>", "<|im_end|>"
EMPTY_THINK = ("<think>", "\n\n", "</think>", "\n\n")


@dataclass(frozen=True)
class Rendered:
    """Token ids of a chat, and which of them the assistant has to learn (1) or not (0)."""

    ids: list[int]
    mask: list[int]


def plain_tokenizer(tokenizer: Tokenizer) -> Tokenizer:
    """The same tokenizer without its added tokens: no text can become a control token."""
    plain = Tokenizer(tokenizer.model)
    if tokenizer.normalizer:
        plain.normalizer = tokenizer.normalizer
    if tokenizer.pre_tokenizer:
        plain.pre_tokenizer = tokenizer.pre_tokenizer
    return plain


class ChatRenderer:
    """Renders chats for one tokenizer.

    Args:
        tokenizer: the model's own ``tokenizers.Tokenizer``.
        empty_think: see ``kefu.models.ModelFacts``.
    """

    def __init__(self, tokenizer: Tokenizer, empty_think: bool) -> None:
        self._plain = plain_tokenizer(tokenizer)
        self._special: dict[str, int] = {}
        for token in (START, END, *(t for t in EMPTY_THINK if empty_think and t.startswith("<"))):
            token_id = tokenizer.token_to_id(token)
            if token_id is None:
                raise ValueError(f"The tokenizer has no {token!r} token: it is not of the ChatML family")
            self._special[token] = token_id
        self._tool_tokens = tokenizer.token_to_id("<tool_response>"), tokenizer.token_to_id("</tool_response>")
        self._empty_think = empty_think

    @classmethod
    def from_folder(cls, folder: Path, empty_think: bool) -> ChatRenderer:
        """Reads ``tokenizer.json`` of a model folder."""
        return cls(Tokenizer.from_file(str(folder / "tokenizer.json")), empty_think)

    @property
    def end_id(self) -> int:
        """The token that closes a message: generation stops at it."""
        return self._special[END]

    def encode(self, text: str) -> list[int]:
        """Ids of text in which nothing is a control token."""
        return self._plain.encode(text, add_special_tokens=False).ids

    def render(self, messages: Sequence[Message]) -> Rendered:
        """A whole chat, as training sees it: the mask is 1 on what the assistant said and its end."""
        ids: list[int] = []
        mask: list[int] = []
        for index, message in enumerate(messages):
            head, body, tail = self._message(messages, index)
            learned = int(message.role == "assistant")
            ids += head + body + tail
            # The end token is learned, the newline after it is not: generation stops before it.
            end = [learned] + [0] * (len(tail) - 1) if tail else []
            mask += [0] * len(head) + [learned] * len(body) + end
        return Rendered(ids, mask)

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """A chat up to where the assistant has to speak: what serving feeds the model."""
        head = [self._special[START], *self.encode("assistant\n")]
        return self.render(messages).ids + head + (self._think() if self._empty_think else [])

    def _think(self) -> list[int]:
        parts = [[self._special[part]] if part in self._special else self.encode(part) for part in EMPTY_THINK]
        return [token for part in parts for token in part]

    def _message(self, messages: Sequence[Message], index: int) -> tuple[list[int], list[int], list[int]]:
        message = messages[index]
        start, end = self._special[START], [self._special[END], *self.encode("\n")]
        if message.role == "tool":
            return self._tool(messages, index)
        if message.role != "assistant":
            return [start], self.encode(f"{message.role}\n{message.content}"), end
        if self._empty_think and index == len(messages) - 1:
            return [start, *self.encode("assistant\n"), *self._think()], self.encode(message.content.lstrip("\n")), end
        return [start, *self.encode("assistant\n")], self.encode(message.content), end

    def _tool(self, messages: Sequence[Message], index: int) -> tuple[list[int], list[int], list[int]]:
        """Tool results stand in a user message; several in a row share one."""
        opening, closing = self._tool_tokens
        if opening is None or closing is None:
            raise ValueError("This tokenizer has no <tool_response> tokens: the model knows no tool results")
        first = index == 0 or messages[index - 1].role != "tool"
        last = index == len(messages) - 1 or messages[index + 1].role != "tool"
        head = [self._special[START], *self.encode("user\n")] if first else self.encode("\n")
        end = [self._special[END], *self.encode("\n")] if last else []
        return [*head, opening], self.encode(f"\n{messages[index].content}\n"), [closing, *end]
