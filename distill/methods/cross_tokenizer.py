"""Cross-tokenizer: the student follows the logits of a teacher whose tokens are others.

Both read the same answer, each in its own tokens. Tokens that end at the same byte are compared, several of one model
as the product of their probabilities; words that both vocabularies have are compared as such, the others by their
sorted probabilities: TRL's GOLD loss (Patiño et al. 2025), on ULD (Boizard et al. 2024, arXiv:2402.12030). TRL's
trainer is not used: it renders chats by the tokenizers' templates, where customer text can become a control token.

Not covered: tokenizers that are not byte-level BPE. Their bytes do not add up, and the chat is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from trl.experimental.gold import GOLDConfig
from trl.experimental.gold.gold_trainer import ULDLoss

from distill.loss import Batch
from distill.pairs import ModelPair, PairBatch, Row, autocast, batches_of, plain, rows_of, states_of
from distill.params import Distill
from distill.scores import scores
from distill.teacher import Model, device
from kefu.schema import Message
from training.learned_loss import IGNORED


class CrossTokenizer:
    """See ``Objective``. Adds ``student_distance``, the GOLD loss, to the held-out figures."""

    def __init__(self, pair: ModelPair, params: Distill) -> None:
        self._pair, self._params = pair, params
        learn, follow = (Tokenizer.from_file(str(base.folder / "tokenizer.json")) for base in (pair.edge, pair.centre))
        self._learn, self._follow = _TokenBytes(learn), _TokenBytes(follow)
        self._distance = ULDLoss(_config(params), learn, follow, device())

    def rows(self, chats: Sequence[Sequence[Message]]) -> list[Row]:
        pair = self._pair
        made = rows_of(chats, pair.learn, pair.follow, self._params.max_length, same_tokens=False)
        return [row for row in made if self._has_same_bytes(row)]

    def batches(self, student: Model, rows: Sequence[Row], step: int) -> list[PairBatch]:
        return batches_of(rows, self._params.batch_size, self._pair.learn.end_id)

    def loss(self, student: Model, batch: PairBatch) -> Tensor:
        alpha = self._params.alpha
        return torch.stack([alpha * far + (1 - alpha) * hard for far, hard in self._figures(student, batch)]).sum()

    @torch.no_grad()
    def measure(self, student: Model, rows: Sequence[Row]) -> dict[str, float]:
        student.eval()
        batches = batches_of(rows, 1, self._pair.learn.end_id)
        count = sum(len(batch.student.targets) for batch in batches)
        far = sum(float(distance) for batch in batches for distance, _ in self._figures(student, batch))
        alone = scores(student, None, rows, self._params, self._pair.learn.end_id, slice(0))
        return alone | {"student_distance": far / count if count else 0.0}

    def _has_same_bytes(self, row: Row) -> bool:
        assert row.teacher is not None
        ends = self._learn.ends(row.student.learned)[-1:], self._follow.ends(row.teacher.learned)[-1:]
        return ends[0] == ends[1]

    def _figures(self, student: Model, batch: PairBatch) -> list[tuple[Tensor, Tensor]]:
        """For each chat the distance and the cross-entropy, each times its learned tokens."""
        teacher = self._pair.teacher
        assert teacher is not None and batch.teacher is not None
        heads = [plain(model).get_output_embeddings() for model in (student, teacher)]

        def of_chat(own: Tensor, other: Tensor, targets: Tensor, follows: Tensor) -> tuple[Tensor, Tensor]:
            ours = heads[0](own).float()
            with torch.no_grad():
                theirs = heads[1](other).float()
            return len(targets) * self._far(ours, theirs, targets, follows), functional.cross_entropy(
                ours, targets, reduction="sum"
            )

        with autocast(self._params):
            own = states_of(student, batch.student).split(_counts(batch.student))
            with torch.no_grad():
                other = states_of(teacher, batch.teacher).split(_counts(batch.teacher))
            targets, follows = (some.targets.split(_counts(some)) for some in (batch.student, batch.teacher))
            chats = zip(own, other, targets, follows, strict=True)
            # The logits of one chat at a time are in memory; the backward pass computes them anew.
            return [checkpoint(of_chat, *chat, use_reentrant=False, preserve_rng_state=False) for chat in chats]

    def _far(self, ours: Tensor, theirs: Tensor, targets: Tensor, follows: Tensor) -> Tensor:
        """TRL's loss of one chat, which wants a position before the first token, from which that is predicted."""
        logits = [functional.pad(some, (0, 0, 0, 1))[None] for some in (ours, theirs)]
        ids = [functional.pad(some, (1, 0))[None] for some in (targets, follows)]
        labels = [functional.pad(some, (1, 0), value=IGNORED)[None] for some in (targets, follows)]
        ends = [b.ends(some.tolist()) for b, some in ((self._learn, targets), (self._follow, follows))]
        offsets = [torch.tensor([[(0, 0), *zip([0, *some], some, strict=False)]]) for some in ends]
        found: Tensor = self._distance(*logits, *labels, *ids, *offsets)
        return found


class _TokenBytes:
    """How many bytes of text each token of a byte-level BPE stands for; one for a control token."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        added = tokenizer.get_added_tokens_decoder()
        vocabulary = tokenizer.get_vocab(with_added_tokens=True)
        self._lengths = {i: 1 if i in added else len(piece) for piece, i in vocabulary.items()}

    def ends(self, ids: Sequence[int]) -> list[int]:
        """Where each token ends, in bytes from the first one's start."""
        return list(accumulate(self._lengths[i] for i in ids))


def _counts(batch: Batch) -> list[int]:
    return batch.learned_mask.sum(1).tolist()


def _config(params: Distill) -> GOLDConfig:
    return GOLDConfig(
        use_cpu=device().type == "cpu",
        bf16=False,
        report_to="none",
        beta=params.beta,
        use_uld_loss=True,
        use_extended_uld=True,
        uld_use_hybrid_loss=True,
        uld_token_merge_strategy="bayesian",
        uld_student_temperature=params.temperature,
        uld_teacher_temperature=params.temperature,
        uld_skip_student_eos=False,
        uld_skip_teacher_eos=False,
    )
