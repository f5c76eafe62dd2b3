"""How likely a model finds a given text: the graph alone, without the pipeline.

The pipeline could echo a prompt with its log-probabilities, but leaves out what its prefix cache has, which is just
what serving asks about.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

from kefu.llm.chat import Rendered

TOKENS = 256  # at once: of Qwen's vocabulary their logits are 155 MB


class Scorer:
    """A compiled graph with its cache; one text after the other."""

    def __init__(self, graph: Path, properties: dict[str, Any]) -> None:
        self._request = ov.Core().compile_model(graph, "CPU", properties).create_infer_request()
        self._lock = threading.Lock()

    def loss(self, rendered: Rendered) -> tuple[float, int]:
        """The negative log-likelihood (nats) of the learned tokens, and how many they are."""
        scores = self.log_probs(rendered)
        learned = np.array(rendered.learned)
        return -float(scores[np.arange(len(learned)), learned].sum()), len(learned)

    def log_probs(self, rendered: Rendered) -> np.ndarray:
        """(learned tokens, vocabulary) float32: what the model thinks before each of them."""
        ids, learned = np.array(rendered.ids), np.array(rendered.mask, bool)
        found = []
        with self._lock:
            self._request.reset_state()
            for start in range(0, len(ids) - 1, TOKENS):
                stop = min(start + TOKENS, len(ids) - 1)  # nothing follows the last token
                logits = self._logits(ids[start:stop], start)[learned[start + 1 : stop + 1]]
                shifted = logits - logits.max(-1, keepdims=True)
                # In float32 a sum over a large vocabulary errs by more than 8-bit weights change.
                total = np.exp(shifted).sum(-1, keepdims=True, dtype=np.float64)
                found.append((shifted - np.log(total)).astype(np.float32))
        return np.concatenate(found)

    def _logits(self, ids: np.ndarray, start: int) -> np.ndarray:
        """(tokens, vocabulary) float32 of the tokens that follow ``start`` known ones."""
        inputs = {
            "input_ids": ids[None],
            "attention_mask": np.ones((1, start + len(ids)), np.int64),
            "position_ids": np.arange(start, start + len(ids))[None],
            "beam_idx": np.zeros(1, np.int32),
        }
        logits: np.ndarray = self._request.infer(inputs)["logits"][0]
        return logits
