"""The plain server that Kefu is compared with: FastAPI, and one ``model.generate`` a request.

    python -m benchmarks.serving.plain_server MODEL_FOLDER PORT MAX_NEW_TOKENS

No flows, no knowledge, no session, no batching: what a chat service begins as. Each request is a chat of one message.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForCausalLM, AutoTokenizer


class Ask(BaseModel):
    message: str
    system: str | None = None


def build(folder: str, max_new_tokens: int) -> FastAPI:
    """The application over one model folder."""
    torch.set_num_threads(1)  # as in Kefu: requests at once share the cores
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder).eval()
    app = FastAPI()

    @app.post("/v1/chat")
    def chat(body: Ask) -> dict[str, str]:
        asked = [("system", body.system), ("user", body.message)]
        messages = [{"role": role, "content": text} for role, text in asked if text is not None]
        tokens = tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        with torch.inference_mode():
            said = model.generate(**tokens, max_new_tokens=max_new_tokens, do_sample=False)
        answer = said[0, tokens["input_ids"].shape[1] :]
        return {"text": tokenizer.decode(answer, skip_special_tokens=True)}

    return app


if __name__ == "__main__":
    uvicorn.run(build(sys.argv[1], int(sys.argv[3])), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
