"""Parity: how much each step from the trained adapter to the served model changes what the centre model says.

The same held-out chats go through the model in each of its forms: ``trained`` (as fine-tuning loaded it, in 4 bit where
it did), ``adapter`` (the adapter apart, on the base in its own precision: what multi-adapter serving runs), ``merged``
(one plain model in memory), ``served`` (that model, saved and loaded by serving's engine). Each form is compared with
the one before on the tokens of the last answer; a difference above its bound stops the export, with nothing written.

Not covered: the edge model, which distillation saves as it is, and generation: the answer is given, not written.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from distill.loss import collate
from distill.pairs import plain
from distill.params import Export
from distill.teacher import Model
from kefu.errors import KefuError, Unusable
from kefu.finite import check_loss
from kefu.llm.chat import ChatRenderer
from kefu.schema import Example, Message
from kefu.split import sample_by_customer
from training.learned_loss import learned_states

logger = logging.getLogger(__name__)

Form = Literal["trained", "adapter", "merged", "served"]
# What to do when a form differs from the one before it.
REMEDY: dict[Form, str] = {
    "trained": "make the adapter anew: dvc repro -f finetune",
    "adapter": "4-bit weights are too coarse for this base, and the adapter has learned their errors: set "
    "finetune.quantize to false and train again, or raise the bound if the loss did not rise",
    "merged": "the merged weights are not base plus adapter: run dvc repro -f finetune export; if that changes "
    "nothing, the base is too coarse for so small an update: raise finetune.alpha, or name a base in float32",
    "served": "what serving loads is not what was merged: look for space and errors of the disk, and run dvc repro "
    "-f -s export",
}


class ModelsDiffer(KefuError, ValueError):
    """A form of the centre model says something else than the one before; the message says which and what to do."""


def chats_to_compare(
    examples: Sequence[Example], renderer: ChatRenderer, max_length: int, params: Export
) -> list[tuple[Message, ...]]:
    """Held-out chats of as many customers as possible, as long as fine-tuning saw them; of the training split, if none.

    Raises:
        Unusable: no chat has an answer that fits ``max_length``.
    """
    held_out = [example for example in examples if example.split == "eval"]
    for some in (held_out, examples):
        asked = sample_by_customer(some, params.parity_chats, params.seed)
        fitting = [fit for example in asked if (fit := renderer.fit(example.messages, max_length))]
        if chats := [messages for messages in fitting if renderer.render(messages).learned]:
            return chats
    raise Unusable(
        f"export: parity: no chat of the SFT set has an answer within finetune.max_length ({max_length}): raise it"
    )


class Parity:
    """Measures one form after the other, in the order of ``Form``.

    metrics: ``parity.FORM.loss`` (nats a token of the given answers), ``.kl`` (nats a token, from the form before) and
        ``.agreement`` (share of tokens that both find likeliest).

    Args:
        chats: with the assistant's answer as their last message.
        params: the bounds.
    """

    def __init__(self, chats: Sequence[tuple[Message, ...]], params: Export) -> None:
        self._chats, self._params = chats, params
        self._ids: list[list[int]] = []
        self._before: list[Tensor] = []  # (learned tokens, vocabulary) float32 log-probabilities, one tensor a chat
        self._form: Form | None = None
        self.metrics: dict[str, float] = {}

    @torch.no_grad()
    def measure(self, form: Form, model: Model, renderer: ChatRenderer) -> None:
        """Compares ``model`` with the form that was measured last.

        Args:
            renderer: the form's own; the chats have to become the same tokens for all of them.

        Raises:
            ModelsDiffer: a bound of ``export`` is missed.
            NotFinite: the model's loss is no number.
        """
        model.eval()
        rows = [renderer.render(messages) for messages in self._chats]
        ids = [row.ids for row in rows]
        if self._ids and ids != self._ids:
            raise ModelsDiffer(
                f"export: parity: {form}: its tokenizer or chat template writes other tokens than the {self._form} "
                f"model's: {REMEDY[form]}"
            )
        loss = kl = same = 0.0
        now = []
        device = next(model.parameters()).device
        for number, row in enumerate(rows):
            batch = collate([row], renderer.end_id, device)
            whole = plain(model)
            states = learned_states(whole, batch.ids, batch.attention, batch.labels).hidden
            found = functional.log_softmax(whole.get_output_embeddings()(states).float(), dim=-1)
            loss += float(functional.nll_loss(found, batch.targets, reduction="sum"))
            if self._before:
                before = self._before[number].to(device)
                kl += float(functional.kl_div(found, before, reduction="sum", log_target=True))
                same += float((found.argmax(-1) == before.argmax(-1)).sum())
                self._before[number] = found.cpu()  # the old one goes at once: at Qwen's vocabulary each is 20 MB
            else:
                now.append(found.cpu())
        self._before, self._ids = self._before or now, ids
        count = sum(len(row.learned) for row in rows)
        check_loss(f"export: parity: loss of the {form} model", loss / count, "run dvc repro -f base finetune")
        self._log(form, {"loss": loss / count, "kl": kl / count, "agreement": same / count})

    def _log(self, form: Form, found: dict[str, float]) -> None:
        previous, self._form = self._form, form
        names = ("loss", "kl", "agreement") if previous else ("loss",)
        self.metrics |= {f"parity.{form}.{name}": found[name] for name in names}
        logger.info("%s: %s", form, ", ".join(f"{name} {found[name]:.4g}" for name in names))
        rise = found["loss"] - self.metrics["parity.trained.loss"]
        missed = (
            [
                f"its loss is {rise:.3g} nats a token above that of the trained model (export.max_loss_rise "
                f"{self._params.max_loss_rise:g})"
            ]
            if not rise <= self._params.max_loss_rise
            else []
        )
        if previous:
            missed += self._missed(form, previous, found)
        if missed:
            raise ModelsDiffer(f"export: parity: {form}: {', and '.join(missed)}: {REMEDY[form]}")

    def _missed(self, form: Form, previous: Form, found: dict[str, float]) -> list[str]:
        """Bounds that do not hold; one that is compared with NaN does not."""
        max_kl = getattr(self._params.max_kl, form)
        min_agreement = getattr(self._params.min_agreement, form)
        missed = []
        if not found["kl"] <= max_kl:
            missed.append(
                f"its KL from the {previous} model is {found['kl']:.3g} nats a token (export.max_kl.{form} {max_kl:g})"
            )
        if not found["agreement"] >= min_agreement:
            missed.append(
                f"it agrees with the {previous} model on {found['agreement']:.1%} of the likeliest tokens "
                f"(export.min_agreement.{form} {min_agreement:g})"
            )
        return missed
