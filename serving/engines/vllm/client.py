"""vLLM's OpenAI server, as an engine asks it: token ids in, token ids and log-probabilities out.

``/v1/completions`` with ``return_token_ids``; a closed connection is a cancelled chat. vLLM itself never refuses a
chat: it lets it wait, so the engine's own bound decides.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Generator, Iterable, Sequence
from itertools import starmap
from typing import Any

import httpx

from kefu.llm.engine import EngineBusy, EngineError
from serving.engines.chat_engine import Token, late

CONNECT_S, METRICS_S = 5.0, 1.0
BUSY = (429, 503)
_CACHE_USAGE = re.compile(r"^vllm:kv_cache_usage_perc(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


class VLLMClient:
    """One model of one server, for many threads.

    Args:
        name: of the engine, for messages.
        model: what the server calls it.
        key: of a server that asks for one (`vllm serve --api-key`).
    """

    def __init__(self, name: str, model: str, key: str | None) -> None:
        self._name, self._model = name, model
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        limits = httpx.Limits(max_connections=None)
        self._http = httpx.Client(headers=headers, limits=limits, trust_env=False)

    def max_model_len(self, url: str) -> int:
        """The longest prompt with its answer. Raises EngineError when the server does not have the model."""
        try:
            answer = self._http.get(f"{url}/v1/models", timeout=CONNECT_S)
        except httpx.HTTPError as error:
            raise self._lost(url, error) from error
        models = {one["id"]: one for one in self._json(answer)["data"]}
        if self._model not in models:
            raise EngineError(
                f"{self._name}: {url} serves {', '.join(models)}, not {self._model}: start a server for this release, "
                f"or add its adapter there as --lora-modules {self._model}=FOLDER (docs/guides/engines.md)"
            )
        return int(models[self._model].get("max_model_len") or 1 << 20)

    def tokens(
        self, url: str, ids: list[int], limit: int, stop_ids: Iterable[int], grammar: str | None, deadline: float
    ) -> Generator[Token]:
        """Greedy tokens, the one that ends them included; closing it cancels the chat.

        A server that falls silent is given up after the time that the deadline leaves.

        Raises:
            EngineBusy: the server has no room. DeadlineExceeded, EngineError: as of ``LoadedEngine.generate``.
        """
        body: dict[str, Any] = {
            "model": self._model,
            "prompt": ids,
            "max_tokens": limit,
            "temperature": 0.0,
            "stop_token_ids": sorted(stop_ids),
            "logprobs": 0,  # of the chosen token alone
            "return_token_ids": True,
            "stream": True,
        }
        if grammar is not None:
            body["structured_outputs"] = {"grammar": grammar}
        try:
            with self._http.stream("POST", f"{url}/v1/completions", json=body, timeout=_timeout(deadline)) as answer:
                if answer.status_code != httpx.codes.OK:
                    answer.read()
                    raise self._refused(answer)
                for line in answer.iter_lines():
                    if line.startswith("data: {"):
                        yield from self._read(json.loads(line.removeprefix("data: ")))
        except httpx.TimeoutException as error:
            raise late(self._name) from error
        except httpx.HTTPError as error:
            raise self._lost(url, error) from error

    def log_probs(self, url: str, ids: Sequence[int], deadline: float) -> list[float]:
        """The log-probability (nats) of each id but the first, after those before it."""
        body = {"model": self._model, "prompt": list(ids), "max_tokens": 1, "temperature": 0.0, "prompt_logprobs": 0}
        try:
            answer = self._http.post(f"{url}/v1/completions", json=body, timeout=_timeout(deadline))
        except httpx.TimeoutException as error:
            raise late(self._name) from error
        except httpx.HTTPError as error:
            raise self._lost(url, error) from error
        known = self._json(answer)["choices"][0]["prompt_logprobs"]
        return [float(by_id[str(i)]["logprob"]) for i, by_id in zip(ids[1:], known[1:], strict=True)]

    def cache_usage(self, url: str) -> float:
        """Share of the key-value cache in use; 0 when the server does not tell."""
        try:
            found = _CACHE_USAGE.findall(self._http.get(f"{url}/metrics", timeout=METRICS_S).text)
        except httpx.HTTPError:
            return 0.0
        return max(map(float, found), default=0.0)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def _read(self, chunk: dict[str, Any]) -> Generator[Token]:
        if "error" in chunk:
            raise EngineError(f"{self._name}: vLLM: {chunk['error']['message']}")
        for choice in chunk["choices"]:
            if choice.get("token_ids") is None:
                raise EngineError(f"{self._name}: vLLM answers without token ids: install 0.11 or a newer one")
            yield from starmap(Token, zip(choice["token_ids"], choice["logprobs"]["token_logprobs"], strict=True))

    def _json(self, answer: httpx.Response) -> Any:
        if answer.status_code != httpx.codes.OK:
            raise self._refused(answer)
        return answer.json()

    def _refused(self, answer: httpx.Response) -> EngineError:
        try:
            why = str(answer.json()["error"]["message"])
        except (ValueError, KeyError, TypeError):
            why = answer.text
        kind = EngineBusy if answer.status_code in BUSY else EngineError
        return kind(f"{self._name}: vLLM answers {answer.status_code}: {why[:300]}")

    def _lost(self, url: str, error: Exception) -> EngineError:
        why = f"the connection to {url} was lost ({type(error).__name__}: {error})"
        return EngineError(f"{self._name}: {why}: send the request again")


def _timeout(deadline: float) -> httpx.Timeout:
    return httpx.Timeout(max(0.001, deadline - time.monotonic()), connect=CONNECT_S)
