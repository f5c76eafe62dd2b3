"""Requests and answers of the OpenAI-compatible interface, as far as it goes.

What is not offered has a field that allows only its absence, so it is a 400 that names it, and the OpenAPI document
says so. Fields that are not named here are ignored: clients send many, and none of the others changes the answer.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MAX_STOPS = 4
Finish = Literal["stop", "length", "content_filter"]


def _nothing(value: Any) -> Any:
    if value:
        raise ValueError("is not offered: leave it out")
    return value


def _one(value: Any) -> Any:
    if value not in (None, 1):
        raise ValueError("only one choice is offered: leave it out")
    return value


def _text(value: Any) -> Any:
    if isinstance(value, dict) and value.get("type", "text") != "text":
        raise ValueError("only plain text is offered: leave it out")
    return value


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 8.0 is an integer, too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Tokens = Annotated[Annotated[int, Field(gt=0)] | None, BeforeValidator(_whole)]
NoList = Annotated[Annotated[list[Any], Field(max_length=0)] | None, BeforeValidator(_nothing)]


class OpenAIBody(BaseModel):
    model_config = ConfigDict(strict=True)


class Part(OpenAIBody):
    type: Literal["text"]
    text: str


class OpenAIMessage(OpenAIBody):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Part]

    @property
    def text(self) -> str:
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)


class StreamOptions(OpenAIBody):
    include_usage: bool = False


class ResponseFormat(OpenAIBody):
    type: Literal["text"]


class CompletionRequest(OpenAIBody):
    """OpenAI's request. Decoding is always greedy, whatever ``temperature`` says.

    max_tokens, max_completion_tokens: of the bare models. stop: ends the answer before the first of them.
    """

    model: str
    messages: list[OpenAIMessage] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: Tokens = None
    max_completion_tokens: Tokens = None
    stop: (
        Annotated[str, Field(min_length=1)]
        | Annotated[list[Annotated[str, Field(min_length=1)]], Field(max_length=MAX_STOPS)]
        | None
    ) = None
    temperature: float | None = Field(None, ge=0, le=2)
    n: Annotated[Literal[1] | None, BeforeValidator(_one)] = None
    response_format: Annotated[ResponseFormat | None, BeforeValidator(_text)] = None
    logprobs: Annotated[Literal[False] | None, BeforeValidator(_nothing)] = None
    tools: NoList = None
    functions: NoList = None

    @property
    def limit(self) -> int | None:
        """New tokens of the answer, at most; None: as many as the server gives."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with the usage."""
        return self.stream_options is not None and self.stream_options.include_usage

    @property
    def stops(self) -> list[str]:
        return [self.stop] if isinstance(self.stop, str) else self.stop or []


class TokenUsage(BaseModel):
    """Tokens of a bare model: of the prompt, and those that it made, also where a stop word or a check cut them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class AnswerMessage(BaseModel):
    role: Literal["assistant"]
    content: str


class Choice(BaseModel):
    """finish_reason: 'content_filter' when a check of the words ended them."""

    index: int
    message: AnswerMessage
    finish_reason: Finish


class Completion(BaseModel):
    """An answer. usage: null for ``kefu``, most of whose answers come from no model."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: TokenUsage | None


class ModelCard(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: Literal["kefu"] = "kefu"


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelCard]
