"""All labels of a batch of dialogues, by one labeler that each worker makes for itself.

Intents that the acceptance rule accepts become labels with their slots; the others become proposals for people. A
turn whose keyed hash is below the audit share goes to people in any case (``guarantee/audit.py``). The hash depends on
the turn alone, so another day's data does not change yesterday's sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data.labeling.guarantee.acceptance import Acceptance
from data.labeling.guarantee.audit_ledger import AuditEntry
from data.labeling.labeler import guesses
from data.labeling.opinions.combine import Combiner
from data.labeling.params import Autolabel
from data.labeling.proposal import Proposal
from data.labeling.signals.signals import Signals
from data.labeling.signals.slot_labels import SlotLabels
from kefu.intents.classifier import TextClassifier
from kefu.schema import Dialogue, Label, TurnKey
from kefu.shop.label_patterns import load_label_patterns
from kefu.shop.pack import load_pack
from kefu.shop.taxonomy import load_rules
from kefu.split import fraction


@dataclass(frozen=True)
class BatchLabelerSpec:
    """What a batch labeler is made from; picklable, so that each worker makes its own.

    Args:
        skip: turns that people have answered.
        reviewed: labels by people.
        dialogues: those of the reviewed labels, by id.
        combiner: of the judge's opinions with the labeler's (``opinions/combine.py``); None: there are none.
    """

    pack: Path
    labeler: Path
    rule: Acceptance
    params: Autolabel
    skip: frozenset[TurnKey] = frozenset()
    reviewed: tuple[Label, ...] = ()
    dialogues: Mapping[str, Dialogue] = field(default_factory=dict)
    combiner: Combiner | None = None

    def __call__(self) -> BatchLabeler:
        return BatchLabeler(self)


@dataclass
class BatchLabels:
    """Labels and proposals of one batch; ``accepted`` and ``signals`` are JSON lines of Label.

    An audited turn is in ``audit``, not in ``unsure``.
    """

    accepted: list[str] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)
    unsure: list[Proposal] = field(default_factory=list)
    audit: list[Proposal] = field(default_factory=list)
    audited: list[AuditEntry] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class BatchLabeler:
    """Labels batches of dialogues."""

    def __init__(self, spec: BatchLabelerSpec) -> None:
        pack, wordings = load_pack(spec.pack), load_label_patterns(spec.pack)
        self._spec, self._version = spec, pack.taxonomy.version
        self._classifier, self._rules = TextClassifier.load(spec.labeler), load_rules(spec.pack)
        self._slots = SlotLabels(pack, wordings, spec.reviewed, spec.dialogues)
        self._signals = Signals(pack, wordings, spec.reviewed, spec.dialogues)
        self._known = {(x.dialogue_id, x.turn): x.value for x in spec.reviewed if x.what == "intent"}

    def __call__(self, dialogues: Sequence[Dialogue]) -> BatchLabels:
        proposals: dict[str, list[Proposal]] = {}
        for proposal in self._proposals(dialogues):
            proposals.setdefault(proposal.dialogue_id, []).append(proposal)
        result = BatchLabels()
        for dialogue in dialogues:
            own = proposals.get(dialogue.id, [])
            self._route(dialogue, own, result)
            known = {i: value for i in range(len(dialogue.turns)) if (value := self._known.get((dialogue.id, i)))}
            for label in self._signals.labels_for(dialogue, {p.index: p.intent for p in own} | known):
                result.signals.append(label.model_dump_json())
                result.counts[_metric(label)] += 1
        return result

    def _proposals(self, dialogues: Sequence[Dialogue]) -> Iterator[Proposal]:
        """One for every customer turn that people have not answered."""
        for guess in guesses(self._classifier, self._rules, dialogues, self._spec.combiner):
            dialogue, index = guess.dialogue, guess.index
            if (dialogue.id, index) not in self._spec.skip:
                yield Proposal(
                    dialogue_id=dialogue.id,
                    index=index,
                    day=dialogue.day,
                    intent=guess.intent,
                    confidence=round(guess.confidence, 6),
                    margin=round(guess.margin, 6),
                    draw=fraction(f"{dialogue.id}#{index}", self._spec.params.seed),
                    alternatives=guess.alternatives,
                )

    def _route(self, dialogue: Dialogue, proposals: Iterable[Proposal], result: BatchLabels) -> None:
        """Accepted labels with their slots, proposals for people, and what is audited."""
        for p in proposals:
            sure = self._spec.rule.accepts(p.intent, p.confidence)
            drawn = p.draw < self._spec.params.audit_share
            if sure:
                slots = self._slots.labels_for(dialogue, p.index, p.intent)
                result.accepted += [label.model_dump_json() for label in (p.label(self._version), *slots)]
                result.counts.update(accepted=1, slots=len(slots))
            if drawn:
                result.audit.append(p)
                result.audited.append(AuditEntry.from_proposal(p, sure, self._version))
            elif not sure:
                result.unsure.append(p)
            result.counts.update(turns=1, audited=drawn, unsure=not sure)


def _metric(label: Label) -> str:
    """Name of the count that a label adds to."""
    if label.turn is not None:
        return label.what
    return label.what.replace(":", ".") if ":" in label.what else f"{label.what}.{label.value}"
