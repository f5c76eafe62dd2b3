"""A stand-in of vLLM's OpenAI server over any model: no vLLM, no GPU.

    python -m tests.engines.vllm_stand_in serve FOLDER …        (as `vllm serve`, over a model that counts)

It takes and answers what vLLM 0.32 documents (vllm/entrypoints/openai/completion/protocol.py), of which it knows what
Kefu sends. Any other field or argument is refused: vLLM would ignore the one, and not start with the other.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import llguidance
import numpy as np
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from llguidance import LLMatcher, LLTokenizer
from pydantic import BaseModel, ConfigDict, Field, model_validator
from tokenizers import Tokenizer

from kefu.llm.chat import END

Model = Callable[[Sequence[int]], np.ndarray]  # ids → (ids, vocabulary): log-probabilities of what follows each
COUNTED = (300, 500)  # ids among which the model counts that needs no weights
BACKENDS = ("auto", "xgrammar", "guidance", "outlines", "lm-format-enforcer")


class StructuredOutputs(BaseModel):
    model_config = ConfigDict(extra="forbid")
    grammar: str


class CompletionRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    model: str
    prompt: list[int] = Field(min_length=1)
    max_tokens: int = Field(16, ge=1)
    temperature: float = Field(ge=0, le=0)  # anything else draws by chance
    logprobs: int | None = Field(None, ge=0)
    prompt_logprobs: int | None = Field(None, ge=0)
    stop_token_ids: list[int] = []
    stream: bool = False
    return_token_ids: bool = False
    structured_outputs: StructuredOutputs | None = None

    @model_validator(mode="after")
    def _prompt_logprobs_come_whole(self) -> CompletionRequest:
        if self.stream and self.prompt_logprobs:
            raise ValueError("`prompt_logprobs` are not available when `stream=True`.")
        return self


def build(model: Model, tokenizer: Tokenizer, served_as: str, max_model_len: int) -> FastAPI:
    """The server. ``app.state.running``: chats that it answers now; ``app.state.is_full``: it answers 503."""
    app, constraint = FastAPI(), Constraint(tokenizer)
    app.state.running, app.state.is_full = 0, False

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return refused(400, str(error.errors()))

    @app.get("/health")
    async def health() -> Response:
        return Response()

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        card = {"id": served_as, "object": "model", "owned_by": "vllm", "max_model_len": max_model_len}
        return {"object": "list", "data": [card]}

    @app.get("/metrics")
    async def metrics() -> PlainTextResponse:
        name = "vllm:kv_cache_usage_perc"
        labels = f'{{engine="0",model_name="{served_as}"}}'
        return PlainTextResponse(f"# TYPE {name} gauge\n{name}{labels} {0.25 if app.state.running else 0.0}\n")

    @app.post("/v1/completions")
    async def completions(body: CompletionRequest) -> Response:
        if app.state.is_full:
            return refused(503, "overloaded")
        if body.model != served_as:
            return refused(404, f"The model `{body.model}` does not exist.")
        if len(body.prompt) + body.max_tokens > max_model_len:
            return refused(400, f"This model's maximum context length is {max_model_len} tokens.")
        if body.structured_outputs and (wrong := constraint.problem(body.structured_outputs.grammar)):
            return refused(400, f"Grammar error: {wrong}")
        if body.stream:
            return StreamingResponse(chunks(body), media_type="text/event-stream")
        choice = {"index": 0, "text": "", "finish_reason": "length", "prompt_logprobs": known(body)}
        return JSONResponse({"object": "text_completion", "model": served_as, "choices": [choice]})

    def known(body: CompletionRequest) -> list[dict[str, Any] | None]:
        rows = model(body.prompt)
        pairs = zip(body.prompt[1:], rows, strict=False)
        return [None, *({str(i): {"logprob": float(row[i]), "rank": 1, "decoded_token": ""}} for i, row in pairs)]

    async def chunks(body: CompletionRequest) -> AsyncIterator[str]:
        app.state.running += 1
        try:
            ids, matcher = list(body.prompt), constraint.begin(body.structured_outputs)
            stops = {*body.stop_token_ids, constraint.end_id}
            for left in reversed(range(body.max_tokens)):
                row = (await asyncio.to_thread(model, ids))[-1]
                token = int(np.argmax(row if matcher is None else np.where(constraint.allowed(matcher), row, -np.inf)))
                ids.append(token)
                if matcher and token not in stops:
                    matcher.consume_token(token)
                reason = "stop" if token in stops else None if left else "length"
                # The model's own log-probability, whatever a grammar forbids: --logprobs-mode raw_logprobs.
                told = {"tokens": [str(token)], "token_logprobs": [float(row[token])], "top_logprobs": [None]}
                choice = {"index": 0, "text": "", "logprobs": told if body.logprobs is not None else None}
                choice |= {"finish_reason": reason, "token_ids": [token] if body.return_token_ids else None}
                yield f"data: {json.dumps({'object': 'text_completion', 'model': served_as, 'choices': [choice]})}\n\n"
                if reason:
                    break
            yield "data: [DONE]\n\n"
        finally:
            app.state.running -= 1

    return app


class Constraint:
    """vLLM's backend `guidance`: the same library, called the same way."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.end_id = tokenizer.token_to_id(END)
        self._tokenizer = LLTokenizer(tokenizer.to_str(), eos_token=self.end_id)

    def problem(self, grammar: str) -> str:
        """Why a grammar is not valid; empty when it is."""
        return str(LLMatcher.validate_grammar(llguidance.grammar_from("grammar", grammar), self._tokenizer))

    def begin(self, outputs: StructuredOutputs | None) -> LLMatcher | None:
        """Where an answer in a grammar begins; None without one."""
        if outputs is None:
            return None
        return LLMatcher(self._tokenizer, llguidance.grammar_from("grammar", outputs.grammar))

    def allowed(self, matcher: LLMatcher) -> np.ndarray:
        """(vocabulary,) bool."""
        return np.frombuffer(bytearray(matcher.compute_logit_bias()), np.uint8) != 0


def refused(status: int, message: str) -> JSONResponse:
    """vLLM's error."""
    return JSONResponse(
        {"error": {"message": message, "type": "BadRequestError", "param": None, "code": status}}, status
    )


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """The address of a server in a thread of this process."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def counting(ids: Sequence[int]) -> np.ndarray:
    """A model whose next token is the last one plus one, after a moment."""
    time.sleep(0.02)
    low, high = COUNTED
    rows = np.full((len(ids), high), -30.0)
    rows[np.arange(len(ids)), low + (np.array(ids) + 1 - low) % (high - low)] = 0.0
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--served-model-name", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tensor-parallel-size", type=int)
    parser.add_argument("--max-model-len", type=int, required=True)
    parser.add_argument("--max-num-seqs", type=int)
    parser.add_argument("--gpu-memory-utilization", type=float)
    parser.add_argument("--enable-prefix-caching", action="store_true")
    parser.add_argument("--generation-config", choices=["auto", "vllm"])
    parser.add_argument("--structured-outputs-config.backend", choices=BACKENDS)
    args = parser.parse_args()
    assert os.environ["VLLM_NO_USAGE_STATS"] == "1", "vLLM would tell its makers"
    tokenizer = Tokenizer.from_file(str(args.folder / "tokenizer.json"))
    app = build(counting, tokenizer, args.served_model_name, args.max_model_len)
    uvicorn.run(app, host=args.host, port=args.port, log_level="warning")


if __name__ == "__main__":
    main()
