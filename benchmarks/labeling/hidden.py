"""The base model's own hidden states as features: a reader that is not trained, below a linear classifier.

Each field of the view is rendered as one message of its speaker, in the roles the base model was pretrained
with, and read by itself. As with ``kefu.intents.features``' encoder, a field's vector is the mean of its tokens'
states, centred and of the field's weight in length.

Two layers are shown: the last one serves the next token, one in the middle often says more. Reading the turn
below its context in one chat, standardizing, and the other layers were compared too (docs/measurements/labeling.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging as transformers_logging

from benchmarks.labeling.opinions import TaskRows, out_of_fold, svm
from kefu.intents.views import LABELER_FIELDS, ROUTER_FIELDS
from kefu.llm.base_models import model_facts
from kefu.llm.chat import ChatRenderer
from kefu.schema import Message

LONGEST, BATCH = 256, 64  # tokens of a text that are read; texts at once
BESIDE = 0.5  # weight of the states beside the n-grams
AGENT = {"previous", "answer"}  # fields that the agent spoke


class Reader:
    """A base model in a Hugging Face folder, and how it is shown a text."""

    def __init__(self, base: Path) -> None:
        transformers_logging.disable_progress_bar()
        self.model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(base).eval()
        self.layers: int = self.model.config.num_hidden_layers
        self._renderer = ChatRenderer.from_folder(base, model_facts(base.name, base).empty_think)

    def ids(self, field: str, text: str) -> list[int]:
        """One message; a text is data, so nothing in it is a control token."""
        message = Message(role="assistant" if field in AGENT else "user", content=text)
        return self._renderer.render([message]).ids[:LONGEST]

    @torch.no_grad()
    def means(self, chats: Sequence[Sequence[int]], layer: int) -> np.ndarray:
        """(chats, hidden) mean state of a chat's tokens after ``layer`` blocks."""
        result = np.zeros((len(chats), self.model.config.hidden_size), dtype=np.float32)
        order = sorted(range(len(chats)), key=lambda row: len(chats[row]))
        for begin in range(0, len(order), BATCH):
            rows = order[begin : begin + BATCH]
            ids, there = pad_chats([chats[row] for row in rows])
            read = self.model.model(input_ids=ids, attention_mask=there, output_hidden_states=True)
            result[rows] = mean_state(read.hidden_states[layer], there).numpy()
        return result


def pad_chats(chats: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids, and 1 where a chat has a token: (chats, longest) each."""
    sequences = [torch.tensor(chat) for chat in chats]
    ids = torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True)
    there = torch.nn.utils.rnn.pad_sequence([torch.ones_like(s) for s in sequences], batch_first=True)
    return ids, there


def mean_state(states: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """(chats, hidden) mean of (chats, tokens, hidden) over the tokens where ``where`` is 1."""
    return (states * where[..., None]).sum(dim=1) / where.sum(dim=1, keepdim=True)


@cache
def states(prepared: TaskRows, reader: Reader, layer: int) -> sp.csr_matrix:
    """Rows of the training turns and of those kept out."""
    samples = prepared.samples[: prepared.count + len(prepared.task.test)]
    parts = []
    for name, weight in (LABELER_FIELDS if prepared.view == "labeler" else ROUTER_FIELDS).items():
        place = {text: number for number, text in enumerate(dict.fromkeys(sample[name] for sample in samples))}
        vectors = reader.means([reader.ids(name, text) for text in place], layer)
        vectors = vectors[[place[sample[name]] for sample in samples]]
        said = np.array([bool(sample[name].strip()) for sample in samples])
        parts.append(weight * _unit(vectors, said, prepared.count))
    return sp.csr_matrix(np.hstack(parts))


def frozen(prepared: TaskRows, reader: Reader, layer: int) -> np.ndarray:
    return out_of_fold(prepared, states(prepared, reader, layer), svm)


def beside_ngrams(prepared: TaskRows, reader: Reader) -> np.ndarray:
    found = states(prepared, reader, reader.layers)
    rows = sp.hstack([prepared.rows[: found.shape[0]], BESIDE * found]).tocsr()
    return out_of_fold(prepared, rows, svm)


def _unit(vectors: np.ndarray, said: np.ndarray, train: int) -> np.ndarray:
    """Centred on the training turns and of length 1; a field without text says nothing."""
    if not said[:train].any():
        return np.zeros_like(vectors)
    centred = np.where(said[:, None], vectors - vectors[:train][said[:train]].mean(axis=0), 0)
    return np.asarray(centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6))
