"""The one place that renders messages to tokens, for training and for serving alike.

The result equals the model's own chat template token for token (``tests/contract`` proves it), with
one intended difference: message content is encoded by a tokenizer that knows no special tokens, so a
customer who types ``<|im_end|>`` or ``<tool_response>`` writes plain characters, never a boundary.
For the same reason ``</think>`` inside a message is text here, where Qwen3's template would cut it out.

Families: ChatML as Qwen2.5, Qwen3 (thinking off) and SmolLM2 write it. A chat should open with a system
message: the templates of Qwen2.5 and SmolLM2 put in their makers' own one otherwise, we do not.
Tool definitions are not rendered: Kefu's flows call tools, the models do not. Tool results need
``<tool_response>`` to be a token (Qwen3); where it is plain text (Qwen2.5) anyone could forge one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from kefu.errors import Unusable
from kefu.schema import Message

START, END = "<|im_start|>", "<|im_end|>"
EMPTY_THINK = ("<think>", "\n\n", "</think>", "\n\n")


@dataclass(frozen=True)
class Rendered:
    """Token ids of a chat, and which of them the assistant has to learn (1) or not (0)."""

    ids: list[int]
    mask: list[int]

    @property
    def learned(self) -> list[int]:
        """Ids of what has to be learned."""
        return [i for i, m in zip(self.ids, self.mask, strict=True) if m]


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
        empty_think: see ``kefu.llm.models.ModelFacts``.
    """

    def __init__(self, tokenizer: Tokenizer, empty_think: bool) -> None:
        self._tokenizer = tokenizer
        self._plain = plain_tokenizer(tokenizer)
        self._special: dict[str, int] = {}
        for token in (START, END, *(t for t in EMPTY_THINK if empty_think and t.startswith("<"))):
            token_id = tokenizer.token_to_id(token)
            if token_id is None:
                raise Unusable(f"tokenizer: no {token!r} token, so it is not of the ChatML family: name a model of it")
            self._special[token] = token_id
        self._tool_tokens = tokenizer.token_to_id("<tool_response>"), tokenizer.token_to_id("</tool_response>")
        self._empty_think = empty_think

    @classmethod
    def from_folder(cls, folder: Path, empty_think: bool) -> ChatRenderer:
        """Reads ``tokenizer.json`` of a model folder."""
        return cls(Tokenizer.from_file(str(folder / "tokenizer.json")), empty_think)

    @property
    def tokenizer(self) -> Tokenizer:
        return self._tokenizer

    @property
    def end_id(self) -> int:
        """The token that closes a message: generation stops at it."""
        return self._special[END]

    @property
    def stop_ids(self) -> frozenset[int]:
        """Control tokens, also those that Qwen3 does not call special (<think>, <tool_call>): none is ever shown."""
        return frozenset(self._tokenizer.get_added_tokens_decoder()) | {self.end_id}

    def encode(self, text: str) -> list[int]:
        """Ids of text in which nothing is a control token."""
        return self._plain.encode(text, add_special_tokens=False).ids

    def decode(self, ids: Sequence[int]) -> str:
        """Text of generated ids, without control tokens."""
        return self._tokenizer.decode(list(ids), skip_special_tokens=True)

    def render(self, messages: Sequence[Message]) -> Rendered:
        """A whole chat, as training sees it: the mask is 1 on its last message, where that is the assistant's.

        Earlier answers are history, of which nothing is learned: nobody chose or corrected them for this example, each
        has an example of its own, and Qwen3 writes them without the empty thought that serving's prompt ends with.
        """
        ids: list[int] = []
        mask: list[int] = []
        thinks = self._thinks(messages)
        for index, message in enumerate(messages):
            if message.role == "tool":
                piece = self._tool(messages, index)
            elif message.role == "assistant":
                last = index == len(messages) - 1
                piece = self._assistant(message.content, thinks and last)
                piece = piece if last else self._unlearned(piece.ids)
            else:
                text = self.encode(f"{message.role}\n{message.content}")
                piece = self._unlearned([self._special[START], *text, *self._end()])
            ids += piece.ids
            mask += piece.mask
        return Rendered(ids, mask)

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """A chat up to where the assistant has to speak: what serving feeds the model."""
        return self.render(messages).ids + self._opening(self._empty_think)

    def fit(self, messages: Sequence[Message], limit: int) -> tuple[Message, ...] | None:
        """The chat without its oldest messages, as few as possible to render to at most ``limit`` tokens.

        The system message and everything from the last user message on are kept; None when these
        alone are too long. What is left may begin with the assistant, as serving's history does; it
        never begins with a tool result whose call was dropped.
        """
        system = tuple(message for message in messages[:1] if message.role == "system")
        rest = tuple(messages[len(system) :])
        users = [index for index, message in enumerate(rest) if message.role == "user"]
        newest = users[-1] if users else max(0, len(rest) - 1)
        for start in range(newest + 1):
            if start and rest[start].role == "tool":
                continue
            if len(self.render(system + rest[start:]).ids) <= limit:
                return system + rest[start:]
        return None

    def _thinks(self, messages: Sequence[Message]) -> bool:
        """Qwen3 opens the final answer with an empty thought, if it answers anybody at all."""
        return self._empty_think and any(message.role == "user" for message in messages)

    def _end(self) -> list[int]:
        return [self._special[END], *self.encode("\n")]

    def _opening(self, think: bool) -> list[int]:
        parts = [START, "assistant\n", *(EMPTY_THINK if think else ())]
        return [i for part in parts for i in ([self._special[part]] if part in self._special else self.encode(part))]

    def _assistant(self, content: str, think: bool) -> Rendered:
        """Opening and content share a text run ("assistant\\n" or the "\\n\\n" after the thought), and a
        line break that begins the content merges with it, as in the template: such a token is not learned,
        because when serving it is already there."""
        opening = self._opening(think)
        lead = "\n\n" if think else "assistant\n"
        encoded = self._plain.encode(lead + (content.lstrip("\n") if think else content), add_special_tokens=False)
        learned = [int(start >= len(lead)) for start, _ in encoded.offsets]
        before = opening[: len(opening) - len(self.encode(lead))]
        end = self._end()
        # The end token is learned, the newline after it is not: generation stops before it.
        return Rendered([*before, *encoded.ids, *end], [0] * len(before) + learned + [1] + [0] * (len(end) - 1))

    def _tool(self, messages: Sequence[Message], index: int) -> Rendered:
        """Tool results stand in a user message; several in a row share one."""
        opening, closing = self._tool_tokens
        if opening is None or closing is None:
            raise Unusable("tokenizer: no <tool_response> tokens, the model knows no tool results: name one that does")
        first = index == 0 or messages[index - 1].role != "tool"
        last = index == len(messages) - 1 or messages[index + 1].role != "tool"
        head = [self._special[START], *self.encode("user\n")] if first else self.encode("\n")
        body = self.encode(f"\n{messages[index].content}\n")
        return self._unlearned([*head, opening, *body, closing, *(self._end() if last else [])])

    @staticmethod
    def _unlearned(ids: list[int]) -> Rendered:
        return Rendered(ids, [0] * len(ids))
