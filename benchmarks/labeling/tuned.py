"""The base model fine-tuned, all of it, with a linear head that tells the intent.

The view is one chat: what was said around the turn first, the turn last, so that its tokens have read the rest
although the model reads one way only. The head sees the mean of the turn's states after the last layer.

It is trained twice: without one fold of the training dialogues, for the calibration, and with all of them.
(The other rows are calibrated on all folds. For this one that would be five trainings.) It ends after a fixed
number of steps: on JD some minutes of one core, on Banking77 several times that.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch

from benchmarks.labeling.hidden import BATCH, Reader, mean_state, pad_chats
from benchmarks.labeling.opinions import SEED, TaskRows
from training.precision import native_bf16

EPOCHS, ROWS, RATE, WARMUP = 3, 16, 1e-3, 0.1  # rows a step; share of the steps
TAIL = 64  # tokens of the chat that are read, counted from its end
BEFORE = {"router": ("earlier", "previous"), "labeler": ("answer", "later", "earlier", "previous")}

Chat = tuple[list[int], int]  # token ids; how many of them, at the end, are the turn


class ReaderWithHead(torch.nn.Module):
    """(chats, classes) scores."""

    def __init__(self, reader: Reader, classes: int) -> None:
        super().__init__()
        self.body = copy.deepcopy(reader.model.model)
        self.head = torch.nn.Linear(reader.model.config.hidden_size, classes)

    def forward(self, chats: Sequence[Chat]) -> torch.Tensor:
        ids, there = pad_chats([chat for chat, _ in chats])
        from_end = there.sum(dim=1, keepdim=True) - torch.arange(ids.shape[1])
        turn = there * (from_end <= torch.tensor([[own] for _, own in chats]))
        with torch.autocast("cpu", torch.bfloat16, enabled=native_bf16()):
            states = self.body(input_ids=ids, attention_mask=there).last_hidden_state
        scores: torch.Tensor = self.head(mean_state(states.float(), turn))
        return scores


def fine_tuned(prepared: TaskRows, reader: Reader) -> np.ndarray:
    """NaN for training turns that no model without their dialogue was asked about."""
    count, classes = prepared.count, len(prepared.classes)
    chats = [_chat(reader, prepared.view, s) for s in prepared.samples[: count + len(prepared.task.test)]]
    scores = np.full((len(chats), classes), np.nan)
    asked = np.flatnonzero(prepared.fold == prepared.fold.min())
    rest = np.flatnonzero(prepared.fold != prepared.fold.min())
    for learned, told in ((rest, asked), (np.arange(count), np.arange(count, len(chats)))):
        model = _train(reader, [chats[row] for row in learned], prepared.target[learned], classes)
        scores[told] = _scores(model, [chats[row] for row in told])
    return scores


def _chat(reader: Reader, view: str, sample: dict[str, str]) -> Chat:
    before = [token for name in BEFORE[view] if sample[name] for token in reader.ids(name, sample[name])]
    turn = reader.ids("text", sample["text"])[:TAIL]
    return [*before, *turn][-TAIL:], len(turn)


def _train(reader: Reader, chats: Sequence[Chat], target: np.ndarray, classes: int) -> ReaderWithHead:
    torch.manual_seed(SEED)
    model = ReaderWithHead(reader, classes).train()
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.1)
    steps = [rows for _ in range(EPOCHS) for rows in _epoch(chats)]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=len(steps), pct_start=WARMUP)
    truth = torch.tensor(target)
    for rows in steps:
        loss = torch.nn.functional.cross_entropy(model([chats[row] for row in rows]), truth[rows])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        schedule.step()
    return model.eval()


def _epoch(chats: Sequence[Chat]) -> list[torch.Tensor]:
    """Rows of each step: all once, those of a step alike in length, so that little is padding."""
    steps = []
    for some in torch.randperm(len(chats)).split(20 * ROWS):
        length = torch.tensor([len(chats[row][0]) for row in some.tolist()])
        steps += some[length.argsort()].split(ROWS)
    return [steps[place] for place in torch.randperm(len(steps)).tolist()]


@torch.no_grad()
def _scores(model: ReaderWithHead, chats: Sequence[Chat]) -> np.ndarray:
    return np.vstack([model(chats[begin : begin + BATCH]).numpy() for begin in range(0, len(chats), BATCH)])
