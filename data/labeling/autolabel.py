"""Labels a whole store: what the rule accepts, the other signals, and the queue for people.

Dialogues stream through workers (``stream``) and labels straight to their files; only proposals for
people stay in memory, since ranking them looks at all of them.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data.labeling.batch_labeler import BatchLabels
from data.labeling.guarantee.acceptance import Acceptance, at_random, choose, enough
from data.labeling.guarantee.audit import Audit
from data.labeling.guarantee.audit_ledger import AUDITED, AuditEntry
from data.labeling.labeler import OutOfFoldPrediction, arrays
from data.labeling.params import Autolabel
from data.labeling.proposal import Proposal
from kefu.io import write_jsonl
from kefu.schema import Label, TurnKey

logger = logging.getLogger(__name__)
ACCEPTED, SIGNALS = "accepted.jsonl", "signals.jsonl"


@dataclass
class LabelingResult:
    """What is left of a run when the labels are in their files."""

    unsure: list[Proposal] = field(default_factory=list)
    audit: list[Proposal] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def metrics(self, rule: Acceptance) -> dict[str, float]:
        turns, accepted = self.counts["turns"], self.counts["accepted"]
        names = ("turns", "accepted", "unsure", "audited", "slots", "sentiment")
        quality = {what: float(n) for what, n in sorted(self.counts.items()) if "." in what}
        return {
            **{name: float(self.counts[name]) for name in names},
            **quality,
            "coverage": accepted / max(1, turns),
            "estimated_precision": rule.precision,
            "precision_bound": rule.bound,
            "reviewed_coverage": rule.coverage,
            "evidence": rule.evidence,
        }


def write_labels(parts: Iterable[BatchLabels], folder: Path) -> LabelingResult:
    """Writes accepted.jsonl, signals.jsonl and audited.jsonl into ``folder`` as the parts come."""
    written, audited = LabelingResult(), list[AuditEntry]()
    with (folder / ACCEPTED).open("w", encoding="utf8") as sure, (folder / SIGNALS).open("w", encoding="utf8") as more:
        for part in parts:
            sure.writelines(line + "\n" for line in part.accepted)
            more.writelines(line + "\n" for line in part.signals)
            written.unsure += part.unsure
            written.audit += part.audit
            audited += part.audited
            written.counts.update(part.counts)
    write_jsonl(folder / AUDITED, audited)
    return written


def evidence(
    judged: Sequence[OutOfFoldPrediction],
    pulled: Iterable[TurnKey],
    ledger: Iterable[AuditEntry],
    day_of: Mapping[str, str],
    found: Audit,
    params: Autolabel,
) -> np.ndarray:
    """(n,) bool: the reviewed turns on which the rule may be certified (see acceptance.py and audit.py).

    Args:
        pulled: turns that people were asked in the review queue.
        ledger: drawn turns among them.
        day_of: dialogue id → day.
        found: the audit's verdict.
    """
    turns = [j.key for j in judged]
    random = at_random(turns, set(pulled), {row.key for row in ledger})
    if found.broken:
        days = np.array([day_of.get(j.dialogue_id, "") >= (found.since or "") for j in judged], dtype=bool)
        logger.error(
            "THE GUARANTEE IS BROKEN: the audit since %s contradicts the wanted precision. Labels are accepted on the "
            "evidence of these days alone (%d reviewed turns), or not at all. Look at the audit in report.html; "
            "review more turns of these days.",
            found.since,
            int((random & days).sum()),
        )
        return random & days
    names = [j.dialogue_id for j, drawn in zip(judged, random, strict=True) if drawn]
    if not random.all() and not enough(names, params.target_precision, params.confidence_level):
        logger.warning("only %d reviewed turns were chosen by chance: all %d are used", random.sum(), len(judged))
        return np.ones(len(judged), dtype=bool)
    return random


def certify_rule(judged: Sequence[OutOfFoldPrediction], chosen: np.ndarray, params: Autolabel) -> Acceptance:
    """The rule that the chosen reviewed turns allow."""
    kept = [j for j, take in zip(judged, chosen, strict=True) if take]
    if not kept:
        return Acceptance()
    said, where = [j.predicted for j in kept], [j.dialogue_id for j in kept]
    return choose(said, *arrays(kept), where, params.target_precision, params.confidence_level)


def warn_if_nothing(written: LabelingResult, params: Autolabel) -> None:
    """Logs an error when no turn was accepted."""
    if written.counts["turns"] and not written.counts["accepted"]:
        logger.error(
            "NOTHING was accepted of %d turns: no confidence reaches a precision of %.3f with certainty %.2f on the "
            "reviewed turns. Review more turns, or lower autolabel.target_precision.",
            written.counts["turns"],
            params.target_precision,
            params.confidence_level,
        )


def answered_turns(labels: Iterable[Label], undecided: Iterable[str]) -> frozenset[TurnKey]:
    """Turns that have an intent by people, or of which they cannot tell one (``<dialogue>#<turn>@<version>``)."""
    with_intent = {
        TurnKey(label.dialogue_id, label.turn) for label in labels if label.what == "intent" and label.turn is not None
    }
    cannot_tell = {key.rpartition("@")[0].rpartition("#") for key in undecided}
    return frozenset(with_intent | {TurnKey(dialogue, int(turn)) for dialogue, _, turn in cannot_tell})
