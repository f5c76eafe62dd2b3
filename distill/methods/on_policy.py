"""On-policy: the student answers, and learns from the teacher's distribution at each token that it wrote itself.

So it is corrected where its own mistakes lead it, which no answer of the teacher shows (Agarwal et al. 2024, GKD,
arXiv:2306.13649; the loss is TRL's). TRL's trainers are not used: ``DistillationTrainer`` and ``GKDTrainer`` give the
student's token ids to the teacher, prompt and all, and want outputs of one width; a Qwen3 teacher has another template
and width than its Qwen2.5 student.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from trl.experimental.gkd import GKDTrainer

from distill.pairs import ModelPair, PairBatch, Row, autocast, batches_of, plain, rows_of, sum_over_tokens
from distill.params import Distill
from distill.scores import scores
from distill.teacher import Model, generate
from kefu.llm.chat import Rendered
from kefu.schema import Message


class OnPolicy:
    """See ``Objective``. Its chats are prompts: nothing of them is learned before the student has answered."""

    def __init__(self, pair: ModelPair, params: Distill) -> None:
        self._pair, self._params = pair, params

    def rows(self, chats: Sequence[Sequence[Message]]) -> list[Row]:
        return rows_of(chats, self._pair.learn, self._pair.follow, self._params.max_length)

    def batches(self, student: Model, rows: Sequence[Row], step: int) -> list[PairBatch]:
        """The student's answers to the chats' prompts, drawn from its own distribution by seed and step."""
        params, written = self._params, []
        student.eval()
        with torch.random.fork_rng(), autocast(params):
            torch.manual_seed(params.seed * 1_000_003 + step)
            for start in range(0, len(rows), params.answer_batch_size):
                written += self._answers(student, [row.student.ids for row in rows[start:][: params.answer_batch_size]])
        student.train()
        answered = [
            Row(_answered(row.student, ids), _answered(row.teacher, ids) if row.teacher else None)
            for row, ids in zip(rows, written, strict=True)
        ]
        return batches_of(answered, params.batch_size, self._pair.learn.end_id)

    def loss(self, student: Model, batch: PairBatch) -> Tensor:
        params, shared = self._params, self._pair.shared

        def score(targets: Tensor, ours: Tensor, theirs: Tensor) -> Tensor:
            divergence: Tensor = GKDTrainer.generalized_jsd_loss(
                ours[:, shared], theirs[:, shared], beta=params.beta, temperature=params.temperature, reduction="sum"
            )
            return params.temperature**2 * divergence

        return sum_over_tokens(score, student, self._pair.teacher, batch, params)

    def measure(self, student: Model, rows: Sequence[Row]) -> dict[str, float]:
        return scores(student, self._pair.teacher, rows, self._params, self._pair.learn.end_id, self._pair.shared)

    def _answers(self, student: Model, prompts: Sequence[list[int]]) -> list[list[int]]:
        """Token ids of each answer with the token that ends it, all of them known to the teacher."""
        width, known, stops = plain(student).config.vocab_size, self._pair.shared, self._pair.learn.stop_ids
        never = torch.ones(width, dtype=torch.bool)
        never[known] = False
        some = generate(
            student,
            prompts,
            sorted(stops),
            self._params.max_new_tokens,
            sample=True,
            never=never.nonzero().flatten().tolist(),
        )
        ends = [next((place for place, i in enumerate(ids) if i in stops), len(ids)) for ids in some]
        return [ids[: end + 1] for ids, end in zip(some, ends, strict=True)]


def _answered(prompt: Rendered, ids: list[int]) -> Rendered:
    return Rendered(prompt.ids + ids, [0] * len(prompt.ids) + [1] * len(ids))
