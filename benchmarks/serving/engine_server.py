"""One engine of Kefu behind the least of HTTP, to be measured beside the plain server.

    python -m benchmarks.serving.engine_server MODEL_FOLDER PORT MAX_NEW_TOKENS

The folder's weights decide the engine, as in a release: ``openvino/`` beside the safetensors, or transformers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from kefu.llm.engine import LoadedEngine
from kefu.schema import Message
from serving.engines.chat_engine import EngineSettings
from serving.engines.load import load_engine


class Ask(BaseModel):
    """A chat of one message under a system message."""

    system: str
    message: str


def build(engine: LoadedEngine, max_new_tokens: int) -> FastAPI:
    """The application over one engine: the pieces of an answer as they come, as text."""
    app = FastAPI()

    @app.post("/v1/chat")
    def chat(body: Ask) -> StreamingResponse:
        messages = [Message(role="system", content=body.system), Message(role="user", content=body.message)]
        pieces: Iterator[str] = engine.stream(messages, max_new_tokens)
        return StreamingResponse(pieces, media_type="text/plain; charset=utf-8")

    return app


if __name__ == "__main__":
    opened = load_engine("edge", Path(sys.argv[1]), "", EngineSettings(timeout_s=600))
    try:
        uvicorn.run(build(opened, int(sys.argv[3])), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
    finally:
        opened.close()
